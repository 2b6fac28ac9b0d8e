// Checkout.com's amounts on the wire (checkout.com/docs/resources/calculating-the-amount): whole units for one list
// of currencies, thousandths with a last digit of 0 for another, hundredths for all the rest; nine digits at most.
import { isoExponent, rescale } from '../currencies.ts';

const WHOLE = new Set('BIF DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF'.split(' '));
const THOUSANDTHS = new Set('BHD IQD JOD KWD LYD OMR TND'.split(' '));
const LARGEST = 999_999_999;

function wireExponent(currency: string): number {
  return WHOLE.has(currency) ? 0 : THOUSANDTHS.has(currency) ? 3 : 2;
}

export function isCurrency(currency: string): boolean {
  return isoExponent(currency) !== undefined;
}

/** Why Checkout.com would not take an amount; undefined where it would. */
export function problemOf(amount: number, currency: string): string | undefined {
  if (!Number.isInteger(amount) || amount <= 0 || amount > LARGEST) return 'amount_invalid';
  if (THOUSANDTHS.has(currency) && amount % 10 !== 0) return 'amount_invalid';
  return toMinor(amount, currency) === undefined ? 'amount_invalid' : undefined;
}

/** ISO 4217 minor units; undefined where the wire amount has a fraction that ISO doesn't know. */
export function toMinor(amount: number, currency: string): number | undefined {
  return rescale(amount, wireExponent(currency), isoExponent(currency) ?? 2);
}

export function fromMinor(amountMinor: number, currency: string): number {
  return rescale(amountMinor, isoExponent(currency) ?? 2, wireExponent(currency)) ?? amountMinor;
}
