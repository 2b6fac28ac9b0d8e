import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { answered, forgetOrders, intended, isSettled } from './intentions.ts';

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

  it.each([401, 429])('says what was typed last where every try was turned away (%i)', (status) => {
    intended(order(500, 'broken cup'), 'first');
    answered(order(500, 'broken cup'), status);
    const cup = order(500, 'the cup was broken');
    expect(intended(cup, 'second')).toEqual({ key: 'first', body: cup.body });
    answered(cup, status);
    const mug = order(500, 'it was a mug');
    expect(intended(mug, 'third')).toEqual({ key: 'first', body: mug.body });
    // Of this one nobody knows: from now on its words are the order's.
    answered(mug, 504);
    expect(JSON.parse(intended(cup, 'fourth').body)).toEqual({ amount: 500, reason: 'it was a mug' });
    answered(cup, status);
    expect(JSON.parse(intended(cup, 'fifth').body)).toEqual({ amount: 500, reason: 'it was a mug' });
  });

  it('keeps its words where a connection broke before it was turned away', () => {
    intended(order(500, 'broken cup'), 'first');
    answered(order(500, 'broken cup'), 429, false);
    const again = intended(order(500, 'the cup was broken'), 'second');
    expect([again.key, JSON.parse(again.body).reason]).toEqual(['first', 'broken cup']);
  });

  it('keeps its words while it is under way', () => {
    intended(order(500, 'broken cup'), 'first');
    expect(JSON.parse(intended(order(500, 'the cup was broken'), 'second').body).reason).toBe('broken cup');
  });
});

describe('a dialog’s next order has a key of its own', () => {
  it.each([
    [422, 'amount_too_large', true],
    [409, 'not_refundable', true],
    [422, 'idempotency_key_reused', false],
    [504, 'http_504', false],
    [0, 'unreachable', false],
    [401, 'session_expired', false],
  ])('after %i %s: %s', (status, code, isNew) => {
    expect(isSettled({ status, code })).toBe(isNew);
  });
});

describe('orders that the tab kept over a reload', () => {
  beforeEach(() => {
    vi.resetModules();
  });
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });

  it('are held in their words, also those of an older console, which counted no tries', async () => {
    const kept = new Map<string, string>();
    vi.stubGlobal('sessionStorage', {
      getItem: (name: string) => kept.get(name) ?? null,
      setItem: (name: string, text: string) => void kept.set(name, text),
    });
    const before = await import('./intentions.ts');
    before.intended(order(500, 'broken cup'), 'first');
    for (const [name, text] of kept) kept.set(name, text.replace(',"unsure":1', ''));
    expect([...kept.values()].join()).not.toContain('unsure');
    vi.resetModules();
    const after = await import('./intentions.ts');
    const again = after.intended(order(500, 'the cup was broken'), 'second');
    expect([again.key, JSON.parse(again.body).reason]).toEqual(['first', 'broken cup']);
  });
});
