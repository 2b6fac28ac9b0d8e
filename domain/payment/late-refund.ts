import { type Decision, editAttempt, editOperation, type OpenedException } from './edit.ts';
import type { OperationOutcome } from './outcome.ts';
import { type Attempt, attemptOf, findOperation, type Operation, type Payment } from './payment.ts';

/**
 * News about an undoing refund that is closed: taken back after it had succeeded, or made after it had been refused
 * or proven not made. Its status stays what it was closed with; its outcome says what is so. Merchants' refunds have
 * a twin of this in domain/refund.
 */
export function decideLateRefund(
  payment: Payment,
  attempt: Attempt,
  operation: Operation,
  outcome: OperationOutcome,
): Decision | undefined {
  switch (outcome.type) {
    case 'refunded':
      return isMade(operation) || isTakenBack(operation)
        ? undefined
        : madeLate(payment, attempt, operation, outcome);
    case 'declined':
      return isMade(operation)
        ? takenBack(payment, attempt, operation, outcome)
        : contradictionOf(payment, attempt, operation);
    // A refusal says that it was never carried out; of one that was, a person judges.
    case 'rejected':
      return contradictionOf(payment, attempt, operation);
    default:
      return undefined;
  }
}

/** Whether nothing was believed of it so far: an outcome that says more is a late one. */
export function isUnmade(payment: Payment, operationId: string): boolean {
  const operation = findOperation(payment, operationId);
  const undo = operation?.kind === 'refund' && attemptOf(payment, operationId)?.undoing === true;
  return undo && operation.closed && operation.status !== 'succeeded' && !isMade(operation);
}

function isMade({ outcome }: Operation): boolean {
  return outcome?.type === 'refunded';
}

/** Whether the provider took it back after it had succeeded. */
export function isTakenBack({ kind, outcome, status }: Operation): boolean {
  return kind === 'refund' && status === 'succeeded' && outcome?.type === 'declined';
}

/** What a late success still owes the payer: others may have given a part of it back. */
export function leftToUndoMinor({ capturedMinor, refundedMinor }: Attempt): number {
  return Math.max(0, capturedMinor - refundedMinor);
}

/** More went back than was taken: a person must get it again. */
export function excessOf(attempt: Attempt, operation: Operation, refundedMinor: number): OpenedException[] {
  const excess = refundedMinor - attempt.capturedMinor;
  if (excess <= 0) return [];
  const summary = `${attempt.provider} gave back ${excess} more of a late success than it had taken`;
  return [{ kind: 'refund_excess', subjectId: operation.id, summary }];
}

/** The payer's money is with the provider again, so the books say so, and a person says what follows. */
function takenBack(
  payment: Payment,
  attempt: Attempt,
  operation: Operation,
  outcome: OperationOutcome,
): Decision {
  const marked = editAttempt(payment, attempt.id, (each) => ({
    ...each,
    refundedMinor: Math.max(0, each.refundedMinor - operation.amountMinor),
  }));
  const summary = `${attempt.provider} took back the refund that had undone a late success; try again, or give it back in another way`;
  return {
    after: editOperation(marked, operation.id, (each) => ({ ...each, outcome })),
    reason: summary,
    exceptions: [{ kind: 'undo_failed', subjectId: operation.id, summary }],
  };
}

/** It happened, so it is recorded. A try that is still to be sent is looked into first. */
function madeLate(
  payment: Payment,
  attempt: Attempt,
  operation: Operation,
  outcome: Extract<OperationOutcome, { type: 'refunded' }>,
): Decision {
  const { providerReference } = outcome;
  const refundedMinor = attempt.refundedMinor + operation.amountMinor;
  const marked = editAttempt(payment, attempt.id, (each) => ({
    ...each,
    refundedMinor,
    status: refundedMinor >= each.capturedMinor ? 'refunded' : each.status,
    operations: each.operations.map((other) => {
      if (other.id === operation.id) return { ...other, outcome, providerReference };
      const waits = other.kind === 'refund' && other.status === 'created';
      return waits ? { ...other, status: 'unknown' as const } : other;
    }),
  }));
  const summary = `${attempt.provider} made a refund of a late success that had been proven not made`;
  return {
    after: marked,
    reason: summary,
    exceptions: [
      { kind: 'late_success', subjectId: operation.id, summary },
      ...excessOf(attempt, operation, refundedMinor),
    ],
  };
}

/** The provider says again, or says otherwise, what has been judged by what it said before. */
function contradictionOf(payment: Payment, attempt: Attempt, operation: Operation): Decision | undefined {
  if (operation.status !== 'succeeded') return undefined;
  const summary = `${attempt.provider} took a ${operation.kind} back that had succeeded`;
  return {
    after: payment,
    reason: summary,
    exceptions: [{ kind: 'contradiction', subjectId: operation.id, summary }],
  };
}
