import { alarms, duration } from './alarm.ts';

/** What payments stand on: workers, queues, Postgres, Temporal, clocks, and the canary that goes the whole way. */

const WORKERS_SECONDS = 120;
const BACKLOG_SECONDS = 60;
const SKEW_SECONDS = 2;
/** Canaries that may be missed before it counts. */
const CANARIES_MISSED = 3;
const ROLLUP_SECONDS = 1_800;

/** A canary that has not succeeded for longer is failing. */
export function canaryLimitSeconds(everySeconds: number): number {
  return CANARIES_MISSED * everySeconds + 60;
}

/** Of the API, which can say so when nobody else is there. */
export const WORKERS_ABSENT = 'WorkersAbsent';

/** Looks come every few seconds, so for two minutes of none there is no other reason. `undefined`: there never was one. */
export function workersAbsent(lookSeconds: number | undefined): boolean {
  return lookSeconds === undefined || lookSeconds > WORKERS_SECONDS;
}

export const platformAlarms = alarms([
  {
    name: WORKERS_ABSENT,
    severity: 'page',
    summary: 'No worker has looked after anything for {{ $value | humanizeDuration }}',
    means:
      'Payments are taken in and nobody makes them: payers see `processing`, and past their deadline nothing is charged.',
    expr: `min(interlock_worker_last_look_age_seconds) > ${WORKERS_SECONDS}`,
    forSeconds: 60,
    runbook: 'workers-absent',
    cases: {
      fires: {
        says: 'No worker has looked after anything for 6m 10s',
        series: [{ series: 'interlock_worker_last_look_age_seconds', values: '10+60x10' }],
        at: '6m',
      },
      rests: {
        series: [{ series: 'interlock_worker_last_look_age_seconds', values: '10x10' }],
        at: '6m',
      },
    },
  },
  {
    name: 'ApiAbsent',
    severity: 'page',
    summary: 'No API can be scraped',
    means: 'Merchants most likely cannot reach it either: no payment is taken in.',
    expr: 'absent(interlock_worker_last_look_age_seconds)',
    forSeconds: 120,
    runbook: 'api-absent',
    cases: {
      fires: {
        says: 'No API can be scraped',
        series: [{ series: 'interlock_worker_last_look_age_seconds', values: '10x2 _x20' }],
        at: '15m',
      },
      rests: {
        series: [{ series: 'interlock_worker_last_look_age_seconds', values: '10x20' }],
        at: '15m',
      },
    },
  },
  {
    name: 'TaskQueueBehind',
    severity: 'page',
    summary: 'Work waits on {{ $labels.queue }} for {{ $value | humanizeDuration }}',
    means: 'Workers are too few, too slow or stuck; on the queue of payments, payers wait for as long.',
    expr: `max by (queue, kind) (interlock_task_queue_backlog_age_seconds) > ${BACKLOG_SECONDS}`,
    forSeconds: 60,
    runbook: 'task-queue-behind',
    needs: ['queues'],
    holds: ({ queues }) =>
      queues
        .filter(({ backlogSeconds }) => backlogSeconds > BACKLOG_SECONDS)
        .map(({ queue, kind, backlog, backlogSeconds }) => ({
          subject: `${queue} ${kind}`,
          detail: `${backlog} wait, the oldest for ${duration(backlogSeconds)}`,
        })),
    cases: {
      fires: {
        says: 'Work waits on interlock for 3m 0s',
        series: [
          {
            series: 'interlock_task_queue_backlog_age_seconds{queue="interlock",kind="workflow"}',
            values: '0+30x10',
          },
        ],
        at: '6m',
        labels: { queue: 'interlock', kind: 'workflow' },
      },
      rests: {
        series: [
          {
            series: 'interlock_task_queue_backlog_age_seconds{queue="interlock",kind="workflow"}',
            values: '3x10',
          },
        ],
        at: '6m',
      },
    },
  },
  {
    name: 'PostgresUnreachable',
    severity: 'page',
    summary: 'A worker has not reached Postgres for more than a minute',
    means:
      'Nothing can be planned, sent or recorded. What was sent before is safe: its permit and its key are written.',
    expr: 'min(interlock_dependency_up{dependency="postgres"}) == 0',
    forSeconds: 60,
    runbook: 'postgres-unreachable',
    cases: {
      fires: {
        says: 'A worker has not reached Postgres for more than a minute',
        series: [{ series: 'interlock_dependency_up{dependency="postgres"}', values: '1 0x10' }],
        at: '5m',
      },
      rests: {
        series: [{ series: 'interlock_dependency_up{dependency="postgres"}', values: '1 0 1x10' }],
        at: '5m',
      },
    },
  },
  {
    name: 'TemporalUnreachable',
    severity: 'page',
    summary: 'A worker has not reached Temporal for more than a minute',
    means: 'No payment starts or goes on. What has begun goes on where it stood once Temporal is back.',
    expr: 'min(interlock_dependency_up{dependency="temporal"}) == 0',
    forSeconds: 60,
    runbook: 'temporal-unreachable',
    needs: ['temporalAwaySeconds'],
    ofWorker: true,
    holds: ({ temporalAwaySeconds }) =>
      temporalAwaySeconds > 0
        ? [{ subject: '', detail: `Temporal has not answered for ${duration(temporalAwaySeconds)}` }]
        : [],
    cases: {
      fires: {
        says: 'A worker has not reached Temporal for more than a minute',
        series: [{ series: 'interlock_dependency_up{dependency="temporal"}', values: '1 0x10' }],
        at: '5m',
      },
      rests: {
        series: [{ series: 'interlock_dependency_up{dependency="temporal"}', values: '1x10' }],
        at: '5m',
      },
    },
  },
  {
    name: 'WorkflowsStuck',
    severity: 'ticket',
    summary: '{{ $value }} workflows could not go on',
    means:
      'A bug of ours: a workflow task failed again and again, and the sweeper put a new generation in its place.',
    expr: 'max(interlock_workflows_stuck) > 0',
    forSeconds: 0,
    runbook: 'workflows-stuck',
    needs: ['stuckWorkflows'],
    holds: ({ stuckWorkflows }) =>
      stuckWorkflows > 0
        ? [{ subject: '', detail: `${stuckWorkflows} open exceptions of kind workflow_stuck` }]
        : [],
    cases: {
      fires: {
        says: '1 workflows could not go on',
        series: [{ series: 'interlock_workflows_stuck', values: '0 0 1x10' }],
        at: '5m',
      },
      rests: { series: [{ series: 'interlock_workflows_stuck', values: '0x10' }], at: '5m' },
    },
  },
  {
    name: 'ClockSkewed',
    severity: 'ticket',
    summary: "A worker's clock and Postgres's are {{ $value | humanizeDuration }} apart",
    means:
      "Deadlines are judged by Postgres's clock, so no charge is at stake; signatures with a time in them are refused.",
    expr: `max(abs(interlock_clock_skew_seconds)) > ${SKEW_SECONDS}`,
    forSeconds: 120,
    runbook: 'clock-skewed',
    needs: ['clockSkewSeconds'],
    ofWorker: true,
    holds: ({ clockSkewSeconds }) =>
      Math.abs(clockSkewSeconds) > SKEW_SECONDS
        ? [{ subject: '', detail: `${clockSkewSeconds.toFixed(1)} s against Postgres` }]
        : [],
    cases: {
      fires: {
        says: "A worker's clock and Postgres's are 5s apart",
        series: [{ series: 'interlock_clock_skew_seconds', values: '-5x10' }],
        at: '5m',
      },
      rests: { series: [{ series: 'interlock_clock_skew_seconds', values: '0.02x10' }], at: '5m' },
    },
  },
  {
    name: 'CanaryFailing',
    severity: 'page',
    summary: 'No canary payment has succeeded for {{ $value | humanizeDuration }}',
    means:
      "A payment of our own does not get through the whole path, from HTTP to ledger and back. Merchants' most likely don't either.",
    // Both pages show it: the API's also when no worker is left to say so. A process that has only just begun, and knows of
    // none yet, says little; whoever has waited longest is right.
    expr: `max(interlock_canary_last_success_age_seconds)
  > ${CANARIES_MISSED} * max(interlock_canary_interval_seconds) + 60`,
    forSeconds: 60,
    runbook: 'canary-failing',
    needs: ['canary'],
    holds: ({ canary }) =>
      canary !== null && canary.lastSuccessSeconds > canaryLimitSeconds(canary.everySeconds)
        ? [
            {
              subject: '',
              detail: `the last one that succeeded is ${duration(canary.lastSuccessSeconds)} ago`,
            },
          ]
        : [],
    cases: {
      fires: {
        says: 'No canary payment has succeeded for 10m 0s',
        series: [
          { series: 'interlock_canary_last_success_age_seconds{instance="api"}', values: '0+60x20' },
          // A worker that begins again and again.
          { series: 'interlock_canary_last_success_age_seconds{instance="worker"}', values: '5x20' },
          { series: 'interlock_canary_interval_seconds', values: '60x20' },
        ],
        at: '10m',
      },
      rests: {
        series: [
          { series: 'interlock_canary_last_success_age_seconds', values: '30x20' },
          { series: 'interlock_canary_interval_seconds', values: '60x20' },
        ],
        at: '10m',
      },
    },
  },
  {
    name: 'FiguresStale',
    severity: 'ticket',
    summary: 'The figures of the console are {{ $value | humanizeDuration }} old',
    means: 'Overview and analytics show the past. No payment is touched by it.',
    expr: `min(interlock_rollup_age_seconds) > ${ROLLUP_SECONDS}`,
    forSeconds: 300,
    runbook: 'figures-stale',
    needs: ['rollupAgeSeconds'],
    holds: ({ rollupAgeSeconds }) =>
      rollupAgeSeconds !== null && rollupAgeSeconds > ROLLUP_SECONDS
        ? [{ subject: '', detail: `brought up to date ${duration(rollupAgeSeconds)} ago` }]
        : [],
    cases: {
      fires: {
        says: 'The figures of the console are 45m 0s old',
        series: [{ series: 'interlock_rollup_age_seconds', values: '0+60x60' }],
        at: '45m',
      },
      rests: { series: [{ series: 'interlock_rollup_age_seconds', values: '90x60' }], at: '45m' },
    },
  },
]);
