/**
 * Makes a payment for every state and stores its history in workflows/payment/histories/. Run by
 * `npx vitest run --config test/replay/record.config.ts`; the README there says when.
 */
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { historyToJson } from '../../cli/replay/history-json.ts';
import { createDataConverter } from '../../client/codec/index.ts';
import { connectClient } from '../../client/index.ts';
import { paymentWorkflowId } from '../../domain/ids.ts';
import { waitFor } from '../support/harness.ts';
import { freshKey, type System, type SystemOptions, startSystem } from '../support/system.ts';
import { decoded, HISTORIES_DIR, type HistoryJson, historyKeys, reencrypted, statusOf } from './histories.ts';
import { insist } from './insist.ts';

const STRIPE_CARD = '4242424242424242';
const ADYEN_CARD = '4111111111111111';
const PATIENCE = { timeoutMs: 60_000 };

interface Studio {
  readonly system: System;
  readonly client: Client;
}

function studio(options: SystemOptions): Studio {
  const open: { system?: System; client?: Client } = {};
  beforeAll(async () => {
    open.system = await startSystem(options);
    const { temporal, keys } = open.system.config;
    open.client = await connectClient(temporal, createDataConverter(keys.codec));
  });
  afterAll(async () => {
    await open.client?.connection.close();
    await open.system?.close();
  });
  const must = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error('not started');
    return value;
  };
  return {
    get system() {
      return must(open.system);
    },
    get client() {
      return must(open.client);
    },
  };
}

type Body = Record<string, unknown>;
const usd = (amount: number, more: Body = {}): Body => ({ amount, currency: 'USD', ...more });
const eur = (amount: number, more: Body = {}): Body => ({ amount, currency: 'EUR', ...more });
const HELD = { capture_method: 'manual' };
const LATER = { confirm: false };

/** Pays with a card of its own and gives the payment's id, whatever the answer is. */
async function pay({ system }: Studio, body: Body, number = STRIPE_CARD, holder?: string): Promise<string> {
  const extra = holder === undefined ? {} : { holder_name: holder };
  const payment_method = await system.card(number, extra);
  const headers = { prefer: 'wait=2' };
  return insist((key) => system.pay({ ...body, payment_method }, { key, headers }));
}

async function command({ system }: Studio, id: string, verb: string, body: Body = {}): Promise<void> {
  const answer = await system.request('POST', `/v1/payments/${id}/${verb}`, { key: freshKey(), body });
  if (answer.status >= 300) throw new Error(`${verb}: ${JSON.stringify(answer.body)}`);
}

async function reached({ system }: Studio, id: string, status: string): Promise<void> {
  await waitFor(async () => (await system.request('GET', `/v1/payments/${id}`)).body.status === status, {
    ...PATIENCE,
    what: `${id} to be ${status}`,
  });
}

async function closed({ client }: Studio, workflowId: string): Promise<void> {
  await waitFor(
    async () => (await client.workflow.getHandle(workflowId).describe()).status.name === 'COMPLETED',
    {
      ...PATIENCE,
      what: `${workflowId} to close`,
    },
  );
}

interface Standing {
  readonly status: string;
  readonly closed: boolean;
}

/** Waits for the end (or not), then writes the file and makes sure that it shows what it is named for. */
async function keep(
  at: Studio,
  name: string,
  id: string,
  wanted: Standing & { readonly generation?: number },
): Promise<void> {
  const workflowId = paymentWorkflowId(id, wanted.generation ?? 1);
  if (wanted.closed) await closed(at, workflowId);
  const { kept, readable } = await waitFor(() => photograph(at, workflowId, wanted), {
    ...PATIENCE,
    what: `${workflowId} to show ${wanted.status}`,
  });
  const text = JSON.stringify(readable);
  for (const trace of [process.cwd(), `@${hostname()}`]) expect(text.includes(trace)).toBe(false);
  writeFileSync(join(HISTORIES_DIR, `${name}.json`), `${JSON.stringify(kept, null, 1)}\n`);
}

/** The row is written a moment before the workflow's own task is, so a waiting state may take a second look. */
async function photograph(at: Studio, workflowId: string, wanted: Standing) {
  const history = await at.client.workflow.getHandle(workflowId).fetchHistory();
  const json = withoutIdentities(historyToJson(history)) as HistoryJson;
  const kept = await reencrypted(json, at.system.config.keys.codec, historyKeys());
  const readable = await decoded(kept, historyKeys());
  const { status, closed } = statusOf(readable);
  return status === wanted.status && closed === wanted.closed ? { kept, readable } : undefined;
}

/** The machine that recorded is nobody's business: identities and sticky queues are named `pid@host`. */
function withoutIdentities(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutIdentities);
  if (typeof value === 'string') return /^\d+@/.test(value) ? 'recorder' : value;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, withoutIdentities(each)]));
}

beforeAll(() => {
  for (const file of readdirSync(HISTORIES_DIR)) {
    if (file.endsWith('.json') && file !== 'codec-keys.json') rmSync(join(HISTORIES_DIR, file));
  }
});

const done = (status: string) => ({ status, closed: true });
const waiting = (status: string) => ({ status, closed: false });

describe('ordinary ends', () => {
  const at = studio({});

  it('succeeded', async () => {
    await keep(at, 'succeeded-by-sale', await pay(at, usd(1250)), done('succeeded'));
    await keep(
      at,
      'succeeded-by-authorize-then-capture',
      await pay(at, eur(1250), ADYEN_CARD),
      done('succeeded'),
    );
    const later = (await at.system.pay({ ...usd(1300, LATER), payment_method: await at.system.card() })).body
      .id;
    await command(at, later, 'confirm');
    await keep(at, 'succeeded-after-confirm', later, done('succeeded'));
    const partly = await pay(at, usd(5000, HELD));
    await command(at, partly, 'capture', { amount: 1500, final_capture: false });
    await keep(at, 'waiting-partially-captured', partly, waiting('partially_captured'));
    await command(at, partly, 'capture');
    await keep(at, 'succeeded-by-two-captures', partly, done('succeeded'));
    const over = await pay(at, usd(1100), '4000000000000119');
    await keep(at, 'succeeded-after-failover', over, done('succeeded'));
    const lost = await pay(at, usd(4400), STRIPE_CARD, 'SANDBOX reset_after_commit');
    await keep(at, 'succeeded-after-unknown-by-lookup', lost, done('succeeded'));
    const resent = await pay(at, eur(4500), ADYEN_CARD, 'SANDBOX reset_after_commit');
    await keep(at, 'succeeded-after-unknown-by-resend', resent, done('succeeded'));
  });

  it('failed', async () => {
    await keep(at, 'failed-by-decline', await pay(at, usd(900), '4000000000009995'), done('failed'));
    const both = await pay(at, usd(901), '4000000000000119', 'DECLINED');
    await keep(at, 'failed-after-failover', both, done('failed'));
    const challenged = await pay(at, usd(902), '4000002760003184');
    await keep(at, 'failed-authentication-required', challenged, done('failed'));
    const byReference = await pay(at, eur(902), '4212345678910006');
    await keep(at, 'failed-authentication-required-by-reference', byReference, done('failed'));
    await at.system.sql('UPDATE provider_account SET enabled = false');
    const nowhere = await pay(at, usd(903)).finally(() =>
      at.system.sql('UPDATE provider_account SET enabled = true'),
    );
    await keep(at, 'failed-no-route', nowhere, done('failed'));
  });

  it('canceled', async () => {
    const held = await pay(at, usd(700, HELD));
    await keep(at, 'waiting-requires-capture', held, waiting('requires_capture'));
    await command(at, held, 'void');
    await keep(at, 'canceled-by-void', held, done('canceled'));
    const pending = await pay(at, eur(701, HELD), ADYEN_CARD);
    await command(at, pending, 'void');
    await keep(at, 'canceled-by-void-settled-by-webhook', pending, done('canceled'));
    const early = (await at.system.pay({ ...usd(702, LATER), payment_method: await at.system.card() })).body
      .id;
    await keep(at, 'waiting-requires-confirmation', early, waiting('requires_confirmation'));
    await command(at, early, 'void');
    await keep(at, 'canceled-before-confirmation', early, done('canceled'));
    const bare = (await at.system.pay(usd(703, LATER))).body.id;
    await keep(at, 'waiting-requires-payment-method', bare, waiting('requires_payment_method'));
  });

  it('late success, in a later generation', async () => {
    for (const [provider, body, number, holder, way] of [
      ['stripe', usd(904), '4000000000009995', undefined, 'refund'],
      ['adyen', eur(904), ADYEN_CARD, 'DECLINED', 'void'],
    ] as const) {
      const id = await pay(at, body, number, holder);
      await closed(at, paymentWorkflowId(id, 1));
      const reference = `att_${id.slice(4)}_1`;
      await at.system.admin(provider, 'POST', `/payments/${reference}/late-success`, {});
      await waitFor(
        async () =>
          (
            await at.system.sql(
              `SELECT 1 FROM attempt WHERE payment_id = $1 AND undoing AND status IN ('voided', 'refunded')`,
              [id],
            )
          ).length > 0,
        { ...PATIENCE, what: 'the late success to be undone' },
      );
      // The second, or a later one where the provider's search did not show it at once.
      const [{ generation } = { generation: 0 }] = await at.system.sql<{ generation: number }>(
        'SELECT generation FROM payment WHERE id = $1',
        [id],
      );
      expect(generation).toBeGreaterThan(1);
      await keep(at, `failed-late-success-undone-by-${way}`, id, { ...done('failed'), generation });
    }
  });

  // Last: it opens Stripe's circuit.
  it('processing', async () => {
    const unknown = await pay(at, usd(5500), STRIPE_CARD, 'SANDBOX status 503 always');
    await waitFor(
      async () =>
        (await at.system.sql(`SELECT 1 FROM operation WHERE payment_id = $1 AND sends >= 3`, [unknown]))
          .length > 0,
      { ...PATIENCE, what: 'the resolver to have asked' },
    );
    await keep(at, 'waiting-processing-unknown', unknown, waiting('processing'));
    await at.system.admin('adyen', 'POST', '/webhooks', { mode: 'hold' });
    try {
      const pending = await pay(at, eur(5600), ADYEN_CARD);
      await keep(at, 'waiting-processing-capture-pending', pending, waiting('processing'));
    } finally {
      await at.system.admin('adyen', 'POST', '/webhooks', { mode: 'normal' });
      await at.system.admin('adyen', 'POST', '/webhooks/release', {});
    }
  });
});

describe('ends that take days, scaled', () => {
  const at = studio({ timeScale: 0.000_01, completeByMs: 2_000 });

  it('expired', async () => {
    const held = await pay(at, usd(800, HELD));
    const partly = await pay(at, usd(810, HELD));
    await command(at, partly, 'capture', { amount: 10, final_capture: false });
    await keep(at, 'expired', held, done('expired'));
    await keep(at, 'succeeded-when-the-rest-lapsed', partly, done('succeeded'));
  });

  it('canceled too late', async () => {
    const absent = await pay(at, eur(820), ADYEN_CARD, 'SANDBOX status 503 always');
    await keep(at, 'canceled-unknown-voided-by-reference', absent, done('canceled'));
    const early = (await at.system.pay({ ...usd(821, LATER), payment_method: await at.system.card() })).body
      .id;
    await keep(at, 'canceled-not-confirmed-in-time', early, done('canceled'));
  });

  it('requires review', async () => {
    await at.system.fault('stripe', { operation: 'any', mode: 'status', status: 503 });
    const parked = await pay(at, usd(830));
    await reached(at, parked, 'requires_review');
    await keep(at, 'waiting-requires-review', parked, waiting('requires_review'));
  });
});

describe('without a worker for too long', () => {
  const at = studio({ worker: false, completeByMs: 700, apiWaitMs: 500 });

  it('canceled unsent', async () => {
    const startedMs = Date.now();
    const id = await pay(at, usd(840));
    await waitFor(() => Date.now() > startedMs + 1_500, { what: 'complete_by to pass' });
    await at.system.startWorker();
    await keep(at, 'canceled-too-late-unsent', id, done('canceled'));
  });
});
