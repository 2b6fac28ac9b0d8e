import { expect, test } from 'vitest';
import { differences, judgeByJournals, judgeRefunds } from './judge.ts';
import type { PublicPayment, PublicRefund } from './merchant.ts';
import type { Effect } from './sandboxes.ts';

const payment: PublicPayment = {
  id: 'pay_abc',
  status: 'succeeded',
  amount: 1000,
  currency: 'USD',
  amount_capturable: 0,
  amount_captured: 1000,
  amount_refunded: 0,
  attempts: [{ provider: 'stripe', status: 'captured', decline: null, authentication: null }],
  next_action: null,
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
    refunds: [{ amount: 400, status: 'succeeded' }],
  };
  expect(differences(payment, [], expected).map((text) => text.split(' ')[0])).toEqual([
    'status',
    'amount_captured',
    'attempts',
    'decline',
    'refunds',
    'failure',
  ]);
});

const refund: PublicRefund = {
  id: 'ref_xyz',
  payment: 'pay_abc',
  amount: 400,
  currency: 'USD',
  status: 'succeeded',
  failure: null,
};
const refunded = (name: string, operationReference: string) =>
  effect(name, { amountMinor: 400, operationReference });
const given = refunded('refunded', 'op_abc_xyz_1');
const sound = { problems: [], refundedTwice: 0, lost: false };

test('refunds that both sides tell alike are no problem', () => {
  expect(judgeRefunds(payment, [refund], [given])).toEqual(sound);
  const failed = { ...refund, status: 'requires_review' };
  expect(judgeRefunds(payment, [failed], [given, refunded('refund_failed', 'op_abc_xyz_1')])).toEqual(sound);
});

test('a late success that was given back is no refund of the merchant’s', () => {
  expect(judgeRefunds(payment, [], [refunded('refunded', 'op_abc_2_refund_1')])).toEqual(sound);
});

test('a refund made twice is found, under the same operation or another', () => {
  for (const operation of ['op_abc_xyz_1', 'op_abc_xyz_2']) {
    const twice = [given, refunded('refunded', operation)];
    expect(judgeRefunds(payment, [refund], twice)).toMatchObject({ refundedTwice: 1, lost: true });
  }
});

test.each(['pending', 'canceled', 'failed'])('a refund that was made and is told as %s is lost', (status) => {
  expect(judgeRefunds(payment, [{ ...refund, status }], [given])).toMatchObject({ lost: true });
});

test('a refund that only the API knows of, or only the provider, is lost', () => {
  expect(judgeRefunds(payment, [refund], [])).toMatchObject({ refundedTwice: 0, lost: true });
  expect(judgeRefunds(payment, [], [given])).toMatchObject({ refundedTwice: 0, lost: true });
});
