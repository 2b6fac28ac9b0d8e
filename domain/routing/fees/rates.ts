import { exponentOf } from '../../money/currency.ts';
import type { ReferenceRates } from './schedule.ts';

/** Neither a price nor a reference rate is known for a currency: an estimate would be an invention. */
export class UnknownRate extends Error {
  readonly currency: string;

  constructor(currency: string) {
    super(`no reference rate for ${currency}`);
    this.name = 'UnknownRate';
    this.currency = currency;
  }
}

/** Halves up, away from zero never: fees are not negative. */
export function dividedHalvesUp(numerator: bigint, denominator: bigint): bigint {
  return (2n * numerator + denominator) / (2n * denominator);
}

function perBase(rates: ReferenceRates, currency: string): bigint {
  if (currency === rates.base) return 1_000_000n;
  const rate = rates.perBasePpm[currency];
  if (rate === undefined) throw new UnknownRate(currency);
  return BigInt(rate);
}

function minorPerMajor(currency: string): bigint {
  const exponent = exponentOf(currency);
  if (exponent === undefined) throw new UnknownRate(currency);
  return 10n ** BigInt(exponent);
}

/** An amount of one currency in minor units of another, by reference rates, halves up. */
export function convertMinor(amountMinor: bigint, from: string, to: string, rates: ReferenceRates): bigint {
  if (from === to) return amountMinor;
  const numerator = amountMinor * perBase(rates, to) * minorPerMajor(to);
  return dividedHalvesUp(numerator, perBase(rates, from) * minorPerMajor(from));
}
