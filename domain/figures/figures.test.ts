import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DeclineReason, RETRY_ADVICE } from '../payment/outcome.ts';
import { ADVICE_CODES } from '../routing/declines/advice-codes.ts';
import { declineClass } from '../routing/declines/index.ts';
import { NETWORK_CODES } from '../routing/declines/network-codes.ts';
import { HARD_DECLINES } from './declines.ts';
import { DIMENSIONS, LEVELS, levelFor } from './dimensions.ts';
import { LAG_BOUNDS_MS, lagQuantile } from './histogram.ts';
import { GRAINS, spansOf, startOf } from './periods.ts';

const HOUR_MS = 3_600_000;
const anyHour = fc.integer({ min: 480_000, max: 500_000 });

describe('the spans of a period', () => {
  it('hold each of its hours once, and no other', () => {
    fc.assert(
      fc.property(anyHour, fc.nat(2_000), fc.constantFrom(...GRAINS), (first, hours, longest) => {
        const spans = spansOf(first * HOUR_MS, (first + hours) * HOUR_MS, longest);
        let at = first * HOUR_MS;
        for (const { grain, fromMs, untilMs } of spans) {
          expect(fromMs).toBe(at);
          expect([startOf(grain, fromMs), startOf(grain, untilMs)]).toEqual([fromMs, untilMs]);
          expect(GRAINS.indexOf(grain)).toBeLessThanOrEqual(GRAINS.indexOf(longest));
          at = untilMs;
        }
        expect(at).toBe((first + hours) * HOUR_MS);
      }),
    );
  });

  it('are few: five at most, however long the period is', () => {
    fc.assert(
      fc.property(anyHour, fc.nat(20_000), (first, hours) => {
        expect(spansOf(first * HOUR_MS, (first + hours) * HOUR_MS, 'week').length).toBeLessThanOrEqual(5);
      }),
    );
  });

  it('begin weeks on Mondays, in UTC', () => {
    expect(new Date(startOf('week', Date.UTC(2026, 10, 22, 23))).toISOString()).toBe(
      '2026-11-16T00:00:00.000Z',
    );
  });

  it('widen to whole hours', () => {
    expect(spansOf(90 * 60_000, 150 * 60_000, 'hour')).toEqual([
      { grain: 'hour', fromMs: HOUR_MS, untilMs: 3 * HOUR_MS },
    ]);
  });
});

describe('the level of a question', () => {
  it('knows all that is asked for, and mode always', () => {
    fc.assert(
      fc.property(fc.subarray([...DIMENSIONS]), (asked) => {
        const known: readonly string[] = LEVELS[levelFor(asked)];
        expect(asked.filter((dimension) => !known.includes(dimension))).toEqual([]);
        expect(known).toContain('mode');
      }),
    );
  });
});

describe('hard declines', () => {
  it('are those that routing has for hard', () => {
    const reasons = Object.keys(RETRY_ADVICE) as DeclineReason[];
    const codes = <T>(table: Readonly<Record<string, T>>) =>
      fc.constantFrom(undefined, ...Object.keys(table));
    fc.assert(
      fc.property(
        fc.constantFrom(...reasons),
        codes(NETWORK_CODES),
        codes(ADVICE_CODES),
        (reason, networkCode, adviceCode) => {
          const has = (list: readonly string[], value: string | undefined) =>
            value !== undefined && list.includes(value);
          const isHard =
            has(HARD_DECLINES.reasons, reason) ||
            has(HARD_DECLINES.networkCodes, networkCode) ||
            has(HARD_DECLINES.adviceCodes, adviceCode);
          const decline = {
            reason,
            ...(networkCode === undefined ? {} : { networkCode }),
            ...(adviceCode === undefined ? {} : { adviceCode }),
          };
          expect(isHard).toBe(declineClass(decline) === 'hard');
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe('quantiles of lag', () => {
  it('are never too low, and nothing of nothing', () => {
    expect(lagQuantile([], 500_000)).toBeUndefined();
    const one = LAG_BOUNDS_MS.map((_bound, index) => (index === 4 ? 1 : 0));
    expect(lagQuantile([...one, 0], 950_000)).toBe(LAG_BOUNDS_MS[4]);
    expect(lagQuantile([...LAG_BOUNDS_MS.map(() => 0), 1], 500_000)).toBeGreaterThan(
      LAG_BOUNDS_MS.at(-1) ?? 0,
    );
  });
});
