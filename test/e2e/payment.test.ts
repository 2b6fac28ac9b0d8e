import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../support/harness.ts';
import { freshKey, type System, startSystem } from '../support/system.ts';

let system: System;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(async () => {
  await system?.close();
});

const effects = async (provider: 'stripe' | 'adyen', paymentId: string) =>
  (await system.journal(provider, paymentId))
    .filter((line) => line.kind === 'effect')
    .map((line) => line.effect);

const payment = async (id: string) => (await system.request('GET', `/v1/payments/${id}`)).body;

describe('a payment through Stripe', () => {
  it('is charged once, answered at once, and explained', async () => {
    const answer = await system.pay({ amount: 1250, currency: 'USD', payment_method: await system.card() });
    expect(answer.body).toMatchObject({
      status: 'succeeded',
      amount: 1250,
      amount_captured: 1250,
      currency: 'USD',
    });
    expect(answer.status).toBe(201);
    expect(await effects('stripe', answer.body.id)).toEqual(['authorized', 'captured']);
    expect(await effects('adyen', answer.body.id)).toEqual([]);
  });

  it('declines as a value, with the reason and the code of the card network', async () => {
    const answer = await system.pay({
      amount: 900,
      currency: 'USD',
      payment_method: await system.card('4000000000009995'),
    });
    expect(answer.status).toBe(402);
    expect(answer.body.error).toMatchObject({ type: 'card_error', decline_code: 'insufficient_funds' });
  });

  it('is authorized, captured in part, and voided on command', async () => {
    const held = await system.pay({
      amount: 5000,
      currency: 'USD',
      capture_method: 'manual',
      payment_method: await system.card(),
    });
    expect(held.body).toMatchObject({ status: 'requires_capture', amount_capturable: 5000 });
    const captured = await system.request('POST', `/v1/payments/${held.body.id}/capture`, {
      key: freshKey(),
      body: { amount: 2000 },
    });
    expect(captured.body).toMatchObject({ status: 'succeeded', amount_captured: 2000 });
    const other = await system.pay({
      amount: 700,
      currency: 'USD',
      capture_method: 'manual',
      payment_method: await system.card(),
    });
    const voided = await system.request('POST', `/v1/payments/${other.body.id}/void`, {
      key: freshKey(),
      body: {},
    });
    expect(voided.body).toMatchObject({ status: 'canceled' });
    expect(await effects('stripe', other.body.id)).toEqual(['authorized', 'voided']);
    const again = await system.request('POST', `/v1/payments/${other.body.id}/capture`, {
      key: freshKey(),
      body: {},
    });
    expect(again.status).toBe(409);
    expect(again.body.error).toMatchObject({ status: 'canceled', allowed: [] });
  });
});

describe('a payment through Adyen', () => {
  it('is authorized, captured by our own operation, and settled by webhook', async () => {
    const answer = await system.pay({
      amount: 1250,
      currency: 'EUR',
      payment_method: await system.card('4111111111111111'),
    });
    const { id } = answer.body;
    await waitFor(async () => (await payment(id)).status === 'succeeded', { what: 'the capture to settle' });
    expect(await effects('adyen', id)).toEqual(['authorized', 'captured']);
  });
});

describe('failover', () => {
  it('goes to the other provider, once, when the first refuses connections', async () => {
    await system.fault('stripe', { operation: 'any', mode: 'refuse' });
    try {
      const answer = await system.pay({
        amount: 3300,
        currency: 'USD',
        payment_method: await system.card('4111111111111111'),
      });
      const { id } = answer.body;
      await waitFor(async () => (await payment(id)).status === 'succeeded', {
        what: 'the other provider to charge',
      });
      expect(
        (await payment(id)).attempts.map((attempt: { provider: string; status: string }) => [
          attempt.provider,
          attempt.status,
        ]),
      ).toEqual([
        ['stripe', 'errored'],
        ['adyen', 'captured'],
      ]);
      expect(await effects('adyen', id)).toEqual(['authorized', 'captured']);
    } finally {
      await system.clearFaults();
    }
  });
});

describe('an unknown outcome', () => {
  it.each(['reset_before_commit', 'reset_after_commit', 'truncate'])(
    'is resolved to one charge after %s',
    async (mode) => {
      const card = await system.card('4242424242424242', { holder_name: `SANDBOX ${mode}` });
      const answer = await system.pay({ amount: 4400, currency: 'USD', payment_method: card });
      const { id } = answer.body;
      await waitFor(async () => (await payment(id)).status === 'succeeded', { what: 'the resolver' });
      expect(await effects('stripe', id)).toEqual(['authorized', 'captured']);
      expect(await effects('adyen', id)).toEqual([]);
    },
  );
});

describe('a repeated request', () => {
  it('gets the same answer, and 100 parallel ones make one charge', async () => {
    const body = { amount: 1000, currency: 'USD', payment_method: await system.card() };
    const key = freshKey();
    const answers = await Promise.all(Array.from({ length: 100 }, () => system.pay(body, { key })));
    const ids = new Set(answers.map((answer) => answer.body.id));
    expect(ids.size).toBe(1);
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([201]));
    expect(await effects('stripe', [...ids][0] ?? '')).toEqual(['authorized', 'captured']);
    const other = await system.pay({ ...body, amount: 1001 }, { key });
    expect(other.status).toBe(422);
  });
});
