import type { ProviderListing } from '../schema.ts';
import { COMMON_CURRENCIES, RESTRICTED_CATEGORIES, SANCTIONED } from './places.ts';

const MAX_EIGHT_DIGITS = 99_999_999;

/** An account of the United States on standard pricing. Others say so in their overrides. */
export const stripeListing: ProviderListing = {
  entry: {
    countries: { buyer: { except: [...SANCTIONED] }, issuer: { except: [...SANCTIONED] } },
    currencies: { only: [...COMMON_CURRENCIES] },
    methods: [
      {
        method: 'card',
        brands: { only: ['visa', 'mastercard', 'amex', 'discover', 'diners', 'jcb', 'unionpay', 'unknown'] },
      },
    ],
    tickets: {
      USD: { minMinor: 50, maxMinor: MAX_EIGHT_DIGITS },
      EUR: { minMinor: 50, maxMinor: MAX_EIGHT_DIGITS },
      GBP: { minMinor: 30, maxMinor: MAX_EIGHT_DIGITS },
      CAD: { minMinor: 50, maxMinor: MAX_EIGHT_DIGITS },
      AUD: { minMinor: 50, maxMinor: MAX_EIGHT_DIGITS },
      CHF: { minMinor: 50, maxMinor: MAX_EIGHT_DIGITS },
      BRL: { minMinor: 50, maxMinor: MAX_EIGHT_DIGITS },
      MXN: { minMinor: 1_000, maxMinor: MAX_EIGHT_DIGITS },
      JPY: { minMinor: 50, maxMinor: MAX_EIGHT_DIGITS },
      SEK: { minMinor: 300, maxMinor: MAX_EIGHT_DIGITS },
      NOK: { minMinor: 300, maxMinor: MAX_EIGHT_DIGITS },
      DKK: { minMinor: 250, maxMinor: MAX_EIGHT_DIGITS },
      PLN: { minMinor: 200, maxMinor: MAX_EIGHT_DIGITS },
    },
    dailyLimitsMinor: {},
    fees: {
      currency: 'USD',
      settles: ['USD'],
      fxMarginPpm: 10_000,
      establishedIn: 'US',
      regionalCountries: [],
      own: [
        { when: { regions: ['domestic'] }, model: 'blended', ppm: 29_000, fixed: { USD: 30 } },
        { model: 'blended', ppm: 44_000, fixed: { USD: 30 } },
      ],
      interchange: [],
      scheme: [],
      tiers: [],
      expectedMonthlyMinor: 0,
    },
    payout: { cycle: 'daily', delayDays: 2 },
    licences: {
      categories: { except: [...RESTRICTED_CATEGORIES] },
      merchantCountries: { except: [...SANCTIONED] },
    },
    connector: { active: 'stripe-2', versions: [{ version: 'stripe-2' }] },
    source:
      'stripe.com/pricing for the United States (2.9% + 30c, +1.5% international cards, +1% currency conversion) and ' +
      'docs.stripe.com/currencies (minimum charges, eight digits), from memory as of 2026; lists of countries and categories: assumption',
  },
};
