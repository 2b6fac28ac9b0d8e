import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { waitFor } from '../../test/support/harness.ts';
import {
  type Answer,
  get,
  post,
  STRIPE_SECRET,
  startTestApi,
  type TestApi,
} from '../test-support/harness.ts';
import { insertAttempt, insertPayment, randomPaymentId } from '../test-support/rows.ts';

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

let events = 0;

/** An event as Stripe sends it, about a payment intent that carries our attempt's id. */
function stripeEvent(more: { reference?: string; intent?: string; id?: string } = {}) {
  events += 1;
  const { reference, intent = 'pi_1', id = `evt_${events}` } = more;
  return {
    id,
    object: 'event',
    type: 'payment_intent.amount_capturable_updated',
    created: 1,
    data: {
      object: {
        id: intent,
        object: 'payment_intent',
        status: 'requires_capture',
        amount: 2000,
        currency: 'eur',
        metadata: reference === undefined ? {} : { interlock_reference: reference },
      },
    },
  };
}

function sign(body: string, secret = STRIPE_SECRET, atMs = Date.now()): string {
  const timestamp = Math.floor(atMs / 1_000);
  return `t=${timestamp},v1=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`;
}

function deliver(
  body: string,
  signature = sign(body),
  account = 'acc_a_stripe',
  provider = 'stripe',
): Promise<Answer> {
  return post(api, `/v1/webhooks/${provider}/${account}`, undefined, {
    key: null,
    idempotencyKey: null,
    raw: body,
    headers: { 'stripe-signature': signature },
  });
}

async function inboxRows(): Promise<{ provider_event_id: string; payment_id: string | null }[]> {
  const { rows } = await api.sql.query(
    'SELECT provider_event_id, payment_id, raw_body FROM inbox ORDER BY received_at',
  );
  return rows;
}

const rowOf = async (eventId: string) => (await inboxRows()).find((row) => row.provider_event_id === eventId);

describe('a verified webhook', () => {
  it('is stored byte for byte before it is acknowledged, and then told to the payment it names', async () => {
    const paymentId = await insertPayment(api);
    const reference = await insertAttempt(api, paymentId);
    const event = stripeEvent({ reference });
    const body = `${JSON.stringify(event)}\n `;
    const { status, text } = await deliver(body);
    expect([status, text]).toEqual([200, '[accepted]']);
    await vi.waitFor(() => expect(api.door.newsOf).toContain(paymentId), { timeout: 5_000 });
    const { rows } = await api.sql.query('SELECT * FROM inbox WHERE provider_event_id = $1', [event.id]);
    expect(rows).toMatchObject([
      { payment_id: paymentId, account_id: 'acc_a_stripe', acknowledged_at: null },
    ]);
    expect(rows[0].raw_body.toString('utf8')).toBe(body);
  });

  it('finds its payment by the provider’s reference where it carries none of ours', async () => {
    const paymentId = await insertPayment(api);
    await insertAttempt(api, paymentId, { providerReference: 'pi_by_reference' });
    const event = stripeEvent({ intent: 'pi_by_reference' });
    await deliver(JSON.stringify(event));
    expect(await rowOf(event.id)).toMatchObject({ payment_id: paymentId });
  });

  it('is stored once however often it comes, and told once', async () => {
    const paymentId = await insertPayment(api);
    const body = JSON.stringify(stripeEvent({ reference: await insertAttempt(api, paymentId) }));
    const answers = await Promise.all(Array.from({ length: 10 }, () => deliver(body)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect((await inboxRows()).filter((row) => row.payment_id === paymentId).length).toBe(1);
    const told = () => api.door.newsOf.filter((id) => id === paymentId).length;
    await vi.waitFor(() => expect(told()).toBe(1), { timeout: 5_000 });
  });

  it('is stored and acknowledged although nobody could be told, and although it matches nothing', async () => {
    const paymentId = await insertPayment(api);
    const body = JSON.stringify(stripeEvent({ reference: await insertAttempt(api, paymentId) }));
    const news = api.door.news;
    api.door.news = () => Promise.reject(new Error('Temporal is away'));
    const untold = await deliver(body);
    api.door.news = () => new Promise(() => undefined);
    const hanging = await deliver(JSON.stringify(stripeEvent({ reference: `att_${paymentId.slice(4)}_1` })));
    api.door.news = news;
    expect([untold.status, hanging.status]).toEqual([200, 200]);
    const stray = stripeEvent({ reference: `att_${randomPaymentId().slice(4)}_1` });
    expect((await deliver(JSON.stringify(stray))).status).toBe(200);
    expect(await rowOf(stray.id)).toMatchObject({ payment_id: null });
  });

  it('cannot speak about the payment of a merchant whose account did not sign it', async () => {
    const paymentId = await insertPayment(api, { merchantId: 'mer_b' });
    const reference = await insertAttempt(api, paymentId, { accountId: 'acc_b_stripe' });
    const event = stripeEvent({ reference });
    expect((await deliver(JSON.stringify(event))).status).toBe(200);
    expect(await rowOf(event.id)).toMatchObject({ payment_id: null });
    expect(api.door.newsOf).not.toContain(paymentId);
  });
});

describe('a forged webhook', () => {
  it('is refused with 401, stored nowhere, and counted', async () => {
    const before = (await inboxRows()).length;
    const { refused } = (await get(api, '/healthz')).body.webhooks;
    const body = JSON.stringify(stripeEvent());
    const answers = [
      await deliver(`${body} `, sign(body)),
      await deliver(body, sign(body, 'whsec_of_somebody_else')),
      await deliver(body, sign(body, STRIPE_SECRET, Date.now() - 301_000)),
      await deliver(body, 'nonsense'),
      // An account without configured secrets can verify nothing, so it refuses everything.
      await deliver(body, sign(body), 'acc_b_stripe'),
    ];
    expect(answers.map(({ status, body: problem }) => [status, problem.error.code])).toEqual(
      Array.from({ length: 5 }, () => [401, 'webhook_refused']),
    );
    expect((await inboxRows()).length).toBe(before);
    expect((await get(api, '/healthz')).body.webhooks.refused).toBe(refused + 5);
  });

  it('to an account, provider or address that is none gets 404', async () => {
    const body = JSON.stringify(stripeEvent());
    const answers = [
      await deliver(body, sign(body), 'acc_none'),
      await deliver(body, sign(body), 'acc_a_stripe', 'adyen'),
      await deliver(body, sign(body), 'acc_a_stripe', 'constructor'),
      await deliver(body, sign(body), "a'%20OR%201=1"),
    ];
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
  });

  it('that is signed and yet no event gets 400; one above 1 MB, 413', async () => {
    const malformed = await deliver('{"object":"event"}');
    expect([malformed.status, malformed.body.error.code]).toEqual([400, 'webhook_malformed']);
    const large = JSON.stringify({ ...stripeEvent(), pad: 'x'.repeat(1_000_001) });
    const before = (await inboxRows()).length;
    expect((await deliver(large)).status).toBe(413);
    expect((await inboxRows()).length).toBe(before);
    await waitFor(async () => (await get(api, '/healthz')).status === 200, { what: 'the API still serves' });
  });
});
