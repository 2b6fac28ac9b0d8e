import type { EndpointStatus } from '../../../domain/events/states.ts';
import type { Mode } from '../../../domain/ids.ts';
import type { Db } from '../../client.ts';
import { Prisma } from '../../generated/client.ts';
import { afterCase } from '../after-case.ts';
import { bounded } from './bounded.ts';

/** An event that a merchant's endpoint would not take, until it was given up. */
export interface DeadDelivery {
  readonly endpointId: string;
  readonly endpointUrl: string;
  readonly endpointStatus: EndpointStatus;
  readonly merchantId: string;
  readonly mode: Mode;
  readonly eventId: string;
  readonly eventType: string;
  readonly paymentId: string;
  readonly eventSequence: number;
  readonly attempts: number;
  readonly lastAttemptAtMs?: number;
  readonly lastStatusCode?: number;
  readonly lastError?: string;
  readonly createdAtMs: number;
}

export interface DeadDeliveryFilter {
  readonly limit: number;
  /** A delivery's two names. */
  readonly startingAfter?: { readonly endpointId: string; readonly eventId: string };
  readonly merchantId?: string;
  readonly mode?: Mode;
  readonly endpointId?: string;
  readonly paymentId?: string;
}

export type DeadDeliveryPage =
  | { readonly type: 'page'; readonly deliveries: readonly DeadDelivery[]; readonly hasMore: boolean }
  | { readonly type: 'unknown_cursor' };

/** A provider's verified webhook that matches nothing we did: a person's case, and the letter that it is about. */
export interface UnplacedLetter {
  readonly caseId: string;
  readonly inboxId: string;
  readonly provider: string;
  readonly accountId: string;
  readonly merchantId?: string;
  readonly eventType: string;
  readonly reference?: string;
  readonly providerReference?: string;
  readonly summary: string;
  readonly owner?: string;
  readonly receivedAtMs: number;
  readonly openedAtMs: number;
  readonly dueAtMs?: number;
}

export interface LetterFilter {
  readonly limit: number;
  /** A case's id. */
  readonly startingAfter?: string;
  readonly accountId?: string;
  readonly merchantId?: string;
}

export type LetterPage =
  | { readonly type: 'page'; readonly letters: readonly UnplacedLetter[]; readonly hasMore: boolean }
  | { readonly type: 'unknown_cursor' };

interface DeliveryRow {
  readonly endpoint_id: string;
  readonly url: string;
  readonly endpoint_status: EndpointStatus;
  readonly merchant_id: string;
  readonly mode: Mode;
  readonly event_id: string;
  readonly type: string;
  readonly payment_id: string;
  readonly event_sequence: number;
  readonly attempts: number;
  readonly last_attempt_at: Date | null;
  readonly last_status_code: number | null;
  readonly last_error: string | null;
  readonly created_at: Date;
}

/** Oldest first. */
export async function listDeadDeliveries(db: Db, filter: DeadDeliveryFilter): Promise<DeadDeliveryPage> {
  const { limit, startingAfter, merchantId, mode, endpointId, paymentId } = filter;
  const conditions = [
    Prisma.sql`d.status = 'dead'`,
    ...(merchantId === undefined ? [] : [Prisma.sql`e.merchant_id = ${merchantId}`]),
    ...(mode === undefined ? [] : [Prisma.sql`e.mode = ${mode}`]),
    ...(endpointId === undefined ? [] : [Prisma.sql`d.endpoint_id = ${endpointId}`]),
    ...(paymentId === undefined ? [] : [Prisma.sql`d.payment_id = ${paymentId}`]),
  ];
  if (startingAfter !== undefined) {
    // It may have been sent again meanwhile; when its event came in stays.
    const cursor = await db.webhookDelivery.findUnique({
      where: { endpointId_eventId: startingAfter },
      select: { createdAt: true },
    });
    if (cursor === null) return { type: 'unknown_cursor' };
    conditions.push(Prisma.sql`(d.created_at, d.endpoint_id, d.event_id)
      > (${cursor.createdAt}::timestamptz, ${startingAfter.endpointId}, ${startingAfter.eventId})`);
  }
  const rows = await bounded<DeliveryRow>(
    db,
    Prisma.sql`
    SELECT d.endpoint_id, e.url, e.status AS endpoint_status, e.merchant_id, e.mode, d.event_id, o.type, d.payment_id,
      d.event_sequence, d.attempts, d.last_attempt_at, d.last_status_code, d.last_error, d.created_at
    FROM webhook_delivery d JOIN webhook_endpoint e ON e.id = d.endpoint_id JOIN outbox o ON o.id = d.event_id
    WHERE ${Prisma.join(conditions, ' AND ')}
    ORDER BY d.created_at, d.endpoint_id, d.event_id LIMIT ${limit + 1}::int`,
  );
  return { type: 'page', deliveries: rows.slice(0, limit).map(toDelivery), hasMore: rows.length > limit };
}

function toDelivery(row: DeliveryRow): DeadDelivery {
  const { last_attempt_at: at, last_status_code: code, last_error: error } = row;
  return {
    endpointId: row.endpoint_id,
    endpointUrl: row.url,
    endpointStatus: row.endpoint_status,
    merchantId: row.merchant_id,
    mode: row.mode,
    eventId: row.event_id,
    eventType: row.type,
    paymentId: row.payment_id,
    eventSequence: row.event_sequence,
    attempts: row.attempts,
    ...(at === null ? {} : { lastAttemptAtMs: at.getTime() }),
    ...(code === null ? {} : { lastStatusCode: code }),
    ...(error === null ? {} : { lastError: error }),
    createdAtMs: row.created_at.getTime(),
  };
}

interface LetterRow {
  readonly id: string;
  readonly subject_id: string;
  readonly summary: string;
  readonly owner: string | null;
  readonly opened_at: Date;
  readonly due_at: Date | null;
  readonly provider: string;
  readonly account_id: string;
  readonly merchant_id: string | null;
  readonly event_type: string;
  readonly reference: string | null;
  readonly provider_reference: string | null;
  readonly received_at: Date;
}

/** Oldest first. The raw body stays where it is. */
export async function listLetters(db: Db, filter: LetterFilter): Promise<LetterPage> {
  const { limit, startingAfter, accountId, merchantId } = filter;
  const conditions = [
    Prisma.sql`x.kind = 'unmatched_webhook' AND x.closed_at IS NULL`,
    ...(accountId === undefined ? [] : [Prisma.sql`i.account_id = ${accountId}`]),
    ...(merchantId === undefined ? [] : [Prisma.sql`a.merchant_id = ${merchantId}`]),
  ];
  if (startingAfter !== undefined) {
    const after = await afterCase(db, startingAfter);
    if (after === undefined) return { type: 'unknown_cursor' };
    conditions.push(after);
  }
  const rows = await bounded<LetterRow>(
    db,
    Prisma.sql`
    SELECT x.id, x.subject_id, x.summary, x.owner, x.opened_at, x.due_at, i.provider, i.account_id, a.merchant_id,
      i.event_type, i.reference, i.provider_reference, i.received_at
    FROM exception x JOIN inbox i ON i.id = x.subject_id LEFT JOIN provider_account a ON a.id = i.account_id
    WHERE ${Prisma.join(conditions, ' AND ')} ORDER BY x.opened_at, x.id LIMIT ${limit + 1}::int`,
  );
  return { type: 'page', letters: rows.slice(0, limit).map(toLetter), hasMore: rows.length > limit };
}

function toLetter(row: LetterRow): UnplacedLetter {
  const { merchant_id: merchantId, reference, provider_reference: providerReference, owner } = row;
  return {
    caseId: row.id,
    inboxId: row.subject_id,
    provider: row.provider,
    accountId: row.account_id,
    ...(merchantId === null ? {} : { merchantId }),
    eventType: row.event_type,
    ...(reference === null ? {} : { reference }),
    ...(providerReference === null ? {} : { providerReference }),
    summary: row.summary,
    ...(owner === null ? {} : { owner }),
    receivedAtMs: row.received_at.getTime(),
    openedAtMs: row.opened_at.getTime(),
    ...(row.due_at === null ? {} : { dueAtMs: row.due_at.getTime() }),
  };
}
