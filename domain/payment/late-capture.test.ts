import { describe, expect, it } from 'vitest';
import { decideCaptureCommand, decideVoidCommand, type Ruling } from './commands.ts';
import { decideOutcome } from './decide.ts';
import { NOW, planned, stepAt } from './fixtures.ts';
import { isCapturedAfterAll, isGivenUp } from './late-capture.ts';
import { saysNothingNew } from './nothing-new.ts';
import type { Captured, Evidence, OperationOutcome } from './outcome.ts';
import { type Attempt, type Operation, openOperations, type Payment } from './payment.ts';
import { type Transition, transitionOf } from './transition.ts';

const authorized: OperationOutcome = {
  type: 'authorized',
  providerReference: 'PSP1',
  amountMinor: 1_000,
  currency: 'EUR',
};
const captured: Captured = {
  type: 'captured',
  providerReference: 'PSP1',
  amountMinor: 1_000,
  currency: 'EUR',
};
const voided: OperationOutcome = { type: 'voided', providerReference: 'PSP1' };
const refunded: OperationOutcome = { type: 'refunded', providerReference: 'PSP9', amountMinor: 1_000 };
const rejected: OperationOutcome = { type: 'rejected', code: 'capture_refused', message: 'no' };
const declined: OperationOutcome = {
  type: 'declined',
  decline: { reason: 'processing_error', providerCode: 'CAPTURE_FAILED', message: 'no' },
};

const trigger = { type: 'test', actor: 'test' };
function upon(payment: Payment, { id }: Operation, outcome: OperationOutcome): Transition {
  const decision = decideOutcome(payment, id, outcome, NOW);
  return transitionOf(payment, decision ?? expect.fail('nothing was decided'), trigger, NOW);
}
function commanded(payment: Payment, ruling: Ruling): Payment {
  if (ruling.type !== 'decided') return expect.fail(JSON.stringify(ruling));
  return transitionOf(payment, ruling.decision, trigger, NOW).payment;
}
const attemptOf = (payment: Payment): Attempt => payment.attempts[0] ?? expect.fail('no attempt');
const openOne = (payment: Payment): Operation => openOperations(payment)[0] ?? expect.fail('nothing is open');
const ofKind = (payment: Payment, kind: Operation['kind']): Operation =>
  attemptOf(payment).operations.find((each) => each.kind === kind) ?? expect.fail(`no ${kind}`);

const held = (): Payment => {
  const first = planned({ captureMethod: 'manual', route: [stepAt('adyen')] });
  return upon(first, openOne(first), authorized).payment;
};
const voidedByMerchant = (before = held()): Payment => {
  const voiding = commanded(before, decideVoidCommand(before, 'req_void'));
  return upon(voiding, openOne(voiding), voided).payment;
};
const lapsed = (): Payment => {
  const before = held();
  return upon(before, ofKind(before, 'authorize'), voided).payment;
};
/** A capture that the provider answered so, and then a void. */
const voidedAfterCapture = (answer: OperationOutcome, amountMinor = 1_000): Payment => {
  const before = held();
  const capturing = commanded(
    before,
    decideCaptureCommand(before, { cause: 'req_capture', amountMinor, finalCapture: true }, NOW),
  );
  return voidedByMerchant(upon(capturing, openOne(capturing), answer).payment);
};

describe.each([
  ['voided', voidedByMerchant, 'canceled'],
  ['lapsed', lapsed, 'expired'],
] as const)('the capture of what had %s', (_name, giveUp, status) => {
  const before = giveUp();
  const late = upon(before, ofKind(before, 'authorize'), captured);

  it('is recorded, and its money goes back, whatever the payment has come to', () => {
    expect([before.status, late.payment.status]).toEqual([status, status]);
    expect(attemptOf(late.payment)).toMatchObject({
      status: 'captured',
      undoing: true,
      capturedMinor: 1_000,
    });
    expect(openOne(late.payment)).toMatchObject({ kind: 'refund', amountMinor: 1_000 });
    expect(late.exceptions).toMatchObject([{ kind: 'late_success', subjectId: attemptOf(before).id }]);
  });

  it('never touches the merchant’s account, and nets to nothing once it is undone', () => {
    expect(late.ledger.flatMap(({ postings }) => postings)).toEqual([
      { account: 'provider_receivable/pa_adyen', amountMinor: 1_000 },
      { account: 'suspense/mer_1', amountMinor: -1_000 },
    ]);
    expect(late.payment.amountCapturedMinor).toBe(0);
    const undone = upon(late.payment, openOne(late.payment), refunded);
    expect(undone.ledger.flatMap(({ postings }) => postings)).toEqual([
      { account: 'suspense/mer_1', amountMinor: 1_000 },
      { account: 'provider_receivable/pa_adyen', amountMinor: -1_000 },
    ]);
    expect(undone.events).toContain('payment.late_success_undone');
    expect(openOperations(undone.payment)).toEqual([]);
  });

  it('is news once', () => {
    const { id: reference } = attemptOf(before);
    const letter: Evidence = { kind: 'authorize', reference, outcome: captured };
    expect(saysNothingNew(before, letter)).toBe(false);
    expect(decideOutcome(late.payment, ofKind(before, 'authorize').id, captured, NOW)).toBeUndefined();
    const undone = upon(late.payment, openOne(late.payment), refunded).payment;
    expect(saysNothingNew(undone, letter)).toBe(true);
    expect(decideOutcome(undone, ofKind(before, 'authorize').id, captured, NOW)).toBeUndefined();
  });

  it.each<[string, OperationOutcome]>([
    ['its own success message, still in the mail', authorized],
    ['another amount', { ...captured, amountMinor: 999 }],
    ['another currency', { ...captured, currency: 'USD' }],
    ['the void again', voided],
    ['a decline', declined],
    ['nothing', { type: 'unknown', cause: 'timeout' }],
  ])('is not believed of %s', (_what, outcome) => {
    const { id } = ofKind(before, 'authorize');
    expect(isCapturedAfterAll(before, id, outcome)).toBe(false);
    expect(decideOutcome(before, id, outcome, NOW)).toBeUndefined();
  });
});

describe('a capture that failed, settled after the void', () => {
  it('goes back with what it took, under the authorization’s name', () => {
    const before = voidedAfterCapture(rejected, 400);
    const outcome: Captured = { ...captured, providerReference: 'PSP2', amountMinor: 400 };
    const late = upon(before, ofKind(before, 'capture'), outcome).payment;
    expect(attemptOf(late)).toMatchObject({ undoing: true, capturedMinor: 400, providerReference: 'PSP1' });
    expect(openOne(late)).toMatchObject({ kind: 'refund', amountMinor: 400 });
  });

  it('is left to people where it had been declined: it may have been taken back, and told in reverse', () => {
    const before = voidedAfterCapture(declined);
    expect(decideOutcome(before, ofKind(before, 'capture').id, captured, NOW)).toBeUndefined();
  });
});

it('of a void that had undone a late success goes back, too', () => {
  const first = planned({ captureMethod: 'manual', route: [stepAt('adyen')] });
  const failed = upon(first, openOne(first), {
    ...declined,
    decline: { reason: 'do_not_honor', providerCode: '05', message: 'no' },
  }).payment;
  const { payment } = upon(failed, ofKind(failed, 'authorize'), authorized);
  const undone = upon(payment, openOne(payment), voided).payment;
  expect(isGivenUp(attemptOf(undone))).toBe(true);
  const late = upon(undone, ofKind(undone, 'authorize'), captured).payment;
  expect(openOne(late)).toMatchObject({ kind: 'refund', amountMinor: 1_000 });
});

it('says nothing of an attempt that is held, or whose capture counts', () => {
  const before = held();
  expect(isGivenUp(attemptOf(before))).toBe(false);
  expect(isCapturedAfterAll(before, ofKind(before, 'authorize').id, captured)).toBe(false);
});

describe('a capture that nobody expected', () => {
  const ordered = (before: Payment, amountMinor: number) =>
    commanded(
      before,
      decideCaptureCommand(
        before,
        { cause: `req_${amountMinor}`, amountMinor, finalCapture: amountMinor === 1_000 },
        NOW,
      ),
    );
  const told = (before: Payment, operation: Operation, outcome: OperationOutcome) =>
    upon(before, operation, outcome);
  const letterOf = (kind: 'authorize' | 'capture', reference: string, amountMinor: number): Evidence => ({
    kind,
    reference,
    outcome: { ...captured, amountMinor },
  });

  // Of the fixtures' providers Adyen captures more than once.
  it.each([
    [1_000, 'stripe', {}, 'succeeded'],
    [400, 'stripe', { restHeld: true }, 'succeeded'],
    [400, 'adyen', {}, 'succeeded'],
    [400, 'adyen', { restHeld: true }, 'partially_captured'],
  ] as const)(
    'of %i by hand at %s, told with %o, is the merchant’s: %s',
    (amountMinor, provider, rest, status) => {
      const first = planned({ captureMethod: 'manual', route: [stepAt(provider)] });
      const before = upon(first, openOne(first), authorized).payment;
      const charge = ofKind(before, 'authorize');
      const letter = letterOf('authorize', attemptOf(before).id, amountMinor);
      expect(saysNothingNew(before, letter)).toBe(false);
      const after = told(before, charge, { ...captured, ...rest, amountMinor });
      expect(after.payment).toMatchObject({ status, amountCapturedMinor: amountMinor });
      expect(attemptOf(after.payment)).toMatchObject({ undoing: false, capturedMinor: amountMinor });
      expect(after.ledger.flatMap(({ postings }) => postings)).toEqual([
        { account: `provider_receivable/pa_${provider}`, amountMinor },
        { account: 'merchant_payable/mer_1', amountMinor: -amountMinor },
      ]);
      expect(after.exceptions).toEqual([]);
      expect(saysNothingNew(after.payment, letter)).toBe(true);
      expect(decideOutcome(after.payment, charge.id, { ...captured, amountMinor }, NOW)).toBeUndefined();
    },
  );

  it('that we hold for refused is adopted under its own name, once', () => {
    const capturing = ordered(held(), 1_000);
    const capture = openOne(capturing);
    const refused = upon(capturing, capture, rejected).payment;
    expect(refused).toMatchObject({ status: 'requires_capture', failure: { code: 'capture_failed' } });
    const made: Captured = { ...captured, providerReference: 'PSP2' };
    const after = told(refused, capture, made).payment;
    expect(after).toMatchObject({ status: 'succeeded', amountCapturedMinor: 1_000 });
    expect(after.failure).toBeUndefined();
    expect(ofKind(after, 'capture')).toMatchObject({ status: 'rejected', outcome: made });
    expect(decideOutcome(after, capture.id, made, NOW)).toBeUndefined();
  });

  it('beside what is captured is told to a person, and is not put away for coming to as much', () => {
    const taken = ordered(held(), 400);
    const partly = upon(taken, openOne(taken), { ...captured, amountMinor: 400 }).payment;
    const again = ordered({ ...partly }, 300);
    const second = openOne(again);
    const refused = upon(again, second, rejected).payment;
    expect(saysNothingNew(refused, letterOf('capture', second.id, 300))).toBe(false);
    const after = told(refused, second, { ...captured, amountMinor: 300 });
    expect(after.payment).toMatchObject({ status: 'partially_captured', amountCapturedMinor: 400 });
    expect(after.exceptions).toMatchObject([{ kind: 'contradiction', subjectId: second.id }]);
    expect(after.ledger).toEqual([]);
  });

  it('of more than was authorized, or in another currency, is told to a person', () => {
    const before = held();
    const charge = ofKind(before, 'authorize');
    for (const change of [{ amountMinor: 1_001 }, { currency: 'USD' }]) {
      const after = told(before, charge, { ...captured, ...change });
      expect(after.payment.status).toBe('requires_capture');
      expect(after.exceptions).toMatchObject([{ kind: 'contradiction', subjectId: charge.id }]);
    }
  });

  it('is no news while a capture is under way, nor of one that was declined', () => {
    const capturing = ordered(held(), 1_000);
    const charge = ofKind(capturing, 'authorize');
    expect(decideOutcome(capturing, charge.id, captured, NOW)).toBeUndefined();
    const capture = openOne(capturing);
    const takenBack = upon(capturing, capture, declined).payment;
    expect(decideOutcome(takenBack, capture.id, captured, NOW)).toBeUndefined();
  });
});
