import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CandidateInputs, RoutingInputs } from '../decision.ts';
import { drawOf } from '../draw.ts';
import type { RoutingFacts } from '../facts.ts';
import type { CompiledPolicy } from '../policy/index.ts';
import { catalogueWith, FACTS, policyOf } from '../test-support/fixtures.ts';
import { evaluate } from './index.ts';

const CHOICES = [
  '{ order: [checkout, pa_adyen, stripe] }',
  '{ split: [{ to: stripe, weight: 5 }, { to: adyen, weight: 3 }, { to: pa_checkout, weight: 0 }] }',
  '{ lowest_cost: all, at_most_points_less_success: 2 }',
  '{ lowest_cost: [stripe, adyen, checkout] }',
  '{ best_success: all, explore_percent: 20, guard_rail_points: 3 }',
  '{ weighted: { success: 6, cost: 3, latency: 1, value: 2 }, margin_percent: 15 }',
];
const policies = CHOICES.map((choice) =>
  policyOf(`rules:
  - { name: ruled, when: 'amount > 6000 && brand == "visa"', choose: { order: [adyen] } }
eliminate: [{ name: phone, when: 'channel == "phone"', accounts: [adyen] }]
requirements: [{ name: large, when: 'amount > 8000', require: challenge }]
otherwise: { choose: ${choice} }`),
);
const catalogue = catalogueWith({
  pa_adyen: { currencies: { only: ['EUR'] } },
  pa_checkout: { tickets: { EUR: { maxMinor: 7_000 } }, dailyLimitsMinor: { EUR: 50_000 } },
});

const ppm = fc.integer({ min: 0, max: 1_000_000 });
const candidateOf = (accountId: string, provider: string): fc.Arbitrary<CandidateInputs> =>
  fc.record({
    accountId: fc.constant(accountId),
    provider: fc.constant(provider),
    connectorVersion: fc.constant('v1'),
    enabled: fc.boolean(),
    health: fc.record({
      circuit: fc.constantFrom('closed', 'open', 'half_open'),
      weightPpm: ppm,
      latencyP95Ms: fc.integer({ min: 1, max: 60_000 }),
      unknownPpm: ppm,
    }),
    success: fc.record({
      ratePpm: ppm,
      samples: fc.nat(10_000),
      cell: fc.constant('currency' as const),
      windowMs: fc.constant(1),
    }),
    authorizedTodayMinor: fc.nat(60_000),
  });
const inputsArbitrary: fc.Arbitrary<RoutingInputs> = fc.record({
  policyVersion: fc.constant(1),
  catalogueId: fc.constant('cat_test'),
  facts: fc
    .record({
      amountMinor: fc.nat(10_000),
      currency: fc.constantFrom('EUR', 'USD'),
      brand: fc.constantFrom('visa', 'amex'),
      channel: fc.constantFrom('web', 'phone'),
    })
    .map((varied): RoutingFacts => ({ ...FACTS, ...varied })),
  candidates: fc.tuple(
    candidateOf('pa_stripe', 'stripe'),
    candidateOf('pa_adyen', 'adyen'),
    candidateOf('pa_checkout', 'checkout'),
    candidateOf('pa_checkout_2', 'checkout'),
  ),
  draw: fc.nat(0xffff_ffff),
});
const policy: fc.Arbitrary<CompiledPolicy> = fc.constantFrom(...policies);

describe('for any policy and payment', () => {
  it('the same inputs make the same decision, stored and read back too', () => {
    fc.assert(
      fc.property(policy, inputsArbitrary, (each, inputs) => {
        const decision = evaluate(each, catalogue, inputs);
        expect(evaluate(each, catalogue, JSON.parse(JSON.stringify(inputs)))).toEqual(decision);
        expect(JSON.parse(JSON.stringify(decision))).toEqual(decision);
      }),
    );
  });

  it('the order has nobody twice, and exactly those whose verdict lets them in, last resorts last', () => {
    fc.assert(
      fc.property(policy, inputsArbitrary, (each, inputs) => {
        const { order, explanation } = evaluate(each, catalogue, inputs);
        expect(new Set(order).size).toBe(order.length);
        const having = (verdict: string) =>
          explanation.candidates.filter((one) => one.verdict === verdict).map(({ accountId }) => accountId);
        const well = having('candidate');
        expect([...order.slice(0, well.length)].toSorted()).toEqual(well.toSorted());
        expect([...order.slice(well.length)].toSorted()).toEqual(having('last_resort').toSorted());
        for (const { accountId, rank } of explanation.candidates)
          expect(rank).toBe(order.includes(accountId) ? order.indexOf(accountId) + 1 : undefined);
        expect(explanation.order).toEqual(order);
        expect(explanation.because.length).toBeGreaterThan(0);
      }),
    );
  });

  it('nobody who is disabled, or can’t take the currency, is in it', () => {
    fc.assert(
      fc.property(policy, inputsArbitrary, (each, inputs) => {
        const { order } = evaluate(each, catalogue, inputs);
        for (const { accountId, enabled } of inputs.candidates)
          if (!enabled) expect(order).not.toContain(accountId);
        if (inputs.facts.currency !== 'EUR') expect(order).not.toContain('pa_adyen');
      }),
    );
  });

  it('an account that gets better keeps its place or rises, where nobody draws', () => {
    const settled = policies.filter((_, at) => at !== 4);
    fc.assert(
      fc.property(
        fc.constantFrom(...settled.slice(3)),
        inputsArbitrary,
        fc.nat(3),
        ppm,
        (each, inputs, at, more) => {
          const better = inputs.candidates.map((one, index) =>
            index === at
              ? {
                  ...one,
                  success: { ...one.success, ratePpm: Math.min(1_000_000, one.success.ratePpm + more) },
                }
              : one,
          );
          const id = inputs.candidates[at]?.accountId ?? '';
          const before = evaluate(each, catalogue, inputs).order;
          const after = evaluate(each, catalogue, { ...inputs, candidates: better }).order;
          expect(after.indexOf(id)).toBeLessThanOrEqual(before.indexOf(id));
        },
      ),
    );
  });

  it('one account the less leaves the others as they were to each other, where lists decide', () => {
    fc.assert(
      fc.property(inputsArbitrary, fc.nat(3), (inputs, at) => {
        const [listed] = policies;
        if (listed === undefined) throw new Error('no policy');
        const gone = inputs.candidates[at]?.accountId;
        const fewer = inputs.candidates.filter((_, index) => index !== at);
        const before = evaluate(listed, catalogue, inputs).order.filter((each) => each !== gone);
        expect(evaluate(listed, catalogue, { ...inputs, candidates: fewer }).order).toEqual(before);
      }),
    );
  });
});

it('payments’ own draws divide a split by its weights', () => {
  const [, split] = policies;
  if (split === undefined) throw new Error('no policy');
  const base = { ...FACTS, amountMinor: 100 };
  const accounts = ['stripe', 'adyen'].map(
    (provider) => fc.sample(candidateOf(`pa_${provider}`, provider), 1)[0],
  );
  const well = accounts.flatMap((each) =>
    each === undefined
      ? []
      : [
          {
            ...each,
            enabled: true,
            health: { circuit: 'closed', weightPpm: 1_000_000, unknownPpm: 0 } as const,
          },
        ],
  );
  const firsts = Array.from({ length: 8_000 }, (_, at) => {
    const draw = drawOf(`pay_${at}`);
    return evaluate(split, catalogue, {
      policyVersion: 1,
      catalogueId: 'c',
      facts: base,
      candidates: well,
      draw,
    }).order[0];
  });
  const share = firsts.filter((each) => each === 'pa_stripe').length / firsts.length;
  expect(share).toBeGreaterThan(0.6);
  expect(share).toBeLessThan(0.65);
});
