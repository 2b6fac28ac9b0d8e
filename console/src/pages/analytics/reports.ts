/** What each report shows: in words, in which columns, and which figure is drawn. Names are the API's. */
export const REPORTS = {
  approval: {
    title: 'Approval',
    sub: 'What providers said yes and no to, and what became of the payments.',
    drawn: 'approval_ppm',
    columns: [
      'approval_ppm',
      'attempts',
      'approved',
      'soft_declined',
      'hard_declined',
      'unknown',
      'not_attempted',
      'rejected',
      'payments',
      'success_ppm',
    ],
    by: ['provider', 'country', 'brand'],
  },
  declines: {
    title: 'Declines',
    sub: 'Why attempts were declined, how many were followed by another, and how many of those payments succeeded.',
    drawn: 'declined',
    columns: ['declined', 'hard', 'followed', 'followed_ppm', 'recovered', 'recovered_ppm'],
    by: ['reason'],
  },
  retries: {
    title: 'Retries',
    sub: 'What asking another account at once, and asking again later, recovered.',
    drawn: 'failover_recovery_ppm',
    columns: [
      'payments',
      'success_ppm',
      'failed_over',
      'recovered_by_failover',
      'failover_recovery_ppm',
      'retried',
      'recovered_by_retry',
      'retry_recovery_ppm',
    ],
    by: ['provider'],
  },
  routing: {
    title: 'Routing',
    sub: 'How often the candidate with the best expected success was asked first, and what the others cost in expectation.',
    drawn: 'efficiency_ppm',
    columns: ['routed', 'best_first_ppm', 'efficiency_ppm', 'expected_ppm', 'best_expected_ppm'],
    by: ['merchant'],
  },
  fees: {
    title: 'Fees',
    sub: 'What payments cost: as settled where a file has said, else as estimated; and what other accounts would have cost.',
    drawn: 'fee_ppm',
    columns: [
      'captured_minor',
      'fee_minor',
      'fee_ppm',
      'fee_paid_minor',
      'fee_settled',
      'fee_payments',
      'saved_minor',
      'left_on_table_minor',
    ],
    by: ['provider', 'currency'],
  },
  authentication: {
    title: '3DS2',
    sub: 'From asking for authentication to its end: exempted, without friction, challenged, given up.',
    drawn: 'challenge_success_ppm',
    columns: [
      'authentications',
      'auth_exempted',
      'auth_not_performed',
      'auth_frictionless',
      'auth_challenged',
      'auth_challenge_succeeded',
      'auth_abandoned',
      'auth_failed',
      'frictionless_ppm',
      'challenge_success_ppm',
    ],
    by: ['provider'],
  },
  latency: {
    title: 'Latency',
    sub: 'From the first byte to the recorded answer; and from a booking until its settlement file was here.',
    drawn: 'p95_ms',
    columns: ['attempts', 'p50_ms', 'p95_ms', 'p99_ms', 'settlement_p50_hours', 'settlement_p95_hours'],
    by: ['provider'],
  },
  volume: {
    title: 'Volume',
    sub: 'Payments and their money, by currency.',
    drawn: 'payments',
    columns: [
      'payments',
      'payments_succeeded',
      'payments_failed',
      'success_ppm',
      'amount_minor',
      'captured_minor',
      'refunded_minor',
      'charged_back_minor',
    ],
    by: ['currency'],
  },
} as const;
export type ReportName = keyof typeof REPORTS;

export function isReport(name: string | undefined): name is ReportName {
  return name !== undefined && Object.hasOwn(REPORTS, name);
}

const LABELS: Readonly<Record<string, string>> = {
  approval_ppm: 'Approval',
  success_ppm: 'Payments succeeded',
  soft_declined: 'Soft declines',
  hard_declined: 'Hard declines',
  hard: 'Of them hard',
  followed: 'Tried elsewhere or again',
  followed_ppm: 'Share tried again',
  recovered: 'Then succeeded',
  recovered_ppm: 'Recovered',
  failover_recovery_ppm: 'Fail-over recovers',
  retry_recovery_ppm: 'Retry recovers',
  best_first_ppm: 'Best asked first',
  efficiency_ppm: 'Efficiency',
  expected_ppm: 'Expected success',
  best_expected_ppm: 'Best possible',
  captured_minor: 'Captured',
  fee_minor: 'Fees',
  fee_ppm: 'Of captured',
  fee_paid_minor: 'Paid, as settled',
  fee_settled: 'Payments settled',
  fee_payments: 'Payments with a fee',
  saved_minor: 'Saved',
  left_on_table_minor: 'Left on the table',
  auth_exempted: 'Exempted',
  auth_not_performed: 'Not performed',
  auth_frictionless: 'Frictionless',
  auth_challenged: 'Challenged',
  auth_challenge_succeeded: 'Challenge succeeded',
  auth_abandoned: 'Abandoned',
  auth_failed: 'Failed',
  frictionless_ppm: 'Share frictionless',
  challenge_success_ppm: 'Challenges succeed',
  p50_ms: 'p50',
  p95_ms: 'p95',
  p99_ms: 'p99',
  settlement_p50_hours: 'Settled, p50',
  settlement_p95_hours: 'Settled, p95',
  amount_minor: 'Amount',
  refunded_minor: 'Refunded',
  charged_back_minor: 'Charged back',
};

export function labelOf(name: string): string {
  const known = LABELS[name];
  if (known !== undefined) return known;
  const words = name.replaceAll('_', ' ');
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}

export const GROUPS = ['merchant', 'account', 'provider', 'country', 'brand', 'currency', 'method'] as const;
export type GroupName = (typeof GROUPS)[number] | 'reason';

/** Fewer samples prove nothing: they are shown, and greyed out. */
export const ENOUGH_SAMPLES = 30;
