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

const refundOfLate = {
  id: 'op_1',
  kind: 'refund',
  number: 1,
  cause: 'late_success',
  status: 'created',
  amountMinor: 1_000,
  finalCapture: false,
  closed: false,
  claimed: false,
} as const;

function auditStep(trigger: string, reason: string, operator = 'opr_bob'): StoryRows['audit'][number] {
  return {
    ownerId: draft().id,
    sequence: 1,
    generation: 1,
    trigger,
    actor: `operator:${operator}`,
    toStatus: 'processing',
    reason,
    hash: '',
    atMs: 0,
  };
}

function headline(
  changes: Partial<Payment>,
  rows: Partial<StoryRows> = {},
  people: Readonly<Record<string, string>> = {},
) {
  const payment = draft(changes);
  const context = { paymentId: payment.id, merchantId: 'mer_1', status: payment.status, people };
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
    const late = attempt('stripe', { undoing: true, status: 'refunded', refundedMinor: 1_000 });
    const told = headline({
      status: 'succeeded',
      amountCapturedMinor: 1_000,
      attempts: [late, attempt('adyen')],
    });
    expect(told.why).toContain('Late success: Stripe charged the payer after');
    expect(told.why).toContain('went back, so the payer does not pay twice');
    expect(told.why).not.toContain('charged once');
  });

  it('of a late success whose money is not back says so, and whether anybody still moves it', () => {
    const refund = { ...refundOfLate, closed: false };
    const late = attempt('stripe', { undoing: true, status: 'captured', operations: [refund] });
    const paid = { status: 'succeeded', amountCapturedMinor: 1_000 } as const;
    const underWay = headline({ ...paid, attempts: [late, attempt('adyen')] });
    expect(underWay.text).toContain('after Stripe charged it too late, and is giving it back');
    expect(underWay.why).toContain('is being given back, and is not with the payer yet');
    const refused = { ...late, operations: [{ ...refund, closed: true, status: 'rejected' as const }] };
    const stuck = headline({ ...paid, attempts: [refused, attempt('adyen')] });
    expect(stuck.text).toContain('after Stripe charged it too late, and could not give it back');
    expect(stuck.why).toContain('could not be given back');
    for (const { why } of [underWay, stuck]) expect(why).not.toMatch(/charged once|does not pay twice/);
  });

  it('names a person as who ended it only where their command did', () => {
    const bob = auditStep('operator_release', 'released by opr_bob: looks fine');
    const alice = auditStep('operator_cancel', 'canceled by opr_alice: asked for on the phone', 'opr_alice');
    const people = { opr_bob: 'Bob', opr_alice: 'Alice' };
    const ended = (cancellationReason: string, audit: StoryRows['audit']) =>
      headline({ status: 'canceled', cancellationReason, attempts: [declined] }, { audit }, people);
    expect(ended('requested_by_merchant', [bob]).text).toMatch(/^Canceled: /);
    expect(ended('complete_by_passed', [bob]).why).not.toContain('Bob');
    expect(ended('canceled_by_operator', [alice, bob])).toMatchObject({
      text: expect.stringMatching(/^Canceled by Alice: /),
      why: expect.stringContaining('The reason given: asked for on the phone'),
    });
    const voided = auditStep('operator_void', 'void asked for by opr_bob: fraud team');
    const retried = auditStep('operator_retry', 'tried again now by opr_alice: hurry', 'opr_alice');
    expect(ended('voided_by_operator', [voided, retried]).text).toMatch(/^Voided by Bob: /);
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
