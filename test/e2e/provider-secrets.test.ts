import { createHmac, randomBytes } from 'node:crypto';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RunningApi, startApi } from '../../api/main.ts';
import { connectDoor } from '../../client/index.ts';
import { waitFor } from '../support/harness.ts';
import { type Answer, freshKey, type System, startSystem } from '../support/system.ts';

/** A merchant, its key and its account at a provider, set up over the API alone while everything runs. */
let system: System;
/** Another process, as far as secrets go: it was told nothing. */
let other: RunningApi;
let key: string;
let account: string;

const WRONG = 'sk_test_of_somebody_else';
const RIGHT = 'sk_test_simulated';
const WHY = { reason: 'the test sets it up' };

beforeAll(async () => {
  system = await startSystem();
  other = await startApi(system.config, { connect: connectDoor, logger: pino({ level: 'silent' }) });
});
afterAll(async () => {
  await other?.close();
  await system?.close();
});

const administer = async (path: string, body: object): Promise<Answer['body']> => {
  const answer = await system.request('POST', `/v1/operator${path}`, {
    apiKey: system.operatorKeys.alice,
    key: freshKey(),
    body,
  });
  expect([path, answer.status < 300, answer.body.error]).toEqual([path, true, undefined]);
  return answer.body;
};

const pay = async (): Promise<Answer> => {
  const card = { number: '4242424242424242', exp_month: 3, exp_year: 2030, cvc: '737' };
  const method = await system.request('POST', '/v1/payment_methods', {
    apiKey: key,
    key: freshKey(),
    body: { type: 'card', card },
  });
  const body = { amount: 1200, currency: 'EUR', payment_method: method.body.id };
  return system.pay(body, { apiKey: key, key: freshKey() });
};

it('a payment goes through an account whose secrets came over the API, without a restart', async () => {
  const merchant = await administer('/merchants', { name: 'Set up by hand', country: 'DE' });
  ({ key } = await administer('/keys', { merchant: merchant.id, mode: 'test', name: 'shop' }));
  ({ id: account } = await administer('/accounts', {
    merchant: merchant.id,
    mode: 'test',
    provider: 'stripe',
    base_url: system.providerUrls.stripe,
    enabled: true,
  }));
  const path = `/accounts/${account}`;
  await administer(`${path}/secrets`, { secrets: { apiKey: WRONG, webhookSecret: 'whsec_first' }, ...WHY });
  expect(await administer(`${path}/check`, {})).toMatchObject({ result: 'refused', detail: 'http_401' });
  const refused = await waitFor(
    async () => {
      const answer = await pay();
      return answer.body.error?.code === 'provider_rejected' ? answer : undefined;
    },
    { what: 'the provider to refuse the wrong key' },
  );
  expect(refused.status).toBe(424);

  const setAtMs = Date.now();
  await administer(`${path}/secrets`, { secrets: { apiKey: RIGHT }, ...WHY });
  const paid = await waitFor(
    async () => {
      const answer = await pay();
      return answer.body.status === 'succeeded' ? answer : undefined;
    },
    { what: 'a payment with the right key' },
  );
  expect(paid.status).toBe(201);
  // Two seconds are promised; a loaded machine takes a while for the payments themselves.
  expect(Date.now() - setAtMs).toBeLessThan(10_000);
  expect(await administer(`${path}/check`, {})).toMatchObject({ result: 'accepted' });
  for (const secret of [WRONG, RIGHT]) {
    const rows = await system.sql(
      `SELECT 1 FROM (SELECT s::text AS whole FROM provider_secret s UNION ALL SELECT a::text FROM admin_audit a
         UNION ALL SELECT r::text FROM request r UNION ALL SELECT p::text FROM provider_account p) every
       WHERE strpos(whole, $1) > 0`,
      [secret],
    );
    expect(rows).toEqual([]);
  }
});

it('no webhook is lost while its secret is rotated, whichever process it comes to', async () => {
  const rotate = (webhookSecret: string, seconds: number) =>
    administer(`/accounts/${account}/secrets`, {
      secrets: { webhookSecret },
      previous_webhook_secret_seconds: seconds,
      ...WHY,
    });
  await rotate('whsec_second', 3_600);
  // The other process has not looked since, and is asked at once.
  expect(await webhook(other.url, 'whsec_second')).toBe(200);
  expect(await webhook(other.url, 'whsec_first')).toBe(200);
  expect(await webhook(system.apiUrl, 'whsec_first')).toBe(200);
  expect(await webhook(system.apiUrl, 'whsec_never')).toBe(401);
  await rotate('whsec_third', 0);
  expect(await webhook(system.apiUrl, 'whsec_third')).toBe(200);
  expect(await webhook(system.apiUrl, 'whsec_second')).toBe(401);
  await waitFor(async () => (await webhook(other.url, 'whsec_second')) === 401, {
    what: 'the other process to forget the old secret',
  });
  const [{ count } = { count: 0 }] = await system.sql<{ count: number }>(
    'SELECT count(*)::int AS count FROM inbox WHERE account_id = $1',
    [account],
  );
  expect(count).toBeGreaterThanOrEqual(4);
});

async function webhook(url: string, secret: string): Promise<number> {
  const body = JSON.stringify({
    id: `evt_${randomBytes(8).toString('hex')}`,
    object: 'event',
    type: 'payment_intent.succeeded',
    data: { object: { object: 'payment_intent', id: 'pi_of_nobody' } },
  });
  const at = Math.floor(Date.now() / 1_000);
  const signature = createHmac('sha256', secret).update(`${at}.${body}`).digest('hex');
  const response = await fetch(`${url}/v1/webhooks/stripe/${account}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'stripe-signature': `t=${at},v1=${signature}` },
    body,
  });
  return response.status;
}
