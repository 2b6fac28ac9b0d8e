// Adyen's amounts on the wire (docs.adyen.com/development-resources/currency-codes): ISO 4217 minor units,
// except for four currencies whose decimals in Adyen's table differ from the standard.
import { isoExponent, rescale } from '../currencies.ts';

const DEVIATIONS = new Map([
  ['CLP', 2],
  ['CVE', 0],
  ['IDR', 0],
  ['ISK', 2],
]);

function wireExponent(currency: string): number | undefined {
  return DEVIATIONS.get(currency) ?? isoExponent(currency);
}

export function isCurrency(currency: string): boolean {
  return wireExponent(currency) !== undefined;
}

/** ISO 4217 minor units; undefined when the wire amount has a fraction that ISO doesn't know. */
export function toMinor(value: number, currency: string): number | undefined {
  return rescale(value, wireExponent(currency) ?? 2, isoExponent(currency) ?? 2);
}

export function fromMinor(amountMinor: number, currency: string): number {
  return rescale(amountMinor, isoExponent(currency) ?? 2, wireExponent(currency) ?? 2) ?? amountMinor;
}
