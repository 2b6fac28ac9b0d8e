import type { RetryAdvice } from '../../payment/outcome.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export interface AdviceCode {
  readonly advice: RetryAdvice;
  readonly meaning: string;
  /** Not before; unscaled milliseconds. */
  readonly waitMs?: number;
}

/**
 * What a network, or the provider in its place, says is to be done: Mastercard's merchant advice codes, and Stripe's
 * words for the same. It speaks of this very card, so it is asked before the reason.
 */
export const ADVICE_CODES: Readonly<Record<string, AdviceCode>> = {
  '01': { advice: 'correct_and_retry', meaning: 'new account information available' },
  '02': { advice: 'retry_later', meaning: 'try again later' },
  '03': { advice: 'never', meaning: 'do not try again' },
  '04': { advice: 'correct_and_retry', meaning: 'token requirements not fulfilled' },
  '21': { advice: 'never', meaning: 'the cardholder has stopped recurring payments' },
  '22': { advice: 'correct_and_retry', meaning: 'the merchant does not qualify for the product' },
  '24': { advice: 'retry_later', waitMs: HOUR_MS, meaning: 'retry after 1 hour' },
  '25': { advice: 'retry_later', waitMs: DAY_MS, meaning: 'retry after 24 hours' },
  '26': { advice: 'retry_later', waitMs: 2 * DAY_MS, meaning: 'retry after 2 days' },
  '27': { advice: 'retry_later', waitMs: 4 * DAY_MS, meaning: 'retry after 4 days' },
  '28': { advice: 'retry_later', waitMs: 6 * DAY_MS, meaning: 'retry after 6 days' },
  '29': { advice: 'retry_later', waitMs: 8 * DAY_MS, meaning: 'retry after 8 days' },
  '30': { advice: 'retry_later', waitMs: 10 * DAY_MS, meaning: 'retry after 10 days' },
  '40': { advice: 'never', meaning: 'a prepaid card that cannot be loaded again' },
  '41': { advice: 'never', meaning: 'a virtual card for a single use' },
  '43': { advice: 'never', meaning: 'a virtual card for several uses, used up' },
  do_not_try_again: { advice: 'never', meaning: 'do not try again' },
  try_again_later: { advice: 'retry_later', meaning: 'try again later' },
  confirm_card_data: { advice: 'correct_and_retry', meaning: 'check the card data' },
};

export function adviceCode(code: string | undefined): AdviceCode | undefined {
  return code === undefined ? undefined : ADVICE_CODES[code.trim().toLowerCase()];
}
