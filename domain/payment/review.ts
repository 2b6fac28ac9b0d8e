import type { Ruling } from './commands.ts';
import { type Decision, startAttempt, withStatus } from './edit.ts';
import type { OperatorOrder } from './operate.ts';
import { isHeldForReview, type Payment } from './payment.ts';

/**
 * A payment that its policy wants a person to look at before anything is sent. It has a route and no attempt; an
 * operator releases it, or whoever made it gives it up. Nothing is charged meanwhile, so nothing has to be proven.
 */
export function heldForReview(payment: Payment, rules: readonly string[]): Decision {
  const summary = `waits for an operator before it is sent: ${rules.join(', ')}`;
  return {
    after: withStatus(payment, 'requires_review'),
    reason: summary,
    exceptions: [{ kind: 'payment_review', subjectId: payment.id, summary }],
  };
}

/** What the operator lets go is sent to the first of its route, and has its time anew: the review took the old one. */
export function decideRelease(
  payment: Payment,
  order: OperatorOrder & { readonly sendByMs: number },
): Ruling {
  const cause = `operator_release_${order.cause}`;
  if (payment.attempts.some(({ operations }) => operations.some((each) => each.cause === cause)))
    return { type: 'answered' };
  const first = payment.route[0];
  if (!isHeldForReview(payment) || first === undefined) {
    const message = `a payment that is ${payment.status} is not held back for a review`;
    return { type: 'refused', refusal: { code: 'nothing_to_release', message, status: payment.status } };
  }
  const completeByMs = Math.max(payment.completeByMs, order.sendByMs);
  const after = withStatus(startAttempt({ ...payment, completeByMs }, first, cause), 'processing');
  return {
    type: 'decided',
    decision: { after, reason: `released to ${first.provider} by ${order.operator}: ${order.reason}` },
  };
}
