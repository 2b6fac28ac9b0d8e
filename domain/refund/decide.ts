import { unreachable } from '../machine.ts';
import { backoffMs } from '../payment/backoff.ts';
import { sameStanding } from '../payment/decide.ts';
import { mustFind, type OpenedException, retryCause, settled } from '../payment/edit.ts';
import type { OperationOutcome } from '../payment/outcome.ts';
import type { Operation } from '../payment/payment.ts';
import {
  editRefundOperation,
  openOperation,
  operationOf,
  type Refund,
  type RefundFailure,
  withOperation,
} from './refund.ts';
import type { RefundStatus } from './states.ts';

/**
 * What follows from a provider's word about a refund. Pure, like its twin for payments: the refund before,
 * one operation's outcome and the time give the refund after, or undefined where nothing is new. A refund
 * takes money from the merchant, so the same rule holds as for a charge: an unknown one stays unknown, with
 * its amount reserved, until it is proven.
 */
export interface RefundDecision {
  readonly after: Refund;
  readonly reason: string;
  readonly exceptions?: readonly OpenedException[];
  /** Kinds of exceptions of this refund that the step settles. */
  readonly settles?: readonly OpenedException['kind'][];
}

export function decideRefundOutcome(
  refund: Refund,
  operationId: string,
  outcome: OperationOutcome,
  nowMs: number,
): RefundDecision | undefined {
  const operation = mustFind(operationOf(refund, operationId), `operation ${operationId}`);
  if (operation.closed) return decideLate(refund, operation, outcome);
  if (sameStanding(operation, outcome)) return undefined;
  return decideOpen(refund, operation, outcome, nowMs);
}

/** A letter names what it speaks of: by that name a refused try is known again if it is made after all. */
export function named(
  decision: RefundDecision | undefined,
  operationId: string,
  providerReference: string | undefined,
): RefundDecision | undefined {
  if (decision === undefined || providerReference === undefined) return decision;
  const after = editRefundOperation(decision.after, operationId, (each) => ({ providerReference, ...each }));
  return { ...decision, after };
}

function decideOpen(
  refund: Refund,
  operation: Operation,
  outcome: OperationOutcome,
  nowMs: number,
): RefundDecision {
  const { provider } = refund.step;
  const after = editRefundOperation(refund, operation.id, (each) => settled(each, outcome));
  switch (outcome.type) {
    case 'refunded':
      return succeeded(after, operation, `refunded by ${provider}`);
    case 'pending':
      return { after: backToWork(after), reason: `${provider} received the refund` };
    case 'unknown':
      return { after, reason: `refund unknown at ${provider}: ${outcome.cause}` };
    case 'declined':
      return refused(after, `${provider} did not refund: ${outcome.decline.providerCode}`);
    case 'rejected':
      return refused(after, `${provider} refused the refund: ${outcome.code}`);
    case 'not_attempted':
      return notAttempted(after, operation, outcome.proof, nowMs);
    case 'authorized':
    case 'captured':
    case 'requires_action':
    case 'voided':
      // What the provider says of the payment says nothing of its refund: the resolver asks again.
      return {
        after: editRefundOperation(refund, operation.id, (each) => settled(each, outcome, 'unknown')),
        reason: 'not refunded yet',
      };
    default:
      return unreachable(outcome);
  }
}

/** A parked refund that the provider turns out to be working on is no longer a person's. */
function backToWork(refund: Refund): Refund {
  return refund.status === 'requires_review' ? withoutFailure({ ...refund, status: 'pending' }) : refund;
}

function withoutFailure({ failure: _failure, ...refund }: Refund): Refund {
  return refund;
}

/** The first success is the refund. */
function succeeded(after: Refund, operation: Operation, reason: string): RefundDecision {
  if (after.countedOperationId !== undefined) return excess(after, operation);
  return {
    after: { ...withoutFailure(after), status: 'succeeded', countedOperationId: operation.id },
    reason,
    settles: ['unknown_outcome_parked', 'pending_overdue', 'manual_refund', 'refund_reversed'],
  };
}

/** Two tries that both got through: money that nobody asked for is gone, and a person must get it back. */
function excess(after: Refund, operation: Operation): RefundDecision {
  const summary = `${after.step.provider} made refund ${after.id} twice`;
  return {
    after: { ...after, excessMinor: after.excessMinor + operation.amountMinor },
    reason: summary,
    exceptions: [{ kind: 'refund_excess', subjectId: operation.id, summary }],
  };
}

/** Proven not made, for a reason that trying again won't change: what was reserved is free again. */
function refused(after: Refund, message: string): RefundDecision {
  return close(after, 'failed', { code: 'refund_refused', message }, message);
}

function close(after: Refund, status: RefundStatus, failure: RefundFailure, reason: string): RefundDecision {
  // Another try of it has succeeded meanwhile: that one counts.
  if (after.status !== 'pending' && after.status !== 'requires_review') return { after, reason };
  return {
    after: { ...after, status, failure },
    reason,
    settles: ['unknown_outcome_parked', 'pending_overdue'],
  };
}

/** Proven that nothing left: a new operation with a key and permit of its own, after a while, without end. */
function notAttempted(after: Refund, operation: Operation, proof: string, nowMs: number): RefundDecision {
  const reason = `refund not attempted (${proof})`;
  if (after.status !== 'pending' && after.status !== 'requires_review') return { after, reason };
  const retried = withOperation(after, {
    cause: retryCause(operation),
    notBeforeMs: nowMs + backoffMs(operation.number),
  });
  return {
    after: backToWork(retried),
    reason: `${reason}; trying again`,
    settles: ['unknown_outcome_parked', 'pending_overdue'],
  };
}

/** News about an operation that is closed. */
function decideLate(
  refund: Refund,
  operation: Operation,
  outcome: OperationOutcome,
): RefundDecision | undefined {
  if (outcome.type === 'declined') return reversed(refund, operation);
  if (outcome.type === 'rejected') return contradicted(refund, operation, outcome);
  if (outcome.type === 'refunded') return lateSuccess(refund, operation, outcome);
  return undefined;
}

/**
 * A refusal says that it was never carried out, and it was: perhaps the two crossed, perhaps one of them is
 * wrong. Only the provider's word that it took the money back undoes a success; of this a person judges.
 */
function contradicted(
  refund: Refund,
  operation: Operation,
  { code }: Extract<OperationOutcome, { type: 'rejected' }>,
): RefundDecision | undefined {
  // One that was refused before it succeeded late is known to be, and why.
  if (refund.countedOperationId !== operation.id || operation.status === 'rejected') return undefined;
  const summary = `${refund.step.provider} refused refund ${refund.id} (${code}), which it had reported made; ask it which is so`;
  return {
    after: refund,
    reason: summary,
    exceptions: [{ kind: 'contradiction', subjectId: operation.id, summary }],
  };
}

/** The provider took it back: the payer has nothing, the merchant has the money, and a person says what follows. */
function reversed(refund: Refund, operation: Operation): RefundDecision | undefined {
  if (refund.countedOperationId !== operation.id) return undefined;
  const summary = `${refund.step.provider} took refund ${refund.id} back after it had succeeded; refund the payer in another way, or try again`;
  const { countedOperationId: _counted, ...rest } = refund;
  return {
    // A canceled one was made all the same, and then taken back: nobody is owed anything.
    after:
      refund.status === 'canceled'
        ? rest
        : { ...rest, status: 'requires_review', failure: { code: 'refund_reversed', message: summary } },
    reason: summary,
    exceptions: [{ kind: 'refund_reversed', subjectId: refund.id, summary }],
  };
}

/**
 * A success for an operation that was proven without one. It happened, so it is recorded: as this refund where
 * that had none, else as an excess. An operation that is still on its way is looked into before it is sent.
 */
function lateSuccess(
  refund: Refund,
  operation: Operation,
  outcome: Extract<OperationOutcome, { type: 'refunded' }>,
): RefundDecision | undefined {
  // The same success once more: counted, in excess, or reversed since. Its status stays what it was closed with.
  if (operation.status === 'succeeded' || operation.outcome?.type === 'refunded') return undefined;
  if (refund.countedOperationId === operation.id) return undefined;
  const { providerReference } = outcome;
  const marked = editRefundOperation(refund, operation.id, (each) => ({
    ...each,
    providerReference,
    outcome,
  }));
  if (refund.countedOperationId !== undefined) return excess(marked, operation);
  const summary = `${refund.step.provider} reports refund ${refund.id} made, which had been proven not made`;
  const next = openOperation(marked);
  const looked =
    next?.status === 'created'
      ? editRefundOperation(marked, next.id, (each) => ({ ...each, status: 'unknown' }))
      : marked;
  // A failed one has given its reservation back, which others may hold by now.
  const released = refund.status === 'failed' || refund.status === 'canceled';
  return {
    after: {
      ...withoutFailure(looked),
      status: refund.status === 'canceled' ? 'canceled' : 'succeeded',
      countedOperationId: operation.id,
      outsideBound: refund.outsideBound || released,
    },
    reason: summary,
    exceptions: [{ kind: 'late_success', subjectId: operation.id, summary }],
  };
}
