import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RefundOrderInput, Result } from '../../client/contract.ts';
import { refundIdFor } from '../../domain/ids.ts';
import type { RefundSnapshot } from '../../domain/refund/refund.ts';
import type { RefundAnswer } from '../../workflows/refund/messages.ts';
import { type Answer, get, post, startTestApi, type TestApi } from '../test-support/harness.ts';
import { insertPayment, insertRefund, randomPaymentId } from '../test-support/rows.ts';

/** What the API itself makes of refunds: bodies, keys, statuses, lists. What refunds come to is test/attack's. */
let api: TestApi;
let payment: string;
let sent: { id: string; order: RefundOrderInput; timeoutMs: number }[];

beforeAll(async () => {
  api = await startTestApi();
  payment = await insertPayment(api, { status: 'succeeded', capturedMinor: 2000 });
});
afterAll(() => api.close());
beforeEach(() => {
  sent = [];
  answerWith((order, id) => done(snapshotOf(id, order), order));
});

/** The door answers like a workflow that did what the test says. */
function answerWith(respond: (order: RefundOrderInput, id: string) => Result<RefundAnswer>): void {
  api.door.refunds.create = async (id, order, timeoutMs) => {
    sent.push({ id, order, timeoutMs });
    return respond(order, id);
  };
}

function done(refund: RefundSnapshot, { request }: Pick<RefundOrderInput, 'request'>): Result<RefundAnswer> {
  return { type: 'answered', answer: { type: 'done', refund, stamp: request } };
}

function refused(code: string, { request }: Pick<RefundOrderInput, 'request'>): Result<RefundAnswer> {
  const refusal = { code, message: 'because of a rule', status: 'succeeded' };
  return { type: 'answered', answer: { type: 'refused', refusal, stamp: request } };
}

function snapshotOf(
  id: string,
  order: RefundOrderInput,
  changes: Partial<RefundSnapshot> = {},
): RefundSnapshot {
  const { request: _request, mode, ...facts } = order;
  return {
    ...facts,
    id,
    mode: mode as 'test',
    amountMinor: order.amountMinor ?? 2000,
    currency: 'EUR',
    status: 'succeeded',
    sequence: 2,
    provider: 'stripe',
    providerReference: 're_1',
    outcomeUnknown: false,
    createdAtMs: 1_800_000_000_000,
    allowed: [],
    ...changes,
  };
}

const refund = (body: object, options: Parameters<typeof post>[3] = {}, of = payment): Promise<Answer> =>
  post(api, `/v1/payments/${of}/refunds`, body, options);

const told = ({ status, body }: Answer) => [status, body.error?.code ?? body.status, body.error?.param];

describe('a body', () => {
  it.each([
    ['an amount of nothing', { amount: 0 }, 'amount'],
    ['a negative amount', { amount: -1 }, 'amount'],
    ['a fraction', { amount: 1.5 }, 'amount'],
    ['an amount in words', { amount: '100' }, 'amount'],
    ['more than an integer holds', { amount: 2 ** 53 }, 'amount'],
    ['a reason of no list', { reason: 'because' }, 'reason'],
    ['a currency of no list', { currency: 'QQQ' }, 'currency'],
    ['an empty reference', { reference: '' }, 'reference'],
    ['a member that nobody knows', { destination: 'me' }, 'destination'],
    ['metadata that is no text', { metadata: { a: 1 } }, 'metadata.a'],
  ])('with %s is refused, by its name, and no workflow hears of it', async (_what, body, param) => {
    const answer = await refund(body);
    expect(answer.status).toBe(400);
    expect(answer.body.error.type).toBe('invalid_request_error');
    expect(answer.body.error.param).toContain(param);
    expect(sent).toEqual([]);
  });

  it('with a card number in a text is refused, and the number is logged nowhere', async () => {
    const answer = await refund({ reference: 'card 4242 4242 4242 4242' });
    expect(told(answer).slice(0, 2)).toEqual([422, 'card_number_in_text']);
    expect(api.logs.join('').replace(/\D/g, '')).not.toContain('4242424242424242');
    expect(sent).toEqual([]);
  });

  it('needs none of its members: all that is left is refunded', async () => {
    const answer = await refund({});
    expect([answer.status, answer.body.amount]).toEqual([201, 2000]);
    expect(sent[0]?.order).toMatchObject({
      paymentId: payment,
      merchantId: 'mer_a',
      mode: 'test',
      metadata: {},
    });
    expect(sent[0]?.order).not.toHaveProperty('amountMinor');
  });

  it('may say everything, and all of it is answered', async () => {
    const body = {
      amount: 300,
      currency: 'eur',
      reason: 'fraudulent',
      reference: 'r-1',
      metadata: { order: '7' },
    };
    const answer = await refund(body);
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      id: expect.stringMatching(/^ref_[a-z2-7]{26}$/),
      object: 'refund',
      payment,
      amount: 300,
      currency: 'EUR',
      status: 'succeeded',
      reason: 'fraudulent',
      reference: 'r-1',
      failure: null,
      provider: 'stripe',
      provider_reference: 're_1',
      created: 1_800_000_000,
      metadata: { order: '7' },
      livemode: false,
      allowed: [],
    });
    expect(sent[0]?.order.currency).toBe('EUR');
  });

  it('is what the document says', async () => {
    const { body: document } = await get(api, '/openapi.json');
    const ajv = new Ajv2020({ strict: false });
    ajv.addSchema({ $id: 'api', ...document });
    const valid = (schema: string, value: unknown) =>
      ajv.validate({ $ref: `api#/components/schemas/${schema}`, unevaluatedProperties: false }, value);
    expect(valid('Refund', (await refund({ amount: 5 })).body)).toBe(true);
    await insertRefund(api, payment);
    expect(valid('RefundList', (await get(api, '/v1/refunds')).body)).toBe(true);
    expect(valid('Refund', { id: 'ref_1' })).toBe(false);
  });
});

describe('a key', () => {
  it('names the refund: the same payment and key are the same id, another payment is another', async () => {
    const other = await insertPayment(api, { status: 'succeeded', capturedMinor: 2000 });
    const first = await refund({}, { idempotencyKey: 'k' });
    const second = await refund({}, { idempotencyKey: 'k' }, other);
    expect(first.body.id).toBe(refundIdFor(payment, 'k'));
    expect(second.body.id).toBe(refundIdFor(other, 'k'));
    expect(first.body.id).not.toBe(second.body.id);
  });

  it('is needed', async () => {
    expect(told(await refund({}, { idempotencyKey: null })).slice(0, 2)).toEqual([
      400,
      'idempotency_key_missing',
    ]);
    expect(told(await post(api, '/v1/refunds/ref_x/cancel', {}, { idempotencyKey: null }))[0]).toBe(400);
  });

  it('that stands for another body is refused', async () => {
    answerWith((order, id) =>
      done(snapshotOf(id, order), { request: { ...order.request, bodyDigest: 'of another body' } }),
    );
    expect(told(await refund({ amount: 1 })).slice(0, 2)).toEqual([422, 'idempotency_key_reused']);
  });

  it('is told the first answer again, marked as such, and what the row knows by now if that was pending', async () => {
    const key = { idempotencyKey: 'replay' };
    const id = refundIdFor(payment, 'replay');
    answerWith((order) =>
      done(snapshotOf(id, order, { status: 'pending' }), {
        request: { ...order.request, httpRequestId: 'hreq_first' },
      }),
    );
    const pending = await refund({ amount: 400 }, key);
    expect([pending.status, pending.body.status]).toEqual([201, 'pending']);
    await insertRefund(api, payment, { id });
    const later = await refund({ amount: 400 }, key);
    expect([later.status, later.body.status]).toEqual([201, 'succeeded']);
    expect(later.headers.get('idempotent-replayed')).toBe('true');
  });
});

describe('an answer', () => {
  it.each([
    ['amount_too_large', 'amount'],
    ['nothing_to_refund', undefined],
    ['charged_back', undefined],
    ['currency_mismatch', 'currency'],
  ])('that breaks the rule %s names it', async (code, param) => {
    answerWith((order) => refused(code, order));
    expect(told(await refund({ amount: 1 }))).toEqual([409, code, param]);
  });

  it('is 202 with a place to look while the outcome is unknown', async () => {
    answerWith((order, id) =>
      done(snapshotOf(id, order, { status: 'pending', outcomeUnknown: true }), order),
    );
    const unknown = await refund({});
    expect([unknown.status, unknown.body.status]).toEqual([202, 'pending']);
    expect(unknown.headers.get('location')).toBe(`/v1/refunds/${unknown.body.id}`);
  });

  it('is a refund that failed, not an error: it was made, and has its events', async () => {
    const failure = { code: 'refund_refused', message: 'No.' } as const;
    answerWith((order, id) => done(snapshotOf(id, order, { status: 'failed', failure }), order));
    const failed = await refund({});
    expect([failed.status, failed.body.status, failed.body.failure]).toEqual([201, 'failed', failure]);
  });

  it('is 503 where nothing is known, and what the row says where Temporal has it', async () => {
    answerWith(() => ({ type: 'unreachable', detail: 'gone' }));
    expect(told(await refund({})).slice(0, 2)).toEqual([503, 'outcome_unknown']);
    answerWith(() => ({ type: 'accepted' }));
    expect(told(await refund({})).slice(0, 2)).toEqual([503, 'outcome_unknown']);
    const id = refundIdFor(payment, 'accepted');
    await insertRefund(api, payment, { id, status: 'pending' });
    const underWay = await refund({}, { idempotencyKey: 'accepted' });
    expect([underWay.status, underWay.body.id, underWay.body.status]).toEqual([202, id, 'pending']);
    await api.sql.query(`UPDATE refund SET status = 'succeeded', sequence = 2 WHERE id = $1`, [id]);
    expect((await refund({}, { idempotencyKey: 'accepted' })).status).toBe(201);
  });

  it('comes within the time that Prefer allows', async () => {
    await refund({}, { headers: { prefer: 'wait=3' } });
    expect(sent[0]?.timeoutMs).toBeGreaterThan(2_000);
    expect(sent[0]?.timeoutMs).toBeLessThanOrEqual(3_000);
  });
});

describe('another merchant’s', () => {
  it('payment is not refunded, and looks like one that does not exist', async () => {
    const [foreign, absent] = [
      await refund({}, { key: api.keys.b }),
      await refund({}, {}, randomPaymentId()),
    ];
    expect(told(foreign)).toEqual(told(absent));
    expect(told(foreign).slice(0, 2)).toEqual([404, 'resource_missing']);
    // Nor does a live key refund a test payment.
    expect(told(await refund({}, { key: api.keys.aLive }))[0]).toBe(404);
    expect(told(await refund({}, {}, 'not-an-id'))[0]).toBe(404);
    expect(sent).toEqual([]);
  });

  it('refund is neither read nor canceled nor listed', async () => {
    const id = await insertRefund(api, payment, { status: 'pending' });
    const absent = `ref_${'z'.repeat(26)}`;
    for (const key of [api.keys.b, api.keys.aLive]) {
      const [foreign, none] = [
        await get(api, `/v1/refunds/${id}`, { key }),
        await get(api, `/v1/refunds/${absent}`, { key }),
      ];
      expect(told(foreign)).toEqual(told(none));
      expect(told(await post(api, `/v1/refunds/${id}/cancel`, {}, { key }))[0]).toBe(404);
      const { body } = await get(api, `/v1/refunds?payment=${payment}`, { key });
      expect(body.data).toEqual([]);
      expect(told(await get(api, `/v1/refunds?starting_after=${id}`, { key }))).toEqual([
        400,
        'parameter_invalid',
        'starting_after',
      ]);
    }
    expect((await get(api, `/v1/refunds/${id}`)).status).toBe(200);
  });
});

describe('a cancel', () => {
  it('carries whose it is, and answers with the refund or the rule', async () => {
    const id = await insertRefund(api, payment, { status: 'pending' });
    const owners: object[] = [];
    api.door.refunds.cancel = async (refundId, { request, owner }) => {
      owners.push({ refundId, ...owner });
      return owners.length === 1
        ? done(snapshotOf(refundId, orderOf(request), { status: 'canceled' }), { request })
        : refused('refund_unexpected_state', { request });
    };
    const canceled = await post(api, `/v1/refunds/${id}/cancel`, {});
    expect([canceled.status, canceled.body.status]).toEqual([200, 'canceled']);
    expect(owners).toEqual([{ refundId: id, merchantId: 'mer_a', mode: 'test' }]);
    const again = await post(api, `/v1/refunds/${id}/cancel`, {});
    expect(told(again).slice(0, 2)).toEqual([409, 'refund_unexpected_state']);
    expect((await post(api, `/v1/refunds/${id}/cancel`, { amount: 1 })).status).toBe(400);
  });
});

function orderOf(request: RefundOrderInput['request']): RefundOrderInput {
  return { paymentId: payment, merchantId: 'mer_a', mode: 'test', request, metadata: {} };
}

describe('a list', () => {
  it('pages through everything once, newest first, and filters', async () => {
    const of = await insertPayment(api, { status: 'succeeded', capturedMinor: 2000 });
    const ids: string[] = [];
    for (let n = 0; n < 13; n += 1) {
      const createdAt = new Date(Date.UTC(2026, 0, 1) + Math.floor(n / 2) * 1_000);
      ids.push(await insertRefund(api, of, { createdAt, status: n % 2 === 0 ? 'succeeded' : 'failed' }));
    }
    const seen: string[] = [];
    for (let more = true; more; ) {
      const cursor = seen.length === 0 ? '' : `&starting_after=${seen.at(-1)}`;
      const { body } = await get(api, `/v1/refunds?payment=${of}&limit=4${cursor}`);
      seen.push(...body.data.map(({ id }: { id: string }) => id));
      more = body.has_more;
    }
    expect(seen).toHaveLength(13);
    expect(new Set(seen)).toEqual(new Set(ids));
    expect(seen[0]).toBe(ids.at(-1));
    const failed = await get(api, `/v1/refunds?payment=${of}&status=failed&limit=100`);
    expect(failed.body.data).toHaveLength(6);
    expect(failed.body.has_more).toBe(false);
    for (const query of ['limit=0', 'limit=101', 'status=gone', 'colour=red', 'starting_after=ref_none'])
      expect((await get(api, `/v1/refunds?${query}`)).status).toBe(400);
  });
});

describe('a payment', () => {
  it('shows what was refunded of it, by us and by others', async () => {
    const id = await insertPayment(api, { status: 'succeeded', capturedMinor: 2000 });
    await api.sql.query(
      `UPDATE payment_balance SET refund_reserved_minor = 500, refunded_minor = 400, external_refunded_minor = 30
       WHERE payment_id = $1`,
      [id],
    );
    const { body } = await get(api, `/v1/payments/${id}`);
    expect([body.amount_captured, body.amount_refunded]).toEqual([2000, 430]);
  });
});
