import { type Decline, RETRY_ADVICE } from '../../domain/payment/outcome.ts';
import type { PaymentFailure, PaymentSnapshot } from '../../domain/payment/payment.ts';
import { failureProblem } from '../problems.ts';
import type { Reply } from '../route.ts';
import type { PublicDecline, PublicPayment } from './schema.ts';

/** The one place that turns a payment into the API's JSON and its HTTP status, first answer or repeated. */
export type PaymentAction = 'create' | 'confirm' | 'capture' | 'void' | 'read';

export function renderPayment(payment: PaymentSnapshot): PublicPayment {
  return {
    id: payment.id,
    object: 'payment',
    amount: payment.amountMinor,
    currency: payment.currency,
    status: payment.status,
    capture_method: payment.captureMethod,
    amount_authorized: payment.amountAuthorizedMinor,
    amount_capturable: payment.amountCapturableMinor,
    amount_captured: payment.amountCapturedMinor,
    amount_refunded: payment.amountRefundedMinor,
    payment_method: payment.paymentMethodId ?? null,
    attempts: payment.attempts.map((attempt) => ({
      id: attempt.id,
      provider: attempt.provider,
      status: attempt.status,
      provider_reference: attempt.providerReference ?? null,
      decline: attempt.decline === undefined ? null : renderDecline(attempt.decline),
    })),
    failure: payment.failure === undefined ? null : renderFailure(payment.failure),
    cancellation_reason: payment.cancellationReason ?? null,
    authorization_expires_at:
      payment.authorizationExpiresAtMs === undefined ? null : unixSeconds(payment.authorizationExpiresAtMs),
    next_action: null,
    created: unixSeconds(payment.createdAtMs),
    reference: payment.reference ?? null,
    description: payment.description ?? null,
    metadata: { ...payment.metadata },
    livemode: payment.mode === 'live',
    return_url: payment.returnUrl ?? null,
    allowed: [...payment.allowed],
  };
}

function renderFailure({ code, message, decline }: PaymentFailure): PublicPayment['failure'] {
  return { code, message, decline: decline === undefined ? null : renderDecline(decline) };
}

function renderDecline(decline: Decline): PublicDecline {
  return {
    reason: decline.reason,
    message: decline.message,
    retry: RETRY_ADVICE[decline.reason],
    provider_code: decline.providerCode,
    ...(decline.networkCode === undefined ? {} : { network_code: decline.networkCode }),
    ...(decline.adviceCode === undefined ? {} : { advice_code: decline.adviceCode }),
  };
}

export function unixSeconds(instantMs: number): number {
  return Math.floor(instantMs / 1_000);
}

/** Answers a command with the payment it led to; throws the failure's problem where it led to none. */
export function replyWithPayment(
  action: PaymentAction,
  payment: PaymentSnapshot,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  const body = renderPayment(payment);
  if (action === 'read') return { status: 200, body, headers };
  const failure = failureOf(action, payment);
  if (failure !== undefined) throw failureProblem(failure, body);
  if (payment.status === 'processing') {
    return { status: 202, body, headers: { ...headers, Location: `/v1/payments/${payment.id}` } };
  }
  return { status: action === 'create' ? 201 : 200, body, headers };
}

/**
 * A capture or void that the provider refused leaves the payment authorized, with the reason on it. After
 * an earlier partial capture the amounts say what happened, because the reason may be an older one's.
 */
function failureOf(action: PaymentAction, payment: PaymentSnapshot): PaymentFailure | undefined {
  const { status, failure } = payment;
  if (status === 'failed') {
    return failure ?? { code: 'provider_unavailable', message: 'The payment failed.' };
  }
  const refused =
    status === 'requires_capture' &&
    ((action === 'capture' && failure?.code === 'capture_failed') ||
      (action === 'void' && failure?.code === 'void_failed'));
  return refused ? failure : undefined;
}
