import { describe, expect, it } from 'vitest';
import { NOW } from '../payment/fixtures.ts';
import type { OperationOutcome } from '../payment/outcome.ts';
import { decideRefundPark } from './commands.ts';
import { decideRefundOutcome } from './decide.ts';
import {
  canceled,
  first,
  firstStep,
  newRefund,
  open,
  PENDING,
  REFUNDED,
  REFUSED,
  succeeded,
  TAKEN_BACK,
  transition,
  UNKNOWN,
  UNSENT,
  unsentOnce,
  upon,
} from './fixtures.ts';
import { type Refund, refundSnapshotOf } from './refund.ts';

function parked(): Refund {
  const unknown = upon(newRefund(), UNKNOWN);
  const decision = decideRefundPark(unknown, open(unknown).id);
  if (decision === undefined) throw new Error('not parked');
  return transition(unknown, decision).refund;
}

const OUTCOMES: Readonly<Record<string, OperationOutcome>> = {
  refunded: REFUNDED,
  pending: PENDING,
  unknown: UNKNOWN,
  declined: TAKEN_BACK,
  rejected: REFUSED,
  not_attempted: UNSENT,
  voided: { type: 'voided' },
  captured: { type: 'captured', providerReference: 'pi_1', amountMinor: 1_000, currency: 'EUR' },
  authorized: { type: 'authorized', providerReference: 'pi_1', amountMinor: 1_000, currency: 'EUR' },
  requires_action: { type: 'requires_action', action: 'redirect' },
};

/**
 * Each state, and what each outcome of its first operation makes of it: the refund's status and that of its
 * operations. `-`: nothing is new.
 */
const NOT_YET = 'pending unknown';
const TABLE: readonly (readonly [string, () => Refund, Readonly<Record<string, string>>])[] = [
  [
    'created',
    newRefund,
    {
      refunded: 'succeeded succeeded',
      pending: 'pending pending',
      unknown: 'pending unknown',
      declined: 'failed declined',
      rejected: 'failed rejected',
      not_attempted: 'pending not_attempted,created',
      voided: NOT_YET,
      captured: NOT_YET,
      authorized: NOT_YET,
      requires_action: NOT_YET,
    },
  ],
  [
    'received',
    () => upon(newRefund(), PENDING),
    {
      refunded: 'succeeded succeeded',
      pending: '-',
      unknown: '-',
      declined: 'failed declined',
      rejected: 'failed rejected',
      not_attempted: '-',
      voided: NOT_YET,
      captured: NOT_YET,
      authorized: NOT_YET,
      requires_action: NOT_YET,
    },
  ],
  [
    'unknown',
    () => upon(newRefund(), UNKNOWN),
    {
      refunded: 'succeeded succeeded',
      pending: 'pending pending',
      unknown: '-',
      declined: 'failed declined',
      rejected: 'failed rejected',
      not_attempted: 'pending not_attempted,created',
      voided: NOT_YET,
      captured: NOT_YET,
      authorized: NOT_YET,
      requires_action: NOT_YET,
    },
  ],
  [
    'parked',
    parked,
    {
      refunded: 'succeeded succeeded',
      pending: 'pending pending',
      unknown: '-',
      declined: 'failed declined',
      rejected: 'failed rejected',
      not_attempted: 'pending not_attempted,created',
      voided: 'requires_review unknown',
      captured: 'requires_review unknown',
      authorized: 'requires_review unknown',
      requires_action: 'requires_review unknown',
    },
  ],
  ['not attempted, and to be tried again', unsentOnce, { refunded: 'succeeded not_attempted,unknown' }],
  ['succeeded', succeeded, { declined: 'requires_review succeeded', rejected: 'succeeded succeeded' }],
  ['failed', () => upon(newRefund(), REFUSED), { refunded: 'succeeded rejected' }],
  ['canceled', canceled, { refunded: 'canceled not_attempted,not_attempted' }],
  ['reversed', () => upon(succeeded(), TAKEN_BACK, first(succeeded())), {}],
];

describe('every outcome in every state', () => {
  const rows = TABLE.flatMap(([state, make, expected]) =>
    Object.entries(OUTCOMES).map(
      ([name, outcome]) => [state, name, make, outcome, expected[name] ?? '-'] as const,
    ),
  );

  it.each(rows)('%s, told %s', (_state, _name, make, outcome, expected) => {
    const before = make();
    const decision = decideRefundOutcome(before, first(before), outcome, NOW);
    const { refund: after } = decision === undefined ? { refund: undefined } : transition(before, decision);
    const told = after && `${after.status} ${after.operations.map(({ status }) => status).join()}`;
    expect(told ?? '-').toBe(expected);
  });
});

describe('a refund', () => {
  it('reserves nothing anew and moves no money until it is proven', () => {
    const plan = firstStep();
    expect(plan.refund).toMatchObject({ status: 'pending', sequence: 1, amountMinor: 400 });
    expect([plan.ledger, plan.events]).toEqual([[], ['refund.created']]);
    const decision = decideRefundOutcome(plan.refund, open(plan.refund).id, UNKNOWN, NOW);
    const unknown = transition(plan.refund, decision ?? { after: plan.refund, reason: '' });
    expect(unknown.balance).toEqual({ refundedMinor: 0, externalMinor: 0, release: false });
    expect([unknown.ledger, unknown.events]).toEqual([[], []]);
    expect(refundSnapshotOf(unknown.refund)).toMatchObject({ outcomeUnknown: true, allowed: [] });
  });

  it('that succeeded is paid by the merchant, and shows the provider’s reference', () => {
    const before = newRefund();
    const decision = decideRefundOutcome(before, first(before), REFUNDED, NOW);
    const step = transition(before, decision ?? { after: before, reason: '' });
    expect(step.balance).toEqual({ refundedMinor: 400, externalMinor: 0, release: false });
    expect(step.events).toEqual(['refund.succeeded']);
    expect(step.ledger).toEqual([
      {
        kind: 'refund',
        currency: 'EUR',
        postings: [
          { account: 'merchant_payable/mer_1', amountMinor: 400 },
          { account: 'provider_receivable/pa_stripe', amountMinor: -400 },
        ],
      },
    ]);
    expect(refundSnapshotOf(step.refund)).toMatchObject({ providerReference: 're_1', allowed: [] });
  });

  it('that was refused gives its reservation back, once', () => {
    const before = newRefund();
    const step = transition(before, {
      ...must(decideRefundOutcome(before, first(before), REFUSED, NOW)),
    });
    expect(step.balance).toEqual({ refundedMinor: 0, externalMinor: 0, release: true });
    expect(step.refund.failure?.code).toBe('refund_refused');
    const again = decideRefundOutcome(step.refund, first(before), REFUSED, NOW);
    expect(again).toBeUndefined();
  });

  it('that could not be sent is tried again later, under a number and cause of its own', () => {
    const once = unsentOnce();
    const [, second] = once.operations;
    expect(second).toMatchObject({ number: 2, status: 'created', amountMinor: 400 });
    expect(second?.notBeforeMs).toBeGreaterThan(NOW);
    expect(second?.id).not.toBe(first(once));
    const twice = upon(once, UNSENT);
    expect(twice.operations[2]?.notBeforeMs).toBeGreaterThan(second?.notBeforeMs ?? 0);
    expect(new Set(twice.operations.map(({ cause }) => cause)).size).toBe(3);
  });
});

describe('a reversal', () => {
  it('takes the success back: the merchant has the money, the payer is still owed it', () => {
    const before = succeeded();
    const step = transition(before, must(decideRefundOutcome(before, first(before), TAKEN_BACK, NOW)));
    expect(step.refund).toMatchObject({ status: 'requires_review', failure: { code: 'refund_reversed' } });
    expect(step.refund.countedOperationId).toBeUndefined();
    // Nothing is released: whoever resolves it refunds in another way.
    expect(step.balance).toEqual({ refundedMinor: -400, externalMinor: 0, release: false });
    expect(step.ledger.map(({ kind }) => kind)).toEqual(['refund_reversed']);
    expect(step.exceptions.map(({ kind }) => kind)).toEqual(['refund_reversed']);
    expect(refundSnapshotOf(step.refund).allowed).toEqual([]);
  });

  it('told twice, or followed by the old success once more, changes nothing', () => {
    const before = succeeded();
    const reversed = upon(before, TAKEN_BACK, first(before));
    expect(decideRefundOutcome(reversed, first(before), TAKEN_BACK, NOW)).toBeUndefined();
    expect(decideRefundOutcome(reversed, first(before), REFUNDED, NOW)).toBeUndefined();
  });

  it('is not what a refusal says that the success has overtaken: a person looks, and the refund stands', () => {
    const before = succeeded();
    const step = transition(before, must(decideRefundOutcome(before, first(before), REFUSED, NOW)));
    expect(step.refund).toEqual({ ...before, sequence: before.sequence + 1 });
    expect([step.balance.refundedMinor, step.ledger, step.events]).toEqual([0, [], []]);
    expect(step.exceptions).toMatchObject([{ kind: 'contradiction', subjectId: first(before) }]);
  });

  it('of a success that came late makes no success of it again when that is told once more', () => {
    const late = upon(upon(newRefund(), REFUSED), REFUNDED, first(newRefund()));
    const reversed = upon(late, TAKEN_BACK, first(late));
    expect(reversed.status).toBe('requires_review');
    expect(decideRefundOutcome(reversed, first(late), REFUNDED, NOW)).toBeUndefined();
  });
});

describe('parking', () => {
  it('gives an unknown refund to a person, with its amount still reserved, and any proof ends it', () => {
    const waiting = parked();
    expect(waiting).toMatchObject({ status: 'requires_review', failure: { code: 'outcome_unknown' } });
    const step = transition(waiting, must(decideRefundOutcome(waiting, open(waiting).id, REFUNDED, NOW)));
    expect(step.refund.failure).toBeUndefined();
    expect(step.settles).toContain('unknown_outcome_parked');
  });

  it('of what is closed, or of another operation, does nothing', () => {
    expect(decideRefundPark(succeeded(), first(succeeded()))).toBeUndefined();
    expect(decideRefundPark(unsentOnce(), first(unsentOnce()))).toBeUndefined();
  });

  it('says of a refund that the provider has that it is overdue, not that it is unknown', () => {
    const received = upon(newRefund(), PENDING);
    const [exception] = must(decideRefundPark(received, open(received).id)).exceptions ?? [];
    expect(exception?.kind).toBe('pending_overdue');
  });
});

function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('nothing was decided');
  return value;
}
