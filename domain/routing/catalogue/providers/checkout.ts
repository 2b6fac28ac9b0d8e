import type { ProviderListing } from '../schema.ts';
import { COMMON_CURRENCIES, EEA, RESTRICTED_CATEGORIES, SANCTIONED } from './places.ts';

const MAX_NINE_DIGITS = 999_999_999;

/** An account of the United Kingdom, blended. Checkout.com quotes prices on request: nearly all of this is an assumption. */
export const checkoutListing: ProviderListing = {
  entry: {
    countries: { buyer: { except: [...SANCTIONED] }, issuer: { except: [...SANCTIONED] } },
    currencies: { only: [...COMMON_CURRENCIES] },
    methods: [
      {
        method: 'card',
        brands: { only: ['visa', 'mastercard', 'amex', 'discover', 'diners', 'jcb', 'unionpay', 'unknown'] },
      },
    ],
    tickets: Object.fromEntries(COMMON_CURRENCIES.map((code) => [code, { maxMinor: MAX_NINE_DIGITS }])),
    dailyLimitsMinor: {},
    fees: {
      currency: 'GBP',
      settles: ['GBP', 'EUR', 'USD', 'BRL', 'MXN', 'AED', 'SAR', 'HKD', 'SGD', 'AUD'],
      fxMarginPpm: 15_000,
      establishedIn: 'GB',
      regionalCountries: [...EEA],
      own: [
        { when: { brands: ['amex'] }, model: 'blended', ppm: 35_000, fixed: { GBP: 20 } },
        {
          when: { regions: ['domestic', 'regional'] },
          model: 'blended',
          ppm: 9_500,
          fixed: { GBP: 16, EUR: 20, USD: 20 },
        },
        { model: 'blended', ppm: 29_000, fixed: { GBP: 16, EUR: 20, USD: 20 } },
      ],
      interchange: [],
      scheme: [],
      tiers: [],
      expectedMonthlyMinor: 0,
    },
    payout: { cycle: 'daily', delayDays: 3 },
    licences: {
      categories: { except: [...RESTRICTED_CATEGORIES] },
      merchantCountries: { except: [...SANCTIONED] },
    },
    connector: { active: 'checkout-1', versions: [{ version: 'checkout-1' }] },
    source:
      "assumption, of the size of Checkout.com's earlier public list (0.95% + 0.20 European cards, 2.9% + 0.20 others); " +
      'prices are quoted on request; nine digits at most: its API reference, from memory',
  },
};
