import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CARD, createCard, get, post, startTestApi, type TestApi } from '../test-support/harness.ts';

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

const withCard = (more: object) => ({ ...CARD, card: { ...CARD.card, ...more } });

describe('a payment method', () => {
  it('answers what may be shown of a card, and keeps the rest sealed', async () => {
    const sent = {
      ...withCard({ holder_name: 'Jane Doe', number: '4242 4242 4242 4242', funding: 'debit' }),
      country: 'de',
    };
    const { status, body, text } = await post(api, '/v1/payment_methods', {
      ...sent,
      metadata: { user: '7' },
    });
    expect(status).toBe(201);
    expect(body).toEqual({
      id: expect.stringMatching(/^pm_[a-z2-7]{26}$/),
      object: 'payment_method',
      type: 'card',
      card: {
        brand: 'visa',
        last4: '4242',
        bin: '42424242',
        fingerprint: expect.stringMatching(/^fp_/),
        exp_month: 12,
        exp_year: 2031,
        funding: 'debit',
      },
      country: 'DE',
      customer: null,
      metadata: { user: '7' },
      created: expect.any(Number),
      livemode: false,
    });
    expect((await get(api, `/v1/payment_methods/${body.id}`)).text).toBe(text);
    const { rows } = await api.sql.query(
      'SELECT p::text AS whole FROM payment_method p UNION ALL SELECT r::text FROM request r',
    );
    expect(rows.length).toBeGreaterThanOrEqual(2);
    for (const { whole } of rows) expect(whole).not.toMatch(/4242424242424242|Jane/);
  });

  it('keeps a verification code for fifteen minutes at most, and none when none was sent', async () => {
    const withCode = await createCard(api);
    const without = (await post(api, '/v1/payment_methods', withCard({ cvc: undefined }))).body.id;
    const { rows } = await api.sql.query(
      `SELECT id, sealed_cvc IS NOT NULL AS sealed, cvc_expires_at <= now() + interval '15 minutes' AS bounded
       FROM payment_method WHERE id = ANY($1)`,
      [[withCode, without]],
    );
    expect(rows).toContainEqual({ id: withCode, sealed: true, bounded: true });
    expect(rows).toContainEqual({ id: without, sealed: false, bounded: null });
  });

  it('leaves no trace of the verification code in the digest that is kept', async () => {
    const first = await post(api, '/v1/payment_methods', CARD, { idempotencyKey: 'same but the code' });
    const second = await post(api, '/v1/payment_methods', withCard({ cvc: '123' }), {
      idempotencyKey: 'same but the code',
    });
    expect([second.status, second.body]).toEqual([201, first.body]);
  });

  it('has the same fingerprint for the same card at one merchant, another at another', async () => {
    const fingerprint = async (key: string) =>
      (await post(api, '/v1/payment_methods', CARD, { key })).body.card.fingerprint;
    const [mine, again, theirs] = [
      await fingerprint(api.keys.a),
      await fingerprint(api.keys.a),
      await fingerprint(api.keys.b),
    ];
    expect(mine).toBe(again);
    expect(mine).not.toBe(theirs);
  });

  it('is another merchant’s secret', async () => {
    const id = await createCard(api);
    const foreign = await get(api, `/v1/payment_methods/${id}`, { key: api.keys.b });
    const absent = await get(api, '/v1/payment_methods/pm_none', { key: api.keys.b });
    expect(foreign.status).toBe(404);
    expect({ ...foreign.body.error, request_id: '' }).toEqual({ ...absent.body.error, request_id: '' });
  });

  const now = new Date();
  it.each([
    ['a wrong check digit', { number: '4242424242424241' }, 'card.number'],
    ['letters', { number: '4242abcd42424242' }, 'card.number'],
    ['a number as a number', { number: 4242424242424242 }, 'card.number'],
    ['a thirteenth month', { exp_month: 13 }, 'card.exp_month'],
    ['a year of two digits', { exp_year: 31 }, 'card.exp_year'],
    ['a card that has expired', { exp_month: 1, exp_year: now.getUTCFullYear() - 1 }, 'card.exp_year'],
    ['a code of two digits', { cvc: '12' }, 'card.cvc'],
    ['an unknown field', { pin: '1234' }, 'card.pin'],
  ])('refuses %s without echoing it', async (_what, more, param) => {
    const { status, body, text } = await post(api, '/v1/payment_methods', withCard(more));
    expect([status, body.error.param]).toEqual([400, param]);
    expect(text).not.toMatch(/4242/);
  });

  it('takes a card through the last day of its month', async () => {
    const more = { exp_month: now.getUTCMonth() + 1, exp_year: now.getUTCFullYear() };
    expect((await post(api, '/v1/payment_methods', withCard(more))).status).toBe(201);
  });

  it('refuses other types and countries', async () => {
    const type = await post(api, '/v1/payment_methods', { ...CARD, type: 'cash' });
    expect([type.status, type.body.error.param]).toEqual([400, 'type']);
    const country = await post(api, '/v1/payment_methods', { ...CARD, country: 'Germany' });
    expect([country.status, country.body.error.param]).toEqual([400, 'country']);
  });
});
