import { type Mode, refundOperationIdFor } from '../names.ts';
import type { Operation, RouteStep } from '../payment/payment.ts';
import { RESTING, type RefundStatus } from './states.ts';

/**
 * A merchant's refund as its workflow holds it and Postgres projects it: plain values, safe in JSON. Amounts
 * are minor units of `currency`; instants are epoch milliseconds. What it may take is bounded by the
 * payment's balance, in which it reserves its amount once, when it is made. `decide.ts` makes the next one.
 */
export interface Refund {
  readonly id: string;
  readonly paymentId: string;
  readonly merchantId: string;
  readonly mode: Mode;
  readonly generation: number;
  /** One more with every recorded transition; what writers compare and set. */
  readonly sequence: number;
  readonly status: RefundStatus;
  readonly amountMinor: number;
  readonly currency: string;
  readonly reason?: RefundReason;
  readonly reference?: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** The attempt whose money goes back, and the provider's declared facts, pinned when the refund was made. */
  readonly attemptId: string;
  readonly attemptNumber: number;
  readonly step: RouteStep;
  /** One at a time. Empty where the provider can't refund and a person must. */
  readonly operations: readonly Operation[];
  readonly failure?: RefundFailure;
  /** The operation whose success is this refund; MANUAL where people refunded the payer by themselves. */
  readonly countedOperationId?: string;
  /** It succeeded after its reservation had been released, so it counts as a fact from outside. */
  readonly outsideBound: boolean;
  /** What the provider gave back beyond what was asked for: a second try that got through after all. */
  readonly excessMinor: number;
  readonly createdAtMs: number;
}

export const MANUAL = 'manual';

/** As Stripe names them; other providers are told nothing. */
export const REFUND_REASONS = ['duplicate', 'fraudulent', 'requested_by_customer'] as const;
export type RefundReason = (typeof REFUND_REASONS)[number];

export interface RefundFailure {
  readonly code:
    | 'refund_refused'
    | 'refund_reversed'
    | 'provider_cannot_refund'
    | 'outcome_unknown'
    | 'given_up_by_operators';
  readonly message: string;
}

/** What outsiders see of a refund. The same shape answers an update, a query and a row's reader. */
export interface RefundSnapshot {
  readonly id: string;
  readonly paymentId: string;
  readonly merchantId: string;
  readonly mode: Mode;
  readonly status: RefundStatus;
  readonly sequence: number;
  readonly amountMinor: number;
  readonly currency: string;
  readonly reason?: RefundReason;
  readonly reference?: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly provider: string;
  readonly providerReference?: string;
  readonly failure?: RefundFailure;
  /** Whether its outcome is not known: the amount stays reserved until it is. */
  readonly outcomeUnknown: boolean;
  readonly createdAtMs: number;
  readonly allowed: readonly RefundCommand[];
}

export type RefundCommand = 'cancel';

export function openOperation(refund: Refund): Operation | undefined {
  return refund.operations.find((operation) => !operation.closed);
}

export function operationOf(refund: Refund, operationId: string): Operation | undefined {
  return refund.operations.find((operation) => operation.id === operationId);
}

export function isFinished(refund: Refund): boolean {
  return RESTING[refund.status] && openOperation(refund) === undefined;
}

/** What a merchant may command: a refund is taken back only while nothing of it can have left. */
export function allowedRefundCommands(refund: Refund): readonly RefundCommand[] {
  const open = openOperation(refund);
  if (refund.status === 'pending') return open?.status === 'created' ? ['cancel'] : [];
  if (refund.status !== 'requires_review' || open !== undefined) return [];
  return refund.failure?.code === 'refund_reversed' ? [] : ['cancel'];
}

/** One more try with a key and permit of its own, or the refund unchanged if its cause already has one. */
export function withOperation(
  refund: Refund,
  wanted: { readonly cause: string; readonly notBeforeMs?: number },
): Refund {
  if (refund.operations.some((each) => each.cause === wanted.cause)) return refund;
  const number = refund.operations.length + 1;
  const operation: Operation = {
    id: refundOperationIdFor(refund.paymentId, refund.id, number),
    kind: 'refund',
    number,
    cause: wanted.cause,
    status: 'created',
    amountMinor: refund.amountMinor,
    finalCapture: true,
    closed: false,
    claimed: false,
    ...(wanted.notBeforeMs === undefined ? {} : { notBeforeMs: wanted.notBeforeMs }),
  };
  return { ...refund, operations: [...refund.operations, operation] };
}

/** A refund before anything of it was written: what its first step starts from. */
export function draftOfDecision(refund: Refund): Refund {
  return { ...refund, sequence: 0, operations: [] };
}

export function editRefundOperation(
  refund: Refund,
  operationId: string,
  edit: (operation: Operation) => Operation,
): Refund {
  const operations = refund.operations.map((each) => (each.id === operationId ? edit(each) : each));
  return { ...refund, operations };
}

export function refundSnapshotOf(refund: Refund): RefundSnapshot {
  const { id, paymentId, merchantId, mode, status, sequence, amountMinor, currency } = refund;
  const { reason, reference, metadata, failure, createdAtMs, step, operations } = refund;
  const providerReference = operations.findLast(
    (each) => each.providerReference !== undefined,
  )?.providerReference;
  return {
    id,
    paymentId,
    merchantId,
    mode,
    status,
    sequence,
    amountMinor,
    currency,
    ...(reason === undefined ? {} : { reason }),
    ...(reference === undefined ? {} : { reference }),
    metadata,
    ...(failure === undefined ? {} : { failure }),
    createdAtMs,
    provider: step.provider,
    ...(providerReference === undefined ? {} : { providerReference }),
    outcomeUnknown: openOperation(refund)?.status === 'unknown',
    allowed: allowedRefundCommands(refund),
  };
}
