import { AUTHENTICATION_REQUIRED } from './causes.ts';
import { addOperation, type Decision, mustFind, rootCause, withStatus } from './edit.ts';
import { captureSendBy } from './expiry.ts';
import { type Attempt, currentAttempt, type Operation, type Payment, routeStepOf } from './payment.ts';

/** What an authorization that stands is for: to be captured, by the merchant's word or at once. */
export function adopt(payment: Payment, { id, accountId }: Attempt, reason: string, nowMs: number): Decision {
  const sale = payment.attempts.some(
    (attempt) => attempt.id === id && attempt.operations.some((each) => each.kind === 'sale'),
  );
  if (payment.captureMethod === 'manual' || sale)
    return { after: withStatus(payment, 'requires_capture'), reason };
  const step = mustFind(routeStepOf(payment, accountId), `route step ${accountId}`);
  const expiresAtMs = payment.authorizationExpiresAtMs ?? nowMs + step.authorizationLifetimeMs;
  const capturing = addOperation(payment, id, {
    kind: 'capture',
    cause: 'automatic_capture',
    amountMinor: payment.amountAuthorizedMinor,
    sendByMs: captureSendBy(expiresAtMs, nowMs),
  });
  return { after: withStatus(capturing, 'processing'), reason };
}

/**
 * It was authorized while the void of what it asked for was on its way, and nothing was begun since: the void's end says whether it
 * stands. (Before the patch it was captured at once.)
 */
export function waitsForVoid(payment: Payment, attempt: Attempt, operation: Operation): boolean {
  return (
    rootCause(operation) === AUTHENTICATION_REQUIRED &&
    attempt.status === 'authorized' &&
    !attempt.undoing &&
    currentAttempt(payment)?.id === attempt.id &&
    payment.status === 'processing' &&
    attempt.operations.every((each) => each.kind !== 'capture')
  );
}
