// Checkout.com's error answers. None of them is remembered by an idempotency key: only 2xx are.
import { randomUUID } from 'node:crypto';
import { Refusal } from '../pipeline.ts';
import type { Answer } from '../provider.ts';

export function errorAnswer(status: number, errorType: string, ...errorCodes: string[]): Answer {
  const codes = errorCodes.length === 0 ? {} : { error_codes: errorCodes };
  return { status, body: { request_id: randomUUID(), error_type: errorType, ...codes }, store: false };
}

/** A request that fails validation: nothing runs, and its key stays free. */
export function invalid(...errorCodes: string[]): Refusal {
  return new Refusal(errorAnswer(422, 'request_invalid', ...errorCodes));
}

/** 404 and 403 come without details. */
export function notFound(): Refusal {
  return new Refusal(errorAnswer(404, 'resource_not_found'));
}

export function notAllowed(errorCode: string): Refusal {
  return new Refusal(errorAnswer(403, 'action_not_allowed', errorCode));
}
