import type { ProviderListing } from '../schema.ts';
import { EUROPEAN_INTERCHANGE, EUROPEAN_SCHEME_FEES } from './card-costs.ts';
import { COMMON_CURRENCIES, EEA, RESTRICTED_CATEGORIES, SANCTIONED } from './places.ts';

/** An account of the Netherlands, on interchange++. Others say so in their overrides. */
export const adyenListing: ProviderListing = {
  entry: {
    countries: { buyer: { except: [...SANCTIONED] }, issuer: { except: [...SANCTIONED] } },
    currencies: { only: [...COMMON_CURRENCIES] },
    methods: [
      {
        method: 'card',
        brands: { only: ['visa', 'mastercard', 'amex', 'discover', 'diners', 'jcb', 'unionpay', 'unknown'] },
      },
    ],
    tickets: {},
    dailyLimitsMinor: {},
    fees: {
      currency: 'EUR',
      settles: ['EUR', 'GBP', 'USD', 'CHF', 'SEK', 'NOK', 'DKK', 'PLN', 'CAD', 'AUD'],
      fxMarginPpm: 10_000,
      establishedIn: 'NL',
      regionalCountries: [...EEA],
      own: [
        { when: { brands: ['amex'] }, model: 'blended', ppm: 39_500, fixed: { EUR: 11 } },
        { model: 'interchange_plus_plus', ppm: 6_000, fixed: { EUR: 11 } },
      ],
      interchange: [...EUROPEAN_INTERCHANGE],
      scheme: [...EUROPEAN_SCHEME_FEES],
      tiers: [
        { fromMonthlyMinor: 100_000_000, discountPpm: 1_000 },
        { fromMonthlyMinor: 1_000_000_000, discountPpm: 2_500 },
      ],
      expectedMonthlyMinor: 0,
    },
    payout: { cycle: 'daily', delayDays: 2 },
    licences: {
      categories: { except: [...RESTRICTED_CATEGORIES] },
      merchantCountries: { except: [...SANCTIONED] },
    },
    connector: { active: 'adyen-2', versions: [{ version: 'adyen-2' }] },
    source:
      'adyen.com/pricing (0.11 EUR + interchange++ with 0.60% acquirer markup; Amex 3.95%), from memory as of 2026; ' +
      'tiers, settlement currencies, margin and categories: assumption',
  },
};
