import type { Evidence } from './outcome.ts';
import { attemptOf, type Operation, type Payment } from './payment.ts';

/**
 * Whether a letter only repeats what the payment has recorded. Providers confirm every answer by webhook;
 * waking a workflow (or opening a closed payment's next generation) for each would tell nobody anything.
 * Only a closed operation with the very same outcome counts, so a letter that could matter never does.
 */
export function saysNothingNew(payment: Payment, evidence: Evidence | undefined): boolean {
  if (evidence === undefined) return false;
  const operations = concerned(payment, evidence);
  return operations.length > 0 && operations.every((operation) => agrees(payment, operation, evidence));
}

/**
 * Whether the letter speaks of a send whose own answer is still on its way. That answer, or the resolver
 * after it, reads the letter box anyway.
 */
export function isUnderWay(payment: Payment, evidence: Evidence | undefined): boolean {
  if (evidence?.kind !== 'authorize') return false;
  const operations = concerned(payment, evidence);
  return (
    operations.some((operation) => operation.status === 'created') &&
    operations.every((each) => each.status === 'created')
  );
}

function concerned(payment: Payment, evidence: Evidence): readonly Operation[] {
  const attempt = payment.attempts.find(
    (each) =>
      each.id === evidence.reference ||
      each.operations.some((operation) => operation.id === evidence.reference),
  );
  if (attempt === undefined) return [];
  if (attempt.id !== evidence.reference)
    return attempt.operations.filter((each) => each.id === evidence.reference);
  return attempt.operations.filter((each) =>
    evidence.kind === 'authorize'
      ? each.kind === 'authorize' || each.kind === 'sale'
      : each.kind === evidence.kind,
  );
}

function agrees(payment: Payment, operation: Operation, { outcome }: Evidence): boolean {
  if (!operation.closed) return false;
  switch (outcome.type) {
    case 'authorized':
    case 'captured': {
      const attempt = attemptOf(payment, operation.id);
      // An authorization that was later voided did succeed; a success for one that never did is news.
      return operation.status === 'succeeded' && (attempt?.authorizedMinor ?? 0) > 0;
    }
    case 'voided':
    case 'refunded':
      return operation.status === 'succeeded';
    case 'declined':
      return operation.status === 'declined';
    case 'rejected':
      return operation.status === 'rejected';
    case 'pending':
    case 'requires_action':
      return true;
    case 'not_attempted':
    case 'unknown':
      return false;
  }
}
