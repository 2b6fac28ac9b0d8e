import type { AccountNow, FigureRow, Standing } from '../../db/read/index.ts';
import { lagQuantile, latencyQuantile } from '../../domain/figures/histogram.ts';
import type { ReportName } from '../../domain/figures/reports.ts';
import { operatorRoute, type Services } from '../route.ts';
import { ppmOf } from './columns.ts';
import { overviewQuerySchema, overviewSchema } from './schema.ts';

const HOUR_MS = 3_600_000;
/** By the hour up to so many of them, by the day after that. */
const HOURS_IN_DETAIL = 72;
/** Settlement takes days, so a day's payments say little of it. */
const SETTLEMENT_DAYS = 30;
const MOST_ROWS = 800;

/** How it stands: cells of the last hours, and what is so this minute. */
export const overview = operatorRoute({
  method: 'get',
  path: '/v1/operator/overview',
  operationId: 'getOverview',
  summary: 'How payments, providers and open work stand now',
  permission: 'view',
  query: overviewQuerySchema,
  responses: {
    200: { description: 'As of `freshness`; what has no period is as of now.', schema: overviewSchema },
  },
  async handle({ query, receivedAtMs }, { figures }) {
    const { mode, merchant, hours } = query;
    const whose = { mode, ...(merchant === undefined ? {} : { merchantId: merchant }) };
    const fromMs = receivedAtMs - hours * HOUR_MS;
    const bucket = hours <= HOURS_IN_DETAIL ? ('hour' as const) : ('day' as const);
    const asked = await figures.together(async (one) => {
      const read = readerOf(one, mode, merchant, receivedAtMs);
      return {
        volume: await read('volume', fromMs, []),
        approval: await read('approval', fromMs, []),
        retries: await read('retries', fromMs, []),
        overTime: await read('approval', fromMs, [], bucket),
        answers: await read('approval', fromMs, ['account_id']),
        delays: await read('latency', fromMs, ['account_id']),
        settled: await read('latency', receivedAtMs - SETTLEMENT_DAYS * 24 * HOUR_MS, ['account_id']),
        unknowns: await one.unknowns(whose),
        exceptions: await one.openExceptions(whose),
        accounts: await one.accountsNow(whose),
        standing: await one.standing(),
      };
    });
    const { volume, approval, retries, overTime, answers, delays, settled } = asked;
    const { unknowns, exceptions, accounts, standing } = asked;
    const of = { answers: byAccount(answers), delays: byAccount(delays), settled: byAccount(settled) };
    const body = {
      object: 'overview' as const,
      mode,
      merchant: merchant ?? null,
      from: new Date(fromMs).toISOString(),
      to: new Date(receivedAtMs).toISOString(),
      bucket,
      freshness: freshnessOf(standing, receivedAtMs),
      volume: volume.map(volumeOf),
      payments: paymentsOf(approval[0], retries[0]),
      over_time: overTime.map(pointOf),
      providers: accounts.map((account) => providerOf(account, of)),
      unknown: { count: unknowns.count, oldest_at: unknowns.oldestAt?.toISOString() ?? null },
      exceptions: [...exceptions],
    };
    return { status: 200, body };
  },
});

function readerOf(
  figures: Pick<Services['figures'], 'read'>,
  mode: string,
  merchant: string | undefined,
  untilMs: number,
) {
  const where = merchant === undefined ? {} : { merchant_id: merchant };
  return async (report: ReportName, fromMs: number, by: readonly 'account_id'[], bucket?: 'hour' | 'day') => {
    const when = { fromMs, untilMs, ...(bucket === undefined ? {} : { bucket }) };
    const { rows } = await figures.read({ report, mode, ...when, by, where, limit: MOST_ROWS });
    return rows;
  };
}

function byAccount(rows: readonly FigureRow[]): ReadonlyMap<string, FigureRow> {
  return new Map(rows.map((row) => [row.group.account_id ?? '', row]));
}

function freshnessOf({ completeUntil, hoursWaiting }: Standing, nowMs: number) {
  return {
    complete_until: completeUntil?.toISOString() ?? null,
    lag_seconds:
      completeUntil === undefined ? null : Math.max(0, Math.round((nowMs - completeUntil.getTime()) / 1_000)),
    hours_waiting: hoursWaiting,
  };
}

const countOf = (row: FigureRow | undefined, name: string) => row?.counts[name] ?? 0;
const amountOf = (row: FigureRow, name: string) => String(row.sums[name] ?? 0n);

function answeredOf(row: FigureRow | undefined): number {
  return countOf(row, 'approved') + countOf(row, 'soft_declined') + countOf(row, 'hard_declined');
}

function approvalOf(row: FigureRow | undefined) {
  const answered = answeredOf(row);
  return { answered, approval_ppm: ppmOf(countOf(row, 'approved'), answered) };
}

function volumeOf(row: FigureRow) {
  return {
    currency: row.group.currency ?? '',
    payments: countOf(row, 'payments'),
    payments_succeeded: countOf(row, 'payments_succeeded'),
    amount_minor: amountOf(row, 'amount_minor'),
    captured_minor: amountOf(row, 'captured_minor'),
    refunded_minor: amountOf(row, 'refunded_minor'),
  };
}

function paymentsOf(approval: FigureRow | undefined, retries: FigureRow | undefined) {
  return {
    payments: countOf(approval, 'payments'),
    payments_succeeded: countOf(approval, 'payments_succeeded'),
    payments_failed: countOf(approval, 'payments_failed'),
    failed_over: countOf(retries, 'failed_over'),
    recovered_by_failover: countOf(retries, 'recovered_by_failover'),
    retried: countOf(retries, 'retried'),
    recovered_by_retry: countOf(retries, 'recovered_by_retry'),
    approved: countOf(approval, 'approved'),
    ...approvalOf(approval),
  };
}

function pointOf(row: FigureRow) {
  return {
    at: (row.at ?? new Date(0)).toISOString(),
    payments: countOf(row, 'payments'),
    approved: countOf(row, 'approved'),
    ...approvalOf(row),
  };
}

type RowsByAccount = Readonly<Record<'answers' | 'delays' | 'settled', ReadonlyMap<string, FigureRow>>>;

function providerOf(account: AccountNow, of: RowsByAccount) {
  const answers = of.answers.get(account.accountId);
  const latency = of.delays.get(account.accountId)?.histograms.latency ?? [];
  const lag = of.settled.get(account.accountId)?.histograms.settlement_lag ?? [];
  const now = account.approved + account.declined;
  return {
    account: account.accountId,
    merchant: account.merchantId,
    provider: account.provider,
    attempts: countOf(answers, 'attempts'),
    ...approvalOf(answers),
    p50_ms: latencyQuantile(latency, 500_000) ?? null,
    p95_ms: latencyQuantile(latency, 950_000) ?? null,
    p99_ms: latencyQuantile(latency, 990_000) ?? null,
    settlement_p50_hours: hoursOf(lagQuantile(lag, 500_000)),
    settlement_p95_hours: hoursOf(lagQuantile(lag, 950_000)),
    settled: lag.reduce((total, count) => total + count, 0),
    enabled: account.enabled,
    circuit: account.circuit,
    circuit_since: account.circuitSince?.toISOString() ?? null,
    consecutive_failures: account.consecutiveFailures,
    now: {
      answered: now,
      approval_ppm: ppmOf(account.approved, now),
      unanswered: account.unknown + account.notAttempted,
      p95_ms: latencyQuantile(account.latency, 950_000) ?? null,
    },
  };
}

function hoursOf(ms: number | undefined): number | null {
  return ms === undefined ? null : ms / HOUR_MS;
}
