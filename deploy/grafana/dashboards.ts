import { type Dashboard, type Panel, render } from './panels.ts';

/** What is looked at when something is asked of us, or fires: payments, providers, the machinery, and the money. */

const line = (title: string, unit: string, queries: Panel['queries'], description?: string): Panel => ({
  title,
  kind: 'timeseries',
  unit,
  queries,
  ...(description === undefined ? {} : { description }),
});

const stat = (title: string, unit: string, expr: string): Panel => ({
  ...{ title, kind: 'stat', unit, queries: [[expr, '']] as const },
});

const PAYMENTS_ROUTE = 'method="POST",route="/v1/payments"';
const HTTP = 'interlock_http_request_duration_seconds';
const CALLS = 'interlock_provider_call_duration_seconds';

const quantile = (share: number, by: string, histogram: string, labels = '') =>
  `histogram_quantile(${share}, sum by (${by}) (rate(${histogram}_bucket${labels}[5m])))`;

const payments: Dashboard = {
  uid: 'interlock-payments',
  title: 'Interlock: payments',
  rows: [
    {
      title: 'Promises',
      panels: [
        stat('Bad answers, 1 h', 'percentunit', 'interlock:payments_availability_bad:ratio_rate1h'),
        stat('Slower than 2 s, 1 h', 'percentunit', 'interlock:payments_latency_bad:ratio_rate1h'),
        stat('Oldest unknown outcome', 's', 'max(interlock_unknown_operations_oldest_age_seconds)'),
        stat('Last canary that succeeded', 's', 'min(interlock_canary_last_success_age_seconds)'),
      ],
    },
    {
      title: 'Payments',
      panels: [
        line('Ended, by status', 'reqps', [
          ['sum by (outcome) (rate(interlock_payments_total[5m]))', '{{outcome}}'],
        ]),
        line('Failures, by reason', 'reqps', [
          ['sum by (reason) (rate(interlock_payments_total{outcome="failed"}[5m]))', '{{reason}}'],
        ]),
        line('Authorized or succeeded, of answered', 'percentunit', [
          ['interlock:payments_success:ratio_rate5m', 'succeeded'],
        ]),
      ],
    },
    {
      title: 'What merchants get',
      panels: [
        line('POST /v1/payments', 's', [
          [quantile(0.5, 'le', HTTP, `{${PAYMENTS_ROUTE}}`), 'p50'],
          [quantile(0.95, 'le', HTTP, `{${PAYMENTS_ROUTE}}`), 'p95'],
          [quantile(0.99, 'le', HTTP, `{${PAYMENTS_ROUTE}}`), 'p99'],
        ]),
        line('Requests, by status class', 'reqps', [
          [`sum by (status_class) (rate(${HTTP}_count[5m]))`, '{{status_class}}'],
        ]),
        line('Slowest routes, p99', 's', [[`topk(5, ${quantile(0.99, 'le, route', HTTP)})`, '{{route}}']]),
      ],
    },
    {
      title: 'Attempts, refunds and events',
      panels: [
        line(
          'Attempts per payment',
          'short',
          [
            [
              'rate(interlock_payment_attempts_sum[5m]) / rate(interlock_payment_attempts_count[5m])',
              'attempts',
            ],
            [
              'sum(rate(interlock_provider_calls_total{operation=~"authorize|sale"}[5m])) / sum(rate(interlock_payment_attempts_count[5m]))',
              'sends',
            ],
          ],
          'Sends above attempts are resends by the resolver.',
        ),
        line('Refunds ended', 'reqps', [
          ['sum by (outcome) (rate(interlock_refunds_total[5m]))', '{{outcome}}'],
        ]),
        line('Events sent to merchants', 'reqps', [
          ['sum by (result) (rate(interlock_webhook_deliveries_total[5m]))', '{{result}}'],
        ]),
      ],
    },
  ],
};

const providers: Dashboard = {
  uid: 'interlock-providers',
  title: 'Interlock: providers',
  rows: [
    {
      title: 'Now',
      panels: [
        line('Approved of answered, last 5 minutes', 'percentunit', [
          ['max by (account) (interlock_provider_success_ratio)', '{{account}}'],
          ['max by (account) (interlock_provider_usual_success_ratio)', '{{account}} as usual'],
        ]),
        line('Without an answer', 'percentunit', [
          ['max by (account) (interlock_provider_unknown_ratio)', '{{account}}'],
        ]),
        line('Circuits that are not closed', 'short', [
          [
            'max by (account, state) (interlock_provider_circuit_state{state!="closed"})',
            '{{account}} {{state}}',
          ],
        ]),
      ],
    },
    {
      title: 'Calls',
      panels: [
        line('By outcome', 'reqps', [
          [
            'sum by (provider, outcome) (rate(interlock_provider_calls_total[5m]))',
            '{{provider}} {{outcome}}',
          ],
        ]),
        line('p99', 's', [['interlock:provider_call_duration_seconds:p99_rate5m', '{{provider}}']]),
        line('p95, by operation', 's', [
          [quantile(0.95, 'le, provider, operation', CALLS), '{{provider}} {{operation}}'],
        ]),
      ],
    },
    {
      title: 'Unknown outcomes, and what came by itself',
      panels: [
        line('Unknown', 'short', [['max by (provider) (interlock_unknown_operations)', '{{provider}}']]),
        line('Oldest', 's', [
          ['max by (provider) (interlock_unknown_operations_oldest_age_seconds)', '{{provider}}'],
        ]),
        line('Resends', 'reqps', [
          ['sum by (provider) (rate(interlock_provider_calls_total{send="resend"}[5m]))', '{{provider}}'],
        ]),
        line('Webhooks that came', 'reqps', [
          [
            'sum by (provider, result) (rate(interlock_webhooks_received_total[5m]))',
            '{{provider}} {{result}}',
          ],
        ]),
      ],
    },
    {
      title: 'Load',
      panels: [
        line('Charges tried within five minutes', 'short', [
          ['max by (account) (interlock_provider_recent_attempts)', '{{account}}'],
        ]),
        line('p95 as routing sees it', 's', [
          ['max by (account) (interlock_provider_latency_p95_seconds)', '{{account}}'],
        ]),
      ],
    },
  ],
};

const platform: Dashboard = {
  uid: 'interlock-platform',
  title: 'Interlock: workers and Temporal',
  rows: [
    {
      title: 'Is anybody there',
      panels: [
        stat('Since a worker last looked', 's', 'min(interlock_worker_last_look_age_seconds)'),
        stat('Dependencies away', 'short', 'count(interlock_dependency_up == 0) or vector(0)'),
        stat('Workflows that could not go on', 'short', 'max(interlock_workflows_stuck)'),
        stat('Clock skew', 's', 'max(abs(interlock_clock_skew_seconds))'),
      ],
    },
    {
      title: 'Task queues',
      panels: [
        line('Tasks that wait', 'short', [
          ['max by (queue, kind) (interlock_task_queue_backlog)', '{{queue}} {{kind}}'],
        ]),
        line('How long the oldest has waited', 's', [
          ['max by (queue, kind) (interlock_task_queue_backlog_age_seconds)', '{{queue}} {{kind}}'],
        ]),
        line('Schedule to start of activities, p95', 's', [
          [
            'histogram_quantile(0.95, sum by (le, task_queue) (rate(temporal_activity_schedule_to_start_latency_seconds_bucket[5m])))',
            '{{task_queue}}',
          ],
        ]),
        line('Pollers', 'short', [
          ['max by (queue, kind) (interlock_task_queue_pollers)', '{{queue}} {{kind}}'],
        ]),
      ],
    },
    {
      title: 'Workers',
      panels: [
        line('Slots that are free', 'short', [
          [
            'sum by (worker_type, task_queue) (temporal_worker_task_slots_available)',
            '{{task_queue}} {{worker_type}}',
          ],
        ]),
        line('Workflow task time, p95', 's', [
          [
            'histogram_quantile(0.95, sum by (le) (rate(temporal_workflow_task_execution_latency_seconds_bucket[5m])))',
            'execution',
          ],
        ]),
        line('Cached workflows', 'short', [['sum(temporal_sticky_cache_size)', 'cached']]),
        line('Requests to Temporal', 'reqps', [
          ['sum by (operation) (rate(temporal_request_total[5m]))', '{{operation}}'],
        ]),
      ],
    },
    {
      title: 'Processes',
      panels: [
        line('CPU', 'percentunit', [['rate(process_cpu_seconds_total[5m])', '{{job}} {{instance}}']]),
        line('Memory', 'bytes', [['process_resident_memory_bytes', '{{job}} {{instance}}']]),
        line('Event loop, p99', 's', [['nodejs_eventloop_lag_p99_seconds', '{{job}} {{instance}}']]),
        line('What the sweeper found', 'short', [
          ['sum by (finding) (increase(interlock_sweeper_findings_total[1h]))', '{{finding}}'],
        ]),
      ],
    },
  ],
};

const money: Dashboard = {
  uid: 'interlock-money',
  title: 'Interlock: money and reconciliation',
  rows: [
    {
      title: 'Proofs',
      panels: [
        stat(
          'Ledger transactions that do not balance',
          'short',
          'max(interlock_ledger_unbalanced_transactions)',
        ),
        stat('Audit heads disowned', 'short', 'max(interlock_audit_heads_disowned)'),
        stat('Since audit heads were anchored', 's', 'min(interlock_audit_anchor_age_seconds)'),
        stat("Age of the console's figures", 's', 'min(interlock_rollup_age_seconds)'),
      ],
    },
    {
      title: 'Settlement',
      panels: [
        line('Business days behind', 'd', [
          ['max by (account) (interlock_settlement_days_behind)', '{{account}}'],
        ]),
        line('From the end of a day until its file is booked', 's', [
          ['max by (account) (interlock_settlement_lag_seconds)', '{{account}}'],
        ]),
        line('Bookings passed over', 'short', [
          ['max by (account) (interlock_settlement_bookings_missing)', '{{account}}'],
        ]),
      ],
    },
    {
      title: 'Exceptions',
      panels: [
        line('Open, by kind', 'short', [['max by (kind) (interlock_exceptions_open)', '{{kind}}']]),
        line('Oldest, by kind', 's', [
          ['max by (kind) (interlock_exceptions_oldest_age_seconds)', '{{kind}}'],
        ]),
        line('Past their time', 'short', [['max by (kind) (interlock_exceptions_overdue)', '{{kind}}']]),
      ],
    },
    {
      title: 'Letters and events',
      panels: [
        line("Providers' webhooks unread", 'short', [['max(interlock_inbox_unacknowledged)', 'unread']]),
        line('The oldest of them', 's', [['max(interlock_inbox_oldest_age_seconds)', 'age']]),
        line("Merchants' events due", 'short', [['max(interlock_webhook_deliveries_due)', 'due']]),
        line('Held back by a transaction', 's', [['max(interlock_events_held_age_seconds)', 'age']]),
        line('Given up', 'short', [['max(interlock_webhook_deliveries_dead)', 'dead letters']]),
      ],
    },
  ],
};

export const DASHBOARDS: readonly Dashboard[] = [payments, providers, platform, money];

/** Every file that is made, by its path under deploy/grafana. */
export function generatedDashboards(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    DASHBOARDS.map((dashboard) => [
      `${dashboard.uid.replace('interlock-', '')}.json`,
      `${JSON.stringify(render(dashboard), null, 2)}\n`,
    ]),
  );
}
