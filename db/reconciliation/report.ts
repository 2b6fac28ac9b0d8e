import { MISMATCH_TYPES, type MismatchType } from '../../domain/reconciliation/names.ts';
import {
  type BreaksReported,
  type EquationFacts,
  type LinesReported,
  type Report,
  type ReportFacts,
  reportFrom,
} from '../../domain/reconciliation/report.ts';
import { kindOf } from '../../domain/reconciliation/table.ts';
import { DEFAULT_POLICY, type Policy } from '../../domain/reconciliation/tolerance.ts';
import { dayEnd } from './comparisons/bookings.ts';
import { type CopyPool, query, type Statement, sql } from './pool.ts';
import type { Run } from './runs.ts';
import { isSettled } from './settled.ts';

/** The day in numbers, from what is stored: the same whenever, and however often, it is asked for. */
export async function reportOf(
  pool: CopyPool,
  run: Run,
  status: ReportFacts['status'],
  policy: Policy = DEFAULT_POLICY,
): Promise<Report> {
  const [files, lines, breaks, equation, postings] = await Promise.all([
    query<ReportFacts['files'][number]>(
      pool,
      sql`SELECT id, name, format, sha256, status, row_count AS rows FROM settlement_file f WHERE ${ofDay(run)}`,
    ),
    linesOf(pool, run),
    breaksOf(pool, run, policy),
    equationOf(pool, run),
    postingsOf(pool, run),
  ]);
  const finishedAt = run.finishedAt ?? new Date().toISOString();
  const { accountId: account, businessDate, startedAt } = run;
  return reportFrom({
    account,
    businessDate,
    status,
    files,
    lines,
    breaks,
    equation,
    postings,
    startedAt,
    finishedAt,
  });
}

/** Of files `f`. */
function ofDay(run: Run): Statement {
  return sql`f.account_id = ${run.accountId} AND f.business_date = ${run.businessDate}::date`;
}

type Texts<T> = { readonly [Name in keyof T]: T[Name] extends bigint ? string : T[Name] };

async function linesOf(pool: CopyPool, run: Run): Promise<LinesReported[]> {
  const rows = await query<Texts<LinesReported>>(
    pool,
    sql`
    SELECT g.type, g.currency, g.settlement_currency AS "settlementCurrency", sum(g.rows)::int AS rows,
      coalesce(sum(g.rows) FILTER (WHERE g.verdict = 'clean'), 0)::int AS clean, sum(g.gross_minor) AS "grossMinor",
      sum(g.fee_minor) AS "feeMinor", sum(g.net_minor) AS "netMinor"
    FROM settlement_group g JOIN settlement_file f ON f.id = g.file_id WHERE ${ofDay(run)} GROUP BY 1, 2, 3`,
  );
  return rows.map(({ grossMinor, feeMinor, netMinor, ...row }) => ({
    ...row,
    grossMinor: BigInt(grossMinor),
    feeMinor: BigInt(feeMinor),
    netMinor: BigInt(netMinor),
  }));
}

/**
 * Lines by their verdict; of bookings, payouts, bank lines and files what this day's run opened. What is only waited
 * for has no row anywhere, and is counted here.
 */
async function breaksOf(pool: CopyPool, run: Run, policy: Policy): Promise<BreaksReported[]> {
  const [lines, cases, waiting] = await Promise.all([
    query<{ verdict: string; found: number }>(
      pool,
      sql`
      SELECT r.verdict, count(*)::int AS found FROM settlement_row r JOIN settlement_file f ON f.id = r.file_id
      WHERE ${ofDay(run)} AND r.account_id = ${run.accountId} AND r.verdict <> 'clean' GROUP BY 1`,
    ),
    query<{ kind: string; found: number; autoResolved: number; open: number }>(
      pool,
      sql`
      SELECT x.kind, count(*) FILTER (WHERE x.run_id = ${run.id} AND x.line IS NULL)::int AS found,
        count(*) FILTER (WHERE x.run_id = ${run.id} AND x.details->>'ending' = 'at_once')::int AS "autoResolved",
        count(*) FILTER (WHERE x.closed_at IS NULL)::int AS open
      FROM exception x
      WHERE (x.account_id = ${run.accountId} OR (x.account_id IS NULL AND x.run_id = ${run.id}))
        AND (x.run_id = ${run.id} OR x.closed_at IS NULL) GROUP BY 1`,
    ),
    waitingFor(pool, run, policy),
  ]);
  const byKind = new Map(cases.map((each) => [each.kind, each] as const));
  const byVerdict = new Map(lines.map(({ verdict, found }) => [verdict, found] as const));
  return MISMATCH_TYPES.map((type) => {
    const found = (byVerdict.get(type) ?? 0) + (byKind.get(kindOf(type))?.found ?? 0);
    const { autoResolved = 0, open = 0 } = byKind.get(kindOf(type)) ?? {};
    return { type, found: found + (type === WAITS ? waiting : 0), autoResolved, open };
  });
}

const WAITS: MismatchType = 'MISSING_IN_FILE_TIMING';

/** Booked by the day's end, in no file, and not yet overdue. */
async function waitingFor(pool: CopyPool, run: Run, policy: Policy): Promise<number> {
  const end = dayEnd(run).getTime();
  const at = (ms: number) => sql`${new Date(ms).toISOString()}::timestamptz`;
  const [row] = await query<{ waiting: number }>(
    pool,
    sql`
    SELECT count(*)::int AS waiting FROM booking b
    WHERE b.account_id = ${run.accountId} AND b.status = 'expected'
      AND b.booked_at > ${at(end - Math.max(policy.captureSlaMs, policy.refundSlaMs))} AND b.booked_at <= ${at(end)}
      AND b.booked_at > CASE b.kind WHEN 'capture' THEN ${at(end - policy.captureSlaMs)} ELSE ${at(end - policy.refundSlaMs)} END
      AND NOT ${isSettled(sql`b`)}`,
  );
  return row?.waiting ?? 0;
}

async function equationOf(pool: CopyPool, run: Run): Promise<EquationFacts[]> {
  const rows = await query<Texts<EquationFacts>>(
    pool,
    sql`
    WITH files AS (SELECT id FROM settlement_file f WHERE ${ofDay(run)}),
    lines AS (
      SELECT g.settlement_currency AS currency,
        coalesce(sum(g.net_minor) FILTER (WHERE g.type NOT IN ('payout', 'payout_reversed')), 0) AS settled,
        coalesce(sum(g.net_minor) FILTER (WHERE g.action = 'ignore_duplicate'), 0) AS ignored,
        coalesce(-sum(g.net_minor) FILTER (WHERE g.type IN ('payout', 'payout_reversed')), 0) AS paid
      FROM settlement_group g WHERE g.file_id IN (SELECT id FROM files) GROUP BY 1),
    clearing AS (
      SELECT p.currency, sum(p.amount_minor) AS moved
      FROM settlement_group g JOIN ledger_posting p ON p.transaction_id = g.ledger_transaction_id
      WHERE g.file_id IN (SELECT id FROM files) AND p.account = ${`payout_clearing/${run.accountId}`} GROUP BY 1),
    bank AS (
      SELECT currency, sum(credited_minor) AS credited FROM payout WHERE file_id IN (SELECT id FROM files) GROUP BY 1)
    SELECT l.currency, l.settled AS "settledMinor", l.ignored AS "ignoredMinor", l.paid AS "paidOutMinor",
      coalesce(c.moved, 0) AS "clearingMinor", coalesce(b.credited, 0) AS "creditedMinor"
    FROM lines l LEFT JOIN clearing c USING (currency) LEFT JOIN bank b USING (currency)`,
  );
  return rows.map(({ currency, ...sums }) => ({
    currency,
    settledMinor: BigInt(sums.settledMinor),
    ignoredMinor: BigInt(sums.ignoredMinor),
    paidOutMinor: BigInt(sums.paidOutMinor),
    clearingMinor: BigInt(sums.clearingMinor),
    creditedMinor: BigInt(sums.creditedMinor),
  }));
}

async function postingsOf(pool: CopyPool, run: Run): Promise<ReportFacts['postings']> {
  const rows = await query<{ account: string; currency: string; amountMinor: string }>(
    pool,
    sql`
    SELECT p.account, p.currency, sum(p.amount_minor) AS "amountMinor"
    FROM settlement_file f JOIN settlement_group g ON g.file_id = f.id
      JOIN ledger_posting p ON p.transaction_id = g.ledger_transaction_id
    WHERE ${ofDay(run)} GROUP BY 1, 2`,
  );
  return rows.map(({ amountMinor, ...row }) => ({ ...row, amountMinor: BigInt(amountMinor) }));
}
