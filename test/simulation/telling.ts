import type { Operation } from '../../domain/payment/payment.ts';
import type { Transition } from '../../domain/payment/transition.ts';
import type { RefundTransition } from '../../domain/refund/transition.ts';

/** A step as one line of a trace. */
export function tellingOf(step: Transition | RefundTransition): string {
  const { sequence, generation, trigger, reason } = step;
  const head = `step ${sequence} g${generation} ${trigger.type}`;
  if ('refund' in step) {
    const { refund } = step;
    return `${refund.id.slice(-2)} ${head}: ${refund.status} of ${refund.amountMinor} ${operationsOf(refund.operations)} (${reason})`;
  }
  const { payment } = step;
  const attempts = payment.attempts.map((attempt) => `${attempt.status}${attempt.undoing ? '!' : ''}`);
  const operations = payment.attempts.flatMap((attempt) => attempt.operations);
  return `${head}: ${payment.status} [${attempts}] ${operationsOf(operations)} (${reason})`;
}

function operationsOf(operations: readonly Operation[]): string {
  return operations.map((each) => `${each.id.slice(30)}=${each.status}${each.closed ? '.' : ''}`).join(' ');
}
