/**
 * A quantile of a histogram: the upper bound of the bucket that holds it, so it is never too low; undefined where nothing was
 * counted. The histogram has one bucket more than there are bounds, for what lies past the last: of it `beyond` is said.
 */
export function quantileOf(
  histogram: readonly number[],
  bounds: readonly number[],
  beyond: number,
  quantilePpm: number,
): number | undefined {
  const total = histogram.reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  const wanted = Math.ceil((total * quantilePpm) / 1_000_000);
  let seen = 0;
  const index = histogram.findIndex((count) => {
    seen += count;
    return seen >= wanted;
  });
  return bounds[index] ?? beyond;
}
