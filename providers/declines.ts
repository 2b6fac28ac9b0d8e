import type { Decline, DeclineReason } from '../domain/payment/outcome.ts';
import { optionalCode, safeCode } from './safe-text.ts';

/** Our own sentence for each reason. A provider's wording stays at the provider; its code is kept. */
const MESSAGES: Readonly<Record<DeclineReason, string>> = {
  lost_or_stolen: 'The card was reported lost or stolen.',
  invalid_account: 'The account behind the card does not exist or is closed.',
  not_permitted: 'This kind of payment is not permitted with the card.',
  stop_payment: 'The cardholder has stopped payments of this kind.',
  insufficient_funds: 'The card has insufficient funds.',
  limit_exceeded: 'The card’s limit is exceeded.',
  suspected_fraud: 'The payment was refused on suspicion of fraud.',
  issuer_unavailable: 'The card’s issuer could not be reached.',
  processing_error: 'The provider failed to process the payment.',
  merchant_configuration: 'The merchant’s account is not set up for this payment.',
  expired_card: 'The card has expired.',
  incorrect_cvc: 'The card’s security code is incorrect.',
  invalid_card_data: 'The card’s number or another detail is invalid.',
  authentication_required: 'The issuer asks for the cardholder to authenticate.',
  authentication_failed: 'The cardholder could not be authenticated.',
  authentication_rejected: 'The issuer rejected the authentication, and asks that no authorization be tried.',
  do_not_honor: 'The issuer refused without saying why.',
  generic_decline: 'The payment was declined.',
  retry_limit_reached: 'The card has been declined too often for another try.',
};

export interface DeclineCodes {
  readonly providerCode: unknown;
  readonly networkCode?: unknown;
  readonly adviceCode?: unknown;
}

export function declineFor(reason: DeclineReason, codes: DeclineCodes): Decline {
  const networkCode = optionalCode(codes.networkCode);
  const adviceCode = optionalCode(codes.adviceCode);
  return {
    reason,
    providerCode: safeCode(codes.providerCode, 'unrecognised'),
    message: MESSAGES[reason],
    ...(networkCode === undefined ? {} : { networkCode }),
    ...(adviceCode === undefined ? {} : { adviceCode }),
  };
}
