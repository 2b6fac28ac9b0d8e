import { type LedgerEntry, movementOfRefund } from '../ledger/postings.ts';
import { assert, canMove } from '../machine.ts';
import type { OpenedException } from '../payment/edit.ts';
import type { Operation } from '../payment/payment.ts';
import type { Trigger } from '../payment/transition.ts';
import type { RefundDecision } from './decide.ts';
import type { Refund } from './refund.ts';
import { REFUND_EDGES, type RefundStatus } from './states.ts';

/**
 * One recorded step of a refund: the difference between before and after, as rows. As for payments, nothing
 * can be written that the decision did not say.
 */
export interface RefundTransition {
  readonly refundId: string;
  readonly generation: number;
  /** The sequence number that this step takes; the row must stand one below. */
  readonly sequence: number;
  readonly trigger: Trigger;
  readonly fromStatus?: RefundStatus;
  readonly reason: string;
  readonly atMs: number;
  readonly refund: Refund;
  readonly operations: readonly Operation[];
  readonly ledger: readonly LedgerEntry[];
  /** What moves in the payment's balance with this step. */
  readonly balance: BalanceChange;
  readonly events: readonly string[];
  readonly exceptions: readonly OpenedException[];
  /** Kinds of this refund's exceptions that are no longer open. */
  readonly settles: readonly OpenedException['kind'][];
}

export interface BalanceChange {
  /** Of what we bound: what has been refunded. */
  readonly refundedMinor: number;
  /** Of what we only record: facts from outside. */
  readonly externalMinor: number;
  /** Whether the reservation is given back. It is so once at most. */
  readonly release: boolean;
}

/** The step from `before` by `decision`, with the next sequence number. Asserts that the table lists it. */
export function refundTransitionOf(
  before: Refund,
  decision: RefundDecision,
  trigger: Trigger,
  atMs: number,
): RefundTransition {
  const after: Refund = { ...decision.after, sequence: before.sequence + 1 };
  assert(
    canMove(REFUND_EDGES, before.status, after.status) || before.sequence === 0,
    `refund ${before.id}: ${before.status} may not become ${after.status}`,
  );
  const earlier = new Map(before.operations.map((operation) => [operation.id, operation] as const));
  return {
    refundId: before.id,
    generation: before.generation,
    sequence: after.sequence,
    trigger,
    ...(before.sequence === 0 ? {} : { fromStatus: before.status }),
    reason: decision.reason,
    atMs,
    refund: after,
    operations: after.operations.filter((operation) => earlier.get(operation.id) !== operation),
    ledger: movementOfRefund(before, after),
    balance: balanceChange(before, after),
    events: eventsOf(before, after),
    exceptions: decision.exceptions ?? [],
    settles: decision.settles ?? [],
  };
}

function balanceChange(before: Refund, after: Refund): BalanceChange {
  const counted =
    Number(after.countedOperationId !== undefined) - Number(before.countedOperationId !== undefined);
  const moved = counted * after.amountMinor;
  const excess = after.excessMinor - before.excessMinor;
  return {
    refundedMinor: after.outsideBound ? 0 : moved,
    externalMinor: (after.outsideBound ? moved : 0) + excess,
    release: isGivenUp(after.status) && !isGivenUp(before.status),
  };
}

function isGivenUp(status: RefundStatus): boolean {
  return status === 'failed' || status === 'canceled';
}

/** Exhaustive by type: the event that tells a merchant of each status. */
const STATUS_EVENTS: Readonly<Record<RefundStatus, string>> = {
  pending: 'refund.pending',
  requires_review: 'refund.requires_review',
  succeeded: 'refund.succeeded',
  failed: 'refund.failed',
  canceled: 'refund.canceled',
};

function eventsOf(before: Refund, after: Refund): string[] {
  const created = before.sequence === 0;
  if (created)
    return after.status === 'pending' ? ['refund.created'] : ['refund.created', STATUS_EVENTS[after.status]];
  return before.status === after.status ? [] : [STATUS_EVENTS[after.status]];
}
