import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  countPayment,
  effectiveSamples,
  emptyTally,
  type Judged,
  posteriorDeviation,
  resultOf,
  tallySchema,
} from './index.ts';

/** Numbers from 0 to 1, the same each time. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

type Compared = Extract<Judged, { type: 'compared' }>;

function compared(change: Partial<Compared> = {}): Compared {
  return {
    type: 'compared',
    amountMinor: 1_000,
    currency: 'EUR',
    approved: true,
    actual: { provider: 'stripe', feeMinor: 60 },
    requirementsDiffer: false,
    ...change,
  };
}

const judged: fc.Arbitrary<Judged> = fc.oneof(
  fc.record({
    type: fc.constant('skipped' as const),
    reason: fc.constantFrom('old_form' as const, 'undecided' as const),
  }),
  fc
    .record({
      amountMinor: fc.integer({ min: 1, max: 10_000_000 }),
      currency: fc.constantFrom('EUR', 'JPY'),
      approved: fc.boolean(),
      ratePpm: fc.integer({ min: 0, max: 1_000_000 }),
      samples: fc.integer({ min: 0, max: 10_000 }),
      fees: fc.tuple(fc.integer({ min: 0, max: 9_999 }), fc.integer({ min: 0, max: 9_999 })),
      goes: fc.constantFrom('same', 'elsewhere', 'none'),
    })
    .map(({ ratePpm, samples, fees, goes, ...rest }) =>
      compared({
        ...rest,
        actual: { provider: 'stripe', feeMinor: fees[0] },
        ...(goes === 'same'
          ? {}
          : {
              elsewhere:
                goes === 'none'
                  ? { provider: 'none', ratePpm: 0, uncertaintyPpm: 0, group: 'none' }
                  : {
                      provider: 'adyen',
                      feeMinor: fees[1],
                      ratePpm,
                      uncertaintyPpm: posteriorDeviation(ratePpm, samples),
                      group: 'pa_b/account/',
                    },
            }),
      }),
    ),
);

function tallied(all: readonly Judged[]) {
  const tally = emptyTally();
  for (const each of all) countPayment(tally, each);
  return tally;
}

describe('a tally', () => {
  it('goes through JSON at any moment without a difference', () => {
    fc.assert(
      fc.property(fc.array(judged, { maxLength: 60 }), fc.nat(60), (all, cut) => {
        const half = tallySchema.parse(JSON.parse(JSON.stringify(tallied(all.slice(0, cut)))));
        for (const each of all.slice(cut)) countPayment(half, each);
        expect(resultOf(half)).toEqual(resultOf(tallied(all)));
      }),
    );
  });

  it('counts each payment once, and its bounds hold its expectation', () => {
    fc.assert(
      fc.property(fc.array(judged, { maxLength: 60 }), (all) => {
        const { compared: counted, skipped, pairs, elsewhere, success, costs } = resultOf(tallied(all));
        const left = Object.values(skipped).reduce((sum, each) => sum + each, 0);
        expect(counted + left).toBe(all.length);
        expect(pairs.reduce((sum, { payments }) => sum + payments, 0)).toBe(elsewhere);
        for (const { expected, low, high } of [
          success.changePpm,
          ...costs.map(({ changeMinor }) => changeMinor),
        ]) {
          expect(low).toBeLessThanOrEqual(expected);
          expect(high).toBeGreaterThanOrEqual(expected);
        }
        // Each of the three is rounded by itself.
        const drift = success.draftPpm - success.actualPpm - success.changePpm.expected;
        expect(Math.abs(drift)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('stays small however many cells there are, and grows no narrower for it', () => {
    const to = (cell: number) => ({
      provider: 'adyen',
      feeMinor: 40,
      ratePpm: 900_000,
      uncertaintyPpm: 10_000,
      group: `pa_b/brand+country+currency/${cell}`,
    });
    const many = tallied(Array.from({ length: 10_000 }, (_, cell) => compared({ elsewhere: to(cell) })));
    expect(JSON.stringify(many).length).toBeLessThan(400_000);
    const width = (tally: ReturnType<typeof tallied>) => {
      const { low, high } = resultOf(tally).success.changePpm;
      return high - low;
    };
    const independent = 2 * 1.96 * 1e6 * Math.sqrt((10_000 * (0.9 * 0.1 + 0.01 ** 2)) / 10_000 ** 2);
    expect(width(many)).toBeGreaterThan(independent);
  });
});

describe('the bounds', () => {
  it('hold what would have happened in about 95 of 100 pasts', () => {
    const random = generator(7);
    const trials = 600;
    const payments = 400;
    const held = Array.from({ length: trials }, () => {
      const truth = 0.75 + 0.2 * random();
      const samples = 20 + Math.floor(500 * random());
      const times = (count: number) => {
        let hits = 0;
        for (let each = 0; each < count; each += 1) if (random() < truth) hits += 1;
        return hits;
      };
      const ratePpm = Math.round((times(samples) / samples) * 1e6);
      const elsewhere = {
        provider: 'adyen',
        feeMinor: 40,
        ratePpm,
        uncertaintyPpm: posteriorDeviation(ratePpm, samples),
        group: 'pa_b/account/',
      };
      const all = Array.from({ length: payments }, () => compared({ approved: random() < 0.8, elsewhere }));
      const { success } = resultOf(tallied(all));
      // What was approved is known: only what would have been is drawn.
      const change = (1e6 * times(payments)) / payments - success.actualPpm;
      return change >= success.changePpm.low && change <= success.changePpm.high;
    });
    const within = held.filter((each) => each).length;
    expect(within / trials).toBeLessThan(0.985);
    expect(within / trials).toBeGreaterThan(0.93);
  });

  it('hold also where the estimate is a coarser cell’s, whose own samples are many', () => {
    const random = generator(11);
    const trials = 400;
    const held = Array.from({ length: trials }, () => {
      // The coarse cell's rate is known; a finer one is as far from it as answers of the shrinkage's worth are apart.
      const hits = Array.from({ length: 60 }, random).filter((each) => each < 0.85).length;
      const truth = hits / 60;
      const success = { ratePpm: 850_000, samples: 5_000, cell: 'currency', windowMs: 3_600_000 } as const;
      const elsewhere = {
        provider: 'adyen',
        feeMinor: 40,
        ratePpm: success.ratePpm,
        uncertaintyPpm: posteriorDeviation(success.ratePpm, effectiveSamples(success)),
        group: 'pa_b/currency/EUR',
      };
      const all = Array.from({ length: 400 }, () => compared({ approved: random() < 0.8, elsewhere }));
      const { low, high } = resultOf(tallied(all)).success.changePpm;
      const got = Array.from({ length: 400 }, random).filter((each) => each < truth).length;
      const change = (1e6 * got) / 400 - resultOf(tallied(all)).success.actualPpm;
      return change >= low && change <= high;
    });
    expect(held.filter((each) => each).length / trials).toBeGreaterThan(0.92);
  });

  it('are wide where nothing is known, and none is certain', () => {
    expect(posteriorDeviation(500_000, 0)).toBeGreaterThan(250_000);
    expect(posteriorDeviation(1_000_000, 100)).toBeGreaterThan(0);
    expect(posteriorDeviation(0, 100)).toBeGreaterThan(0);
    expect(posteriorDeviation(800_000, 10_000)).toBeLessThan(posteriorDeviation(800_000, 100));
  });

  it('of a draft that finds nobody are certain: what was approved is lost', () => {
    const none = { provider: 'none', ratePpm: 0, uncertaintyPpm: 0, group: 'none' };
    const { success, costs } = resultOf(
      tallied([compared({ elsewhere: none }), compared({ approved: false, elsewhere: none })]),
    );
    expect(success.changePpm).toEqual({ expected: -500_000, low: -500_000, high: -500_000 });
    expect(costs).toMatchObject([{ actualMinor: 60, draftMinor: 0, changeMinor: { expected: -60 } }]);
  });
});
