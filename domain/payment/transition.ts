import { AUTHENTICATION_EDGES } from '../authentication/states.ts';
import { type LedgerEntry, movementOf } from '../ledger/postings.ts';
import { assert, canMove } from '../machine.ts';
import type { Decision, OpenedException } from './edit.ts';
import type { Attempt, ExternalRefund, Operation, Payment } from './payment.ts';
import { ATTEMPT_EDGES, PAYMENT_EDGES, type PaymentStatus } from './states.ts';

/**
 * One recorded step of a payment: the difference between before and after, as rows. Everything that is
 * written about a step (projection, permits' rows, postings, audit, event) comes from here, so nothing
 * can be written that the decision did not say.
 */
export interface Transition {
  readonly paymentId: string;
  readonly generation: number;
  /** The sequence number that this step takes; the row must stand one below. */
  readonly sequence: number;
  readonly trigger: Trigger;
  /** Absent for the first step, which makes the payment. */
  readonly fromStatus?: PaymentStatus;
  readonly reason: string;
  readonly atMs: number;
  readonly payment: Payment;
  readonly attempts: readonly Attempt[];
  readonly operations: readonly OperationRow[];
  readonly ledger: readonly LedgerEntry[];
  /** Added to what has been captured at providers in our name, adopted or being undone. */
  readonly capturedDeltaMinor: number;
  /** Attempts that are undone by a refund reserve in `payment_balance`; each once, however often it is tried. */
  readonly reservations: readonly { readonly subjectId: string; readonly amountMinor: number }[];
  /** Refunds made at the provider without us that this step records. */
  readonly externalRefunds: readonly (ExternalRefund & { readonly accountId: string })[];
  readonly events: readonly string[];
  readonly exceptions: readonly OpenedException[];
  /** Whether the CVC may go: nothing of this payment can be authorized any more. */
  readonly authorizationResolved: boolean;
}

export interface OperationRow extends Operation {
  readonly attemptId: string;
  readonly attemptNumber: number;
}

/** Who or what caused a step. `actor` is the merchant's request, a timer, a provider, or an operator. */
export interface Trigger {
  readonly type: string;
  readonly actor: string;
}

/** The step from `before` by `decision`, with the next sequence number. Asserts that the tables list it. */
export function transitionOf(
  before: Payment,
  decision: Decision,
  trigger: Trigger,
  atMs: number,
): Transition {
  const after: Payment = { ...decision.after, sequence: before.sequence + 1 };
  assert(
    canMove(PAYMENT_EDGES, before.status, after.status),
    `payment ${before.id}: ${before.status} may not become ${after.status}`,
  );
  const earlier = new Map(before.attempts.map((attempt) => [attempt.id, attempt] as const));
  const changed = after.attempts.filter((attempt) => earlier.get(attempt.id) !== attempt);
  for (const attempt of changed) {
    const from = earlier.get(attempt.id)?.status ?? 'created';
    assert(
      canMove(ATTEMPT_EDGES, from, attempt.status),
      `attempt ${attempt.id}: ${from} may not become ${attempt.status}`,
    );
    const wasAt = earlier.get(attempt.id)?.authentication?.status ?? 'requested';
    const isAt = attempt.authentication?.status ?? wasAt;
    assert(
      canMove(AUTHENTICATION_EDGES, wasAt, isAt),
      `authentication of ${attempt.id}: ${wasAt} may not become ${isAt}`,
    );
  }
  const operations = changed.flatMap((attempt) => changedOperations(earlier.get(attempt.id), attempt));
  return {
    paymentId: before.id,
    generation: before.generation,
    sequence: after.sequence,
    trigger,
    ...(before.sequence === 0 ? {} : { fromStatus: before.status }),
    reason: decision.reason,
    atMs,
    payment: after,
    attempts: changed,
    operations,
    ledger: changed.flatMap((attempt) => movementOf(after, earlier.get(attempt.id), attempt)),
    capturedDeltaMinor: changed.reduce(
      (sum, attempt) => sum + attempt.capturedMinor - (earlier.get(attempt.id)?.capturedMinor ?? 0),
      0,
    ),
    reservations: operations
      .filter((operation) => operation.kind === 'refund' && operation.status === 'created')
      .map((operation) => ({ subjectId: operation.attemptId, amountMinor: operation.amountMinor })),
    externalRefunds: newExternalRefunds(before, after, changed),
    events: eventsOf(before, after),
    exceptions: decision.exceptions ?? [],
    authorizationResolved: !mayStillAuthorize(after),
  };
}

/** One attempt's money goes back, so the attempt that the step changed is the one that was refunded. */
function newExternalRefunds(
  before: Payment,
  after: Payment,
  changed: readonly Attempt[],
): Transition['externalRefunds'] {
  const known = before.externalRefunds?.length ?? 0;
  const made = (after.externalRefunds ?? []).slice(known);
  if (made.length === 0) return [];
  const [attempt] = changed;
  assert(attempt !== undefined, `a refund made outside changes no attempt of ${after.id}`);
  return made.map((each) => ({ ...each, accountId: attempt.accountId }));
}

function changedOperations(earlier: Attempt | undefined, attempt: Attempt): OperationRow[] {
  const known = new Map(earlier?.operations.map((operation) => [operation.id, operation] as const));
  return attempt.operations
    .filter((operation) => known.get(operation.id) !== operation)
    .map((operation) => ({ ...operation, attemptId: attempt.id, attemptNumber: attempt.number }));
}

/**
 * Exhaustive by type: the event that tells a merchant of each status, or undefined where it tells nothing new. What is
 * partially captured may also be so again, after a capture that was refused: the amount says whether there is news.
 */
const STATUS_EVENTS: Readonly<Record<PaymentStatus, string | undefined>> = {
  requires_payment_method: undefined,
  requires_confirmation: undefined,
  processing: undefined,
  requires_action: 'payment.requires_action',
  requires_capture: 'payment.authorized',
  partially_captured: undefined,
  requires_review: 'payment.requires_review',
  succeeded: 'payment.succeeded',
  failed: 'payment.failed',
  canceled: 'payment.canceled',
  expired: 'payment.expired',
};

function eventsOf(before: Payment, after: Payment): string[] {
  const event = before.status === after.status ? undefined : STATUS_EVENTS[after.status];
  const undone = after.attempts.some(
    (attempt, index) =>
      attempt.undoing &&
      (attempt.status === 'voided' || attempt.status === 'refunded') &&
      before.attempts[index]?.status !== attempt.status,
  );
  const captured =
    after.status === 'partially_captured' && after.amountCapturedMinor > before.amountCapturedMinor;
  const events = captured ? ['payment.captured'] : event === undefined ? [] : [event];
  // Our own refunds are steps of their own.
  const refunded = after.amountRefundedMinor > before.amountRefundedMinor;
  return [
    ...events,
    ...(undone ? ['payment.late_success_undone'] : []),
    ...(refunded ? ['payment.refunded_externally'] : []),
  ];
}

function mayStillAuthorize(payment: Payment): boolean {
  switch (payment.status) {
    case 'requires_payment_method':
    case 'requires_confirmation':
    case 'requires_action':
      return true;
    case 'processing':
    case 'requires_review':
      return payment.amountAuthorizedMinor === 0;
    default:
      return false;
  }
}
