import { HEALTH_WINDOW_MS, LATENCY_BUCKETS } from '../../../domain/routing/learning/index.ts';
import { Prisma } from '../../generated/client.ts';
import { caseOfMode } from '../case-mode.ts';
import type { Ask } from '../queues/bounded.ts';
import { DOUBT_STATUS, IN_DOUBT } from '../queues/unknowns.ts';

/** What no cell can say: how it is this minute. Each question reads a few rows by an index, and stops counting at a bound. */
export interface Standing {
  /** All that was committed by then is in the figures; absent: they were never complete. */
  readonly completeUntil?: Date;
  /** Hours of merchants that wait to be computed. */
  readonly hoursWaiting: number;
}

export async function readStanding(ask: Ask): Promise<Standing> {
  const [row] = await ask<{ complete_until: Date | null; waiting: string }>(
    Prisma.sql`SELECT complete_until, (SELECT count(*) FROM (SELECT FROM rollup_dirty LIMIT 100000) d) AS waiting FROM rollup_standing`,
  );
  return {
    ...(row?.complete_until == null ? {} : { completeUntil: row.complete_until }),
    hoursWaiting: Number(row?.waiting ?? 0),
  };
}

export interface Whose {
  readonly mode: string;
  readonly merchantId?: string;
}

const MOST = 10_000;

export interface Unknowns {
  /** At most 10,000 are counted. */
  readonly count: number;
  readonly oldestAt?: Date;
}

/** Of what was sent and not answered, as the queue of unknowns has it: among what is open by its index. */
export async function readUnknowns(ask: Ask, { mode, merchantId }: Whose): Promise<Unknowns> {
  const [row] = await ask<{ count: string; oldest: Date | null }>(
    Prisma.sql`SELECT count(*) AS count, min(first_sent_at) AS oldest FROM (
      SELECT o.first_sent_at FROM operation o JOIN attempt a ON a.id = o.attempt_id JOIN payment p ON p.id = o.payment_id
      WHERE ${IN_DOUBT} AND ${DOUBT_STATUS} = 'unknown' AND p.mode = ${mode}
        ${ofMerchant(Prisma.sql`p.merchant_id`, merchantId)} LIMIT ${MOST}::int) u`,
  );
  return { count: Number(row?.count ?? 0), ...(row?.oldest == null ? {} : { oldestAt: row.oldest }) };
}

export interface OpenByAge {
  readonly age: string;
  readonly count: number;
  readonly overdue: number;
}

/** Ages as in the figures of exceptions. One that is about both modes counts in both. */
export async function readOpenExceptions(
  ask: Ask,
  { mode, merchantId }: Whose,
): Promise<readonly OpenByAge[]> {
  const rows = await ask<{ age: string; count: string; overdue: string }>(
    Prisma.sql`SELECT age, count(x.opened_at) AS count, count(*) FILTER (WHERE x.due_at <= clock_timestamp()) AS overdue
      FROM (VALUES ('under_1d', 0, 24), ('1d_to_3d', 24, 72), ('3d_to_7d', 72, 168), ('over_7d', 168, 1000000)) AS a(age, low, high)
        LEFT JOIN (SELECT x.opened_at, x.due_at FROM exception x
          WHERE x.closed_at IS NULL ${ofMerchant(Prisma.sql`x.merchant_id`, merchantId)}
            AND ${caseOfMode(mode)} LIMIT ${MOST}::int) x ON x.opened_at <= clock_timestamp() - low * interval '1 hour'
            AND x.opened_at > clock_timestamp() - high * interval '1 hour'
      GROUP BY age, low ORDER BY low`,
  );
  return rows.map(({ age, count, overdue }) => ({ age, count: Number(count), overdue: Number(overdue) }));
}

export interface AccountNow {
  readonly accountId: string;
  readonly merchantId: string;
  readonly provider: string;
  readonly enabled: boolean;
  readonly circuit: string;
  readonly circuitSince?: Date;
  readonly consecutiveFailures: number;
  readonly approved: number;
  readonly declined: number;
  readonly unknown: number;
  readonly notAttempted: number;
  readonly latency: readonly number[];
}

/** Each account as routing sees it: its circuit, and what all workers counted of it in the last minutes. */
export async function readAccountsNow(ask: Ask, { mode, merchantId }: Whose): Promise<readonly AccountNow[]> {
  const buckets = Array.from(
    { length: LATENCY_BUCKETS },
    (_none, index) => `sum(w.latency[${index + 1}])::int`,
  );
  const rows = await ask<Record<string, unknown>>(
    Prisma.sql`SELECT a.id, a.merchant_id, a.provider, a.enabled, c.state, c.opened_at, c.consecutive_failures,
        sum(w.approved) AS approved, sum(w.soft_declined + w.hard_declined) AS declined, sum(w.unknown) AS unknown,
        sum(w.not_attempted) AS not_attempted, ARRAY[${Prisma.raw(buckets.join(', '))}] AS latency
      FROM (SELECT * FROM provider_account WHERE mode = ${mode} ${ofMerchant(Prisma.sql`merchant_id`, merchantId)}
          ORDER BY id LIMIT 500) a
        LEFT JOIN circuit c ON c.account_id = a.id
        LEFT JOIN routing_window w ON w.account_id = a.id AND w.grain = 'health'
          AND w.bucket_start >= clock_timestamp() - ${HEALTH_WINDOW_MS}::bigint * interval '1 millisecond'
      GROUP BY a.id, a.merchant_id, a.provider, a.enabled, c.state, c.opened_at, c.consecutive_failures ORDER BY a.provider, a.id`,
  );
  return rows.map((row) => ({
    accountId: String(row.id),
    merchantId: String(row.merchant_id),
    provider: String(row.provider),
    enabled: row.enabled === true,
    circuit: String(row.state ?? 'closed'),
    ...(row.opened_at instanceof Date ? { circuitSince: row.opened_at } : {}),
    consecutiveFailures: Number(row.consecutive_failures ?? 0),
    approved: Number(row.approved ?? 0),
    declined: Number(row.declined ?? 0),
    unknown: Number(row.unknown ?? 0),
    notAttempted: Number(row.not_attempted ?? 0),
    latency: Array.isArray(row.latency) ? row.latency.map(Number) : [],
  }));
}

function ofMerchant(column: Prisma.Sql, merchantId: string | undefined): Prisma.Sql {
  return merchantId === undefined ? Prisma.empty : Prisma.sql`AND ${column} = ${merchantId}`;
}
