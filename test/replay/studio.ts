import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { afterAll, beforeAll, expect } from 'vitest';
import { historyToJson } from '../../cli/replay/history-json.ts';
import { createDataConverter } from '../../client/codec/index.ts';
import { connectClient } from '../../client/index.ts';
import { caseWorkflowId, deliveryWorkflowId, isRefundId, workflowIdOf } from '../../domain/ids.ts';
import { waitFor } from '../support/harness.ts';
import { freshKey, type System, type SystemOptions, startSystem } from '../support/system.ts';
import {
  decoded,
  HISTORIES,
  type HistoryJson,
  historyKeys,
  KEYS_FILE,
  type Kind,
  reencrypted,
  statusOf,
} from './histories.ts';
import { insist } from './insist.ts';

/**
 * Where histories are recorded: a system of its own, ways to bring payments about, and the camera. What
 * lives here serves the recorders of every kind; what is recorded is theirs to say.
 */
export const STRIPE_CARD = '4242424242424242';
export const ADYEN_CARD = '4111111111111111';
/** Files of what payments learned to do with payers who authenticate: `record-challenges.ts` makes them. */
export const CHALLENGES = /-3ds-/;
/**
 * Files that `record-payments.ts` leaves alone: those of what payments learned later, and of intents canceled at once
 * because the payer would have had to act, which no longer come about.
 */
export const ADDITIONS = /-3ds-|-(by-operators?|by-policy|elsewhere)\.json$|^failed-authentication-required/;
/** Files of what days learned later: `record-additions.ts` makes them. */
export const ADDED_DAYS = /-asked\.json$/;
export const PATIENCE = { timeoutMs: 60_000 };

/** The whole system, and a client that may look into its workflows. */
export interface Studio {
  readonly system: System;
  readonly client: Client;
}

export function studio(options: SystemOptions): Studio {
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

export type Body = Record<string, unknown>;
export const usd = (amount: number, more: Body = {}): Body => ({ amount, currency: 'USD', ...more });
export const eur = (amount: number, more: Body = {}): Body => ({ amount, currency: 'EUR', ...more });

/** Pays with a card of its own and gives the payment's id, whatever the answer is. */
export async function pay(
  { system }: Studio,
  body: Body,
  number = STRIPE_CARD,
  holder?: string,
): Promise<string> {
  const extra = holder === undefined ? {} : { holder_name: holder };
  const payment_method = await system.card(number, extra);
  const headers = { prefer: 'wait=2' };
  return insist((key) => system.pay({ ...body, payment_method }, { key, headers }));
}

export async function command({ system }: Studio, id: string, verb: string, body: Body = {}): Promise<void> {
  const answer = await system.request('POST', `/v1/payments/${id}/${verb}`, { key: freshKey(), body });
  if (answer.status >= 300) throw new Error(`${verb}: ${JSON.stringify(answer.body)}`);
}

/** Pays, at the provider of the currency, and waits until there is something to refund. */
export async function paid(
  at: Studio,
  currency: 'USD' | 'EUR',
  holder?: string,
  card = STRIPE_CARD,
): Promise<string> {
  const body = currency === 'USD' ? usd(1_000) : eur(1_000);
  const id = await pay(at, body, currency === 'USD' ? card : ADYEN_CARD, holder);
  await reached(at, id, 'succeeded');
  await closed(at, workflowIdOf(id, 1));
  return id;
}

/** Refunds a payment at Stripe behind Interlock's back: all of it, or so much. */
export async function refundOutside({ system }: Studio, paymentId: string, amount?: number): Promise<void> {
  const [found] = await system.sql<{ url: string; intent: string }>(
    `SELECT p.base_url AS url, a.provider_reference AS intent FROM attempt a JOIN provider_account p ON p.id = a.account_id
     WHERE a.payment_id = $1`,
    [paymentId],
  );
  const response = await fetch(`${found?.url}/v1/refunds`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${system.config.providerSecrets.pa_demo_stripe?.apiKey}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams({
      payment_intent: found?.intent ?? '',
      ...(amount === undefined ? {} : { amount: String(amount) }),
    }).toString(),
  });
  if (!response.ok) throw new Error(`refund at Stripe: ${await response.text()}`);
}

/** Which generation has the payment or refund by now. */
export async function generationOf({ system }: Studio, id: string): Promise<number> {
  const table = isRefundId(id) ? 'refund' : 'payment';
  const [row] = await system.sql<{ generation: number }>(`SELECT generation FROM ${table} WHERE id = $1`, [
    id,
  ]);
  return row?.generation ?? 0;
}

/** An operator's command; gives what it answers. */
export async function operate(
  { system }: Studio,
  path: string,
  { apiKey = system.operatorKeys.alice, ...body }: Record<string, string> = {},
): Promise<{ readonly id: string }> {
  const answer = await system.request('POST', `/v1/operator/${path}`, {
    key: freshKey(),
    apiKey,
    body: { reason: 'a recording', ...body },
  });
  if (answer.status >= 300) throw new Error(`${path}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

/** Two operators say what became of a payment or refund, e.g. of `refunds/ref_…`. */
export async function resolve(at: Studio, of: string, testimony: Record<string, string>): Promise<void> {
  const evidence = 'https://evidence.example/7';
  const { id: resolution } = await operate(at, `${of}/resolutions`, { evidence, ...testimony });
  const { bob } = at.system.operatorKeys;
  await operate(at, `resolutions/${resolution}/approve`, { apiKey: bob });
}

export async function reached({ system }: Studio, id: string, status: string): Promise<void> {
  await waitFor(async () => (await system.request('GET', `/v1/payments/${id}`)).body.status === status, {
    ...PATIENCE,
    what: `${id} to be ${status}`,
  });
}

export async function closed({ client }: Studio, workflowId: string): Promise<void> {
  await waitFor(
    async () => (await client.workflow.getHandle(workflowId).describe()).status.name === 'COMPLETED',
    {
      ...PATIENCE,
      what: `${workflowId} to close`,
    },
  );
}

export interface Standing {
  readonly status: string;
  readonly closed: boolean;
}

export const done = (status: string) => ({ status, closed: true });
export const waiting = (status: string) => ({ status, closed: false });

/** Waits for the end (or not), then writes the file and makes sure that it shows what it is named for. */
export async function keep(
  at: Studio,
  name: string,
  id: string,
  wanted: Standing & { readonly generation?: number; readonly runId?: string },
): Promise<void> {
  const kind = kindOfId(id);
  const workflowId = workflowOf(kind, id, wanted.generation ?? 1);
  if (wanted.closed && wanted.runId === undefined) await closed(at, workflowId);
  const { kept, readable } = await waitFor(() => photograph(at, workflowId, wanted), {
    ...PATIENCE,
    what: `${workflowId} to show ${wanted.status}`,
  });
  const text = JSON.stringify(readable);
  for (const trace of [process.cwd(), `@${hostname()}`]) expect(text.includes(trace)).toBe(false);
  writeFileSync(join(HISTORIES[kind], `${name}.json`), `${JSON.stringify(kept, null, 1)}\n`);
}

/** A challenge is named by its workflow, and so are a day, a back-test, an experiment and the keeper of figures. */
function workflowOf(kind: Kind, id: string, generation: number): string {
  if (id.includes('/')) return id;
  if (kind === 'case') return caseWorkflowId(id);
  return kind === 'delivery' ? deliveryWorkflowId(id) : workflowIdOf(id, generation);
}

function kindOfId(id: string): Kind {
  if (id.startsWith('challenge/')) return 'challenge';
  if (id.startsWith('reconciliation/'))
    return /^reconciliation\/[^/]+\/[^/]+$/.test(id) ? 'reconciliation' : 'scheduledReconciliation';
  if (id.startsWith('backtest/')) return 'backtest';
  if (id.startsWith('experiment/')) return 'experiment';
  if (id.startsWith('rollup/')) return 'rollup';
  if (id.startsWith('canary/')) return 'canary';
  if (id.startsWith('exc_')) return 'case';
  if (id.startsWith('we_')) return 'delivery';
  return isRefundId(id) ? 'refund' : 'payment';
}

/** The row is written a moment before the workflow's own task is, so a waiting state may take a second look. */
async function photograph(at: Studio, workflowId: string, wanted: Standing & { readonly runId?: string }) {
  const history = await at.client.workflow.getHandle(workflowId, wanted.runId).fetchHistory();
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

/** Recording replaces the files of its kind, but for those that another recorder makes. */
export function clearHistories(kind: Kind, anothers: RegExp = /^$/): void {
  for (const file of readdirSync(HISTORIES[kind])) {
    const mine = file.endsWith('.json') && file !== KEYS_FILE && !anothers.test(file);
    if (mine) rmSync(join(HISTORIES[kind], file));
  }
}
