import type {
  BookingRow,
  CaseEntryRow,
  CaseRow,
  DeliveryRow,
  ExternalRefundRow,
  OperatorRefusalRow,
  RefundRow,
  RequestNoteRow,
  RequestRow,
  ResolutionRow,
  ReturnRefusalRow,
  SettlementLineRow,
} from '../../../domain/story/rows.ts';
import { present, presentAs } from '../../present.ts';
import { MOST_ROWS, ms, type Reader } from './rows.ts';

/** Rows that only operators see: who asked for what, what was settled, what people said. */
export interface About {
  readonly paymentId: string;
  readonly merchantId: string;
  readonly mode: string;
  readonly refundIds: readonly string[];
}

interface RequestColumns extends Omit<RequestRow, 'atMs' | 'answeredAtMs' | 'refusal'> {
  readonly refusal: NonNullable<RequestRow['refusal']> | null;
  readonly createdAt: Date;
  readonly answeredAt: Date | null;
}

/** Of an answer only what it refused: the rest is the payment as it stood. A refused refund has no row but this. */
export async function readRequests(db: Reader, about: About): Promise<RequestRow[]> {
  const { paymentId, merchantId, mode, refundIds } = about;
  const refunding = `POST /v1/payments/${paymentId}/refunds`;
  const rows = await db.$queryRaw<RequestColumns[]>`
    SELECT r.id, r.path, r.idempotency_key AS "idempotencyKey", r.merchant_id AS "ownerId", r.subject_id AS "subjectId",
      r.answer->'refusal' AS refusal, r.created_at AS "createdAt", r.answered_at AS "answeredAt"
    FROM request r WHERE r.id IN (
      SELECT id FROM request WHERE subject_id = ANY(${[paymentId, ...refundIds]}::text[])
      UNION SELECT id FROM request WHERE merchant_id = ${merchantId} AND mode = ${mode} AND path = ${refunding})
    ORDER BY r.created_at LIMIT ${MOST_ROWS}::int`;
  return rows.map(({ refusal, createdAt, answeredAt, ...row }) => ({
    ...row,
    ...present('refusal', refusal),
    atMs: ms(createdAt),
    ...presentAs('answeredAtMs', answeredAt, ms),
  }));
}

export async function readRequestNotes(db: Reader, { paymentId }: About): Promise<RequestNoteRow[]> {
  const rows = await db.requestNote.findMany({
    where: { paymentId },
    orderBy: { id: 'asc' },
    take: MOST_ROWS,
  });
  return rows.map(({ id, path, code, status, detail, times, requestId, firstAt, lastAt }) => ({
    id: String(id),
    path,
    code,
    status,
    detail,
    times,
    requestId,
    atMs: ms(firstAt),
    lastAtMs: ms(lastAt),
  }));
}

export async function readReturnRefusals(db: Reader, { paymentId }: About): Promise<ReturnRefusalRow[]> {
  const rows = await db.returnRefusal.findMany({
    where: { paymentId },
    orderBy: { id: 'asc' },
    take: MOST_ROWS,
  });
  return rows.map(({ id, code, detail, at }) => ({ id: String(id), code, detail, atMs: ms(at) }));
}

export async function readDeliveries(db: Reader, eventIds: readonly string[]): Promise<DeliveryRow[]> {
  const rows = await db.webhookDelivery.findMany({
    where: { eventId: { in: [...eventIds] } },
    include: { endpoint: { select: { url: true } }, event: { select: { type: true } } },
    orderBy: [{ createdAt: 'asc' }, { endpointId: 'asc' }],
    take: MOST_ROWS,
  });
  return rows.map((row) => ({
    eventId: row.eventId,
    eventType: row.event.type,
    endpointId: row.endpointId,
    endpoint: addressOf(row.endpoint.url),
    status: row.status,
    attempts: row.attempts,
    ...present('lastStatusCode', row.lastStatusCode),
    ...present('lastError', row.lastError),
    atMs: ms(row.createdAt),
    ...presentAs('nextAttemptAtMs', row.nextAttemptAt, ms),
    ...presentAs('lastAttemptAtMs', row.lastAttemptAt, ms),
    ...presentAs('deliveredAtMs', row.deliveredAt, ms),
  }));
}

function addressOf(url: string): string {
  if (!URL.canParse(url)) return 'an address';
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}

export async function readRefunds(db: Reader, paymentId: string): Promise<RefundRow[]> {
  const rows = await db.refund.findMany({
    where: { paymentId },
    omit: { step: true },
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
    take: MOST_ROWS,
  });
  return rows.map((row) => ({
    id: row.id,
    provider: row.provider,
    status: row.status,
    amountMinor: Number(row.amountMinor),
    currency: row.currency,
    ...present('reason', row.reason),
    ...present('reference', row.reference),
    // Written from a `RefundFailure`.
    ...presentAs('failure', row.failure, (each) => each as unknown as NonNullable<RefundRow['failure']>),
    generation: row.generation,
    atMs: ms(row.createdAt),
  }));
}

export async function readExternalRefunds(db: Reader, { paymentId }: About): Promise<ExternalRefundRow[]> {
  const rows = await db.externalRefund.findMany({
    where: { paymentId },
    orderBy: { observedAt: 'asc' },
    take: MOST_ROWS,
  });
  return rows.map(({ id, accountId, providerReference, amountMinor, currency, observedAt }) => ({
    id,
    accountId,
    providerReference,
    amountMinor: Number(amountMinor),
    currency,
    atMs: ms(observedAt),
  }));
}

export async function readBookings(db: Reader, { paymentId }: About): Promise<BookingRow[]> {
  const rows = await db.booking.findMany({
    where: { paymentId },
    orderBy: { number: 'asc' },
    take: MOST_ROWS,
  });
  return rows.map((row) => ({
    id: row.id,
    accountId: row.accountId,
    kind: row.kind,
    status: row.status,
    amountMinor: Number(row.amountMinor),
    currency: row.currency,
    ...presentAs('missingSince', row.missingSince, (day) => day.toISOString().slice(0, 10)),
    atMs: ms(row.bookedAt),
  }));
}

interface LineColumns {
  readonly fileId: string;
  readonly line: number;
  readonly fileName: string;
  readonly accountId: string;
  readonly type: string;
  readonly currency: string;
  readonly grossMinor: bigint;
  readonly settlementCurrency: string;
  readonly feeMinor: bigint;
  readonly netMinor: bigint;
  readonly unexplainedMinor: bigint | null;
  readonly verdict: string | null;
  readonly action: string | null;
  readonly providerReference: string | null;
  readonly payoutReference: string | null;
  readonly occurredAt: Date;
  readonly receivedAt: Date;
}

/** Lines that were matched to one of the payment's bookings, and lines that an exception of the payment is about. */
export async function readSettlementLines(db: Reader, { paymentId }: About): Promise<SettlementLineRow[]> {
  const rows = await db.$queryRaw<LineColumns[]>`
    WITH mine AS (
      SELECT r.file_id, r.line FROM booking b JOIN settlement_row r ON r.booking_number = b.number
        WHERE b.payment_id = ${paymentId}
      UNION SELECT x.file_id, x.line FROM exception x
        WHERE x.payment_id = ${paymentId} AND x.file_id IS NOT NULL AND x.line IS NOT NULL)
    SELECT r.file_id AS "fileId", r.line, f.name AS "fileName", r.account_id AS "accountId", r.type, r.currency,
      r.gross_minor AS "grossMinor", r.settlement_currency AS "settlementCurrency", r.fee_minor AS "feeMinor",
      r.net_minor AS "netMinor", r.unexplained_minor AS "unexplainedMinor", r.verdict, r.action,
      r.provider_reference AS "providerReference", r.payout_reference AS "payoutReference",
      r.occurred_at AS "occurredAt", f.received_at AS "receivedAt"
    FROM mine JOIN settlement_row r ON r.file_id = mine.file_id AND r.line = mine.line
      JOIN settlement_file f ON f.id = r.file_id
    ORDER BY f.received_at, r.file_id, r.line LIMIT ${MOST_ROWS}::int`;
  return rows.map((row) => ({
    fileId: row.fileId,
    line: row.line,
    fileName: row.fileName,
    accountId: row.accountId,
    type: row.type,
    currency: row.currency,
    grossMinor: Number(row.grossMinor),
    settlementCurrency: row.settlementCurrency,
    feeMinor: Number(row.feeMinor),
    netMinor: Number(row.netMinor),
    ...presentAs('unexplainedMinor', row.unexplainedMinor, Number),
    ...present('verdict', row.verdict),
    ...present('action', row.action),
    ...present('providerReference', row.providerReference),
    ...present('payoutReference', row.payoutReference),
    occurredAtMs: ms(row.occurredAt),
    atMs: ms(row.receivedAt),
  }));
}

export async function readCases(db: Reader, { paymentId }: About): Promise<CaseRow[]> {
  const rows = await db.exception.findMany({
    where: { paymentId },
    orderBy: [{ openedAt: 'asc' }, { id: 'asc' }],
    omit: { details: true },
    take: MOST_ROWS,
  });
  return rows.map((row) => ({
    id: row.id,
    kind: row.kind,
    subjectId: row.subjectId,
    summary: row.summary,
    ...presentAs('amountMinor', row.amountMinor, Number),
    ...present('currency', row.currency),
    ...present('owner', row.owner),
    ...presentAs('dueAtMs', row.dueAt, ms),
    ...present('resolution', row.resolution),
    atMs: ms(row.openedAt),
    ...presentAs('closedAtMs', row.closedAt, ms),
  }));
}

export async function readCaseEntries(db: Reader, cases: readonly CaseRow[]): Promise<CaseEntryRow[]> {
  const kinds = new Map(cases.map(({ id, kind }) => [id, kind] as const));
  const rows = await db.exceptionEntry.findMany({
    where: { exceptionId: { in: [...kinds.keys()] } },
    orderBy: { id: 'asc' },
    omit: { content: true },
    take: MOST_ROWS,
  });
  return rows.map((row) => ({
    id: String(row.id),
    caseId: row.exceptionId,
    caseKind: kinds.get(row.exceptionId) ?? '',
    actor: row.actor,
    action: row.action,
    ...present('reason', row.reason),
    atMs: ms(row.at),
  }));
}

export async function readResolutions(db: Reader, { paymentId }: About): Promise<ResolutionRow[]> {
  const rows = await db.resolution.findMany({
    where: { paymentId },
    orderBy: { proposedAt: 'asc' },
    take: MOST_ROWS,
  });
  return rows.map((row) => ({
    id: row.id,
    ownerId: row.ownerId,
    ...present('operationId', row.operationId),
    // Written from a `RefundTestimony`.
    outcome: (row.outcome as { type: string }).type,
    evidence: row.evidence,
    reason: row.reason,
    status: row.status,
    proposedBy: row.proposedBy,
    ...present('approvedBy', row.approvedBy),
    atMs: ms(row.proposedAt),
    ...presentAs('approvedAtMs', row.approvedAt, ms),
  }));
}

/** By the beginning of the path, which names the payment, its refund or its resolution. */
export async function readOperatorRefusals(
  db: Reader,
  { paymentId, refundIds }: About,
  resolutions: readonly ResolutionRow[],
): Promise<OperatorRefusalRow[]> {
  const paths = [
    `/v1/operator/payments/${paymentId}/%`,
    ...refundIds.map((id) => `/v1/operator/refunds/${id}/%`),
    ...resolutions.map(({ id }) => `/v1/operator/resolutions/${id}/%`),
  ];
  // One probe of the index a path: `LIKE ANY` would read the whole table.
  const rows = await db.$queryRaw<
    {
      id: bigint;
      operatorId: string | null;
      path: string;
      status: number;
      code: string;
      detail: string;
      requestId: string;
      at: Date;
    }[]
  >`
    SELECT o.id, o.operator_id AS "operatorId", o.path, o.status, o.code, o.detail, o.request_id AS "requestId", o.at
    FROM unnest(${paths}::text[]) AS p(pattern)
      CROSS JOIN LATERAL (
        SELECT * FROM operator_refusal o
        WHERE o.path ~>=~ rtrim(p.pattern, '%') AND o.path ~<~ (rtrim(p.pattern, '/%') || '0')
        ORDER BY o.path USING ~<~ LIMIT ${MOST_ROWS}::int) o
    ORDER BY o.at, o.id LIMIT ${MOST_ROWS}::int`;
  return rows.map(({ id, operatorId, at, ...row }) => ({
    ...row,
    id: String(id),
    ...present('operatorId', operatorId),
    atMs: ms(at),
  }));
}
