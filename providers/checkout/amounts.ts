import { exponentOf } from '../../domain/money/currency.ts';
import { fromProviderUnits, toProviderUnits } from '../amounts.ts';

/**
 * Checkout.com's amounts (checkout.com/docs/resources/calculating-the-amount): its list of currencies without decimals and
 * its list of those with three are ISO 4217's but for these, which are among "all other currencies", with two.
 * Rescaling by itself ends CLP in 00, which the same page asks for.
 */
const DEVIATIONS = new Map([
  ['CLP', 2],
  ['UYI', 2],
]);
/** Sent with three decimals, of which the last must be 0. */
const THREE_DECIMALS_LAST_ZERO = new Set(['BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND']);
/** Nine digits at most. */
const LARGEST = 999_999_999;

/** Undefined: Checkout.com cannot charge this amount exactly, so it must not be asked to. */
export function toCheckoutAmount(amountMinor: number, currency: string): number | undefined {
  if (THREE_DECIMALS_LAST_ZERO.has(currency)) {
    return amountMinor % 10 === 0 && amountMinor <= LARGEST ? amountMinor : undefined;
  }
  // Neither list has a currency with four decimals.
  if ((exponentOf(currency) ?? 0) > 2) return undefined;
  const amount = toProviderUnits(amountMinor, currency, DEVIATIONS);
  return amount === undefined || amount > LARGEST ? undefined : amount;
}

export function fromCheckoutAmount(amount: number, currency: string): number | undefined {
  return fromProviderUnits(amount, currency, DEVIATIONS);
}
