import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CARD, get, post, startTestApi, type TestApi } from '../test-support/harness.ts';
import { insertPayment } from '../test-support/rows.ts';

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

describe('a customer', () => {
  it('is made, read and found', async () => {
    const sent = { name: 'Jane Doe', email: 'jane@example.com', reference: 'c-7', metadata: { tier: '2' } };
    const { status, body, text } = await post(api, '/v1/customers', sent);
    expect(status).toBe(201);
    expect(body).toEqual({
      id: expect.stringMatching(/^cus_[a-z2-7]{26}$/),
      object: 'customer',
      ...sent,
      created: expect.any(Number),
      livemode: false,
    });
    expect((await get(api, `/v1/customers/${body.id}`)).text).toBe(text);
    for (const query of ['email=jane@example.com', 'reference=c-7']) {
      expect((await get(api, `/v1/customers?${query}`)).body.data).toEqual([body]);
    }
    expect((await get(api, '/v1/customers?email=john@example.com')).body.data).toEqual([]);
  });

  it('is one for one key, even when it is asked for ten times at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, () =>
        post(api, '/v1/customers', { name: 'Once' }, { idempotencyKey: 'once' }),
      ),
    );
    expect(new Set(answers.map(({ status, body }) => `${status} ${body.id}`)).size).toBe(1);
    const replayed = answers.filter(({ headers }) => headers.get('idempotent-replayed') === 'true');
    expect(replayed).toHaveLength(9);
    const other = await post(api, '/v1/customers', { name: 'Other' }, { idempotencyKey: 'once' });
    expect([other.status, other.body.error.code]).toEqual([422, 'idempotency_key_reused']);
    const { rows } = await api.sql.query(`SELECT count(*)::int AS n FROM customer WHERE name = 'Once'`);
    expect(rows[0].n).toBe(1);
  });

  it('is listed newest first, page by page', async () => {
    const key = api.keys.b;
    const ids: string[] = [];
    for (const name of ['1', '2', '3'])
      ids.unshift((await post(api, '/v1/customers', { name }, { key })).body.id);
    const first = await get(api, '/v1/customers?limit=2', { key });
    expect([first.body.data.map(({ id }: { id: string }) => id), first.body.has_more]).toEqual([
      ids.slice(0, 2),
      true,
    ]);
    const rest = await get(api, `/v1/customers?limit=2&starting_after=${ids[1]}`, { key });
    expect([rest.body.data.map(({ id }: { id: string }) => id), rest.body.has_more]).toEqual([
      ids.slice(2),
      false,
    ]);
    expect((await get(api, `/v1/customers?starting_after=${ids[0]}`)).body.error.param).toBe(
      'starting_after',
    );
  });

  it('is another merchant’s secret', async () => {
    const { id } = (await post(api, '/v1/customers', {})).body;
    expect((await get(api, `/v1/customers/${id}`, { key: api.keys.b })).status).toBe(404);
    expect((await get(api, `/v1/customers/${id}`, { key: api.keys.aLive })).status).toBe(404);
  });

  it.each([
    ['no address', { email: 'jane' }, 'email'],
    ['an empty name', { name: '' }, 'name'],
    ['an unknown field', { phone: '1' }, 'phone'],
  ])('refuses %s', async (_what, body, param) => {
    const answer = await post(api, '/v1/customers', body);
    expect([answer.status, answer.body.error.param]).toEqual([400, param]);
  });
});

describe('a customer’s payment methods', () => {
  it('are listed by customer, and of no other merchant', async () => {
    const { id: customer } = (await post(api, '/v1/customers', {})).body;
    const made = await post(api, '/v1/payment_methods', { ...CARD, customer });
    expect([made.status, made.body.customer]).toEqual([201, customer]);
    await post(api, '/v1/payment_methods', CARD);
    expect((await get(api, `/v1/payment_methods?customer=${customer}`)).body.data).toEqual([made.body]);
    expect((await get(api, '/v1/payment_methods?limit=1')).body).toMatchObject({ has_more: true });
    const foreign = await get(api, `/v1/payment_methods?customer=${customer}`, { key: api.keys.b });
    expect(foreign.body.data).toEqual([]);
    const theirs = await post(api, '/v1/payment_methods', { ...CARD, customer }, { key: api.keys.b });
    expect([theirs.status, theirs.body.error.code]).toEqual([400, 'customer_unknown']);
  });
});

describe('a mandate', () => {
  async function insertMandate(paymentMethodId: string): Promise<string> {
    const paymentId = await insertPayment(api);
    const id = `man_${paymentId.slice(4)}`;
    await api.sql.query(
      `INSERT INTO mandate (id, merchant_id, mode, payment_method_id, payment_id, provider, usage, network_transaction_id)
       VALUES ($1, 'mer_a', 'test', $2, $3, 'stripe', 'recurring', 'ntx_1')`,
      [id, paymentMethodId, paymentId],
    );
    return id;
  }

  it('is listed page by page, newest first', async () => {
    const method = (await post(api, '/v1/payment_methods', CARD)).body.id;
    const ids = [await insertMandate(method), await insertMandate(method), await insertMandate(method)];
    const page = (more: string) => get(api, `/v1/mandates?payment_method=${method}&limit=2${more}`);
    const first = (await page('')).body;
    const second = (await page(`&starting_after=${first.data[1].id}`)).body;
    expect([first.has_more, second.has_more]).toEqual([true, false]);
    expect([...first.data, ...second.data].map(({ id }) => id).sort()).toEqual([...ids].sort());
    expect((await page('&starting_after=man_none')).status).toBe(400);
  });

  it('is listed by payment method, revoked once, and stays so', async () => {
    const method = (await post(api, '/v1/payment_methods', CARD)).body.id;
    const id = await insertMandate(method);
    const listed = await get(api, `/v1/mandates?payment_method=${method}`);
    expect(listed.body.data).toEqual([
      {
        id,
        object: 'mandate',
        status: 'active',
        usage: 'recurring',
        payment_method: method,
        customer: null,
        payment: `pay_${id.slice(4)}`,
        network_transaction_id: 'ntx_1',
        created: expect.any(Number),
        revoked_at: null,
        livemode: false,
      },
    ]);
    const revoked = await post(api, `/v1/mandates/${id}/revoke`, {}, { idempotencyKey: 'revoke' });
    expect([revoked.status, revoked.body.status, typeof revoked.body.revoked_at]).toEqual([
      200,
      'revoked',
      'number',
    ]);
    const again = await post(api, `/v1/mandates/${id}/revoke`, {}, { idempotencyKey: 'revoke' });
    expect([again.body, again.headers.get('idempotent-replayed')]).toEqual([revoked.body, 'true']);
    expect((await post(api, `/v1/mandates/${id}/revoke`, {})).body).toEqual(revoked.body);
    expect((await get(api, `/v1/mandates/${id}`)).body).toEqual(revoked.body);
  });

  it('is another merchant’s secret', async () => {
    const id = await insertMandate('pm_of_a');
    const key = api.keys.b;
    expect((await get(api, `/v1/mandates/${id}`, { key })).status).toBe(404);
    expect((await post(api, `/v1/mandates/${id}/revoke`, {}, { key })).status).toBe(404);
    expect((await get(api, '/v1/mandates?payment_method=pm_of_a', { key })).body.data).toEqual([]);
    expect((await get(api, `/v1/mandates/${id}`)).body.status).toBe('active');
  });
});
