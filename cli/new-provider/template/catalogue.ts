import type { ProviderListing } from '../../../domain/routing/catalogue/schema.ts';

/** Takes anything at a made-up price: put in what the provider's price list and contract say. */
export const acmePayListing: ProviderListing = {
  entry: {
    countries: { buyer: {}, issuer: {} },
    currencies: {},
    methods: [{ method: 'card', brands: {} }],
    tickets: {},
    dailyLimitsMinor: {},
    fees: {
      currency: 'EUR',
      settles: ['EUR'],
      fxMarginPpm: 20_000,
      establishedIn: 'NL',
      regionalCountries: [],
      own: [{ model: 'blended', ppm: 29_000, fixed: { EUR: 30 } }],
      interchange: [],
      scheme: [],
      tiers: [],
      expectedMonthlyMinor: 0,
    },
    payout: { cycle: 'daily', delayDays: 2 },
    licences: { categories: {}, merchantCountries: {} },
    connector: { active: 'acme-pay-1', versions: [{ version: 'acme-pay-1' }] },
    source: 'assumption: made by new:provider',
  },
};
