import { expect, test } from 'vitest';
import {
  ADYEN_ACCOUNT,
  admin,
  adyenPayment,
  adyenRequest,
  effectsOf,
  journalOf,
  raw,
  simulator,
  stripePayment,
  stripeRequest,
} from './testing.ts';

const attempts = {
  stripe: (sim: Awaited<ReturnType<typeof simulator>>, reference: string, holderName = 'Ada Lovelace') =>
    stripePayment(sim, reference, { 'payment_method_data[billing_details][name]': holderName }),
  adyen: adyenPayment,
};

for (const provider of ['stripe', 'adyen'] as const) {
  const pay = attempts[provider];

  test(`${provider}: refused connections are refused by the kernel, the admin port still answers, the port comes back`, async () => {
    const sim = await simulator(provider);
    await admin(sim, 'POST', '/faults', { mode: 'refuse' });
    await expect(pay(sim, 'r1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect((await admin(sim, 'GET', '/healthz')).body.status).toBe('ok');
    expect(await journalOf(sim)).toEqual([]);
    await admin(sim, 'DELETE', '/faults');
    expect((await pay(sim, 'r1')).status).toBe(200);
  });

  test(`${provider}: reset before the commit leaves an arrival and no effect; the same key then executes`, async () => {
    const sim = await simulator(provider);
    await admin(sim, 'POST', '/faults', { operation: 'authorize', mode: 'reset_before_commit', times: 1 });
    await expect(pay(sim, 'r1')).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(await effectsOf(sim, 'r1')).toEqual([]);
    expect(await journalOf(sim, 'r1')).toMatchObject([
      { kind: 'arrival', operation: 'authorize', amountMinor: 1000, currency: 'EUR', replay: false },
    ]);
    expect((await pay(sim, 'r1')).status).toBe(200);
    expect(await effectsOf(sim, 'r1')).toEqual(['authorized']);
  });

  test(`${provider}: reset after the commit keeps the effect; the same key replays it`, async () => {
    const sim = await simulator(provider);
    await admin(sim, 'POST', '/faults', { mode: 'reset_after_commit', times: 1 });
    await expect(pay(sim, 'r1')).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(await effectsOf(sim, 'r1')).toEqual(['authorized']);
    expect((await pay(sim, 'r1')).status).toBe(200);
    expect(await effectsOf(sim, 'r1')).toEqual(['authorized']);
    const arrivals = (await journalOf(sim, 'r1')).filter((line) => line.kind === 'arrival');
    expect(arrivals.map((line) => line.replay)).toEqual([false, true]);
  });

  test(`${provider}: a truncated answer promises more bytes than it sends`, async () => {
    const sim = await simulator(provider);
    await admin(sim, 'POST', '/faults', { mode: 'truncate', times: 1 });
    await expect(pay(sim, 'r1')).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(await effectsOf(sim, 'r1')).toEqual(['authorized']);
  });

  test(`${provider}: latency delays the answer of one operation only`, async () => {
    const sim = await simulator(provider);
    await admin(sim, 'POST', '/faults', { operation: 'authorize', mode: 'latency', latencyMs: 400 });
    const started = performance.now();
    expect((await pay(sim, 'r1')).status).toBe(200);
    expect(performance.now() - started).toBeGreaterThanOrEqual(395);
  });

  test(`${provider}: an injected status executes nothing and is remembered by no key`, async () => {
    const sim = await simulator(provider);
    await admin(sim, 'POST', '/faults', { mode: 'status', status: 503, times: 2 });
    expect((await pay(sim, 'r1')).status).toBe(503);
    expect((await pay(sim, 'r1')).status).toBe(503);
    expect(await effectsOf(sim, 'r1')).toEqual([]);
    expect((await pay(sim, 'r1')).status).toBe(200);
  });

  test(`${provider}: a hanging request answers nobody until the client leaves, then its key is free`, async () => {
    const sim = await simulator(provider);
    await admin(sim, 'POST', '/faults', { mode: 'hang', times: 1 });
    const hanging = provider === 'stripe' ? hangingStripe(sim) : hangingAdyen(sim);
    await expect(hanging).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    await expect.poll(async () => (await pay(sim, 'r1')).status).toBe(200);
    expect(await effectsOf(sim, 'r1')).toEqual(['authorized']);
  });

  test(`${provider}: a fault for one reference spares the others`, async () => {
    const sim = await simulator(provider);
    await admin(sim, 'POST', '/faults', { mode: 'status', status: 500, match: { reference: 'r1' } });
    expect((await pay(sim, 'r1')).status).toBe(500);
    expect((await pay(sim, 'r2')).status).toBe(200);
  });

  test(`${provider}: a cardholder's name breaks its own payment once`, async () => {
    const sim = await simulator(provider);
    const name = 'SANDBOX reset_after_commit';
    await expect(pay(sim, 'r1', name)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect((await pay(sim, 'r1', name)).status).toBe(200);
    expect(await effectsOf(sim, 'r1')).toEqual(['authorized']);
    expect((await pay(sim, 'r2', 'SANDBOX status 502')).status).toBe(502);
    expect((await pay(sim, 'r2', 'SANDBOX status 502')).status).toBe(200);
    expect((await pay(sim, 'r3', 'SANDBOX status 502 always')).status).toBe(502);
    expect((await pay(sim, 'r3', 'SANDBOX status 502 always')).status).toBe(502);
  });
}

function hangingStripe(sim: Awaited<ReturnType<typeof simulator>>) {
  const body = new URLSearchParams({
    amount: '1000',
    currency: 'eur',
    confirm: 'true',
    payment_method: 'pm_card_visa',
  });
  return stripeRequest(sim, '/v1/payment_intents', body, 'key-r1', 200);
}

function hangingAdyen(sim: Awaited<ReturnType<typeof simulator>>) {
  return adyenRequest(sim, '/payments', { merchantAccount: ADYEN_ACCOUNT, reference: 'r1' }, 'key-r1', 200);
}

test('a cardholder name breaks the capture of its payment, not the authorization', async () => {
  const sim = await simulator('stripe');
  const name = { 'payment_method_data[billing_details][name]': 'SANDBOX reset_after_commit on capture' };
  const { id } = JSON.parse((await stripePayment(sim, 'r1', name)).body);
  const capture = () =>
    stripeRequest(sim, `/v1/payment_intents/${id}/capture`, new URLSearchParams(), 'capture-r1');
  await expect(capture()).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect(await effectsOf(sim, 'r1')).toEqual(['authorized', 'captured']);
  expect(JSON.parse((await capture()).body).status).toBe('succeeded');
  expect(await effectsOf(sim, 'r1')).toEqual(['authorized', 'captured']);
});

test('look-ups break on their own, by command or by the name on the card', async () => {
  const sim = await simulator('stripe', { timeScale: 1e-6 });
  const { id } = JSON.parse((await stripePayment(sim, 'r1')).body);
  const name = { 'payment_method_data[billing_details][name]': 'SANDBOX status 500 on lookup' };
  const named = JSON.parse((await stripePayment(sim, 'r2', name)).body);
  const query = encodeURIComponent("metadata['reference']:'r1'");
  const search = () => stripeRequest(sim, `/v1/payment_intents/search?query=${query}`);
  await admin(sim, 'POST', '/faults', {
    operation: 'lookup',
    mode: 'status',
    match: { reference: 'r1' },
    times: 2,
  });
  expect((await search()).status).toBe(503);
  expect((await stripeRequest(sim, `/v1/payment_intents/${id}`)).status).toBe(503);
  expect((await search()).status).toBe(200);
  expect((await stripeRequest(sim, `/v1/payment_intents/${named.id}`)).status).toBe(500);
  expect((await stripeRequest(sim, `/v1/payment_intents/${named.id}`)).status).toBe(200);
});

test('a 5xx after the commit is replayed by Stripe, while Adyen remembers what really happened', async () => {
  const stripe = await simulator('stripe');
  await admin(stripe, 'POST', '/faults', { mode: 'status_after_commit', status: 500, times: 1 });
  expect((await stripePayment(stripe, 'r1')).status).toBe(500);
  const replay = await stripePayment(stripe, 'r1');
  expect(replay.status).toBe(500);
  expect(replay.headers['idempotent-replayed']).toBe('true');
  expect(await effectsOf(stripe, 'r1')).toEqual(['authorized']);

  const adyen = await simulator('adyen');
  await admin(adyen, 'POST', '/faults', { mode: 'status_after_commit', status: 500, times: 1 });
  expect((await adyenPayment(adyen, 'r1')).status).toBe(500);
  expect(JSON.parse((await adyenPayment(adyen, 'r1')).body).resultCode).toBe('Authorised');
  expect(await effectsOf(adyen, 'r1')).toEqual(['authorized']);
});

test('an unknown fault is refused with a reason', async () => {
  const sim = await simulator('stripe');
  expect((await admin(sim, 'POST', '/faults', { mode: 'gremlins' })).status).toBe(400);
  expect((await raw(`${sim.adminUrl}/faults`, { method: 'POST', body: '{' })).status).toBe(400);
});
