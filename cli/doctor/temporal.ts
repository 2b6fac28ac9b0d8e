import type { Client, Connection } from '@temporalio/client';
import type { Payload } from '@temporalio/common';
import proto from '@temporalio/proto';
import { createDataConverter, createPayloadCodec } from '../../client/codec/index.ts';
import { canaryScheduleId, connectClient } from '../../client/index.ts';
import type { Config } from '../../config/env.ts';
import { SEARCH_ATTRIBUTES } from '../../config/search-attributes.ts';
import { reconciliationScheduleId } from '../../domain/reconciliation/day.ts';
import { connectTemporal } from '../stack/temporal.ts';
import { type Finding, findingsOf, reasonOf } from './finding.ts';

/** Temporal: there, with its namespace, its search attributes and Schedules, read by our keys, and polled by workers. */
const { ok, warning, failed } = findingsOf('temporal');
const workers = findingsOf('workers');

const ASK_MS = 5_000;
const DAY_S = 86_400;

export async function checkTemporal(
  config: Config,
  /** Enabled provider accounts; absent where Postgres could not say. */
  accounts: readonly string[] | undefined,
): Promise<readonly Finding[]> {
  const { address, namespace } = config.temporal;
  let client: Client;
  try {
    // A connection that fails says more plainly why than a client does.
    await (await connectTemporal(config.temporal)).close();
    client = await connectClient(config.temporal, createDataConverter(config.keys.codec));
  } catch (error) {
    return [
      failed(
        'reachable',
        reasonOf(error),
        `start the Temporal server at ${address}, or correct TEMPORAL_ADDRESS`,
      ),
    ];
  }
  try {
    const findings = [await each('namespace', () => checkNamespace(client, namespace))];
    if (findings.some(({ result }) => result === 'failed')) return findings;
    return [
      ...findings,
      await each('search attributes', () => checkSearchAttributes(client, namespace)),
      await each('payload keys', () => checkCodec(client, config)),
      ...(await queues(client, config)),
      await each('Schedules', () => checkSchedules(client, config, accounts)),
    ];
  } finally {
    await client.connection.close();
  }
}

async function each(check: string, look: () => Promise<Finding>): Promise<Finding> {
  try {
    return await look();
  } catch (error) {
    return failed(check, reasonOf(error), 'look whether the credentials of TEMPORAL_* may ask for it');
  }
}

const withDeadline = <T>(client: Client, ask: () => Promise<T>) =>
  client.withDeadline(Date.now() + ASK_MS, ask);

async function checkNamespace(client: Client, namespace: string): Promise<Finding> {
  try {
    const { config } = await withDeadline(client, () =>
      client.workflowService.describeNamespace({ namespace }),
    );
    const days = Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) / DAY_S;
    return ok('namespace', `${namespace}, closed workflows are kept for ${Math.round(days * 10) / 10} days`);
  } catch (error) {
    if (!/not found/i.test(reasonOf(error))) throw error;
    const todo = `temporal operator namespace create ${namespace}, or correct TEMPORAL_NAMESPACE`;
    return failed('namespace', `there is no namespace ${namespace}`, todo);
  }
}

async function checkSearchAttributes(client: Client, namespace: string): Promise<Finding> {
  const { operatorService } = client.connection as Connection;
  const { customAttributes } = await withDeadline(client, () =>
    operatorService.listSearchAttributes({ namespace }),
  );
  const missing = Object.entries(SEARCH_ATTRIBUTES).filter(([name]) => !(name in (customAttributes ?? {})));
  if (missing.length === 0)
    return ok('search attributes', `all ${Object.keys(SEARCH_ATTRIBUTES).length} are registered`);
  const flags = missing.map(([name, type]) => `--name ${name} --type ${type}`).join(' ');
  return failed(
    'search attributes',
    `missing: ${missing.map(([name]) => name).join(', ')}`,
    `temporal operator search-attribute create ${flags}`,
  );
}

/** The newest history of this installation, which its task queue names: whoever has the right keys reads what its workflow began with. */
async function checkCodec(client: Client, { keys, temporal }: Config): Promise<Finding> {
  const { namespace, taskQueue } = temporal;
  const { executions } = await withDeadline(client, () =>
    client.workflowService.listWorkflowExecutions({
      namespace,
      pageSize: 1,
      query: `WorkflowType = 'payment' AND TaskQueue = '${taskQueue.replaceAll("'", "''")}'`,
    }),
  );
  const execution = executions?.[0]?.execution;
  if (execution == null) return ok('payload keys', 'there is no history yet that they would have to read');
  const { history } = await withDeadline(client, () =>
    client.workflowService.getWorkflowExecutionHistory({ namespace, execution, maximumPageSize: 1 }),
  );
  const started = history?.events?.[0]?.workflowExecutionStartedEventAttributes;
  try {
    await createPayloadCodec(keys.codec).decode((started?.input?.payloads ?? []) as Payload[]);
    return ok('payload keys', `they read ${execution.workflowId}`);
  } catch (error) {
    return failed(
      'payload keys',
      `${execution.workflowId} cannot be read: ${reasonOf(error)}`,
      'put the key that wrote it back into INTERLOCK_CODEC_KEYS, behind the one that writes',
    );
  }
}

const { TaskQueueType } = proto.temporal.api.enums.v1;

async function queues(client: Client, { temporal }: Config): Promise<readonly Finding[]> {
  const { namespace, taskQueue } = temporal;
  const polled = [
    [taskQueue, 'workflows', TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW],
    [taskQueue, 'activities', TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY],
    [`${taskQueue}-deliveries`, 'activities', TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY],
    [`${taskQueue}-reconciliation`, 'activities', TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY],
  ] as const;
  return Promise.all(
    polled.map(async ([queue, what, taskQueueType]) => {
      const check = `queue ${queue}, ${what}`;
      try {
        const { pollers, stats } = await withDeadline(client, () =>
          client.workflowService.describeTaskQueue({
            ...{ namespace, taskQueue: { name: queue }, taskQueueType, reportStats: true },
          }),
        );
        const waiting = Number(stats?.approximateBacklogCount ?? 0);
        const workersThere = new Set((pollers ?? []).map(({ identity }) => identity)).size;
        if (workersThere === 0)
          return workers.failed(
            check,
            `no worker polls it${waiting > 0 ? `, and ${waiting} tasks wait` : ''}`,
            'start one: ./interlock worker (with the same TEMPORAL_TASK_QUEUE)',
          );
        return workers.ok(
          check,
          `${workersThere} ${workersThere === 1 ? 'worker' : 'workers'}, ${waiting} tasks wait`,
        );
      } catch (error) {
        return workers.failed(
          check,
          reasonOf(error),
          'look whether the credentials of TEMPORAL_* may ask for it',
        );
      }
    }),
  );
}

async function checkSchedules(
  client: Client,
  { canary, temporal }: Config,
  accounts: readonly string[] | undefined,
): Promise<Finding> {
  const there = new Map<string, boolean>();
  for await (const { scheduleId, state } of client.schedule.list()) there.set(scheduleId, state.paused);
  const wanted = [
    ...(accounts ?? []).map(reconciliationScheduleId),
    ...(typeof canary !== 'object' ? [] : [canaryScheduleId(temporal.taskQueue)]),
  ];
  const missing = wanted.filter((id) => !there.has(id));
  const paused = wanted.filter((id) => there.get(id) === true);
  if (missing.length > 0)
    return failed(
      'Schedules',
      `missing: ${missing.join(', ')}`,
      'a worker makes them when it starts, and looks every hour: see its log, or start it again',
    );
  if (paused.length > 0)
    return warning(
      'Schedules',
      `paused: ${paused.join(', ')}`,
      'unpause them in the Web UI once the reason is gone',
    );
  return ok('Schedules', `${wanted.length} are there and run`);
}
