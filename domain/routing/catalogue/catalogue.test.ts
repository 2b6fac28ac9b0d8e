import { describe, expect, it } from 'vitest';
import { estimateFee } from '../fees/index.ts';
import {
  type CatalogueOverrides,
  catalogueEntrySchema,
  catalogueId,
  catalogueOverridesSchema,
  catalogueSchema,
  connectorOf,
  inScope,
  PROVIDER_CATALOGUE,
  REFERENCE_RATES,
  resolveCatalogue,
  UNLISTED_ENTRY,
} from './index.ts';

const resolved = (overrides: CatalogueOverrides, provider = 'stripe') => {
  const entry = resolveCatalogue([{ id: 'pa_1', provider, overrides }]).accounts.pa_1;
  if (entry === undefined) throw new Error('the account is not in its catalogue');
  return entry;
};

describe('the catalogue', () => {
  it('has an entry of the right form, with its source, for each provider that ships', () => {
    for (const [name, { entry }] of Object.entries(PROVIDER_CATALOGUE)) {
      expect(catalogueEntrySchema.safeParse(entry).error, name).toBeUndefined();
      expect(entry.source, name).toMatch(/assumption|pricing/);
    }
    expect(Object.keys(PROVIDER_CATALOGUE)).toEqual(expect.arrayContaining(['stripe', 'adyen', 'checkout']));
  });

  it('can price every currency that it lists', () => {
    for (const { entry } of Object.values(PROVIDER_CATALOGUE)) {
      for (const currency of entry.currencies.only ?? []) {
        const facts = { amountMinor: 10_000, currency };
        expect(() => estimateFee(entry.fees, facts, REFERENCE_RATES), currency).not.toThrow();
      }
    }
  });

  it('takes an account’s overrides key by key, and leaves the provider’s list as it was', () => {
    const listed = JSON.stringify(PROVIDER_CATALOGUE.stripe);
    const entry = resolved({ tickets: { USD: { maxMinor: 5_000 } }, fees: { fxMarginPpm: 1 } });
    expect(entry.tickets.USD).toEqual({ maxMinor: 5_000 });
    expect(entry.tickets.EUR).toEqual(PROVIDER_CATALOGUE.stripe?.entry.tickets.EUR);
    expect(entry.fees).toEqual({ ...PROVIDER_CATALOGUE.stripe?.entry.fees, fxMarginPpm: 1 });
    expect(JSON.stringify(PROVIDER_CATALOGUE.stripe)).toBe(listed);
  });

  it('prices a provider that nobody described above all that somebody did', () => {
    const facts = { amountMinor: 10_000, currency: 'USD', issuerCountry: 'US', brand: 'visa' };
    const unlisted = estimateFee(resolved({}, 'nobody').fees, facts, REFERENCE_RATES).totalMinor;
    for (const { entry } of Object.values(PROVIDER_CATALOGUE)) {
      expect(estimateFee(entry.fees, facts, REFERENCE_RATES).totalMinor).toBeLessThan(unlisted);
    }
    expect(catalogueEntrySchema.safeParse(UNLISTED_ENTRY).success).toBe(true);
  });

  it('is named by its content, in whatever order it was written', () => {
    const one = resolveCatalogue([
      { id: 'pa_1', provider: 'stripe' },
      { id: 'pa_2', provider: 'adyen' },
    ]);
    const other = resolveCatalogue([
      { id: 'pa_2', provider: 'adyen' },
      { id: 'pa_1', provider: 'stripe', overrides: {} },
    ]);
    expect(catalogueId(other)).toBe(catalogueId(one));
    expect(catalogueId(catalogueSchema.parse(JSON.parse(JSON.stringify(one))))).toBe(catalogueId(one));
    const dearer = resolveCatalogue([
      { id: 'pa_1', provider: 'stripe', overrides: { fees: { fxMarginPpm: 2 } } },
    ]);
    expect(catalogueId(dearer)).not.toBe(catalogueId(one));
  });

  it('refuses overrides with unknown keys, an active version that isn’t there, and prices with a gap', () => {
    const refused = (overrides: unknown) => catalogueOverridesSchema.safeParse(overrides).success === false;
    expect(refused({ curencies: {} })).toBe(true);
    expect(refused({ connector: { active: 'b', versions: [{ version: 'a' }] } })).toBe(true);
    expect(refused({ fees: { own: [{ when: { brands: ['visa'] }, model: 'blended', ppm: 1 }] } })).toBe(true);
    expect(refused({ dailyLimitsMinor: { EUR: 100 } })).toBe(false);
  });
});

describe('a scope', () => {
  it('means all, the listed, or all but the excluded; what isn’t known is in it', () => {
    expect(inScope({}, 'DE')).toBe(true);
    expect(inScope({ only: ['DE'] }, 'FR')).toBe(false);
    expect(inScope({ except: ['DE'] }, 'DE')).toBe(false);
    expect(inScope({ only: ['DE'] }, undefined)).toBe(true);
  });
});

describe('a connector version', () => {
  const entry = resolved({
    connector: {
      active: 'a-2',
      versions: [
        { version: 'a-0', retired: true },
        { version: 'a-1', deprecatedAfterMs: 100 },
        { version: 'a-2' },
      ],
    },
  });

  it('is rolled back by naming the other one that ships', () => {
    const { versions } = entry.connector;
    expect(resolved({ connector: { active: 'a-1', versions } }).connector.active).toBe('a-1');
  });

  it('is current, deprecated from a time on, retired, or not listed', () => {
    expect(['a-2', 'a-1', 'a-0', 'a-9'].map((version) => connectorOf(entry, version, 101))).toEqual([
      'current',
      'deprecated',
      'retired',
      'unlisted',
    ]);
    expect(connectorOf(entry, 'a-1', 100)).toBe('current');
  });
});
