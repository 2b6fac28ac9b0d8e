import { exponentOf } from '../domain/money/currency.ts';

/** For each currency where a provider's decimals differ from ISO 4217: the provider's. */
export type Deviations = ReadonlyMap<string, number>;

function rescale(amount: number, fromExponent: number, toExponent: number): number | undefined {
  if (toExponent >= fromExponent) {
    const scaled = amount * 10 ** (toExponent - fromExponent);
    return Number.isSafeInteger(scaled) ? scaled : undefined;
  }
  const divisor = 10 ** (fromExponent - toExponent);
  return amount % divisor === 0 ? amount / divisor : undefined;
}

/** ISO minor units in a provider's convention; undefined where that would not be a whole number. */
export function toProviderUnits(
  amountMinor: number,
  currency: string,
  deviations: Deviations,
): number | undefined {
  const iso = exponentOf(currency);
  return iso === undefined ? undefined : rescale(amountMinor, iso, deviations.get(currency) ?? iso);
}

/** A provider's amount in ISO minor units; undefined where that would not be a whole number. */
export function fromProviderUnits(
  amount: number,
  currency: string,
  deviations: Deviations,
): number | undefined {
  const iso = exponentOf(currency);
  return iso === undefined ? undefined : rescale(amount, deviations.get(currency) ?? iso, iso);
}
