import { describe, expect, it } from 'vitest';
import { draft } from '../payment/fixtures.ts';
import type { Attempt, Payment } from '../payment/payment.ts';
import { PAYMENT_STATUSES } from '../payment/states.ts';
import { headlineOf } from './headline.ts';
import type { StoryRows } from './rows.ts';

const NONE: StoryRows = {
  request: [],
  request_note: [],
  decision: [],
  attempt: [],
  operation: [],
  observation: [],
  inbox: [],
  return_refusal: [],
  audit: [],
  ledger: [],
  event: [],
  delivery: [],
  refund: [],
  external_refund: [],
  booking: [],
  settlement_line: [],
  case: [],
  case_entry: [],
  resolution: [],
  operator_refusal: [],
};

function attempt(provider: string, changes: Partial<Attempt> = {}): Attempt {
  return {
    id: `att_${provider}`,
    number: 1,
    accountId: `pa_${provider}`,
    provider,
    connectorVersion: '1',
    status: 'captured',
    authorizedMinor: 1_000,
    capturedMinor: 1_000,
    refundedMinor: 0,
    watched: false,
    undoing: false,
    operations: [],
    ...changes,
  };
}

const declined = attempt('stripe', {
  status: 'declined',
  capturedMinor: 0,
  authorizedMinor: 0,
  decline: { reason: 'insufficient_funds', providerCode: '51', message: 'Not enough money.' },
});

function headline(changes: Partial<Payment>, rows: Partial<StoryRows> = {}) {
  const payment = draft(changes);
  const context = { paymentId: payment.id, merchantId: 'mer_1', status: payment.status, people: {} };
  return headlineOf({ payment, rows: { ...NONE, ...rows }, context });
}

describe('the first line', () => {
  it('names the provider that took the money, and those that had not', () => {
    const paid = { status: 'succeeded', amountCapturedMinor: 1_000 } as const;
    expect(headline({ ...paid, attempts: [declined, attempt('adyen')] })).toMatchObject({
      text: 'Captured 10.00 EUR at Adyen after Stripe declined it (insufficient funds)',
      tone: 'good',
    });
    expect(headline({ ...paid, attempts: [attempt('stripe')], amountRefundedMinor: 400 }).text).toBe(
      'Captured 10.00 EUR at Stripe, of which 4.00 EUR was refunded',
    );
    expect(headline({ ...paid, currency: 'JPY', attempts: [attempt('stripe')] }).text).toContain('1000 JPY');
  });

  it('says that an exception is open, and is no good news while one is', () => {
    const paid = { status: 'succeeded', amountCapturedMinor: 1_000, attempts: [attempt('stripe')] } as const;
    const opened = (kind: string, changes: object = {}) => ({
      case: [{ id: `exc_${kind}`, kind, subjectId: 'pay', summary: 'line 2', atMs: 0, ...changes }],
    });
    expect(headline(paid, opened('amount_under'))).toMatchObject({
      text: 'Captured 10.00 EUR at Stripe',
      why: expect.stringContaining('An exception is still open: Settled too little.'),
      tone: 'warning',
    });
    expect(headline(paid, opened('duplicate_charge')).tone).toBe('bad');
    expect(headline(paid, opened('duplicate_charge', { closedAtMs: 1 })).tone).toBe('good');
  });

  it('of a late success says that the payer does not pay twice', () => {
    const late = attempt('stripe', { undoing: true, status: 'refunded' });
    const told = headline({
      status: 'succeeded',
      amountCapturedMinor: 1_000,
      attempts: [late, attempt('adyen')],
    });
    expect(told.why).toContain('Late success: Stripe charged the payer after');
    expect(told.why).toContain('went back, so the payer does not pay twice');
  });

  it('of a decline says why nobody else was asked', () => {
    const failure = {
      code: 'card_declined',
      message: 'declined',
      ...(declined.decline === undefined ? {} : { decline: declined.decline }),
    } as const;
    const told = headline({ status: 'failed', attempts: [declined], failure });
    expect(told.text).toBe('Declined at Stripe: insufficient funds: Not enough money.');
    expect(told.why).toMatch(/same card may work later.*Nothing was charged/);
  });

  it('of an unknown outcome says since when, and that no other provider is tried', () => {
    const operation = {
      id: 'op_1',
      ownerId: 'pay',
      attemptId: 'att',
      provider: 'stripe',
      kind: 'authorize',
      number: 1,
      cause: 'first',
      status: 'unknown',
      amountMinor: 1_000,
      currency: 'EUR',
      sends: 1,
      atMs: 0,
      firstSentAtMs: Date.UTC(2026, 0, 1, 12, 3),
    } as const;
    const told = headline({ status: 'processing' }, { operation: [operation] });
    expect(told.text).toBe(
      "Outcome unknown since 2026-01-01 12:03 UTC: Stripe's answer to the authorization was lost",
    );
    expect(told.why).toContain('no other provider is tried');
  });

  it('of a duplicate names the payment that it met', () => {
    const other = `pay_${'b'.repeat(26)}`;
    const told = headline({ status: 'canceled', cancellationReason: `duplicate_of_${other}` });
    expect(told.text).toBe(`Double submit: refused as a duplicate of ${other}`);
  });

  it('says something of every status, and never "undefined"', () => {
    for (const status of PAYMENT_STATUSES) {
      const { text, why } = headline({ status });
      expect(text.length, status).toBeGreaterThan(10);
      expect(`${text} ${why}`, status).not.toMatch(/undefined|null|NaN|\[object/);
    }
  });
});
