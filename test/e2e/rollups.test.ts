import type { Client } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDataConverter } from '../../client/codec/index.ts';
import { connectClient } from '../../client/index.ts';
import { rollupWorkflowId } from '../../client/rollups.ts';
import { waitFor } from '../support/harness.ts';
import { type System, startSystem } from '../support/system.ts';

let system: System;
let client: Client;

beforeAll(async () => {
  system = await startSystem({ timeScale: 0.001 });
  const { temporal, keys } = system.config;
  client = await connectClient(temporal, createDataConverter(keys.codec));
});

afterAll(async () => {
  await client?.connection.close();
  await system?.close();
});

const PATIENCE = { timeoutMs: 90_000, intervalMs: 200 };
const workflowId = () => rollupWorkflowId(system.config.temporal.taskQueue);

async function counted(): Promise<{ payments: number; payments_succeeded: number }> {
  const { body } = await system.request('GET', '/v1/operator/overview?mode=test', {
    apiKey: system.operatorKeys.alice,
  });
  return body.payments;
}

const pay = async () => {
  const payment_method = await system.card('4242424242424242');
  const { status } = await system.pay({ amount: 1_000, currency: 'USD', payment_method }, {});
  expect([201, 202]).toContain(status);
};

const seen = (payments: number) =>
  waitFor(async () => (await counted()).payments === payments, {
    ...PATIENCE,
    what: `${payments} payments in the figures`,
  });

const runId = async () => (await client.workflow.getHandle(workflowId()).describe()).runId;

describe('the workflow that keeps the figures', () => {
  it('is started by the sweeper, and counts what was paid', async () => {
    await pay();
    await pay();
    await seen(2);
    // A payment is counted from when it is made, and as succeeded a pass after it was.
    await waitFor(async () => (await counted()).payments_succeeded === 2, {
      ...PATIENCE,
      what: 'both to have succeeded',
    });
  });

  it('is started again where somebody ended it', async () => {
    await client.workflow.getHandle(workflowId()).terminate('by hand');
    await pay();
    await seen(3);
  });

  it('goes on as a new run, and forgets nothing', async () => {
    const { taskQueue } = system.config.temporal;
    const { firstExecutionRunId: first } = await client.workflow.start('rollup', {
      taskQueue,
      workflowId: workflowId(),
      args: [{ passesARun: 2 }],
      workflowIdConflictPolicy: 'TERMINATE_EXISTING',
    });
    await waitFor(async () => (await runId()) !== first, { ...PATIENCE, what: 'another run' });
    await pay();
    await seen(4);
  });
});
