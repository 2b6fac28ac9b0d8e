import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Answer, createCard, get, post, startTestApi, type TestApi } from '../test-support/harness.ts';
import { insertPayment, randomPaymentId } from '../test-support/rows.ts';

let api: TestApi;
let card: string;

beforeAll(async () => {
  api = await startTestApi();
  card = await createCard(api);
});
afterAll(() => api.close());
beforeEach(() => {
  api.door.outcome = (payment) => payment;
  api.door.refusal = undefined;
  api.door.override = undefined;
});

const order = (more: object = {}) => ({ amount: 2000, currency: 'EUR', payment_method: card, ...more });
const pay = (more: object = {}): Promise<Answer> => post(api, '/v1/payments', order(more));

describe('creating a payment', () => {
  it('answers 201 with the whole public shape and nothing else', async () => {
    const { status, body } = await pay({ reference: 'order 7', metadata: { cart: '9' }, currency: 'eur' });
    expect(status).toBe(201);
    expect(body).toEqual({
      id: expect.stringMatching(/^pay_[a-z2-7]{26}$/),
      object: 'payment',
      amount: 2000,
      currency: 'EUR',
      status: 'succeeded',
      capture_method: 'automatic',
      amount_authorized: 2000,
      amount_capturable: 0,
      amount_captured: 2000,
      amount_refunded: 0,
      amount_charged_back: 0,
      payment_method: card,
      customer: null,
      attempts: [],
      failure: null,
      cancellation_reason: null,
      authorization_expires_at: null,
      next_retry_at: null,
      next_action: null,
      created: expect.any(Number),
      reference: 'order 7',
      description: null,
      metadata: { cart: '9' },
      livemode: false,
      return_url: null,
      allowed: [],
    });
  });

  it('answers 402 with the decline and the payment when the card is declined', async () => {
    const decline = {
      reason: 'insufficient_funds',
      providerCode: '51',
      message: 'Insufficient funds.',
    } as const;
    api.door.outcome = (payment) => ({
      ...payment,
      status: 'failed',
      failure: { code: 'card_declined', message: decline.message, decline },
    });
    const { status, body } = await pay();
    expect(status).toBe(402);
    expect(body.error).toMatchObject({
      type: 'card_error',
      code: 'card_declined',
      decline_code: 'insufficient_funds',
    });
    expect(body.error.payment).toMatchObject({
      status: 'failed',
      failure: { decline: { retry: 'retry_later' } },
    });
  });

  it.each(['provider_unavailable', 'provider_rejected', 'no_route'] as const)(
    'answers 424 for %s',
    async (code) => {
      api.door.outcome = (payment) => ({
        ...payment,
        status: 'failed',
        failure: { code, message: 'It did not.' },
      });
      const { status, body } = await pay();
      expect([status, body.error.code]).toEqual([424, code]);
    },
  );

  it('answers 202 with a Location while the outcome is not known', async () => {
    api.door.outcome = (payment) => ({ ...payment, status: 'processing' });
    const { status, body, headers } = await pay();
    expect([status, body.status]).toEqual([202, 'processing']);
    expect(headers.get('location')).toBe(`/v1/payments/${body.id}`);
  });

  it('answers 202 with what was ordered when Temporal has it and no row exists yet', async () => {
    api.door.override = { type: 'accepted' };
    const { status, body } = await pay({ amount: 77 });
    expect(status).toBe(202);
    expect(body).toMatchObject({
      status: 'processing',
      amount: 77,
      amount_authorized: 0,
      payment_method: card,
    });
  });

  it('answers 503 when nothing is known, and says that the key may be used again', async () => {
    api.door.override = { type: 'unreachable', detail: 'no connection' };
    const { status, body } = await pay();
    expect([status, body.error.code]).toEqual([503, 'outcome_unknown']);
    expect(body.error.message).toContain('same `Idempotency-Key`');
  });

  it('needs a payment method to confirm, and one of the same merchant', async () => {
    const without = await post(api, '/v1/payments', { amount: 1, currency: 'EUR' });
    expect([without.status, without.body.error.param]).toEqual([400, 'payment_method']);
    const foreign = await createCard(api, { key: api.keys.b });
    const calls = api.door.calls.length;
    const stolen = await post(api, '/v1/payments', order({ payment_method: foreign }));
    const invented = await post(api, '/v1/payments', order({ payment_method: 'pm_none' }));
    expect([stolen.status, stolen.body.error.code]).toEqual([400, 'payment_method_unknown']);
    expect({ ...stolen.body.error, request_id: '' }).toEqual({ ...invented.body.error, request_id: '' });
    expect(api.door.calls.length).toBe(calls);
  });
});

describe('commands', () => {
  it('captures a part, voids, and confirms', async () => {
    const manual = await pay({ capture_method: 'manual' });
    expect(manual.body).toMatchObject({ status: 'requires_capture', allowed: ['capture', 'void'] });
    const captured = await post(api, `/v1/payments/${manual.body.id}/capture`, { amount: 500 });
    expect([captured.status, captured.body.amount_captured]).toEqual([200, 500]);

    const second = await pay({ capture_method: 'manual' });
    const voided = await post(api, `/v1/payments/${second.body.id}/void`, {});
    expect([voided.status, voided.body.status]).toEqual([200, 'canceled']);

    const waiting = await pay({ confirm: false });
    expect([waiting.status, waiting.body.status]).toEqual([201, 'requires_confirmation']);
    const confirmed = await post(api, `/v1/payments/${waiting.body.id}/confirm`, { payment_method: card });
    expect([confirmed.status, confirmed.body.status]).toEqual([200, 'succeeded']);
  });

  it('takes a missing body for an empty one', async () => {
    const manual = await pay({ capture_method: 'manual' });
    const captured = await post(api, `/v1/payments/${manual.body.id}/capture`, undefined, { raw: '' });
    expect([captured.status, captured.body.amount_captured]).toEqual([200, 2000]);
  });

  it('answers 409 with the status and what is allowed when the machine refuses', async () => {
    const { body } = await pay();
    api.door.refusal = { code: 'payment_unexpected_state', message: 'No.', status: 'succeeded', allowed: [] };
    const refused = await post(api, `/v1/payments/${body.id}/capture`, {});
    expect(refused.status).toBe(409);
    expect(refused.body.error).toMatchObject({
      code: 'payment_unexpected_state',
      status: 'succeeded',
      allowed: [],
    });
  });

  it('answers 424 when the provider refused a capture and the payment stands where it stood', async () => {
    const { body } = await pay({ capture_method: 'manual' });
    const failure = { code: 'capture_failed', message: 'capture refused: nope' } as const;
    api.door.outcome = (payment) => ({ ...payment, status: 'requires_capture', failure });
    const refused = await post(api, `/v1/payments/${body.id}/capture`, {});
    expect([refused.status, refused.body.error.code]).toEqual([424, 'capture_failed']);
    expect(refused.body.error.payment.status).toBe('requires_capture');
  });

  it('answers 424 as well for a capture that is refused after a part was captured', async () => {
    const { body } = await pay({ capture_method: 'manual' });
    const failure = { code: 'capture_failed', message: 'capture refused: nope' } as const;
    const partly = { status: 'partially_captured', amountCapturedMinor: 400 } as const;
    api.door.outcome = (payment) => ({ ...payment, ...partly, failure });
    const refused = await post(api, `/v1/payments/${body.id}/capture`, { amount: 300 });
    expect([refused.status, refused.body.error.code]).toEqual([424, 'capture_failed']);
    expect(refused.body.error.payment).toMatchObject({ status: 'partially_captured', amount_captured: 400 });
    api.door.outcome = ({ failure: _last, ...payment }) => ({ ...payment, ...partly });
    const captured = await post(api, `/v1/payments/${body.id}/capture`, { amount: 400 });
    expect([captured.status, captured.body.amount_captured]).toEqual([200, 400]);
  });
});

describe('another merchant', () => {
  it('gets for a real id exactly what it gets for one that does not exist', async () => {
    const rowed = await insertPayment(api);
    const { body: unrowed } = await pay({ capture_method: 'manual' });
    const absent = randomPaymentId();
    const calls = api.door.calls.length;
    const ask = (id: string, key: string) => [
      get(api, `/v1/payments/${id}`, { key }),
      get(api, `/v1/payments/${id}/timeline`, { key }),
      post(api, `/v1/payments/${id}/capture`, {}, { key }),
      post(api, `/v1/payments/${id}/void`, {}, { key }),
      post(api, `/v1/payments/${id}/confirm`, {}, { key }),
    ];
    const shape = ({ status, body }: Answer) => ({ status, error: { ...body.error, request_id: '' } });
    const expected = (await Promise.all(ask(absent, api.keys.b))).map(shape);
    expect(expected.every(({ status }) => status === 404)).toBe(true);
    for (const id of [rowed, unrowed.id, 'pay_garbage']) {
      expect((await Promise.all(ask(id, api.keys.b))).map(shape)).toEqual(expected);
      expect((await Promise.all(ask(id, api.keys.aLive))).map(shape)).toEqual(expected);
    }
    expect(api.door.calls.length).toBe(calls);
    expect((await get(api, `/v1/payments/${rowed}`)).status).toBe(200);
    expect((await get(api, `/v1/payments/${unrowed.id}`)).status).toBe(200);
  });

  it('lists its own payments only', async () => {
    const mine = await insertPayment(api, { merchantId: 'mer_b' });
    await insertPayment(api, { merchantId: 'mer_b', mode: 'live' });
    const { body } = await get(api, '/v1/payments', { key: api.keys.b });
    expect(body.data.map(({ id }: { id: string }) => id)).toEqual([mine]);
  });
});

describe('listing', () => {
  let ids: string[];
  beforeAll(async () => {
    ids = [];
    const base = Date.UTC(2026, 0, 1);
    for (let at = 0; at < 25; at += 1) {
      // Pairs share an instant, so that the cursor must also order by id.
      const createdAt = new Date(base + Math.floor(at / 2) * 1_000);
      const options = { merchantId: 'mer_a', mode: 'live', createdAt, currency: at % 5 ? 'EUR' : 'JPY' };
      ids.push(await insertPayment(api, { ...options, reference: `order ${at}` }));
    }
  });
  const list = (query: string) => get(api, `/v1/payments${query}`, { key: api.keys.aLive });
  const idsOf = (answer: Answer): string[] => answer.body.data.map(({ id }: { id: string }) => id);

  it('pages forwards through everything once, and back again', async () => {
    const seen: string[] = [];
    let cursor = '';
    for (;;) {
      const page = await list(`?limit=7${cursor}`);
      expect(page.body).toMatchObject({ object: 'list', url: '/v1/payments' });
      seen.push(...idsOf(page));
      if (!page.body.has_more) break;
      cursor = `&starting_after=${seen.at(-1)}`;
    }
    expect(seen.length).toBe(25);
    expect(new Set(seen)).toEqual(new Set(ids));
    const back = await list(`?limit=7&ending_before=${seen[20]}`);
    expect(idsOf(back)).toEqual(seen.slice(13, 20));
    expect(back.body.has_more).toBe(true);
    expect(idsOf(await list(`?ending_before=${seen[3]}`))).toEqual(seen.slice(0, 3));
  });

  it('gives ten by default, and filters', async () => {
    expect(idsOf(await list('')).length).toBe(10);
    expect(idsOf(await list('?currency=jpy&limit=100')).length).toBe(5);
    expect(idsOf(await list('?reference=order%203'))).toEqual([ids[3]]);
    expect(idsOf(await list('?status=succeeded'))).toEqual([]);
    const second = Date.UTC(2026, 0, 1) / 1_000 + 3;
    const within = await list(`?created[gte]=${second}&created[lte]=${second}`);
    expect(new Set(idsOf(within))).toEqual(new Set([ids[6], ids[7]]));
  });

  it.each([
    ['?limit=0', 'limit'],
    ['?limit=101', 'limit'],
    ['?limit=ten', 'limit'],
    ['?limit=5&limit=6', 'limit'],
    ['?status=paid', 'status'],
    ['?currency=XXQ', 'currency'],
    ['?created[gte]=yesterday', 'created[gte]'],
    ['?expand=all', 'expand'],
    ['?starting_after=pay_nobody', 'starting_after'],
    ['?starting_after=a&ending_before=b', 'ending_before'],
  ])('refuses %s naming %s', async (query, param) => {
    const { status, body } = await list(query);
    expect([status, body.error.param]).toEqual([400, param]);
  });
});
