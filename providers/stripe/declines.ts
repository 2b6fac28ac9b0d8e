import { z } from 'zod';
import type { Decline, DeclineReason } from '../../domain/payment/outcome.ts';
import { reasonOfNetworkCode } from '../../domain/routing/declines/index.ts';
import { declineFor } from '../declines.ts';

/** What is read of a card error, in an error answer or as an intent's `last_payment_error`. */
export const declineDetails = z.object({
  type: z.string().nullish(),
  code: z.string().nullish(),
  decline_code: z.string().nullish(),
  network_decline_code: z.string().nullish(),
  network_advice_code: z.string().nullish(),
  advice_code: z.string().nullish(),
});

const REFUND_FAILURES: Readonly<Record<string, DeclineReason>> = {
  lost_or_stolen_card: 'lost_or_stolen',
  expired_or_canceled_card: 'invalid_account',
  insufficient_funds: 'merchant_configuration',
  declined: 'do_not_honor',
};

export function refundFailure(code: string): Decline {
  return declineFor(REFUND_FAILURES[code] ?? 'generic_decline', { providerCode: code });
}

/** docs.stripe.com/declines/codes, and the card error codes of docs.stripe.com/error-codes. */
const DECLINE_REASONS: Readonly<Record<string, DeclineReason>> = {
  approve_with_id: 'do_not_honor',
  authentication_not_handled: 'authentication_failed',
  authentication_required: 'authentication_required',
  call_issuer: 'do_not_honor',
  card_not_supported: 'not_permitted',
  card_velocity_exceeded: 'limit_exceeded',
  currency_not_supported: 'not_permitted',
  do_not_honor: 'do_not_honor',
  do_not_try_again: 'not_permitted',
  // An identical charge was just made: trying elsewhere at once is what must not happen.
  duplicate_transaction: 'do_not_honor',
  expired_card: 'expired_card',
  fraudulent: 'suspected_fraud',
  generic_decline: 'generic_decline',
  highest_risk_level: 'suspected_fraud',
  incorrect_address: 'invalid_card_data',
  incorrect_cvc: 'incorrect_cvc',
  incorrect_number: 'invalid_card_data',
  incorrect_pin: 'authentication_failed',
  incorrect_zip: 'invalid_card_data',
  insufficient_funds: 'insufficient_funds',
  invalid_account: 'invalid_account',
  invalid_amount: 'limit_exceeded',
  invalid_cvc: 'incorrect_cvc',
  invalid_expiry_month: 'invalid_card_data',
  invalid_expiry_year: 'expired_card',
  invalid_number: 'invalid_card_data',
  invalid_pin: 'authentication_failed',
  issuer_not_available: 'issuer_unavailable',
  lost_card: 'lost_or_stolen',
  merchant_blacklist: 'suspected_fraud',
  new_account_information_available: 'invalid_account',
  no_action_taken: 'do_not_honor',
  not_permitted: 'not_permitted',
  offline_pin_required: 'authentication_required',
  online_or_offline_pin_required: 'authentication_required',
  payment_intent_authentication_failure: 'authentication_failed',
  pickup_card: 'lost_or_stolen',
  pin_try_exceeded: 'limit_exceeded',
  processing_error: 'processing_error',
  reenter_transaction: 'processing_error',
  restricted_card: 'suspected_fraud',
  revocation_of_all_authorizations: 'stop_payment',
  revocation_of_authorization: 'stop_payment',
  security_violation: 'suspected_fraud',
  service_not_allowed: 'not_permitted',
  stolen_card: 'lost_or_stolen',
  stop_payment_order: 'stop_payment',
  transaction_not_allowed: 'not_permitted',
  try_again_later: 'issuer_unavailable',
  withdrawal_count_limit_exceeded: 'limit_exceeded',
};

export function declineOf(error: z.infer<typeof declineDetails>): Decline {
  // The SDK makes an absent decline code an empty one.
  const providerCode = error.decline_code || error.code || 'card_error';
  // A code that the table doesn't know may come with the network's, which says it in a word of its own.
  const reason =
    DECLINE_REASONS[error.decline_code ?? ''] ??
    DECLINE_REASONS[error.code ?? ''] ??
    reasonOfNetworkCode(error.network_decline_code ?? undefined) ??
    'generic_decline';
  return declineFor(reason, {
    providerCode,
    networkCode: error.network_decline_code,
    adviceCode: error.network_advice_code ?? error.advice_code,
  });
}
