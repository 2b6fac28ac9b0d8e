import { isTerminal, unreachable } from '../machine.ts';
import { adopt, waitsForVoid } from './adopt.ts';
import { backoffMs } from './backoff.ts';
import {
  AUTHENTICATION_REQUIRED,
  CHALLENGE_ENDED,
  isCompletion,
  NOTHING_TO_VOID,
  OPERATOR_VOID,
} from './causes.ts';
import { challengeGivenUp, isPayerAwaited } from './challenge.ts';
import {
  addOperation,
  type Decision,
  editAttempt,
  editOperation,
  type OpenedException,
  retryCause,
  rootCause,
  settle,
  withStatus,
} from './edit.ts';
import { goOn } from './go-on.ts';
import { excessOf, leftToUndoMinor } from './late-refund.ts';
import type { Authorized, Captured, OperationOutcome } from './outcome.ts';
import { type Attempt, currentAttempt, type Operation, type Payment } from './payment.ts';
import { PAYMENT_EDGES, type PaymentStatus } from './states.ts';

/** What follows from a void's or an undoing refund's outcome, and how a late success is undone. See decide.ts. */
export function decideVoid(
  payment: Payment,
  attempt: Attempt,
  operation: Operation,
  outcome: OperationOutcome,
  nowMs: number,
): Decision {
  const settled = settle(payment, operation.id, outcome);
  const beside = attempt.undoing || isTerminal(PAYMENT_EDGES, payment.status) || isStray(attempt, operation);
  const waiting: PaymentStatus = beside ? payment.status : 'processing';
  switch (outcome.type) {
    case 'voided':
      return voided(settled, attempt, operation, nowMs);
    case 'pending':
      return { after: withStatus(settled, waiting), reason: `${attempt.provider} received the void` };
    case 'unknown':
      return {
        after: withStatus(settled, waiting),
        reason: `void unknown at ${attempt.provider}: ${outcome.cause}`,
      };
    case 'rejected':
      return refused(settled, attempt, operation, outcome.code, nowMs);
    case 'declined':
      return refused(settled, attempt, operation, outcome.decline.providerCode, nowMs);
    case 'not_attempted':
      if (isStray(attempt, operation)) return { after: settled, reason: 'the void is no longer needed' };
      if (attempt.status === 'authorized' && rootCause(operation) === CHALLENGE_ENDED)
        return adopt(settled, attempt, 'the challenge was completed before it was canceled', nowMs);
      if (waitsForVoid(payment, attempt, operation))
        return adopt(settled, attempt, 'it was authorized before it was canceled', nowMs);
      return {
        after: withStatus(retry(settled, attempt, operation, nowMs), waiting),
        reason: `void not attempted (${outcome.proof}); trying again`,
      };
    case 'captured':
    case 'refunded':
      return contradiction(
        settle(payment, operation.id, outcome, 'rejected'),
        attempt,
        operation,
        outcome.type,
      );
    case 'authorized':
    case 'requires_action':
      // Not voided yet: the resolver asks again.
      return {
        after: withStatus(settle(payment, operation.id, outcome, 'unknown'), waiting),
        reason: 'not voided yet',
      };
    default:
      return unreachable(outcome);
  }
}

/**
 * The doubt that a void by reference was for has been resolved, or what a void was for is dead: it holds nothing up,
 * and is not tried again.
 */
export function isStray(attempt: Attempt, operation: Operation): boolean {
  const charging = attempt.operations.filter((each) => each.kind === 'authorize' || each.kind === 'sale');
  return (
    operation.kind === 'void' &&
    (operation.cause.startsWith('resolve_') || isUncharged(attempt)) &&
    charging.every((each) => each.closed)
  );
}

function isUncharged({ status, undoing }: Attempt): boolean {
  return !undoing && (status === 'declined' || status === 'errored');
}

/** Exhaustive by prefix of the cause: why a void was asked for says what its success means. */
function voided(payment: Payment, attempt: Attempt, operation: Operation, nowMs: number): Decision {
  const after = editAttempt(payment, attempt.id, (each) => ({ ...each, status: 'voided' }));
  const reason = `voided at ${attempt.provider}`;
  if (isUncharged(attempt)) return { after: payment, reason: 'nothing was left to void' };
  if (attempt.undoing) return { after, reason: `late success undone: ${reason}` };
  if (isTerminal(PAYMENT_EDGES, payment.status)) return { after, reason };
  // Somebody else is being asked already: what was proven of this attempt says nothing of that one.
  if (currentAttempt(payment)?.id !== attempt.id)
    return { after: closeAuthorization(after, attempt, 'rejected'), reason };
  if (isPayerAwaited(attempt) || rootCause(operation) === CHALLENGE_ENDED)
    return { after: challengeGivenUp(closeAuthorization(after, attempt, 'declined'), attempt), reason };
  if (rootCause(operation) === AUTHENTICATION_REQUIRED) return authenticationRequired(after, attempt);
  if (operation.cause.startsWith('resolve_')) {
    const closed = closeAuthorization(after, attempt, 'rejected');
    return goOn(closed, `${reason}, by our reference`, nowMs, {
      mayFailOver: true,
      failure: {
        code: 'provider_unavailable',
        message: 'the outcome was unknown and the attempt was voided',
      },
    });
  }
  if (rootCause(operation).startsWith(OPERATOR_VOID)) {
    // Voiding what was in doubt is what proves it dead.
    const closed = withStatus(closeAuthorization(after, attempt, 'rejected'), 'canceled');
    return { after: { ...closed, cancellationReason: 'voided_by_operator' }, reason };
  }
  const expired = rootCause(operation) === 'authorization_expiry';
  return {
    after: {
      ...withStatus(closeAuthorization(after, attempt, 'rejected'), expired ? 'expired' : 'canceled'),
      cancellationReason: expired ? 'authorization_expired' : 'requested_by_merchant',
    },
    reason,
  };
}

function authenticationRequired(payment: Payment, attempt: Attempt): Decision {
  const message = 'the issuer asks for an authentication that this payment cannot give';
  const after = withStatus(closeAuthorization(payment, attempt, 'declined'), 'failed');
  return {
    after: { ...after, failure: { code: 'authentication_required', message } },
    reason: `intent canceled at ${attempt.provider}; authentication required`,
  };
}

/** Closes the authorization that a void has proven dead. */
function closeAuthorization(payment: Payment, attempt: Attempt, status: 'declined' | 'rejected'): Payment {
  const authorization = attempt.operations.find(
    (each) => (each.kind === 'authorize' || each.kind === 'sale') && !each.closed,
  );
  if (authorization === undefined) return payment;
  return editOperation(payment, authorization.id, (each) => ({ ...each, status, closed: true }));
}

/** An operator's void of an authorization that may not exist: what it finds not, the resolver goes on to ask for. */
function isDoubted(attempt: Attempt, operation: Operation): boolean {
  return rootCause(operation).startsWith(OPERATOR_VOID) && attempt.status !== 'authorized';
}

/** A challenge of which nothing that could have completed it was ever on its way. */
function isUncompleted({ status, authentication, operations }: Attempt): boolean {
  const completions = operations.filter(isCompletion);
  return (
    status === 'requires_action' &&
    authentication !== undefined &&
    completions.every((each) => each.closed && each.status !== 'succeeded')
  );
}

function refused(
  payment: Payment,
  attempt: Attempt,
  operation: Operation,
  code: string,
  nowMs: number,
): Decision {
  const nothing = code === NOTHING_TO_VOID;
  if (waitsForVoid(payment, attempt, operation))
    return adopt(payment, attempt, `it was authorized before it was canceled (${code})`, nowMs);
  // Only we could have completed the challenge, so an intent that isn't there cannot be charged.
  if (nothing && (rootCause(operation) === AUTHENTICATION_REQUIRED || isUncompleted(attempt)))
    return voided(payment, attempt, operation, nowMs);
  // The payer may have been quicker: asking tells.
  if (attempt.status === 'requires_action' && attempt.authentication !== undefined)
    return {
      after: withStatus(payment, 'processing'),
      reason: `${attempt.provider} did not cancel the challenge (${code}); asking what came of it`,
    };
  // Absence is judged by the resolver, which asked: it counts only after the horizon, and twice.
  if (nothing && (operation.cause.startsWith('resolve_') || isDoubted(attempt, operation)))
    return { after: payment, reason: 'nothing to void, so far' };
  if (nothing && rootCause(operation) === 'authorization_expiry')
    return voided(payment, attempt, operation, nowMs);
  const exceptions: readonly OpenedException[] = [
    {
      kind: attempt.undoing ? 'undo_failed' : 'void_failed',
      subjectId: operation.id,
      summary: `${attempt.provider} refused the void: ${code}`,
    },
  ];
  const reason = `void refused by ${attempt.provider}: ${code}`;
  if (isUncharged(attempt) && !operation.cause.startsWith('resolve_')) return { after: payment, reason };
  // The payer was quicker, and nothing of it is captured yet.
  const ended = rootCause(operation) === CHALLENGE_ENDED || payment.captureMethod === 'automatic';
  if (attempt.status === 'authorized' && attempt.authentication?.challengedAtMs !== undefined && ended)
    if (!attempt.undoing && !isTerminal(PAYMENT_EDGES, payment.status))
      return adopt(payment, attempt, reason, nowMs);
  if (attempt.undoing || isTerminal(PAYMENT_EDGES, payment.status))
    return { after: payment, reason, exceptions };
  if (operation.cause.startsWith('resolve_') || isDoubted(attempt, operation))
    return { after: payment, reason, exceptions };
  if (attempt.status !== 'authorized')
    return { after: withStatus(payment, 'requires_review'), reason, exceptions };
  const failure = { code: 'void_failed' as const, message: reason };
  return { after: { ...withStatus(payment, 'requires_capture'), failure }, reason, exceptions };
}

function retry(payment: Payment, attempt: Attempt, operation: Operation, nowMs: number): Payment {
  return addOperation(payment, attempt.id, {
    kind: operation.kind,
    cause: retryCause(operation),
    amountMinor: operation.amountMinor,
    notBeforeMs: nowMs + backoffMs(operation.number),
  });
}

function contradiction(payment: Payment, attempt: Attempt, operation: Operation, what: string): Decision {
  const summary = `${attempt.provider} says ${what} where a void was asked for`;
  const status: PaymentStatus = isTerminal(PAYMENT_EDGES, payment.status)
    ? payment.status
    : 'requires_review';
  return {
    after: withStatus(payment, status),
    reason: summary,
    exceptions: [{ kind: 'contradiction', subjectId: operation.id, summary }],
  };
}

/** The undoing refund of a late success. Merchants' refunds are workflows of their own. */
export function decideRefund(
  payment: Payment,
  attempt: Attempt,
  operation: Operation,
  outcome: OperationOutcome,
  nowMs: number,
): Decision {
  const settled = settle(payment, operation.id, outcome);
  switch (outcome.type) {
    case 'refunded': {
      const after = editAttempt(settled, attempt.id, (each) => ({
        ...each,
        status: 'refunded',
        refundedMinor: each.refundedMinor + operation.amountMinor,
      }));
      const exceptions = excessOf(attempt, operation, attempt.refundedMinor + operation.amountMinor);
      return { after, reason: `late success undone: refunded at ${attempt.provider}`, exceptions };
    }
    case 'pending':
    case 'unknown':
      return { after: settled, reason: `refund ${outcome.type} at ${attempt.provider}` };
    case 'not_attempted':
      // An earlier try, or somebody else, has given it back meanwhile.
      if (leftToUndoMinor(attempt) === 0)
        return {
          after: editAttempt(settled, attempt.id, (each) => ({ ...each, status: 'refunded' })),
          reason: `refund not attempted (${outcome.proof}), nor needed any more`,
        };
      return {
        after: retry(settled, attempt, operation, nowMs),
        reason: `refund not attempted (${outcome.proof}); trying again`,
      };
    case 'authorized':
    case 'captured':
    case 'requires_action':
      return { after: settle(payment, operation.id, outcome, 'unknown'), reason: 'not refunded yet' };
    case 'declined':
    case 'rejected':
    case 'voided':
      return refundRefused(settle(payment, operation.id, outcome, 'rejected'), attempt, operation);
    default:
      return unreachable(outcome);
  }
}

function refundRefused(payment: Payment, attempt: Attempt, operation: Operation): Decision {
  const reason = `refund refused by ${attempt.provider}`;
  if (leftToUndoMinor(attempt) === 0) {
    const after = editAttempt(payment, attempt.id, (each) => ({ ...each, status: 'refunded' }));
    return { after, reason: `${reason}; others have given all of it back` };
  }
  const summary = `${attempt.provider} refused to refund a late success`;
  return { after: payment, reason, exceptions: [{ kind: 'undo_failed', subjectId: operation.id, summary }] };
}

/**
 * A success for an attempt that we had proven dead: the money goes back, whatever the payment has come to.
 * Its status is not touched; the correction is appended (attempt, postings, audit, event).
 */
export function undoLateSuccess(
  payment: Payment,
  attempt: Attempt,
  outcome: Authorized | Captured,
): Decision {
  const captured = outcome.type === 'captured';
  const marked = editAttempt(payment, attempt.id, (each) => ({
    ...each,
    status: captured ? 'captured' : 'authorized',
    providerReference: outcome.providerReference,
    authorizedMinor: outcome.amountMinor,
    capturedMinor: captured ? outcome.amountMinor : 0,
    undoing: true,
    watched: false,
  }));
  const amountMinor = Math.max(0, outcome.amountMinor - attempt.refundedMinor);
  const undone = captured && amountMinor === 0;
  const after = undone
    ? marked
    : addOperation(marked, attempt.id, {
        kind: captured ? 'refund' : 'void',
        cause: 'late_success',
        amountMinor: captured ? amountMinor : outcome.amountMinor,
      });
  const summary = `${attempt.provider} reports ${outcome.type} for an attempt proven uncharged; giving it back`;
  return { after, reason: summary, exceptions: [{ kind: 'late_success', subjectId: attempt.id, summary }] };
}
