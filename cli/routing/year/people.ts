/**
 * Who pays and who is asked in the invented year. Three providers have the prices of our catalogue; the other three are
 * made up after common kinds: a regional one for Latin America, one for the Pacific, and a cheap one for everywhere.
 */
import {
  type Catalogue,
  type CatalogueOverrides,
  resolveCatalogue,
} from '../../../domain/routing/catalogue/index.ts';

export interface Country {
  readonly code: string;
  readonly currency: string;
  /** Of all payments. */
  readonly share: number;
  /** What issuers there approve on average, in log-odds: 2 is 88%, 1 is 73%. */
  readonly logOdds: number;
  /** Half of all payments are below it. */
  readonly medianMinor: number;
}

export const COUNTRIES: readonly Country[] = [
  { code: 'US', currency: 'USD', share: 0.3, logOdds: 2.1, medianMinor: 5_500 },
  { code: 'CA', currency: 'CAD', share: 0.06, logOdds: 2.0, medianMinor: 7_000 },
  { code: 'DE', currency: 'EUR', share: 0.12, logOdds: 2.3, medianMinor: 5_000 },
  { code: 'FR', currency: 'EUR', share: 0.09, logOdds: 2.1, medianMinor: 4_500 },
  { code: 'NL', currency: 'EUR', share: 0.04, logOdds: 2.4, medianMinor: 4_500 },
  { code: 'ES', currency: 'EUR', share: 0.05, logOdds: 1.9, medianMinor: 3_800 },
  { code: 'GB', currency: 'GBP', share: 0.12, logOdds: 2.2, medianMinor: 4_200 },
  { code: 'BR', currency: 'BRL', share: 0.09, logOdds: 1.0, medianMinor: 18_000 },
  { code: 'MX', currency: 'MXN', share: 0.06, logOdds: 0.85, medianMinor: 60_000 },
  { code: 'JP', currency: 'JPY', share: 0.04, logOdds: 1.9, medianMinor: 6_500 },
  { code: 'AU', currency: 'AUD', share: 0.03, logOdds: 2.0, medianMinor: 7_500 },
];

export const BRANDS = [
  { brand: 'visa', share: 0.55, effect: 0 },
  { brand: 'mastercard', share: 0.37, effect: -0.05 },
  { brand: 'amex', share: 0.08, effect: 0.15 },
] as const;

export interface YearAccount {
  readonly id: string;
  readonly provider: string;
  /** How well it does in general, and at home, in log-odds. */
  readonly logOdds: number;
  readonly home: Readonly<Record<string, number>>;
  readonly overrides?: CatalogueOverrides;
}

function invented(overrides: CatalogueOverrides): CatalogueOverrides {
  return {
    ...overrides,
    connector: { active: 'invented-1', versions: [{ version: 'invented-1' }] },
    source: 'assumption: invented for the simulated year',
  };
}

export const ACCOUNTS: readonly YearAccount[] = [
  { id: 'pa_stripe', provider: 'stripe', logOdds: 0.1, home: { US: 0.2, CA: 0.2 } },
  { id: 'pa_adyen', provider: 'adyen', logOdds: 0.1, home: { DE: 0.2, FR: 0.2, NL: 0.2, ES: 0.2 } },
  { id: 'pa_checkout', provider: 'checkout', logOdds: 0, home: { GB: 0.25 } },
  {
    id: 'pa_latin',
    provider: 'latin',
    logOdds: -0.2,
    home: { BR: 0.6, MX: 0.6 },
    overrides: invented({
      currencies: { only: ['BRL', 'MXN', 'USD'] },
      fees: {
        currency: 'BRL',
        settles: ['BRL', 'MXN', 'USD'],
        establishedIn: 'BR',
        regionalCountries: ['MX'],
        own: [{ model: 'blended', ppm: 34_000, fixed: { BRL: 60, MXN: 400, USD: 20 } }],
      },
    }),
  },
  {
    id: 'pa_pacific',
    provider: 'pacific',
    logOdds: -0.2,
    home: { JP: 0.5, AU: 0.5 },
    overrides: invented({
      currencies: { only: ['JPY', 'AUD', 'USD', 'CAD'] },
      fees: {
        currency: 'AUD',
        settles: ['JPY', 'AUD', 'USD', 'CAD'],
        establishedIn: 'AU',
        regionalCountries: ['JP'],
        own: [
          {
            when: { regions: ['domestic', 'regional'] },
            model: 'blended',
            ppm: 17_500,
            fixed: { AUD: 30, JPY: 30 },
          },
          { model: 'blended', ppm: 30_000, fixed: { AUD: 30, USD: 20, CAD: 25 } },
        ],
      },
    }),
  },
  {
    id: 'pa_thrift',
    provider: 'thrift',
    logOdds: -0.2,
    home: {},
    overrides: invented({
      fees: {
        currency: 'EUR',
        settles: ['EUR', 'USD', 'GBP', 'CAD'],
        fxMarginPpm: 6_000,
        establishedIn: 'IE',
        regionalCountries: ['DE', 'FR', 'NL', 'ES'],
        own: [
          { when: { regions: ['domestic', 'regional'] }, model: 'blended', ppm: 8_000, fixed: { EUR: 10 } },
          { model: 'blended', ppm: 24_500, fixed: { EUR: 10 } },
        ],
      },
    }),
  },
];

export function yearCatalogue(): Catalogue {
  return resolveCatalogue(ACCOUNTS);
}
