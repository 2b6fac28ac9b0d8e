import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Decline, RETRY_ADVICE } from '../../payment/outcome.ts';
import {
  ADVICE_CODES,
  type CountedDecline,
  declineClass,
  judgeBudget,
  NETWORK_CODES,
  nextStepAfter,
  reasonOfNetworkCode,
  SCHEME_BUDGETS,
  visaCategory,
} from './index.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = 1_800_000_000_000;

const declined = (over: Partial<Decline> = {}): Decline => ({
  reason: 'generic_decline',
  providerCode: 'x',
  message: 'declined',
  ...over,
});

describe('a network’s code', () => {
  it('is found as providers spell it, and says nothing where no table knows it', () => {
    expect(reasonOfNetworkCode('51')).toBe('insufficient_funds');
    expect(reasonOfNetworkCode('r1')).toBe('stop_payment');
    expect(reasonOfNetworkCode('5')).toBe('do_not_honor');
    expect(reasonOfNetworkCode('ZZ')).toBeUndefined();
    expect(reasonOfNetworkCode(undefined)).toBeUndefined();
    expect(visaCategory('ZZ')).toBe(4);
  });

  it('of category 1 has a reason that is never retried, and no other code has both', () => {
    const hopeless = Object.entries(NETWORK_CODES).filter(([, { category }]) => category === 1);
    expect(hopeless.map(([, { reason }]) => RETRY_ADVICE[reason])).toEqual(hopeless.map(() => 'never'));
  });
});

describe('what may be done about a decline', () => {
  it.each([
    [
      'its reason, where nobody says more',
      declined({ reason: 'issuer_unavailable' }),
      'retry_other_provider',
    ],
    ['never, by advice 03', declined({ reason: 'issuer_unavailable', adviceCode: '03' }), 'never'],
    ['never, by advice 21', declined({ reason: 'insufficient_funds', adviceCode: '21' }), 'never'],
    ['never, by the provider’s own advice', declined({ adviceCode: 'do_not_try_again' }), 'never'],
    ['never, by a code of category 1', declined({ networkCode: '43' }), 'never'],
    ['new data, by advice 01', declined({ adviceCode: '01' }), 'correct_and_retry'],
    ['later, by advice 02', declined({ reason: 'expired_card', adviceCode: '02' }), 'retry_later'],
    [
      'never, by a reason that no advice to wait can mend',
      declined({ reason: 'not_permitted', adviceCode: '02' }),
      'never',
    ],
    [
      'a challenge, whatever else is advised',
      declined({ reason: 'authentication_required', adviceCode: '02' }),
      'authenticate',
    ],
  ])('is %s', (_what, decline, advice) => {
    expect(nextStepAfter(decline).advice).toBe(advice);
  });

  it('names how long to wait, where the network does', () => {
    expect(nextStepAfter(declined({ adviceCode: '24' }))).toMatchObject({ waitMs: HOUR });
    expect(nextStepAfter(declined({ adviceCode: '30' }))).toMatchObject({ waitMs: 10 * DAY });
  });

  it('is never anything but `never` where the network says so, whatever the reason', () => {
    const never = Object.entries(ADVICE_CODES).filter(([, { advice }]) => advice === 'never');
    fc.assert(
      fc.property(
        fc.constantFrom(...(Object.keys(RETRY_ADVICE) as (keyof typeof RETRY_ADVICE)[])),
        fc.constantFrom(...never.map(([code]) => code)),
        (reason, adviceCode) => declineClass(declined({ reason, adviceCode })) === 'hard',
      ),
    );
  });
});

describe('a network’s budget for one card', () => {
  const at = (count: number, ageMs: number, over: Partial<CountedDecline> = {}): CountedDecline[] =>
    Array.from({ length: count }, () => ({ atMs: NOW - ageMs, ...over }));

  it('has a limit for Visa and Mastercard, and none for a network that publishes none', () => {
    expect(judgeBudget('visa', [], NOW)).toEqual({ type: 'left', declines: 20 });
    expect(judgeBudget('mastercard', [], NOW)).toEqual({ type: 'left', declines: 10 });
    expect(judgeBudget('amex', at(90, HOUR), NOW)).toEqual({ type: 'unlimited' });
  });

  it('is used up by the twentieth of Visa in 30 days, and free again when the first is past them', () => {
    expect(judgeBudget('visa', at(19, HOUR), NOW)).toEqual({ type: 'left', declines: 1 });
    expect(judgeBudget('visa', at(20, HOUR), NOW)).toMatchObject({ type: 'used_up' });
    expect(judgeBudget('visa', [...at(19, HOUR), ...at(1, 30 * DAY)], NOW).type).toBe('left');
  });

  it('is used up by 10 of Mastercard in a day, or 35 in 30 days', () => {
    expect(judgeBudget('mastercard', at(10, 23 * HOUR), NOW)).toMatchObject({
      because: 'mastercard allows 10 declined tries in 24 hours',
    });
    expect(judgeBudget('mastercard', at(34, 2 * DAY), NOW)).toEqual({ type: 'left', declines: 1 });
    expect(judgeBudget('mastercard', at(35, 2 * DAY), NOW)).toMatchObject({
      because: 'mastercard allows 35 declined tries in 30 days',
    });
  });

  it('allows nothing after Visa’s category 1, nor after Mastercard’s advice 03 and 21', () => {
    expect(judgeBudget('visa', at(1, 20 * DAY, { networkCode: '41' }), NOW).type).toBe('used_up');
    expect(judgeBudget('visa', at(1, 20 * DAY, { networkCode: '51' }), NOW).type).toBe('left');
    expect(judgeBudget('mastercard', at(1, DAY, { adviceCode: '21' }), NOW).type).toBe('used_up');
    expect(judgeBudget('mastercard', at(1, DAY, { adviceCode: '02' }), NOW).type).toBe('left');
  });

  it('never grows by one decline more', () => {
    const decline = fc.record({ atMs: fc.integer({ min: NOW - 40 * DAY, max: NOW }) });
    const left = (brand: string, declines: CountedDecline[]) => {
      const verdict = judgeBudget(brand, declines, NOW);
      return verdict.type === 'left' ? verdict.declines : 0;
    };
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.keys(SCHEME_BUDGETS)),
        fc.array(decline, { maxLength: 50 }),
        decline,
        (brand, declines, one) => left(brand, [...declines, one]) <= left(brand, declines),
      ),
    );
  });
});
