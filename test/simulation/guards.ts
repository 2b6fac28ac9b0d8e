import { canMove, isTerminal } from '../../domain/machine.ts';
import { findOperation, type Operation, type Payment } from '../../domain/payment/payment.ts';
import { ATTEMPT_EDGES, OPERATION_EDGES, PAYMENT_EDGES } from '../../domain/payment/states.ts';
import type { Transition } from '../../domain/payment/transition.ts';
import type { Refund } from '../../domain/refund/refund.ts';
import { REFUND_EDGES } from '../../domain/refund/states.ts';
import type { RefundTransition } from '../../domain/refund/transition.ts';
import { insist } from './violation.ts';

/**
 * What the database's triggers and CHECKs refuse (migration.sql), judged at each written step. There it
 * would be an exception, and a payment that stands still until somebody mends the code; here it is a violation.
 */
export function checkGuards(before: Payment | undefined, transition: Transition, steps: number): void {
  const after = transition.payment;
  insist(transition.sequence === steps + 1, 'I6', () => `sequence ${transition.sequence} after ${steps}`);
  const from = before?.status ?? after.status;
  insist(canMove(PAYMENT_EDGES, from, after.status), 'I6', () => `payment ${from} -> ${after.status}`);
  if (before !== undefined && isTerminal(PAYMENT_EDGES, before.status))
    insist(after.status === before.status, 'I6', () => `${before.status} is terminal`);
  for (const attempt of transition.attempts) {
    const was = before?.attempts.find((each) => each.id === attempt.id)?.status ?? attempt.status;
    insist(canMove(ATTEMPT_EDGES, was, attempt.status), 'I6', () => `attempt ${was} -> ${attempt.status}`);
  }
  for (const operation of transition.operations)
    checkOperation(before === undefined ? undefined : findOperation(before, operation.id), operation);
  checkAmounts(transition);
}

export function checkRefundGuards(
  before: Refund | undefined,
  transition: RefundTransition,
  steps: number,
): void {
  const after = transition.refund;
  insist(transition.sequence === steps + 1, 'I6', () => `sequence ${transition.sequence} after ${steps}`);
  const from = before?.status ?? after.status;
  insist(canMove(REFUND_EDGES, from, after.status), 'I6', () => `refund ${from} -> ${after.status}`);
  for (const operation of transition.operations)
    checkOperation(
      before?.operations.find((each) => each.id === operation.id),
      operation,
    );
  checkBalanced(transition.ledger);
}

function checkOperation(was: Operation | undefined, operation: Operation): void {
  if (was === undefined) return;
  insist(
    canMove(OPERATION_EDGES, was.status, operation.status),
    'I6',
    () => `operation ${operation.id} ${was.status} -> ${operation.status}`,
  );
  insist(!was.closed || operation.closed, 'I6', () => `operation ${operation.id} opened again`);
}

/** The CHECKs of `payment_balance`. */
export function checkBalance(balance: {
  readonly capturedMinor: number;
  readonly reservedMinor: number;
  readonly refundedMinor: number;
}): void {
  const { capturedMinor, reservedMinor, refundedMinor } = balance;
  insist(
    reservedMinor >= 0 && reservedMinor <= capturedMinor,
    'I5',
    () => `${reservedMinor} reserved of ${capturedMinor} captured`,
  );
  insist(
    refundedMinor >= 0 && refundedMinor <= reservedMinor,
    'I5',
    () => `${refundedMinor} refunded of ${reservedMinor} reserved`,
  );
}

function checkBalanced(ledger: Transition['ledger']): void {
  for (const { kind, postings } of ledger) {
    const sum = postings.reduce((total, each) => total + each.amountMinor, 0);
    insist(sum === 0, 'I5', () => `${kind} does not balance: ${sum}`);
  }
}

function checkAmounts({ payment, ledger, capturedDeltaMinor }: Transition): void {
  const { amountMinor, amountAuthorizedMinor, amountCapturedMinor } = payment;
  insist(
    amountCapturedMinor >= 0 &&
      amountCapturedMinor <= amountAuthorizedMinor &&
      amountAuthorizedMinor <= amountMinor,
    'I5',
    () => `captured ${amountCapturedMinor}, authorized ${amountAuthorizedMinor} of ${amountMinor}`,
  );
  // What others refunded is a fact, whatever we know of, and so is what was made against the provider's own word.
  const outside = (payment.externalRefunds ?? []).reduce((sum, each) => sum + each.amountMinor, 0);
  for (const { number, operations, refundedMinor, capturedMinor } of payment.attempts) {
    const late = operations.filter(
      ({ status, outcome }) => status !== 'succeeded' && outcome?.type === 'refunded',
    );
    const facts = late.reduce((sum, each) => sum + each.amountMinor, outside);
    insist(
      refundedMinor >= 0 && refundedMinor - facts <= capturedMinor,
      'I5',
      () => `attempt ${number} refunded ${refundedMinor} of ${capturedMinor}`,
    );
  }
  checkBalanced(ledger);
  // Whatever a provider took in our name is posted as exactly that.
  const posted = ledger
    .flatMap((entry) => (entry.kind === 'capture' || entry.kind === 'late_success' ? entry.postings : []))
    .reduce((sum, each) => sum + Math.max(0, each.amountMinor), 0);
  insist(
    posted === Math.max(0, capturedDeltaMinor),
    'I5',
    () => `posted ${posted}, captured ${capturedDeltaMinor}`,
  );
}
