import type pg from 'pg';
import { DIMENSIONS, LEVELS, type Level } from '../../../domain/figures/dimensions.ts';
import { HISTOGRAM_BUCKETS, LAG_BOUNDS_MS } from '../../../domain/figures/histogram.ts';
import { CELL_COUNTS, CELL_SUMS } from '../../../domain/figures/measures.ts';
import { GRAINS, startOf } from '../../../domain/figures/periods.ts';
import type { Decline } from '../../../domain/payment/outcome.ts';
import { declineClass } from '../../../domain/routing/declines/index.ts';
import { latencyBucket } from '../../../domain/routing/learning/latency.ts';

/**
 * The same figures the slow way: every table read whole, and every payment looked at by itself, in another language than
 * the one under test. Cells by name; each counts by measure.
 */
export type Cells = Map<string, Map<string, number | readonly number[]>>;

export async function naiveCells(sql: pg.ClientBase): Promise<{ cells: Cells; declines: Cells }> {
  const rows = await readAll(sql);
  const cells: Cells = new Map();
  const declines: Cells = new Map();
  for (const payment of rows.payment) {
    const facts = factsOf(payment, rows);
    for (const count of countsOfPayment(facts)) addEverywhere(cells, facts, count);
    for (const attempt of facts.attempts) {
      for (const count of countsOfAttempt(attempt, facts)) addEverywhere(cells, facts, count);
      const decline = declineOf(attempt, facts);
      if (decline !== undefined) addEverywhere(declines, facts, decline);
    }
  }
  return { cells, declines };
}

/** The stored cells in the same form. */
export async function storedCells(
  sql: pg.ClientBase,
  table: 'rollup_cell' | 'rollup_decline',
): Promise<Cells> {
  const { rows } = await sql.query<Loose>(`SELECT * FROM ${table}`);
  return new Map(
    rows.map(({ level, grain, bucket, ...row }) => {
      const keys = [...DIMENSIONS, ...(table === 'rollup_decline' ? ['reason'] : [])];
      const name = [level, grain, bucket.toISOString(), ...keys.map((key) => row[key])].join('|');
      const counts = Object.entries(row).filter(([key]) => !keys.includes(key));
      const told = counts.flatMap(([key, value]): [string, number | number[]][] =>
        value === null ? [] : [[key, Array.isArray(value) ? value : Number(value)]],
      );
      return [name, new Map(told.filter(([, value]) => value !== 0))];
    }),
  );
}

// biome-ignore lint/suspicious/noExplicitAny: rows as Postgres gives them, which no type of ours has made
type Loose = Record<string, any>;
type Tables = Record<(typeof TABLES)[number], readonly Loose[]>;
interface Facts {
  readonly payment: Loose;
  readonly attempts: readonly Loose[];
  readonly winner: Loose | undefined;
  readonly method: Loose | undefined;
  readonly rows: Tables;
}
interface Count {
  readonly of: Loose | undefined;
  readonly values: Readonly<Record<string, number | boolean | undefined>>;
  readonly histogram?: { readonly name: keyof typeof HISTOGRAM_BUCKETS; readonly index: number };
  readonly reason?: string;
}

const TABLES = [
  'payment',
  'attempt',
  'operation',
  'payment_method',
  'payment_balance',
  'route_explanation',
  'retry_explanation',
  'booking',
  'settlement_row',
  'settlement_file',
] as const;

async function readAll(sql: pg.ClientBase): Promise<Tables> {
  const all: Loose = {};
  for (const table of TABLES) all[table] = (await sql.query(`SELECT * FROM ${table}`)).rows;
  return all as Tables;
}

const isApproved = (attempt: Loose) =>
  ['authorized', 'captured', 'refunded', 'expired'].includes(attempt.status) ||
  Number(attempt.authorized_minor) > 0;

function factsOf(payment: Loose, rows: Tables): Facts {
  const attempts = rows.attempt
    .filter((each) => each.payment_id === payment.id)
    .sort((a, b) => a.number - b.number);
  const won = attempts.findLast((each) => isApproved(each) && !each.undoing);
  const method = rows.payment_method.find(({ id }) => id === payment.payment_method_id);
  return { payment, attempts, winner: won ?? attempts.at(-1), method, rows };
}

function countsOfPayment({ payment, attempts, winner, rows }: Facts): readonly Count[] {
  const succeeded = ['succeeded', 'requires_capture', 'partially_captured'].includes(payment.status);
  const begins = (attempt: Loose) => rows.retry_explanation.some((each) => each.attempt_id === attempt.id);
  const round = attempts.find(begins)?.number;
  const won = winner !== undefined && isApproved(winner) && !winner.undoing;
  const wonAgain = won && round !== undefined && winner.number >= round;
  const wonElsewhere = won && !wonAgain && winner.account_id !== attempts[0]?.account_id;
  const balance = rows.payment_balance.find((each) => each.payment_id === payment.id);
  const { fee: settled, lagMs } = settlementOf(payment, rows);
  const captured = Number(winner?.captured_minor ?? 0) > 0;
  const paid = captured ? settled : undefined;
  const decision = decisionOf(payment, winner, rows);
  const estimate = captured ? decision.chosenFee : undefined;
  const values = {
    payments: 1,
    payments_succeeded: succeeded,
    payments_failed: payment.status === 'failed',
    payments_canceled: ['canceled', 'expired'].includes(payment.status),
    failed_over: attempts.some((each) => each.number > 1 && !begins(each)),
    recovered_by_failover: succeeded && wonElsewhere,
    retried: round !== undefined,
    recovered_by_retry: succeeded && wonAgain,
    fee_payments: (paid ?? estimate) !== undefined,
    fee_settled: paid !== undefined,
    fee_compared: estimate !== undefined,
    routed: decision.chosenRate !== undefined,
    routed_best: decision.chosenRate !== undefined && decision.chosenRate >= (decision.bestRate ?? 0),
    amount_minor: Number(payment.amount_minor),
    authorized_minor: Number(payment.amount_authorized_minor),
    captured_minor: Number(payment.amount_captured_minor),
    refunded_minor: Number(balance?.refunded_minor ?? 0) + Number(balance?.external_refunded_minor ?? 0),
    charged_back_minor: Number(balance?.charged_back_minor ?? 0),
    fee_minor: paid ?? estimate,
    fee_captured_minor: (paid ?? estimate) === undefined ? undefined : Number(payment.amount_captured_minor),
    fee_paid_minor: paid,
    fee_estimated_minor: estimate,
    fee_best_minor: estimate === undefined ? undefined : decision.bestFee,
    fee_blind_minor: estimate === undefined ? undefined : decision.blindFee,
    chosen_rate_ppm: decision.chosenRate,
    best_rate_ppm: decision.chosenRate === undefined ? undefined : decision.bestRate,
  };
  const lag =
    captured && lagMs !== undefined ? [{ name: 'settlement_lag' as const, index: lagBucket(lagMs) }] : [];
  const [histogram] = lag;
  return [{ of: winner, values, ...(histogram === undefined ? {} : { histogram }) }];
}

function lagBucket(lagMs: number): number {
  const index = LAG_BOUNDS_MS.findIndex((bound) => Math.max(0, lagMs) <= bound);
  return index === -1 ? LAG_BOUNDS_MS.length : index;
}

function settlementOf(payment: Loose, rows: Tables): { fee?: number; lagMs?: number } {
  const lines = rows.booking
    .filter((booking) => booking.payment_id === payment.id)
    .flatMap((booking) =>
      rows.settlement_row
        .filter((row) => row.booking_id === booking.id && row.type === booking.kind)
        .filter((row) => row.action !== 'ignore_duplicate')
        .map((row) => ({ booking, row, file: rows.settlement_file.find(({ id }) => id === row.file_id) })),
    )
    .filter(({ file }) => file?.posted_at != null);
  const own = lines.filter(({ row }) => row.settlement_currency === payment.currency);
  const [first] = lines
    .filter(({ booking }) => booking.kind === 'capture')
    .sort((a, b) => a.booking.booked_at - b.booking.booked_at || a.file?.received_at - b.file?.received_at);
  return {
    ...(own.length === 0 ? {} : { fee: own.reduce((sum, { row }) => sum + Number(row.fee_minor), 0) }),
    ...(first === undefined ? {} : { lagMs: first.file?.received_at - first.booking.booked_at }),
  };
}

function decisionOf(payment: Loose, winner: Loose | undefined, rows: Tables) {
  const document = rows.route_explanation.find((each) => each.payment_id === payment.id)?.document;
  if (winner === undefined || document?.format !== 2) return {};
  const first: string | undefined = document.order[0];
  const able: Loose[] = document.explanation.candidates.filter(
    (each: Loose) => each.verdict === 'candidate' || [winner.account_id, first].includes(each.accountId),
  );
  const rateOf = (accountId: string) => {
    const input = document.inputs.candidates.find((each: Loose) => each.accountId === accountId);
    return Math.floor((input.success.ratePpm * input.health.weightPpm) / 1_000_000);
  };
  const fees = able.flatMap(({ feeMinor }) => (feeMinor === undefined ? [] : [feeMinor]));
  const mean = fees.reduce((sum: number, fee: number) => sum + fee, 0) / fees.length;
  return {
    chosenFee: able.find(({ accountId }) => accountId === winner.account_id)?.feeMinor as number | undefined,
    bestFee: Math.min(...fees),
    blindFee: Math.round(mean),
    chosenRate: first === undefined ? undefined : rateOf(first),
    bestRate: Math.max(...able.map(({ accountId }) => rateOf(accountId))),
  };
}

function countsOfAttempt(attempt: Loose, { rows }: Facts): readonly Count[] {
  const approved = isApproved(attempt);
  const declined = attempt.status === 'declined' && !approved;
  const hard = attempt.decline !== null && declineClass(attempt.decline as Decline) === 'hard';
  const operation = rows.operation.find((each) => each.attempt_id === attempt.id);
  const errored = attempt.status === 'errored' && !approved;
  const unattempted = operation?.status === 'not_attempted';
  const status: string | undefined = attempt.authentication?.status;
  const challenged = attempt.authentication?.challengedAtMs !== undefined;
  const succeeded = ['challenged', 'completed_without_return', 'frictionless'].includes(status ?? '');
  const values = {
    attempts: 1,
    approved,
    soft_declined: declined && !hard,
    hard_declined: declined && hard,
    unknown: attempt.status === 'unknown' && !approved,
    not_attempted: errored && unattempted,
    rejected: errored && !unattempted,
    authentications: status !== undefined,
    auth_exempted: status === 'exempted',
    auth_not_performed: status === 'not_performed',
    auth_frictionless: status === 'frictionless' && !challenged,
    auth_challenged: challenged,
    auth_challenge_succeeded: challenged && succeeded,
    auth_abandoned: ['abandoned', 'timed_out'].includes(status ?? ''),
    auth_failed: ['failed', 'rejected'].includes(status ?? ''),
  };
  const isTimed = operation?.closed_at != null && operation.first_sent_at != null && !unattempted;
  const index = isTimed ? latencyBucket(operation.closed_at - operation.first_sent_at) : -1;
  return [{ of: attempt, values, ...(index < 0 ? {} : { histogram: { name: 'latency', index } }) }];
}

function declineOf(attempt: Loose, { attempts, payment }: Facts): Count | undefined {
  if (attempt.status !== 'declined') return undefined;
  const followed = attempts.some((each) => each.number > attempt.number);
  const succeeded = ['succeeded', 'requires_capture', 'partially_captured'].includes(payment.status);
  const hard = declineClass(attempt.decline as Decline) === 'hard';
  const values = { declined: 1, hard, followed, recovered: followed && succeeded };
  return { of: attempt, values, reason: attempt.decline.reason };
}

function addEverywhere(
  cells: Cells,
  { payment, method }: Facts,
  { of, values, histogram, reason }: Count,
): void {
  const place: Loose = {
    merchant_id: payment.merchant_id,
    mode: payment.mode,
    account_id: of?.account_id ?? '',
    provider: of?.provider ?? '',
    issuer_country: method?.country ?? '',
    brand: method?.brand ?? '',
    currency: payment.currency,
    method: method?.type ?? '',
  };
  for (const level of Object.keys(LEVELS) as Level[])
    for (const grain of GRAINS) {
      const kept: readonly string[] = LEVELS[level];
      const bucket = new Date(startOf(grain, payment.created_at.getTime())).toISOString();
      const keys = DIMENSIONS.map((dimension) => (kept.includes(dimension) ? place[dimension] : ''));
      const name = [level, grain, bucket, ...keys, ...(reason === undefined ? [] : [reason])].join('|');
      const cell = cells.get(name) ?? new Map<string, number | readonly number[]>();
      cells.set(name, cell);
      for (const [measure, value] of Object.entries(values)) {
        const sum = Number(cell.get(measure) ?? 0) + Number(value ?? 0);
        if (sum !== 0) cell.set(measure, sum);
      }
      if (histogram !== undefined) addToHistogram(cell, histogram);
    }
}

function addToHistogram(
  cell: Map<string, number | readonly number[]>,
  { name, index }: NonNullable<Count['histogram']>,
): void {
  const before = cell.get(name);
  const buckets = Array.isArray(before)
    ? [...before]
    : Array.from({ length: HISTOGRAM_BUCKETS[name] }, () => 0);
  buckets[index] = (buckets[index] ?? 0) + 1;
  cell.set(name, buckets);
}

/** A measure that nobody counts by hand would be compared with nothing. */
export const COUNTED_BY_HAND = [...CELL_COUNTS, ...CELL_SUMS];
