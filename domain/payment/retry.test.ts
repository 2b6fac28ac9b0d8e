import { describe, expect, it } from 'vitest';
import { decideVoidCommand, routed } from './commands.ts';
import { decideOutcome } from './decide.ts';
import { draft, NOW, stepAt } from './fixtures.ts';
import { decideMove, decideOperatorCancel, decideRetryNow } from './operate.ts';
import type { Decline, DeclineReason, OperationOutcome } from './outcome.ts';
import {
  allowedCommands,
  currentAttempt,
  openOperations,
  type Payment,
  type PaymentRetryPlan,
  snapshotOf,
} from './payment.ts';
import { decideScheduledRetry } from './retry.ts';
import { transitionOf } from './transition.ts';

const DAY = 86_400_000;
const PLAN: PaymentRetryPlan = {
  maxAttempts: 3,
  failOverAfter: ['issuer_unavailable', 'do_not_honor'],
  laterMs: [DAY, 3 * DAY],
  timeScale: 1,
};
const THREE = [stepAt('stripe'), stepAt('adyen'), { ...stepAt('adyen'), accountId: 'pa_third' }];
const ORDER = { cause: 'req_1', operator: 'opr_alice', reason: 'asked' };

function planned(changes: Partial<Payment> = {}): Payment {
  const before = draft({ retryPlan: PLAN, route: THREE, ...changes });
  return apply(before, routed(before, 'first'));
}

function apply(payment: Payment, decision: { after: Payment; reason: string } | undefined): Payment {
  if (decision === undefined) throw new Error('nothing was decided');
  return transitionOf(payment, decision, { type: 'test', actor: 'test' }, NOW).payment;
}

const offSession = (changes: Partial<Payment> = {}) =>
  planned({
    completeByMs: Date.UTC(9999, 0),
    authentication: { asked: { request: 'automatic' }, reasons: [], offSession: true },
    ...changes,
  });

const decline = (reason: DeclineReason, over: Partial<Decline> = {}): OperationOutcome => ({
  type: 'declined',
  decline: { reason, providerCode: 'x', message: reason, ...over },
});

/** The open charge comes to this. */
function comesTo(payment: Payment, outcome: OperationOutcome): Payment {
  const [open] = openOperations(payment);
  if (open === undefined) throw new Error('nothing is open');
  return apply(payment, decideOutcome(payment, open.id, outcome, NOW));
}

describe('a policy’s plan', () => {
  it('names the declines after which another provider is asked, and no others are', () => {
    expect(currentAttempt(comesTo(planned(), decline('do_not_honor')))?.accountId).toBe('pa_adyen');
    expect(comesTo(planned(), decline('processing_error'))).toMatchObject({ status: 'failed' });
  });

  it('is bounded by the network’s never, by advice or by code', () => {
    for (const never of [{ adviceCode: '03' }, { networkCode: '41' }])
      expect(comesTo(planned(), decline('do_not_honor', never))).toMatchObject({ status: 'failed' });
  });

  it('counts what was sent: not what was proven never to have left', () => {
    const plan = { ...PLAN, maxAttempts: 2 };
    const unreachable: OperationOutcome = { type: 'not_attempted', proof: 'no_byte_sent' };
    const twice = comesTo(
      comesTo(planned({ retryPlan: plan }), decline('do_not_honor')),
      decline('do_not_honor'),
    );
    expect([twice.status, twice.attempts.length]).toEqual(['failed', 2]);
    const third = comesTo(comesTo(planned({ retryPlan: plan }), unreachable), decline('do_not_honor'));
    expect([third.status, third.attempts.length]).toEqual(['processing', 3]);
  });

  it('ends where the card’s network allows no more, and says so', () => {
    const plan = { ...PLAN, declinesLeft: 2 };
    const once = comesTo(planned({ retryPlan: plan }), decline('do_not_honor'));
    expect(once.attempts).toHaveLength(2);
    const twice = comesTo(once, decline('do_not_honor'));
    expect(twice).toMatchObject({
      status: 'failed',
      failure: { code: 'card_declined', decline: { reason: 'retry_limit_reached' } },
    });
    expect(twice.attempts).toHaveLength(2);
  });

  it('asks nobody else at once where the network names a time to wait', () => {
    const waits = comesTo(planned(), decline('do_not_honor', { adviceCode: '24' }));
    expect([waits.status, waits.attempts.length]).toEqual(['failed', 1]);
  });

  it('is not there in payments of before: the reason alone decides', () => {
    const { retryPlan: _plan, ...old } = planned();
    expect(comesTo(old, decline('issuer_unavailable')).attempts).toHaveLength(2);
    expect(comesTo(old, decline('do_not_honor'))).toMatchObject({ status: 'failed' });
  });
});

describe('a soft decline of a payer who is there', () => {
  const asked = (over: Partial<Payment> = {}) =>
    planned({
      authentication: { asked: { request: 'automatic' }, reasons: [], offSession: false },
      ...over,
    });

  it('is answered with a challenge', () => {
    expect(comesTo(asked(), decline('authentication_required')).attempts).toHaveLength(2);
  });

  it('is not, where the network says never or allows no further try', () => {
    const spent = { ...PLAN, declinesLeft: 1 };
    for (const payment of [
      comesTo(asked(), decline('authentication_required', { adviceCode: '03' })),
      comesTo(asked({ retryPlan: spent }), decline('authentication_required')),
    ])
      expect([payment.status, payment.attempts.length]).toEqual(['failed', 1]);
  });
});

describe('a card whose network allows no try', () => {
  it('is sent to nobody: the payment fails through `processing`, without an attempt', () => {
    const refused: Decline = { reason: 'retry_limit_reached', providerCode: 'x', message: 'no more' };
    const before = draft({ route: THREE });
    const { after: payment } = routed(before, 'first', { refused });
    expect(payment).toMatchObject({ status: 'processing', attempts: [], failure: { code: 'card_declined' } });
  });
});

describe('a merchant-initiated payment that is declined for now', () => {
  const waiting = () => comesTo(offSession(), decline('insufficient_funds'));

  it('waits as the plan says, and tells when', () => {
    expect(waiting()).toMatchObject({ status: 'processing', nextRetryAtMs: NOW + DAY });
    expect(snapshotOf(waiting())).toMatchObject({ nextRetryAtMs: NOW + DAY, allowed: ['void'] });
  });

  it('waits longer where the network asks for more', () => {
    const asked = comesTo(offSession(), decline('insufficient_funds', { adviceCode: '27' }));
    expect(asked.nextRetryAtMs).toBe(NOW + 4 * DAY);
  });

  it('waits though its network allows none now: by then other windows count', () => {
    const spent = { ...PLAN, declinesLeft: 1 };
    for (const reason of ['insufficient_funds', 'issuer_unavailable'] as const)
      expect(comesTo(offSession({ retryPlan: spent }), decline(reason))).toMatchObject({
        status: 'processing',
        nextRetryAtMs: NOW + DAY,
        attempts: [{ accountId: 'pa_stripe' }],
      });
  });

  it('waits where nobody could be reached, but not for what the round’s last decline rules out', () => {
    const unreachable: OperationOutcome = { type: 'not_attempted', proof: 'no_byte_sent' };
    const all = [1, 2, 3].reduce((payment) => comesTo(payment, unreachable), offSession());
    expect(all).toMatchObject({ status: 'processing', nextRetryAtMs: NOW + DAY });
    const plan = { ...PLAN, failOverAfter: ['expired_card'] };
    const expired = comesTo(offSession({ retryPlan: plan }), decline('expired_card'));
    const end = comesTo(comesTo(expired, unreachable), unreachable);
    expect(end).toMatchObject({ status: 'failed', failure: { code: 'provider_unavailable' } });
    const there = [1, 2, 3].reduce((payment) => comesTo(payment, unreachable), planned());
    expect(there.status).toBe('failed');
  });

  it('goes on to the plan’s next time where all are unwell at this one, and fails after its last', () => {
    const outage = { route: [], outage: true };
    const skip = (payment: Payment) => {
      const dueMs = payment.nextRetryAtMs ?? 0;
      return apply(payment, decideScheduledRetry(payment, dueMs, outage, dueMs));
    };
    const once = skip(waiting());
    expect(once).toMatchObject({ status: 'processing', nextRetryAtMs: NOW + 3 * DAY });
    expect(skip(once)).toMatchObject({ status: 'failed', failure: { code: 'no_route' } });
    const dueMs = once.nextRetryAtMs ?? 0;
    const tried = apply(once, decideScheduledRetry(once, dueMs, { route: THREE, retryPlan: PLAN }, dueMs));
    expect(comesTo(tried, decline('insufficient_funds'))).toMatchObject({ status: 'failed' });
  });

  it('waits in the platform’s own time', () => {
    const scaled = comesTo(
      offSession({ retryPlan: { ...PLAN, timeScale: 0.001 } }),
      decline('insufficient_funds'),
    );
    expect(scaled.nextRetryAtMs).toBe(NOW + DAY / 1_000);
  });

  it('does not wait for what will not pass, nor with the payer there', () => {
    for (const payment of [
      comesTo(offSession(), decline('lost_or_stolen')),
      comesTo(offSession(), decline('expired_card')),
      comesTo(planned(), decline('insufficient_funds')),
      comesTo(offSession({ retryPlan: { ...PLAN, laterMs: [] } }), decline('insufficient_funds')),
    ])
      expect(payment).toMatchObject({ status: 'failed' });
  });

  it('asks all providers that its plan allows before it waits', () => {
    const atAdyen = comesTo(offSession(), decline('issuer_unavailable'));
    expect(currentAttempt(atAdyen)?.accountId).toBe('pa_adyen');
    expect(comesTo(atAdyen, decline('insufficient_funds')).nextRetryAtMs).toBe(NOW + DAY);
  });

  it('is tried again by a fresh route, as often as the plan says, and then fails', () => {
    const again = (payment: Payment) =>
      apply(payment, decideScheduledRetry(payment, payment.nextRetryAtMs ?? 0, { route: THREE }, NOW + DAY));
    const second = comesTo(again(waiting()), decline('insufficient_funds'));
    expect(second).toMatchObject({ status: 'processing', nextRetryAtMs: NOW + 2 * DAY });
    const third = comesTo(again(second), decline('insufficient_funds'));
    expect(third).toMatchObject({ status: 'failed' });
    expect(third.nextRetryAtMs).toBeUndefined();
    expect(third.attempts.map(({ accountId }) => accountId)).toEqual(['pa_stripe', 'pa_stripe', 'pa_stripe']);
  });

  it('begins anew with its plan’s tries, at providers that the last round went to too', () => {
    const atAdyen = comesTo(offSession(), decline('issuer_unavailable'));
    const rested = comesTo(atAdyen, decline('insufficient_funds'));
    const fresh = apply(rested, decideScheduledRetry(rested, NOW + DAY, { route: THREE }, NOW + DAY));
    expect(currentAttempt(comesTo(fresh, decline('issuer_unavailable')))?.accountId).toBe('pa_adyen');
  });

  it('keeps what its earlier attempts were made with, and sends nobody there', () => {
    const other = [{ ...stepAt('adyen'), accountId: 'pa_third' }];
    const fresh = apply(waiting(), decideScheduledRetry(waiting(), NOW + DAY, { route: other }, NOW + DAY));
    expect(fresh.route.map(({ accountId, kept }) => [accountId, kept])).toEqual([
      ['pa_third', undefined],
      ['pa_stripe', true],
    ]);
    expect(comesTo(fresh, decline('lost_or_stolen'))).toMatchObject({ status: 'failed' });
    expect(comesTo(fresh, decline('issuer_unavailable')).nextRetryAtMs).toBe(NOW + 2 * DAY);
  });

  it('goes by the plan of then', () => {
    const retryPlan = { ...PLAN, laterMs: [] };
    const fresh = apply(
      waiting(),
      decideScheduledRetry(waiting(), NOW + DAY, { route: THREE, retryPlan }, NOW + DAY),
    );
    expect(comesTo(fresh, decline('insufficient_funds'))).toMatchObject({ status: 'failed' });
  });

  it('fails where nobody may, or can, be asked by then', () => {
    const refused: Decline = { reason: 'retry_limit_reached', providerCode: 'x', message: 'no more' };
    expect(
      decideScheduledRetry(waiting(), NOW + DAY, { route: THREE, refused }, NOW + DAY)?.after,
    ).toMatchObject({
      status: 'failed',
      failure: { decline: { reason: 'retry_limit_reached' } },
    });
    expect(decideScheduledRetry(waiting(), NOW + DAY, { route: [] }, NOW + DAY)?.after).toMatchObject({
      status: 'failed',
      failure: { code: 'no_route' },
    });
  });

  it('is tried once for one due time, whoever else has moved it meanwhile', () => {
    const fresh = apply(waiting(), decideScheduledRetry(waiting(), NOW + DAY, { route: THREE }, NOW + DAY));
    expect(decideScheduledRetry(fresh, NOW + DAY, { route: THREE }, NOW + DAY)).toBeUndefined();
    expect(decideScheduledRetry(waiting(), NOW + 2 * DAY, { route: THREE }, NOW + DAY)).toBeUndefined();
  });

  it('may be given up meanwhile, by the merchant and by an operator', () => {
    const ruling = decideVoidCommand(waiting(), 'req_cancel');
    const canceled = ruling.type === 'decided' ? ruling.decision.after : undefined;
    expect(canceled).toMatchObject({ status: 'canceled', cancellationReason: 'requested_by_merchant' });
    expect(canceled?.nextRetryAtMs).toBeUndefined();
    const operator = decideOperatorCancel(waiting(), ORDER, []);
    expect(operator).toMatchObject({ type: 'decided', decision: { after: { status: 'canceled' } } });
    if (canceled !== undefined)
      expect(decideScheduledRetry(canceled, NOW + DAY, { route: THREE }, NOW + DAY)).toBeUndefined();
  });

  it('may be hurried, or moved to a provider that nobody has asked', () => {
    expect(decideRetryNow(waiting(), ORDER)).toMatchObject({
      type: 'decided',
      decision: { after: { nextRetryAtMs: 0 } },
    });
    const moved = decideMove(waiting(), { ...ORDER, sendByMs: NOW + 1_000 }, []);
    const payment = moved.type === 'decided' ? moved.decision.after : undefined;
    expect(payment?.nextRetryAtMs).toBeUndefined();
    expect(payment === undefined ? undefined : currentAttempt(payment)?.accountId).toBe('pa_adyen');
  });

  it('takes no other command, and none once it is being tried', () => {
    const fresh = apply(waiting(), decideScheduledRetry(waiting(), NOW + DAY, { route: THREE }, NOW + DAY));
    expect(allowedCommands(fresh)).toEqual([]);
  });

  it('gives a late success of an earlier round back, and goes on waiting', () => {
    const [first] = waiting().attempts;
    const operation = first?.operations[0];
    const late = decideOutcome(
      waiting(),
      operation?.id ?? '',
      { type: 'captured', providerReference: 'ch_1', amountMinor: 1_000, currency: 'EUR' },
      NOW,
    );
    expect(late?.after).toMatchObject({
      status: 'processing',
      nextRetryAtMs: NOW + DAY,
      attempts: [{ undoing: true }],
    });
  });

  it('is not tried again by itself before a late success has gone back', () => {
    const operation = waiting().attempts[0]?.operations[0]?.id ?? '';
    const captured: OperationOutcome = {
      type: 'captured',
      providerReference: 'ch_1',
      amountMinor: 1_000,
      currency: 'EUR',
    };
    const late = apply(waiting(), decideOutcome(waiting(), operation, captured, NOW));
    const due = (payment: Payment) => {
      const decision = decideScheduledRetry(payment, payment.nextRetryAtMs ?? 0, { route: THREE }, NOW + DAY);
      return apply(payment, decision);
    };
    const decision = decideScheduledRetry(late, NOW + DAY, { route: THREE }, NOW + DAY);
    expect(decision).toMatchObject({
      after: { status: 'requires_review' },
      exceptions: [{ kind: 'late_success', subjectId: late.attempts[0]?.id }],
    });
    expect(due(late).attempts).toHaveLength(1);
    expect(due(late).nextRetryAtMs).toBeUndefined();

    const refunded: OperationOutcome = { type: 'refunded', providerReference: 're_1', amountMinor: 1_000 };
    expect(due(comesTo(late, refunded)).attempts).toHaveLength(2);
  });
});
