import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../../test/support/harness.ts';
import { get, post, startTestApi, type TestApi } from '../test-support/harness.ts';
import { signedIn, type Tab } from '../test-support/people.ts';
import { insertAttempt, insertEvent, insertPayment, insertRefund } from '../test-support/rows.ts';
import type { StoryJson } from './schema.ts';

let api: TestApi;
let operator: Tab;
let reader: Tab;
const at = (ms: number) => new Date(Date.UTC(2026, 5, 1, 12) + ms);
const HOSTILE = '<img src=x onerror=alert(1)> =HYPERLINK("x")';
const PAN = '4242 4242 4242 4242';

beforeAll(async () => {
  api = await startTestApi();
  operator = (await signedIn(api, 'operator')).tab;
  reader = (await signedIn(api, 'read_only')).tab;
});
afterAll(() => api.close());

async function storyOf(id: string, query = ''): Promise<StoryJson> {
  const { status, body, text } = await reader.get(`/v1/operator/payments/${id}/story${query}`);
  if (status !== 200) throw new Error(text);
  return body;
}

/** Captured, refunded in part, settled with too little, its webhook dead, and looked at by people. */
async function eventfulPayment(): Promise<string> {
  const id = await insertPayment(api, {
    status: 'succeeded',
    capturedMinor: 2000,
    reference: `card ${PAN}`,
    createdAt: at(0),
  });
  const attempt = await insertAttempt(api, id, { providerReference: `pi_${id}` });
  const operation = `op_${id.slice(4)}_1_capture_1`;
  await api.sql.query(
    `INSERT INTO operation (id, owner_id, payment_id, attempt_id, attempt_number, kind, number, cause, status, amount_minor, currency,
       provider_key, generation, first_sent_at, last_sent_at, sends, closed_at, sealed_parameters, outcome, created_at)
     VALUES ($1, $2, $2, $3, 1, 'capture', 1, 'req_1', 'succeeded', 2000, 'EUR', 'the-provider-key' || $1, 1, $4, $5, 2, $6,
       '\\xdeadbeef', $7, $8)`,
    [
      operation,
      id,
      attempt,
      at(4),
      at(5),
      at(8),
      { type: 'captured', providerReference: 'ch_1', amountMinor: 2000, currency: 'EUR' },
      at(3),
    ],
  );
  for (const [source, cause] of [
    ['send', 'timeout'],
    ['permit', 'already_sent'],
  ]) {
    await api.sql.query(
      `INSERT INTO observation (owner_id, payment_id, operation_id, source, generation, outcome, created_at)
       VALUES ($1, $1, $2, $3, 1, $4, $5)`,
      [id, operation, source, { type: 'unknown', cause }, at(6)],
    );
  }
  await api.sql.query(
    `WITH t AS (INSERT INTO ledger_transaction (id, owner_id, payment_id, sequence, kind) VALUES ($1, $2, $2, 2, 'capture')
       RETURNING id)
     INSERT INTO ledger_posting (transaction_id, account, currency, amount_minor)
     SELECT t.id, p.account, 'EUR', p.amount FROM t, (VALUES ('provider_receivable/acc_a_stripe', 2000),
       ('merchant_payable/mer_a', -2000)) AS p (account, amount)`,
    [`lt_${id}`, id],
  );
  const event = await insertEvent(api, id);
  await api.sql.query(
    `INSERT INTO webhook_endpoint (id, merchant_id, mode, url, sealed_secrets)
     VALUES ('we_dead', 'mer_a', 'test', 'https://hooks.example/in?token=secret', '\\x00') ON CONFLICT DO NOTHING`,
  );
  await api.sql.query(
    `INSERT INTO webhook_delivery (endpoint_id, event_id, payment_id, event_sequence, status, attempts, last_status_code)
     VALUES ('we_dead', $1, $2, 1, 'dead', 12, 500)`,
    [event, id],
  );
  await insertRefund(api, id);
  await api.sql.query(
    `INSERT INTO exception (id, kind, subject_id, payment_id, merchant_id, summary) VALUES ($1, 'amount_under', $2, $2, 'mer_a', $3)`,
    [`exc_amount_under_${id}`, id, `settled 100 too little ${HOSTILE}`],
  );
  await api.sql.query(
    `INSERT INTO operator_refusal (operator_id, method, path, status, code, detail, request_id)
     VALUES (NULL, 'POST', $1, 409, 'nothing_to_void', 'nothing is authorized', 'hreq_refused_${id}')`,
    [`/v1/operator/payments/${id}/void`],
  );
  return id;
}

describe("a payment's story", () => {
  it('tells on one page what became of it, why, and what stood out', async () => {
    const story = await storyOf(await eventfulPayment());
    expect(story.headline).toMatchObject({ text: expect.stringContaining('Captured 20.00 EUR at Stripe') });
    expect(story.headline.why).toContain('was unknown (no answer came in time)');
    const standsOut = story.highlights.map(({ text }) => text).join('\n');
    for (const words of [
      'Outcome unknown',
      'The workflow ran again (a reset',
      'dead letter',
      'Settled too little',
      'was refused: nothing is authorized',
    ]) {
      expect(standsOut).toContain(words);
    }
    expect(story.money).toMatchObject({ captured: 2000, refundable: 2000, currency: 'EUR' });
    expect(story.trace.id).toMatch(/^[0-9a-f]{32}$/);
    expect(story.workflows[0]).toMatchObject({ type: 'payment', url: null });
    // Rows that no workflow wrote have no audit: the page says so.
    expect(story.audit.problems.length).toBeGreaterThan(0);
    const ledger = story.timeline.data.find(({ topic }) => topic === 'ledger');
    expect(ledger?.details).toMatchObject({
      postings: [
        { account: 'provider_receivable/acc_a_stripe', amount: 2000, balance: 2000 },
        { account: 'merchant_payable/mer_a', amount: -2000, balance: -2000 },
      ],
    });
  });

  it('shows nothing sealed, no card and no secret, and quotes what others wrote as they wrote it', async () => {
    const { text } = await reader.get(`/v1/operator/payments/${await eventfulPayment()}/story`);
    expect(text).not.toMatch(/deadbeef|the-provider-key|token=secret|4242 4242 4242 4242/);
    expect(text).toContain('<img src=x onerror=alert(1)>');
  });

  it('comes in pages that leave out nothing and repeat nothing', async () => {
    const id = await eventfulPayment();
    const whole = (await storyOf(id)).timeline;
    const told: string[] = [];
    for (let after = ''; ; ) {
      const page = (await storyOf(id, `?limit=3${after}`)).timeline;
      told.push(...page.data.map((entry) => entry.id));
      if (!page.has_more) break;
      after = `&starting_after=${encodeURIComponent(told.at(-1) ?? '')}`;
    }
    expect(told).toEqual(whole.data.map((entry) => entry.id));
    expect((await reader.get(`/v1/operator/payments/${id}/story?starting_after=none`)).status).toBe(400);
  });

  it('of what is no payment is 404, whatever it looks like', async () => {
    const unknown = `pay_${'a'.repeat(26)}`;
    for (const id of [unknown, 'x', '%00', "pay_' OR 1=1"]) {
      const path = `/v1/operator/payments/${encodeURIComponent(id)}/story`;
      expect((await reader.get(path)).status, id).toBe(404);
    }
  });

  it("is not for merchants' keys", async () => {
    expect((await get(api, `/v1/operator/payments/${await insertPayment(api)}/story`)).status).toBe(403);
  });
});

describe('what was asked in vain', () => {
  it('is noted at its payment: refusals, repeats, and the second payment of an order; of others nothing', async () => {
    const id = await insertPayment(api, { status: 'requires_capture' });
    api.door.refusal = { code: 'amount_too_large', message: '900 is more than the 100 that may be captured' };
    const key = { idempotencyKey: 'twice' };
    expect((await post(api, `/v1/payments/${id}/capture`, { amount: 900 }, key)).status).toBe(409);
    api.door.refusal = undefined;
    const strangers = { key: api.keys.b };
    expect((await post(api, `/v1/payments/${id}/capture`, {}, strangers)).status).toBe(404);
    const noted = await waitFor(
      async () => {
        const { highlights } = await storyOf(id);
        return highlights.length > 0 ? highlights : undefined;
      },
      { what: 'the note' },
    );
    expect(noted.map(({ text }) => text)).toEqual([
      'Refused: a request for a capture, because 900 is more than the 100 that may be captured (amount too large, 409)',
    ]);
  });
});

describe('lists', () => {
  it('filter and page over all merchants', async () => {
    const reference = 'list-of-three';
    const ids = [];
    for (const [index, merchantId] of ['mer_a', 'mer_b', 'mer_a'].entries()) {
      ids.push(
        await insertPayment(api, { merchantId, reference, amountMinor: 100 + index, createdAt: at(index) }),
      );
    }
    const list = async (query: string) => (await reader.get(`/v1/operator/payments?${query}`)).body;
    const newestFirst = [...ids].reverse();
    expect((await list(`reference=${reference}`)).data.map((each: { id: string }) => each.id)).toEqual(
      newestFirst,
    );
    const first = await list(`reference=${reference}&limit=2`);
    expect(first.has_more).toBe(true);
    const rest = await list(`reference=${reference}&limit=2&cursor=${first.next_cursor}`);
    expect([...first.data, ...rest.data].map((each) => each.id)).toEqual(newestFirst);
    expect((await list(`reference=${reference}&merchant=mer_b`)).data).toHaveLength(1);
    expect((await list(`reference=${reference}&amount_from=101&amount_to=101`)).data).toHaveLength(1);
    expect((await list(`reference=${reference}&status=failed,expired`)).data).toEqual([]);
    expect((await list(`reference=${reference}&needs_attention=true`)).data).toEqual([]);
    expect((await reader.get('/v1/operator/payments?cursor=nowhere')).status).toBe(400);
  });
});

describe('the search', () => {
  it.each([
    ['payment', (id: string) => id],
    ['order_reference', () => 'order-77'],
    ['provider_reference', (id: string) => `pi_${id}`],
    ['attempt', (id: string) => `att_${id.slice(4)}_1`],
    ['operation', (id: string) => `op_${id.slice(4)}_1_capture_1`],
    ['workflow', (id: string) => `payment/${id}/g1`],
  ])('finds a payment by its %s', async (matched, asked) => {
    await api.sql.query(`UPDATE payment SET reference = NULL WHERE reference = 'order-77'`);
    const id = await insertPayment(api, { reference: 'order-77' });
    await insertAttempt(api, id, { providerReference: `pi_${id}` });
    const { body } = await reader.get(`/v1/operator/search?q=${encodeURIComponent(asked(id))}`);
    expect(body.data).toEqual([
      expect.objectContaining({ matched, exact: true, payment: expect.objectContaining({ id }) }),
    ]);
  });

  it('finds by events, refunds, exceptions, refused requests, and the beginning of a reference', async () => {
    const id = await eventfulPayment();
    const find = async (q: string) =>
      (await reader.get(`/v1/operator/search?q=${encodeURIComponent(q)}`)).body.data;
    const event = (await api.sql.query('SELECT id FROM outbox WHERE payment_id = $1', [id])).rows[0].id;
    const refund = (await api.sql.query('SELECT id FROM refund WHERE payment_id = $1', [id])).rows[0].id;
    for (const [q, matched] of [
      [event, 'event'],
      [refund, 'refund'],
      [`refund/${refund}/g1`, 'refund'],
      [`exc_amount_under_${id}`, 'exception'],
      [`hreq_refused_${id}`, 'http_request'],
      [`pi_${id}`.slice(0, -3), 'provider_reference'],
      [id.slice(0, 14), 'payment'],
    ]) {
      const hits = await find(q ?? '');
      expect(hits[0], q).toMatchObject({ matched, payment: { id } });
    }
    expect(await find('we_dead')).toMatchObject([
      { matched: 'endpoint', payment: null, target: { id: 'we_dead' } },
    ]);
    for (const nothing of ['%', '_____', "'; DROP TABLE payment", 'pay_', HOSTILE.slice(0, 5)]) {
      expect((await reader.get(`/v1/operator/search?q=${encodeURIComponent(nothing)}`)).status).toBe(200);
    }
    expect(await find('%%%')).toEqual([]);
  });

  it("finds by a card's last four, with an amount or a day, and by the customer", async () => {
    const id = await insertPayment(api, { amountMinor: 1250, createdAt: at(0) });
    await api.sql.query(
      `INSERT INTO payment_method (id, merchant_id, mode, type, brand, last4, bin, fingerprint, exp_month, exp_year, sealed_card)
       VALUES ('pm_search', 'mer_a', 'test', 'card', 'visa', '0341', '424242', 'f', 12, 2031, '\\x00')`,
    );
    await api.sql.query(
      `INSERT INTO customer (id, merchant_id, mode, name, email) VALUES ('cus_search', 'mer_a', 'test', 'Ada Byron', 'Ada@Example.com')`,
    );
    await api.sql.query(
      `UPDATE payment SET payment_method_id = 'pm_search', customer_id = 'cus_search' WHERE id = $1`,
      [id],
    );
    const find = async (q: string) =>
      (await reader.get(`/v1/operator/search?q=${encodeURIComponent(q)}`)).body.data;
    for (const q of [
      '0341',
      '0341 12.50',
      '0341 2026-06-01',
      '0341 2026-06-01 12.50',
      'cus_search',
      'ada@example.com',
      'ada by',
    ]) {
      expect((await find(q))[0], q).toMatchObject({ payment: { id } });
    }
    expect(await find('0341 12.51')).toEqual([]);
    expect(await find('0341 2026-06-02')).toEqual([]);
  });
});

describe('the stream of changes', () => {
  it('tells of every merchant, once a payment, and goes on after the last that was heard', async () => {
    const leave = new AbortController();
    const response = await fetch(`${api.url}/v1/operator/stream`, {
      headers: { cookie: operator.cookie },
      signal: leave.signal,
    });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    const payments = [await insertPayment(api), await insertPayment(api, { merchantId: 'mer_b' })];
    const heard: string[] = [];
    const reading = (async () => {
      for await (const chunk of response.body ?? []) heard.push(Buffer.from(chunk).toString('utf8'));
    })().catch(() => undefined);
    for (const id of payments) {
      await insertEvent(api, id, { merchantId: id === payments[1] ? 'mer_b' : 'mer_a' });
    }
    const all = await waitFor(
      () => (payments.every((id) => heard.join('').includes(id)) ? heard.join('') : undefined),
      {
        what: 'both payments on the stream',
      },
    );
    expect(all).toContain(`"payment":"${payments[1]}","merchant":"mer_b","mode":"test"`);
    leave.abort();
    await reading;
  });
});
