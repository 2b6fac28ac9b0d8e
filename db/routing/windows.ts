import { type Grain, HEALTH_WINDOW_MS, type WindowRow } from '../../domain/routing/learning/index.ts';
import { type Db, poolOf } from '../client.ts';
import { Prisma } from '../generated/client.ts';
import { execute, query } from '../sql.ts';

/**
 * Adds what one worker counted since its last flush, in one statement. A flush whose answer was lost may have counted:
 * whoever adds it again counts it twice, and whoever drops it not at all. Either is a drop in what is an estimate.
 */
export async function flushWindows(db: Db, deltas: readonly WindowRow[]): Promise<void> {
  if (deltas.length === 0) return;
  // In one order for all workers, so that no two wait for each other's rows.
  const rows = deltas.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)).map(toJson);
  await execute(
    poolOf(db),
    Prisma.sql`
    INSERT INTO routing_window AS w (account_id, grain, bucket_start, method, brand, issuer_country, currency, approved,
      soft_declined, hard_declined, unknown, not_attempted, authorized_minor, latency)
    SELECT account_id, grain, to_timestamp(bucket_start_ms / 1000.0), method, brand, issuer_country, currency, approved,
      soft_declined, hard_declined, unknown, not_attempted, authorized_minor, latency
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS d (account_id text, grain text, bucket_start_ms bigint,
      method text, brand text, issuer_country text, currency text, approved int, soft_declined int, hard_declined int,
      unknown int, not_attempted int, authorized_minor bigint, latency int[])
    ON CONFLICT (account_id, grain, bucket_start, method, brand, issuer_country, currency) DO UPDATE SET
      approved = w.approved + excluded.approved,
      soft_declined = w.soft_declined + excluded.soft_declined,
      hard_declined = w.hard_declined + excluded.hard_declined,
      unknown = w.unknown + excluded.unknown,
      not_attempted = w.not_attempted + excluded.not_attempted,
      authorized_minor = w.authorized_minor + excluded.authorized_minor,
      latency = (SELECT array_agg(coalesce(a.n, 0) + coalesce(b.n, 0) ORDER BY i)
        FROM unnest(w.latency) WITH ORDINALITY a (n, i) FULL JOIN unnest(excluded.latency) WITH ORDINALITY b (n, i) USING (i)),
      changed_in = excluded.changed_in`,
  );
}

/** A worker's clock may be behind the database's by so much. */
const CLOCKS_APART_MS = 60_000;

/** Health is judged by the last minutes: its short buckets, thousands a day for each account, are of no use after them. */
const HEALTH_SINCE = Prisma.sql`clock_timestamp() - ${HEALTH_WINDOW_MS + CLOCKS_APART_MS}::bigint * interval '1 millisecond'`;

/** From where a reader goes on: transactions that were under way at its last look may have written since. */
export type WindowCursor = string;

export interface WindowQuestion {
  readonly sinceMs: number;
  /** Only buckets that began before; absent: all up to now. */
  readonly untilMs?: number;
  readonly cursor?: WindowCursor;
  /** Absent: every account there is. */
  readonly accountIds?: readonly string[];
}

/**
 * What all workers counted, whole sums by cell and bucket: with a cursor only what may have changed since, which may
 * have been read before. A reader replaces what it has of a row by what it reads.
 */
export async function readWindows(
  db: Db,
  { sinceMs, untilMs, cursor = '0', accountIds }: WindowQuestion,
): Promise<{ readonly rows: readonly WindowRow[]; readonly cursor: WindowCursor }> {
  const whose =
    accountIds === undefined ? Prisma.empty : Prisma.sql`AND w.account_id = ANY(${[...accountIds]}::text[])`;
  const until =
    untilMs === undefined
      ? Prisma.empty
      : Prisma.sql`AND w.bucket_start < to_timestamp(${untilMs}::bigint / 1000.0)`;
  const found = await query<Row>(
    poolOf(db),
    Prisma.sql`
    SELECT w.*, (extract(epoch FROM w.bucket_start) * 1000)::bigint::text AS bucket_start_ms, h.horizon
    FROM (SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS horizon) h
      LEFT JOIN routing_window w ON w.changed_in >= ${cursor}::bigint
        AND w.bucket_start >= to_timestamp(${sinceMs}::bigint / 1000.0)
        AND (w.grain = 'cell' OR w.bucket_start >= ${HEALTH_SINCE}) ${until} ${whose}`,
  );
  return {
    rows: found.filter((row) => row.account_id !== null).map(toWindow),
    cursor: found[0]?.horizon ?? cursor,
  };
}

/** Removes what no estimate looks at any more. */
export async function forgetWindows(db: Db, beforeMs: number): Promise<number> {
  return execute(
    poolOf(db),
    Prisma.sql`DELETE FROM routing_window WHERE bucket_start < to_timestamp(${beforeMs}::bigint / 1000.0)
      OR (grain = 'health' AND bucket_start < ${HEALTH_SINCE})`,
  );
}

interface Row {
  readonly account_id: string;
  readonly grain: Grain;
  readonly bucket_start_ms: string;
  readonly method: string;
  readonly brand: string;
  readonly issuer_country: string;
  readonly currency: string;
  readonly approved: number;
  readonly soft_declined: number;
  readonly hard_declined: number;
  readonly unknown: number;
  readonly not_attempted: number;
  readonly authorized_minor: string;
  readonly latency: readonly number[];
  readonly horizon: string;
}

function keyOf(row: WindowRow): string {
  const { accountId, grain, bucketStartMs, method, brand, issuerCountry, currency } = row;
  return [accountId, grain, bucketStartMs, method, brand, issuerCountry, currency].join('\n');
}

function toJson({ counts, ...row }: WindowRow) {
  return {
    account_id: row.accountId,
    grain: row.grain,
    bucket_start_ms: row.bucketStartMs,
    method: row.method,
    brand: row.brand,
    issuer_country: row.issuerCountry,
    currency: row.currency,
    approved: counts.approved,
    soft_declined: counts.softDeclined,
    hard_declined: counts.hardDeclined,
    unknown: counts.unknown,
    not_attempted: counts.notAttempted,
    authorized_minor: counts.authorizedMinor.toString(),
    latency: counts.latency,
  };
}

function toWindow(row: Row): WindowRow {
  return {
    accountId: row.account_id,
    grain: row.grain,
    method: row.method,
    brand: row.brand,
    issuerCountry: row.issuer_country,
    currency: row.currency,
    bucketStartMs: Number(row.bucket_start_ms),
    counts: {
      approved: row.approved,
      softDeclined: row.soft_declined,
      hardDeclined: row.hard_declined,
      unknown: row.unknown,
      notAttempted: row.not_attempted,
      authorizedMinor: BigInt(row.authorized_minor),
      latency: row.latency,
    },
  };
}
