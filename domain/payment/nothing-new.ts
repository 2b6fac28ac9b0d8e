import { isTakenBack } from './late-refund.ts';
import { concerned } from './named.ts';
import type { Evidence } from './outcome.ts';
import type { Attempt, Operation, Payment } from './payment.ts';
import { isCaptureMade } from './unexpected-capture.ts';

/**
 * Whether a letter only repeats what the payment has recorded. Providers confirm every answer by webhook;
 * waking a workflow (or opening a closed payment's next generation) for each would tell nobody anything.
 * Only what agrees with something recorded is put away, so a letter that could matter never is.
 */
export function saysNothingNew(payment: Payment, evidence: Evidence | undefined): boolean {
  if (evidence !== undefined && isRecordedRefund(payment, evidence)) return true;
  const named = evidence === undefined ? undefined : concerned(payment, evidence);
  if (evidence === undefined || named === undefined) return false;
  return (
    named.operations.length > 0 &&
    named.operations.every((operation) => agrees(named.attempt, operation, evidence))
  );
}

/**
 * A refund made at the provider that stands in the books; or, from a provider that tells the total of what was
 * refunded and no name (''), a total that the books know of: ours and outsiders', or what has undone the attempt.
 */
function isRecordedRefund(payment: Payment, { outcome, reference }: Evidence): boolean {
  if (outcome.type !== 'refunded') return false;
  if (outcome.providerReference !== '') {
    return (payment.externalRefunds ?? []).some(
      (each) => each.providerReference === outcome.providerReference,
    );
  }
  const attempt = payment.attempts.find((each) => each.id === reference);
  if (attempt === undefined) return false;
  const known = attempt.undoing ? attempt.refundedMinor : payment.amountRefundedMinor;
  return outcome.amountMinor === known;
}

/**
 * Whether the letter speaks of a send whose own answer is still on its way. That answer, or the resolver
 * after it, comes first; the letter is looked at again later.
 */
export function isUnderWay(payment: Payment, evidence: Evidence | undefined): boolean {
  if (evidence?.kind !== 'authorize') return false;
  const open =
    concerned(payment, evidence)?.attempt.operations.filter((operation) => !operation.closed) ?? [];
  return open.length > 0 && open.every((operation) => operation.status === 'created');
}

function agrees(attempt: Attempt, operation: Operation, { outcome, reference }: Evidence): boolean {
  switch (outcome.type) {
    case 'authorized':
      return operation.closed && operation.status === 'succeeded' && attempt.authorizedMinor > 0;
    case 'captured': {
      // The whole attempt must be at rest: a capture that is unknown is resolved by this very letter.
      const atRest = attempt.operations.every((each) => each.closed);
      // Other captures may come to as much: one that is named by itself must have been made.
      const made = operation.kind !== 'capture' || operation.id !== reference || isCaptureMade(operation);
      return made && atRest && attempt.capturedMinor >= outcome.amountMinor && attempt.authorizedMinor > 0;
    }
    case 'voided':
      return operation.closed && (attempt.status === 'voided' || attempt.status === 'expired');
    case 'refunded':
      return operation.closed && (operation.status === 'succeeded' || operation.outcome?.type === 'refunded');
    case 'declined':
      return operation.closed && (operation.status === 'declined' || isTakenBack(operation));
    case 'rejected':
      return operation.closed && operation.status === 'rejected';
    case 'pending':
    case 'requires_action':
      return operation.closed || operation.status === 'pending';
    case 'not_attempted':
    case 'unknown':
      return false;
  }
}
