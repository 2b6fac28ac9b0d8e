import { OPERATOR_RELEASE } from './causes.ts';
import type { Ruling } from './commands.ts';
import { type Decision, startAttempt, withStatus } from './edit.ts';
import type { OperatorOrder } from './operate.ts';
import { isHeldForReview, type Payment } from './payment.ts';
import { type Rerouted, withRoute } from './retry.ts';

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

/**
 * What the operator lets go is sent to the first of its route, and has its time anew: the review took the old one. The
 * route is made `anew`, too: the accounts, the payer's consent and the card's budget are as they are by now.
 */
export function decideRelease(
  payment: Payment,
  order: OperatorOrder & { readonly sendByMs: number },
  anew: Rerouted = payment,
): Ruling {
  const cause = `${OPERATOR_RELEASE}${order.cause}`;
  if (payment.attempts.some(({ operations }) => operations.some((each) => each.cause === cause)))
    return { type: 'answered' };
  if (!isHeldForReview(payment)) {
    const message = `a payment that is ${payment.status} is not held back for a review`;
    return { type: 'refused', refusal: { code: 'nothing_to_release', message, status: payment.status } };
  }
  const released = `released by ${order.operator}: ${order.reason}`;
  const { refused } = anew;
  const [first] = anew.route;
  if (refused !== undefined) {
    const failure = { code: 'card_declined' as const, message: refused.message, decline: refused };
    const after = { ...withStatus(payment, 'failed'), failure };
    return { type: 'decided', decision: { after, reason: `${released}; ${failure.message}` } };
  }
  if (first === undefined) {
    const message = 'no provider account can take this payment now; it stays held, and may be released later';
    return { type: 'refused', refusal: { code: 'no_route', message, status: payment.status } };
  }
  const completeByMs = Math.max(payment.completeByMs, order.sendByMs);
  const after = startAttempt({ ...withRoute(payment, anew), completeByMs }, first, cause);
  return {
    type: 'decided',
    decision: { after: withStatus(after, 'processing'), reason: `${released}; sent to ${first.provider}` },
  };
}
