import { expect, test } from 'vitest';
import {
  admin,
  adyenPayment,
  effectsOf,
  journalOf,
  receiver,
  simulator,
  stripePayment,
  stripeRequest,
} from './testing.ts';

test('stripe: a declined intent can turn out authorized after all', async () => {
  const sim = await simulator('stripe');
  await stripePayment(sim, 'r1', { 'payment_method_data[card][number]': '4000000000000002' });
  const late = await admin(sim, 'POST', '/payments/r1/late-success');
  expect(late.status).toBe(200);
  expect(late.body.payments).toMatchObject([{ status: 'requires_capture', amount_capturable: 1000 }]);
  expect(await effectsOf(sim, 'r1')).toEqual(['declined', 'authorized']);
  expect((await admin(sim, 'POST', '/payments/r1/late-success')).status).toBe(409);
});

test('a request that was reset unexecuted can run late; its key then answers with that payment', async () => {
  for (const provider of ['stripe', 'adyen'] as const) {
    const endpoint = await receiver();
    const sim = await simulator(provider, { webhookUrl: endpoint.url });
    const pay = () => (provider === 'stripe' ? stripePayment(sim, 'r1') : adyenPayment(sim, 'r1'));
    await admin(sim, 'POST', '/faults', { mode: 'reset_before_commit', times: 1 });
    await expect(pay()).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect((await admin(sim, 'POST', '/payments/r1/late-success')).body.outcome).toBe('succeeded');
    const effects = (await journalOf(sim, 'r1')).filter((line) => line.kind === 'effect');
    expect(effects).toMatchObject([
      { effect: 'authorized', idempotencyKey: 'key-r1', amountMinor: 1000, currency: 'EUR' },
    ]);
    const resend = await pay();
    expect(resend.status).toBe(200);
    expect(resend.body).toContain(String(effects[0]?.providerReference));
    expect(await effectsOf(sim, 'r1')).toEqual(['authorized']);
    await expect.poll(() => endpoint.deliveries.length).toBeGreaterThan(0);
  }
});

test('adyen: a refused payment is authorised late and says so by webhook', async () => {
  const endpoint = await receiver();
  const sim = await simulator('adyen', { webhookUrl: endpoint.url });
  await adyenPayment(sim, 'r1', 'DECLINED');
  await admin(sim, 'POST', '/payments/r1/late-success', { capture: true });
  expect(await effectsOf(sim, 'r1')).toEqual(['declined', 'authorized', 'captured']);
  const successes = () =>
    endpoint.deliveries
      .map(({ body }) => JSON.parse(body).notificationItems[0].NotificationRequestItem.success)
      .sort();
  await expect.poll(successes).toEqual(['false', 'true']);
});

test('a payment that never arrived needs its amount to be made up', async () => {
  const sim = await simulator('stripe', { timeScale: 1e-6 });
  expect((await admin(sim, 'POST', '/payments/ghost/late-success')).status).toBe(404);
  const made = await admin(sim, 'POST', '/payments/ghost/late-success', {
    amountMinor: 700,
    currency: 'JPY',
    capture: true,
  });
  expect(made.body.payments).toMatchObject([{ amount: 700, currency: 'jpy', status: 'succeeded' }]);
  const query = encodeURIComponent("metadata['reference']:'ghost'");
  const found = async () => {
    const answer = await stripeRequest(sim, `/v1/payment_intents/search?query=${query}`);
    return JSON.parse(answer.body).data.length;
  };
  await expect.poll(found).toBe(1);
});

test('reset wipes payments, journal, keys and faults', async () => {
  const sim = await simulator('stripe');
  await stripePayment(sim, 'r1');
  await admin(sim, 'POST', '/faults', { mode: 'refuse' });
  await admin(sim, 'POST', '/reset');
  expect(await journalOf(sim)).toEqual([]);
  expect((await admin(sim, 'GET', '/payments/r1')).status).toBe(404);
  expect((await stripePayment(sim, 'r1')).headers['idempotent-replayed']).toBeUndefined();
  expect(await journalOf(sim)).toMatchObject([
    { seq: 1, kind: 'arrival', replay: false },
    { effect: 'authorized' },
  ]);
});
