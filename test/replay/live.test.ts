import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDataConverter, createPayloadCodec, failureConverterPath } from '../../client/codec/index.ts';
import { connectClient } from '../../client/index.ts';
import { paymentWorkflowId } from '../../domain/ids.ts';
import { waitFor } from '../support/harness.ts';
import { freshKey, type System, startSystem } from '../support/system.ts';
import { insist } from './insist.ts';

/**
 * What webhooks, resolvers and commands do to a workflow's order of events depends on the moment, so it can't
 * be recorded once and for all: here a fresh crowd of payments is made, and each of their histories replayed.
 */
let system: System;
let client: Client;
beforeAll(async () => {
  system = await startSystem();
  client = await connectClient(system.config.temporal, createDataConverter(system.config.keys.codec));
});
afterAll(async () => {
  await client?.connection.close();
  await system?.close();
});

/** Each as amount-independent body, card and cardholder; all of them wait for webhooks while they are at work. */
const KINDS = [
  [{ currency: 'USD' }, '4000002760003184', 'A'],
  [{ currency: 'EUR' }, '4212345678910006', 'A'],
  [{ currency: 'EUR' }, '4111111111111111', 'A'],
  [{ currency: 'EUR' }, '4111111111111111', 'SANDBOX reset_after_commit'],
  [{ currency: 'USD' }, '4242424242424242', 'SANDBOX reset_after_commit'],
  [{ currency: 'EUR', capture_method: 'manual' }, '4111111111111111', 'VOID'],
] as const;
const OF_EACH = 6;

async function drive([body, number, holder]: (typeof KINDS)[number]): Promise<string> {
  const payment_method = await system.card(number, { holder_name: holder });
  const id = await insist((key) => system.pay({ ...body, amount: 1000, payment_method }, { key }));
  if (holder === 'VOID')
    await system.request('POST', `/v1/payments/${id}/void`, { key: freshKey(), body: {} });
  return id;
}

it('replays the histories of payments that webhooks came in upon', async () => {
  for (const provider of ['stripe', 'adyen'] as const)
    await system.admin(provider, 'POST', '/webhooks', { mode: 'duplicate', copies: 2 });
  const ids = await Promise.all(KINDS.flatMap((kind) => Array.from({ length: OF_EACH }, () => drive(kind))));
  const histories = await Promise.all(
    ids.map(async (id, index) => {
      const workflowId = paymentWorkflowId(id, 1);
      const handle = client.workflow.getHandle(workflowId);
      await waitFor(async () => (await handle.describe()).status.name === 'COMPLETED', {
        what: `${workflowId} (${index}) to close`,
        timeoutMs: 60_000,
      });
      return { workflowId, history: await handle.fetchHistory() };
    }),
  );
  const workflowsPath = fileURLToPath(new URL('../../workflows/index.ts', import.meta.url));
  const logger = new DefaultLogger('ERROR');
  const workflowBundle = await bundleWorkflowCode({ workflowsPath, failureConverterPath, logger });
  // Without the failure converter, which would encrypt what went wrong.
  const dataConverter = { payloadCodecs: [createPayloadCodec(system.config.keys.codec)] };
  const failed: string[] = [];
  for await (const { workflowId, error } of Worker.runReplayHistories(
    { workflowBundle, dataConverter },
    histories,
  ))
    if (error !== undefined) failed.push(`${workflowId}: ${error.message.slice(0, 300)}`);
  expect(failed).toEqual([]);
}, 120_000);
