import { type Catalogue, PROVIDER_CATALOGUE, REFERENCE_RATES } from '../../domain/routing/catalogue/index.ts';
import type { CandidateInputs, RoutingInputs } from '../../domain/routing/decision.ts';
import type { RoutingFacts } from '../../domain/routing/facts.ts';
import { type CompiledPolicy, checkPolicy, compilePolicy } from '../../domain/routing/policy/index.ts';

/** A policy of so many rules, a merchant of so many accounts, and payments of all kinds for them; all from one seed. */
export interface DecisionWorld {
  readonly policy: CompiledPolicy;
  readonly catalogue: Catalogue;
  readonly inputs: readonly RoutingInputs[];
}

const PROVIDERS = ['stripe', 'adyen', 'checkout'] as const;
const COUNTRIES = ['US', 'CA', 'GB', 'DE', 'FR', 'ES', 'BR', 'MX', 'JP', 'AU'];
const CURRENCIES = ['EUR', 'USD', 'GBP'];
const BRANDS = ['visa', 'mastercard', 'amex'];

export function decisionWorld(
  seed: number,
  size: { readonly rules: number; readonly accounts: number; readonly payments: number },
): DecisionWorld {
  const random = generator(seed);
  const accounts = Array.from({ length: size.accounts }, (_, at) => ({
    id: `pa_bench_${at}`,
    provider: PROVIDERS[at % PROVIDERS.length] ?? 'stripe',
  }));
  const catalogue: Catalogue = {
    accounts: Object.fromEntries(
      accounts.flatMap(({ id, provider }) => {
        const listing = PROVIDER_CATALOGUE[provider];
        return listing === undefined ? [] : [[id, listing.entry] as const];
      }),
    ),
    rates: REFERENCE_RATES,
  };
  const checked = checkPolicy(policyText(size.rules), { accounts, catalogue });
  if (!checked.ok) throw new Error(`the bench's policy is refused: ${JSON.stringify(checked.problems[0])}`);
  return {
    policy: compilePolicy(checked.document),
    catalogue,
    inputs: Array.from({ length: size.payments }, () => inputsOf(random, accounts)),
  };
}

const CHOICES = [
  '{ best_success: all, explore_percent: 5 }',
  '{ lowest_cost: all, at_most_points_less_success: 0.5 }',
  '{ weighted: { success: 6, cost: 3, latency: 1, value: 2 }, margin_percent: 10 }',
  '{ split: [{ to: stripe, weight: 60 }, { to: adyen, weight: 30 }, { to: checkout, weight: 10 }] }',
  '{ order: [stripe, adyen, checkout] }',
];

/**
 * Conditions as merchants write them, each of which is asked and fails, but for the last five: those divide the payments
 * among the five strategies. So every decision is one that asked all rules.
 */
function policyText(rules: number): string {
  const failing = Array.from(
    { length: rules - CHOICES.length },
    (_, at) =>
      [
        `buyer_country in ["SE", "NO", "DK"] && amount < minor(${10 + at}, currency)`,
        `currency == "EUR" && amount >= minor(${20_000 - at}, currency) && brand == "visa"`,
        `risk_score > ${90 + (at % 10)} && issuer_country != "DE" && amount > minor(${5_000 - at}, currency)`,
        `metadata["tier"] == "tier-${at}" || (merchant_category == "7995" && hour >= 20)`,
        `!merchant_initiated && funding == "prepaid" && customer_payments_failed > ${1_003 - at}`,
      ][at % 5],
  );
  const matching = CHOICES.map((_, at) => `amount % ${CHOICES.length} == ${at}`);
  const lines = [...failing, ...matching].map((when, at) => {
    const choice = CHOICES[(at - failing.length + CHOICES.length) % CHOICES.length] ?? CHOICES[0];
    return `  - { name: rule ${at}, when: '${when}', choose: ${choice} }`;
  });
  return [
    'format: interlock/routing@1',
    'name: Bench',
    'time_zone: Europe/Berlin',
    'rules:',
    ...lines,
    'eliminate:',
    `  - { name: no phone at adyen, when: 'channel == "phone"', accounts: [adyen] }`,
    'requirements:',
    `  - { name: large, when: 'amount > minor(10000, currency)', require: challenge }`,
    `  - { name: risky, when: 'risk_score > 80', require: challenge }`,
    '',
  ].join('\n');
}

function inputsOf(
  random: () => number,
  accounts: readonly { readonly id: string; readonly provider: string }[],
): RoutingInputs {
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)] as T;
  const facts: RoutingFacts = {
    merchantId: 'mer_bench',
    amountMinor: 500 + Math.floor(random() * 400_000),
    currency: pick(CURRENCIES),
    method: 'card',
    atMs: Date.UTC(2026, 10, 21) + Math.floor(random() * 86_400_000),
    buyerCountry: pick(COUNTRIES),
    issuerCountry: pick(COUNTRIES),
    brand: pick(BRANDS),
    funding: random() < 0.6 ? 'credit' : 'debit',
    bin: '457173',
    merchantCategory: '5732',
    channel: 'web',
    risk: 'normal',
    riskScore: Math.floor(random() * 90),
    merchantInitiated: random() < 0.2,
    recurring: false,
    customer: { paymentsSucceeded: 3, paymentsFailed: 1, firstSeenMs: Date.UTC(2026, 0, 1) },
    metadata: { order: '123', tier: 'gold' },
  };
  const candidates = accounts.map(
    ({ id, provider }): CandidateInputs => ({
      accountId: id,
      provider,
      connectorVersion: `${provider}-1`,
      enabled: true,
      health: {
        circuit: random() < 0.05 ? 'open' : 'closed',
        weightPpm: random() < 0.1 ? 700_000 : 1_000_000,
        latencyP95Ms: 300 + Math.floor(random() * 900),
        unknownPpm: 1_000,
      },
      success: {
        ratePpm: 850_000 + Math.floor(random() * 120_000),
        samples: Math.floor(random() * 5_000),
        cell: 'brand+currency',
        windowMs: 86_400_000,
      },
      authorizedTodayMinor: Math.floor(random() * 10_000_000),
    }),
  );
  return {
    policyVersion: 1,
    catalogueId: 'cat_bench',
    facts,
    candidates,
    draw: Math.floor(random() * 0x1_0000_0000),
  };
}

/** Mulberry32: small, seeded, and good enough to vary payments by. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}
