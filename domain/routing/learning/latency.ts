import { quantileOf } from '../../quantile.ts';

/**
 * A histogram whose buckets are the same everywhere and for ever, each half as wide again as the one before (a factor
 * of the square root of two), so that histograms of workers and of hours are merged by adding. A quantile read from it is
 * at most 41% too high and never too low, which is fine enough to see a tail that doubles.
 */
export const LATENCY_BOUNDS_MS = [
  10, 14, 20, 28, 40, 57, 80, 113, 160, 226, 320, 453, 640, 905, 1_280, 1_810, 2_560, 3_620, 5_120, 7_241,
  10_240, 14_482, 20_480, 28_963, 40_960, 57_926, 81_920,
] as const;

/** One more than there are bounds: whatever took longer than the last. */
export const LATENCY_BUCKETS = LATENCY_BOUNDS_MS.length + 1;
const BEYOND_MS = 120_000;

export function latencyBucket(latencyMs: number): number {
  const index = LATENCY_BOUNDS_MS.findIndex((bound) => latencyMs <= bound);
  return index === -1 ? LATENCY_BOUNDS_MS.length : index;
}

/** The upper bound of the bucket that holds the quantile; undefined for an empty histogram. */
export function latencyQuantile(histogram: readonly number[], quantilePpm: number): number | undefined {
  return quantileOf(histogram, LATENCY_BOUNDS_MS, BEYOND_MS, quantilePpm);
}
