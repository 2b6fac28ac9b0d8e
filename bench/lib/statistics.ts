/** The statistics of a noisy machine: medians, and intervals that assume nothing about the noise. */

export interface Interval {
  readonly low: number;
  readonly high: number;
  /** How surely the true median lies inside, 0 to 1. */
  readonly coverage: number;
}

const WANTED_COVERAGE = 0.95;

/** The p-th quantile (0 to 1) of a sample, interpolated between neighbours. Throws on an empty sample. */
export function quantile(sample: readonly number[], p: number): number {
  const sorted = [...sample].sort((a, b) => a - b);
  const position = (sorted.length - 1) * p;
  const below = sorted[Math.floor(position)];
  const above = sorted[Math.ceil(position)];
  if (below === undefined || above === undefined) throw new RangeError('a quantile of nothing');
  return below + (above - below) * (position - Math.floor(position));
}

export function median(sample: readonly number[]): number {
  return quantile(sample, 0.5);
}

/**
 * The interval of the median by order statistics: each round lies above the true median with probability
 * one half, so how many do is binomial, whatever the distribution. The narrowest pair of order statistics that
 * covers 95% is taken; under six rounds even the extremes don't, and `coverage` says what they do.
 */
export function medianInterval(sample: readonly number[]): Interval {
  const sorted = [...sample].sort((a, b) => a - b);
  const n = sorted.length;
  let skipped = 0;
  while (2 * (skipped + 1) < n && coverageWithout(skipped + 1, n) >= WANTED_COVERAGE) skipped += 1;
  const low = sorted[skipped];
  const high = sorted[n - 1 - skipped];
  if (low === undefined || high === undefined) throw new RangeError('an interval of nothing');
  return { low, high, coverage: coverageWithout(skipped, n) };
}

/** The chance that the median lies between order statistics when `skipped` are left out at either end. */
function coverageWithout(skipped: number, n: number): number {
  let tail = 0;
  let chance = 0.5 ** n;
  for (let count = 0; count <= skipped; count += 1) {
    tail += chance;
    chance = (chance * (n - count)) / (count + 1);
  }
  return 1 - 2 * tail;
}

/** Round by round: each round's two sides met the same minute of the machine. */
export function ratios(numerators: readonly number[], denominators: readonly number[]): number[] {
  if (numerators.length !== denominators.length) throw new RangeError('a round lacks one of its sides');
  return numerators.map((numerator, index) => numerator / (denominators[index] ?? Number.NaN));
}
