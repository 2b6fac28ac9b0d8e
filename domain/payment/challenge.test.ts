import { describe, expect, it } from 'vitest';
import type { PlannedAuthentication } from '../authentication/policy.ts';
import { challengeTimerMs, decideChallengeEnd, decideReturned, waitsForPayer } from './challenge.ts';
import { decideCaptureCommand, decideVoidCommand } from './commands.ts';
import { decideOutcome } from './decide.ts';
import type { Decision } from './edit.ts';
import { NOW, planned, stepAt } from './fixtures.ts';
import { decideDuplicateCompletion, isLateCompletion } from './late-challenge.ts';
import { decideOperatorVoid } from './operate.ts';
import type { OperationOutcome } from './outcome.ts';
import { currentAttempt, type Operation, openOperations, type Payment, snapshotOf } from './payment.ts';
import { transitionOf } from './transition.ts';

const PLAN: PlannedAuthentication = { asked: { request: 'automatic' }, reasons: [], offSession: false };
const URL = 'https://acs.example/1';
const WINDOW_MS = 1_200_000;
const CHALLENGE: OperationOutcome = {
  type: 'requires_action',
  providerReference: 'ref',
  action: 'redirect_to_url',
  nextAction: { type: 'redirect_to_url', url: URL },
};
const CAPTURED: OperationOutcome = {
  type: 'captured',
  providerReference: 'ref',
  amountMinor: 1_000,
  currency: 'EUR',
  authentication: { flow: 'challenge', transStatus: 'Y', eci: '05', version: '2.2.0', liabilityShift: true },
};
const AUTHORIZED: OperationOutcome = { ...CAPTURED, type: 'authorized' };
const FAILED: OperationOutcome = {
  type: 'declined',
  decline: { reason: 'authentication_failed', providerCode: 'x', message: 'm' },
  authentication: { transStatus: 'N' },
};

function apply(payment: Payment, decision: Decision | undefined): Payment {
  if (decision === undefined) throw new Error('nothing was decided');
  return transitionOf(payment, decision, { type: 'test', actor: 'test' }, NOW).payment;
}

function open(payment: Payment, kind: string, completion = false): Operation {
  const found = openOperations(payment).find(
    (each) => each.kind === kind && each.cause.startsWith('returned_') === completion,
  );
  if (found === undefined) throw new Error(`no ${kind} is open`);
  return found;
}

function upon(payment: Payment, operation: Operation, outcome: OperationOutcome): Payment {
  return apply(payment, decideOutcome(payment, operation.id, outcome, NOW));
}

const authenticationOf = (payment: Payment) => currentAttempt(payment)?.authentication;
const attemptId = (payment: Payment) => currentAttempt(payment)?.id ?? '';

function atStripe(): Payment {
  const payment = planned({ authentication: PLAN, route: [stepAt('stripe')] });
  return upon(payment, open(payment, 'sale'), CHALLENGE);
}

function atAdyen(): Payment {
  const payment = planned({
    authentication: PLAN,
    captureMethod: 'manual',
    route: [stepAt('adyen', { completesReturns: true })],
  });
  return upon(payment, open(payment, 'authorize'), CHALLENGE);
}

const returned = (payment: Payment, letter = 'in_1') =>
  apply(payment, decideReturned(payment, attemptId(payment), letter, NOW));
const ended = (payment: Payment) => apply(payment, decideChallengeEnd(payment, NOW + WINDOW_MS));

describe('a challenge', () => {
  it('shows the payer the way, keeps the authorization open, and asks nothing meanwhile', () => {
    const payment = atStripe();
    expect(snapshotOf(payment)).toMatchObject({
      status: 'requires_action',
      nextAction: { type: 'redirect_to_url', url: URL },
      allowed: ['void'],
    });
    const attempt = currentAttempt(payment);
    expect(attempt !== undefined && waitsForPayer(attempt, open(payment, 'sale'))).toBe(true);
    expect(challengeTimerMs(payment)).toBe(NOW + WINDOW_MS);
    expect(decideOutcome(payment, open(payment, 'sale').id, CHALLENGE, NOW)).toBeUndefined();
  });

  it('ends by the provider’s word, whether or not the browser came back', () => {
    const back = returned(atStripe());
    expect(back).toMatchObject({ status: 'processing' });
    expect(snapshotOf(back).nextAction).toBeUndefined();
    const paid = upon(back, open(back, 'sale'), CAPTURED);
    expect(paid.status).toBe('succeeded');
    expect(authenticationOf(paid)).toMatchObject({
      status: 'challenged',
      facts: { transStatus: 'Y', eci: '05', liabilityShift: true },
      returnedAtMs: NOW,
      endedAtMs: NOW,
    });
    const never = atStripe();
    const unseen = upon(never, open(never, 'sale'), CAPTURED);
    expect([unseen.status, authenticationOf(unseen)?.status]).toEqual([
      'succeeded',
      'completed_without_return',
    ]);
  });

  it('waits again where the browser came back too early', () => {
    const back = returned(atStripe());
    const again = upon(back, open(back, 'sale'), CHALLENGE);
    expect([again.status, authenticationOf(again)?.status]).toEqual([
      'requires_action',
      'challenge_required',
    ]);
    expect(snapshotOf(again).nextAction?.url).toBe(URL);
  });

  it('that fails ends the payment, with the issuer’s word in the record', () => {
    const back = returned(atStripe());
    const failed = upon(back, open(back, 'sale'), FAILED);
    expect([failed.status, authenticationOf(failed)?.status]).toEqual(['failed', 'failed']);
  });

  it('is abandoned only when the intent is proven canceled, and unknown until then', () => {
    const waiting = atStripe();
    expect(decideChallengeEnd(waiting, NOW + WINDOW_MS - 1)).toBeUndefined();
    const ending = ended(waiting);
    expect([ending.status, authenticationOf(ending)?.status]).toEqual(['processing', 'unknown']);
    expect(decideChallengeEnd(ending, NOW + 2 * WINDOW_MS)).toBeUndefined();
    const gone = upon(ending, open(ending, 'void'), { type: 'voided' });
    expect(gone).toMatchObject({ status: 'failed', failure: { code: 'authentication_abandoned' } });
    expect([authenticationOf(gone)?.status, openOperations(gone)]).toEqual(['abandoned', []]);
  });

  it('that is completed while it is being canceled is adopted', () => {
    const ending = ended(atStripe());
    const refused = upon(ending, open(ending, 'void'), {
      type: 'rejected',
      code: 'wrong_state',
      message: 'm',
    });
    expect(refused.status).toBe('processing');
    const paid = upon(refused, open(refused, 'sale'), CAPTURED);
    expect([paid.status, authenticationOf(paid)?.status]).toEqual(['succeeded', 'completed_without_return']);
  });

  it('that succeeds after it was proven abandoned is given back', () => {
    const ending = ended(atStripe());
    const gone = upon(ending, open(ending, 'void'), { type: 'voided' });
    const sale = gone.attempts[0]?.operations[0]?.id ?? '';
    const late = apply(gone, decideOutcome(gone, sale, CAPTURED, NOW));
    expect(late.status).toBe('failed');
    expect(open(late, 'refund').cause).toBe('late_success');
    expect(authenticationOf(late)?.status).toBe('abandoned');
  });

  it('whose cancellation is in doubt when it turns out charged leaves nothing open', () => {
    const ending = ended(atStripe());
    const doubted = upon(ending, open(ending, 'void'), { type: 'unknown', cause: 'timeout' });
    const paid = upon(doubted, open(doubted, 'sale'), CAPTURED);
    expect([paid.status, openOperations(paid)]).toEqual(['succeeded', []]);
  });

  it('authorized while it is being canceled stands only once the cancellation is answered', () => {
    const ending = ended(atAdyen());
    const late = upon(ending, open(ending, 'authorize'), AUTHORIZED);
    expect(late).toMatchObject({ status: 'processing', amountAuthorizedMinor: 1_000 });
    expect(open(late, 'void').status).toBe('unknown');
    const withdrawn = upon(late, open(late, 'void'), { type: 'not_attempted', proof: 'permit_revoked' });
    expect([withdrawn.status, openOperations(withdrawn)]).toEqual(['requires_capture', []]);
    const refused = upon(late, open(late, 'void'), { type: 'rejected', code: 'wrong_state', message: 'm' });
    expect([refused.status, openOperations(refused)]).toEqual(['requires_capture', []]);
    const gone = upon(late, open(late, 'void'), { type: 'voided' });
    expect(gone).toMatchObject({ status: 'failed', failure: { code: 'authentication_abandoned' } });
    // The authorization's own message, late: it is known, and voided.
    expect(decideOutcome(gone, gone.attempts[0]?.operations[0]?.id ?? '', AUTHORIZED, NOW)).toBeUndefined();
  });

  it('failed while it is being canceled leaves the cancellation without consequence', () => {
    const ending = ended(atAdyen());
    const failed = upon(ending, open(ending, 'authorize'), FAILED);
    expect(failed.status).toBe('failed');
    for (const outcome of [
      { type: 'voided' },
      { type: 'rejected', code: 'wrong_state', message: 'm' },
      { type: 'not_attempted', proof: 'permit_revoked' },
    ] as const) {
      const decision = decideOutcome(failed, open(failed, 'void').id, outcome, NOW);
      expect(decision?.exceptions ?? []).toEqual([]);
      expect(openOperations(apply(failed, decision))).toEqual([]);
    }
  });

  it('of a sale can be given up by an operator', () => {
    const ruling = decideOperatorVoid(atStripe(), { cause: 'req_1', operator: 'alice', reason: 'asked for' });
    const giving = apply(atStripe(), ruling.type === 'decided' ? ruling.decision : undefined);
    expect(snapshotOf(giving).nextAction).toBeUndefined();
    const gone = upon(giving, open(giving, 'void'), { type: 'voided' });
    expect(gone).toMatchObject({ status: 'canceled', cancellationReason: 'voided_by_operator' });
  });

  it('that is completed late is given back where the order was paid otherwise', () => {
    const ending = ended(atStripe());
    const { id } = open(ending, 'sale');
    expect(isLateCompletion(atStripe(), id, CAPTURED)).toBe(false);
    expect(isLateCompletion(ending, id, CAPTURED)).toBe(true);
    const gone = apply(ending, decideDuplicateCompletion(ending, id, CAPTURED, NOW));
    expect(gone).toMatchObject({
      status: 'canceled',
      cancellationReason: 'reference_paid_otherwise',
      amountCapturedMinor: 0,
    });
    expect(open(gone, 'refund').cause).toBe('late_success');
    expect(authenticationOf(gone)?.status).toBe('completed_without_return');
  });

  it('can be given up by the merchant', () => {
    const ruling = decideVoidCommand(atStripe(), 'req_1');
    const giving = apply(atStripe(), ruling.type === 'decided' ? ruling.decision : undefined);
    const gone = upon(giving, open(giving, 'void'), { type: 'voided' });
    expect(gone).toMatchObject({ status: 'canceled', cancellationReason: 'requested_by_merchant' });
    expect([authenticationOf(gone)?.status, openOperations(gone)]).toEqual(['abandoned', []]);
    const capture = decideCaptureCommand(atStripe(), { cause: 'req_2', finalCapture: true }, NOW);
    expect(capture).toMatchObject({ type: 'refused' });
  });
});

describe('a provider that waits to be given what the browser brought', () => {
  it('is sent it under a permit of its own, with the payer’s time, and its answer is the authorization’s', () => {
    const back = returned(atAdyen());
    const completion = open(back, 'authorize', true);
    expect(completion).toMatchObject({ number: 2, sendByMs: NOW + WINDOW_MS });
    const paid = upon(back, completion, AUTHORIZED);
    expect([paid.status, authenticationOf(paid)?.status]).toEqual(['requires_capture', 'challenged']);
    expect(openOperations(paid)).toEqual([]);
  });

  it('is not sent the same return twice', () => {
    const back = returned(atAdyen());
    expect(decideReturned(back, attemptId(back), 'in_1', NOW)).toBeUndefined();
  });

  it('that refuses what was brought leaves the payer to come back', () => {
    const back = returned(atAdyen());
    const refused = upon(back, open(back, 'authorize', true), {
      type: 'rejected',
      code: '14_002',
      message: 'm',
    });
    expect([refused.status, authenticationOf(refused)?.status]).toEqual([
      'requires_action',
      'challenge_required',
    ]);
    const once = returned(refused, 'in_2');
    const paid = upon(once, open(once, 'authorize', true), AUTHORIZED);
    expect(paid.status).toBe('requires_capture');
  });

  it('that answers for another payment has been brought what isn’t ours, which completes nothing', () => {
    const back = returned(atAdyen());
    const foreign = upon(back, open(back, 'authorize', true), {
      type: 'unknown',
      cause: 'mismatch',
      detail: 'reference',
    });
    expect([foreign.status, authenticationOf(foreign)?.status]).toEqual([
      'requires_action',
      'challenge_required',
    ]);
    expect(openOperations(foreign)).toHaveLength(1);
  });

  it('whose answer is lost is believed by webhook, and the completion is done with', () => {
    const back = returned(atAdyen());
    const unknown = upon(back, open(back, 'authorize', true), { type: 'unknown', cause: 'timeout' });
    expect(unknown.status).toBe('processing');
    const paid = upon(unknown, open(unknown, 'authorize'), AUTHORIZED);
    expect([paid.status, openOperations(paid)]).toEqual(['requires_capture', []]);
  });
});

describe('a soft decline', () => {
  const SOFT: OperationOutcome = {
    type: 'declined',
    decline: { reason: 'authentication_required', providerCode: '38', message: 'm' },
  };

  it('steps up at the same provider, once', () => {
    const payment = planned({
      authentication: { ...PLAN, asked: { request: 'automatic', exemption: 'low_value' } },
    });
    const stepped = upon(payment, open(payment, 'sale'), SOFT);
    expect(stepped.attempts.map((each) => [each.provider, each.authentication?.status])).toEqual([
      ['stripe', 'not_performed'],
      ['stripe', 'requested'],
    ]);
    expect(authenticationOf(stepped)).toMatchObject({
      asked: { request: 'challenge' },
      reasons: ['soft_decline'],
    });
    const again = upon(stepped, open(stepped, 'sale'), SOFT);
    expect([again.status, again.attempts.length]).toEqual(['failed', 2]);
  });

  it('ends a payment whose payer is not there', () => {
    const payment = planned({ authentication: { ...PLAN, offSession: true } });
    expect(upon(payment, open(payment, 'sale'), SOFT).status).toBe('failed');
  });
});
