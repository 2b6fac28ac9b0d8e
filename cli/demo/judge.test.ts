import { expect, test } from 'vitest';
import { differences, judgeByJournals } from './judge.ts';
import type { PublicPayment } from './merchant.ts';
import type { Effect } from './sandboxes.ts';

const payment: PublicPayment = {
  id: 'pay_abc',
  status: 'succeeded',
  amount: 1000,
  currency: 'USD',
  amount_capturable: 0,
  amount_captured: 1000,
  amount_refunded: 0,
  attempts: [{ provider: 'stripe', status: 'captured', decline: null }],
  failure: null,
};

function effect(name: string, more: Partial<Effect> = {}): Effect {
  return {
    provider: 'stripe',
    effect: name,
    reference: 'att_abc_1',
    amountMinor: 1000,
    currency: 'USD',
    ...more,
  };
}

const charged = [effect('authorized'), effect('captured')];
const clean = { problems: [], chargedTwice: false, lost: false };

test('one charge that both sides tell alike is no problem', () => {
  expect(judgeByJournals(payment, charged)).toEqual(clean);
});

test('another payment’s effects are not this one’s', () => {
  expect(judgeByJournals(payment, [...charged, effect('captured', { reference: 'att_abcd_1' })])).toEqual(
    clean,
  );
});

test('a second charge at the other provider is found', () => {
  const second = effect('captured', { provider: 'adyen', reference: 'att_abc_2' });
  expect(judgeByJournals(payment, [...charged, second])).toMatchObject({ chargedTwice: true, lost: true });
});

test('a second charge under the same reference is found', () => {
  expect(judgeByJournals(payment, [...charged, effect('captured')])).toMatchObject({ chargedTwice: true });
});

test('a second charge that was given back is none', () => {
  const other = { provider: 'adyen', reference: 'att_abc_2' } as const;
  const undone = [effect('captured', other), effect('refunded', other)];
  expect(judgeByJournals(payment, [...charged, ...undone])).toEqual(clean);
});

test('a charge that the API does not know of is lost', () => {
  const failed = { ...payment, status: 'failed', amount_captured: 0 };
  expect(judgeByJournals(failed, charged)).toMatchObject({ chargedTwice: false, lost: true });
});

test('a charge that only the API knows of is a problem', () => {
  expect(judgeByJournals(payment, [effect('authorized')]).problems).toHaveLength(1);
});

test('every field that is not as expected is named', () => {
  const expected = {
    status: 'failed',
    captured: 0,
    attempts: [['adyen', 'declined']] as const,
    decline: 'generic_decline',
    failure: 'card_declined',
  };
  expect(differences(payment, expected).map((text) => text.split(' ')[0])).toEqual([
    'status',
    'amount_captured',
    'attempts',
    'decline',
    'failure',
  ]);
});
