import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDataConverter, createPayloadCodec, failureConverterPath } from '../../client/codec/index.ts';
import { connectClient } from '../../client/index.ts';
import { challengeWorkflowId, isRefundId, refundIdFor, workflowIdOf } from '../../domain/ids.ts';
import { waitFor } from '../support/harness.ts';
import { freshKey, type System, startSystem } from '../support/system.ts';
import { insist } from './insist.ts';
import { act, CARDS, comeBack, type Provider } from './payer.ts';

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

/** Paid by a card of its own; a burst of them on a busy machine may need a second try for the card. */
async function paid(body: object, number: string, holder_name: string): Promise<string> {
  const payment_method = await waitFor(() => system.card(number, { holder_name }), { what: 'a card' });
  return insist((key) => system.pay({ ...body, amount: 1000, payment_method }, { key }));
}

async function drive([body, number, holder]: (typeof KINDS)[number]): Promise<string> {
  const id = await paid(body, number, holder);
  if (holder === 'VOID')
    await system.request('POST', `/v1/payments/${id}/void`, { key: freshKey(), body: {} });
  return id;
}

/** What is refunded, and how that goes: at once, later, by webhook, with its answer lost, or taken back again. */
const REFUND_KINDS = [
  [{ currency: 'USD' }, '4000000000007726', 'A'],
  [{ currency: 'USD' }, '4000000000005126', 'A'],
  [{ currency: 'USD' }, '4242424242424242', 'SANDBOX reset_after_commit on refund'],
  [{ currency: 'EUR' }, '4111111111111111', 'A'],
  [{ currency: 'EUR' }, '4111111111111111', 'SANDBOX reset_after_commit on refund'],
  [{ currency: 'EUR' }, '4111111111111111', 'SANDBOX refund_failed'],
] as const;

/** Two refunds at once of one payment; gives their ids, which follow from its id and their keys. */
async function driveRefunds([body, number, holder]: (typeof REFUND_KINDS)[number]): Promise<string[]> {
  const id = await paid(body, number, holder);
  await waitFor(async () => (await system.request('GET', `/v1/payments/${id}`)).body.amount_captured > 0, {
    what: `${id} to be captured`,
    timeoutMs: 60_000,
  });
  return Promise.all(
    [300, 400].map(async (amount) => {
      const key = freshKey();
      const path = `/v1/payments/${id}/refunds`;
      await insist(() => system.request('POST', path, { key, body: { amount } }));
      return refundIdFor(id, key);
    }),
  );
}

beforeAll(async () => {
  for (const provider of ['stripe', 'adyen'] as const)
    await system.admin(provider, 'POST', '/webhooks', { mode: 'duplicate', copies: 2 });
});

it('replays the histories of payments that webhooks came in upon', async () => {
  const ids = await Promise.all(KINDS.flatMap((kind) => Array.from({ length: OF_EACH }, () => drive(kind))));
  expect(await replayedBadly(ids)).toEqual([]);
}, 120_000);

it('replays the histories of refunds that webhooks came in upon', async () => {
  const crowds = REFUND_KINDS.flatMap((kind) => Array.from({ length: 3 }, () => driveRefunds(kind)));
  expect(await replayedBadly((await Promise.all(crowds)).flat())).toEqual([]);
}, 120_000);

/** What payers do, and the merchant meanwhile. */
const PAYERS = [
  (provider, id) => comeBackTwice(provider, id, 'succeeded'),
  (provider, id) => comeBackTwice(provider, id, 'failed'),
  (provider, id) => act(system, provider, id, 'timed_out'),
  (provider, id) => Promise.all([comeBackTwice(provider, id, 'succeeded'), giveUp(id)]),
] satisfies readonly ((provider: Provider, id: string) => Promise<unknown>)[];

async function comeBackTwice(provider: Provider, id: string, outcome: 'succeeded' | 'failed') {
  const url = await act(system, provider, id, outcome);
  await Promise.all([comeBack(url), comeBack(url)]);
}

/** Refused where the payer was quicker. */
const giveUp = (id: string) =>
  system.request('POST', `/v1/payments/${id}/void`, { key: freshKey(), body: {} });

it('replays the histories of payers who act while webhooks come in, and of their challenges', async () => {
  const crowd = (['stripe', 'adyen'] as const).flatMap((provider) =>
    PAYERS.flatMap((behave) => Array.from({ length: 3 }, () => ({ provider, behave }))),
  );
  const ids = await Promise.all(
    crowd.map(async ({ provider, behave }) => {
      const body = { currency: provider === 'stripe' ? 'USD' : 'EUR', capture_method: 'automatic' };
      const id = await paid(body, CARDS.challenged[provider], 'A');
      await behave(provider, id);
      return [id, challengeWorkflowId(id, 1)];
    }),
  );
  expect(await replayedBadly(ids.flat())).toEqual([]);
}, 120_000);

/** Taken back before its workflow had closed: it stays open, because a person must say what follows. */
async function isReopened(id: string): Promise<boolean> {
  if (!isRefundId(id)) return false;
  return (await system.request('GET', `/v1/refunds/${id}`)).body.status === 'requires_review';
}

/** Waits for the first generation of each to have nothing left to do, and replays what it did. */
async function replayedBadly(ids: readonly string[]): Promise<readonly string[]> {
  const histories = await Promise.all(
    ids.map(async (id, index) => {
      const workflowId = id.startsWith('challenge/') ? id : workflowIdOf(id, 1);
      const handle = client.workflow.getHandle(workflowId);
      const isClosed = async () => (await handle.describe()).status.name === 'COMPLETED';
      await waitFor(async () => (await isClosed()) || (await isReopened(id)), {
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
  return failed;
}
