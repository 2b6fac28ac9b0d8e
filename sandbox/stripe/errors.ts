// Stripe's error objects, with the HTTP status each belongs to.
import { Refusal } from '../pipeline.ts';
import type { Answer } from '../provider.ts';

const DOCS = 'https://docs.stripe.com/error-codes/';

interface ErrorFields {
  type: 'api_error' | 'card_error' | 'idempotency_error' | 'invalid_request_error';
  message: string;
  code?: string;
  param?: string;
  [key: string]: unknown;
}

export function errorAnswer(status: number, fields: ErrorFields, store = false): Answer {
  const docUrl = fields.code === undefined ? {} : { doc_url: DOCS + fields.code.replaceAll('_', '-') };
  return { status, body: { error: { ...fields, ...docUrl } }, store };
}

/** A request that fails validation: nothing runs, and its idempotency key stays free. */
export function invalid(message: string, param?: string, code?: string): Refusal {
  const details = { ...(code === undefined ? {} : { code }), ...(param === undefined ? {} : { param }) };
  return new Refusal(errorAnswer(400, { type: 'invalid_request_error', message, ...details }));
}

export function missing(param: string): Refusal {
  return invalid(`Missing required param: ${param}.`, param, 'parameter_missing');
}

export function notFound(object: string, id: string, param = 'intent'): Refusal {
  const message = `No such ${object}: '${id}'`;
  return new Refusal(
    errorAnswer(404, { type: 'invalid_request_error', code: 'resource_missing', message, param }),
  );
}

/** The object exists but isn't in a state for this: execution had begun, so the key remembers it. */
export function unexpectedState(message: string, paymentIntent: unknown): Refusal {
  const fields = { code: 'payment_intent_unexpected_state', message, payment_intent: paymentIntent };
  return new Refusal(errorAnswer(400, { type: 'invalid_request_error', ...fields }, true));
}

export function badCard(code: string, message: string, param: string): Refusal {
  return new Refusal(errorAnswer(402, { type: 'card_error', code, message, param }));
}
