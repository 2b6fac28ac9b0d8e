import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../support/harness.ts';
import { type Answer, freshKey, type System, startSystem } from '../support/system.ts';
import { exceptions, expectAuditChain, expectSound } from './support/checks.ts';

/** Refunds as merchants make them, and everything that can go wrong on their way to a provider and back. */
let system: System;
beforeAll(async () => {
  system = await startSystem({ providerDeadlineMs: 1_500 });
});
afterAll(() => system?.close());

const ADYEN_CARD = '4111111111111111';
const REFUND_PENDING_CARD = '4000000000007726';
const REFUND_FAILS_CARD = '4000000000005126';

async function paid(body: Record<string, unknown> = {}, card?: string, extra = {}): Promise<string> {
  const order = { amount: 1_000, currency: 'USD', ...body };
  const answer = await system.pay({ ...order, payment_method: await system.card(card, extra) });
  expect(answer.status).toBeLessThan(300);
  await waitFor(async () => (await payment(answer.body.id)).status !== 'processing', {
    what: 'the payment to settle',
  });
  return answer.body.id;
}

const paidAtAdyen = (extra = {}) => paid({ currency: 'EUR' }, ADYEN_CARD, extra);

async function payment(id: string): Promise<Answer['body']> {
  return (await system.request('GET', `/v1/payments/${id}`)).body;
}

function refund(paymentId: string, body: Record<string, unknown> = {}, key = freshKey()): Promise<Answer> {
  return system.request('POST', `/v1/payments/${paymentId}/refunds`, { key, body });
}

/** The refund once it says what the condition waits for. */
function refundUntil(refundId: string, status: string): Promise<Answer['body']> {
  return waitFor(
    async () => {
      const { body } = await system.request('GET', `/v1/refunds/${refundId}`);
      return body.status === status ? body : undefined;
    },
    { what: `refund ${refundId} to be ${status}` },
  );
}

async function refundEffects(paymentId: string, provider: 'stripe' | 'adyen' = 'stripe') {
  const lines = await system.journal(provider, paymentId);
  return lines.flatMap(({ effect }) => (effect?.startsWith('refund') ? [effect] : []));
}

async function balance(paymentId: string): Promise<Record<string, number> | undefined> {
  const [row] = await system.sql<Record<string, number>>(
    `SELECT captured_minor::int AS captured, refund_reserved_minor::int AS reserved, refunded_minor::int AS refunded,
      external_refunded_minor::int AS external FROM payment_balance WHERE payment_id = $1`,
    [paymentId],
  );
  return row;
}

describe('a refund', () => {
  it('gives back a part, then the rest, and is shown on the payment', async () => {
    const id = await paid();
    const part = await refund(id, { amount: 400, reason: 'duplicate', reference: 'r-1' });
    expect(part.status).toBe(201);
    expect(part.body).toMatchObject({
      object: 'refund',
      payment: id,
      amount: 400,
      status: 'succeeded',
      reason: 'duplicate',
      reference: 'r-1',
    });
    const rest = await refund(id);
    expect(rest.body).toMatchObject({ amount: 600, status: 'succeeded' });
    expect(await payment(id)).toMatchObject({ status: 'succeeded', amount_refunded: 1_000 });
    await expectSound(system, id);
    await expectAuditChain(system, part.body.id);
    const list = await system.request('GET', `/v1/refunds?payment=${id}`);
    expect(list.body.data.map((each: { id: string }) => each.id)).toEqual([rest.body.id, part.body.id]);
    const events = await system.sql<{ type: string }>(
      'SELECT type FROM outbox WHERE owner_id = $1 ORDER BY sequence, type',
      [part.body.id],
    );
    expect(events.map(({ type }) => type)).toEqual(['refund.created', 'refund.succeeded']);
  });

  it('is the same refund under the same key, and refuses the key for another body', async () => {
    const id = await paid();
    const key = freshKey();
    const [first, second] = await Promise.all([
      refund(id, { amount: 300 }, key),
      refund(id, { amount: 300 }, key),
    ]);
    expect(second.body.id).toBe(first.body.id);
    const later = await refund(id, { amount: 300 }, key);
    expect(later.headers.get('idempotent-replayed')).toBe('true');
    expect(later.body).toMatchObject({ id: first.body.id, status: 'succeeded' });
    expect((await refund(id, { amount: 301 }, key)).status).toBe(422);
    expect(await refundEffects(id)).toEqual(['refunded']);
  });

  it('is settled by webhook where the provider only accepts it', async () => {
    const id = await paidAtAdyen();
    const made = await refund(id, { amount: 250 });
    expect(made.status).toBe(201);
    await refundUntil(made.body.id, 'succeeded');
    expect(await refundEffects(id, 'adyen')).toEqual(['refunded']);
    await expectSound(system, id);
  });

  it('waits as pending until the provider has made it', async () => {
    const id = await paid({}, REFUND_PENDING_CARD);
    const made = await refund(id, { amount: 100 });
    expect(made.body.status).toMatch(/pending|succeeded/);
    await refundUntil(made.body.id, 'succeeded');
    await expectSound(system, id);
  });
});

describe('of fifty parallel refunds of a twenty-fifth each', () => {
  it('exactly twenty-five succeed', async () => {
    const id = await paid();
    const answers = await Promise.all(Array.from({ length: 50 }, () => refund(id, { amount: 40 })));
    const made = answers.filter(({ status }) => status === 201);
    const refused = answers.filter(({ status }) => status === 409);
    expect([made.length, refused.length]).toEqual([25, 25]);
    for (const { body } of refused) {
      expect(['amount_too_large', 'nothing_to_refund']).toContain(body.error.code);
    }
    await Promise.all(made.map(({ body }) => refundUntil(body.id, 'succeeded')));
    expect(await refundEffects(id)).toHaveLength(25);
    expect(await balance(id)).toEqual({ captured: 1_000, reserved: 1_000, refunded: 1_000, external: 0 });
    await expectSound(system, id);
  });
});

describe('a refund is refused, and nothing is sent', () => {
  it.each([
    ['of more than was captured', { amount: 1_001 }, 'amount_too_large', 'amount'],
    ['in another currency', { amount: 100, currency: 'EUR' }, 'currency_mismatch', 'currency'],
  ])('%s', async (_what, body, code, param) => {
    const id = await paid();
    const { status, body: answer } = await refund(id, body);
    expect({ status, code: answer.error.code, param: answer.error.param }).toEqual({
      status: 409,
      code,
      param,
    });
    expect(await refundEffects(id)).toEqual([]);
    expect(await system.sql('SELECT 1 FROM refund WHERE payment_id = $1', [id])).toEqual([]);
  });

  it('of a payment that was voided, and of one that is only authorized', async () => {
    const id = await paid({ capture_method: 'manual' });
    const early = await refund(id);
    expect([early.status, early.body.error.code]).toEqual([409, 'nothing_to_refund']);
    expect(early.body.error.message).toMatch(/void it/);
    await system.request('POST', `/v1/payments/${id}/void`, { key: freshKey(), body: {} });
    const late = await refund(id);
    expect([late.status, late.body.error.code, late.body.error.status]).toEqual([
      409,
      'nothing_to_refund',
      'canceled',
    ]);
  });

  it('of another merchant, or of none, in the same words', async () => {
    const none = await refund(`pay_${'a'.repeat(26)}`);
    expect([none.status, none.body.error.code]).toEqual([404, 'resource_missing']);
    expect((await system.request('GET', `/v1/refunds/ref_${'a'.repeat(26)}`)).status).toBe(404);
    expect((await refund(await paid(), {}, '')).status).toBe(400);
  });
});

describe('an answer that is lost', () => {
  it.each([['reset_after_commit'], ['truncate'], ['status_after_commit'], ['hang_after_commit']])(
    'leaves one refund at Stripe: %s',
    async (mode) => {
      const id = await paid();
      await system.fault('stripe', { operation: 'refund', mode, times: 1, match: { reference: undefined } });
      const made = await refund(id, { amount: 700 });
      expect([201, 202]).toContain(made.status);
      const [refundId] = await system.sql<{ id: string }>('SELECT id FROM refund WHERE payment_id = $1', [
        id,
      ]);
      await refundUntil(refundId?.id ?? '', 'succeeded');
      await system.clearFaults();
      expect(await refundEffects(id)).toEqual(['refunded']);
      await expectSound(system, id);
    },
  );

  it('leaves one refund at Adyen, which can only be asked by sending again', async () => {
    const id = await paidAtAdyen();
    await system.fault('adyen', { operation: 'refund', mode: 'reset_after_commit', times: 1 });
    const made = await refund(id);
    expect([201, 202]).toContain(made.status);
    await refundUntil(made.body.id, 'succeeded');
    expect(await refundEffects(id, 'adyen')).toEqual(['refunded']);
    await expectSound(system, id);
  });

  it('keeps the amount reserved while nobody knows', async () => {
    const id = await paid();
    await system.fault('stripe', { operation: 'refund', mode: 'hang' });
    await system.fault('stripe', { operation: 'lookup', mode: 'status' });
    const made = await system.request('POST', `/v1/payments/${id}/refunds`, {
      key: freshKey(),
      body: { amount: 600 },
      headers: { prefer: 'wait=2' },
    });
    expect(made.status).toBe(202);
    expect(made.body.status).toBe('pending');
    const more = await refund(id, { amount: 600 });
    expect([more.status, more.body.error.code]).toEqual([409, 'amount_too_large']);
    await system.clearFaults();
    await refundUntil(made.body.id, 'succeeded');
    expect(await refundEffects(id)).toEqual(['refunded']);
  });
});

describe('a provider that cannot be reached', () => {
  it('is tried again with a new operation, until the refund is made', async () => {
    const id = await paid();
    await system.fault('stripe', { mode: 'refuse' });
    const made = await refund(id, { amount: 500 });
    expect(made.body).toMatchObject({ status: 'pending', allowed: ['cancel'] });
    await system.clearFaults();
    await refundUntil(made.body.id, 'succeeded');
    expect(await refundEffects(id)).toEqual(['refunded']);
    await expectSound(system, id);
  });

  it('lets the refund be canceled, and its amount be refunded again', async () => {
    const id = await paid();
    await system.fault('stripe', { mode: 'refuse' });
    const made = await refund(id);
    const canceled = await system.request('POST', `/v1/refunds/${made.body.id}/cancel`, {
      key: freshKey(),
      body: {},
    });
    await system.clearFaults();
    expect([canceled.status, canceled.body.status]).toEqual([200, 'canceled']);
    expect(await balance(id)).toMatchObject({ reserved: 0, refunded: 0 });
    expect((await refund(id)).body).toMatchObject({ amount: 1_000, status: 'succeeded' });
    expect(await refundEffects(id)).toEqual(['refunded']);
    const again = await system.request('POST', `/v1/refunds/${made.body.id}/cancel`, {
      key: freshKey(),
      body: {},
    });
    expect([again.status, again.body.error.code]).toEqual([409, 'refund_unexpected_state']);
    await expectSound(system, id);
  });
});

describe('a refund that the provider takes back', () => {
  it.each([
    ['Stripe', () => paid({}, REFUND_FAILS_CARD)],
    ['Adyen (REFUND_FAILED)', () => paidAtAdyen({ holder_name: 'SANDBOX refund_failed' })],
    ['Adyen (REFUNDED_REVERSED)', () => paidAtAdyen({ holder_name: 'SANDBOX refund_reversed' })],
  ])('is reopened for a person, at %s', async (_provider, pay) => {
    const id = await pay();
    const made = await refund(id, { amount: 300 });
    const reopened = await refundUntil(made.body.id, 'requires_review');
    expect(reopened.failure.code).toBe('refund_reversed');
    expect(await exceptions(system, id)).toEqual(['refund_reversed']);
    expect(await payment(id)).toMatchObject({ amount_refunded: 0 });
    // The amount stays reserved: the payer is still owed it.
    expect(await balance(id)).toMatchObject({ reserved: 300, refunded: 0 });
    await expectAuditChain(system, made.body.id);
    await expectSound(system, id);
  });
});

describe('a refund that somebody makes at the provider', () => {
  async function atStripe(paymentId: string, amount: number): Promise<void> {
    const [intent] = (await system.journal('stripe', paymentId)).filter(
      ({ effect }) => effect === 'authorized',
    );
    const secrets = system.config.providerSecrets.pa_demo_stripe;
    const response = await fetch(`${system.providerUrls.stripe}/v1/refunds`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${secrets?.apiKey}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams({ payment_intent: intent?.providerReference ?? '', amount: String(amount) }),
    });
    expect(response.status).toBe(200);
  }

  it('is recorded once, shown, and bounds what we refund', async () => {
    const id = await paid();
    await atStripe(id, 400);
    await waitFor(async () => (await payment(id)).amount_refunded === 400, { what: 'the refund to be seen' });
    expect(await exceptions(system, id)).toEqual(['external_refund']);
    const more = await refund(id, { amount: 601 });
    expect([more.status, more.body.error.code]).toEqual([409, 'amount_too_large']);
    expect((await refund(id, { amount: 600 })).body.status).toBe('succeeded');
    expect(await payment(id)).toMatchObject({ status: 'succeeded', amount_refunded: 1_000 });
    expect(await balance(id)).toEqual({ captured: 1_000, reserved: 600, refunded: 600, external: 400 });
    await expectSound(system, id);
  });

  it('opens an exception where it exceeds, with ours, what was captured', async () => {
    const id = await paid();
    await system.fault('stripe', { operation: 'refund', mode: 'hang', times: 1 });
    const waiting = system.request('POST', `/v1/payments/${id}/refunds`, {
      key: freshKey(),
      body: { amount: 800 },
      headers: { prefer: 'wait=2' },
    });
    await waitFor(async () => ((await system.admin('stripe', 'GET', '/faults')) as unknown[]).length === 0, {
      what: 'our refund to hang',
    });
    await atStripe(id, 500);
    await waitFor(async () => (await exceptions(system, id)).includes('refund_excess'), {
      what: 'the excess to be told',
    });
    // The fact is in the books, and what is on its way keeps its reservation: nobody knows yet that it can't be made.
    expect(await balance(id)).toEqual({ captured: 1_000, reserved: 800, refunded: 0, external: 500 });
    expect((await waiting).status).toBe(202);
    expect((await refund(id, { amount: 1 })).body.error.code).toBe('nothing_to_refund');
  });
});

describe('a provider whose adapter cannot refund', () => {
  it('gives the refund to a person at once', async () => {
    const id = await paid();
    await system.sql(`UPDATE payment SET route = jsonb_set(route, '{0,canRefund}', 'false') WHERE id = $1`, [
      id,
    ]);
    const made = await refund(id, { amount: 200 });
    expect(made.body).toMatchObject({
      status: 'requires_review',
      failure: { code: 'provider_cannot_refund' },
      allowed: ['cancel'],
    });
    expect(await exceptions(system, id)).toEqual(['manual_refund']);
    expect(await refundEffects(id)).toEqual([]);
  });
});
