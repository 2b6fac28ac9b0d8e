const formats = new Map<string, Intl.NumberFormat>();

function currencyFormat(currency: string): Intl.NumberFormat {
  const known = formats.get(currency);
  if (known !== undefined) return known;
  const made = new Intl.NumberFormat(undefined, { style: 'currency', currency, currencyDisplay: 'code' });
  formats.set(currency, made);
  return made;
}

/** How many digits of a currency's minor unit: 2 for EUR, 0 for JPY, 3 for BHD. */
export function exponentOf(currency: string): number {
  try {
    return currencyFormat(currency).resolvedOptions().maximumFractionDigits ?? 2;
  } catch {
    return 2;
  }
}

/** `1234567` EUR as `12,345.67`, by integers throughout: a sum may be larger than a double can hold. */
export function formatMoney(minor: number | string, currency: string): string {
  const value = BigInt(minor);
  const exponent = exponentOf(currency);
  const digits = (value < 0n ? -value : value).toString().padStart(exponent + 1, '0');
  const whole = BigInt(digits.slice(0, digits.length - exponent));
  const fraction = exponent === 0 ? '' : `.${digits.slice(-exponent)}`;
  return `${value < 0n ? '-' : ''}${whole.toLocaleString('en-US')}${fraction}`;
}

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
