import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import {
  Client,
  Connection,
  WorkflowFailedError,
  type WorkflowHandle,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import proto from '@temporalio/proto';
import {
  bundleWorkflowCode,
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
  type WorkflowBundle,
} from '@temporalio/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createNamespaceOrTaskQueue, temporalAddress, waitFor } from '../../test/support/harness.ts';
import { describeQuery, markerWorkflow, noteSignal, proceedUpdate } from './codec.test-workflow.ts';
import { createDataConverter, failureConverterPath, type KeyRing } from './index.ts';

const KEYS = { k1: randomBytes(32), k2: randomBytes(32) };
const FIRST: KeyRing = { activeId: 'k1', keys: { k1: KEYS.k1 } };
const ROTATED: KeyRing = { activeId: 'k2', keys: KEYS };
const LAST: KeyRing = { activeId: 'k2', keys: { k2: KEYS.k2 } };

let bundle: WorkflowBundle;
let connection: Connection;
let nativeConnection: NativeConnection;

beforeAll(async () => {
  const logger = new DefaultLogger('ERROR');
  bundle = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('./codec.test-workflow.ts', import.meta.url)),
    failureConverterPath,
    logger,
  });
  // The failing tasks below are the point; their reports would only fill the test's output.
  Runtime.install({ logger: new DefaultLogger('ERROR', () => {}) });
  connection = await Connection.connect({ address: temporalAddress() });
  nativeConnection = await NativeConnection.connect({ address: temporalAddress() });
});

afterAll(async () => {
  await connection.close();
  await nativeConnection.close();
});

function clientWith(keys: KeyRing): Client {
  return new Client({ connection, dataConverter: createDataConverter(keys) });
}

/** Runs a worker with these keys until `until` is done. */
async function withWorker(keys: KeyRing, taskQueue: string, until: () => Promise<void>): Promise<void> {
  const worker = await Worker.create({
    connection: nativeConnection,
    taskQueue,
    workflowBundle: bundle,
    dataConverter: createDataConverter(keys),
    activities: {
      echo: async (text: string) => text,
      fail: async (text: string) => {
        throw new Error(`activity ${text}`);
      },
    },
  });
  await worker.runUntil(until);
}

function newRun(): { marker: string; taskQueue: string; workflowId: string; args: [string] } {
  const stem = randomBytes(8).toString('hex');
  const marker = `marker-${stem}`;
  const { taskQueue } = createNamespaceOrTaskQueue();
  return { marker, taskQueue, workflowId: `codec-${stem}`, args: [marker] };
}

async function rejectionOf(action: Promise<unknown>): Promise<Error> {
  const outcome = await action.catch((error: unknown) => error);
  if (outcome instanceof Error) return outcome;
  throw new Error('expected a rejection');
}

async function storedHistory(handle: WorkflowHandle): Promise<Buffer> {
  const history = await handle.fetchHistory();
  return Buffer.from(proto.temporal.api.history.v1.History.encode(history).finish());
}

it('no path leaves readable content on the server, and all of it comes back decoded', async () => {
  const { marker, ...options } = newRun();
  await withWorker(FIRST, options.taskQueue, async () => {
    const handle = await clientWith(FIRST).workflow.start(markerWorkflow, {
      ...options,
      memo: { marker },
      staticSummary: `static ${marker}`,
    });
    await handle.signal(noteSignal, marker);
    expect(await handle.query(describeQuery, 'q')).toBe(`q:${marker}`);
    const refusal = await rejectionOf(handle.executeUpdate(proceedUpdate, { args: ['no'] }));
    expect(refusal).toBeInstanceOf(WorkflowUpdateFailedError);
    expect(refusal.cause).toMatchObject({ message: `refused, expected ${marker}` });
    expect(await handle.executeUpdate(proceedUpdate, { args: [marker] })).toBe(marker);
    const failure = await rejectionOf(handle.result());
    expect(failure).toBeInstanceOf(WorkflowFailedError);
    const failed = { message: `failed: ${marker}`, type: 'Marker', details: [{ marker }] };
    expect(failure.cause).toMatchObject(failed);

    const stored = await storedHistory(handle);
    expect(stored.includes(marker)).toBe(false);
    expect(stored.includes('codec.test-workflow.ts')).toBe(false);
    const description = await handle.describe();
    const { DescribeWorkflowExecutionResponse } = proto.temporal.api.workflowservice.v1;
    const described = Buffer.from(DescribeWorkflowExecutionResponse.encode(description.raw).finish());
    expect(described.includes(marker)).toBe(false);
    expect(description.memo).toEqual({ marker });
    expect(await description.staticSummary()).toBe(`static ${marker}`);

    await Worker.runReplayHistory(
      { workflowBundle: bundle, dataConverter: createDataConverter(FIRST) },
      await handle.fetchHistory(),
      handle.workflowId,
    );
  });
});

it('the search above is able to find: without the codec the marker stands in the history', async () => {
  const { marker, ...options } = newRun();
  const handle = await new Client({ connection }).workflow.start(markerWorkflow, options);
  expect((await storedHistory(handle)).includes(marker)).toBe(true);
  await handle.terminate();
});

it('a worker that lacks a key fails tasks, not workflows, which go on when the key is back', async () => {
  const { marker, ...options } = newRun();
  // A task that the first worker takes along into its shutdown is given out again after this time.
  const handle = await clientWith(FIRST).workflow.start(markerWorkflow, {
    ...options,
    workflowTaskTimeout: 1000,
  });
  await withWorker(LAST, options.taskQueue, async () => {
    await waitFor(
      async () => {
        const { events } = await handle.fetchHistory();
        return events?.some((event) => event.workflowTaskFailedEventAttributes);
      },
      { what: 'a failed workflow task' },
    );
  });
  expect((await handle.describe()).status.name).toBe('RUNNING');

  await withWorker(ROTATED, options.taskQueue, async () => {
    const rotated = clientWith(ROTATED).workflow.getHandle<typeof markerWorkflow>(options.workflowId);
    expect(await rotated.executeUpdate(proceedUpdate, { args: [marker] })).toBe(marker);
    const failure = await rejectionOf(rotated.result());
    expect(failure.cause).toMatchObject({ message: `failed: ${marker}` });
  });
});
