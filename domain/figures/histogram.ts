import { quantileOf } from '../quantile.ts';
import { LATENCY_BUCKETS, latencyQuantile } from '../routing/learning/latency.ts';

const HOUR_MS = 3_600_000;

/** Of the time from a booking until the file that settled it was here. The last bucket is what took longer. */
export const LAG_BOUNDS_MS: readonly number[] = [
  1, 2, 4, 8, 16, 24, 36, 48, 72, 96, 120, 168, 240, 336, 504,
].map((hours) => hours * HOUR_MS);

/** How many buckets each histogram has. All have the same bounds for ever, so that they are merged by adding. */
export const HISTOGRAM_BUCKETS = {
  latency: LATENCY_BUCKETS,
  settlement_lag: LAG_BOUNDS_MS.length + 1,
} as const;

/** What took longer than the last bound is said to have taken twice as long. */
const BEYOND_MS = 2 * (LAG_BOUNDS_MS.at(-1) ?? 0);

/** The upper bound of the bucket that holds the quantile: never too low. Undefined for an empty histogram. */
export function lagQuantile(histogram: readonly number[], quantilePpm: number): number | undefined {
  return quantileOf(histogram, LAG_BOUNDS_MS, BEYOND_MS, quantilePpm);
}

export { latencyQuantile };
