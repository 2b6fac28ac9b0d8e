import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { currencies } from '../domain/money/currency.ts';
import { MAX_AMOUNT_MINOR } from '../domain/money/money.ts';
import { fromAdyenAmount, toAdyenAmount } from './adyen/amounts.ts';
import { fromCheckoutAmount, toCheckoutAmount } from './checkout/amounts.ts';
import { fromStripeAmount, toStripeAmount } from './stripe/amounts.ts';

const conventions = [
  { name: 'Stripe', to: toStripeAmount, from: fromStripeAmount },
  { name: 'Adyen', to: toAdyenAmount, from: fromAdyenAmount },
  { name: 'Checkout.com', to: toCheckoutAmount, from: fromCheckoutAmount },
];

describe.each(conventions)('$name', ({ to, from }) => {
  it('gives back every amount of every currency exactly, or refuses it', () => {
    const amount = fc.integer({ min: 0, max: MAX_AMOUNT_MINOR });
    fc.assert(
      fc.property(fc.constantFrom(...currencies()), amount, (currency, amountMinor) => {
        const sent = to(amountMinor, currency);
        if (sent === undefined) return;
        expect(Number.isSafeInteger(sent)).toBe(true);
        expect(from(sent, currency)).toBe(amountMinor);
      }),
      { numRuns: 2_000 },
    );
  });

  it('refuses what is not a currency', () => {
    for (const code of ['XXX', 'XTS', 'EURO', 'eur', '']) expect(to(100, code)).toBeUndefined();
  });
});

describe('as the providers publish it', () => {
  it.each([
    ['EUR', 1_099, 1_099, 1_099, 1_099],
    ['JPY', 500, 500, 500, 500],
    ['KRW', 500, 500, 500, 500],
    ['KWD', 5_120, 5_120, 5_120, 5_120],
    ['KWD', 5_124, undefined, 5_124, undefined],
    ['ISK', 5, 500, 500, 5],
    ['UGX', 5, 500, 5, 5],
    ['MGA', 500, 5, 500, 500],
    ['MGA', 501, undefined, 501, 501],
    ['CLP', 9, 9, 900, 900],
    ['CVE', 100, 100, 1, 100],
    ['CVE', 101, 101, undefined, 101],
    ['IDR', 1_500_000, 1_500_000, 15_000, 1_500_000],
    ['IDR', 1_500_001, 1_500_001, undefined, 1_500_001],
    ['IQD', 1_000, undefined, 1_000, 1_000],
    ['EUR', 1_000_000_000, 1_000_000_000, 1_000_000_000, undefined],
  ])(
    '%s %i minor units are %s at Stripe, %s at Adyen and %s at Checkout.com',
    (currency, amountMinor, stripe, adyen, checkout) => {
      expect(toStripeAmount(amountMinor, currency)).toBe(stripe);
      expect(toAdyenAmount(amountMinor, currency)).toBe(adyen);
      expect(toCheckoutAmount(amountMinor, currency)).toBe(checkout);
    },
  );
});
