// Exact arithmetic for settlement files: bigint minor units, and exchange rates in millionths.
import { isoExponent } from '../currencies.ts';

const RATE_SCALE = 1_000_000n;

/** What one euro buys. Reference rates of the sandbox: fixed, so that a test can say what a rate should be. */
const PER_EURO: Readonly<Record<string, bigint>> = {
  EUR: 1_000_000n,
  USD: 1_085_000n,
  GBP: 842_000n,
  CHF: 948_000n,
  JPY: 163_200_000n,
  SEK: 11_450_000n,
  NOK: 11_700_000n,
  DKK: 7_460_000n,
  PLN: 4_290_000n,
  CAD: 1_490_000n,
  AUD: 1_650_000n,
  KWD: 333_000n,
};

/** Half a unit goes away from zero, whatever the sign. */
export function divideHalfUp(dividend: bigint, divisor: bigint): bigint {
  const negative = dividend < 0n !== divisor < 0n;
  const [top, bottom] = [dividend < 0n ? -dividend : dividend, divisor < 0n ? -divisor : divisor];
  const quotient = (top * 2n + bottom) / (bottom * 2n);
  return negative ? -quotient : quotient;
}

function exponentOf(currency: string): number {
  return isoExponent(currency) ?? 2;
}

/** Millionths of `to` for one unit of `from`; undefined where the sandbox has no rate. */
export function referenceRate(from: string, to: string): bigint | undefined {
  const [source, target] = [PER_EURO[from], PER_EURO[to]];
  if (source === undefined || target === undefined) return undefined;
  return divideHalfUp(target * RATE_SCALE, source);
}

/** Minor units of `to` for minor units of `from`. */
export function exchange(amountMinor: bigint, from: string, to: string, rateMillionths: bigint): bigint {
  const up = 10n ** BigInt(exponentOf(to));
  const down = RATE_SCALE * 10n ** BigInt(exponentOf(from));
  return divideHalfUp(amountMinor * rateMillionths * up, down);
}

/** The rate at which `fromMinor` becomes `toMinor`. */
export function rateBetween(fromMinor: bigint, from: string, toMinor: bigint, to: string): bigint {
  const scaled = toMinor * RATE_SCALE * 10n ** BigInt(exponentOf(from));
  return divideHalfUp(scaled, fromMinor * 10n ** BigInt(exponentOf(to)));
}

function decimal(units: bigint, digits: number): string {
  const text = (units < 0n ? -units : units).toString().padStart(digits + 1, '0');
  const sign = units < 0n ? '-' : '';
  if (digits === 0) return sign + text;
  return `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

/** Major units with the currency's own number of decimals: `-12.50`, `1200`, `0.750`. */
export function major(amountMinor: bigint, currency: string): string {
  return decimal(amountMinor, exponentOf(currency));
}

export function rateText(rateMillionths: bigint): string {
  return decimal(rateMillionths, 6).replace(/\.?0+$/, '');
}

/** JSON has no bigint; the sandbox's sums stay far below what a number holds exactly. */
export function toNumber(amountMinor: bigint): number {
  const value = Number(amountMinor);
  if (!Number.isSafeInteger(value)) throw new Error(`${amountMinor} is too large for a JSON number`);
  return value;
}

export function sum(amounts: Iterable<bigint>): bigint {
  let total = 0n;
  for (const amount of amounts) total += amount;
  return total;
}
