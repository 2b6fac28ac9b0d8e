import { Writable } from 'node:stream';
import type { Client } from '@temporalio/client';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createDataConverter } from '../../client/codec/index.ts';
import { connectClient } from '../../client/index.ts';
import { paymentWorkflowId } from '../../domain/ids.ts';
import { insist } from '../replay/insist.ts';
import { waitFor } from '../support/harness.ts';
import { freshKey, type RequestOptions, type System, startSystem } from '../support/system.ts';
import { findLeaks, type Leak } from './search.ts';
import { everyStore, historyHaystacks } from './stores.ts';

/** Every process of the system logs through pino; here each logger writes, at its finest, into one list. */
const captured = vi.hoisted(() => ({ logs: [] as string[], answers: [] as string[] }));
vi.mock('pino', async (importOriginal) => {
  const original = await importOriginal<typeof import('pino')>();
  const sink = new Writable({
    write(chunk, _encoding, done) {
      captured.logs.push(String(chunk));
      done();
    },
  });
  const make = (options: object = {}) => original.pino({ ...options, level: 'trace' }, sink);
  return {
    ...original,
    pino: Object.assign(make, original.pino),
    default: Object.assign(make, original.pino),
  };
});

const STRIPE_CARDS = [
  '4242424242424242',
  '5555555555554444',
  '378282246310005',
  '6011111111111117',
  '3056930009020004',
  '3566002020360505',
  '6200000000000005',
];
const ADYEN_CARDS = [
  '4111111111111111',
  '5454545454545454',
  '370000000000002',
  '6445644564456445',
  '36006666333344',
  '3569990010095841',
  '6243030000000001',
];
const DECLINED = ['4000000000000002', '4000000000009995', '4000000000000127'];
const CHALLENGED = ['4000002760003184', '4212345678910006'];
/** Used only where it must be refused. */
const MISPLACED = '4917610000000000';
const ALL_CARDS = [
  ...STRIPE_CARDS,
  ...ADYEN_CARDS,
  ...DECLINED,
  ...CHALLENGED,
  MISPLACED,
  '4000000000000119',
];

let system: System;
let client: Client;

beforeAll(async () => {
  const logger = new DefaultLogger('TRACE', (entry) =>
    captured.logs.push(JSON.stringify(entry, replaceErrors)),
  );
  Runtime.install({ logger });
  system = await startSystem();
  client = await connectClient(system.config.temporal, createDataConverter(system.config.keys.codec));
});
afterAll(async () => {
  await client?.connection.close();
  await system?.close();
});

/** JSON of an Error is empty; its message and stack are what could leak. Temporal's timestamps are bigints. */
function replaceErrors(_name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  return value instanceof Error ? { name: value.name, message: value.message, stack: value.stack } : value;
}

/** As the system's own, but every answer is kept for the search. */
async function request(method: string, path: string, options?: RequestOptions) {
  const answer = await system.request(method, path, options);
  captured.answers.push(JSON.stringify({ headers: [...answer.headers], body: answer.body }));
  return answer;
}

async function cardOf(number: string, extra: Record<string, unknown> = {}): Promise<string> {
  const cvc = /^3[47]/.test(number) ? '7373' : '737';
  const grouped = number.replace(/(.{4})(?=.)/g, '$1 ');
  const card = { number: grouped, exp_month: 3, exp_year: 2030, cvc, ...extra };
  const answer = await request('POST', '/v1/payment_methods', {
    key: freshKey(),
    body: { type: 'card', card },
  });
  expect(answer.status).toBe(201);
  return answer.body.id;
}

async function pay(number: string, body: Record<string, unknown>, extra: Record<string, unknown> = {}) {
  const payment_method = await cardOf(number, extra);
  const asked = { amount: 1500, currency: 'USD', ...body, payment_method };
  const id = await insist((key) => request('POST', '/v1/payments', { key, body: asked }));
  return { id, payment_method };
}

const EUR = { currency: 'EUR' };
const HELD = { capture_method: 'manual' };

async function settled(id: string): Promise<string> {
  return waitFor(
    async () => {
      const { status } = (await system.request('GET', `/v1/payments/${id}`)).body;
      return status === 'processing' ? undefined : status;
    },
    { what: `${id} to settle`, timeoutMs: 60_000 },
  );
}

async function driveEveryPath(): Promise<void> {
  const ids: string[] = [];
  const drive = async (...args: Parameters<typeof pay>) => ids.push((await pay(...args)).id);
  for (const number of STRIPE_CARDS) await drive(number, {});
  for (const number of ADYEN_CARDS) await drive(number, EUR);
  for (const number of DECLINED) await drive(number, {});
  for (const number of CHALLENGED) await drive(number, number.startsWith('40') ? {} : EUR);
  for (const holder_name of [
    'DECLINED',
    'ERROR',
    'SANDBOX reset_before_commit',
    'SANDBOX reset_after_commit',
  ])
    await drive('4111111111111111', EUR, { holder_name });
  for (const mode of ['reset_before_commit', 'reset_after_commit', 'truncate', 'status 500'])
    await drive('4242424242424242', {}, { holder_name: `SANDBOX ${mode}` });
  await drive('4000000000000119', {});
  await system.fault('stripe', { operation: 'any', mode: 'refuse' });
  await drive('5555555555554444', {}).finally(() => system.clearFaults());
  const { id } = await pay('4242424242424242', HELD);
  await request('POST', `/v1/payments/${id}/void`, { key: freshKey(), body: {} });
  for (const each of [...ids, id]) {
    await settled(each);
    await request('GET', `/v1/payments/${each}`);
    await request('GET', `/v1/payments/${each}/timeline`);
  }
  await request('GET', '/v1/payments?limit=100');
}

/** A card number where none belongs: refused, and gone without a trace. */
async function misplace(): Promise<number[]> {
  const payment_method = await cardOf('4242424242424242');
  const spaced = MISPLACED.replace(/(.{4})(?=.)/g, '$1 ');
  const create = (more: Record<string, unknown>, key = freshKey()) =>
    request('POST', '/v1/payments', {
      key,
      body: { amount: 900, currency: 'USD', confirm: false, payment_method, ...more },
    });
  const method = (card: Record<string, unknown>, more: Record<string, unknown> = {}) =>
    request('POST', '/v1/payment_methods', {
      key: freshKey(),
      body: {
        type: 'card',
        card: { number: '4242424242424242', exp_month: 3, exp_year: 2030, ...card },
        ...more,
      },
    });
  const answers = [
    await create({ metadata: { note: MISPLACED } }),
    await create({ metadata: { [MISPLACED]: 'x' } }),
    await create({ description: `paid with ${spaced}` }),
    await create({ reference: MISPLACED.replace(/(.{4})(?=.)/g, '$1-') }),
    await create({ return_url: `https://shop.example/?card=${MISPLACED}` }),
    await create({ payment_method: MISPLACED }),
    await create({ currency: MISPLACED }),
    await create({ [MISPLACED]: true }),
    await create({ card: { number: MISPLACED, cvc: '737' } }),
    await create({}, MISPLACED),
    await method({ holder_name: `A ${spaced}` }),
    await method({ number: `${MISPLACED}1` }),
    await method({ exp_month: Number(MISPLACED) }),
    await method({}, { metadata: { note: spaced } }),
    await request('GET', `/v1/payments/${MISPLACED}`),
    await request('GET', `/v1/payments?reference=${MISPLACED}`),
    await request('GET', `/v1/payments?${MISPLACED}=1`),
    await request('GET', `/${MISPLACED}`),
    await request('GET', '/v1/payments', {
      headers: { 'user-agent': MISPLACED, 'x-correlation-id': MISPLACED },
    }),
    await request('GET', '/v1/payments', { apiKey: `sk_test_${MISPLACED}` }),
  ];
  const broken = await fetch(`${system.apiUrl}/v1/payments`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${system.apiKey}`,
      'idempotency-key': freshKey(),
      'content-type': 'application/json',
    },
    body: `{"number":"${MISPLACED}","cvc":"737"`,
  });
  captured.answers.push(await broken.text());
  return [...answers.slice(0, 18).map(({ status }) => status), broken.status];
}

const leaks = async (): Promise<Leak[]> => findLeaks(await everyStore(system, client, captured), ALL_CARDS);

describe('card data', () => {
  it('is nowhere but sealed in the vault, after every path', async () => {
    await driveEveryPath();
    expect(await leaks()).toEqual([]);
    // The search looked at something: there were logs, answers, histories and webhooks.
    expect(captured.logs.length).toBeGreaterThan(50);
    const [{ webhooks = 0 } = {}] = await system.sql<{ webhooks: number }>(
      'SELECT count(*)::int AS webhooks FROM inbox',
    );
    expect(webhooks).toBeGreaterThan(20);
  }, 180_000);

  it('is refused where it does not belong, and leaves no trace there either', async () => {
    const statuses = await misplace();
    expect(statuses.filter((status) => status < 400 || status >= 500)).toEqual([]);
    expect(await leaks()).toEqual([]);
  }, 60_000);

  it('keeps no security code and no sealed request once the authorization is resolved', async () => {
    const left = await system.sql(
      `SELECT p.id, p.status FROM payment p JOIN payment_method m ON m.id = p.payment_method_id
       WHERE p.status NOT IN ('requires_confirmation', 'requires_payment_method') AND m.sealed_cvc IS NOT NULL`,
    );
    expect(left).toEqual([]);
    expect(await system.sql('SELECT id FROM operation WHERE sealed_parameters IS NOT NULL')).toEqual([]);
    const [{ sealed = 0 } = {}] = await system.sql<{ sealed: number }>(
      'SELECT count(*)::int AS sealed FROM payment_method WHERE sealed_card IS NOT NULL',
    );
    expect(sealed).toBeGreaterThan(20);
  });
});

describe('a leak planted on purpose', () => {
  it('is found in a table, a log line, an API answer, a signal and a memo', async () => {
    const { id } = await pay('4242424242424242', HELD);
    await settled(id);
    await system.sql(`UPDATE payment SET metadata = '{"note":"4242 4242 4242 4242"}' WHERE id = $1`, [id]);
    pino().info({ card: { number: '4111-1111-1111-1111', cvc: '737' } }, 'planted');
    await request('GET', `/v1/payments/${id}`);
    const workflowId = paymentWorkflowId(id, 1);
    await client.workflow.getHandle(workflowId).signal('planted', { pan: '5555555555554444' });
    const memoId = `planted/${id}`;
    await client.workflow.start('payment', {
      workflowId: memoId,
      taskQueue: system.config.temporal.taskQueue,
      args: [{ paymentId: `${id}x`, generation: 2 }],
      memo: { pan: Buffer.from('378282246310005').toString('base64') },
    });
    const found = findLeaks(
      [...(await everyStore(system, client, captured)), ...(await historyHaystacks(system, client, memoId))],
      ALL_CARDS,
    );
    expect(found).toEqual(
      expect.arrayContaining([
        { place: 'table payment', what: '…4242', as: 'digits' },
        { place: 'logs', what: '…1111', as: 'digits' },
        { place: 'logs', what: 'cvc', as: 'security code' },
        { place: 'API answers', what: '…4242', as: 'digits' },
        { place: `history ${workflowId}`, what: '…4444', as: 'digits' },
        { place: `history ${memoId}`, what: '…0005', as: 'base64' },
      ]),
    );
    // Encrypted at rest: without the key the same histories show nothing.
    expect(found.filter(({ place }) => place.endsWith('(raw)'))).toEqual([]);
  });
});
