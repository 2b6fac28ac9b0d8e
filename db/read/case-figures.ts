import type { Db } from '../client.ts';
import { Prisma } from '../generated/client.ts';

/** How the work on exceptions goes, as of now and over the last days. */
export interface CaseFigures {
  readonly open: readonly OpenFigure[];
  readonly overdue: number;
  readonly unowned: number;
  /** Of the period: opened, and what became of them. */
  readonly opened: number;
  readonly autoResolved: number;
  readonly resolvedByPeople: number;
  readonly explained: number;
  /** Ended after their time, or not ended while it ran out. */
  readonly breached: number;
  readonly lag: readonly LagFigure[];
}

export interface OpenFigure {
  readonly kind: string;
  readonly age: AgeBand;
  readonly count: number;
  readonly escalated: number;
}

/** Lower bounds, in hours; the last has no upper one. */
export const AGE_BANDS = { under_1d: 0, '1d_to_3d': 24, '3d_to_7d': 72, over_7d: 168 } as const;
export type AgeBand = keyof typeof AGE_BANDS;

/** From a booking until the file whose line settled it was here, in milliseconds. */
export interface LagFigure {
  readonly accountId: string;
  readonly settled: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
}

export async function readFigures(db: Db, days: number): Promise<CaseFigures> {
  const [open, [totals], lag] = await Promise.all([
    openByAge(db),
    db.$queryRaw<Record<'overdue' | 'unowned' | Counted, bigint>[]>(totalsSince(days)),
    lagSince(db, days),
  ]);
  const of = (name: 'overdue' | 'unowned' | Counted) => Number(totals?.[name] ?? 0n);
  return {
    open,
    overdue: of('overdue'),
    unowned: of('unowned'),
    opened: of('opened'),
    autoResolved: of('auto_resolved'),
    resolvedByPeople: of('by_people'),
    explained: of('explained'),
    breached: of('breached'),
    lag,
  };
}

type Counted = 'opened' | 'auto_resolved' | 'by_people' | 'explained' | 'breached';

async function openByAge(db: Db): Promise<readonly OpenFigure[]> {
  const rows = await db.$queryRaw<
    { kind: string; age: AgeBand; count: bigint; escalated: bigint }[]
  >(Prisma.sql`
    SELECT x.kind, b.name AS age, count(*) AS count, count(*) FILTER (WHERE x.escalations > 0) AS escalated
    FROM exception x CROSS JOIN LATERAL (
      SELECT n.key AS name, n.value::text::int AS hours FROM jsonb_each(${JSON.stringify(AGE_BANDS)}::jsonb) n
      WHERE x.opened_at <= clock_timestamp() - n.value::text::int * interval '1 hour' ORDER BY 2 DESC LIMIT 1) b
    WHERE x.closed_at IS NULL GROUP BY x.kind, b.name, b.hours ORDER BY x.kind, b.hours`);
  return rows.map(({ kind, age, count, escalated }) => ({
    kind,
    age,
    count: Number(count),
    escalated: Number(escalated),
  }));
}

function totalsSince(days: number): Prisma.Sql {
  return Prisma.sql`
    SELECT count(*) FILTER (WHERE closed_at IS NULL AND due_at <= clock_timestamp()) AS overdue,
      count(*) FILTER (WHERE closed_at IS NULL AND owner IS NULL) AS unowned,
      count(*) FILTER (WHERE recent) AS opened,
      count(*) FILTER (WHERE recent AND auto_resolved) AS auto_resolved,
      count(*) FILTER (WHERE recent AND closed_at IS NOT NULL AND disposition->>'status' = 'carried_out') AS by_people,
      count(*) FILTER (WHERE recent AND closed_at IS NOT NULL AND NOT auto_resolved
        AND coalesce(disposition->>'status', '') <> 'carried_out') AS explained,
      count(*) FILTER (WHERE recent AND due_at < coalesce(closed_at, clock_timestamp())) AS breached
    FROM (SELECT *, opened_at > clock_timestamp() - ${days}::int * interval '1 day' AS recent FROM exception) x
    WHERE recent OR closed_at IS NULL`;
}

async function lagSince(db: Db, days: number): Promise<readonly LagFigure[]> {
  const rows = await db.$queryRaw<
    { account: string; settled: bigint; p50: number; p95: number }[]
  >(Prisma.sql`
    SELECT account_id AS account, count(*) AS settled,
      percentile_cont(0.5) WITHIN GROUP (ORDER BY lag_ms) AS p50, percentile_cont(0.95) WITHIN GROUP (ORDER BY lag_ms) AS p95
    FROM (SELECT b.account_id, (extract(epoch FROM f.received_at - b.booked_at) * 1000)::float8 AS lag_ms
      FROM settlement_file f JOIN settlement_row r ON r.file_id = f.id JOIN booking b ON b.id = r.booking_id AND b.kind = r.type
      WHERE f.posted_at > clock_timestamp() - ${days}::int * interval '1 day') settled
    GROUP BY account_id ORDER BY account_id`);
  return rows.map(({ account, settled, p50, p95 }) => ({
    accountId: account,
    settled: Number(settled),
    p50Ms: Math.round(p50),
    p95Ms: Math.round(p95),
  }));
}
