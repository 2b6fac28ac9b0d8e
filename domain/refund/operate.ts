import type { Refusal } from '../payment/commands.ts';
import type { OperatorOrder, Testimony } from '../payment/operate.ts';
import type { OperationOutcome } from '../payment/outcome.ts';
import type { RefundRuling } from './commands.ts';
import { decideRefundOutcome } from './decide.ts';
import { MANUAL, openOperation, type Refund, withOperation } from './refund.ts';

/** What operators may do about a refund: as for payments, nothing here weakens a proof. */
export type RefundTestimony = OperationOutcome | { readonly type: 'refunded_by_hand' };

function decided(after: Refund, order: OperatorOrder, what: string): RefundRuling {
  return { type: 'decided', decision: { after, reason: `${what} by ${order.operator}: ${order.reason}` } };
}

function refuse(refund: Refund, code: string, message: string): RefundRuling {
  return { type: 'refused', refusal: { code, message, status: refund.status } };
}

/** Sends or asks now what waits; or, where nothing is open, sends the refund once more. */
export function decideRefundRetryNow(refund: Refund, order: OperatorOrder): RefundRuling {
  const cause = `operator_retry_${order.cause}`;
  // A workflow that is reset is told its updates again; what came of this one since must not start over.
  if (refund.operations.some((each) => each.cause === cause)) return { type: 'answered' };
  const open = openOperation(refund);
  const { failure: _failure, ...rest } = refund;
  if (open !== undefined) {
    const parked = refund.status === 'requires_review';
    return decided(parked ? { ...rest, status: 'pending' } : refund, order, 'tried again now');
  }
  if (refund.status !== 'requires_review') {
    return refuse(refund, 'nothing_to_retry', `nothing of a refund that is ${refund.status} is waiting`);
  }
  if (!refund.step.canRefund) {
    return refuse(
      refund,
      'provider_cannot_refund',
      `${refund.step.provider} cannot refund by its API; refund by hand and resolve`,
    );
  }
  // It succeeded after its amount had been released, which others may hold by now.
  if (refund.outsideBound) {
    return refuse(
      refund,
      'reservation_released',
      'nothing is reserved for it any more; make a new refund, or resolve this one with evidence',
    );
  }
  const again = withOperation({ ...rest, status: 'pending' }, { cause });
  return decided(again, order, 'sent again');
}

/** What a testimony amounts to: of the open operation, or, where there is none, of the refund by hand. */
export function testimonyOf(
  refund: Refund,
  operationId: string | undefined,
  { outcome, providerReference }: Testimony,
):
  | { readonly type: 'outcome'; readonly outcome: RefundTestimony }
  | { readonly type: 'refused'; readonly refusal: Refusal } {
  const refusal = judgeRefundTestimony(refund, operationId);
  if (refusal !== undefined) return { type: 'refused', refusal };
  if (outcome === 'not_executed') {
    const message = 'not executed, as two operators testify';
    return { type: 'outcome', outcome: { type: 'rejected', code: 'not_executed', message } };
  }
  if (operationId === undefined) return { type: 'outcome', outcome: { type: 'refunded_by_hand' } };
  if (providerReference === undefined) {
    const message = `say under which reference ${refund.step.provider} has it`;
    return { type: 'refused', refusal: { code: 'provider_reference_required', message } };
  }
  return {
    type: 'outcome',
    outcome: { type: 'refunded', providerReference, amountMinor: refund.amountMinor },
  };
}

export function judgeRefundTestimony(refund: Refund, operationId: string | undefined): Refusal | undefined {
  const open = openOperation(refund);
  const { status } = refund;
  if (open?.id !== operationId) {
    const message =
      open === undefined
        ? 'nothing of it is open; leave the operation out'
        : `the open operation is ${open.id}`;
    return { code: 'operation_unknown', message, status };
  }
  if (open === undefined && status !== 'requires_review') {
    return { code: 'operation_resolved', message: `the refund is ${status} already`, status };
  }
  if (open?.status === 'created') {
    const message = 'the refund has not been sent, as far as is known; cancel it or try again now';
    return { code: 'operation_not_sent', message, status };
  }
  return undefined;
}

/** The proposal itself changes nothing but the audit. */
export function decideRefundProposal(
  refund: Refund,
  operationId: string | undefined,
  order: OperatorOrder,
): RefundRuling {
  const refusal = judgeRefundTestimony(refund, operationId);
  if (refusal !== undefined) return { type: 'refused', refusal };
  return decided(refund, order, `resolution of ${operationId ?? 'the refund'} proposed`);
}

/** Carries out what two operators agree on. */
export function decideRefundResolution(
  refund: Refund,
  operationId: string | undefined,
  testimony: RefundTestimony,
  order: OperatorOrder & { readonly evidence: string },
  nowMs: number,
): RefundRuling {
  const refusal = judgeRefundTestimony(refund, operationId);
  if (refusal !== undefined) return { type: 'refused', refusal };
  const decision =
    operationId === undefined || testimony.type === 'refunded_by_hand'
      ? byHand(refund, testimony)
      : decideRefundOutcome(refund, operationId, testimony, nowMs);
  if (decision === undefined) {
    return refuse(refund, 'operation_resolved', 'the refund stands as the resolution says already');
  }
  const reason = `${decision.reason}; resolved by ${order.operator}: ${order.reason} (evidence: ${order.evidence})`;
  return { type: 'decided', decision: { ...decision, reason } };
}

/** A refund that its provider couldn't make, or took back: people paid the payer, or gave it up. */
function byHand(refund: Refund, testimony: RefundTestimony) {
  const settles = ['manual_refund', 'refund_reversed'] as const;
  const { failure: _failure, ...rest } = refund;
  if (testimony.type === 'refunded_by_hand') {
    const after: Refund = { ...rest, status: 'succeeded', countedOperationId: MANUAL };
    return { after, reason: 'refunded by hand', settles };
  }
  const failure = {
    code: 'given_up_by_operators' as const,
    message: 'given up; the amount may be refunded again',
  };
  const after: Refund = { ...rest, status: 'failed', failure };
  return { after, reason: 'given up', settles };
}
