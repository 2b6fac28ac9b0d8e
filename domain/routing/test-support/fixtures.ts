import type { Catalogue, CatalogueOverrides } from '../catalogue/index.ts';
import { resolveCatalogue } from '../catalogue/index.ts';
import type { CandidateInputs, RoutingInputs } from '../decision.ts';
import type { RoutingFacts } from '../facts.ts';
import { type CompiledPolicy, checkPolicy, compilePolicy } from '../policy/index.ts';

/** Values that tests of routing begin with: three accounts, one a provider, and a payment that all can take. */
export const ACCOUNTS = [
  { id: 'pa_stripe', provider: 'stripe' },
  { id: 'pa_adyen', provider: 'adyen' },
  { id: 'pa_checkout', provider: 'checkout' },
] as const;

/** Nothing is out of scope but what an override says. */
const OPEN: CatalogueOverrides = {
  countries: { buyer: {}, issuer: {} },
  currencies: {},
  methods: [{ method: 'card', brands: {} }],
  licences: { categories: {}, merchantCountries: {} },
};

export function catalogueWith(overrides: Readonly<Record<string, CatalogueOverrides>> = {}): Catalogue {
  return resolveCatalogue(
    ACCOUNTS.map(({ id, provider }) => ({ id, provider, overrides: { ...OPEN, ...overrides[id] } })),
  );
}

export const FACTS: RoutingFacts = {
  merchantId: 'mer_test',
  amountMinor: 5_000,
  currency: 'EUR',
  method: 'card',
  atMs: Date.UTC(2026, 10, 21, 12),
  risk: 'normal',
  merchantInitiated: false,
  recurring: false,
  metadata: {},
};

export function candidate(accountId: string, differing: Partial<CandidateInputs> = {}): CandidateInputs {
  return {
    accountId,
    provider: accountId.replace(/^pa_/, '').replace(/_.*$/, ''),
    connectorVersion: 'v1',
    enabled: true,
    health: { circuit: 'closed', weightPpm: 1_000_000, unknownPpm: 0 },
    success: { ratePpm: 900_000, samples: 1_000, cell: 'currency', windowMs: 86_400_000 },
    authorizedTodayMinor: 0,
    ...differing,
  };
}

export function inputs(
  facts: Partial<RoutingFacts> = {},
  candidates: readonly CandidateInputs[] = ACCOUNTS.map(({ id }) => candidate(id)),
  draw = 0,
): RoutingInputs {
  return { policyVersion: 1, catalogueId: 'cat_test', facts: { ...FACTS, ...facts }, candidates, draw };
}

/** The lines of a policy after its format and name. Refused: the test's own mistake. */
export function policyOf(lines: string): CompiledPolicy {
  const checked = checkPolicy(`format: interlock/routing@1\nname: test\n${lines}`, { accounts: ACCOUNTS });
  if (!checked.ok) throw new Error(checked.problems.map(({ message }) => message).join('; '));
  return compilePolicy(checked.document);
}
