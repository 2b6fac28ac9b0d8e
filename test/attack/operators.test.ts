import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../support/harness.ts';
import { type Answer, freshKey, type System, type SystemOptions, startSystem } from '../support/system.ts';
import { effects, exceptions, expectAuditChain, expectSound } from './support/checks.ts';

/** What operators may do by the API, what they may not, and what each of it leaves behind. */
let system: System;

/** Each group has a system of its own pace, closed when the group is done. */
function paced(options: SystemOptions): void {
  beforeAll(async () => {
    system = await startSystem(options);
  });
  afterAll(() => system?.close());
}

const ADYEN_CARD = '4111111111111111';
const REASON = 'ticket 4711';

type Name = 'alice' | 'bob';

function command(path: string, body: unknown, who: Name = 'alice', key = freshKey()): Promise<Answer> {
  return system.request('POST', `/v1/operator/${path}`, {
    key,
    body,
    apiKey: system.operatorKeys[who],
  });
}

function view(path: string): Promise<Answer> {
  return system.request('GET', `/v1/operator/${path}`, { apiKey: system.operatorKeys.alice });
}

async function payment(id: string): Promise<Answer['body']> {
  return (await system.request('GET', `/v1/payments/${id}`)).body;
}

function paymentUntil(id: string, status: string): Promise<Answer['body']> {
  return waitFor(
    async () => {
      const body = await payment(id);
      return body.status === status ? body : undefined;
    },
    { what: `payment ${id} to be ${status}`, timeoutMs: 30_000 },
  );
}

/** A payment that Stripe took or not, and can't be asked about: it ends with a person. */
async function parked(mode: 'hang' | 'hang_after_commit'): Promise<{ id: string; operation: string }> {
  await system.fault('stripe', { operation: 'authorize', mode });
  await system.fault('stripe', { operation: 'lookup', mode: 'status' });
  const { body } = await system.pay(
    { amount: 700, currency: 'USD', payment_method: await system.card() },
    { headers: { prefer: 'wait=1' } },
  );
  await paymentUntil(body.id, 'requires_review');
  const { body: seen } = await view(`payments/${body.id}`);
  expect(seen.exceptions.map((each: { kind: string }) => each.kind)).toEqual(['unknown_outcome_parked']);
  return { id: body.id, operation: seen.operations[0].id };
}

async function actors(ownerId: string): Promise<readonly string[]> {
  const rows = await system.sql<{ line: string }>(
    `SELECT trigger || ' ' || actor AS line FROM audit WHERE owner_id = $1 AND actor LIKE 'operator:%' ORDER BY sequence`,
    [ownerId],
  );
  return rows.map(({ line }) => line);
}

describe('an unknown outcome that nobody can be asked about', () => {
  // A resolver that soon has nothing left to ask, so that payments are parked while a test waits.
  paced({ timeScale: 0.000_005, providerDeadlineMs: 300 });

  it('is resolved by two operators with evidence: it had succeeded', async () => {
    const { id, operation } = await parked('hang_after_commit');
    const [intent] = (await system.journal('stripe', id)).filter(({ effect }) => effect === 'authorized');
    const proposed = await command(`payments/${id}/resolutions`, {
      operation,
      outcome: 'succeeded',
      provider_reference: intent?.providerReference,
      evidence: 'seen as succeeded in the dashboard',
      reason: REASON,
    });
    expect([proposed.status, proposed.body.status]).toEqual([201, 'proposed']);
    expect((await payment(id)).status).toBe('requires_review');
    const alone = await command(`resolutions/${proposed.body.id}/approve`, { reason: REASON });
    expect([alone.status, alone.body.error.code]).toEqual([403, 'second_operator_required']);
    const approved = await command(`resolutions/${proposed.body.id}/approve`, { reason: REASON }, 'bob');
    expect(approved.body).toMatchObject({
      status: 'approved',
      proposed_by: 'opr_alice',
      approved_by: 'opr_bob',
    });
    await system.clearFaults();
    expect(await payment(id)).toMatchObject({ status: 'succeeded', amount_captured: 700 });
    expect(await exceptions(system, id)).toEqual([]);
    expect(await actors(id)).toEqual([
      'operator_proposal operator:opr_alice',
      'operator_resolution operator:opr_bob',
    ]);
    await expectSound(system, id);
    const again = await command(`resolutions/${proposed.body.id}/approve`, { reason: REASON }, 'bob');
    expect(again.status).toBe(409);
  });

  it('is resolved as never executed, and what was executed all the same goes back', async () => {
    const { id, operation } = await parked('hang_after_commit');
    const proposed = await command(
      `payments/${id}/resolutions`,
      { operation, outcome: 'not_executed', evidence: 'not in the settlement file', reason: REASON },
      'bob',
    );
    const approved = await command(`resolutions/${proposed.body.id}/approve`, { reason: REASON });
    expect(approved.status).toBe(200);
    // The shopper's time isn't up, so the payment goes on at the next provider.
    await paymentUntil(id, 'succeeded');
    await system.clearFaults();
    await waitFor(async () => (await effects(system, 'stripe', id)).includes('refunded'), {
      what: 'what the operators had not seen to go back',
      timeoutMs: 30_000,
    });
    await waitFor(async () => (await payment(id)).attempts[0].status === 'refunded', { what: 'the books' });
    expect(await exceptions(system, id)).toEqual(['late_success']);
    await expectSound(system, id);
  });

  it('is asked about again at once when an operator says so', async () => {
    const { id } = await parked('hang_after_commit');
    await system.clearFaults();
    const retried = await command(`payments/${id}/retry`, { reason: 'the provider is back' });
    expect(retried.status).toBeLessThan(300);
    expect(await paymentUntil(id, 'succeeded')).toMatchObject({ amount_captured: 700 });
    expect(await actors(id)).toEqual(['operator_retry operator:opr_alice']);
    await expectSound(system, id);
  });

  it('is neither canceled nor moved: it may have been charged', async () => {
    const { id } = await parked('hang');
    for (const what of ['cancel', 'move', 'void'] as const) {
      const { status, body } = await command(`payments/${id}/${what}`, { reason: REASON });
      expect([what, status]).toEqual([what, 409]);
      expect(body.error.message).toMatch(/unknown|not resolved/);
    }
    await system.clearFaults();
    await command(`payments/${id}/retry`, { reason: 'let it end' });
    await waitFor(async () => !['processing', 'requires_review'].includes((await payment(id)).status), {
      what: 'the payment to end',
      timeoutMs: 30_000,
    });
    await expectSound(system, id);
  });
});

describe('at the usual pace', () => {
  paced({ providerDeadlineMs: 600 });

  describe('an authorization', () => {
    it('is voided by an operator, and says by whom', async () => {
      const { body } = await system.pay({
        amount: 900,
        currency: 'USD',
        capture_method: 'manual',
        payment_method: await system.card(),
      });
      const voided = await command(`payments/${body.id}/void`, { reason: 'fraud team' });
      expect(voided.body).toMatchObject({ status: 'canceled', cancellation_reason: 'voided_by_operator' });
      expect(await actors(body.id)).toEqual(['operator_void operator:opr_alice']);
      await expectSound(system, body.id);
      expect((await command(`payments/${body.id}/void`, { reason: 'once more' })).status).toBe(409);
    });

    it('that is unknown is voided by our reference, which proves it dead', async () => {
      await system.fault('adyen', { operation: 'authorize', mode: 'hang_after_commit', times: 1 });
      await system.fault('adyen', { operation: 'authorize', mode: 'status' });
      await system.admin('adyen', 'POST', '/webhooks', { mode: 'hold' });
      const { body } = await system.pay(
        {
          amount: 900,
          currency: 'EUR',
          capture_method: 'manual',
          payment_method: await system.card(ADYEN_CARD),
        },
        { headers: { prefer: 'wait=1' } },
      );
      expect(body.status).toBe('processing');
      const voided = await command(`payments/${body.id}/void`, { reason: 'the shopper has gone' });
      await system.clearFaults();
      await system.admin('adyen', 'POST', '/webhooks', { mode: 'normal' });
      await system.admin('adyen', 'POST', '/webhooks/release', { order: 'fifo' });
      expect([200, 202]).toContain(voided.status);
      expect(await paymentUntil(body.id, 'canceled')).toMatchObject({
        cancellation_reason: 'voided_by_operator',
      });
      await waitFor(async () => (await effects(system, 'adyen', body.id)).includes('voided'), {
        what: 'the void',
      });
      await expectSound(system, body.id);
    });

    it('that was never confirmed is canceled', async () => {
      const { body } = await system.pay({ amount: 500, currency: 'USD', confirm: false });
      const canceled = await command(`payments/${body.id}/cancel`, { reason: REASON });
      expect(canceled.body).toMatchObject({
        status: 'canceled',
        cancellation_reason: 'canceled_by_operator',
      });
      await expectAuditChain(system, body.id);
    });
  });

  describe('a refund', () => {
    async function manual(): Promise<{ id: string; refund: string }> {
      const { body } = await system.pay({
        amount: 800,
        currency: 'USD',
        payment_method: await system.card(),
      });
      await system.sql(
        `UPDATE payment SET route = jsonb_set(route, '{0,canRefund}', 'false') WHERE id = $1`,
        [body.id],
      );
      const made = await system.request('POST', `/v1/payments/${body.id}/refunds`, {
        key: freshKey(),
        body: {},
      });
      expect(made.body.status).toBe('requires_review');
      return { id: body.id, refund: made.body.id };
    }

    it('that its provider cannot make is made by hand, by two operators', async () => {
      const { id, refund } = await manual();
      const proposed = await command(`refunds/${refund}/resolutions`, {
        outcome: 'succeeded',
        evidence: 'bank transfer 2026-11-21, reference 99',
        reason: REASON,
      });
      expect(proposed.status).toBe(201);
      await command(`resolutions/${proposed.body.id}/approve`, { reason: 'checked' }, 'bob');
      const { body } = await system.request('GET', `/v1/refunds/${refund}`);
      expect(body.status).toBe('succeeded');
      expect((await payment(id)).amount_refunded).toBe(800);
      expect(await exceptions(system, id)).toEqual([]);
      const [entry] = await system.sql<{ total: string }>(
        `SELECT sum(amount_minor)::text AS total FROM ledger_posting WHERE account = 'manual_disbursement/mer_demo'
         AND transaction_id IN (SELECT id FROM ledger_transaction WHERE owner_id = $1)`,
        [refund],
      );
      expect(entry?.total).toBe('-800');
      await expectAuditChain(system, refund);
    });

    it('that is given up frees its amount', async () => {
      const { id, refund } = await manual();
      const proposed = await command(`refunds/${refund}/resolutions`, {
        outcome: 'not_executed',
        evidence: 'the payer was credited in the shop',
        reason: REASON,
      });
      await command(`resolutions/${proposed.body.id}/approve`, { reason: 'checked' }, 'bob');
      const { body } = await system.request('GET', `/v1/refunds/${refund}`);
      expect(body).toMatchObject({ status: 'failed', failure: { code: 'given_up_by_operators' } });
      const [row] = await system.sql<{ reserved: number }>(
        'SELECT refund_reserved_minor::int AS reserved FROM payment_balance WHERE payment_id = $1',
        [id],
      );
      expect(row?.reserved).toBe(0);
    });

    it('that was taken back is sent once more', async () => {
      const { body } = await system.pay({
        amount: 800,
        currency: 'USD',
        payment_method: await system.card('4000000000005126'),
      });
      const made = await system.request('POST', `/v1/payments/${body.id}/refunds`, {
        key: freshKey(),
        body: {},
      });
      const reversed = () =>
        waitFor(
          async () =>
            (await system.request('GET', `/v1/refunds/${made.body.id}`)).body.status === 'requires_review',
          { what: 'the refund to be taken back' },
        );
      await reversed();
      const again = await command(`refunds/${made.body.id}/retry`, { reason: 'the bank says try again' });
      expect(again.status).toBeLessThan(300);
      await waitFor(
        async () =>
          (await effects(system, 'stripe', body.id)).filter((each) => each === 'refunded').length === 2,
        { what: 'the second try' },
      );
      // This card takes every refund back.
      await reversed();
      await expectAuditChain(system, made.body.id);
      await expectSound(system, body.id);
    });
  });

  describe('whoever may not', () => {
    const refusals = (requestId: string | null) =>
      system.sql<{ operator_id: string | null; status: number; code: string }>(
        'SELECT operator_id, status, code FROM operator_refusal WHERE request_id = $1',
        [requestId],
      );

    it.each([
      ['without a key', undefined, 401, 'operator_key_missing', null],
      ['with a garbled key', 'Bearer iop_not-anyone-s-key-at-all', 401, 'operator_key_invalid', null],
      ["with a merchant's key", 'merchant', 403, 'operator_key_required', null],
    ] as const)('is refused %s, and leaves a row', async (_what, authorization, status, code, operator) => {
      const headers: Record<string, string> = {
        'idempotency-key': freshKey(),
        'content-type': 'application/json',
      };
      if (authorization !== undefined) {
        headers.authorization = authorization === 'merchant' ? `Bearer ${system.apiKey}` : authorization;
      }
      const response = await fetch(`${system.apiUrl}/v1/operator/payments/pay_x/cancel`, {
        method: 'POST',
        headers,
        body: '{"reason":"let me in"}',
      });
      const body = (await response.json()) as { error: { code: string } };
      expect([response.status, body.error.code]).toEqual([status, code]);
      expect(await refusals(response.headers.get('request-id'))).toEqual([
        { operator_id: operator, status, code },
      ]);
    });

    it.each([
      ['no reason', {}, 400],
      ['an empty reason', { reason: '  ' }, 400],
      ['a stray member', { reason: REASON, status: 'succeeded' }, 400],
    ])('a command with %s is refused, and leaves a row', async (_what, body, status) => {
      const answer = await command(`payments/pay_${'a'.repeat(26)}/cancel`, body);
      expect(answer.status).toBe(status);
      expect(await refusals(answer.headers.get('request-id'))).toMatchObject([
        { operator_id: 'opr_alice', status },
      ]);
    });

    it('opens no merchant route with an operator key', async () => {
      const answer = await system.request('GET', '/v1/payments', { apiKey: system.operatorKeys.alice });
      expect(answer.status).toBe(401);
    });

    it('cannot change or remove what was refused', async () => {
      await expect(system.sql(`UPDATE operator_refusal SET code = 'fine'`)).rejects.toThrow(/append-only/);
      await expect(system.sql('DELETE FROM operator_refusal')).rejects.toThrow(/append-only/);
    });

    it('answers the same key with the same answer', async () => {
      const { body } = await system.pay({ amount: 500, currency: 'USD', confirm: false });
      const key = freshKey();
      const first = await command(`payments/${body.id}/cancel`, { reason: REASON }, 'alice', key);
      const second = await command(`payments/${body.id}/cancel`, { reason: REASON }, 'alice', key);
      expect([first.status, second.status]).toEqual([200, 200]);
      expect(second.headers.get('idempotent-replayed')).toBe('true');
      expect((await command(`payments/${body.id}/cancel`, { reason: 'another' }, 'alice', key)).status).toBe(
        422,
      );
      expect((await view(`payments/${body.id}`)).body.merchant).toBe('mer_demo');
    });
  });
});
