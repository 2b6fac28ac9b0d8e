import type { HISTOGRAM_BUCKETS } from './histogram.ts';
import {
  ATTEMPT_OUTCOME_COUNTS,
  AUTHENTICATION_COUNTS,
  type CellMeasure,
  DECLINE_COUNTS,
  PAYMENT_OUTCOME_COUNTS,
  type PAYMENT_SUMS,
} from './measures.ts';

/** What can be asked of the cells: which measures make up which report. What follows from them is worked out by whoever shows it. */
export interface Report {
  readonly of: 'cells' | 'declines';
  readonly counts: readonly (CellMeasure | (typeof DECLINE_COUNTS)[number])[];
  readonly sums: readonly (typeof PAYMENT_SUMS)[number][];
  readonly histograms: readonly (keyof typeof HISTOGRAM_BUCKETS)[];
  /** It has amounts, so each currency has rows of its own, asked for or not: amounts are never added across currencies. */
  readonly byCurrency: boolean;
  /** By what its rows are ordered, and cut. */
  readonly largest: string;
}

const PLAIN = { of: 'cells', sums: [], histograms: [], byCurrency: false } as const;

export const REPORTS = {
  volume: {
    ...PLAIN,
    counts: PAYMENT_OUTCOME_COUNTS,
    sums: ['amount_minor', 'authorized_minor', 'captured_minor', 'refunded_minor', 'charged_back_minor'],
    byCurrency: true,
    largest: 'payments',
  },
  approval: {
    ...PLAIN,
    counts: [...PAYMENT_OUTCOME_COUNTS, ...ATTEMPT_OUTCOME_COUNTS],
    largest: 'attempts',
  },
  latency: { ...PLAIN, counts: ['attempts'], histograms: ['latency', 'settlement_lag'], largest: 'attempts' },
  declines: {
    ...PLAIN,
    of: 'declines',
    counts: DECLINE_COUNTS,
    largest: 'declined',
  },
  retries: {
    ...PLAIN,
    counts: [
      'payments',
      'payments_succeeded',
      'payments_failed',
      'failed_over',
      'recovered_by_failover',
      'retried',
      'recovered_by_retry',
    ],
    largest: 'payments',
  },
  routing: {
    ...PLAIN,
    counts: ['routed', 'routed_best'],
    sums: ['chosen_rate_ppm', 'best_rate_ppm'],
    largest: 'routed',
  },
  fees: {
    ...PLAIN,
    counts: ['payments_succeeded', 'fee_payments', 'fee_settled', 'fee_compared'],
    sums: [
      'captured_minor',
      'fee_minor',
      'fee_captured_minor',
      'fee_paid_minor',
      'fee_estimated_minor',
      'fee_best_minor',
      'fee_blind_minor',
    ],
    byCurrency: true,
    largest: 'fee_payments',
  },
  authentication: {
    ...PLAIN,
    counts: ['attempts', ...AUTHENTICATION_COUNTS],
    largest: 'authentications',
  },
} as const satisfies Readonly<Record<string, Report>>;
export type ReportName = keyof typeof REPORTS;

/** Fewer than these prove nothing: whoever shows a rate of fewer says so. */
export const ENOUGH_SAMPLES = 30;
