import { PROVIDER_CATALOGUE, REFERENCE_RATES } from './providers/index.ts';
import type { Catalogue, CatalogueEntry, CatalogueOverrides } from './schema.ts';

export interface CatalogueAccount {
  readonly id: string;
  readonly provider: string;
  /** The account's own environment; without it the provider's list counts as it stands. */
  readonly mode?: 'test' | 'live';
  /** Parsed by `catalogueOverridesSchema` when they were stored. */
  readonly overrides?: CatalogueOverrides | null | undefined;
}

/**
 * A provider that nobody described: it may be asked anything (what it can't take it refuses), and is priced above every
 * list that we know, so that no ignorance makes it the cheapest.
 */
export const UNLISTED_ENTRY: CatalogueEntry = {
  countries: { buyer: {}, issuer: {} },
  currencies: {},
  methods: [{ method: 'card', brands: {} }],
  tickets: {},
  dailyLimitsMinor: {},
  fees: {
    currency: 'USD',
    settles: ['USD'],
    fxMarginPpm: 30_000,
    establishedIn: 'US',
    regionalCountries: [],
    own: [{ model: 'blended', ppm: 50_000, fixed: { USD: 50 } }],
    interchange: [],
    scheme: [],
    tiers: [],
    expectedMonthlyMinor: 0,
  },
  payout: { cycle: 'daily', delayDays: 7 },
  licences: { categories: {}, merchantCountries: {} },
  connector: { active: 'unlisted', versions: [{ version: 'unlisted' }] },
  source: 'assumption: a provider without an entry',
};

/** What counts for these accounts: the provider's list, what its environment changes, and what the account's row changes. */
export function resolveCatalogue(accounts: readonly CatalogueAccount[]): Catalogue {
  return {
    accounts: Object.fromEntries(accounts.map((account) => [account.id, entryOf(account)])),
    rates: REFERENCE_RATES,
  };
}

function entryOf({ provider, mode, overrides }: CatalogueAccount): CatalogueEntry {
  const listing = PROVIDER_CATALOGUE[provider];
  const base = listing?.entry ?? UNLISTED_ENTRY;
  const environment = mode === undefined ? undefined : listing?.environments?.[mode];
  return overridden(overridden(base, environment), overrides);
}

function overridden(entry: CatalogueEntry, overrides: CatalogueOverrides | null | undefined): CatalogueEntry {
  if (overrides === undefined || overrides === null) return entry;
  // Absent keys and keys that are there as undefined mean the same: nothing is changed.
  const given = Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined));
  return {
    ...entry,
    ...given,
    tickets: { ...entry.tickets, ...overrides.tickets },
    dailyLimitsMinor: { ...entry.dailyLimitsMinor, ...overrides.dailyLimitsMinor },
    fees: { ...entry.fees, ...defined(overrides.fees) },
  };
}

function defined<T extends object>(values: T | undefined): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const kept = Object.entries(values ?? {}).filter(([, value]) => value !== undefined);
  return Object.fromEntries(kept) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
