import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { OperationOutcome, UnknownCause } from '../../domain/payment/outcome.ts';
import { declineFor } from '../declines.ts';
import { safeCode } from '../safe-text.ts';
import { fromStripeAmount, toStripeAmount } from './amounts.ts';
import { factsOf, nextAction, redirectOf, threeDSecure } from './authentication.ts';
import { declineDetails, declineOf, refundFailure } from './declines.ts';

/** Where Stripe keeps our reference of an intent or refund. */
export const REFERENCE_KEY = 'interlock_reference';

/** Stripe's code for a payer who could not be authenticated: an intent's, not a card's. */
const UNAUTHENTICATED = 'payment_intent_authentication_failure';

const latestCharge = z.object({
  payment_method_details: z
    .object({
      card: z
        .object({
          capture_before: z.number().nullish(),
          network_transaction_id: z.string().nullish(),
          three_d_secure: threeDSecure.nullish().catch(undefined),
        })
        .nullish(),
    })
    .nullish(),
});

/** What is read of a payment intent; the rest is not relied on. */
export const intentSchema = z.object({
  object: z.literal('payment_intent'),
  id: z.string().min(1),
  status: z.string(),
  amount: z.number().int(),
  amount_received: z.number().int().default(0),
  currency: z.string(),
  metadata: z.record(z.string(), z.string()).default({}),
  latest_charge: z.union([latestCharge, z.string()]).nullish(),
  next_action: nextAction.nullish(),
  last_payment_error: declineDetails.nullish(),
});
export type Intent = z.infer<typeof intentSchema>;

export const refundSchema = z.object({
  object: z.literal('refund'),
  id: z.string().min(1),
  status: z.string().nullish(),
  amount: z.number().int(),
  currency: z.string(),
  payment_intent: z.union([z.string(), z.object({ id: z.string() }).transform(({ id }) => id)]).nullish(),
  failure_reason: z.string().nullish(),
  metadata: z.record(z.string(), z.string()).default({}),
});
export type Refund = z.infer<typeof refundSchema>;

/** What an answer must agree with before it counts. Amounts in ISO minor units. */
export interface Expected {
  readonly reference: string;
  readonly amountMinor: number;
  readonly currency: string;
}

function unknown(cause: UnknownCause, detail: string): OperationOutcome {
  return { type: 'unknown', cause, detail };
}

function sameMoney(amount: number, currency: string, expected: Expected): boolean {
  return (
    amount === toStripeAmount(expected.amountMinor, expected.currency) &&
    currency === expected.currency.toLowerCase()
  );
}

/** An intent as the outcome of an authorization or sale. */
export function authorizationOutcome(intent: Intent, expected: Expected): OperationOutcome {
  if (intent.metadata[REFERENCE_KEY] !== expected.reference) return unknown('mismatch', 'reference');
  if (!sameMoney(intent.amount, intent.currency, expected)) return unknown('mismatch', 'amount');
  const providerReference = intent.id;
  const { amountMinor, currency } = expected;
  switch (intent.status) {
    case 'requires_capture':
      return { type: 'authorized', providerReference, amountMinor, currency, ...chargeFacts(intent) };
    case 'succeeded': {
      const received = fromStripeAmount(intent.amount_received, currency);
      if (received === undefined || received === 0) return unknown('mismatch', 'amount received');
      const { captureBeforeMs: _before, ...facts } = chargeFacts(intent);
      return { type: 'captured', providerReference, amountMinor: received, currency, ...facts };
    }
    case 'processing':
      return { type: 'pending', providerReference };
    case 'requires_action':
      return {
        type: 'requires_action',
        providerReference,
        action: safeCode(intent.next_action?.type, 'unspecified'),
        ...redirectOf(intent.next_action),
      };
    case 'requires_payment_method':
      // Without an error nothing was tried yet, which no request of ours leaves behind.
      if (intent.last_payment_error == null) return unknown('unmapped_response', 'requires_payment_method');
      return declinedOutcome(intent.last_payment_error, intent);
    case 'canceled':
      return { type: 'voided', providerReference };
    default:
      return unknown('unmapped_response', safeCode(intent.status, 'status'));
  }
}

function cardOf({ latest_charge: charge }: Intent) {
  return (typeof charge === 'object' ? charge : undefined)?.payment_method_details?.card ?? {};
}

function chargeFacts(intent: Intent) {
  const { capture_before: before, network_transaction_id: networkId, three_d_secure } = cardOf(intent);
  const authentication = factsOf(three_d_secure);
  return {
    ...(authentication === undefined ? {} : { authentication }),
    ...(typeof before === 'number' ? { captureBeforeMs: before * 1_000 } : {}),
    ...(typeof networkId === 'string' ? { networkTransactionId: networkId } : {}),
  };
}

/**
 * The mark that a capture leaves on its intent, because a capture has no object of its own at Stripe.
 * Metadata keys hold 40 characters, so the reference is hashed in the key and spelled out in the value.
 */
export function captureMark(expected: Expected): { readonly key: string; readonly value: string } {
  const digest = createHash('sha256').update(expected.reference).digest('hex').slice(0, 20);
  const { reference, amountMinor, currency } = expected;
  return { key: `interlock_capture_${digest}`, value: `${reference} ${amountMinor} ${currency}` };
}

/** An intent as the outcome of a capture; undefined where it shows no trace of this capture at all. */
export function captureOutcome(intent: Intent, id: string, expected: Expected): OperationOutcome | undefined {
  if (intent.id !== id) return unknown('mismatch', 'intent');
  const mark = captureMark(expected);
  const found = intent.metadata[mark.key];
  if (found === undefined) {
    // Captured, but not by this operation: neither its success nor the proof that it never happened.
    return intent.amount_received > 0 && intent.status === 'succeeded'
      ? unknown('mismatch', 'captured under another reference')
      : undefined;
  }
  const received = fromStripeAmount(intent.amount_received, expected.currency);
  const sameCurrency = intent.currency === expected.currency.toLowerCase();
  if (found !== mark.value || !sameCurrency) return unknown('mismatch', 'amount');
  if (intent.status === 'processing') return { type: 'pending', providerReference: id };
  if (intent.status !== 'succeeded' && intent.status !== 'requires_capture') {
    return unknown('unmapped_response', safeCode(intent.status, 'status'));
  }
  if (received === undefined || received < expected.amountMinor)
    return unknown('mismatch', 'amount received');
  const { amountMinor, currency } = expected;
  return { type: 'captured', providerReference: id, amountMinor, currency };
}

/** An intent as the outcome of a void; undefined while it is not canceled. */
export function voidOutcome(intent: Intent, id: string): OperationOutcome | undefined {
  if (intent.id !== id) return unknown('mismatch', 'intent');
  return intent.status === 'canceled' ? { type: 'voided', providerReference: id } : undefined;
}

export function refundOutcome(refund: Refund, intentId: string, expected: Expected): OperationOutcome {
  if (refund.metadata[REFERENCE_KEY] !== expected.reference) return unknown('mismatch', 'reference');
  if (refund.payment_intent !== intentId) return unknown('mismatch', 'intent');
  if (!sameMoney(refund.amount, refund.currency, expected)) return unknown('mismatch', 'amount');
  const providerReference = refund.id;
  switch (refund.status) {
    case 'succeeded':
      return { type: 'refunded', providerReference, amountMinor: expected.amountMinor };
    case 'pending':
    case 'requires_action':
      return { type: 'pending', providerReference };
    case 'failed':
    case 'canceled': {
      const decline = refundFailure(refund.failure_reason ?? refund.status);
      return { type: 'declined', decline, providerReference };
    }
    default:
      return unknown('unmapped_response', safeCode(refund.status, 'status'));
  }
}

/** What is read of an error answer. `rawType` is Stripe's `type`, which the SDK's class name shadows. */
export const errorSchema = declineDetails.extend({
  rawType: z.string().nullish(),
  statusCode: z.number().int(),
  param: z.string().nullish(),
  payment_intent: intentSchema.nullish().catch(undefined),
});
export type StripeFailure = z.infer<typeof errorSchema>;

/** 4xx that Stripe gives before anything ran (docs.stripe.com/api/errors, tried against the test API's documents). */
const REJECTIONS = new Set([400, 401, 403, 404]);

/** The rate limiters stand before everything else, the idempotency layer too (docs.stripe.com/error-low-level). */
const THROTTLED = 429;

/** An error answer as an outcome. On a resend no 4xx proves anything: the first send may have executed. */
export function errorOutcome(
  failure: StripeFailure,
  request: { resend: boolean; reference?: string },
): OperationOutcome {
  const { statusCode: status, rawType } = failure;
  const code = safeCode(failure.code ?? rawType, `http_${status}`);
  if (status >= 500) return unknown('server_error', `http_${status}`);
  if (status < 400) return unknown('unmapped_response', `http_${status}`);
  if (rawType === 'idempotency_error' || status === 409 || failure.code === 'lock_timeout') {
    return unknown('conflict', code);
  }
  if (request.resend) return unknown('rejected_on_resend', code);
  if (rawType === 'card_error' || failure.code === UNAUTHENTICATED)
    return cardErrorOutcome(failure, request.reference);
  if (status === THROTTLED) return { type: 'not_attempted', proof: 'throttled' };
  if (!REJECTIONS.has(status)) return unknown('unmapped_response', `http_${status}`);
  const param = failure.param == null ? '' : `, parameter ${safeCode(failure.param, 'unnamed')}`;
  return {
    type: 'rejected',
    code,
    message: `Stripe refused the request before executing it (${status}${param}).`,
  };
}

function cardErrorOutcome(failure: StripeFailure, reference: string | undefined): OperationOutcome {
  const intent = failure.payment_intent;
  const named = intent?.metadata[REFERENCE_KEY];
  if (reference !== undefined && named !== undefined && named !== reference)
    return unknown('mismatch', 'reference');
  return declinedOutcome(failure, intent ?? undefined);
}

/** A decline, with what the charge tells of 3DS where Stripe made one and the answer holds it. */
function declinedOutcome(
  error: Parameters<typeof declineOf>[0],
  intent: Intent | undefined,
): OperationOutcome {
  const told = intent === undefined ? undefined : factsOf(cardOf(intent).three_d_secure);
  const facts = told ?? (error.code === UNAUTHENTICATED ? { transStatus: 'N' as const } : undefined);
  const rejected = error.code === UNAUTHENTICATED && facts?.transStatus === 'R';
  return {
    type: 'declined',
    decline: rejected
      ? declineFor('authentication_rejected', { providerCode: UNAUTHENTICATED })
      : declineOf(error),
    ...(intent === undefined ? {} : { providerReference: intent.id }),
    ...(facts === undefined ? {} : { authentication: facts }),
  };
}
