import type { FigureRow } from '../../db/read/index.ts';
import { lagQuantile, latencyQuantile } from '../../domain/figures/histogram.ts';
import { REPORTS, type Report, type ReportName } from '../../domain/figures/reports.ts';

/** Integers, and amounts as text, which may pass 2^53; null: a rate of nothing. */
export type FigureValue = number | string | null;

interface Column {
  readonly name: string;
  readonly of: (row: FigureRow) => FigureValue;
}

const count = ({ counts }: FigureRow, name: string) => counts[name] ?? 0;
const sum = ({ sums }: FigureRow, name: string) => sums[name] ?? 0n;

export function ppmOf(part: number, whole: number): number | null {
  return whole === 0 ? null : Math.round((part * 1_000_000) / whole);
}

function share(name: string, part: string, ...whole: readonly string[]): Column {
  return {
    name,
    of: (row) =>
      ppmOf(
        count(row, part),
        whole.reduce((total, each) => total + count(row, each), 0),
      ),
  };
}

function difference(name: string, from: string, less: string): Column {
  return { name, of: (row) => String(sum(row, from) - sum(row, less)) };
}

const quantiles = (
  prefix: string,
  histogram: string,
  quantile: (histogram: readonly number[], ppm: number) => number | undefined,
  scale = 1,
): readonly Column[] =>
  [50, 95, 99].map((percent) => ({
    name: prefix.replace('%', String(percent)),
    of: ({ histograms }) => {
      const value = quantile(histograms[histogram] ?? [], percent * 10_000);
      return value === undefined ? null : Math.round(value / scale);
    },
  }));

const HOUR_MS = 3_600_000;

/** What follows from the counts, by report. The provider answered where it said yes or no. */
const DERIVED: Readonly<Record<ReportName, readonly Column[]>> = {
  volume: [share('success_ppm', 'payments_succeeded', 'payments_succeeded', 'payments_failed')],
  approval: [
    share('approval_ppm', 'approved', 'approved', 'soft_declined', 'hard_declined'),
    share('success_ppm', 'payments_succeeded', 'payments_succeeded', 'payments_failed'),
  ],
  latency: [
    ...quantiles('p%_ms', 'latency', latencyQuantile),
    ...quantiles('settlement_p%_hours', 'settlement_lag', lagQuantile, HOUR_MS),
  ],
  declines: [share('followed_ppm', 'followed', 'declined'), share('recovered_ppm', 'recovered', 'followed')],
  retries: [
    share('failover_recovery_ppm', 'recovered_by_failover', 'failed_over'),
    share('retry_recovery_ppm', 'recovered_by_retry', 'retried'),
    share('success_ppm', 'payments_succeeded', 'payments_succeeded', 'payments_failed'),
  ],
  routing: [
    share('best_first_ppm', 'routed_best', 'routed'),
    { name: 'efficiency_ppm', of: (row) => ratioPpm(sum(row, 'chosen_rate_ppm'), sum(row, 'best_rate_ppm')) },
    { name: 'expected_ppm', of: (row) => ratioOf(sum(row, 'chosen_rate_ppm'), count(row, 'routed')) },
    { name: 'best_expected_ppm', of: (row) => ratioOf(sum(row, 'best_rate_ppm'), count(row, 'routed')) },
  ],
  fees: [
    { name: 'fee_ppm', of: (row) => ratioPpm(sum(row, 'fee_minor'), sum(row, 'fee_captured_minor')) },
    difference('left_on_table_minor', 'fee_estimated_minor', 'fee_best_minor'),
    difference('saved_minor', 'fee_blind_minor', 'fee_estimated_minor'),
  ],
  authentication: [
    share('frictionless_ppm', 'auth_frictionless', 'auth_frictionless', 'auth_challenged'),
    share('challenge_success_ppm', 'auth_challenge_succeeded', 'auth_challenged'),
    share('abandoned_ppm', 'auth_abandoned', 'auth_challenged'),
  ],
};

/** Sums of millionths are no figure by themselves. */
const HIDDEN = new Set(['chosen_rate_ppm', 'best_rate_ppm']);

/** What a row's rates rest on. */
const SAMPLES: Readonly<Record<ReportName, readonly string[]>> = {
  volume: ['payments_succeeded', 'payments_failed'],
  approval: ['approved', 'soft_declined', 'hard_declined'],
  latency: ['attempts'],
  declines: ['declined'],
  retries: ['payments'],
  routing: ['routed'],
  fees: ['fee_payments'],
  authentication: ['authentications'],
};

export function columnsOf(name: ReportName): readonly Column[] {
  const { counts, sums }: Report = REPORTS[name];
  const counted = counts.map((each): Column => ({ name: each, of: (row) => count(row, each) }));
  const added = sums
    .filter((each) => !HIDDEN.has(each))
    .map((each): Column => ({ name: each, of: (row) => String(sum(row, each)) }));
  return [...counted, ...added, ...DERIVED[name]];
}

export function sampleOf(name: ReportName, row: FigureRow): number {
  return SAMPLES[name].reduce((total, each) => total + count(row, each), 0);
}

function ratioPpm(part: bigint, whole: bigint): number | null {
  return whole === 0n ? null : Number((part * 1_000_000n) / whole);
}

function ratioOf(total: bigint, count: number): number | null {
  return count === 0 ? null : Number(total / BigInt(count));
}
