import { canMove, unreachable } from '../machine.ts';
import { isCompletion } from './causes.ts';
import { decideCompletion, stillWaits, withAuthentication } from './challenge.ts';
import { decideAuthorization } from './decide-authorization.ts';
import { decideCapture } from './decide-capture.ts';
import { decideRefund, decideVoid, undoLateSuccess } from './decide-undo.ts';
import { type Decision, editAttempt, mustFind, settle, withStatus } from './edit.ts';
import { isCapturedAfterAll, undoLateCapture } from './late-capture.ts';
import { decideLateRefund } from './late-refund.ts';
import type { Authorized, Captured, OperationOutcome } from './outcome.ts';
import {
  type Attempt,
  attemptOf,
  type ExternalRefund,
  findOperation,
  type Operation,
  type Payment,
} from './payment.ts';
import { ATTEMPT_EDGES, PAYMENT_EDGES } from './states.ts';
import { decideUnexpectedCapture } from './unexpected-capture.ts';

/**
 * What follows from an outcome. Pure: the payment before, one operation's outcome and the time give the
 * payment after. The workflow performs whatever operations are open in it; `undefined` means that the
 * outcome says nothing new. Authorizations are in decide-authorization.ts, captures in decide-capture.ts, voids and refunds in decide-undo.ts,
 * the merchant's commands in commands.ts, unknown outcomes in resolver.ts.
 */
export function decideOutcome(
  payment: Payment,
  operationId: string,
  outcome: OperationOutcome,
  nowMs: number,
  voidDecides: () => boolean = () => true,
): Decision | undefined {
  const operation = mustFind(findOperation(payment, operationId), `operation ${operationId}`);
  const attempt = mustFind(attemptOf(payment, operationId), `attempt of ${operationId}`);
  if (operation.closed) return decideLate(payment, attempt, operation, outcome);
  if (sameStanding(operation, outcome) || stillWaits(attempt, outcome)) return undefined;
  const decision = withAuthentication(
    isCompletion(operation)
      ? decideCompletion(payment, attempt, operation, outcome, (after, holder) =>
          decideOpen(after, attempt, holder, outcome, nowMs, voidDecides),
        )
      : decideOpen(payment, attempt, operation, outcome, nowMs, voidDecides),
    attempt.id,
    operation,
    outcome,
    nowMs,
  );
  return isPossible(payment, decision) ? decision : contradiction(payment, attempt, operation, outcome);
}

function decideOpen(
  payment: Payment,
  attempt: Attempt,
  operation: Operation,
  outcome: OperationOutcome,
  nowMs: number,
  voidDecides: () => boolean,
): Decision {
  switch (operation.kind) {
    case 'authorize':
    case 'sale':
      return decideAuthorization(payment, attempt, operation, outcome, nowMs, voidDecides);
    case 'capture':
      return decideCapture(payment, attempt, operation, outcome, nowMs);
    case 'void':
      return decideVoid(payment, attempt, operation, outcome, nowMs);
    case 'refund':
      return decideRefund(payment, attempt, operation, outcome, nowMs);
    default:
      return unreachable(operation.kind);
  }
}

/** Whether the tables and the amounts allow what a decision leaves. What they don't allow, nobody may believe. */
function isPossible(before: Payment, { after }: Decision): boolean {
  const amounts =
    after.amountAuthorizedMinor <= after.amountMinor &&
    after.amountCapturedMinor <= after.amountAuthorizedMinor;
  const attempts = after.attempts.every((attempt, index) =>
    canMove(ATTEMPT_EDGES, before.attempts[index]?.status ?? 'created', attempt.status),
  );
  return amounts && attempts && canMove(PAYMENT_EDGES, before.status, after.status);
}

/** The provider says two things that cannot both be true. Nothing is concluded; a person looks. */
function contradiction(
  payment: Payment,
  attempt: Attempt,
  operation: Operation,
  outcome: OperationOutcome,
): Decision {
  const settled = settle(payment, operation.id, outcome);
  const summary = `${attempt.provider} says ${outcome.type} to a ${operation.kind} of an attempt that is ${attempt.status}`;
  const movable = !attempt.undoing && canMove(PAYMENT_EDGES, payment.status, 'requires_review');
  return {
    after: movable ? withStatus(settled, 'requires_review') : settled,
    reason: summary,
    exceptions: [{ kind: 'contradiction', subjectId: operation.id, summary }],
  };
}

/**
 * A second `unknown` or `pending` for what is already so tells nothing. Nor does absence: what a provider has
 * acknowledged reached it, so a search that doesn't show it proves nothing.
 */
export function sameStanding(operation: Operation, outcome: OperationOutcome): boolean {
  if (outcome.type === 'not_attempted') return operation.status === 'pending';
  if (outcome.type === 'unknown') return operation.status === 'unknown' || operation.status === 'pending';
  return outcome.type === 'pending' && operation.status === 'pending';
}

/**
 * News about an operation that is closed. A success where we had proven none is undone, and so is the capture of what
 * was given up; a capture of what counts is adopted, where it fits; an authorization that the provider let go, or a capture that it took back, changes what we believed; the
 * rest repeats.
 */
function decideLate(
  payment: Payment,
  attempt: Attempt,
  operation: Operation,
  outcome: OperationOutcome,
): Decision | undefined {
  if (operation.kind === 'refund') return decideLateRefund(payment, attempt, operation, outcome);
  if (outcome.type === 'captured' && isCapturedAfterAll(payment, operation.id, outcome))
    return undoLateCapture(payment, attempt, outcome);
  const unexpected =
    outcome.type === 'captured' ? decideUnexpectedCapture(payment, attempt, operation, outcome) : undefined;
  if (unexpected !== undefined) return unexpected;
  const authorization = operation.kind === 'authorize' || operation.kind === 'sale';
  const succeeded = operation.status === 'succeeded';
  if (authorization && (outcome.type === 'authorized' || outcome.type === 'captured')) {
    return lateSuccess(payment, attempt, outcome);
  }
  if (authorization && succeeded && outcome.type === 'voided') return lapsed(payment, attempt);
  if (!authorization && succeeded && (outcome.type === 'declined' || outcome.type === 'rejected')) {
    const summary = `${attempt.provider} took a ${operation.kind} back that had succeeded`;
    return {
      after: payment,
      reason: summary,
      exceptions: [{ kind: 'contradiction', subjectId: operation.id, summary }],
    };
  }
  return undefined;
}

/** Held for uncharged. A success of it would be a late one. */
export function isDead({ status, undoing }: Attempt): boolean {
  return !undoing && (status === 'declined' || status === 'errored' || status === 'voided');
}

function lateSuccess(
  payment: Payment,
  attempt: Attempt,
  outcome: Authorized | Captured,
): Decision | undefined {
  if (!isDead(attempt)) return undefined;
  // A void that worked leaves the authorization's own success message in the mail; that is no news.
  if (attempt.status === 'voided' && attempt.authorizedMinor > 0) return undefined;
  return undoLateSuccess(payment, attempt, outcome);
}

/** The provider let an authorization go that we still held: by its own clock, or from its dashboard. */
function lapsed(payment: Payment, attempt: Attempt): Decision | undefined {
  if (payment.status !== 'requires_capture' || attempt.status !== 'authorized' || attempt.undoing)
    return undefined;
  const after = editAttempt(payment, attempt.id, (each) => ({ ...each, status: 'expired' }));
  return {
    after: { ...withStatus(after, 'expired'), cancellationReason: 'authorization_expired_at_provider' },
    reason: `the authorization is gone at ${attempt.provider}`,
  };
}

/**
 * Somebody refunded the payment at the provider, without us. It is a fact: recorded once, whatever the balance
 * says (where both exceed what was captured, the recording opens an exception), and before the capture is known,
 * too, which its letter may overtake. `reference` is the attempt's. What we hold for dead waits for its late success.
 * Of one that is being undone it only does the undoing's work: that has reserved the amount, and it is none of the merchant's.
 */
export function decideExternalRefund(
  payment: Payment,
  reference: string,
  refund: ExternalRefund,
): Decision | undefined {
  const known = payment.externalRefunds ?? [];
  if (known.some((each) => each.providerReference === refund.providerReference)) return undefined;
  const attempt = payment.attempts.find((each) => each.id === reference && !isDead(each));
  const summary = `${refund.amountMinor} refunded at the provider, without us`;
  if (attempt === undefined) {
    const exceptions = [{ kind: 'contradiction' as const, subjectId: refund.providerReference, summary }];
    return { after: payment, reason: `${summary}, of an attempt that captured nothing`, exceptions };
  }
  const marked = editAttempt(payment, attempt.id, (each) => ({
    ...each,
    refundedMinor: each.refundedMinor + refund.amountMinor,
  }));
  return {
    after: {
      ...marked,
      externalRefunds: [...known, refund],
      amountRefundedMinor: payment.amountRefundedMinor + (attempt.undoing ? 0 : refund.amountMinor),
    },
    reason: summary,
    exceptions: [{ kind: 'external_refund', subjectId: refund.providerReference, summary }],
  };
}
