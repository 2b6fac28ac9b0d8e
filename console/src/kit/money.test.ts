import { describe, expect, it } from 'vitest';
import { currencies, exponentOf as exponentOfIso } from '../../../domain/money/currency.ts';
import { decimalOf, exponentOf, formatMoney, minorOf } from './money.ts';

describe('money in the console', () => {
  it('has the decimals that the API counts in, in every currency', () => {
    const differing = currencies().filter((code) => exponentOf(code) !== exponentOfIso(code));
    expect(differing).toEqual([]);
    expect(currencies().length).toBeGreaterThan(150);
  });

  it('reads as the amount that it is', () => {
    expect(formatMoney(3_500_00, 'HUF')).toBe('3,500.00');
    expect(formatMoney(1_234_567, 'IQD')).toBe('1,234.567');
    expect(formatMoney('-900719925474099345', 'EUR')).toBe('-9,007,199,254,740,993.45');
    expect(formatMoney(1_500, 'JPY')).toBe('1,500');
    expect(formatMoney(5, 'EUR')).toBe('0.05');
  });

  it('that is typed is taken to the digit', () => {
    expect(minorOf('49.00', 'EUR')).toBe(4_900);
    expect(minorOf(' 49,5 ', 'EUR')).toBe(4_950);
    expect(minorOf('1.1', 'KWD')).toBe(1_100);
    expect(minorOf('35', 'COP')).toBe(3_500);
    expect(minorOf('1500', 'JPY')).toBe(1_500);
    // 8.165 * 1000 is 8164.999… as a double.
    expect(minorOf('8.165', 'BHD')).toBe(8_165);
  });

  it('that is no exact amount is refused, never rounded', () => {
    for (const text of [
      '',
      '.5',
      '1.005',
      '1e3',
      '-1',
      '+1',
      '1 000',
      '1,000',
      '1.2.3',
      'ten',
      '0x10',
      'NaN',
    ])
      expect(minorOf(text, 'EUR'), text).toBeUndefined();
    expect(minorOf('1.5', 'JPY')).toBeUndefined();
    // A thousand dinars or one?
    expect(minorOf('1,000', 'KWD')).toBeUndefined();
    expect(minorOf('10000000000.00', 'EUR')).toBeUndefined();
  });

  it('comes back from the field that it began', () => {
    for (const currency of currencies())
      expect(minorOf(decimalOf(123_456_789, currency), currency), currency).toBe(123_456_789);
  });
});
