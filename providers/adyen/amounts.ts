import { fromProviderUnits, toProviderUnits } from '../amounts.ts';

/** docs.adyen.com/development-resources/currency-codes: ISO 4217 minor units but for these four. */
const DEVIATIONS = new Map([
  ['CLP', 2],
  ['CVE', 0],
  ['IDR', 0],
  ['ISK', 2],
]);

/** Undefined: Adyen cannot charge this amount exactly, so it must not be asked to. */
export function toAdyenAmount(amountMinor: number, currency: string): number | undefined {
  return toProviderUnits(amountMinor, currency, DEVIATIONS);
}

export function fromAdyenAmount(value: number, currency: string): number | undefined {
  return fromProviderUnits(value, currency, DEVIATIONS);
}
