import { describe, expect, it } from 'vitest';
import { isTerminal } from '../machine.ts';
import { NOW } from '../payment/fixtures.ts';
import type { OperationOutcome } from '../payment/outcome.ts';
import { decideRefundOutcome, named } from './decide.ts';
import {
  canceled,
  first,
  newRefund,
  open,
  PENDING,
  REFUNDED,
  REFUSED,
  succeeded,
  TAKEN_BACK,
  transition,
  UNSENT,
  unsentOnce,
  upon,
} from './fixtures.ts';
import { openOperation, type Refund } from './refund.ts';
import { REFUND_EDGES } from './states.ts';

describe('a late success', () => {
  it('of a refund that had given its reservation back counts as a fact from outside', () => {
    const failed = upon(newRefund(), REFUSED);
    const step = transition(failed, must(decideRefundOutcome(failed, first(failed), REFUNDED, NOW)));
    expect(step.refund).toMatchObject({ status: 'succeeded', outsideBound: true });
    expect(step.balance).toEqual({ refundedMinor: 0, externalMinor: 400, release: false });
    expect(step.exceptions.map(({ kind }) => kind)).toEqual(['late_success']);
    expect(decideRefundOutcome(step.refund, first(failed), REFUNDED, NOW)).toBeUndefined();
  });

  it('of a canceled refund is recorded, though the refund stays canceled', () => {
    const before = canceled();
    const step = transition(before, must(decideRefundOutcome(before, first(before), REFUNDED, NOW)));
    expect(step.refund.status).toBe('canceled');
    expect(step.balance.externalMinor).toBe(400);
    expect(isTerminal(REFUND_EDGES, 'canceled')).toBe(true);
  });

  it('of the first try makes the next one doubtful instead of sending it', () => {
    const late = upon(unsentOnce(), REFUNDED, first(unsentOnce()));
    expect(late).toMatchObject({ status: 'succeeded', outsideBound: false });
    expect(openOperation(late)).toMatchObject({ number: 2, status: 'unknown' });
    const ended = upon(late, UNSENT);
    expect(ended.status).toBe('succeeded');
    expect(openOperation(ended)).toBeUndefined();
  });

  it('of a second try is an excess that a person must get back', () => {
    const late = upon(unsentOnce(), REFUNDED, first(unsentOnce()));
    const second = { ...REFUNDED, providerReference: 're_2' } as OperationOutcome;
    const step = transition(late, must(decideRefundOutcome(late, open(late).id, second, NOW)));
    expect(step.refund).toMatchObject({ status: 'succeeded', excessMinor: 400 });
    expect(step.balance).toEqual({ refundedMinor: 0, externalMinor: 400, release: false });
    expect(step.ledger.map(({ kind }) => kind)).toEqual(['refund_excess']);
    expect(step.exceptions.map(({ kind }) => kind)).toEqual(['refund_excess']);
    expect(decideRefundOutcome(step.refund, open(late).id, second, NOW)).toBeUndefined();
  });

  it('of a try that was refused under the same name, while another counts, is an excess too, and once', () => {
    const tried = upon(upon(unsentOnce(), PENDING), TAKEN_BACK);
    const [one = '', two = ''] = tried.operations.map(({ id }) => id);
    const counted = upon(tried, { ...REFUNDED, providerReference: 're_0' } as OperationOutcome, one);
    expect(counted).toMatchObject({ status: 'succeeded', countedOperationId: one });
    const step = transition(counted, must(decideRefundOutcome(counted, two, REFUNDED, NOW)));
    expect(step.refund).toMatchObject({ status: 'succeeded', countedOperationId: one, excessMinor: 400 });
    expect(step.exceptions).toMatchObject([{ kind: 'refund_excess', subjectId: two }]);
    expect(decideRefundOutcome(step.refund, two, REFUNDED, NOW)).toBeUndefined();
    expect(decideRefundOutcome(step.refund, one, REFUNDED, NOW)).toBeUndefined();
  });

  it('of one try, after another was counted and taken back, is the refund after all', () => {
    const tried = upon(upon(unsentOnce(), PENDING), TAKEN_BACK);
    const [one = '', two = ''] = tried.operations.map(({ id }) => id);
    const counted = upon(tried, { ...REFUNDED, providerReference: 're_0' } as OperationOutcome, one);
    const again = upon(upon(counted, TAKEN_BACK, one), REFUNDED, two);
    expect(again).toMatchObject({ status: 'succeeded', countedOperationId: two, excessMinor: 0 });
  });

  it('repeats the refusal that it belied: that is no contradiction any more', () => {
    const late = upon(upon(newRefund(), REFUSED), REFUNDED, first(newRefund()));
    expect(decideRefundOutcome(late, first(late), REFUSED, NOW)).toBeUndefined();
  });
});

describe('a letter’s name of a try', () => {
  const upOn = (refund: Refund, outcome: OperationOutcome) =>
    decideRefundOutcome(refund, first(refund), outcome, NOW);

  it('is kept with a refusal, which has none of its own, and never replaces what is known', () => {
    const refused = must(named(upOn(newRefund(), REFUSED), first(newRefund()), 're_9'));
    expect(refused.after.operations[0]).toMatchObject({ status: 'rejected', providerReference: 're_9' });
    const known = must(named(upOn(newRefund(), REFUNDED), first(newRefund()), 're_9'));
    expect(known.after.operations[0]?.providerReference).toBe('re_1');
  });

  it('decides nothing where the outcome doesn’t', () => {
    expect(named(upOn(succeeded(), REFUNDED), first(succeeded()), 're_9')).toBeUndefined();
    expect(named(upOn(newRefund(), REFUSED), first(newRefund()), undefined)).toEqual(
      upOn(newRefund(), REFUSED),
    );
  });
});

function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('nothing was decided');
  return value;
}
