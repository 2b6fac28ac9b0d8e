import type { Refusal } from '../payment/commands.ts';
import type { Attempt, Payment, RouteStep } from '../payment/payment.ts';
import type { RefundDecision } from './decide.ts';
import {
  allowedRefundCommands,
  editRefundOperation,
  openOperation,
  type Refund,
  type RefundReason,
  withOperation,
} from './refund.ts';

/**
 * What a merchant may ask of refunds. An order is judged against the payment and its balance when it is
 * accepted, and again under the balance's lock; a refusal names the rule, and changes nothing.
 */
export interface Balance {
  /** What providers took in our name, a late success that is being undone among it. */
  readonly capturedMinor: number;
  /** What refunds and undoings hold of it, done or not. */
  readonly reservedMinor: number;
  /** What was refunded at the provider without us. */
  readonly externalRefundedMinor: number;
  /** What the payer's bank took back, less what was won again: the payer has it, and is not given it twice. */
  readonly chargedBackMinor: number;
}

export interface RefundOrder {
  readonly refundId: string;
  readonly cause: string;
  /** Absent: all that may still be refunded. */
  readonly amountMinor?: number;
  readonly currency?: string;
  readonly reason?: RefundReason;
  readonly reference?: string;
  readonly metadata: Readonly<Record<string, string>>;
}

export type RefundOrderRuling =
  | { readonly type: 'decided'; readonly decision: RefundDecision }
  | { readonly type: 'refused'; readonly refusal: Refusal };

export type RefundRuling =
  | RefundOrderRuling
  /** The command's operation exists: it was carried out before, and is told again what came of it. */
  | { readonly type: 'answered' };

export function refundableMinor(balance: Balance): number {
  const { capturedMinor, reservedMinor, externalRefundedMinor, chargedBackMinor } = balance;
  return Math.max(0, capturedMinor - reservedMinor - externalRefundedMinor - chargedBackMinor);
}

/** Why no refund of this much is left; undefined: it is. Whoever asks for no amount asks for any. */
function boundPassed(
  balance: Balance,
  amountMinor = 1,
): { readonly code: string; readonly message: string } | undefined {
  const refundable = refundableMinor(balance);
  if (amountMinor <= refundable) return undefined;
  const { chargedBackMinor } = balance;
  if (amountMinor <= refundableMinor({ ...balance, chargedBackMinor: 0 })) {
    const message = `${chargedBackMinor} was charged back: the payer has it from their bank, and ${refundable} may still be refunded`;
    return { code: 'charged_back', message };
  }
  return refundable === 0
    ? { code: 'nothing_to_refund', message: 'all that was captured is refunded, or is being refunded' }
    : {
        code: 'amount_too_large',
        message: `${amountMinor} is more than the ${refundable} that may still be refunded`,
      };
}

/** The attempt whose money a refund gives back: the one that counts for the merchant. */
function refundedAttempt(payment: Payment): Attempt | undefined {
  return payment.attempts.find((attempt) => !attempt.undoing && attempt.capturedMinor > 0);
}

/** The refund that an order makes, or the rule that forbids it. */
export function judgeRefundOrder(
  payment: Payment,
  balance: Balance,
  order: RefundOrder,
  atMs: number,
): RefundOrderRuling {
  const refuse = (code: string, message: string): RefundOrderRuling => ({
    type: 'refused',
    refusal: { code, message, status: payment.status },
  });
  const attempt = refundedAttempt(payment);
  const step = payment.route.find((each) => each.accountId === attempt?.accountId);
  if (attempt === undefined || step === undefined)
    return refuse('nothing_to_refund', nothingCaptured(payment));
  if (order.currency !== undefined && order.currency !== payment.currency) {
    return refuse(
      'currency_mismatch',
      `the payment is in ${payment.currency}; a refund is in the same currency`,
    );
  }
  const passed = boundPassed(balance, order.amountMinor);
  if (passed !== undefined) return refuse(passed.code, passed.message);
  const amountMinor = order.amountMinor ?? refundableMinor(balance);
  return {
    type: 'decided',
    decision: firstDecision(draftOf(payment, attempt, step, { ...order, amountMinor }, atMs), order),
  };
}

function nothingCaptured({ status }: Payment): string {
  switch (status) {
    case 'canceled':
    case 'expired':
      return `the payment is ${status}: its authorization was released and nothing was captured`;
    case 'failed':
      return 'the payment failed: nothing was captured';
    default:
      return `the payment is ${status}: nothing has been captured yet; void it, or refund it after its capture`;
  }
}

function draftOf(
  payment: Payment,
  attempt: Attempt,
  step: RouteStep,
  order: RefundOrder & { readonly amountMinor: number },
  atMs: number,
): Refund {
  const { refundId, amountMinor, reason, reference, metadata } = order;
  return {
    id: refundId,
    paymentId: payment.id,
    merchantId: payment.merchantId,
    mode: payment.mode,
    generation: 1,
    sequence: 0,
    status: 'pending',
    amountMinor,
    currency: payment.currency,
    ...(reason === undefined ? {} : { reason }),
    ...(reference === undefined ? {} : { reference }),
    metadata,
    attemptId: attempt.id,
    attemptNumber: attempt.number,
    step,
    operations: [],
    outsideBound: false,
    excessMinor: 0,
    createdAtMs: atMs,
  };
}

/** Sent by the provider's API, or, where there is none, given to a person at once and never dropped. */
function firstDecision(draft: Refund, { cause }: RefundOrder): RefundDecision {
  const { provider, canRefund } = draft.step;
  if (canRefund) {
    return { after: withOperation(draft, { cause }), reason: `refund of ${draft.amountMinor} asked for` };
  }
  const summary = `${provider} cannot refund by its API: refund ${draft.amountMinor} ${draft.currency} (minor units) by hand, then resolve ${draft.id} with the evidence`;
  return {
    after: {
      ...draft,
      status: 'requires_review',
      failure: {
        code: 'provider_cannot_refund',
        message: `${provider} cannot refund by its API; a person will`,
      },
    },
    reason: summary,
    exceptions: [{ kind: 'manual_refund', subjectId: draft.id, summary }],
  };
}

/** Whether a cancel could be accepted now. The workflow's update validator asks exactly this. */
export function judgeRefundCancel(refund: Refund): Refusal | undefined {
  if (allowedRefundCommands(refund).includes('cancel')) return undefined;
  const open = openOperation(refund);
  const message =
    open === undefined
      ? `a refund that is ${refund.status} cannot be canceled`
      : `${refund.step.provider} may have the refund already; it cannot be called back`;
  return {
    code: 'refund_unexpected_state',
    message,
    status: refund.status,
    allowed: allowedRefundCommands(refund),
  };
}

/**
 * Cancels a refund of which nothing can have left: its permit was revoked unclaimed (`revoked`), or it has
 * no open operation at all.
 */
export function decideRefundCancel(refund: Refund, revoked: boolean, by: string): RefundRuling {
  const refusal = judgeRefundCancel(refund);
  if (refusal !== undefined) return { type: 'refused', refusal };
  const open = openOperation(refund);
  if (open !== undefined && !revoked) {
    const message = `${refund.step.provider} may have the refund already; it cannot be called back`;
    return { type: 'refused', refusal: { code: 'refund_unexpected_state', message, status: refund.status } };
  }
  const closed =
    open === undefined
      ? refund
      : editRefundOperation(refund, open.id, (each) => ({
          ...each,
          status: 'not_attempted',
          closed: true,
          outcome: { type: 'not_attempted', proof: 'permit_revoked' },
        }));
  return {
    type: 'decided',
    decision: {
      after: { ...closed, status: 'canceled' },
      reason: `canceled by ${by} before anything was sent`,
      settles: ['manual_refund'],
    },
  };
}

/** Nothing is left to ask: a person takes over, the amount stays reserved, and any later news still resolves it. */
export function decideRefundPark(refund: Refund, operationId: string): RefundDecision | undefined {
  const open = openOperation(refund);
  if (open === undefined || open.id !== operationId) return undefined;
  const summary = `refund at ${refund.step.provider} stayed ${open.status}; ask the provider and resolve it with evidence`;
  const kind = open.status === 'pending' ? 'pending_overdue' : 'unknown_outcome_parked';
  const movable = refund.status === 'pending';
  return {
    after: movable
      ? { ...refund, status: 'requires_review', failure: { code: 'outcome_unknown', message: summary } }
      : refund,
    reason: `no proof of the refund at ${refund.step.provider}; parked for a person`,
    exceptions: [{ kind, subjectId: operationId, summary }],
  };
}
