import { z } from 'zod';
import { exponentOf } from '../money/currency.ts';
import type { CaseFile } from './case.ts';
import { kindEntry } from './kinds.ts';

/** How much one person may decide, and how much may be written off at all. In minor units of the case's currency. */
export interface CaseLimits {
  /** Above this a second person approves. */
  readonly fourEyesMinor: number;
  readonly writeOffMinor: number;
}

const amounts = z.record(z.string(), z.int().nonnegative());

/** What a merchant has set, by currency. A currency that isn't named has the platform's limit. */
export const caseLimitsSchema = z
  .object({ four_eyes: amounts.default({}), write_off: amounts.default({}) })
  .default({ four_eyes: {}, write_off: {} });
export type MerchantLimits = z.output<typeof caseLimitsSchema>;

/** The platform's, in units of a currency with cents; one without has as many hundreds, as yen and won are worth. */
const FOUR_EYES = 100;
const WRITE_OFF = 10;
const WITHOUT_CENTS = 100;

function minorOf(units: number, currency: string): number {
  const exponent = exponentOf(currency) ?? 2;
  return exponent === 0 ? units * WITHOUT_CENTS : units * 10 ** exponent;
}

export function limitsFor(currency: string, merchant: MerchantLimits): CaseLimits {
  return {
    fourEyesMinor: merchant.four_eyes[currency] ?? minorOf(FOUR_EYES, currency),
    writeOffMinor: merchant.write_off[currency] ?? minorOf(WRITE_OFF, currency),
  };
}

/** An amount that nobody knows could be any. */
export function needsTwo(
  { kind, amountMinor, currency }: Pick<CaseFile, 'kind' | 'amountMinor' | 'currency'>,
  limits: CaseLimits,
): boolean {
  if (!kindEntry(kind).money) return false;
  return amountMinor === undefined || currency === undefined || amountMinor > limits.fourEyesMinor;
}
