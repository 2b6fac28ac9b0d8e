import { describe, expect, it } from 'vitest';
import type { CatalogueOverrides } from '../catalogue/index.ts';
import type { CandidateInputs } from '../decision.ts';
import { candidate, catalogueWith, inputs, policyOf } from '../test-support/fixtures.ts';
import { evaluate } from './index.ts';

const [stripe, adyen, checkout] = ['pa_stripe', 'pa_adyen', 'pa_checkout'] as const;
const choosing = (choice: string) => policyOf(`otherwise: { choose: ${choice} }`);

/** A fee of so many parts per million of the amount, and nothing else. */
function priced(ppm: Readonly<Record<string, number>>) {
  const overrides = Object.entries(ppm).map(([id, share]): [string, CatalogueOverrides] => [
    id,
    { fees: { settles: ['EUR'], own: [{ model: 'blended', ppm: share }], tiers: [] } },
  ]);
  return catalogueWith(Object.fromEntries(overrides));
}

function succeeding(accountId: string, ratePpm: number, latencyP95Ms?: number): CandidateInputs {
  const { success, health } = candidate(accountId);
  const measured = latencyP95Ms === undefined ? health : { ...health, latencyP95Ms };
  return candidate(accountId, { success: { ...success, ratePpm }, health: measured });
}

const PRICES = priced({ [stripe]: 30_000, [adyen]: 20_000, [checkout]: 10_000 });
const RATES = [succeeding(stripe, 950_000), succeeding(adyen, 948_000), succeeding(checkout, 900_000)];

describe('split', () => {
  const policy = choosing('{ split: [{ to: adyen, weight: 70 }, { to: stripe, weight: 30 }] }');

  it('gives each its share of the first places, by the payment’s draw', () => {
    const first = Array.from(
      { length: 10_000 },
      (_, at) => evaluate(policy, PRICES, inputs({}, RATES, at * 429_497)).order[0],
    );
    const share = first.filter((each) => each === adyen).length / first.length;
    expect(share).toBeGreaterThan(0.68);
    expect(share).toBeLessThan(0.72);
  });

  it('has the others follow, by weight', () => {
    const three = choosing(
      '{ split: [{ to: stripe, weight: 1 }, { to: adyen, weight: 1 }, { to: checkout, weight: 98 }] }',
    );
    for (const draw of [1, 2, 3, 4]) {
      const { order } = evaluate(three, PRICES, inputs({}, RATES, draw));
      expect([...order].toSorted()).toEqual([adyen, checkout, stripe]);
      expect(order.indexOf(checkout)).toBeLessThan(2);
    }
  });

  it('gives a provider with two accounts its weight once', () => {
    const two = [candidate('pa_adyen_a'), candidate('pa_adyen_b'), candidate(stripe)];
    const first = Array.from(
      { length: 4_000 },
      (_, at) => evaluate(policy, PRICES, inputs({}, two, at * 1_073_741)).order[0],
    );
    const share = first.filter((each) => each === 'pa_adyen_a').length / first.length;
    expect(share).toBeGreaterThan(0.67);
    expect(first).not.toContain('pa_adyen_b');
  });

  it('goes by who is left where one is out', () => {
    const well = RATES.filter(({ accountId }) => accountId !== adyen);
    const out = candidate(adyen, { enabled: false });
    for (const draw of [0, 1_000_000_000, 4_294_967_295])
      expect(evaluate(policy, PRICES, inputs({}, [...well, out], draw)).order).toEqual([stripe]);
  });
});

describe('lowest_cost', () => {
  it('takes the cheapest, with the fee and its parts', () => {
    const { order, explanation } = evaluate(
      choosing('{ lowest_cost: [stripe, adyen, checkout] }'),
      PRICES,
      inputs({}, RATES),
    );
    expect(order).toEqual([checkout, adyen, stripe]);
    expect(explanation.candidates.map(({ feeMinor }) => feeMinor)).toEqual([150, 100, 50]);
    expect(explanation.candidates[0]?.feeParts).toEqual([{ kind: 'percentage', amountMinor: 150 }]);
    expect(explanation.because).toContain('expected to cost least (50)');
  });

  it('gives up no more success than it may', () => {
    const bounded = choosing('{ lowest_cost: [stripe, adyen, checkout], at_most_points_less_success: 0.5 }');
    expect(evaluate(bounded, PRICES, inputs({}, RATES)).order).toEqual([adyen, stripe, checkout]);
  });

  it('goes by the list where fees are the same', () => {
    const same = priced({ [stripe]: 10_000, [adyen]: 10_000, [checkout]: 10_000 });
    expect(
      evaluate(choosing('{ lowest_cost: [adyen, checkout, stripe] }'), same, inputs({}, RATES)).order,
    ).toEqual([adyen, checkout, stripe]);
  });
});

describe('best_success', () => {
  it('takes whoever succeeds most, by what its health leaves of it', () => {
    const policy = choosing('{ best_success: [checkout, adyen, stripe] }');
    expect(evaluate(policy, PRICES, inputs({}, RATES)).order).toEqual([stripe, adyen, checkout]);
    const [first, ...rest] = RATES;
    const ill = { ...first, health: { ...first?.health, weightPpm: 900_000 } } as CandidateInputs;
    const decision = evaluate(policy, PRICES, inputs({}, [ill, ...rest]));
    expect(decision.order).toEqual([adyen, checkout, stripe]);
    expect(decision.explanation.because).toBe(
      'pa_adyen: it is expected to succeed most, with 94.80%, 4.80 points more than the next',
    );
  });

  it('explores its share, never past the guard rail, and says so', () => {
    const policy = choosing(
      '{ best_success: [stripe, adyen, checkout], explore_percent: 20, guard_rail_points: 1 }',
    );
    const few = RATES.map((each) => ({ ...each, success: { ...each.success, samples: 5 } }));
    const decisions = Array.from({ length: 2_000 }, (_, at) =>
      evaluate(policy, PRICES, inputs({}, few, at * 2_147_483)),
    );
    const explored = decisions.filter(({ explanation }) => explanation.exploration !== undefined);
    expect(explored.length).toBeGreaterThan(20);
    expect(explored.length).toBeLessThanOrEqual(2_000 * 0.24);
    expect(new Set(explored.map(({ order }) => order[0]))).toEqual(new Set([adyen]));
    expect(explored[0]?.explanation).toMatchObject({ exploration: { instead: stripe, marginPpm: 2_000 } });
  });
});

describe('weighted', () => {
  it('composes shares of the best', () => {
    const fast = [
      succeeding(stripe, 950_000, 900),
      succeeding(adyen, 940_000, 300),
      succeeding(checkout, 500_000, 300),
    ];
    const order = (weights: string) =>
      evaluate(
        choosing(`{ weighted: ${weights}, among: [stripe, adyen, checkout] }`),
        PRICES,
        inputs({}, fast),
      ).order[0];
    expect(order('{ success: 1 }')).toBe(stripe);
    expect(order('{ cost: 1 }')).toBe(checkout);
    expect(order('{ latency: 1 }')).toBe(adyen);
    expect(order('{ success: 6, cost: 1, latency: 1 }')).toBe(adyen);
  });

  it('computes the expected value in whole minor units: probability times margin, less the fee', () => {
    const policy = choosing('{ weighted: { value: 1 }, among: all, margin_percent: 10 }');
    const { order, explanation } = evaluate(policy, PRICES, inputs({ amountMinor: 5_001 }, RATES));
    // 0.95 × 500.1 = 475.095, 0.948 × 500.1 = 474.09, 0.9 × 500.1 = 450.09; fees 150, 100 and 50 of 5,001.
    expect(explanation.candidates.map(({ expectedValueMinor }) => expectedValueMinor)).toEqual([
      325, 374, 400,
    ]);
    expect(order).toEqual([checkout, adyen, stripe]);
  });

  it('takes an unknown latency for half of the best', () => {
    const policy = choosing('{ weighted: { latency: 1 }, among: all }');
    const some = [
      succeeding(stripe, 900_000),
      succeeding(adyen, 900_000, 300),
      succeeding(checkout, 900_000, 900),
    ];
    const { explanation } = evaluate(policy, PRICES, inputs({}, some));
    expect(explanation.candidates.map(({ score }) => score)).toEqual([500_000, 1_000_000, 333_333]);
  });
});
