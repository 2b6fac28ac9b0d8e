import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Answer, CARD, createCard, post, startTestApi, type TestApi } from '../test-support/harness.ts';
import { insertPayment } from '../test-support/rows.ts';

let api: TestApi;
let card: string;

beforeAll(async () => {
  api = await startTestApi();
  card = await createCard(api);
});
afterAll(() => api.close());
beforeEach(() => {
  api.door.outcome = (payment) => payment;
});

const pay = (more: object = {}): Promise<Answer> =>
  post(api, '/v1/payments', { amount: 2000, currency: 'EUR', payment_method: card, ...more });
const lastOrder = () => api.door.orders.at(-1);

function expectRefused(answer: Answer, code: string, param: string): void {
  expect([answer.status, answer.body.error.code, answer.body.error.param]).toEqual([400, code, param]);
}

async function insertMandate(paymentMethodId: string, status: 'active' | 'revoked'): Promise<void> {
  const paymentId = await insertPayment(api);
  await api.sql.query(
    `INSERT INTO mandate (id, merchant_id, mode, payment_method_id, payment_id, provider, usage, network_transaction_id,
       status, revoked_at) VALUES ($1, 'mer_a', 'test', $2, $3, 'stripe', 'recurring', 'ntx', $4, $5)`,
    [
      `man_${paymentId.slice(4)}`,
      paymentMethodId,
      paymentId,
      status,
      status === 'active' ? null : new Date(),
    ],
  );
}

describe('what is said of a payment’s authentication', () => {
  it('travels with the order, and nothing where nothing was said', async () => {
    await pay();
    expect(lastOrder()).not.toHaveProperty('wish');
    await pay({ off_session: false });
    expect(lastOrder()).not.toHaveProperty('wish');
    await pay({ three_ds: { request: 'challenge' }, risk_signal: 'elevated' });
    expect(lastOrder()?.wish).toEqual({ threeDs: { request: 'challenge' }, risk: 'elevated' });
    await pay({ three_ds: { exemption: 'low_value' } });
    expect(lastOrder()?.wish).toEqual({ threeDs: { exemption: 'low_value' } });
    await pay({ setup_future_usage: 'off_session' });
    expect(lastOrder()?.wish).toEqual({ usage: 'unscheduled' });
    await pay({ setup_future_usage: 'off_session', stored_credential_usage: 'recurring' });
    expect(lastOrder()?.wish).toEqual({ usage: 'recurring' });
  });

  it('is told with the confirmation, where the payment waits for one', async () => {
    const made = await pay({ confirm: false });
    expect(made.status).toBe(201);
    const confirmed = await post(api, `/v1/payments/${made.body.id}/confirm`, {
      three_ds: { request: 'any' },
    });
    expect(confirmed.status).toBe(200);
    expect(api.door.confirmations.at(-1)?.wish).toEqual({ threeDs: { request: 'any' } });
    expectRefused(
      await pay({ confirm: false, three_ds: { request: 'any' } }),
      'parameter_invalid',
      'three_ds',
    );
  });

  it.each([
    ['a challenge of nobody', { off_session: true, three_ds: { request: 'challenge' } }, 'three_ds.request'],
    ['3DS with nobody', { off_session: true, three_ds: { request: 'any' } }, 'three_ds.request'],
    ['a consent of nobody', { off_session: true, setup_future_usage: 'off_session' }, 'setup_future_usage'],
    [
      'an exemption from a challenge that is asked for',
      { three_ds: { request: 'challenge', exemption: 'low_value' } },
      'three_ds.exemption',
    ],
    [
      'a card kept under an exemption',
      { setup_future_usage: 'off_session', three_ds: { exemption: 'low_value' } },
      'three_ds.exemption',
    ],
    ['a usage of nothing', { stored_credential_usage: 'recurring' }, 'stored_credential_usage'],
    ['another word', { three_ds: { request: 'always' } }, 'three_ds.request'],
    [
      'an exemption that no merchant claims',
      { three_ds: { exemption: 'merchant_initiated' } },
      'three_ds.exemption',
    ],
    ['another risk', { risk_signal: 'low' }, 'risk_signal'],
  ])('refuses %s', async (_what, more, param) => {
    const orders = api.door.orders.length;
    expectRefused(await pay(more), 'parameter_invalid', param);
    expect(api.door.orders.length).toBe(orders);
  });

  it('charges off session by an active mandate only', async () => {
    expectRefused(await pay({ off_session: true }), 'mandate_required', 'payment_method');
    const kept = await createCard(api);
    await insertMandate(kept, 'revoked');
    expectRefused(
      await pay({ off_session: true, payment_method: kept }),
      'mandate_required',
      'payment_method',
    );
    await insertMandate(kept, 'active');
    const startedAtMs = Date.now();
    expect((await pay({ off_session: true, payment_method: kept })).status).toBe(201);
    expect(lastOrder()?.wish).toEqual({ offSession: true });
    // Nobody waits for it, so it is as good tomorrow.
    expect(lastOrder()?.completeByMs).toBeGreaterThan(startedAtMs + 365 * 86_400_000);
    await pay({ payment_method: kept });
    expect(lastOrder()?.completeByMs).toBeLessThan(startedAtMs + 86_400_000);
  });
});

describe('the customer of a payment', () => {
  it('is the one named, or whose card it is, and never two', async () => {
    const [jane, john] = await Promise.all(
      ['Jane', 'John'].map(async (name) => (await post(api, '/v1/customers', { name })).body.id as string),
    );
    await pay({ customer: jane });
    expect(lastOrder()?.customerId).toBe(jane);
    const hers = (await post(api, '/v1/payment_methods', { ...CARD, customer: jane })).body.id;
    expect((await pay({ payment_method: hers })).body.customer).toBe(jane);
    expect(lastOrder()?.customerId).toBe(jane);
    expectRefused(await pay({ payment_method: hers, customer: john }), 'customer_mismatch', 'customer');
    expectRefused(await pay({ customer: 'cus_none' }), 'customer_unknown', 'customer');
    const foreign = await post(api, '/v1/customers', {}, { key: api.keys.b });
    expectRefused(await pay({ customer: foreign.body.id }), 'customer_unknown', 'customer');
  });

  it('may be named when the payment is confirmed', async () => {
    const jane = (await post(api, '/v1/customers', { name: 'Jane' })).body.id;
    const hers = (await post(api, '/v1/payment_methods', { ...CARD, customer: jane })).body.id;
    const confirm = async (body: object) =>
      post(api, `/v1/payments/${(await pay({ confirm: false })).body.id}/confirm`, body);
    expect((await confirm({ customer: jane })).status).toBe(200);
    expect(api.door.confirmations.at(-1)?.customerId).toBe(jane);
    expect((await confirm({ payment_method: hers })).status).toBe(200);
    expect(api.door.confirmations.at(-1)?.customerId).toBe(jane);
    expectRefused(await confirm({ customer: 'cus_none' }), 'customer_unknown', 'customer');
  });
});

describe('what the payer must do', () => {
  it('stands in the payment, with what is known of the authentication', async () => {
    api.door.outcome = (payment) => ({
      ...payment,
      status: 'requires_action',
      nextAction: { type: 'redirect_to_url', url: 'https://acs.example/1' },
      attempts: [
        {
          id: 'att_1',
          provider: 'stripe',
          status: 'requires_action',
          authentication: {
            status: 'challenge_required',
            asked: { request: 'challenge' },
            reasons: ['amount'],
            facts: { version: '2.2.0' },
            redirectUrl: 'https://acs.example/1',
            challengedAtMs: 1_800_000_000_500,
          },
        },
      ],
    });
    const { status, body } = await pay({ return_url: 'http://127.0.0.1:9/back' });
    expect(status).toBe(201);
    expect(body.next_action).toEqual({
      type: 'redirect_to_url',
      redirect_to_url: { url: 'https://acs.example/1', return_url: 'http://127.0.0.1:9/back' },
    });
    expect(body.attempts[0].authentication).toEqual({
      status: 'challenge_required',
      request: 'challenge',
      exemption_requested: null,
      reasons: ['amount'],
      trans_status: null,
      trans_status_reason: null,
      challenge_cancel: null,
      eci: null,
      version: '2.2.0',
      ds_transaction_id: null,
      liability_shift: null,
      exemption: null,
      challenged_at: 1_800_000_000,
      returned_at: null,
      ended_at: null,
    });
  });
});
