import type { DeliveryStatus } from '../../domain/events/states.ts';
import type { Db } from '../client.ts';
import { Prisma } from '../generated/client.ts';
import type { Owner } from '../read/payments.ts';
import { type EndpointRequest, type Kept, type Transaction, underLock } from './endpoints.ts';

/** One event on its way to one endpoint. */
export interface StoredDelivery {
  readonly eventId: string;
  readonly eventType: string;
  readonly paymentId: string;
  readonly eventSequence: number;
  readonly status: DeliveryStatus;
  readonly attempts: number;
  /** Absent also while an earlier event of the same payment is not dealt with. */
  readonly nextAttemptAtMs?: number;
  readonly lastAttemptAtMs?: number;
  readonly lastStatusCode?: number;
  readonly lastError?: string;
  readonly deliveredAtMs?: number;
  readonly createdAtMs: number;
}

export interface DeliveryFilter {
  readonly limit: number;
  readonly status?: DeliveryStatus;
  /** An event's id. */
  readonly startingAfter?: string;
}

/** Newest first. */
export type DeliveryPage =
  | { readonly type: 'page'; readonly deliveries: readonly StoredDelivery[]; readonly hasMore: boolean }
  | { readonly type: 'unknown_cursor' };

/** Which deliveries are to be made again. */
export interface ReplaySelection {
  readonly statuses: readonly DeliveryStatus[];
  /** This event only. */
  readonly eventId?: string;
  /** Of these events only. */
  readonly eventIds?: readonly string[];
  /** This event and those after it. */
  readonly fromEventId?: string;
  readonly limit: number;
}

export interface Replayed {
  readonly count: number;
  /** There are more of them than the limit: the first event that was left. */
  readonly nextEventId?: string;
}

export interface DeliveryRegister {
  /** The caller has made sure that the endpoint is its merchant's. */
  list(endpointId: string, filter: DeliveryFilter): Promise<DeliveryPage>;
  find(endpointId: string, eventId: string): Promise<StoredDelivery | undefined>;
  /** Puts them back to pending, due now and with all their attempts before them. */
  replay(
    owner: Owner,
    request: EndpointRequest,
    endpointId: string,
    selection: ReplaySelection,
    answer: (replayed: Replayed) => object,
  ): Promise<Kept>;
}

export function createDeliveryRegister(db: Db): DeliveryRegister {
  return {
    list: (endpointId, filter) => listDeliveries(db, endpointId, filter),
    async find(endpointId, eventId) {
      const row = await db.webhookDelivery.findUnique({
        where: { endpointId_eventId: { endpointId, eventId } },
        include: WITH_TYPE,
      });
      return row === null ? undefined : toDelivery(row);
    },
    replay: (owner, request, endpointId, selection, answer) =>
      underLock(db, owner, request, endpointId, async (tx) => {
        const chosen = await choose(tx, endpointId, selection);
        const taken = chosen.slice(0, selection.limit);
        await putBack(tx, endpointId, taken);
        const next = chosen[selection.limit];
        return answer({
          count: taken.length,
          ...(next === undefined ? {} : { nextEventId: next.eventId }),
        });
      }),
  };
}

const WITH_TYPE = { event: { select: { type: true } } } as const;

async function listDeliveries(db: Db, endpointId: string, filter: DeliveryFilter): Promise<DeliveryPage> {
  const { limit, status, startingAfter } = filter;
  const cursor =
    startingAfter === undefined
      ? undefined
      : await db.webhookDelivery.findUnique({
          where: { endpointId_eventId: { endpointId, eventId: startingAfter } },
          select: { createdAt: true, eventId: true },
        });
  if (cursor === null) return { type: 'unknown_cursor' };
  const rows = await db.webhookDelivery.findMany({
    where: {
      endpointId,
      ...(status === undefined ? {} : { status }),
      ...(cursor === undefined
        ? {}
        : {
            OR: [
              { createdAt: { lt: cursor.createdAt } },
              { createdAt: cursor.createdAt, eventId: { lt: cursor.eventId } },
            ],
          }),
    },
    orderBy: [{ createdAt: 'desc' }, { eventId: 'desc' }],
    take: limit + 1,
    include: WITH_TYPE,
  });
  return { type: 'page', deliveries: rows.slice(0, limit).map(toDelivery), hasMore: rows.length > limit };
}

interface Chosen {
  readonly eventId: string;
  readonly paymentId: string;
}

/** In the events' order, and one more than the limit where there are more. Locked against their senders. */
function choose(tx: Transaction, endpointId: string, selection: ReplaySelection): Promise<Chosen[]> {
  const { statuses, eventId, eventIds, fromEventId, limit } = selection;
  const conditions = [
    Prisma.sql`d.endpoint_id = ${endpointId}`,
    Prisma.sql`d.status = ANY(${[...statuses]}::text[])`,
  ];
  if (eventId !== undefined) conditions.push(Prisma.sql`d.event_id = ${eventId}`);
  if (eventIds !== undefined) conditions.push(Prisma.sql`d.event_id = ANY(${[...eventIds]}::text[])`);
  if (fromEventId !== undefined) {
    conditions.push(Prisma.sql`(o.transaction_id, o.position) >=
      (SELECT f.transaction_id, f.position FROM outbox f WHERE f.id = ${fromEventId})`);
  }
  return tx.$queryRaw<Chosen[]>`
    SELECT d.event_id AS "eventId", d.payment_id AS "paymentId"
    FROM webhook_delivery d JOIN outbox o ON o.id = d.event_id
    WHERE ${Prisma.join(conditions, ' AND ')}
    ORDER BY o.transaction_id, o.position LIMIT ${limit + 1} FOR UPDATE OF d`;
}

/**
 * Of a payment's pending deliveries only the first is ever due, so the one put back may wait for others, or others for
 * it. One that is on the wire right now keeps its claim; its answer counts for the new beginning too.
 */
async function putBack(tx: Transaction, endpointId: string, chosen: readonly Chosen[]): Promise<void> {
  const events = chosen.map(({ eventId }) => eventId);
  const payments = [...new Set(chosen.map(({ paymentId }) => paymentId))];
  await tx.$executeRaw`
    UPDATE webhook_delivery SET status = 'pending', attempts = 0, delivered_at = NULL, next_attempt_at = NULL
    WHERE endpoint_id = ${endpointId} AND event_id = ANY(${events}::text[])`;
  await tx.$executeRaw`
    UPDATE webhook_delivery d SET next_attempt_at = CASE WHEN d.event_sequence = h.first THEN clock_timestamp() END
    FROM (SELECT payment_id, min(event_sequence) AS first FROM webhook_delivery
          WHERE endpoint_id = ${endpointId} AND status = 'pending' AND payment_id = ANY(${payments}::text[])
          GROUP BY payment_id) h
    WHERE d.endpoint_id = ${endpointId} AND d.status = 'pending' AND d.payment_id = h.payment_id
      AND (d.event_sequence = h.first OR d.next_attempt_at IS NOT NULL)`;
}

type Row = Prisma.WebhookDeliveryGetPayload<{ include: typeof WITH_TYPE }>;

function toDelivery(row: Row): StoredDelivery {
  return {
    eventId: row.eventId,
    eventType: row.event.type,
    paymentId: row.paymentId,
    eventSequence: row.eventSequence,
    status: row.status as DeliveryStatus,
    attempts: row.attempts,
    ...(row.nextAttemptAt === null ? {} : { nextAttemptAtMs: row.nextAttemptAt.getTime() }),
    ...(row.lastAttemptAt === null ? {} : { lastAttemptAtMs: row.lastAttemptAt.getTime() }),
    ...(row.lastStatusCode === null ? {} : { lastStatusCode: row.lastStatusCode }),
    ...(row.lastError === null ? {} : { lastError: row.lastError }),
    ...(row.deliveredAt === null ? {} : { deliveredAtMs: row.deliveredAt.getTime() }),
    createdAtMs: row.createdAt.getTime(),
  };
}
