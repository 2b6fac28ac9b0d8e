import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quantileOf } from './quantile.ts';

const BOUNDS = [10, 20, 40];
const BEYOND = 80;

/** The bucket of each value, counted. */
function histogramOf(values: readonly number[]): readonly number[] {
  return [...BOUNDS, Number.POSITIVE_INFINITY].map(
    (bound, index, bounds) =>
      values.filter((value) => value <= bound && value > (bounds[index - 1] ?? Number.NEGATIVE_INFINITY))
        .length,
  );
}

describe('a quantile of a histogram', () => {
  it('is undefined where nothing was counted', () => {
    expect(quantileOf([], BOUNDS, BEYOND, 500_000)).toBeUndefined();
    expect(quantileOf([0, 0, 0, 0], BOUNDS, BEYOND, 500_000)).toBeUndefined();
  });

  it('is the upper bound of the bucket that holds it', () => {
    const histogram = histogramOf([5, 5, 15, 35]);
    expect(quantileOf(histogram, BOUNDS, BEYOND, 500_000)).toBe(10);
    expect(quantileOf(histogram, BOUNDS, BEYOND, 500_001)).toBe(20);
    expect(quantileOf(histogram, BOUNDS, BEYOND, 1_000_000)).toBe(40);
  });

  it('says what it is told to of what lies past the last bound', () => {
    expect(quantileOf(histogramOf([5, 1_000]), BOUNDS, BEYOND, 990_000)).toBe(BEYOND);
  });

  it('is never lower than the value itself', () => {
    const values = fc.array(fc.integer({ min: 0, max: BEYOND }), { minLength: 1 });
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 1_000_000 }), (all, ppm) => {
        const ordered = all.toSorted((one, other) => one - other);
        const exact = ordered[Math.ceil((ordered.length * ppm) / 1_000_000) - 1];
        expect(quantileOf(histogramOf(all), BOUNDS, BEYOND, ppm)).toBeGreaterThanOrEqual(exact ?? 0);
      }),
    );
  });
});
