import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BadValue, parseCurrency, parseDecimal, parseMinor, parseRounded, roundTo } from './decimal.ts';
import { toUtc } from './time.ts';

function reasonOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof BadValue) return error.reason;
    throw error;
  }
  return 'none';
}

describe('amounts', () => {
  test('every whole number of minor units is read back from its decimals, without a float between', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -999_999_999_999_999, max: 999_999_999_999_999 }),
        fc.integer({ min: 0, max: 4 }),
        (minor, exponent) => {
          const digits = String(Math.abs(minor)).padStart(exponent + 1, '0');
          const whole = digits.slice(0, digits.length - exponent);
          const text = `${minor < 0 ? '-' : ''}${whole}${exponent === 0 ? '' : `.${digits.slice(-exponent)}`}`;
          expect(parseMinor(text, exponent, 'major')).toBe(minor);
          expect(parseMinor(String(minor), exponent, 'minor')).toBe(minor);
        },
      ),
    );
  });

  test.each([
    ['0.07', 2, 7],
    ['1.1', 2, 110],
    ['-0.5', 2, -50],
    ['-0', 2, 0],
    ['10.00', 0, 10],
    ['4.350', 3, 4350],
    ['1.10000', 2, 110],
    ['007', 2, 700],
  ])('%s with %i decimals is %i', (text, exponent, minor) => {
    expect(parseMinor(text, exponent, 'major')).toBe(minor);
  });

  test.each([
    ['12,34', 'decimal_comma'],
    ['5,200', 'decimal_comma'],
    ['1.234,56', 'decimal_comma'],
    ['0.001', 'wrong_exponent'],
    ['1.', 'bad_amount'],
    ['.5', 'bad_amount'],
    ['+5', 'bad_amount'],
    [' 5', 'bad_amount'],
    ['', 'bad_amount'],
    ['-', 'bad_amount'],
    ['1e3', 'bad_amount'],
    ['Infinity', 'bad_amount'],
    ['٣', 'bad_amount'],
    ['123456789012345678', 'amount_too_large'],
  ])('"%s" is refused: %s', (text, reason) => {
    expect(reasonOf(() => parseMinor(text, 2, 'major'))).toBe(reason);
  });

  test('minor units have no decimal point, not even before zeros', () => {
    expect(reasonOf(() => parseMinor('5200.00', 2, 'minor'))).toBe('wrong_exponent');
  });

  test('what rounding takes away is known exactly', () => {
    const unit = 10n ** 12n;
    expect(parseRounded('0.125', 2)).toEqual({ minor: 13, residue: -unit / 2n });
    expect(parseRounded('-0.125', 2)).toEqual({ minor: -13, residue: unit / 2n });
    expect(parseRounded('0.1', 2)).toEqual({ minor: 10, residue: 0n });
    expect(roundTo(parseDecimal('2.5') ?? { digits: 0n, scale: 0 }, 0)).toBe(3n);
  });

  test('currencies are known in either case, and funds codes are none', () => {
    expect(parseCurrency('usd')).toBe('USD');
    for (const text of ['XXX', 'US', 'usdd', 'XAU', '']) {
      expect(reasonOf(() => parseCurrency(text))).toBe('bad_currency');
    }
  });
});

describe('times', () => {
  test.each([
    ['2026-01-30 10:11:12', 'UTC', '2026-01-30T10:11:12.000Z'],
    ['2026/01/30 10:11:12', 'UTC', '2026-01-30T10:11:12.000Z'],
    ['2026-01-30 10:11:12', 'PST', '2026-01-30T18:11:12.000Z'],
    ['2026-07-30 10:11:12', 'PDT', '2026-07-30T17:11:12.000Z'],
    ['2026-07-30 10:11:12', 'Europe/Amsterdam', '2026-07-30T08:11:12.000Z'],
    ['2026-01-30 10:11:12', 'Europe/Amsterdam', '2026-01-30T09:11:12.000Z'],
    ['2026-01-30 10:11:12', 'Asia/Kolkata', '2026-01-30T04:41:12.000Z'],
    ['2026-01-30 10:11:12 -0800', 'UTC', '2026-01-30T18:11:12.000Z'],
    ['2026-01-30T10:11:12Z', 'CET', '2026-01-30T10:11:12.000Z'],
    ['2026-01-30T10:11:12.5+02:00', 'UTC', '2026-01-30T08:11:12.500Z'],
    ['2026-01-30', 'UTC', '2026-01-30T00:00:00.000Z'],
    ['2026-01-30 10:11', 'GMT', '2026-01-30T10:11:00.000Z'],
    // An hour that comes twice is taken the first time, one that is skipped as the clock before would say.
    ['2026-10-25 02:30:00', 'Europe/Amsterdam', '2026-10-25T00:30:00.000Z'],
    ['2026-03-29 02:30:00', 'Europe/Amsterdam', '2026-03-29T01:30:00.000Z'],
  ])('%s in %s is %s', (text, zone, utc) => {
    expect(toUtc(text, zone)).toBe(utc);
  });

  test('days first or months first only where a layout says so', () => {
    expect(toUtc('30.01.2026 08:00', 'UTC', 'dmy')).toBe('2026-01-30T08:00:00.000Z');
    expect(toUtc('01/30/2026', 'UTC', 'mdy')).toBe('2026-01-30T00:00:00.000Z');
    expect(reasonOf(() => toUtc('01/30/2026', 'UTC'))).toBe('bad_time');
  });

  test.each([
    ['2026-02-29 00:00:00', 'UTC', 'bad_time'],
    ['2026-01-30 24:00:00', 'UTC', 'bad_time'],
    ['2026-1-30', 'UTC', 'bad_time'],
    ['2026-01-30 10:11:12', 'Mars/Olympus', 'bad_time_zone'],
    ['2026-01-30 10:11:12', '', 'bad_time_zone'],
    ['2026-01-30 10:11:12 +9900', 'UTC', 'bad_time_zone'],
  ])('%s in "%s" is refused: %s', (text, zone, reason) => {
    expect(reasonOf(() => toUtc(text, zone))).toBe(reason);
  });
});
