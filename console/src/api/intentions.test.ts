import { beforeEach, describe, expect, it } from 'vitest';
import { answered, forgetOrders, intended } from './intentions.ts';

const url = 'https://console.test/v1/operator/payments/pay_1/refunds';
const order = (amount: number, reason: string) => ({
  url,
  merchant: '',
  body: JSON.stringify({ reason, amount }),
});

describe('an order whose answer was lost', () => {
  beforeEach(forgetOrders);

  it('is repeated under its own key and in its own words', () => {
    expect(intended(order(500, 'broken cup'), 'first')).toEqual({
      key: 'first',
      body: order(500, 'broken cup').body,
    });
    answered(order(500, 'broken cup'), 0);
    answered(order(500, 'broken cup'), 504);
    const again = intended(order(500, 'the cup was broken'), 'second');
    expect(again.key).toBe('first');
    expect(JSON.parse(again.body)).toEqual({ amount: 500, reason: 'broken cup' });
  });

  it('is another order where it says something else', () => {
    intended(order(500, 'broken cup'), 'first');
    expect(intended(order(600, 'broken cup'), 'second').key).toBe('second');
    expect(intended({ ...order(500, 'broken cup'), merchant: 'mer_2/live' }, 'third').key).toBe('third');
  });

  it.each([201, 400, 403, 409, 422])('is a new order after an answer of %i', (status) => {
    intended(order(500, 'broken cup'), 'first');
    answered(order(500, 'broken cup'), status);
    expect(intended(order(500, 'broken cup'), 'second').key).toBe('second');
  });

  it.each([401, 429])('is still the same after a refusal that was not about it (%i)', (status) => {
    intended(order(500, 'broken cup'), 'first');
    answered(order(500, 'broken cup'), status);
    expect(intended(order(500, 'broken cup'), 'second').key).toBe('first');
  });
});
