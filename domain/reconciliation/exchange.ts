import { exponentOf } from '../money/currency.ts';
import type { SettlementRow } from './row.ts';

/** Exact decimals, and what an amount is in another currency by one. */
export interface Decimal {
  readonly digits: bigint;
  readonly scale: number;
}

export function decimal(text: string): Decimal {
  const [whole = '0', fraction = ''] = text.split('.');
  return { digits: BigInt(whole + fraction), scale: fraction.length };
}

export function sameScale(one: Decimal, other: Decimal): readonly [bigint, bigint] {
  const scale = Math.max(one.scale, other.scale);
  const raised = ({ digits, scale: own }: Decimal) => digits * 10n ** BigInt(scale - own);
  return [raised(one), raised(other)];
}

/** Rounded half away from zero, to a unit of the other currency. */
export function exchanged(amountMinor: number, rate: Decimal, from: string, to: string): bigint {
  const shift = shiftOf(rate, from, to);
  const product = magnitude(BigInt(amountMinor)) * rate.digits;
  const rounded = shift >= 0 ? product * 10n ** BigInt(shift) : halfUp(product, 10n ** BigInt(-shift));
  return amountMinor < 0 ? -rounded : rounded;
}

export type ExchangedRow = Pick<
  SettlementRow,
  'currency' | 'grossMinor' | 'settlementCurrency' | 'netMinor' | 'feeMinor'
>;

export interface ByItsRate {
  /** What the gross amount is by the rate, in the settlement currency. */
  readonly expectedMinor: bigint;
  /** What net and fee come to more (or, negative, less); 0 where it is no more than rounding. */
  readonly offMinor: bigint;
}

/** A line's net and fee beside what its gross amount is by its own rate, which may be written with few decimals. */
export function byItsRate(row: ExchangedRow, text: string): ByItsRate {
  const rate = decimal(text);
  const { currency, grossMinor, settlementCurrency, netMinor, feeMinor } = row;
  const expectedMinor = exchanged(grossMinor, rate, currency, settlementCurrency);
  const offMinor = BigInt(netMinor + feeMinor) - expectedMinor;
  // A rate written with few decimals is itself off by half of its last one.
  const decimals = Math.max(0, -shiftOf(rate, currency, settlementCurrency));
  const slack = 1n + BigInt(Math.abs(grossMinor)) / 10n ** BigInt(decimals);
  return { expectedMinor, offMinor: magnitude(offMinor) <= slack ? 0n : offMinor };
}

/** By how many places the product of minor units and a rate's digits is moved to the left. */
function shiftOf(rate: Decimal, from: string, to: string): number {
  return (exponentOf(to) ?? 2) - (exponentOf(from) ?? 2) - rate.scale;
}

function halfUp(dividend: bigint, divisor: bigint): bigint {
  return (dividend * 2n + divisor) / (divisor * 2n);
}

export function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value;
}
