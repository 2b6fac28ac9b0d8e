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

/** The upper bound of the bucket that holds the quantile: never too low. Undefined for an empty histogram. */
export function lagQuantile(histogram: readonly number[], quantilePpm: number): number | undefined {
  const total = histogram.reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  const wanted = Math.ceil((total * quantilePpm) / 1_000_000);
  let seen = 0;
  const index = histogram.findIndex((count) => {
    seen += count;
    return seen >= wanted;
  });
  return LAG_BOUNDS_MS[index] ?? 2 * (LAG_BOUNDS_MS.at(-1) ?? 0);
}

export { latencyQuantile };
