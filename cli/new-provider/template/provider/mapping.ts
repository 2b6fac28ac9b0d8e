import { z } from 'zod';
import type { DeclineReason, OperationOutcome, UnknownCause } from '../../../../domain/payment/outcome.ts';
import { declineFor } from '../../../../providers/declines.ts';
import type { ListedRefund } from '../../../../providers/provider.ts';
import { safeCode } from '../../../../providers/safe-text.ts';
import { actionSchema, authenticationSchema, factsOf, redirectOf } from './authentication.ts';

/** What is read of a payment; the rest is not relied on. */
export const paymentSchema = z.object({
  object: z.literal('payment'),
  id: z.string().min(1).max(80),
  status: z.string(),
  reference: z.string(),
  /** ISO 4217 minor units: where a provider counts otherwise, convert with providers/amounts.ts. */
  amount: z.number().int(),
  currency: z.string(),
  amount_captured: z.number().int(),
  decline: z
    .object({
      code: z.string(),
      network_code: z.string().optional(),
      advice_code: z.string().optional(),
    })
    .nullish(),
  action: actionSchema.nullish(),
  authentication: authenticationSchema.nullish(),
  network_transaction_id: z.string().nullish(),
  capture_before: z.iso.datetime().nullish(),
});
export type Payment = z.infer<typeof paymentSchema>;

/** A capture, void or refund. */
export const operationSchema = z.object({
  object: z.literal('operation'),
  id: z.string().min(1).max(80),
  type: z.enum(['capture', 'void', 'refund']),
  status: z.string(),
  payment: z.string(),
  reference: z.string(),
  amount: z.number().int(),
  currency: z.string(),
});
export type Operation = z.infer<typeof operationSchema>;

/** What an answer must agree with before it counts. */
export interface Expected {
  readonly reference: string;
  readonly amountMinor: number;
  readonly currency: string;
}

function unknown(cause: UnknownCause, detail: string): OperationOutcome {
  return { type: 'unknown', cause, detail };
}

function sameMoney(answer: { amount: number; currency: string }, expected: Expected): boolean {
  return answer.amount === expected.amountMinor && answer.currency === expected.currency;
}

/** A payment as the outcome of an authorization or sale. A status without a row here is unknown, never a decline. */
export function authorizationOutcome(payment: Payment, expected: Expected): OperationOutcome {
  if (payment.reference !== expected.reference) return unknown('mismatch', 'reference');
  if (!sameMoney(payment, expected)) return unknown('mismatch', 'amount');
  const { id: providerReference, amount_captured: captured } = payment;
  const { amountMinor, currency } = expected;
  switch (payment.status) {
    case 'authorized':
      return { type: 'authorized', providerReference, amountMinor, currency, ...heldFacts(payment) };
    case 'captured': {
      if (captured <= 0) return unknown('mismatch', 'amount captured');
      const { captureBeforeMs: _before, ...facts } = heldFacts(payment);
      return { type: 'captured', providerReference, amountMinor: captured, currency, ...facts };
    }
    case 'pending':
      return { type: 'pending', providerReference };
    case 'requires_action': {
      const action = safeCode(payment.action?.type, 'unspecified');
      return { type: 'requires_action', providerReference, action, ...redirectOf(payment.action) };
    }
    case 'declined':
      return declinedOutcome(payment);
    case 'voided':
    case 'expired':
      return { type: 'voided', providerReference };
    default:
      return unknown('unmapped_response', safeCode(payment.status, 'status'));
  }
}

function heldFacts(payment: Payment) {
  const { network_transaction_id: networkTransactionId, capture_before: before } = payment;
  const authentication = factsOf(payment.authentication);
  return {
    ...(authentication === undefined ? {} : { authentication }),
    ...(before == null ? {} : { captureBeforeMs: Date.parse(before) }),
    ...(networkTransactionId == null ? {} : { networkTransactionId }),
  };
}

/** A code that is not here is a generic decline: the provider did say no, and only not why. */
const DECLINES: Readonly<Record<string, DeclineReason>> = {
  do_not_honor: 'do_not_honor',
  insufficient_funds: 'insufficient_funds',
  limit_exceeded: 'limit_exceeded',
  lost_card: 'lost_or_stolen',
  stolen_card: 'lost_or_stolen',
  expired_card: 'expired_card',
  incorrect_cvc: 'incorrect_cvc',
  suspected_fraud: 'suspected_fraud',
  issuer_unavailable: 'issuer_unavailable',
  processing_error: 'processing_error',
  authentication_required: 'authentication_required',
  authentication_failed: 'authentication_failed',
  authentication_rejected: 'authentication_rejected',
};

function declinedOutcome({ id, decline, authentication }: Payment): OperationOutcome {
  const facts = factsOf(authentication);
  const codes = {
    providerCode: decline?.code,
    networkCode: decline?.network_code,
    adviceCode: decline?.advice_code,
  };
  return {
    type: 'declined',
    decline: declineFor(DECLINES[decline?.code ?? ''] ?? 'generic_decline', codes),
    providerReference: id,
    ...(facts === undefined ? {} : { authentication: facts }),
  };
}

/** A capture, void or refund as its own outcome. `paymentId`: the payment that it was asked of. */
export function operationOutcome(
  operation: Operation,
  type: Operation['type'],
  paymentId: string,
  expected: Pick<Expected, 'reference'> & Partial<Expected>,
): OperationOutcome {
  if (operation.type !== type || operation.payment !== paymentId) return unknown('mismatch', 'payment');
  if (operation.reference !== expected.reference) return unknown('mismatch', 'reference');
  const { amountMinor, currency } = expected;
  // A void concerns whatever is still held: its amount identifies nothing.
  if (type !== 'void' && (operation.amount !== amountMinor || operation.currency !== currency)) {
    return unknown('mismatch', 'amount');
  }
  if (operation.status === 'pending') return { type: 'pending', providerReference: operation.id };
  if (operation.status === 'failed') {
    return { type: 'declined', decline: declineFor('processing_error', { providerCode: 'failed' }) };
  }
  if (operation.status !== 'succeeded')
    return unknown('unmapped_response', safeCode(operation.status, 'status'));
  return succeeded(operation);
}

function succeeded({ type, id, payment, amount, currency }: Operation): OperationOutcome {
  if (type === 'void') return { type: 'voided', providerReference: payment };
  if (type === 'refund') return { type: 'refunded', providerReference: id, amountMinor: amount };
  return { type: 'captured', providerReference: payment, amountMinor: amount, currency };
}

export function listedRefund({ id, reference, amount, currency, status }: Operation): ListedRefund {
  return { providerReference: id, reference, amountMinor: amount, currency, made: status === 'succeeded' };
}

/** What the payer typed, refused before anything ran. */
const CARD_ERRORS: Readonly<Record<string, DeclineReason>> = {
  invalid_card_number: 'invalid_card_data',
  invalid_expiry: 'invalid_card_data',
  invalid_cvc: 'incorrect_cvc',
};

/**
 * Answers that are given before anything ran: put in only what the documents say of each status, or what you have tried.
 * A refusal that is wrongly final is a charge that nobody knows of.
 */
const REJECTIONS: ReadonlySet<number> = new Set([400, 401, 403, 404, 422]);

/**
 * An error answer as an outcome. On a resend no 4xx proves anything: the first send may have executed. Nor does one
 * without a code of AcmePay's own: a gateway between may have written it.
 */
export function errorOutcome(
  { status, code }: { readonly status: number; readonly code: string | undefined },
  request: { readonly resend: boolean },
): OperationOutcome {
  const word = safeCode(code, `http_${status}`);
  if (status >= 500) return unknown('server_error', `http_${status}`);
  // A key that is busy, or was used for another request: something was sent under it. 429 may say the same of a key
  // whose first request is still running; where it is never more than a limit of requests, it is a rejection.
  if (status === 409 || status === 429 || word.startsWith('idempotency_')) return unknown('conflict', word);
  if (status >= 400 && request.resend) return unknown('rejected_on_resend', word);
  if (!REJECTIONS.has(status) || code === undefined) return unknown('unmapped_response', `http_${status}`);
  const reason = status === 422 ? CARD_ERRORS[word] : undefined;
  if (reason !== undefined) return { type: 'declined', decline: declineFor(reason, { providerCode: word }) };
  const message = `AcmePay refused the request before executing it (${status}).`;
  return { type: 'rejected', code: word, message };
}
