import type pg from 'pg';
import type { WrittenEvent } from '../../domain/events/event.ts';
import { EVENT_TYPES, hears } from '../../domain/events/types.ts';
import type { Mode } from '../../domain/ids.ts';
import { type Db, poolOf } from '../client.ts';
import { Prisma } from '../generated/client.ts';
import { json } from '../rows.ts';
import { execute, query, transaction } from '../sql.ts';

/** Where to send, and what to sign with. */
export interface EndpointToServe {
  readonly id: string;
  readonly merchantId: string;
  readonly mode: Mode;
  readonly url: string;
  readonly sealedSecrets: Uint8Array;
}

/** An event whose turn has come, and how often it was tried before. */
export interface DueDelivery extends WrittenEvent {
  readonly attempts: number;
}

/** What became of a delivery that was taken. `unsent`: it is given back as it was. */
export type Settled = { readonly eventId: string } & (
  | { readonly type: 'unsent' }
  | {
      readonly type: 'attempted';
      readonly status: 'delivered' | 'dead' | 'pending';
      /** Until the next attempt, already scaled; only of what stays pending. */
      readonly waitMs?: number;
      readonly statusCode?: number;
      readonly error?: string;
    }
);

export type Taken =
  | { readonly type: 'gone' | 'disabled' }
  | {
      readonly type: 'open';
      readonly endpoint: EndpointToServe;
      /** One list for each payment, in order: the next goes out only after the one before was delivered. */
      readonly chains: readonly (readonly DueDelivery[])[];
      /** More events wait to become deliveries. */
      readonly more: boolean;
    };

export interface TakeOrder {
  readonly endpointId: string;
  /** Names this run: only who has claimed a delivery settles it. */
  readonly claimId: string;
  readonly settled: readonly Settled[];
  /** How many payments' deliveries to take. 0: only settle, and make deliveries of new events. */
  readonly chains: number;
  /** How long nobody else may send what is taken here. */
  readonly claimMs: number;
}

/** Events that become deliveries at once, and a payment's deliveries that are taken together. */
const FAN_OUT_BATCH = 500;
const CHAIN_LENGTH = 8;

type Transaction = pg.ClientBase;

/** Settles, fans out and takes, in one transaction under the endpoint's lock. */
export function takeDeliveries(db: Db, order: TakeOrder): Promise<Taken> {
  return transaction(poolOf(db), async (tx) => {
    const endpoint = await lockEndpoint(tx, order.endpointId);
    if (endpoint === undefined) return { type: 'gone' };
    const moved = order.settled.length > 0 ? await settle(tx, order) : [];
    if (endpoint.status !== 'enabled') {
      await promote(tx, endpoint.id, moved);
      return { type: 'disabled' };
    }
    const more = await fanOut(tx, endpoint);
    await promote(tx, endpoint.id, moved);
    const due = order.chains > 0 ? await claim(tx, order) : [];
    return { type: 'open', endpoint, chains: chainsOf(due), more };
  });
}

interface LockedEndpoint extends EndpointToServe {
  readonly status: string;
  readonly eventTypes: string[];
  readonly cursorTransactionId: string;
  readonly cursorPosition: string;
}

async function lockEndpoint(tx: Transaction, id: string): Promise<LockedEndpoint | undefined> {
  const [row] = await query<LockedEndpoint>(
    tx,
    Prisma.sql`
    SELECT id, merchant_id AS "merchantId", mode, url, sealed_secrets AS "sealedSecrets", status,
      event_types AS "eventTypes", cursor_transaction_id AS "cursorTransactionId", cursor_position AS "cursorPosition"
    FROM webhook_endpoint WHERE id = ${id} FOR UPDATE`,
  );
  return row;
}

/** Answers the payments of which another delivery may have its turn now. What another has claimed meanwhile is left to the other. */
async function settle(tx: Transaction, { endpointId, claimId, settled }: TakeOrder): Promise<string[]> {
  const rows = await query<{ paymentId: string; followed: boolean }>(
    tx,
    Prisma.sql`
    UPDATE webhook_delivery d SET claimed_by = NULL, claimed_until = NULL,
      status = coalesce(s.status, d.status),
      attempts = d.attempts + CASE s.type WHEN 'attempted' THEN 1 ELSE 0 END,
      next_attempt_at = CASE WHEN s.type = 'unsent' THEN d.next_attempt_at
        WHEN s.status = 'pending' THEN clock_timestamp() + coalesce(s."waitMs", 0) * interval '1 millisecond' END,
      last_attempt_at = CASE s.type WHEN 'attempted' THEN clock_timestamp() ELSE d.last_attempt_at END,
      last_status_code = CASE s.type WHEN 'attempted' THEN s."statusCode" ELSE d.last_status_code END,
      last_error = CASE s.type WHEN 'attempted' THEN s.error ELSE d.last_error END,
      delivered_at = CASE WHEN s.status = 'delivered' THEN clock_timestamp() END
    FROM jsonb_to_recordset(${json(settled)}) AS s("eventId" text, type text, status text, "waitMs" double precision,
      "statusCode" int, error text)
    WHERE d.endpoint_id = ${endpointId} AND d.event_id = s."eventId" AND d.claimed_by = ${claimId}
      AND d.status = 'pending'
    RETURNING d.payment_id AS "paymentId", EXISTS (SELECT 1 FROM webhook_delivery f WHERE f.endpoint_id = d.endpoint_id
      AND f.payment_id = d.payment_id AND f.event_sequence > d.event_sequence AND f.status = 'pending') AS followed`,
  );
  return rows.filter(({ followed }) => followed).map(({ paymentId }) => paymentId);
}

/**
 * Makes deliveries of the events past the cursor, and moves it. Only of what lies below every running transaction:
 * whatever commits later stands behind the cursor. The first of a payment of which nothing else is pending has its turn
 * at once. Answers whether there are more.
 */
async function fanOut(tx: Transaction, endpoint: LockedEndpoint): Promise<boolean> {
  const { id, merchantId, mode, eventTypes, cursorTransactionId, cursorPosition } = endpoint;
  const all = EVENT_TYPES.every((type) => hears(eventTypes, type));
  const heard = EVENT_TYPES.filter((type) => hears(eventTypes, type));
  const [row] = await query<{ seen: number }>(
    tx,
    Prisma.sql`
    WITH next AS (
      SELECT id, payment_id, event_sequence, type, transaction_id, position FROM outbox
      WHERE merchant_id = ${merchantId} AND mode = ${mode}
        AND (transaction_id, position) > (${cursorTransactionId}::bigint, ${cursorPosition}::bigint)
        AND transaction_id < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
      ORDER BY transaction_id, position LIMIT ${FAN_OUT_BATCH}::int),
    moved AS (
      UPDATE webhook_endpoint e SET cursor_transaction_id = l.transaction_id, cursor_position = l.position
      FROM (SELECT transaction_id, position FROM next ORDER BY transaction_id DESC, position DESC LIMIT 1) l
      WHERE e.id = ${id}),
    made AS (
      INSERT INTO webhook_delivery (endpoint_id, event_id, payment_id, event_sequence, next_attempt_at)
      SELECT ${id}, h.id, h.payment_id, h.event_sequence, CASE
        WHEN row_number() OVER (PARTITION BY h.payment_id ORDER BY h.event_sequence) > 1 THEN NULL
        WHEN EXISTS (SELECT 1 FROM webhook_delivery d
          WHERE d.endpoint_id = ${id} AND d.payment_id = h.payment_id AND d.status = 'pending') THEN NULL
        ELSE date_trunc('milliseconds', now()) END
      FROM next h WHERE ${all}::boolean OR h.type = ANY(${heard}::text[])
      ON CONFLICT DO NOTHING)
    SELECT count(*)::int AS seen FROM next`,
  );
  return row?.seen === FAN_OUT_BATCH;
}

/** Of a payment's pending deliveries the first has its turn, at once: cut to the column's precision, not rounded up. */
async function promote(tx: Transaction, endpointId: string, paymentIds: readonly string[]): Promise<void> {
  if (paymentIds.length === 0) return;
  await execute(
    tx,
    Prisma.sql`
    UPDATE webhook_delivery d SET next_attempt_at = date_trunc('milliseconds', now()) FROM (
      SELECT DISTINCT ON (payment_id) event_id FROM webhook_delivery
      WHERE endpoint_id = ${endpointId} AND payment_id = ANY(${[...new Set(paymentIds)]}::text[]) AND status = 'pending'
      ORDER BY payment_id, event_sequence) first
    WHERE d.endpoint_id = ${endpointId} AND d.event_id = first.event_id AND d.next_attempt_at IS NULL`,
  );
}

interface ClaimedRow extends Omit<DueDelivery, 'createdAtMs'> {
  readonly createdAt: Date;
}

/**
 * The first pending delivery of each payment, where it is due and on nobody's wire, with those behind it that need
 * not wait for themselves. A replayed event may stand before one that is being retried; the order holds for it too.
 */
async function claim(
  tx: Transaction,
  { endpointId, claimId, chains, claimMs }: TakeOrder,
): Promise<DueDelivery[]> {
  const rows = await query<ClaimedRow>(
    tx,
    Prisma.sql`
    WITH heads AS (
      SELECT d.payment_id, d.event_sequence FROM webhook_delivery d
      WHERE d.endpoint_id = ${endpointId} AND d.status = 'pending' AND d.next_attempt_at <= now()
        AND NOT EXISTS (
          SELECT 1 FROM webhook_delivery e
          WHERE e.endpoint_id = d.endpoint_id AND e.payment_id = d.payment_id AND e.status = 'pending'
            AND (e.event_sequence < d.event_sequence OR e.claimed_until > now()))
      ORDER BY d.next_attempt_at, d.event_sequence LIMIT ${chains}::int),
    taken AS (
      SELECT c.event_id FROM heads h CROSS JOIN LATERAL (
        SELECT e.event_id FROM webhook_delivery e
        WHERE e.endpoint_id = ${endpointId} AND e.payment_id = h.payment_id AND e.status = 'pending'
          AND e.event_sequence >= h.event_sequence
          AND e.event_sequence < coalesce((
            SELECT min(w.event_sequence) FROM webhook_delivery w
            WHERE w.endpoint_id = ${endpointId} AND w.payment_id = h.payment_id AND w.status = 'pending'
              AND w.next_attempt_at > now()), 2147483647)
        ORDER BY e.event_sequence LIMIT ${CHAIN_LENGTH}::int) c),
    claimed AS (
      UPDATE webhook_delivery d SET claimed_by = ${claimId},
        claimed_until = clock_timestamp() + ${claimMs} * interval '1 millisecond'
      FROM taken WHERE d.endpoint_id = ${endpointId} AND d.event_id = taken.event_id
      RETURNING d.event_id, d.attempts)
    SELECT o.id, o.mode, o.payment_id AS "paymentId", o.owner_id AS "ownerId", o.event_sequence AS "eventSequence",
      o.type, o.payload, o.created_at AS "createdAt", claimed.attempts
    FROM claimed JOIN outbox o ON o.id = claimed.event_id ORDER BY o.payment_id, o.event_sequence`,
  );
  return rows.map(({ createdAt, ...rest }) => ({ ...rest, createdAtMs: createdAt.getTime() }));
}

function chainsOf(due: readonly DueDelivery[]): DueDelivery[][] {
  const chains = new Map<string, DueDelivery[]>();
  for (const delivery of due) {
    const chain = chains.get(delivery.paymentId);
    if (chain === undefined) chains.set(delivery.paymentId, [delivery]);
    else chain.push(delivery);
  }
  return [...chains.values()];
}
