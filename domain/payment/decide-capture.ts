import { unreachable } from '../machine.ts';
import { backoffMs } from './backoff.ts';
import { addOperation, type Decision, editAttempt, retryCause, settle, withStatus } from './edit.ts';
import type { OperationOutcome } from './outcome.ts';
import type { Attempt, Operation, Payment } from './payment.ts';

/** What follows from a capture's outcome. See decide.ts. */
export function decideCapture(
  payment: Payment,
  attempt: Attempt,
  operation: Operation,
  outcome: OperationOutcome,
  nowMs: number,
): Decision {
  const settled = settle(payment, operation.id, outcome);
  switch (outcome.type) {
    case 'captured':
      return captured(settled, attempt, operation, outcome.amountMinor);
    case 'pending':
      return { after: withStatus(settled, 'processing'), reason: `${attempt.provider} received the capture` };
    case 'unknown':
      return {
        after: withStatus(settled, 'processing'),
        reason: `capture unknown at ${attempt.provider}: ${outcome.cause}`,
      };
    case 'declined':
      return refused(settled, attempt, operation, `capture declined: ${outcome.decline.reason}`);
    case 'rejected':
      return refused(settled, attempt, operation, `capture refused: ${outcome.code}`);
    case 'not_attempted':
      return notAttempted(settled, attempt, operation, outcome.proof, nowMs);
    case 'voided':
    case 'refunded':
      return {
        after: {
          ...withStatus(
            editAttempt(settle(payment, operation.id, outcome, 'rejected'), attempt.id, (each) => ({
              ...each,
              status: payment.amountCapturedMinor > 0 ? each.status : 'voided',
            })),
            payment.amountCapturedMinor > 0 ? 'succeeded' : 'canceled',
          ),
          cancellationReason: 'canceled_at_provider',
        },
        reason: `the authorization is gone at ${attempt.provider}`,
      };
    case 'authorized':
    case 'requires_action':
      // Still authorized: the capture has not happened (yet). The resolver asks again.
      return {
        after: withStatus(settle(payment, operation.id, outcome, 'unknown'), 'processing'),
        reason: 'not captured yet',
      };
    default:
      return unreachable(outcome);
  }
}

function captured(payment: Payment, attempt: Attempt, operation: Operation, amountMinor: number): Decision {
  const total = payment.amountCapturedMinor + amountMinor;
  const done = operation.finalCapture || total >= payment.amountAuthorizedMinor;
  const after: Payment = {
    ...editAttempt(payment, attempt.id, (each) => ({
      ...each,
      status: done ? 'captured' : each.status,
      capturedMinor: each.capturedMinor + amountMinor,
    })),
    amountCapturedMinor: total,
  };
  return {
    after: withStatus(after, done ? 'succeeded' : 'partially_captured'),
    reason: `captured ${amountMinor} by ${attempt.provider}`,
  };
}

/** Back to where a capture can be asked for again. An automatic one has no asker, so a person is told. */
function refused(payment: Payment, attempt: Attempt, operation: Operation, reason: string): Decision {
  const after: Payment = {
    ...withStatus(payment, standing(payment)),
    failure: { code: 'capture_failed', message: reason },
  };
  const exceptions = [
    { kind: 'capture_failed' as const, subjectId: operation.id, summary: `${attempt.provider}: ${reason}` },
  ];
  return { after, reason, exceptions };
}

function standing(payment: Payment): 'requires_capture' | 'partially_captured' {
  return payment.amountCapturedMinor > 0 ? 'partially_captured' : 'requires_capture';
}

/** A capture has no other provider: its retry is a new operation on the same one, until its `send_by`. */
function notAttempted(
  payment: Payment,
  attempt: Attempt,
  operation: Operation,
  proof: string,
  nowMs: number,
): Decision {
  const delayMs = backoffMs(operation.number);
  const late = operation.sendByMs !== undefined && nowMs + delayMs >= operation.sendByMs;
  if (late || proof === 'too_late') {
    return refused(payment, attempt, operation, `capture not attempted: ${proof}`);
  }
  const retried = addOperation(payment, attempt.id, {
    kind: 'capture',
    cause: retryCause(operation),
    amountMinor: operation.amountMinor,
    finalCapture: operation.finalCapture,
    notBeforeMs: nowMs + delayMs,
    ...(operation.sendByMs === undefined ? {} : { sendByMs: operation.sendByMs }),
  });
  return {
    after: withStatus(retried, 'processing'),
    reason: `capture not attempted (${proof}); trying again`,
  };
}
