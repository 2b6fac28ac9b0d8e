import type { Authentication } from '../authentication/authentication.ts';
import { nextStepAfter } from '../routing/declines/index.ts';
import type { Decline } from './outcome.ts';
import type { PaymentFailure, PaymentSnapshot } from './payment.ts';

/**
 * A payment as merchants get it: the API's answers, the events and the bodies of webhooks are all made here, so that
 * they can't come to differ. The order of the fields is the order of the JSON.
 */
export function publicPayment(payment: PaymentSnapshot) {
  return {
    id: payment.id,
    object: 'payment' as const,
    amount: payment.amountMinor,
    currency: payment.currency,
    status: payment.status,
    capture_method: payment.captureMethod,
    amount_authorized: payment.amountAuthorizedMinor,
    amount_capturable: payment.amountCapturableMinor,
    amount_captured: payment.amountCapturedMinor,
    amount_refunded: payment.amountRefundedMinor,
    amount_charged_back: payment.amountChargedBackMinor ?? 0,
    payment_method: payment.paymentMethodId ?? null,
    customer: payment.customerId ?? null,
    attempts: payment.attempts.map((attempt) => ({
      id: attempt.id,
      provider: attempt.provider,
      status: attempt.status,
      provider_reference: attempt.providerReference ?? null,
      decline: attempt.decline === undefined ? null : publicDecline(attempt.decline),
      authentication:
        attempt.authentication === undefined ? null : publicAuthentication(attempt.authentication),
    })),
    failure: payment.failure === undefined ? null : publicFailure(payment.failure),
    cancellation_reason: payment.cancellationReason ?? null,
    authorization_expires_at: optionalSeconds(payment.authorizationExpiresAtMs),
    next_retry_at: optionalSeconds(payment.nextRetryAtMs),
    next_action: publicNextAction(payment),
    created: unixSeconds(payment.createdAtMs),
    reference: payment.reference ?? null,
    description: payment.description ?? null,
    metadata: { ...payment.metadata },
    livemode: payment.mode === 'live',
    return_url: payment.returnUrl ?? null,
    allowed: [...payment.allowed],
  };
}

/** Where the payer's browser must go, and where the merchant will see it again. */
function publicNextAction({ nextAction, returnUrl }: PaymentSnapshot) {
  if (nextAction === undefined) return null;
  const { type, url } = nextAction;
  return { type, redirect_to_url: { url, return_url: returnUrl ?? null } };
}

/** One shape for every authentication, however it went: the provider's codes verbatim, null where nobody told. */
function publicAuthentication({ status, asked, reasons, facts, ...times }: Authentication) {
  return {
    status,
    request: asked.request,
    exemption_requested: asked.exemption ?? null,
    reasons: [...reasons],
    trans_status: facts.transStatus ?? null,
    trans_status_reason: facts.transStatusReason ?? null,
    challenge_cancel: facts.challengeCancel ?? null,
    eci: facts.eci ?? null,
    version: facts.version ?? null,
    ds_transaction_id: facts.dsTransactionId ?? null,
    liability_shift: facts.liabilityShift ?? null,
    exemption: facts.exemption ?? null,
    challenged_at: optionalSeconds(times.challengedAtMs),
    returned_at: optionalSeconds(times.returnedAtMs),
    ended_at: optionalSeconds(times.endedAtMs),
  };
}

function publicFailure({ code, message, decline }: PaymentFailure) {
  return { code, message, decline: decline === undefined ? null : publicDecline(decline) };
}

function publicDecline(decline: Decline) {
  return {
    reason: decline.reason,
    message: decline.message,
    retry: nextStepAfter(decline).advice,
    provider_code: decline.providerCode,
    ...(decline.networkCode === undefined ? {} : { network_code: decline.networkCode }),
    ...(decline.adviceCode === undefined ? {} : { advice_code: decline.adviceCode }),
  };
}

export function unixSeconds(instantMs: number): number {
  return Math.floor(instantMs / 1_000);
}

function optionalSeconds(instantMs: number | undefined): number | null {
  return instantMs === undefined ? null : unixSeconds(instantMs);
}
