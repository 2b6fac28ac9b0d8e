import Stripe from 'stripe';
import { expect, test } from 'vitest';
import {
  admin,
  effectsOf,
  journalOf,
  raw,
  receiver,
  STRIPE_KEY,
  simulator,
  stripePayment,
  stripeRequest,
} from '../testing.ts';

type Sim = Awaited<ReturnType<typeof simulator>>;

function sdk(sim: Sim, key = STRIPE_KEY): Stripe {
  return new Stripe(key, { host: '127.0.0.1', port: sim.port, protocol: 'http', maxNetworkRetries: 0 });
}

function card(number: string, name = 'Ada Lovelace') {
  const details = { number, exp_month: 3, exp_year: 2034, cvc: '737' };
  // The SDK's types leave raw numbers out; the API takes them from accounts that are allowed to send them.
  const data = { type: 'card', card: details, billing_details: { name } };
  return data as unknown as Stripe.PaymentIntentCreateParams.PaymentMethodData;
}

function payment(
  reference: string,
  number = '4242424242424242',
  more: Partial<Stripe.PaymentIntentCreateParams> = {},
) {
  return {
    amount: 1000,
    currency: 'eur',
    confirm: true,
    capture_method: 'manual',
    payment_method_data: card(number),
    metadata: { reference },
    ...more,
  } satisfies Stripe.PaymentIntentCreateParams;
}

test('the official SDK authorizes, captures in part and refunds, and the journal says the same', async () => {
  const sim = await simulator('stripe');
  const stripe = sdk(sim);
  const intent = await stripe.paymentIntents.create(
    { ...payment('r1'), expand: ['latest_charge'] },
    { idempotencyKey: 'auth-1' },
  );
  expect(intent).toMatchObject({ status: 'requires_capture', amount_capturable: 1000, amount_received: 0 });
  const charge = intent.latest_charge as Stripe.Charge;
  expect(charge.outcome).toMatchObject({ network_status: 'approved_by_network', type: 'authorized' });
  expect(charge.payment_method_details?.card).toMatchObject({ brand: 'visa', last4: '4242', exp_year: 2034 });
  expect(charge.payment_method_details?.card?.capture_before).toBeGreaterThan(Date.now() / 1_000);

  const captured = await stripe.paymentIntents.capture(
    intent.id,
    { amount_to_capture: 600 },
    { idempotencyKey: 'c-1' },
  );
  expect(captured).toMatchObject({ status: 'succeeded', amount_received: 600, amount_capturable: 0 });
  const refund = await stripe.refunds.create(
    { payment_intent: intent.id, amount: 200 },
    { idempotencyKey: 'r-1' },
  );
  expect(refund).toMatchObject({ status: 'succeeded', amount: 200, payment_intent: intent.id });
  await expect(stripe.refunds.create({ payment_intent: intent.id, amount: 401 })).rejects.toMatchObject({
    statusCode: 400,
    param: 'amount',
  });
  await stripe.refunds.create({ charge: charge.id });
  await expect(stripe.refunds.create({ payment_intent: intent.id })).rejects.toMatchObject({
    code: 'charge_already_refunded',
  });
  expect((await stripe.refunds.list({ payment_intent: intent.id })).data.map(({ amount }) => amount)).toEqual(
    [400, 200],
  );
  const effects = (await journalOf(sim, 'r1')).filter((line) => line.kind === 'effect');
  expect(
    effects
      .map(({ effect, amountMinor, idempotencyKey }) => [effect, amountMinor, idempotencyKey])
      .slice(0, 3),
  ).toEqual([
    ['authorized', 1000, 'auth-1'],
    ['captured', 600, 'c-1'],
    ['refunded', 200, 'r-1'],
  ]);
});

test('an authorization is cancelled once, and neither captured nor cancelled after that', async () => {
  const sim = await simulator('stripe');
  const stripe = sdk(sim);
  const intent = await stripe.paymentIntents.create(payment('r1'));
  expect((await stripe.paymentIntents.cancel(intent.id)).status).toBe('canceled');
  const unexpected = { statusCode: 400, code: 'payment_intent_unexpected_state' };
  await expect(stripe.paymentIntents.cancel(intent.id)).rejects.toMatchObject(unexpected);
  await expect(stripe.paymentIntents.capture(intent.id)).rejects.toMatchObject(unexpected);
  expect(await effectsOf(sim, 'r1')).toEqual(['authorized', 'voided']);
});

test('create without confirm moves nothing until it is confirmed', async () => {
  const sim = await simulator('stripe');
  const stripe = sdk(sim);
  const intent = await stripe.paymentIntents.create({
    amount: 500,
    currency: 'usd',
    metadata: { reference: 'r1' },
  });
  expect(intent.status).toBe('requires_payment_method');
  expect(await journalOf(sim)).toEqual([]);
  const confirmed = await stripe.paymentIntents.confirm(intent.id, { payment_method: 'pm_card_mastercard' });
  expect(confirmed.status).toBe('succeeded');
  expect(await effectsOf(sim, 'r1')).toEqual(['authorized', 'captured']);
});

const DECLINES = [
  ['4000000000000002', 'card_declined', 'generic_decline'],
  ['4000000000009995', 'card_declined', 'insufficient_funds'],
  ['4000000000009987', 'card_declined', 'lost_card'],
  ['4000000000009979', 'card_declined', 'stolen_card'],
  ['4000000000000069', 'expired_card', 'expired_card'],
  ['4000000000000127', 'incorrect_cvc', 'incorrect_cvc'],
  ['4000000000000119', 'processing_error', 'processing_error'],
] as const;

test.each(DECLINES)('card %s declines with %s / %s', async (number, code, declineCode) => {
  const sim = await simulator('stripe');
  const attempt = sdk(sim).paymentIntents.create(payment('r1', number));
  const error = await attempt.catch((caught: unknown) => caught as Stripe.errors.StripeCardError);
  expect(error).toMatchObject({ type: 'StripeCardError', statusCode: 402, code, decline_code: declineCode });
  expect((error as Stripe.errors.StripeCardError).payment_intent).toMatchObject({
    status: 'requires_payment_method',
    last_payment_error: { code, decline_code: declineCode },
  });
  expect(await effectsOf(sim, 'r1')).toEqual(['declined']);
});

test('3DS cards need an action; the challenge decides, and cancelling first wins', async () => {
  const sim = await simulator('stripe');
  const stripe = sdk(sim);
  const challenged = await stripe.paymentIntents.create(
    payment('ok', '4000002760003184', { return_url: 'https://merchant.example/back' }),
  );
  expect(challenged.status).toBe('requires_action');
  const url = challenged.next_action?.redirect_to_url?.url ?? '';
  const back = await raw(url, { method: 'POST', body: 'outcome=approve' });
  expect(back.status).toBe(303);
  expect(back.headers.location).toContain(`payment_intent=${challenged.id}`);
  expect((await stripe.paymentIntents.retrieve(challenged.id)).status).toBe('requires_capture');

  await stripe.paymentIntents.create(payment('poor', '4000008260003178'));
  await admin(sim, 'POST', '/payments/poor/authenticate', { outcome: 'succeeded' });
  expect(await effectsOf(sim, 'poor')).toEqual(['requires_action', 'declined']);

  const abandoned = await stripe.paymentIntents.create(payment('gone', '4000000000003220'));
  expect((await stripe.paymentIntents.cancel(abandoned.id)).status).toBe('canceled');
  expect((await admin(sim, 'POST', '/payments/gone/authenticate')).status).toBe(404);
  expect(await effectsOf(sim, 'gone')).toEqual(['requires_action', 'canceled']);
});

test('search finds by metadata, but only after the index has caught up', async () => {
  // 60 s of lag, scaled to 300 ms.
  const sim = await simulator('stripe', { timeScale: 0.005 });
  const stripe = sdk(sim);
  await stripe.paymentIntents.create(payment('other'));
  const intent = await stripe.paymentIntents.create(payment('wanted'));
  const find = async () => {
    const found = await stripe.paymentIntents.search({ query: "metadata['reference']:'wanted'" });
    return found.data.map(({ id }) => id);
  };
  expect(await find()).toEqual([]);
  expect((await stripe.paymentIntents.list({ limit: 1 })).data[0]?.id).toBe(intent.id);
  await expect.poll(find).toEqual([intent.id]);
  const both = await stripe.paymentIntents.search({ query: "status:'requires_capture' AND amount>999" });
  expect(both.data.length).toBe(2);
  await expect(stripe.paymentIntents.search({ query: 'nonsense' })).rejects.toMatchObject({
    statusCode: 400,
  });
});

test('several captures where multicapture was asked for, and none where it was not', async () => {
  const sim = await simulator('stripe');
  const stripe = sdk(sim);
  const options = { card: { request_multicapture: 'if_available' as const } };
  const intent = await stripe.paymentIntents.create(
    payment('r1', undefined, { payment_method_options: options }),
  );
  const first = await stripe.paymentIntents.capture(intent.id, {
    amount_to_capture: 300,
    final_capture: false,
  });
  expect(first).toMatchObject({ status: 'requires_capture', amount_capturable: 700, amount_received: 300 });
  const last = await stripe.paymentIntents.capture(intent.id, { amount_to_capture: 500 });
  expect(last).toMatchObject({ status: 'succeeded', amount_capturable: 0, amount_received: 800 });
  const plain = await stripe.paymentIntents.create(payment('r2'));
  const partial = stripe.paymentIntents.capture(plain.id, { amount_to_capture: 300, final_capture: false });
  await expect(partial).rejects.toMatchObject({ param: 'final_capture' });
});

test('amounts follow the currency: yen whole, dinars in tens, krona and shillings in hundreds', async () => {
  const sim = await simulator('stripe');
  const stripe = sdk(sim);
  const cases = [
    ['jpy', 700, 700],
    ['kwd', 1230, 1230],
    ['isk', 500, 5],
    ['ugx', 500_00, 500],
    ['mga', 300, 30_000],
  ] as const;
  for (const [currency, amount, amountMinor] of cases) {
    await stripe.paymentIntents.create(payment(currency, undefined, { currency, amount }));
    const effects = (await journalOf(sim, currency)).filter((line) => line.kind === 'effect');
    expect(effects).toMatchObject([{ amountMinor, currency: currency.toUpperCase() }]);
  }
  for (const [currency, amount] of [
    ['kwd', 1234],
    ['isk', 550],
  ] as const) {
    const odd = stripe.paymentIntents.create(payment('odd', undefined, { currency, amount }));
    await expect(odd).rejects.toMatchObject({ statusCode: 400, param: 'amount' });
  }
});

test('bad requests get the error Stripe documents, and journal no effect', async () => {
  const sim = await simulator('stripe');
  const stripe = sdk(sim);
  const cases: [() => Promise<unknown>, object][] = [
    [
      () => stripe.paymentIntents.create(payment('bad', undefined, { amount: 49 })),
      { code: 'amount_too_small' },
    ],
    [
      () => stripe.paymentIntents.create(payment('bad', undefined, { currency: 'zzz' })),
      { param: 'currency' },
    ],
    [
      () => stripe.paymentIntents.create(payment('bad', '4242424242424242', { amount: 0 })),
      { code: 'parameter_invalid_integer' },
    ],
    [
      () => stripe.paymentIntents.create(payment('bad', '4242424242424243')),
      { code: 'invalid_number', statusCode: 402 },
    ],
    [
      () => stripe.paymentIntents.create(payment('bad', '4242424242424241')),
      { code: 'incorrect_number', statusCode: 402 },
    ],
    [
      () => stripe.paymentIntents.create({ currency: 'eur' } as Stripe.PaymentIntentCreateParams),
      { code: 'parameter_missing', param: 'amount' },
    ],
    [
      () =>
        stripe.paymentIntents.create({
          ...payment('bad'),
          colour: 'red',
        } as Stripe.PaymentIntentCreateParams),
      { code: 'parameter_unknown' },
    ],
    [() => stripe.paymentIntents.retrieve('pi_none'), { code: 'resource_missing', statusCode: 404 }],
    [
      () => stripe.refunds.create({ payment_intent: 'pi_none' }),
      { code: 'resource_missing', statusCode: 404 },
    ],
    [() => sdk(sim, 'sk_test_wrong').paymentIntents.create(payment('bad')), { statusCode: 401 }],
  ];
  for (const [attempt, expected] of cases) await expect(attempt()).rejects.toMatchObject(expected);
  expect((await journalOf(sim)).filter((line) => line.kind === 'effect')).toEqual([]);
  expect((await raw(`${sim.apiUrl}/v1/payment_intents`)).status).toBe(401);
  expect((await stripeRequest(sim, '/v2/nothing')).status).toBe(404);
});

test('an authorization left alone expires on its own, with a webhook', async () => {
  const endpoint = await receiver();
  // 7 days, scaled to 300 ms.
  const sim = await simulator('stripe', { timeScale: 5e-7, webhookUrl: endpoint.url });
  const { id } = JSON.parse((await stripePayment(sim, 'r1')).body);
  await expect.poll(() => effectsOf(sim, 'r1')).toEqual(['authorized', 'expired']);
  const intent = JSON.parse((await stripeRequest(sim, `/v1/payment_intents/${id}`)).body);
  expect(intent).toMatchObject({ status: 'canceled', cancellation_reason: 'automatic' });
  const types = () => endpoint.deliveries.map(({ body }) => JSON.parse(body).type);
  await expect.poll(types).toContain('payment_intent.canceled');
});

test('a refund may be pending first, or fail after it succeeded', async () => {
  const endpoint = await receiver();
  const sim = await simulator('stripe', { webhookUrl: endpoint.url });
  const stripe = sdk(sim);
  const refundOf = async (reference: string, number: string) => {
    const intent = await stripe.paymentIntents.create(
      payment(reference, number, { capture_method: 'automatic' }),
    );
    return await stripe.refunds.create({ payment_intent: intent.id });
  };
  const slow = await refundOf('slow', '4000000000007726');
  expect(slow.status).toBe('pending');
  await expect.poll(async () => (await stripe.refunds.retrieve(slow.id)).status).toBe('succeeded');
  const doomed = await refundOf('doomed', '4000000000005126');
  expect(doomed.status).toBe('succeeded');
  await expect.poll(async () => (await stripe.refunds.retrieve(doomed.id)).status).toBe('failed');
  expect(await effectsOf(sim, 'slow')).toEqual(['authorized', 'captured', 'refund_pending', 'refunded']);
  expect(await effectsOf(sim, 'doomed')).toEqual(['authorized', 'captured', 'refunded', 'refund_failed']);
  const types = () => endpoint.deliveries.map(({ body }) => JSON.parse(body).type);
  await expect
    .poll(types)
    .toEqual(expect.arrayContaining(['refund.created', 'refund.updated', 'refund.failed']));
  const events = await stripe.events.list({ type: 'refund.failed' });
  expect(events.data).toMatchObject([{ type: 'refund.failed', data: { object: { id: doomed.id } } }]);
});
