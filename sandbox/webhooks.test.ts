import { createHmac } from 'node:crypto';
import { createRequire } from 'node:module';
import Stripe from 'stripe';
import { expect, test } from 'vitest';
import {
  ADYEN_ACCOUNT,
  admin,
  adyenBody,
  adyenPayment,
  adyenRequest,
  type Receiver,
  receiver,
  simulator,
  stripePayment,
} from './testing.ts';

// The package's ESM entry is CommonJS underneath; its validator class is the default export of the file.
const require = createRequire(import.meta.url);
const { hmacValidator: HmacValidator } = require('@adyen/api-library');

const HEX_KEY = '44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056';

function itemsOf(endpoint: Receiver) {
  return endpoint.deliveries.map(({ body }) => JSON.parse(body).notificationItems[0].NotificationRequestItem);
}

test('stripe: events carry a signature that the official library and plain HMAC both accept', async () => {
  const endpoint = await receiver();
  const sim = await simulator('stripe', { webhookUrl: endpoint.url, webhookSecret: 'whsec_test' });
  await stripePayment(sim, 'r1');
  await expect.poll(() => endpoint.deliveries.length).toBe(3);
  for (const { headers, body } of endpoint.deliveries) {
    const header = String(headers['stripe-signature']);
    const event = Stripe.webhooks.constructEvent(body, header, 'whsec_test');
    expect(event.id).toMatch(/^evt_/);
    const [, timestamp, signature] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(header) ?? [];
    const expected = createHmac('sha256', 'whsec_test').update(`${timestamp}.${body}`).digest('hex');
    expect(signature).toBe(expected);
    expect(() => Stripe.webhooks.constructEvent(`${body} `, header, 'whsec_test')).toThrow();
  }
  const types = endpoint.deliveries.map(({ body }) => JSON.parse(body).type).sort();
  expect(types).toEqual([
    'charge.succeeded',
    'payment_intent.amount_capturable_updated',
    'payment_intent.created',
  ]);
});

test('adyen: notifications verify with the official library and by hand, odd references included', async () => {
  const endpoint = await receiver();
  const sim = await simulator('adyen', { webhookUrl: endpoint.url, webhookSecret: HEX_KEY });
  await adyenRequest(sim, '/payments', adyenBody('order:1\\a'));
  await expect.poll(() => endpoint.deliveries.length).toBe(1);
  const [item] = itemsOf(endpoint);
  expect(item).toMatchObject({
    eventCode: 'AUTHORISATION',
    success: 'true',
    merchantReference: 'order:1\\a',
    merchantAccountCode: ADYEN_ACCOUNT,
    amount: { value: 1000, currency: 'EUR' },
    paymentMethod: 'visa',
  });
  expect(new HmacValidator().validateHMAC(item, HEX_KEY)).toBe(true);
  const signed = `${item.pspReference}::${ADYEN_ACCOUNT}:order:1\\a:1000:EUR:AUTHORISATION:true`;
  const expected = createHmac('sha256', Buffer.from(HEX_KEY, 'hex')).update(signed).digest('base64');
  expect(item.additionalData.hmacSignature).toBe(expected);
  expect(new HmacValidator().validateHMAC({ ...item, success: 'false' }, HEX_KEY)).toBe(false);
});

test('a webhook that is refused comes again until it is accepted', async () => {
  const endpoint = await receiver();
  const sim = await simulator('adyen', { webhookUrl: endpoint.url });
  endpoint.refuseNext(2);
  await adyenPayment(sim, 'r1');
  await expect.poll(() => endpoint.deliveries.length, { timeout: 5_000 }).toBe(1);
  expect((await admin(sim, 'GET', '/webhooks')).body).toMatchObject({ attempts: 3, delivered: 1 });
});

test('held webhooks leave on release, in either order; duplicates, drops and delays do as told', async () => {
  const endpoint = await receiver();
  const sim = await simulator('adyen', { webhookUrl: endpoint.url });
  const references = () => itemsOf(endpoint).map((item) => item.merchantReference);
  await admin(sim, 'POST', '/webhooks', { mode: 'hold' });
  await adyenPayment(sim, 'held');
  await expect.poll(async () => (await admin(sim, 'GET', '/webhooks')).body.held).toBe(1);
  expect(references()).toEqual([]);
  expect((await admin(sim, 'POST', '/webhooks/release', { order: 'reverse' })).body).toEqual({ released: 1 });
  await expect.poll(references).toEqual(['held']);

  await admin(sim, 'POST', '/webhooks', { mode: 'drop' });
  await adyenPayment(sim, 'dropped');
  await admin(sim, 'POST', '/webhooks', { mode: 'duplicate', copies: 3 });
  await adyenPayment(sim, 'tripled');
  await expect.poll(references).toEqual(expect.arrayContaining(['tripled', 'tripled', 'tripled']));

  await admin(sim, 'POST', '/webhooks', { mode: 'late', delayMs: 300 });
  const started = performance.now();
  await adyenPayment(sim, 'late');
  await expect.poll(references).toContain('late');
  expect(performance.now() - started).toBeGreaterThan(295);
});
