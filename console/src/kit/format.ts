const SHORT = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
] as const;

/** `95000` as `1.6 min`; for ages and latencies. */
export function formatDuration(durationMs: number): string {
  const step = SHORT.find(([ms]) => durationMs >= ms);
  if (step === undefined) return `${Math.round(durationMs)} ms`;
  const [ms, unit] = step;
  const value = durationMs / ms;
  return `${value >= 10 ? Math.round(value) : Math.round(value * 10) / 10} ${unit}`;
}

/** `0.9731` as `97.3%`. */
export function formatShare(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}

export function formatCount(count: number | string): string {
  return BigInt(count).toLocaleString('en-US');
}

/** `1 payment`, `2 payments`: a count with its noun. */
export function formatCounted(count: number | string, noun: string): string {
  return `${formatCount(count)} ${noun}${BigInt(count) === 1n ? '' : 's'}`;
}

/** Who did it, as a reader says it: `operator:opr_alice`, and `opr_alice` as an owner is kept, are `alice`. */
export function personOf(actor: string | null | undefined): string {
  return actor === null || actor === undefined ? 'nobody' : actor.replace(/^(operator:)?(opr_)?/, '');
}
