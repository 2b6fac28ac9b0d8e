import type { DeclineReason } from '../../payment/outcome.ts';

/**
 * Visa's four categories of declines: 1 the issuer will never approve, 2 it cannot approve at this time, 3 not with
 * these data, 4 everything else. What may be retried, and how often, hangs on them.
 */
export type VisaCategory = 1 | 2 | 3 | 4;

export interface NetworkCode {
  readonly reason: DeclineReason;
  readonly category: VisaCategory;
  readonly meaning: string;
}

/**
 * Response codes of ISO 8583's field 39, with the networks' private values. The published lists of category 1 differ
 * (Checkout.com's has 12, 14, 57; others are shorter), which is why this is data: the union of them stands here, since
 * a retry too few costs less than one that a network fines. Which codes are category 3 is from memory.
 */
export const NETWORK_CODES: Readonly<Record<string, NetworkCode>> = {
  '03': { reason: 'merchant_configuration', category: 2, meaning: 'invalid merchant' },
  '04': { reason: 'lost_or_stolen', category: 1, meaning: 'pick up card' },
  '05': { reason: 'do_not_honor', category: 4, meaning: 'do not honor' },
  '07': { reason: 'lost_or_stolen', category: 1, meaning: 'pick up card, special condition' },
  '12': { reason: 'not_permitted', category: 1, meaning: 'invalid transaction' },
  '14': { reason: 'invalid_account', category: 1, meaning: 'invalid account number' },
  '15': { reason: 'invalid_account', category: 1, meaning: 'no such issuer' },
  '19': { reason: 'issuer_unavailable', category: 2, meaning: 're-enter transaction' },
  '39': { reason: 'invalid_account', category: 2, meaning: 'no credit account' },
  '41': { reason: 'lost_or_stolen', category: 1, meaning: 'lost card' },
  '43': { reason: 'lost_or_stolen', category: 1, meaning: 'stolen card' },
  '46': { reason: 'invalid_account', category: 1, meaning: 'closed account' },
  '51': { reason: 'insufficient_funds', category: 2, meaning: 'insufficient funds' },
  '52': { reason: 'invalid_account', category: 2, meaning: 'no checking account' },
  '53': { reason: 'invalid_account', category: 2, meaning: 'no savings account' },
  '54': { reason: 'expired_card', category: 3, meaning: 'expired card' },
  '55': { reason: 'authentication_failed', category: 3, meaning: 'incorrect PIN' },
  '57': { reason: 'not_permitted', category: 1, meaning: 'not permitted to cardholder' },
  '59': { reason: 'suspected_fraud', category: 2, meaning: 'suspected fraud' },
  '61': { reason: 'limit_exceeded', category: 2, meaning: 'exceeds amount limit' },
  '62': { reason: 'suspected_fraud', category: 2, meaning: 'restricted card' },
  '65': { reason: 'limit_exceeded', category: 2, meaning: 'exceeds count limit' },
  '75': { reason: 'limit_exceeded', category: 2, meaning: 'PIN tries exceeded' },
  '78': { reason: 'suspected_fraud', category: 2, meaning: 'blocked, first used' },
  '82': { reason: 'incorrect_cvc', category: 3, meaning: 'negative verification result' },
  '86': { reason: 'issuer_unavailable', category: 2, meaning: 'cannot verify PIN' },
  '91': { reason: 'issuer_unavailable', category: 2, meaning: 'issuer unavailable' },
  '93': { reason: 'merchant_configuration', category: 2, meaning: 'violation of law' },
  '96': { reason: 'issuer_unavailable', category: 2, meaning: 'system malfunction' },
  '1A': { reason: 'authentication_required', category: 3, meaning: 'additional authentication required' },
  N7: { reason: 'incorrect_cvc', category: 3, meaning: 'CVV2 failure' },
  R0: { reason: 'stop_payment', category: 1, meaning: 'stop this payment' },
  R1: { reason: 'stop_payment', category: 1, meaning: 'revocation of authorization' },
  R3: { reason: 'stop_payment', category: 1, meaning: 'revocation of all authorizations' },
};

/** A code as the tables spell it: upper case, and the leading zero that some providers drop. */
function spelled(code: string): string {
  const upper = code.trim().toUpperCase();
  return /^\d$/.test(upper) ? `0${upper}` : upper;
}

export function networkCode(code: string | undefined): NetworkCode | undefined {
  return code === undefined ? undefined : NETWORK_CODES[spelled(code)];
}

/** What a code that no table knows is: everything else. */
export function visaCategory(code: string | undefined): VisaCategory {
  return networkCode(code)?.category ?? 4;
}

/** The reason behind a network's code, for an adapter whose provider says nothing more exact. */
export function reasonOfNetworkCode(code: string | undefined): DeclineReason | undefined {
  return networkCode(code)?.reason;
}
