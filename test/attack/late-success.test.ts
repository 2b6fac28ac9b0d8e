import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../support/harness.ts';
import { type System, startSystem } from '../support/system.ts';
import { effects, exceptions, expectSound, payment } from './support/checks.ts';
import { tellOnFailure } from './support/dump.ts';
import { type Operator, operatorOf } from './support/temporal.ts';

/** An attempt that was proven uncharged turns out to have charged after all. */
let system: System;
let operator: Operator;
beforeAll(async () => {
  system = await startSystem();
  operator = await operatorOf(system);
});
afterAll(async () => {
  await operator?.close();
  await system?.close();
});
tellOnFailure(() => system);

type Provider = 'stripe' | 'adyen';

async function pay(body: Record<string, unknown>) {
  const answer = await system.pay(body);
  const { id } = answer.status === 201 || answer.status === 202 ? answer.body : answer.body.error.payment;
  await waitFor(async () => (await payment(system, id)).status !== 'processing', { what: 'it to end' });
  return payment(system, id);
}

async function lateSuccess(provider: Provider, paymentId: string, attempt = 1): Promise<void> {
  const [row] = await system.sql<{ id: string }>(
    'SELECT id FROM attempt WHERE payment_id = $1 AND number = $2',
    [paymentId, attempt],
  );
  await system.admin(provider, 'POST', `/payments/${row?.id}/late-success`, {});
}

const attemptBecomes = (id: string, status: string, attempt = 0) =>
  waitFor(async () => (await payment(system, id)).attempts[attempt]?.status === status, {
    what: `attempt ${attempt + 1} to be ${status}`,
  });
const steps = async (id: string) =>
  (await system.sql('SELECT sequence FROM audit WHERE payment_id = $1', [id])).length;
const postings = (id: string) =>
  system.sql<{ kind: string; account: string; amount: string }>(
    `SELECT t.kind, split_part(p.account, '/', 1) AS account, p.amount_minor::text AS amount
     FROM ledger_posting p JOIN ledger_transaction t ON t.id = p.transaction_id WHERE t.payment_id = $1 ORDER BY p.id`,
    [id],
  );

describe('a late success', () => {
  it('of a declined charge at Stripe is refunded through suspense; the payment stays failed', async () => {
    const card = await system.card('4000000000009995');
    const { id, status } = await pay({ amount: 2_100, currency: 'USD', payment_method: card });
    expect(status).toBe('failed');
    await system.admin('stripe', 'POST', '/webhooks', { mode: 'duplicate', copies: 5 });
    try {
      await lateSuccess('stripe', id);
      await attemptBecomes(id, 'refunded');
    } finally {
      await system.admin('stripe', 'POST', '/webhooks', { mode: 'normal' });
    }
    expect(await payment(system, id)).toMatchObject({ status: 'failed', amount_captured: 0 });
    expect(await exceptions(system, id)).toEqual(['late_success']);
    expect(await postings(id)).toEqual([
      { kind: 'late_success', account: 'provider_receivable', amount: '2100' },
      { kind: 'late_success', account: 'suspense', amount: '-2100' },
      { kind: 'late_success_undone', account: 'suspense', amount: '2100' },
      { kind: 'late_success_undone', account: 'provider_receivable', amount: '-2100' },
    ]);
    await lettersRead(id);
    expect((await effects(system, 'stripe', id)).filter((effect) => effect === 'refunded')).toHaveLength(1);
    await expectSound(system, id);
  });

  it('of a declined authorization is voided, and posts nothing', async () => {
    const card = await system.card('4000000000009995');
    const order = { amount: 2_200, currency: 'USD', capture_method: 'manual', payment_method: card };
    const { id } = await pay(order);
    await lateSuccess('stripe', id);
    await attemptBecomes(id, 'voided');
    expect(await payment(system, id)).toMatchObject({ status: 'failed' });
    expect(await exceptions(system, id)).toEqual(['late_success']);
    expect(await postings(id)).toEqual([]);
    await lettersRead(id);
    await expectSound(system, id);
  });

  it('of an attempt that was failed over from leaves the other provider as the one charge', async () => {
    const card = await system.card('4000000000000119');
    const { id, status } = await pay({ amount: 2_300, currency: 'USD', payment_method: card });
    expect(status).toBe('succeeded');
    expect(await effects(system, 'adyen', id)).toEqual(['authorized', 'captured']);
    await lateSuccess('stripe', id);
    await attemptBecomes(id, 'refunded');
    const after = await payment(system, id);
    expect(after).toMatchObject({ status: 'succeeded', amount_captured: 2_300, amount_refunded: 0 });
    expect(after.attempts.map((attempt: { status: string }) => attempt.status)).toEqual([
      'refunded',
      'captured',
    ]);
    expect(await exceptions(system, id)).toEqual(['late_success']);
    await lettersRead(id);
    await expectSound(system, id);
  });

  it('of a refused authorization at Adyen is voided by the evidence of its webhook', async () => {
    const card = await system.card('4111111111111111', { holder_name: 'NOT_ENOUGH_BALANCE' });
    const { id, status } = await pay({ amount: 2_400, currency: 'EUR', payment_method: card });
    expect(status).toBe('failed');
    await lateSuccess('adyen', id);
    await attemptBecomes(id, 'voided');
    expect(await payment(system, id)).toMatchObject({ status: 'failed' });
    expect(await exceptions(system, id)).toEqual(['late_success']);
    await lettersRead(id);
    await expectSound(system, id);
  });

  it('told many times over, and again after it was undone, is undone once', async () => {
    const card = await system.card('4111111111111111', { holder_name: 'NOT_ENOUGH_BALANCE' });
    const { id } = await pay({ amount: 2_450, currency: 'EUR', payment_method: card });
    await lateSuccess('adyen', id);
    await attemptBecomes(id, 'voided');
    await lettersRead(id);
    const [stepsBefore, effectsBefore] = [await steps(id), await effects(system, 'adyen', id)];
    const letters = await system.sql<{ raw_body: Buffer }>(
      'SELECT raw_body FROM inbox WHERE payment_id = $1',
      [id],
    );
    for (let round = 0; round < 3; round += 1) {
      for (const { raw_body } of letters) {
        const response = await fetch(`${system.apiUrl}/v1/webhooks/adyen/pa_demo_adyen`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: Uint8Array.from(raw_body),
        });
        expect(response.status).toBe(200);
      }
    }
    expect([await steps(id), await effects(system, 'adyen', id)]).toEqual([stepsBefore, effectsBefore]);
    await expectSound(system, id);
  });

  it('whose refund is refused at first is given back all the same', async () => {
    const card = await system.card('4000000000009995');
    const { id } = await pay({ amount: 2_600, currency: 'USD', payment_method: card });
    await system.fault('stripe', { operation: 'refund', mode: 'reset_after_commit', times: 1 });
    await lateSuccess('stripe', id);
    await attemptBecomes(id, 'refunded');
    expect((await effects(system, 'stripe', id)).filter((effect) => effect === 'refunded')).toHaveLength(1);
    await lettersRead(id);
    await expectSound(system, id);
  });

  it('that cannot be asked about when it is told of stays in the letter box until it can', async () => {
    const card = await system.card('4000000000009995');
    const { id } = await pay({ amount: 2_700, currency: 'USD', payment_method: card });
    await lettersRead(id);
    await system.fault('stripe', { operation: 'lookup', mode: 'status' });
    await lateSuccess('stripe', id);
    const open = () =>
      system.sql<{ n: number }>(
        `SELECT p.generation AS n FROM payment p WHERE id = $1 AND EXISTS
           (SELECT 1 FROM inbox i WHERE i.payment_id = p.id AND i.acknowledged_at IS NULL)`,
        [id],
      );
    // A generation was opened for it, asked in vain, and closed.
    const generation = await waitFor(
      async () => {
        const [row] = await open();
        if (row === undefined || row.n < 2) return undefined;
        return (await operator.statusOf(id, row.n)) === 'COMPLETED' ? row.n : undefined;
      },
      { what: 'the question to fail' },
    );
    expect(generation).toBeGreaterThanOrEqual(2);
    expect(await open()).toHaveLength(1);
    await system.clearFaults();
    await operator.sweep();
    await attemptBecomes(id, 'refunded');
    expect(await exceptions(system, id)).toEqual(['late_success']);
    await lettersRead(id);
    await expectSound(system, id);
  });
});

describe('an authorization that waits for its merchant', () => {
  /** As somebody does it at the provider's dashboard: the intent is acted on, and nobody here has asked for it. */
  async function byHand(paymentId: string, act: 'capture' | 'cancel', form: Record<string, string> = {}) {
    const reference = (await payment(system, paymentId)).attempts[0]?.provider_reference;
    const { status } = await fetch(`${system.providerUrls.stripe}/v1/payment_intents/${reference}/${act}`, {
      method: 'POST',
      headers: { authorization: 'Bearer sk_test_simulated' },
      body: new URLSearchParams(form),
    });
    expect(status).toBe(200);
  }
  const holds = async (amount: number) => {
    const card = await system.card('4242424242424242');
    return pay({ amount, currency: 'USD', capture_method: 'manual', payment_method: card });
  };
  const becomes = (id: string, status: string) =>
    waitFor(async () => (await payment(system, id)).status === status, { what: `${id} to be ${status}` });

  // Stripe lets go of what the capture leaves, so nothing is left to capture here either.
  it.each([
    ['whole', 2_800],
    ['in part', 1_200],
  ])('and is captured at Stripe by hand, %s, is the merchant’s money, in the books', async (_how, amount) => {
    const { id } = await holds(2_800);
    await byHand(id, 'capture', { amount_to_capture: String(amount) });
    await becomes(id, 'succeeded');
    expect(await payment(system, id)).toMatchObject({ amount_captured: amount });
    expect(await postings(id)).toEqual([
      { kind: 'capture', account: 'provider_receivable', amount: String(amount) },
      { kind: 'capture', account: 'merchant_payable', amount: String(-amount) },
    ]);
    await lettersRead(id);
    expect(await exceptions(system, id)).toEqual([]);
  });

  it('and is canceled at Stripe by hand is gone', async () => {
    const { id } = await holds(2_900);
    await byHand(id, 'cancel');
    await becomes(id, 'expired');
    expect(await payment(system, id)).toMatchObject({ amount_captured: 0 });
    await lettersRead(id);
    expect(await exceptions(system, id)).toEqual([]);
  });
});

/** All that was sent about the payment has been read, so nothing is still to come of it. */
async function lettersRead(id: string): Promise<void> {
  await waitFor(
    async () => {
      const open = await system.sql('SELECT 1 FROM inbox WHERE payment_id = $1 AND acknowledged_at IS NULL', [
        id,
      ]);
      const unsettled = await system.sql(
        'SELECT 1 FROM operation WHERE payment_id = $1 AND closed_at IS NULL',
        [id],
      );
      return open.length + unsettled.length === 0;
    },
    { what: 'every letter to be read' },
  );
}
