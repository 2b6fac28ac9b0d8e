import type { Decline, DeclineReason } from '../../domain/payment/outcome.ts';
import { declineFor } from '../declines.ts';

/**
 * `response_code` (checkout.com/docs/resources/codes/api-response-codes): 20xxx soft and 30xxx hard declines, 40xxx those of
 * the account's own risk rules. What is missing is a plain decline.
 */
const REASONS: Readonly<Record<string, DeclineReason>> = {
  20001: 'do_not_honor',
  20002: 'do_not_honor',
  20003: 'merchant_configuration',
  20005: 'do_not_honor',
  20006: 'processing_error',
  20009: 'processing_error',
  20012: 'not_permitted',
  20013: 'generic_decline',
  20014: 'invalid_account',
  20017: 'generic_decline',
  20019: 'processing_error',
  20022: 'processing_error',
  20030: 'processing_error',
  20031: 'not_permitted',
  20038: 'limit_exceeded',
  20039: 'invalid_account',
  20046: 'invalid_account',
  20051: 'insufficient_funds',
  20052: 'invalid_account',
  20053: 'invalid_account',
  20054: 'expired_card',
  20055: 'authentication_failed',
  20056: 'invalid_account',
  20057: 'not_permitted',
  20058: 'merchant_configuration',
  20059: 'suspected_fraud',
  '2005C': 'not_permitted',
  20060: 'merchant_configuration',
  20061: 'limit_exceeded',
  20062: 'suspected_fraud',
  20063: 'suspected_fraud',
  20064: 'not_permitted',
  20065: 'limit_exceeded',
  20068: 'processing_error',
  20075: 'limit_exceeded',
  20078: 'suspected_fraud',
  20082: 'incorrect_cvc',
  20087: 'invalid_card_data',
  20091: 'issuer_unavailable',
  20092: 'issuer_unavailable',
  20093: 'not_permitted',
  20096: 'processing_error',
  20099: 'generic_decline',
  '2009G': 'not_permitted',
  '200N0': 'processing_error',
  '200N7': 'incorrect_cvc',
  '200O5': 'authentication_required',
  '200P1': 'limit_exceeded',
  '200P9': 'limit_exceeded',
  '200R1': 'stop_payment',
  '200R3': 'stop_payment',
  '200T3': 'not_permitted',
  20100: 'invalid_card_data',
  20102: 'merchant_configuration',
  20103: 'not_permitted',
  20104: 'processing_error',
  20105: 'processing_error',
  20106: 'merchant_configuration',
  20124: 'incorrect_cvc',
  20150: 'not_permitted',
  20151: 'authentication_failed',
  20152: 'authentication_failed',
  20153: 'authentication_failed',
  20154: 'authentication_required',
  20155: 'authentication_failed',
  20156: 'merchant_configuration',
  20157: 'merchant_configuration',
  // Mastercard's three, with an advice code of their own beside them.
  20179: 'invalid_card_data',
  20182: 'do_not_honor',
  20183: 'suspected_fraud',
  30004: 'lost_or_stolen',
  30007: 'lost_or_stolen',
  30015: 'invalid_account',
  30020: 'generic_decline',
  30021: 'limit_exceeded',
  30022: 'limit_exceeded',
  30033: 'expired_card',
  30034: 'suspected_fraud',
  30035: 'do_not_honor',
  30036: 'suspected_fraud',
  30037: 'suspected_fraud',
  30038: 'limit_exceeded',
  30041: 'lost_or_stolen',
  30043: 'lost_or_stolen',
  30044: 'not_permitted',
  30046: 'invalid_account',
  40101: 'suspected_fraud',
  40201: 'suspected_fraud',
  40202: 'suspected_fraud',
  40203: 'suspected_fraud',
  40204: 'suspected_fraud',
  40205: 'suspected_fraud',
};

/** Mastercard's codes stand in the hundreds. */
const NETWORK_CODES: Readonly<Record<string, string>> = { 20179: '79', 20182: '82', 20183: '83' };

/** 20051, 200N7 and 30041 are 51, N7 and 41 of the network's; the codes from 20100 on are Checkout.com's own. */
function networkCodeOf(responseCode: string): string | undefined {
  return NETWORK_CODES[responseCode] ?? /^[23]00([0-9A-Z]{2})$/.exec(responseCode)?.[1];
}

export function declineOf(responseCode: string | undefined, adviceCode: string | undefined): Decline {
  const code = responseCode ?? 'Declined';
  const reason = REASONS[code] ?? 'generic_decline';
  return declineFor(reason, { providerCode: code, networkCode: networkCodeOf(code), adviceCode });
}

/**
 * The cardholder's input, refused before anything ran: `error_codes` of a 422. From memory, and not checked against
 * Checkout.com, which publishes no whole list.
 */
const CARD_ERRORS: Readonly<Record<string, DeclineReason>> = {
  card_number_invalid: 'invalid_card_data',
  card_number_required: 'invalid_card_data',
  card_expiry_month_invalid: 'invalid_card_data',
  card_expiry_year_invalid: 'invalid_card_data',
  card_expired: 'expired_card',
  cvv_invalid: 'incorrect_cvc',
};

/** Undefined for an error that is not the card's. */
export function cardError(errorCodes: readonly string[]): Decline | undefined {
  const code = errorCodes.find((each) => Object.hasOwn(CARD_ERRORS, each));
  const reason = code === undefined ? undefined : CARD_ERRORS[code];
  return reason === undefined ? undefined : declineFor(reason, { providerCode: code });
}
