import { describe, expect, it } from 'vitest';
import { candidate, catalogueWith, inputs, policyOf } from '../test-support/fixtures.ts';
import { evaluate } from './index.ts';

const catalogue = catalogueWith();
const ORDERED = policyOf('otherwise: { choose: { order: [stripe, adyen, checkout] } }');
const [stripe, adyen, checkout] = ['pa_stripe', 'pa_adyen', 'pa_checkout'] as const;
const open = { circuit: 'open', weightPpm: 1_000_000, unknownPpm: 0 } as const;
const degraded = { circuit: 'closed', weightPpm: 400_000, unknownPpm: 300_000 } as const;
const verdict = (decision: ReturnType<typeof evaluate>, accountId: string) =>
  decision.explanation.candidates.find((each) => each.accountId === accountId);

describe('the first rule that matches', () => {
  const policy = policyOf(`rules:
  - { name: large, when: 'amount > minor(100, currency)', choose: { order: [adyen] } }
  - { name: american, when: 'buyer_country == "US"', choose: { order: [stripe] } }
  - { name: broken, when: 'amount / (amount - 7000) > 0', choose: { order: [checkout] } }
otherwise: { choose: { order: [checkout, stripe] } }`);

  it('decides, and those after it are not asked', () => {
    const { order, explanation } = evaluate(policy, catalogue, inputs({ buyerCountry: 'US' }));
    expect(order).toEqual([stripe]);
    expect(explanation.chosenRule).toBe('american');
    expect(explanation.rules).toEqual([
      { name: 'large', matched: false, when: 'amount > minor(100, currency)' },
      { name: 'american', matched: true, when: 'buyer_country == "US"' },
    ]);
    expect(verdict({ explanation } as ReturnType<typeof evaluate>, adyen)?.verdict).toBe('not_chosen');
  });

  it('is `otherwise` where none does', () => {
    const { order, explanation } = evaluate(policy, catalogue, inputs({ amountMinor: 100 }));
    expect(order).toEqual([checkout, stripe]);
    expect(explanation.chosenRule).toBe('otherwise');
  });

  it('is none that cannot be computed, and says so', () => {
    const { explanation } = evaluate(policy, catalogue, inputs({ amountMinor: 7_000 }));
    expect(explanation.chosenRule).toBe('otherwise');
    expect(explanation.rules[2]).toMatchObject({ matched: false, error: 'division by zero' });
  });
});

describe('an account is taken out', () => {
  it.each([
    ['disabled', candidate(stripe, { enabled: false }), {}, {}],
    ['currency_not_supported', candidate(stripe), {}, { currencies: { only: ['USD'] } }],
    [
      'method_not_supported',
      candidate(stripe),
      { brand: 'amex' },
      { methods: [{ method: 'card' as const, brands: { only: ['visa'] } }] },
    ],
    [
      'country_not_supported',
      candidate(stripe),
      { buyerCountry: 'KP' },
      { countries: { buyer: { except: ['KP'] }, issuer: {} } },
    ],
    [
      'country_not_supported',
      candidate(stripe),
      { issuerCountry: 'KP' },
      { countries: { buyer: {}, issuer: { except: ['KP'] } } },
    ],
    [
      'unlicensed',
      candidate(stripe),
      { merchantCategory: '7995' },
      { licences: { categories: { except: ['7995'] }, merchantCountries: {} } },
    ],
    [
      'unlicensed',
      candidate(stripe),
      { merchantCountry: 'US' },
      { licences: { categories: {}, merchantCountries: { only: ['DE'] } } },
    ],
    ['ticket_size', candidate(stripe), {}, { tickets: { EUR: { minMinor: 5_001 } } }],
    ['ticket_size', candidate(stripe), { amountMinor: 9_999 }, { tickets: { EUR: { maxMinor: 9_000 } } }],
    [
      'over_limit',
      candidate(stripe, { authorizedTodayMinor: 95_001 }),
      {},
      { dailyLimitsMinor: { EUR: 100_000 } },
    ],
    [
      'connector_retired',
      candidate(stripe, { connectorVersion: 'v0' }),
      {},
      { connector: { active: 'v1', versions: [{ version: 'v1' }, { version: 'v0', retired: true }] } },
    ],
  ] as const)('as %s', (outcome, account, facts, overrides) => {
    const changed = catalogueWith({ [stripe]: structuredClone(overrides) as never });
    const decision = evaluate(ORDERED, changed, inputs(facts, [account, candidate(adyen)]));
    expect(decision.order).toEqual([adyen]);
    expect(verdict(decision, stripe)).toMatchObject({
      verdict: outcome,
      because: expect.stringMatching(/./),
    });
    // Nothing else stood against it.
    expect(evaluate(ORDERED, catalogue, inputs(facts, [candidate(stripe)])).order).toEqual([stripe]);
  });

  it('by an elimination of the policy, whose name is told', () => {
    const policy = policyOf(`eliminate:
  - { name: no phone orders, when: 'channel == "phone"', accounts: [adyen] }
otherwise: { choose: { order: [adyen, stripe] } }`);
    const decision = evaluate(policy, catalogue, inputs({ channel: 'phone' }));
    expect(decision.order).toEqual([stripe]);
    expect(verdict(decision, adyen)?.because).toBe('eliminated by `no phone orders`');
    expect(evaluate(policy, catalogue, inputs({ channel: 'web' })).order[0]).toBe(adyen);
    expect(evaluate(policy, catalogue, inputs()).order[0]).toBe(adyen);
  });

  it('where the policy does not accept the currency, everybody', () => {
    const policy = policyOf('currencies: [USD]\notherwise: { choose: { order: all } }');
    const { order, explanation } = evaluate(policy, catalogue, inputs());
    expect(order).toEqual([]);
    expect(explanation.because).toContain('the policy does not accept EUR');
  });
});

describe('an account that is unwell', () => {
  it.each([
    ['whose circuit is open', open],
    ['that is degraded', degraded],
  ])('%s goes behind the others', (_what, health) => {
    const decision = evaluate(
      ORDERED,
      catalogue,
      inputs({}, [candidate(stripe, { health }), candidate(adyen)]),
    );
    expect(decision.order).toEqual([adyen, stripe]);
    expect(verdict(decision, stripe)).toMatchObject({ verdict: 'last_resort', rank: 2 });
  });

  it('is tried before nobody is', () => {
    const { order, explanation } = evaluate(
      ORDERED,
      catalogue,
      inputs({}, [candidate(stripe, { health: open })]),
    );
    expect(order).toEqual([stripe]);
    expect(explanation.because).toContain('all are last resorts (its circuit is open)');
  });

  it('is removed or kept where the policy says so', () => {
    const candidates = [candidate(stripe, { health: open }), candidate(adyen)];
    const handled = (handling: string) =>
      policyOf(`built_in: { unhealthy: ${handling} }\notherwise: { choose: { order: [stripe, adyen] } }`);
    expect(evaluate(handled('remove'), catalogue, inputs({}, candidates)).order).toEqual([adyen]);
    expect(evaluate(handled('keep'), catalogue, inputs({}, candidates)).order).toEqual([stripe, adyen]);
  });

  it('by a handful of attempts alone moves nobody', () => {
    const first = (attempts: number) => {
      const few = candidate(stripe, { health: { ...degraded, attempts } });
      return evaluate(ORDERED, catalogue, inputs({}, [few, candidate(adyen)])).order[0];
    };
    expect([first(19), first(20)]).toEqual([stripe, adyen]);
  });

  it('degraded keeps its place where the policy minds open circuits alone', () => {
    const weak = candidate(stripe, { health: { ...degraded, attempts: 20 } });
    const kept = policyOf('built_in: { degraded: keep }\notherwise: { choose: { order: [stripe, adyen] } }');
    expect(evaluate(kept, catalogue, inputs({}, [weak, candidate(adyen)])).order[0]).toBe(stripe);
  });

  it('half open has won its probe, and may be first', () => {
    const health = { circuit: 'half_open', weightPpm: 100_000, unknownPpm: 0 } as const;
    expect(
      evaluate(ORDERED, catalogue, inputs({}, [candidate(stripe, { health }), candidate(adyen)])).order[0],
    ).toBe(stripe);
  });
});

describe('a choice', () => {
  it('by a provider’s name means all of its accounts, by an id the one, and each counts once', () => {
    const two = [candidate('pa_stripe_b'), candidate('pa_stripe_a'), candidate(adyen)];
    const policy = policyOf('otherwise: { choose: { order: [pa_adyen, stripe, adyen] } }');
    expect(evaluate(policy, catalogue, inputs({}, two)).order).toEqual([adyen, 'pa_stripe_b', 'pa_stripe_a']);
  });

  it('that nobody is left of says who and why', () => {
    const { order, explanation } = evaluate(
      ORDERED,
      catalogue,
      inputs({}, [candidate(stripe, { enabled: false })]),
    );
    expect(order).toEqual([]);
    expect(explanation.because).toBe('nobody can take it: pa_stripe: the account is disabled');
  });
});

describe('requirements and retries', () => {
  const policy = policyOf(`requirements:
  - { name: large, when: 'amount > minor(10000, currency)', require: challenge }
  - { name: risky, when: 'risk_score > 80', require: challenge }
  - { name: new, when: 'customer_payments_succeeded == 0', require: review }
  - { name: overflow, when: 'amount * 9223372036854775807 > 0 && risk_score == 7', require: authenticate }
retries: { max_attempts: 2, later: [12h, 3d] }`);

  it('every requirement that matches counts, each kind once', () => {
    const { requirements, explanation } = evaluate(
      policy,
      catalogue,
      inputs({
        amountMinor: 1_000_001,
        riskScore: 81,
        customer: { paymentsSucceeded: 0, paymentsFailed: 0, firstSeenMs: 0 },
      }),
    );
    expect(requirements).toEqual(['challenge', 'review']);
    expect(explanation.requirements.map(({ matched }) => matched)).toEqual([true, true, true, false]);
  });

  it('none where nothing is known', () => {
    expect(evaluate(policy, catalogue, inputs()).requirements).toEqual([]);
  });

  it('one that cannot be computed counts', () => {
    expect(evaluate(policy, catalogue, inputs({ riskScore: 7 })).requirements).toEqual(['authenticate']);
  });

  it('retries are the policy’s, and the platform’s where it says nothing', () => {
    expect(evaluate(policy, catalogue, inputs()).retries).toEqual({
      maxAttempts: 2,
      failOverAfter: ['issuer_unavailable', 'processing_error', 'merchant_configuration'],
      laterMs: [43_200_000, 259_200_000],
    });
    expect(evaluate(ORDERED, catalogue, inputs()).retries.maxAttempts).toBe(3);
  });
});
