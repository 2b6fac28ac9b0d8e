import type { OperationOutcome } from '../../domain/payment/outcome.ts';
import { operationOf } from '../../domain/refund/refund.ts';
import { REAL_RULES, type Rules } from './rules.ts';
import { broken, type Sabotage, SOFT_DECLINE } from './sabotage.ts';

const UNSENT: OperationOutcome = { type: 'not_attempted', proof: 'no_byte_sent' };

function reading(read: (outcome: OperationOutcome) => OperationOutcome): Partial<Rules> {
  return {
    decideRefundOutcome: (refund, operationId, outcome, nowMs) =>
      REAL_RULES.decideRefundOutcome(refund, operationId, read(outcome), nowMs),
  };
}

/** What is said of a closed operation is not heard. */
function deafTo(...types: readonly OperationOutcome['type'][]): Partial<Rules> {
  return {
    decideRefundOutcome: (refund, operationId, outcome, nowMs) =>
      operationOf(refund, operationId)?.closed === true && types.includes(outcome.type)
        ? undefined
        : REAL_RULES.decideRefundOutcome(refund, operationId, outcome, nowMs),
  };
}

/** Of the rules of refunds. */
export const REFUND_SABOTAGES: readonly Sabotage[] = [
  broken('refunds are bounded by nothing', ['I5'], {
    judgeRefundOrder: (payment, balance, order, atMs) =>
      REAL_RULES.judgeRefundOrder(payment, { ...balance, reservedMinor: 0 }, order, atMs),
  }),
  broken(
    'a refund that is unknown is read as failed',
    ['I4', 'I1', 'I2'],
    reading((outcome) => (outcome.type === 'unknown' ? SOFT_DECLINE : outcome)),
  ),
  broken(
    'a refund that is unknown is sent again as another',
    ['I4', 'I1'],
    reading((outcome) => (outcome.type === 'unknown' ? UNSENT : outcome)),
  ),
  broken('an amount is released with every try that fails', ['I5'], {
    refundTransitionOf: (before, decision, trigger, atMs) => {
      const transition = REAL_RULES.refundTransitionOf(before, decision, trigger, atMs);
      const failed = transition.operations.some((each) => each.closed && each.status !== 'succeeded');
      return { ...transition, balance: { ...transition.balance, release: failed } };
    },
    releaseOnce: (reservation) => {
      reservation.released = true;
      return reservation.amountMinor;
    },
  }),
  broken('a late success of a refund is ignored', ['I2', 'I1'], deafTo('refunded')),
  broken('a refund that is taken back counts all the same', ['I2'], deafTo('declined')),
  broken('a refund is canceled although it may have been sent', ['I4', 'I1', 'I5'], {
    decideRefundCancel: (refund, _revoked, by) => REAL_RULES.decideRefundCancel(refund, true, by),
  }),
  broken('a refund from outside is not recorded', ['I2'], { decideExternalRefund: () => undefined }),
];
