import { describe, expect, it } from 'vitest';
import { refundedByOthersMinor } from '../ledger/postings.ts';
import { decideExternalRefund, decideOutcome } from './decide.ts';
import type { Decision } from './edit.ts';
import { NOW, planned, stepAt } from './fixtures.ts';
import { operationNamed } from './named.ts';
import { saysNothingNew } from './nothing-new.ts';
import { decideRetryNow } from './operate.ts';
import type { Evidence, OperationOutcome } from './outcome.ts';
import { type Attempt, type Operation, openOperations, type Payment } from './payment.ts';
import { type Transition, transitionOf } from './transition.ts';

const captured: OperationOutcome = {
  type: 'captured',
  providerReference: 'charge',
  amountMinor: 1_000,
  currency: 'EUR',
};
const refusal = { reason: 'do_not_honor', providerCode: '05', message: 'no' } as const;
const declined: OperationOutcome = { type: 'declined', decline: refusal };
const refunded: OperationOutcome = { type: 'refunded', providerReference: 'ours', amountMinor: 1_000 };
const takenBack: OperationOutcome = { ...declined, providerReference: 'ours' };
const refused: OperationOutcome = { type: 'rejected', code: 'refund_refused', message: 'no' };

const trigger = { type: 'test', actor: 'test' };
function step(payment: Payment, decision: Decision | undefined): Transition {
  if (decision === undefined) throw new Error('nothing was decided');
  return transitionOf(payment, decision, trigger, NOW);
}
const upon = (payment: Payment, { id }: Operation, outcome: OperationOutcome) =>
  step(payment, decideOutcome(payment, id, outcome, NOW));
const fromOutside = (payment: Payment, amountMinor: number, reference = attemptOf(payment).id) =>
  step(payment, decideExternalRefund(payment, reference, { providerReference: 'theirs', amountMinor }));

function attemptOf(payment: Payment): Attempt {
  const [attempt] = payment.attempts;
  if (attempt === undefined) throw new Error('no attempt');
  return attempt;
}

function openOne(payment: Payment): Operation {
  const [operation, ...others] = openOperations(payment);
  expect(others).toEqual([]);
  if (operation === undefined) throw new Error('nothing is open');
  return operation;
}

/** Declined for good, then charged after all: its refund waits to be sent. */
function beingUndone(): { readonly payment: Payment; readonly sale: Operation; readonly undo: Operation } {
  const first = planned({ route: [stepAt('stripe')] });
  const sale = openOne(first);
  const failed = upon(first, sale, declined).payment;
  const { payment } = upon(failed, sale, captured);
  return { payment, sale, undo: openOne(payment) };
}

describe('the refund that undid a late success, taken back by its provider', () => {
  const { payment, undo } = beingUndone();
  const done = upon(payment, undo, refunded).payment;
  const back = upon(done, undo, takenBack);

  it('is taken out of the books, and a person is told', () => {
    expect(attemptOf(back.payment).refundedMinor).toBe(0);
    expect(back.exceptions).toMatchObject([{ kind: 'undo_failed', subjectId: undo.id }]);
    expect(back.ledger.flatMap(({ postings }) => postings)).toEqual([
      { account: 'suspense/mer_1', amountMinor: -1_000 },
      { account: 'provider_receivable/pa_stripe', amountMinor: 1_000 },
    ]);
    expect(back.payment.status).toBe('failed');
  });

  it('is taken out once, however often it is told', () => {
    expect(upon(back.payment, undo, takenBack).ledger).toEqual([]);
    const letter: Evidence = { kind: 'refund', reference: undo.id, outcome: takenBack };
    expect(saysNothingNew(done, letter)).toBe(false);
    expect(saysNothingNew(back.payment, letter)).toBe(true);
  });

  it('is given back again when an operator says so, and then the books agree', () => {
    const order = { cause: 'req_2', operator: 'opr_1', reason: 'the card is open again' };
    const ruling = decideRetryNow(back.payment, order);
    if (ruling.type !== 'decided') throw new Error(ruling.type);
    const again = step(back.payment, ruling.decision).payment;
    expect(openOne(again)).toMatchObject({ kind: 'refund', amountMinor: 1_000 });
    const ended = upon(again, openOne(again), { ...refunded, providerReference: 'second' });
    expect(attemptOf(ended.payment)).toMatchObject({ status: 'refunded', refundedMinor: 1_000 });
    expect(decideRetryNow(ended.payment, { ...order, cause: 'req_3' }).type).toBe('refused');
  });

  it('is not believed of a mere refusal, which contradicts it: a person judges', () => {
    const crossed = upon(done, undo, refused);
    expect(crossed.exceptions.map(({ kind }) => kind)).toEqual(['contradiction']);
    expect(crossed.ledger).toEqual([]);
  });
});

describe('a refund from outside of an attempt that is being undone', () => {
  const { payment, undo } = beingUndone();
  const { id: attemptId } = attemptOf(payment);
  const letter = (providerReference: string, amountMinor: number): Evidence => ({
    kind: 'refund',
    reference: attemptId,
    amountMinor,
    outcome: { type: 'refunded', providerReference, amountMinor },
  });

  it('is not the undoing, and is no news only once it is recorded', () => {
    const sent = upon(payment, undo, { type: 'pending', providerReference: 'ours' }).payment;
    expect(operationNamed(sent, letter('theirs', 396))).toBeUndefined();
    expect(operationNamed(sent, letter('ours', 1_000))?.id).toBe(undo.id);
    const done = upon(sent, undo, refunded).payment;
    expect(saysNothingNew(done, letter('ours', 1_000))).toBe(true);
    expect(saysNothingNew(done, letter('theirs', 396))).toBe(false);
    expect(saysNothingNew(fromOutside(done, 396).payment, letter('theirs', 396))).toBe(true);
  });

  it('told as a total is news as long as the books know of less', () => {
    const total = (amountMinor: number) => ({ ...letter('', amountMinor), currency: 'EUR' });
    expect(saysNothingNew(payment, total(396))).toBe(false);
    expect(saysNothingNew(fromOutside(payment, 396).payment, total(396))).toBe(true);
  });

  it('is none of the merchant’s: it leaves suspense, and a like total of the attempt that counts is news', () => {
    const charged = {
      ...payment,
      attempts: [...payment.attempts, { ...attemptOf(payment), id: 'att_b', undoing: false }],
    };
    const told = fromOutside(charged, 1_000);
    expect(told.payment.amountRefundedMinor).toBe(0);
    expect(told.externalRefunds).toHaveLength(1);
    expect(told.ledger.map(({ kind }) => kind)).toEqual(['late_success_undone']);
    expect(told.events).toEqual([]);
    expect(refundedByOthersMinor(told.ledger)).toBe(0);
    expect(
      decideExternalRefund(told.payment, attemptId, { providerReference: 'theirs', amountMinor: 1_000 }),
    ).toBe(undefined);
    const ofTheOther = { ...letter('', 1_000), reference: 'att_b', currency: 'EUR' };
    expect(saysNothingNew(told.payment, ofTheOther)).toBe(false);
    const both = step(
      told.payment,
      decideExternalRefund(told.payment, 'att_b', { providerReference: 'theirs too', amountMinor: 1_000 }),
    );
    expect(refundedByOthersMinor(both.ledger)).toBe(1_000);
    expect(both.payment.amountRefundedMinor).toBe(1_000);
    expect(both.events).toEqual(['payment.refunded_externally']);
    expect(saysNothingNew(both.payment, ofTheOther)).toBe(true);
  });

  it('leaves the rest to be given back, when the whole is refused', () => {
    const partly = upon(fromOutside(payment, 396).payment, undo, refused);
    expect(partly.exceptions.map(({ kind }) => kind)).toEqual(['undo_failed']);
    const ruling = decideRetryNow(partly.payment, { cause: 'req_2', operator: 'opr_1', reason: 'the rest' });
    if (ruling.type !== 'decided') throw new Error(ruling.type);
    expect(openOne(ruling.decision.after)).toMatchObject({ kind: 'refund', amountMinor: 604 });
  });

  it('of all of it leaves nothing to be undone', () => {
    const wholly = upon(fromOutside(payment, 1_000).payment, undo, refused);
    expect(wholly.exceptions).toEqual([]);
    expect(attemptOf(wholly.payment)).toMatchObject({ status: 'refunded', refundedMinor: 1_000 });
  });
});

describe('a refund from outside whose letter overtakes the capture', () => {
  const [adyen] = [stepAt('adyen')];

  it('is recorded at once, and the capture follows', () => {
    const first = planned({ route: [adyen] });
    const authorized = { ...captured, type: 'authorized' } as const;
    const capturing = upon(first, openOne(first), authorized).payment;
    const told = fromOutside(capturing, 300);
    expect(told.externalRefunds).toMatchObject([{ amountMinor: 300, accountId: adyen.accountId }]);
    expect(told.exceptions.map(({ kind }) => kind)).toEqual(['external_refund']);
    const ended = upon(told.payment, openOne(told.payment), captured);
    expect(ended).toMatchObject({ capturedDeltaMinor: 1_000, payment: { status: 'succeeded' } });
    expect(attemptOf(ended.payment)).toMatchObject({ capturedMinor: 1_000, refundedMinor: 300 });
  });

  it('is a contradiction of an attempt that we hold for dead: its late success comes first', () => {
    const first = planned({ route: [adyen] });
    const failed = upon(first, openOne(first), declined).payment;
    const told = fromOutside(failed, 300);
    expect(told.exceptions.map(({ kind }) => kind)).toEqual(['contradiction']);
    expect(told.externalRefunds).toEqual([]);
  });
});

describe('the refund of a late success, made after it had been given up', () => {
  const { payment, undo } = beingUndone();
  const absent: OperationOutcome = { type: 'not_attempted', proof: 'not_found_confirmed' };
  const retried = upon(payment, undo, absent).payment;
  const again = openOne(retried);

  it('is recorded, and the try that waits is looked into before anything is sent', () => {
    const late = upon(retried, undo, refunded);
    expect(attemptOf(late.payment)).toMatchObject({ status: 'refunded', refundedMinor: 1_000 });
    expect(openOne(late.payment)).toMatchObject({ id: again.id, status: 'unknown' });
    expect(late.exceptions.map(({ kind }) => kind)).toEqual(['late_success']);
    const unsent = upon(late.payment, again, { type: 'not_attempted', proof: 'permit_revoked' });
    expect(openOperations(unsent.payment)).toEqual([]);
    expect(attemptOf(unsent.payment).refundedMinor).toBe(1_000);
  });

  it('beside a second one that was made, is an excess that a person must get back', () => {
    const done = upon(retried, again, { ...refunded, providerReference: 'second' }).payment;
    const twice = upon(done, undo, refunded);
    expect(attemptOf(twice.payment).refundedMinor).toBe(2_000);
    expect(twice.exceptions.map(({ kind }) => kind)).toEqual(['late_success', 'refund_excess']);
    expect(saysNothingNew(twice.payment, { kind: 'refund', reference: undo.id, outcome: refunded })).toBe(
      true,
    );
  });

  it('is recorded where the provider had refused it by name, too, and taken out when it is taken back', () => {
    const received = upon(retried, again, { type: 'pending', providerReference: 'ours' }).payment;
    const late = upon(upon(received, again, takenBack).payment, again, refunded).payment;
    expect(attemptOf(late).refundedMinor).toBe(1_000);
    expect(attemptOf(upon(late, again, takenBack).payment).refundedMinor).toBe(0);
  });
});
