import { AssertionFailure } from '../machine.ts';

/**
 * An amount is a whole number of minor units with its ISO 4217 currency. One payment's amount is a
 * safe integer (so it survives JSON); sums over many payments are `bigint`.
 */
export interface Money {
  readonly amountMinor: number;
  readonly currency: string;
}

/** The largest single amount accepted anywhere: 12 digits, what the card networks' field 4 carries. */
export const MAX_AMOUNT_MINOR = 999_999_999_999;

export function isAmountMinor(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value <= MAX_AMOUNT_MINOR;
}

export function assertAmountMinor(value: number): number {
  if (!isAmountMinor(value)) throw new AssertionFailure(`not an amount in minor units: ${value}`);
  return value;
}
