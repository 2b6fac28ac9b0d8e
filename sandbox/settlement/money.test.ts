import fc from 'fast-check';
import { expect, test } from 'vitest';
import { joined, toCsv } from './csv.ts';
import { adyenFees, feeTotal, stripeFees } from './fees.ts';
import { divideHalfUp, exchange, major, rateBetween, rateText, referenceRate } from './money.ts';

const amounts = fc.bigInt({ min: 1n, max: 99_999_999_999n });

test('halves round away from zero', () => {
  expect([5n, -5n, 4n, 6n, 0n].map((each) => divideHalfUp(each, 10n))).toEqual([1n, -1n, 0n, 1n, 0n]);
  expect(divideHalfUp(5n, -10n)).toBe(-1n);
});

test('amounts have their currency’s decimals', () => {
  expect(major(-5n, 'EUR')).toBe('-0.05');
  expect(major(1_200n, 'JPY')).toBe('1200');
  expect(major(-7n, 'KWD')).toBe('-0.007');
  expect(rateText(1_085_000n)).toBe('1.085');
  expect(rateText(10_000_000n)).toBe('10');
});

test('exchanged there and back at one rate, an amount is the same', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 1n, max: 9_999_999n }),
      fc.constantFrom('USD', 'GBP', 'SEK'),
      (euros, other) => {
        const there = exchange(euros, 'EUR', other, referenceRate('EUR', other) ?? 0n);
        const back = exchange(there, other, 'EUR', rateBetween(there, other, euros, 'EUR'));
        // A rate has six decimals: below ten thousand times that, nothing is lost.
        expect(back - euros).toBeLessThanOrEqual(there / 1_000_000n + 1n);
        expect(euros - back).toBeLessThanOrEqual(there / 1_000_000n + 1n);
      },
    ),
  );
  expect(exchange(1_000n, 'JPY', 'EUR', referenceRate('JPY', 'EUR') ?? 0n)).toBe(613n);
  expect(referenceRate('EUR', 'XAF')).toBeUndefined();
});

test('adyen: the parts of a fee are the rounded whole, and none is negative', () => {
  fc.assert(
    fc.property(amounts, (amount) => {
      const { commission, markup, scheme, interchange } = adyenFees('capture', amount, 'EUR');
      expect(commission).toBe(13n);
      expect((markup ?? 0n) + (scheme ?? 0n) + (interchange ?? 0n)).toBe(divideHalfUp(amount * 6n, 1_000n));
      for (const part of [markup, scheme, interchange]) expect(part).toBeGreaterThanOrEqual(0n);
    }),
    { numRuns: 2_000 },
  );
});

test('what a schedule asks for', () => {
  const stripe = (kind: string, amount: bigint) => feeTotal(stripeFees(kind, amount, 'EUR'));
  expect([stripe('capture', 1_000n), stripe('capture', 50n), stripe('refund', -1_000n)]).toEqual([
    59n,
    31n,
    0n,
  ]);
  expect(stripe('chargeback', -1_000n)).toBe(1_500n);
  // Thirteen euro cents, in the currency that is paid out.
  expect(adyenFees('capture', 0n, 'USD').commission).toBe(14n);
  expect(adyenFees('capture', 0n, 'JPY').commission).toBe(21n);
  expect(adyenFees('capture', 0n, 'XAF').commission).toBe(13n);
});

test('csv is quoted where it must be, and sheets join under all their columns', () => {
  const one = { header: ['a', 'b'], rows: [['1', 'x,"y"']] };
  expect(toCsv(one)).toBe('a,b\n1,"x,""y"""\n');
  const both = joined([one, { header: ['b', 'c'], rows: [['2', '3']] }]);
  expect(both).toEqual({
    header: ['a', 'b', 'c'],
    rows: [
      ['1', 'x,"y"', ''],
      ['', '2', '3'],
    ],
  });
  expect(joined([one], ['b', 'nothing']).rows).toEqual([['x,"y"', '']]);
});
