import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PROVIDER_CATALOGUE, REFERENCE_RATES } from '../catalogue/index.ts';
import { convertMinor, estimateFee, type FeeFacts, type FeeSchedule, UnknownRate } from './index.ts';

const RATES = {
  asOf: '2026-01-01',
  base: 'EUR',
  perBasePpm: { USD: 1_200_000, JPY: 150_000_000 },
  source: 'test',
};
const BLENDED: FeeSchedule = {
  currency: 'USD',
  settles: ['USD'],
  fxMarginPpm: 10_000,
  establishedIn: 'US',
  regionalCountries: ['CA'],
  own: [
    { when: { regions: ['domestic'] }, model: 'blended', ppm: 29_000, fixed: { USD: 30 } },
    { model: 'blended', ppm: 44_000, fixed: { USD: 30 } },
  ],
  interchange: [],
  scheme: [],
  tiers: [],
  expectedMonthlyMinor: 0,
};
const facts = (given: Partial<FeeFacts>): FeeFacts => ({ amountMinor: 10_000, currency: 'USD', ...given });
const fee = (schedule: FeeSchedule, given: Partial<FeeFacts>) => estimateFee(schedule, facts(given), RATES);

describe('a fee', () => {
  it('is a percentage and a fixed part, by the card’s region', () => {
    expect(fee(BLENDED, { issuerCountry: 'US' })).toEqual({
      totalMinor: 320,
      parts: [
        { kind: 'percentage', amountMinor: 290 },
        { kind: 'fixed', amountMinor: 30 },
      ],
    });
    expect(fee(BLENDED, { issuerCountry: 'FR' }).totalMinor).toBe(470);
  });

  it('takes an unknown country for abroad, and the buyer’s where the issuer’s is unknown', () => {
    expect(fee(BLENDED, {}).totalMinor).toBe(470);
    expect(fee(BLENDED, { buyerCountry: 'US' }).totalMinor).toBe(320);
  });

  it('is rounded halves up, part by part', () => {
    // 2.9% of 50 is 1.45; of 1,500 it is 43.5.
    expect(fee(BLENDED, { amountMinor: 50, issuerCountry: 'US' }).totalMinor).toBe(31);
    expect(fee(BLENDED, { amountMinor: 1_500, issuerCountry: 'US' }).totalMinor).toBe(74);
  });

  it('keeps decimals of a basis point', () => {
    const schedule: FeeSchedule = { ...BLENDED, own: [{ model: 'blended', ppm: 125 }] };
    expect(fee(schedule, { amountMinor: 1_000_000 }).totalMinor).toBe(125);
  });

  it('in a currency that is not settled has the margin of the exchange, and the fixed part converted', () => {
    const { parts } = fee(BLENDED, { amountMinor: 10_000, currency: 'JPY', issuerCountry: 'JP' });
    // 30 cents are 0.25 EUR, which are 37.5 yen.
    expect(parts).toEqual([
      { kind: 'percentage', amountMinor: 440 },
      { kind: 'fixed', amountMinor: 38 },
      { kind: 'fx', amountMinor: 100 },
    ]);
  });

  it('on interchange++ shows what the issuer, the scheme and the provider take', () => {
    const schedule: FeeSchedule = {
      ...BLENDED,
      own: [{ model: 'interchange_plus_plus', ppm: 6_000, fixed: { USD: 13 } }],
      interchange: [
        { when: { funding: ['debit'] }, ppm: 2_000 },
        { ppm: 18_000, fixed: { USD: 10 } },
      ],
      scheme: [{ ppm: 1_300, fixed: { USD: 2 } }],
    };
    const kinds = (funding: 'debit' | 'credit') =>
      Object.fromEntries(fee(schedule, { funding }).parts.map((part) => [part.kind, part.amountMinor]));
    expect(kinds('debit')).toEqual({ markup: 60, fixed: 13, interchange: 20, scheme: 15 });
    expect(kinds('credit')).toMatchObject({ interchange: 190 });
    // What isn't known of a card counts as the dearer guess.
    expect(fee(schedule, {}).totalMinor).toBe(fee(schedule, { funding: 'credit' }).totalMinor);
  });

  it('is lower from the highest tier that the month has reached, and never below nothing', () => {
    const tiers = [
      { fromMonthlyMinor: 1_000_000, discountPpm: 50_000 },
      { fromMonthlyMinor: 1_000, discountPpm: 4_000 },
    ];
    const schedule: FeeSchedule = { ...BLENDED, tiers, expectedMonthlyMinor: 999 };
    const at = (monthlyVolumeMinor?: number) =>
      fee(schedule, monthlyVolumeMinor === undefined ? {} : { monthlyVolumeMinor }).totalMinor;
    expect([at(), at(1_000), at(1_000_000)]).toEqual([470, 430, 30]);
  });

  it('in a currency without a rate is refused, not invented', () => {
    expect(() => fee(BLENDED, { currency: 'ISK' })).toThrow(UnknownRate);
  });
});

const anyFacts = fc.record({
  amountMinor: fc.integer({ min: 0, max: 999_999_999_999 }),
  currency: fc.constantFrom(...Object.keys(REFERENCE_RATES.perBasePpm)),
  brand: fc.constantFrom('visa', 'mastercard', 'amex', 'unknown'),
  funding: fc.constantFrom('credit', 'debit', 'prepaid'),
  issuerCountry: fc.constantFrom('US', 'NL', 'DE', 'GB', 'BR'),
});

describe('the fees of every provider that we list', () => {
  const schedules = Object.values(PROVIDER_CATALOGUE).map(({ entry }) => entry.fees);

  it('are the sum of their parts, none of them negative', () => {
    fc.assert(
      fc.property(anyFacts, fc.constantFrom(...schedules), (given, schedule) => {
        const { totalMinor, parts } = estimateFee(schedule, given as FeeFacts, REFERENCE_RATES);
        expect(parts.reduce((sum, { amountMinor }) => sum + amountMinor, 0)).toBe(totalMinor);
        expect(parts.every(({ amountMinor }) => Number.isSafeInteger(amountMinor) && amountMinor > 0)).toBe(
          true,
        );
      }),
    );
  });

  it('never fall when the amount rises', () => {
    fc.assert(
      fc.property(anyFacts, fc.constantFrom(...schedules), fc.nat(1_000_000), (given, schedule, more) => {
        const total = (amountMinor: number) =>
          estimateFee(schedule, { ...given, amountMinor } as FeeFacts, REFERENCE_RATES).totalMinor;
        expect(total(given.amountMinor + more)).toBeGreaterThanOrEqual(total(given.amountMinor));
      }),
    );
  });
});

describe('an exchange by reference rates', () => {
  it('knows that yen have no decimals, and rounds halves up', () => {
    expect(convertMinor(100n, 'EUR', 'JPY', RATES)).toBe(150n);
    expect(convertMinor(1n, 'JPY', 'USD', RATES)).toBe(1n);
    expect(convertMinor(12_345n, 'USD', 'USD', RATES)).toBe(12_345n);
  });
});
