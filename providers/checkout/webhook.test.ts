import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { attemptIdFor, operationIdFor, paymentIdFor } from '../../domain/ids.ts';
import { checkoutWebhook } from './webhook.ts';

const secrets = { webhookSecret: 'key', webhookSecretPrevious: 'old' };
const paymentId = paymentIdFor('mer_1', 'test', 'k');
const attempt = attemptIdFor(paymentId, 1);
const operation = operationIdFor(paymentId, 1, 'capture', 1);
const PAYMENT = 'pay_mbabizu24mvu3mela5njyhpit4';
const ACTION = 'act_mbabizu24mvu3mela5njyhpit4';

function verify(body: string, signature?: string, key = 'key') {
  const given = signature ?? createHmac('sha256', key).update(body).digest('hex');
  const headers = { 'Cko-Signature': given };
  return checkoutWebhook.verify({ rawBody: Buffer.from(body), headers, secrets, nowMs: Date.now() });
}

const event = (type: string, data: object) =>
  JSON.stringify({ id: 'evt_1', type, data: { id: PAYMENT, amount: 4_200, currency: 'EUR', ...data } });

function only(body: string) {
  const verdict = verify(body);
  return verdict.type === 'verified' ? verdict.events[0] : expect.fail(verdict.reason);
}

describe('a signature', () => {
  const body = event('payment_approved', { reference: attempt });
  it('of today’s key or the one before is taken, in either case of letters', () => {
    expect(verify(body).type).toBe('verified');
    expect(verify(body, undefined, 'old').type).toBe('verified');
    expect(verify(body, createHmac('sha256', 'key').update(body).digest('hex').toUpperCase()).type).toBe(
      'verified',
    );
  });
  it.each(['', '00', 'x'.repeat(64), '0'.repeat(64)])('that is none is refused: %s', (signature) => {
    expect(verify(body, signature)).toEqual({ type: 'refused', reason: 'bad_signature' });
  });
  it('over what is no event proves nothing', () => {
    expect(verify('[]')).toEqual({ type: 'refused', reason: 'malformed' });
  });
});

describe('an event', () => {
  it('about an authorization is known by the payment, one about a capture by its action', () => {
    expect(only(event('payment_approved', { reference: attempt, action_id: ACTION }))).toMatchObject({
      reference: attempt,
      providerReference: PAYMENT,
      evidence: {
        kind: 'authorize',
        reference: attempt,
        outcome: { type: 'authorized', amountMinor: 4_200 },
      },
    });
    expect(only(event('payment_captured', { reference: operation, action_id: ACTION }))).toMatchObject({
      reference: operation,
      providerReference: ACTION,
      evidence: { kind: 'capture', outcome: { type: 'captured', providerReference: ACTION } },
    });
  });
  it('of a kind that nobody mapped claims nothing, so that it wakes and is asked about', () => {
    for (const type of ['payment_capture_declined', 'payment_teleported', 'payment_refund_pending']) {
      expect(only(event(type, { reference: attempt }))?.evidence).toBeUndefined();
    }
  });
  it('with somebody else’s reference passes none on', () => {
    expect(only(event('payment_approved', { reference: 'ORD-1' }))).not.toHaveProperty('reference');
  });
  it.each([undefined, 'ORD-1'])(
    'about a refund made in the dashboard is known by its payment: %s',
    (reference) => {
      const made = only(event('payment_refunded', { reference, action_id: ACTION }));
      expect(made).toMatchObject({ providerReference: PAYMENT });
      expect(made).not.toHaveProperty('reference');
      expect(made?.evidence).toBeUndefined();
    },
  );
  it('about no payment is nobody’s letter', () => {
    expect(verify(event('report_generated', {}))).toEqual({ type: 'verified', events: [] });
  });
  it('says nothing of the payer in its summary', () => {
    const body = event('payment_approved', {
      reference: attempt,
      source: { name: 'Ada Lovelace', bin: '424242' },
      customer: { email: 'ada@example.com' },
      response_code: '10000',
    });
    expect(only(body)?.summary).toEqual({
      id: PAYMENT,
      action_id: null,
      reference: attempt,
      amount: 4_200,
      currency: 'EUR',
      response_code: '10000',
    });
  });
});
