import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { paymentIdFor, requestIdFor } from '../domain/ids.ts';
import { waitFor } from '../test/support/harness.ts';
import { canonicalJson } from './idempotency.ts';
import { CARD, createCard, post, startTestApi, type TestApi } from './test-support/harness.ts';
import { insertPayment } from './test-support/rows.ts';

let api: TestApi;
let card: string;

beforeAll(async () => {
  api = await startTestApi();
  card = await createCard(api);
});
afterAll(() => api.close());
beforeEach(() => {
  api.door.outcome = (payment) => payment;
  api.door.before = async () => undefined;
  api.door.refusal = undefined;
  api.door.override = undefined;
});

const order = (more: object = {}) => ({ amount: 2000, currency: 'EUR', payment_method: card, ...more });
const withKey = (idempotencyKey: string, more: object = {}) =>
  post(api, '/v1/payments', order(more), { idempotencyKey });

describe('a key', () => {
  it('is needed on every POST, in printable ASCII, at most 255 characters', async () => {
    const sent = async (key: string | null) => {
      const { status, body } = await post(api, '/v1/payments', order(), { idempotencyKey: key });
      return [status, body.error?.code ?? body.status];
    };
    expect(await sent(null)).toEqual([400, 'idempotency_key_missing']);
    expect(await sent('k'.repeat(256))).toEqual([400, 'idempotency_key_invalid']);
    expect(await sent('schlüssel')).toEqual([400, 'idempotency_key_invalid']);
    expect(await sent('k'.repeat(255))).toEqual([201, 'succeeded']);
    const cards = await post(api, '/v1/payment_methods', CARD, { idempotencyKey: null });
    expect([cards.status, cards.body.error.type]).toEqual([400, 'idempotency_error']);
  });

  it('is the merchant’s own: two merchants use the same one', async () => {
    const cardOfB = await createCard(api, { key: api.keys.b });
    const [a, b] = [
      await withKey('shared'),
      await post(api, '/v1/payments', order({ payment_method: cardOfB }), {
        idempotencyKey: 'shared',
        key: api.keys.b,
      }),
    ];
    expect([a.status, b.status]).toEqual([201, 201]);
    expect(a.body.id).not.toBe(b.body.id);
  });

  it('gets the first answer again, marked as replayed, whatever the default was written as', async () => {
    const first = await withKey('again');
    const second = await withKey('again', { confirm: true, capture_method: 'automatic', currency: 'eur' });
    expect(first.headers.get('idempotent-replayed')).toBe(null);
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    expect([second.status, second.body]).toEqual([first.status, first.body]);
  });

  it('is refused with another body, by the answer’s stamp and by the stored request', async () => {
    await withKey('reused');
    const byStamp = await withKey('reused', { amount: 2001 });
    expect([byStamp.status, byStamp.body.error.code]).toEqual([422, 'idempotency_key_reused']);
    expect(byStamp.body.error.type).toBe('idempotency_error');

    await storeRequest('stored-key', 'digest of another body', null);
    const calls = api.door.calls.length;
    const byRow = await withKey('stored-key');
    expect([byRow.status, byRow.body.error.code]).toEqual([422, 'idempotency_key_reused']);
    expect(api.door.calls.length).toBe(calls);
  });

  it('gets the stored answer without asking Temporal', async () => {
    const digest = await digestOf(order());
    const payment = { ...(await snapshotLike()), status: 'succeeded' };
    await storeRequest('kept', digest, { payment });
    const calls = api.door.calls.length;
    const answer = await withKey('kept');
    expect([answer.status, answer.body.id]).toEqual([201, payment.id]);
    expect(answer.headers.get('idempotent-replayed')).toBe('true');

    await storeRequest('kept decline', digest, {
      payment: { ...payment, status: 'failed', failure: { code: 'card_declined', message: 'No.' } },
    });
    const declined = await withKey('kept decline');
    expect([declined.status, declined.body.error.code]).toEqual([402, 'card_declined']);
    expect(declined.headers.get('idempotent-replayed')).toBe('true');

    await storeRequest('kept refusal', digest, {
      refusal: { code: 'payment_unexpected_state', message: 'No.' },
    });
    expect((await withKey('kept refusal')).status).toBe(409);
    expect(api.door.calls.length).toBe(calls);
  });

  it('tells what the row knows by now when the first answer said processing', async () => {
    api.door.outcome = (payment) => ({ ...payment, status: 'processing' });
    const first = await withKey('resolved later');
    expect(first.status).toBe(202);
    const repeated = await withKey('resolved later');
    expect([repeated.status, repeated.body.status]).toEqual([202, 'processing']);
    await insertPayment(api, { id: first.body.id, status: 'requires_capture' });
    const resolved = await withKey('resolved later');
    expect([resolved.status, resolved.body.status]).toEqual([201, 'requires_capture']);
    expect(resolved.headers.get('idempotent-replayed')).toBe('true');
  });
});

describe('many at once', () => {
  it('get one answer for identical requests; one is first and the rest are replays', async () => {
    const answers = await Promise.all(Array.from({ length: 100 }, () => withKey('hundred')));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect(answers.filter(({ headers }) => headers.get('idempotent-replayed') === null).length).toBe(1);
  });

  it('are eight at a time for one payment, and the rest take their turn', async () => {
    const { body } = await withKey('many captures', { capture_method: 'manual' });
    const gate = gateOf();
    api.door.load.most = 0;
    api.door.before = () => gate.opened;
    const sent = Array.from({ length: 30 }, (_, n) =>
      post(api, `/v1/payments/${body.id}/capture`, { amount: 1 + n }, {}),
    );
    await waitFor(() => api.door.load.now === 8, { what: 'eight captures under way' });
    gate.open();
    const answers = await Promise.all(sent);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(api.door.load.most).toBe(8);
  });

  it('seal a card once for one key', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        post(api, '/v1/payment_methods', CARD, { idempotencyKey: 'one card' }),
      ),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(answers.filter(({ headers }) => headers.get('idempotent-replayed') === null).length).toBe(1);
    const { rows } = await api.sql.query(
      `SELECT count(*)::int AS n FROM request WHERE idempotency_key = 'one card'`,
    );
    expect(rows).toEqual([{ n: 1 }]);
    const other = { ...CARD, card: { ...CARD.card, exp_month: 11 } };
    const reused = await post(api, '/v1/payment_methods', other, { idempotencyKey: 'one card' });
    expect([reused.status, reused.body.error.code]).toEqual([422, 'idempotency_key_reused']);
  });
});

describe('the canonical form', () => {
  it('is the same for equal values in another order, and only for those', () => {
    expect(canonicalJson({ b: [1, { y: 2, x: undefined }], a: 'é' })).toBe('{"a":"é","b":[1,{"y":2}]}');
    expect(canonicalJson({ a: ['1', 2] })).not.toBe(canonicalJson({ a: [1, '2'] }));
    expect(canonicalJson({ a: { b: 1 } })).not.toBe(canonicalJson({ a: 1, b: 1 }));
  });
});

function gateOf() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

/** The digest of a body as the API makes it, seen in what it sends through the door. */
async function digestOf(body: object): Promise<string> {
  let seen = '';
  const create = api.door.create;
  api.door.create = async (_id, { request }) => {
    seen = request.bodyDigest;
    return { type: 'unreachable', detail: 'only looking' };
  };
  await post(api, '/v1/payments', body);
  api.door.create = create;
  return seen;
}

async function snapshotLike() {
  const { body } = await withKey('a snapshot to store');
  return api.door.payments.get(body.id);
}

async function storeRequest(key: string, digest: string, answer: object | null): Promise<void> {
  await api.sql.query(
    `INSERT INTO request (id, merchant_id, mode, path, idempotency_key, body_digest, subject_id, answer)
     VALUES ($1, 'mer_a', 'test', 'POST /v1/payments', $2, $3, $4, $5)`,
    [
      requestIdFor('mer_a', 'test', 'POST /v1/payments', key),
      key,
      digest,
      paymentIdFor('mer_a', 'test', key),
      answer,
    ],
  );
}
