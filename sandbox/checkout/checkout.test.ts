import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Simulator } from '../simulator.ts';
import { admin, effectsOf, journalOf, type RawAnswer, raw, receiver, simulator } from '../testing.ts';
import { CHECKOUT_DEFAULTS } from './index.ts';

const { apiKey, webhookSecret } = CHECKOUT_DEFAULTS;

function ask(sim: Simulator, path: string, body?: object, key?: string): Promise<RawAnswer> {
  return raw(`${sim.apiUrl}${path}`, {
    headers: {
      Authorization: `Bearer ${apiKey}`,
      'Content-Type': 'application/json',
      ...(key === undefined ? {} : { 'Cko-Idempotency-Key': key }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

const CARD = { type: 'card', number: '4242424242424242', expiry_month: 3, expiry_year: 2034, cvv: '100' };

function pay(sim: Simulator, reference: string, more: object = {}, key = `key-${reference}`) {
  const body = { source: CARD, amount: 1_000, currency: 'EUR', reference, capture: false, ...more };
  return ask(sim, '/payments', body, key);
}

async function authorized(sim: Simulator, reference: string, more: object = {}): Promise<string> {
  const answer = await pay(sim, reference, more);
  expect(answer.status).toBe(201);
  return JSON.parse(answer.body).id;
}

const read = async (sim: Simulator, path: string) => JSON.parse((await ask(sim, path)).body);

test('a payment is authorized at once; captures and refunds are accepted first and listed when carried out', async () => {
  const sim = await simulator('checkout');
  await admin(sim, 'POST', '/settings', { settleDelayMs: 300 });
  const id = await authorized(sim, 'r1');
  const capture = await ask(sim, `/payments/${id}/captures`, { amount: 600, reference: 'c1' }, 'k1');
  expect(capture.status).toBe(202);
  const { action_id: action } = JSON.parse(capture.body);
  expect((await read(sim, `/payments/${id}/actions`)).map(({ type }: { type: string }) => type)).toEqual([
    'Authorization',
  ]);
  await expect.poll(() => effectsOf(sim, 'r1')).toEqual(['authorized', 'captured']);
  expect((await read(sim, `/payments/${id}/actions`))[0]).toMatchObject({
    id: action,
    type: 'Capture',
    amount: 600,
    approved: true,
    reference: 'c1',
  });
  expect(await read(sim, `/payments/${id}`)).toMatchObject({
    status: 'Partially Captured',
    balances: { total_authorized: 1_000, total_captured: 600, available_to_capture: 0 },
  });
  await ask(sim, `/payments/${id}/refunds`, { amount: 200, reference: 'f1' }, 'k2');
  await expect.poll(() => effectsOf(sim, 'r1')).toContain('refunded');
  expect(await read(sim, `/payments/${id}`)).toMatchObject({ status: 'Partially Refunded' });
});

test('never more than was authorized or captured, also by two at once that nobody carried out yet', async () => {
  const sim = await simulator('checkout');
  await admin(sim, 'POST', '/settings', { settleDelayMs: 200 });
  const id = await authorized(sim, 'r1');
  const half = { amount: 600, capture_type: 'NonFinal' };
  const answers = await Promise.all(
    ['k1', 'k2'].map((key) => ask(sim, `/payments/${id}/captures`, half, key)),
  );
  expect(answers.map(({ status }) => status).sort()).toEqual([202, 422]);
  expect((await ask(sim, `/payments/${id}/refunds`, { amount: 1 }, 'k3')).status).toBe(403);
  expect((await ask(sim, `/payments/${id}/voids`, {}, 'k4')).status).toBe(403);
  await expect.poll(() => effectsOf(sim, 'r1')).toEqual(['authorized', 'captured']);
  expect((await ask(sim, `/payments/${id}/refunds`, { amount: 601 }, 'k5')).status).toBe(422);
});

test('a key answers the same for whatever comes under it, if that was a 2xx; what was refused frees it', async () => {
  const sim = await simulator('checkout');
  const first = await pay(sim, 'r1');
  const other = await pay(sim, 'r2', { amount: 2_000 }, 'key-r1');
  expect([other.status, other.body]).toEqual([first.status, first.body]);
  expect(await effectsOf(sim, 'r2')).toEqual([]);
  const declined = await pay(sim, 'r3', { source: { ...CARD, number: '4544249167673670' } });
  expect([declined.status, JSON.parse(declined.body).response_code]).toEqual([201, '20051']);
  expect((await pay(sim, 'r3')).body).toBe(declined.body);
  const invalid = await pay(sim, 'r4', { amount: 1.5 });
  expect([invalid.status, JSON.parse(invalid.body).error_codes]).toEqual([422, ['amount_invalid']]);
  expect((await pay(sim, 'r4')).status).toBe(201);
});

test('while the first request of a key is running, others are too many', async () => {
  const sim = await simulator('checkout');
  await admin(sim, 'POST', '/faults', { mode: 'latency', latencyMs: 200, times: 1 });
  const answers = await Promise.all(Array.from({ length: 5 }, () => pay(sim, 'r1')));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201, 429]));
  expect(await effectsOf(sim, 'r1')).toEqual(['authorized']);
});

test('past its window a key is forgotten, and a resend is a new charge', async () => {
  const sim = await simulator('checkout', { timeScale: 1e-6 });
  await pay(sim, 'r1');
  await expect
    .poll(async () => {
      await pay(sim, 'r1');
      return (await effectsOf(sim, 'r1')).filter((effect) => effect === 'authorized').length;
    })
    .toBe(2);
});

test('the list by reference is behind what a payment’s own address says', async () => {
  const sim = await simulator('checkout', { timeScale: 0.05 });
  const id = await authorized(sim, 'r1');
  expect((await read(sim, '/payments?reference=r1')).total_count).toBe(0);
  expect((await read(sim, `/payments/${id}`)).status).toBe('Authorized');
  await expect.poll(async () => (await read(sim, '/payments?reference=r1')).data[0]?.id).toBe(id);
});

test('every event is signed over its raw body, and names payment, action and reference', async () => {
  const endpoint = await receiver();
  const sim = await simulator('checkout', { webhookUrl: endpoint.url });
  const id = await authorized(sim, 'r1');
  await ask(sim, `/payments/${id}/voids`, { reference: 'v1' }, 'k1');
  await expect.poll(() => endpoint.deliveries.length).toBe(2);
  for (const { headers, body } of endpoint.deliveries) {
    const expected = createHmac('sha256', webhookSecret).update(body).digest('hex');
    expect(headers['cko-signature']).toBe(expected);
  }
  const events = endpoint.deliveries.map(({ body }) => JSON.parse(body));
  expect(events.find(({ type }) => type === 'payment_approved').data).toMatchObject({ id, reference: 'r1' });
  expect(events.find(({ type }) => type === 'payment_voided').data).toMatchObject({ id, reference: 'v1' });
});

test('3DS sends every payer to a page; who does not come within fifteen minutes is declined', async () => {
  const sim = await simulator('checkout', { challengeTimeScale: 0.0001 });
  const answer = await pay(sim, 'r1', {
    '3ds': { enabled: true },
    success_url: 'https://shop.example/ok',
    failure_url: 'https://shop.example/no',
  });
  expect(answer.status).toBe(202);
  const { status, _links } = JSON.parse(answer.body);
  expect([status, _links.redirect.href]).toEqual(['Pending', expect.stringContaining('/3ds/')]);
  await expect.poll(() => effectsOf(sim, 'r1'), { timeout: 10_000 }).toEqual(['requires_action', 'declined']);
  const [payment] = (await admin(sim, 'GET', '/payments/r1')).body.payments;
  expect(payment.responseCode).toBe('20152');
  const late = await raw(_links.redirect.href);
  expect([late.status, late.headers.location]).toEqual([
    303,
    expect.stringContaining('https://shop.example/no'),
  ]);
});

test('a wrong key, an unknown payment and a malformed body are refused, and nothing is journalled of them', async () => {
  const sim = await simulator('checkout');
  const stranger = await raw(`${sim.apiUrl}/payments`, { headers: { Authorization: 'x' }, body: '{}' });
  expect(stranger.status).toBe(401);
  expect((await ask(sim, '/payments/pay_aaaaaaaaaaaaaaaaaaaaaaaaaa')).status).toBe(404);
  const headers = { Authorization: `Bearer ${apiKey}` };
  expect((await raw(`${sim.apiUrl}/payments`, { headers, body: '[' })).status).toBe(400);
  expect(await journalOf(sim)).toEqual([]);
});

test('of an effect that was answered with a 5xx the key keeps nothing: sent again, it happens again', async () => {
  const sim = await simulator('checkout');
  await admin(sim, 'POST', '/faults', { mode: 'status_after_commit', status: 500, times: 1 });
  expect((await pay(sim, 'r1')).status).toBe(500);
  expect((await pay(sim, 'r1')).status).toBe(201);
  expect((await pay(sim, 'r1')).status).toBe(201);
  expect(await effectsOf(sim, 'r1')).toEqual(['authorized', 'authorized']);
  // An answer that was a success and got lost is remembered.
  await admin(sim, 'POST', '/faults', { mode: 'reset_after_commit', times: 1 });
  await expect(pay(sim, 'r2')).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect((await pay(sim, 'r2')).status).toBe(201);
  expect(await effectsOf(sim, 'r2')).toEqual(['authorized']);
});

test('a request that was reset unexecuted can run late; its key then answers with that payment', async () => {
  const sim = await simulator('checkout');
  await admin(sim, 'POST', '/faults', { mode: 'reset_before_commit', times: 1 });
  await expect(pay(sim, 'r1')).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect((await admin(sim, 'POST', '/payments/r1/late-success')).body.outcome).toBe('succeeded');
  const resend = await pay(sim, 'r1');
  expect([resend.status, JSON.parse(resend.body).status]).toEqual([201, 'Authorized']);
  expect(await effectsOf(sim, 'r1')).toEqual(['authorized']);
});

test('a day is a breakdown for each payout, listed and fetched by id, and its lines add up to the payout', async () => {
  const sim = await simulator('checkout');
  for (const [reference, currency] of [
    ['r1', 'EUR'],
    ['r2', 'EUR'],
    ['r3', 'USD'],
  ] as const) {
    await authorized(sim, reference, { currency, capture: true });
  }
  await expect.poll(() => effectsOf(sim, 'r3')).toContain('captured');
  const closing = { businessDate: '2026-11-20' };
  const day = (await admin(sim, 'POST', '/settlement', closing)).body;
  expect(day.payouts.map(({ currency }: { currency: string }) => currency)).toEqual(['EUR', 'USD']);
  const first = await read(sim, '/reports?limit=1');
  const second = await read(sim, `/reports?${first._links.next.href.split('?')[1]}`);
  expect(second._links.next).toBeUndefined();
  for (const [page, payout] of [
    [first, day.payouts[0]],
    [second, day.payouts[1]],
  ]) {
    const { id, files } = page.data[0];
    expect(files[0].filename).toBe(`settlement-breakdown_ent_sandbox_20261120_${payout.reference}_1.csv`);
    const file = await ask(sim, `/reports/${id}/files/${files[0].id}`);
    const [header = '', ...lines] = file.body.trim().split('\n');
    const at = header.split(',').indexOf('Net In Holding Currency');
    const nets = lines.map((line) => Math.round(Number(line.split(',')[at]) * 100));
    expect(nets.reduce((sum, net) => sum + net, 0)).toBe(0);
    expect(nets.at(-1)).toBe(-payout.amountMinor);
  }
  expect((await ask(sim, '/reports/rpt_x/files/file_x')).status).toBe(404);
});
