import { exponentOf } from '../../domain/money/currency.ts';
import { fromProviderUnits, toProviderUnits } from '../amounts.ts';

/**
 * Stripe's amounts (docs.stripe.com/currencies, "Minor units in API amounts" and "Special cases").
 * Where its decimals differ from ISO 4217: MGA has none; ISK and UGX have none in ISO, yet are sent with
 * two that must be 00 (which rescaling gives by itself).
 */
const DEVIATIONS = new Map([
  ['MGA', 0],
  ['ISK', 2],
  ['UGX', 2],
]);
/** Sent with three decimals, of which the last must be 0. */
const THREE_DECIMALS_LAST_ZERO = new Set(['BHD', 'JOD', 'KWD', 'OMR', 'TND']);

/** Undefined: Stripe cannot charge this amount exactly, so it must not be asked to. */
export function toStripeAmount(amountMinor: number, currency: string): number | undefined {
  if (THREE_DECIMALS_LAST_ZERO.has(currency)) return amountMinor % 10 === 0 ? amountMinor : undefined;
  if ((exponentOf(currency) ?? 0) > 2) return undefined;
  return toProviderUnits(amountMinor, currency, DEVIATIONS);
}

export function fromStripeAmount(amount: number, currency: string): number | undefined {
  return fromProviderUnits(amount, currency, DEVIATIONS);
}
