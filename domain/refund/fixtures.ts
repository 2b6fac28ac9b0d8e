import { draft, NOW, planned, stepAt } from '../payment/fixtures.ts';
import type { OperationOutcome } from '../payment/outcome.ts';
import type { Operation, Payment, RouteStep } from '../payment/payment.ts';
import {
  type Balance,
  decideRefundCancel,
  judgeRefundOrder,
  type RefundOrder,
  type RefundRuling,
} from './commands.ts';
import { decideRefundOutcome, type RefundDecision } from './decide.ts';
import { draftOfDecision, openOperation, type Refund } from './refund.ts';
import { type RefundTransition, refundTransitionOf } from './transition.ts';

/** Refunds to decide about in tests: made by the domain's own judgement, as a plan would have stored them. */
export const REFUND_ID = `ref_${'b'.repeat(26)}`;
const TRIGGER = { type: 'test', actor: 'test' };

/** A payment of which 1000 were captured, in one attempt at one provider. */
export function capturedPayment(step: Partial<RouteStep> = {}): Payment {
  const before = planned({ route: [stepAt('stripe', step)] });
  const attempts = before.attempts.map((attempt) => ({
    ...attempt,
    status: 'captured' as const,
    authorizedMinor: 1_000,
    capturedMinor: 1_000,
  }));
  return {
    ...before,
    status: 'succeeded',
    attempts,
    amountAuthorizedMinor: 1_000,
    amountCapturedMinor: 1_000,
  };
}

export const uncaptured = (status: Payment['status']): Payment => ({ ...draft(), status });

export const FREE: Balance = {
  capturedMinor: 1_000,
  reservedMinor: 0,
  externalRefundedMinor: 0,
  chargedBackMinor: 0,
};

export function order(changes: Partial<RefundOrder> = {}): RefundOrder {
  return { refundId: REFUND_ID, cause: 'req_1', amountMinor: 400, metadata: {}, ...changes };
}

export function decided(ruling: RefundRuling): RefundDecision {
  if (ruling.type !== 'decided') throw new Error(`not decided: ${JSON.stringify(ruling)}`);
  return ruling.decision;
}

/** The step that makes a refund, as the plan writes it. */
export function firstStep(step: Partial<RouteStep> = {}): RefundTransition {
  const decision = decided(judgeRefundOrder(capturedPayment(step), FREE, order(), NOW));
  return transition(draftOfDecision(decision.after), decision);
}

export const newRefund = (step: Partial<RouteStep> = {}): Refund => firstStep(step).refund;

export function transition(before: Refund, decision: RefundDecision, atMs = NOW): RefundTransition {
  return refundTransitionOf(before, decision, TRIGGER, atMs);
}

/** The refund after an outcome of its open operation, or of the one that is named. */
export function upon(refund: Refund, outcome: OperationOutcome, operationId = open(refund).id): Refund {
  const decision = decideRefundOutcome(refund, operationId, outcome, NOW);
  if (decision === undefined) throw new Error(`${outcome.type} decides nothing`);
  return transition(refund, decision).refund;
}

export function open(refund: Refund): Operation {
  const operation = openOperation(refund);
  if (operation === undefined) throw new Error('nothing is open');
  return operation;
}

export const REFUNDED: OperationOutcome = { type: 'refunded', providerReference: 're_1', amountMinor: 400 };
export const REFUSED: OperationOutcome = { type: 'rejected', code: 'no', message: 'No.' };
export const TAKEN_BACK: OperationOutcome = {
  type: 'declined',
  decline: { reason: 'invalid_account', providerCode: 'expired_or_canceled_card', message: 'No.' },
};
export const UNSENT: OperationOutcome = { type: 'not_attempted', proof: 'no_byte_sent' };
export const UNKNOWN: OperationOutcome = { type: 'unknown', cause: 'timeout' };
export const PENDING: OperationOutcome = { type: 'pending', providerReference: 're_1' };

export const first = (refund: Refund) => refund.operations[0]?.id ?? '';
export const unsentOnce = () => upon(newRefund(), UNSENT);
export const canceled = () =>
  transition(unsentOnce(), decided(decideRefundCancel(unsentOnce(), true, 'x'))).refund;
export const succeeded = () => upon(newRefund(), REFUNDED);
