import { describe, expect, it } from 'vitest';
import { median, medianInterval, quantile, ratios } from './statistics.ts';

describe('a quantile', () => {
  it('is the middle of an odd sample and between the two middles of an even one', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(quantile([10, 20, 30, 40, 50], 0.99)).toBeCloseTo(49.6);
  });

  it('of nothing is an error, not a number', () => {
    expect(() => median([])).toThrow(RangeError);
  });
});

describe('the interval of a median', () => {
  it('is that of the textbook tables: the second and the eighth of nine', () => {
    const interval = medianInterval([9, 8, 7, 6, 5, 4, 3, 2, 1]);
    expect(interval).toMatchObject({ low: 2, high: 8 });
    expect(interval.coverage).toBeCloseTo(0.9609, 4);
  });

  it('is the whole range of six rounds, and owns up to less than 95% with five', () => {
    expect(medianInterval([1, 2, 3, 4, 5, 6])).toMatchObject({ low: 1, high: 6, coverage: 0.96875 });
    expect(medianInterval([1, 2, 3, 4, 5]).coverage).toBeCloseTo(0.9375);
    expect(medianInterval([3])).toEqual({ low: 3, high: 3, coverage: 0 });
  });

  it('covers the true median as often as it says', () => {
    // A small deterministic generator: what is tested must not depend on luck.
    let state = 12345;
    const next = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 2 ** 32;
    };
    const trials = 4_000;
    let covered = 0;
    for (let trial = 0; trial < trials; trial += 1) {
      const { low, high } = medianInterval(Array.from({ length: 9 }, () => next() ** 3));
      if (low <= 0.125 && 0.125 <= high) covered += 1;
    }
    expect(covered / trials).toBeGreaterThan(0.945);
    expect(covered / trials).toBeLessThan(0.975);
  });
});

describe('ratios', () => {
  it('are taken round by round, and a missing side is an error', () => {
    expect(ratios([2, 9], [1, 3])).toEqual([2, 3]);
    expect(() => ratios([1], [])).toThrow(RangeError);
  });
});
