import type { JournalLine, ProviderName, StormEvidence } from '../evidence-types.ts';
import {
  type AttemptRow,
  type AuditRow,
  type BalanceRow,
  type ExceptionRow,
  type InboxRow,
  type OperationRow,
  type OutboxRow,
  type PaymentMethodRow,
  type PaymentRow,
  type PostingRow,
  type RefundRow,
  type ReservationRow,
  toAttempt,
  toAudit,
  toBalance,
  toException,
  toInbox,
  toOperation,
  toOutbox,
  toPayment,
  toPaymentMethod,
  toPostings,
  toRefund,
  toReservation,
  toWebhookDelivery,
} from './rows.ts';

/** The evidence with its rows typed and everything findable by what belongs together. Judges nothing. */
export interface View {
  readonly evidence: StormEvidence;
  readonly payments: ReadonlyMap<string, PaymentRow>;
  readonly refunds: ReadonlyMap<string, RefundRow>;
  readonly attempts: ReadonlyMap<string, AttemptRow>;
  readonly operations: readonly OperationRow[];
  readonly operationById: ReadonlyMap<string, OperationRow>;
  readonly operationByKey: ReadonlyMap<string, OperationRow>;
  readonly postings: readonly PostingRow[];
  readonly balances: ReadonlyMap<string, BalanceRow>;
  readonly reservations: readonly ReservationRow[];
  readonly inbox: readonly InboxRow[];
  readonly outbox: readonly OutboxRow[];
  readonly outboxById: ReadonlyMap<string, OutboxRow>;
  readonly paymentMethods: readonly PaymentMethodRow[];
  /** Oldest first, by owner. */
  readonly audits: ReadonlyMap<string, readonly AuditRow[]>;
  /** All journals' lines, each journal's in its own order. */
  readonly lines: readonly JournalLine[];
  /** The lines of one attempt, named by the reference that the provider knows it by. */
  readonly linesOf: (attemptId: string) => readonly JournalLine[];
  readonly attemptsOf: (paymentId: string) => readonly AttemptRow[];
  readonly operationsOf: (attemptId: string) => readonly OperationRow[];
  readonly refundsOf: (paymentId: string) => readonly RefundRow[];
  /** The events that are written down as delivered to an endpoint. */
  readonly deliveredTo: (endpointId: string) => readonly string[];
  readonly postingsOf: (paymentId: string) => readonly PostingRow[];
  /** Whether a person has been told about one of these subjects and is still to look. */
  readonly isParked: (subjectIds: readonly string[]) => boolean;
}

export function viewOf(evidence: StormEvidence): View {
  const { tables } = evidence;
  const payments = tables.payment.map(toPayment);
  const refunds = tables.refund.map(toRefund);
  const attempts = tables.attempt.map(toAttempt);
  const operations = tables.operation.map(toOperation);
  const postings = toPostings(tables.ledger_transaction, tables.ledger_posting);
  const audits = tables.audit.map(toAudit).sort((a, b) => a.sequence - b.sequence);
  const lines = Object.values(evidence.journals).flat();
  const outbox = tables.outbox.map(toOutbox);
  const delivered = tables.webhook_delivery
    .map(toWebhookDelivery)
    .filter((row) => row.status === 'delivered');
  const deliveredByEndpoint = grouped(delivered, ({ endpointId }) => endpointId);
  const open = openSubjects(tables.exception.map(toException));
  const linesByAttempt = grouped(lines, (line) => line.reference ?? '');
  const attemptsByPayment = grouped(attempts, (attempt) => attempt.paymentId);
  const operationsByAttempt = grouped(operations, (operation) => operation.attemptId);
  const refundsByPayment = grouped(refunds, (refund) => refund.paymentId);
  const postingsByPayment = grouped(postings, (posting) => posting.paymentId);
  return {
    evidence,
    payments: byId(payments),
    refunds: byId(refunds),
    attempts: byId(attempts),
    operations,
    operationById: byId(operations),
    operationByKey: new Map(operations.map((operation) => [operation.providerKey, operation])),
    postings,
    balances: new Map(tables.payment_balance.map(toBalance).map((row) => [row.paymentId, row])),
    reservations: tables.refund_reservation.map(toReservation),
    inbox: tables.inbox.map(toInbox),
    outbox,
    outboxById: byId(outbox),
    paymentMethods: tables.payment_method.map(toPaymentMethod),
    audits: grouped(audits, (row) => row.ownerId),
    lines,
    linesOf: (attemptId) => linesByAttempt.get(attemptId) ?? [],
    attemptsOf: (paymentId) => attemptsByPayment.get(paymentId) ?? [],
    operationsOf: (attemptId) => operationsByAttempt.get(attemptId) ?? [],
    refundsOf: (paymentId) => refundsByPayment.get(paymentId) ?? [],
    postingsOf: (paymentId) => postingsByPayment.get(paymentId) ?? [],
    deliveredTo: (endpointId) => (deliveredByEndpoint.get(endpointId) ?? []).map(({ eventId }) => eventId),
    isParked: (subjectIds) => subjectIds.some((id) => open.has(id)),
  };
}

function openSubjects(exceptions: readonly ExceptionRow[]): ReadonlySet<string> {
  return new Set(exceptions.filter(({ open }) => open).map(({ subjectId }) => subjectId));
}

function byId<T extends { readonly id: string }>(rows: readonly T[]): ReadonlyMap<string, T> {
  return new Map(rows.map((row) => [row.id, row]));
}

export function grouped<T>(items: readonly T[], keyOf: (item: T) => string): ReadonlyMap<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}

/** When a journal's line was written. Simulators write their journals by the true clock. */
export function atMs(line: JournalLine): number {
  return Date.parse(line.at);
}

/** Everything by whose name an exception may speak of an attempt: itself, its operations, its payment. */
export function subjectsOf(view: View, attempt: AttemptRow): readonly string[] {
  const operations = view.operationsOf(attempt.id);
  return [
    attempt.id,
    attempt.paymentId,
    ...operations.map(({ id }) => id),
    ...operations.map(({ ownerId }) => ownerId),
  ];
}

export function providerOf(view: View, accountId: string): ProviderName | undefined {
  const found = Object.entries(view.evidence.settings.accounts).find(([, id]) => id === accountId);
  return found?.[0] as ProviderName | undefined;
}
