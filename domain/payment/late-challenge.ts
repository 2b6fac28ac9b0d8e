import { challengedAttempt, isHolder, withAuthentication } from './challenge.ts';
import { undoLateSuccess } from './decide-undo.ts';
import { type Decision, editOperation, settled, withStatus } from './edit.ts';
import type { OperationOutcome } from './outcome.ts';
import type { Payment } from './payment.ts';

/** Completed after the payer's time, while the intent was being canceled: only then is another payment's success asked for. */
export function isLateCompletion(payment: Payment, operationId: string, outcome: OperationOutcome): boolean {
  if (outcome.type !== 'authorized' && outcome.type !== 'captured') return false;
  const attempt = challengedAttempt(payment);
  return (
    attempt?.authentication?.status === 'unknown' &&
    attempt.operations.some((each) => each.id === operationId)
  );
}

/** A late completion of an order that was paid otherwise: not adopted but given back, as every late success is. */
export function decideDuplicateCompletion(
  payment: Payment,
  operationId: string,
  outcome: OperationOutcome,
  nowMs: number,
): Decision | undefined {
  const attempt = challengedAttempt(payment);
  const holder = attempt?.operations.find((each) => !each.closed && isHolder(each));
  if (attempt === undefined || holder === undefined || !isLateCompletion(payment, operationId, outcome))
    return undefined;
  if (outcome.type !== 'authorized' && outcome.type !== 'captured') return undefined;
  const closed = editOperation(payment, holder.id, (each) => settled(each, outcome));
  const undone = undoLateSuccess(closed, attempt, outcome);
  const decision: Decision = {
    ...undone,
    after: { ...withStatus(undone.after, 'canceled'), cancellationReason: 'reference_paid_otherwise' },
    reason: `completed at ${attempt.provider} after the order was paid otherwise; giving it back`,
  };
  return withAuthentication(decision, attempt.id, holder, outcome, nowMs);
}
