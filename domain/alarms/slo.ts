import { type Alarm, alarms } from './alarm.ts';

/**
 * What is promised, and how fast the promise is being used up. Each objective is a share of good answers over thirty days;
 * its alerts look at two windows at once, a long one that says it matters and a short one that says it still goes on
 * (Google's SRE workbook, "Alerting on SLOs"). The third promise, no unknown older than fifteen minutes, is an alarm of its own.
 */
export interface Objective {
  readonly name: 'availability' | 'latency';
  readonly promise: string;
  /** Of all, how many may be bad. */
  readonly budget: number;
  /** The share of bad ones over a window, as PromQL. */
  bad(window: Window): string;
}

export const WINDOWS = ['5m', '30m', '1h', '6h', '3d'] as const;
export type Window = (typeof WINDOWS)[number];

const PAYMENTS = 'method="POST",route="/v1/payments"';
const COUNT = 'interlock_http_request_duration_seconds_count';
const BUCKET = 'interlock_http_request_duration_seconds_bucket';

export const OBJECTIVES: readonly Objective[] = [
  {
    name: 'availability',
    promise: '99.9 % of POST /v1/payments are answered, and not with a 5xx',
    budget: 0.001,
    // From here, a caller who gave up waiting looks like a connection that we dropped: neither had an answer.
    bad: (window) => `sum(rate(${COUNT}{${PAYMENTS},status_class=~"5xx|aborted"}[${window}]))
  / sum(rate(${COUNT}{${PAYMENTS}}[${window}]))`,
  },
  {
    name: 'latency',
    promise: '99 % of POST /v1/payments are answered within 2 seconds, the provider included',
    budget: 0.01,
    // Of those that are answered: the others are bad by the promise above.
    bad: (window) => `1 - sum(rate(${BUCKET}{${PAYMENTS},status_class!="aborted",le="2"}[${window}]))
  / sum(rate(${COUNT}{${PAYMENTS},status_class!="aborted"}[${window}]))`,
  },
];

/** Evaluated by Prometheus beforehand, so that an alert over three days reads one number. */
export interface Recording {
  readonly record: string;
  readonly expr: string;
}

const recordOf = ({ name }: Objective, window: Window) =>
  `interlock:payments_${name}_bad:ratio_rate${window}`;

export const recordings: readonly Recording[] = [
  ...OBJECTIVES.flatMap((objective) =>
    WINDOWS.map((window) => ({ record: recordOf(objective, window), expr: objective.bad(window) })),
  ),
  {
    record: 'interlock:payments_success:ratio_rate5m',
    // Of answered payments, not of ended ones: what is held to be captured ends days later, and what fails does so at once.
    expr: 'sum(rate(interlock_payments_answered_total{outcome=~"authorized|succeeded"}[5m])) / sum(rate(interlock_payments_answered_total[5m]))',
  },
  {
    record: 'interlock:provider_call_duration_seconds:p99_rate5m',
    expr: 'histogram_quantile(0.99, sum by (provider, le) (rate(interlock_provider_call_duration_seconds_bucket[5m])))',
  },
];

interface Burn {
  readonly speed: 'Fast' | 'Slow';
  /** So many times faster than would use the budget up in thirty days. */
  readonly rate: number;
  readonly long: Window;
  readonly short: Window;
  readonly severity: Alarm['severity'];
  readonly says: string;
}

const BURNS: readonly Burn[] = [
  {
    speed: 'Fast',
    rate: 14.4,
    long: '1h',
    short: '5m',
    severity: 'page',
    says: 'a month of errors is gone in two days',
  },
  {
    speed: 'Slow',
    rate: 6,
    long: '6h',
    short: '30m',
    severity: 'page',
    says: 'a month of errors is gone in five days',
  },
];

const NAMES = { availability: 'PaymentsAvailability', latency: 'PaymentsLatency' } as const;

export const sloAlarms = alarms(
  OBJECTIVES.flatMap((objective) => BURNS.map((burn) => burnAlarm(objective, burn))),
);

function burnAlarm(objective: Objective, burn: Burn): Alarm {
  const { speed, rate, long, short, severity, says } = burn;
  const above = Number((rate * objective.budget).toPrecision(4));
  return {
    name: `${NAMES[objective.name]}Burns${speed}`,
    severity,
    summary: `{{ $value | humanizePercentage }} of POST /v1/payments are bad: ${says}`,
    means: `The promise: ${objective.promise}. Merchants and payers feel it now.`,
    expr: `${recordOf(objective, long)} > ${above}\nand ${recordOf(objective, short)} > ${above}`,
    forSeconds: 120,
    runbook: objective.name === 'availability' ? 'payments-availability' : 'payments-latency',
    cases: {
      fires: {
        says: `50% of POST /v1/payments are bad: ${says}`,
        series: served(objective, 120, 0.5),
        at: '90m',
      },
      rests: { series: served(objective, 120, 0), at: '90m' },
    },
  };
}

/** A hundred requests a minute, of which a share is bad. */
function served({ name }: Objective, minutes: number, bad: number) {
  const of = (metric: string, labels: string, each: number) => ({
    series: `${metric}{${PAYMENTS},${labels}}`,
    values: `0+${each}x${minutes}`,
  });
  const good = 100 * (1 - bad);
  if (name === 'availability')
    return [
      of(COUNT, 'status_class="2xx"', good),
      of(COUNT, 'status_class="5xx"', 50 * bad),
      of(COUNT, 'status_class="aborted"', 50 * bad),
    ];
  return [
    of(COUNT, 'status_class="2xx"', 100),
    of(BUCKET, 'status_class="2xx",le="2"', good),
    // Somebody who hangs up at once makes nothing quick.
    of(COUNT, 'status_class="aborted"', 100),
    of(BUCKET, 'status_class="aborted",le="2"', 100),
  ];
}
