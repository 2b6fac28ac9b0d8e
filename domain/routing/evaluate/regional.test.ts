import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PROVIDER_CATALOGUE, resolveCatalogue } from '../catalogue/index.ts';
import type { CandidateInputs } from '../decision.ts';
import type { RoutingFacts } from '../facts.ts';
import { checkPolicy, compilePolicy } from '../policy/index.ts';
import { ACCOUNTS, candidate, inputs } from '../test-support/fixtures.ts';
import { evaluate } from './index.ts';

/** The documented example, docs/examples/routing/regional.yaml, with the providers' real catalogue. */
const text = readFileSync(new URL('../../../docs/examples/routing/regional.yaml', import.meta.url), 'utf8');
const catalogue = resolveCatalogue(ACCOUNTS);
const checked = checkPolicy(text, { accounts: ACCOUNTS, catalogue });

function decide(
  facts: Partial<RoutingFacts>,
  changed: Readonly<Record<string, Partial<CandidateInputs>>> = {},
) {
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
  const accounts = ACCOUNTS.map(({ id, provider }) =>
    candidate(id, {
      connectorVersion: PROVIDER_CATALOGUE[provider]?.entry.connector.active ?? 'v1',
      ...changed[id],
    }),
  );
  return evaluate(compilePolicy(checked.document), catalogue, inputs(facts, accounts));
}

describe('the regional example', () => {
  it('is a policy that may be saved', () => {
    expect(checked).toMatchObject({ ok: true });
  });

  it.each([
    ['US', 'USD', 'pa_stripe'],
    ['CA', 'CAD', 'pa_stripe'],
    ['DE', 'EUR', 'pa_adyen'],
    ['GB', 'GBP', 'pa_adyen'],
    ['BR', 'BRL', 'pa_checkout'],
    ['MX', 'MXN', 'pa_checkout'],
  ])('%s in %s goes to %s', (buyerCountry, currency, first) => {
    const { order, explanation } = decide({ buyerCountry, currency, amountMinor: 20_000 });
    expect(order[0]).toBe(first);
    expect(order.length).toBeGreaterThan(1);
    expect(explanation.because).toContain(first);
  });

  it('steps up above 10,000', () => {
    const european = { buyerCountry: 'DE', currency: 'EUR' };
    expect(decide({ ...european, amountMinor: 1_000_000 }).requirements).toEqual([]);
    expect(decide({ ...european, amountMinor: 1_000_001 }).requirements).toEqual(['challenge']);
  });

  it('challenges above the risk threshold', () => {
    expect(decide({ riskScore: 80 }).requirements).toEqual([]);
    expect(decide({ riskScore: 81 }).requirements).toEqual(['challenge']);
    expect(decide({ risk: 'highest' }).requirements).toEqual(['challenge']);
  });

  it.each([
    ['degraded', { circuit: 'closed', weightPpm: 300_000, unknownPpm: 400_000 }],
    ['unreachable', { circuit: 'open', weightPpm: 1_000_000, unknownPpm: 0 }],
  ] as const)('falls back where the preferred provider is %s', (_what, health) => {
    const american = { buyerCountry: 'US', currency: 'USD' };
    const { order, explanation } = decide(american, { pa_stripe: { health } });
    expect(order).toEqual(['pa_adyen', 'pa_stripe']);
    expect(explanation.candidates[0]).toMatchObject({ accountId: 'pa_stripe', verdict: 'last_resort' });
  });

  it('fails over after declines that say nothing of the card', () => {
    expect(decide({}).retries).toMatchObject({
      maxAttempts: 3,
      failOverAfter: expect.arrayContaining(['issuer_unavailable']),
    });
  });
});
