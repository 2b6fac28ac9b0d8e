import type { AuthenticationFacts } from '../authentication/authentication.ts';

/**
 * What an operation at a provider can come to. An adapter maps every answer into exactly one of these;
 * what it cannot map is `unknown`, never a decline. `decide.ts` says what follows from each.
 */
export type OperationOutcome =
  | Authorized
  | Captured
  | { readonly type: 'voided'; readonly providerReference?: string }
  | { readonly type: 'refunded'; readonly providerReference: string; readonly amountMinor: number }
  /** Accepted, and settled later by webhook or look-up. Never sent again. */
  | { readonly type: 'pending'; readonly providerReference: string }
  | RequiresAction
  | Declined
  /** The provider refused the request before executing it: proven without effect. */
  | { readonly type: 'rejected'; readonly code: string; readonly message: string }
  | { readonly type: 'not_attempted'; readonly proof: NotAttemptedProof }
  | { readonly type: 'unknown'; readonly cause: UnknownCause; readonly detail?: string };

/** The payer must do something (3DS2) before the provider goes on. */
export interface RequiresAction {
  readonly type: 'requires_action';
  readonly providerReference?: string;
  /** The provider's own word for it. */
  readonly action: string;
  /** Where the payer's browser must go. Absent: a way that we can't show, so the intent is canceled. */
  readonly nextAction?: { readonly type: 'redirect_to_url'; readonly url: string };
  readonly authentication?: AuthenticationFacts;
}

export interface Declined {
  readonly type: 'declined';
  readonly decline: Decline;
  readonly providerReference?: string;
  readonly authentication?: AuthenticationFacts;
}

export interface Authorized {
  readonly type: 'authorized';
  readonly providerReference: string;
  readonly amountMinor: number;
  readonly currency: string;
  /** Epoch milliseconds after which the provider no longer captures; absent: the adapter's declared lifetime. */
  readonly captureBeforeMs?: number;
  readonly networkTransactionId?: string;
  readonly authentication?: AuthenticationFacts;
}

export interface Captured {
  readonly type: 'captured';
  readonly providerReference: string;
  readonly amountMinor: number;
  readonly currency: string;
  /** Of an authorization: the provider says that it still holds the rest. Absent: it let go of it, or does not say. */
  readonly restHeld?: true;
  readonly networkTransactionId?: string;
  readonly authentication?: AuthenticationFacts;
}

export type NotAttemptedProof =
  /** Our HTTP agent saw that its socket never connected, or refused the first write. */
  | 'no_byte_sent'
  /** The permit was revoked unclaimed (operator, deadline), so nothing could ever be sent under it. */
  | 'permit_revoked'
  /** The claim came after `send_by`, and revoked the permit. */
  | 'too_late'
  /** The provider's rate limit turned it away before anything ran. The same may be asked again, after a while. */
  | 'throttled'
  /** The provider, asked twice after its visibility horizon, knows nothing of our reference. */
  | 'not_found_confirmed'
  /** Two operators testify that the provider did not execute it. */
  | 'operators_evidence';

export type UnknownCause =
  | 'already_sent'
  | 'timeout'
  | 'connection_lost'
  | 'server_error'
  | 'unmapped_response'
  | 'conflict'
  | 'mismatch'
  | 'rejected_on_resend'
  | 'worker_lost';

/** Normalised reasons, after the networks' response codes (ISO 8583 field 39 and its private values). */
export type DeclineReason =
  | 'lost_or_stolen'
  | 'invalid_account'
  | 'not_permitted'
  | 'stop_payment'
  | 'insufficient_funds'
  | 'limit_exceeded'
  | 'suspected_fraud'
  | 'issuer_unavailable'
  | 'processing_error'
  | 'merchant_configuration'
  | 'expired_card'
  | 'incorrect_cvc'
  | 'invalid_card_data'
  | 'authentication_required'
  | 'authentication_failed'
  | 'authentication_rejected'
  | 'do_not_honor'
  | 'generic_decline'
  /** Ours: the card's network allows no further try for now, so nobody was asked. */
  | 'retry_limit_reached';

/** What may be done about a decline: the decline-to-action map of the schemes' retry rules. */
export type RetryAdvice =
  | 'retry_other_provider'
  | 'retry_later'
  | 'correct_and_retry'
  | 'authenticate'
  | 'never';

/** Exhaustive: a new reason does not compile until its advice is decided. */
export const RETRY_ADVICE: Readonly<Record<DeclineReason, RetryAdvice>> = {
  lost_or_stolen: 'never',
  invalid_account: 'never',
  not_permitted: 'never',
  stop_payment: 'never',
  insufficient_funds: 'retry_later',
  limit_exceeded: 'retry_later',
  suspected_fraud: 'never',
  issuer_unavailable: 'retry_other_provider',
  processing_error: 'retry_other_provider',
  merchant_configuration: 'retry_other_provider',
  expired_card: 'correct_and_retry',
  incorrect_cvc: 'correct_and_retry',
  invalid_card_data: 'correct_and_retry',
  authentication_required: 'authenticate',
  authentication_failed: 'correct_and_retry',
  // 3DS `R`: the issuer asks that no authorization be attempted at all.
  authentication_rejected: 'never',
  do_not_honor: 'retry_later',
  generic_decline: 'retry_later',
  retry_limit_reached: 'retry_later',
};

export interface Decline {
  readonly reason: DeclineReason;
  /** The provider's own code, verbatim (Stripe `decline_code`, Adyen `refusalReasonCode`). */
  readonly providerCode: string;
  readonly message: string;
  /** The network's response code and merchant advice, where the provider passes them on. */
  readonly networkCode?: string;
  readonly adviceCode?: string;
}

/** What a verified webhook proves of one of our operations, named by our own reference. */
export interface Evidence {
  readonly kind: 'authorize' | 'capture' | 'void' | 'refund';
  readonly reference: string;
  /** Absent where the event carries none. Where they are there they must match the operation. */
  readonly amountMinor?: number;
  readonly currency?: string;
  readonly outcome: OperationOutcome;
}
