import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createNamespaceOrTaskQueue, temporalAddress, waitFor } from '../test/support/harness.ts';
import { createDataConverter } from './codec/index.ts';
import { causeOfStuck, type LostTask, looksStuck, lostTasks } from './stuck.ts';

/** What Temporal's own histories say of tasks that came to nothing, by a bug and by want of time. */
const KEYS = { activeId: 'k1', keys: { k1: Buffer.alloc(32, 7) } };
let connection: Connection;
let native: NativeConnection;
let client: Client;

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR', () => {}) });
  connection = await Connection.connect({ address: temporalAddress() });
  native = await NativeConnection.connect({ address: temporalAddress() });
  client = new Client({ connection, dataConverter: createDataConverter(KEYS) });
});

afterAll(async () => {
  await connection.close();
  await native.close();
});

/** Of a workflow that has just been started and whose first task was lost. */
async function firstLost(workflowId: string): Promise<readonly LostTask[]> {
  return waitFor(
    async () => {
      const lost = await lostTasks(client, workflowId);
      return lost.length > 0 ? lost : undefined;
    },
    { what: 'a lost task', timeoutMs: 30_000 },
  );
}

it.each([
  ['faulty', 'faulty', true],
  ['slow', 'starved', false],
] as const)(
  'tells by the encrypted failure why tasks of a %s workflow were refused',
  async (type, why, stuck) => {
    const { taskQueue } = createNamespaceOrTaskQueue();
    const workflowId = `stuck-${randomUUID()}`;
    const worker = await Worker.create({
      connection: native,
      taskQueue,
      workflowsPath: fileURLToPath(new URL('./stuck.test-workflow.ts', import.meta.url)),
      dataConverter: createDataConverter(KEYS),
      // No part of the SDK's published types.
      ...{ isolateExecutionTimeout: '200ms' },
    });
    await worker.runUntil(async () => {
      const handle = await client.workflow.start(type, { taskQueue, workflowId });
      expect(await firstLost(workflowId)).toMatchObject([
        { why, cause: 'WORKFLOW_WORKER_UNHANDLED_FAILURE' },
      ]);
      expect(await looksStuck(client, workflowId, 4)).toBe(stuck);
      await handle.terminate();
    });
  },
);

it('knows a task that a worker took and never answered', async () => {
  const { taskQueue } = createNamespaceOrTaskQueue();
  const workflowId = `stuck-${randomUUID()}`;
  const handle = await client.workflow.start('faulty', {
    taskQueue,
    workflowId,
    workflowTaskTimeout: '1 second',
  });
  await connection.withDeadline(Date.now() + 30_000, () =>
    client.workflowService.pollWorkflowTaskQueue({
      namespace: client.options.namespace,
      taskQueue: { name: taskQueue },
      identity: 'a worker that dies',
    }),
  );
  expect(await firstLost(workflowId)).toMatchObject([{ why: 'starved', cause: 'TIMED_OUT' }]);
  expect(await looksStuck(client, workflowId, 4)).toBe(false);
  await handle.terminate();
  expect(await causeOfStuck(client, workflowId)).toBe('TIMED_OUT');
});
