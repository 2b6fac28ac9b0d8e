import { type Db, poolOf } from '../client.ts';
import { Prisma } from '../generated/client.ts';
import { query } from '../sql.ts';

/** The endpoints that want to hear of a merchant's events; of all merchants where none is named. */
export async function enabledEndpoints(
  db: Db,
  of: { readonly merchantId?: string; readonly mode?: string } = {},
): Promise<readonly string[]> {
  const rows = await db.webhookEndpoint.findMany({
    where: { ...of, status: 'enabled' },
    select: { id: true },
  });
  return rows.map(({ id }) => id);
}

/** The endpoint's own word that it wants no more. Where it was changed meanwhile, its merchant wants otherwise. */
export async function disableEndpoint(
  db: Db,
  endpointId: string,
  url: string,
  reason: string,
): Promise<void> {
  await db.webhookEndpoint.updateMany({
    where: { id: endpointId, status: 'enabled', url },
    data: { status: 'disabled', disabledReason: reason, updatedAt: new Date() },
  });
}

/** Whether there is anything to do now. Cheap and without a lock: what a sender asks while it waits. */
export async function hasWork(db: Db, endpointId: string): Promise<boolean> {
  const [row] = await query<{ work: boolean }>(
    poolOf(db),
    Prisma.sql`
    SELECT e.status <> 'enabled'
      OR EXISTS (SELECT 1 FROM webhook_delivery d WHERE d.endpoint_id = e.id AND d.status = 'pending'
        AND d.next_attempt_at <= now() AND (d.claimed_until IS NULL OR d.claimed_until <= now()))
      OR EXISTS (SELECT 1 FROM outbox o WHERE o.merchant_id = e.merchant_id AND o.mode = e.mode
        AND (o.transaction_id, o.position) > (e.cursor_transaction_id, e.cursor_position)
        AND o.transaction_id < pg_snapshot_xmin(pg_current_snapshot())::text::bigint) AS work
    FROM webhook_endpoint e WHERE e.id = ${endpointId}`,
  );
  return row?.work ?? true;
}

/** What lies before an endpoint once all that was due is done. */
export interface Outlook {
  readonly status: 'enabled' | 'disabled' | 'gone';
  /** Counted up to a thousand: whoever looks wants to know whether they are few. */
  readonly pending: number;
  readonly dead: number;
  /** By the database's clock, from now; absent: nothing is waited for. */
  readonly nextDueInMs?: number;
  readonly disabledReason?: string;
}

const COUNTED_AT_MOST = 1_000;

interface OutlookRow {
  readonly status: 'enabled' | 'disabled';
  readonly disabledReason: string | null;
  readonly pending: number;
  readonly dead: number;
  readonly nextDueInMs: number | null;
}

export async function outlookOf(db: Db, endpointId: string): Promise<Outlook> {
  const counted = (status: string) => Prisma.sql`(SELECT count(*)::int FROM (
    SELECT 1 FROM webhook_delivery d WHERE d.endpoint_id = e.id AND d.status = ${status} LIMIT ${COUNTED_AT_MOST}::int) c)`;
  const [row] = await query<OutlookRow>(
    poolOf(db),
    Prisma.sql`
    SELECT e.status, e.disabled_reason AS "disabledReason", ${counted('pending')} AS pending, ${counted('dead')} AS dead,
      (SELECT (extract(epoch FROM min(greatest(d.next_attempt_at, d.claimed_until)) - now()) * 1000)::float8
        FROM webhook_delivery d
        WHERE d.endpoint_id = e.id AND d.status = 'pending' AND d.next_attempt_at IS NOT NULL) AS "nextDueInMs"
    FROM webhook_endpoint e WHERE e.id = ${endpointId}`,
  );
  if (row === undefined) return { status: 'gone', pending: 0, dead: 0 };
  const { nextDueInMs, disabledReason, ...rest } = row;
  return {
    ...rest,
    ...(nextDueInMs === null ? {} : { nextDueInMs: Math.max(0, Math.ceil(nextDueInMs)) }),
    ...(disabledReason === null ? {} : { disabledReason }),
  };
}
