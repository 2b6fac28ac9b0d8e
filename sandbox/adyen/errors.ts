// Adyen's error objects (docs.adyen.com/development-resources/error-codes). None of them is remembered by an
// idempotency key: only what was processed is.
import { pspReference } from '../ids.ts';
import { Refusal } from '../pipeline.ts';
import type { Answer } from '../provider.ts';

type ErrorType = 'validation' | 'security' | 'configuration' | 'internal';

export function errorAnswer(
  status: number,
  errorCode: string,
  message: string,
  errorType: ErrorType = 'validation',
  headers: Record<string, string> = {},
): Answer {
  const reference = status === 401 || status === 400 ? {} : { pspReference: pspReference() };
  return { status, body: { status, errorCode, message, errorType, ...reference }, headers, store: false };
}

export function invalid(errorCode: string, message: string): Refusal {
  return new Refusal(errorAnswer(422, errorCode, message));
}

export function unreadable(message: string): Refusal {
  return new Refusal(errorAnswer(400, '702', message));
}
