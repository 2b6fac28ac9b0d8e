import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { get, startTestApi, type TestApi } from '../test-support/harness.ts';
import { insertAttempt, insertPayment } from '../test-support/rows.ts';

let api: TestApi;
const PAN = '4242424242424242';
const at = (ms: number) => new Date(Date.UTC(2026, 5, 1, 12) + ms);

beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

interface Entry {
  readonly at: string;
  readonly type: string;
  readonly details: Record<string, unknown>;
}

/** A capture that was sent, seen, told by webhook, recorded and booked, with card data planted on the way. */
async function livedPayment(): Promise<string> {
  const id = await insertPayment(api, { createdAt: at(0) });
  const attempt = await insertAttempt(api, id);
  await api.sql.query('UPDATE attempt SET created_at = $2 WHERE id = $1', [attempt, at(2)]);
  await api.sql.query(
    'INSERT INTO route_explanation (payment_id, document, created_at) VALUES ($1, $2, $3)',
    [id, { rule: 'eur-first', candidates: ['acc_a_stripe'] }, at(1)],
  );
  const outcome = {
    type: 'captured',
    providerReference: 'ch_1',
    detail: `card ${PAN}`,
    cvc: '737',
    amountMinor: 2000,
  };
  await api.sql.query(
    `INSERT INTO operation (id, owner_id, payment_id, attempt_id, attempt_number, kind, number, cause, status, amount_minor, currency,
       provider_key, generation, first_sent_at, last_sent_at, sends, closed_at, sealed_parameters, outcome, created_at)
     VALUES ($1, $2, $2, $3, 1, 'capture', 1, 'req_1', 'succeeded', 2000, 'EUR', 'the-provider-key' || $1, 1, $4, $5, 2, $6,
       '\\xdeadbeef', $7, $8)`,
    [`op_${id.slice(4)}_1_capture_1`, id, attempt, at(4), at(5), at(8), outcome, at(3)],
  );
  await api.sql.query(
    `INSERT INTO observation (owner_id, payment_id, operation_id, source, generation, outcome, created_at)
     VALUES ($1, $1, 'op', 'call', 1, $2, $3)`,
    [id, { type: 'unknown', detail: `reset while sending ${PAN}` }, at(6)],
  );
  await api.sql.query(
    `INSERT INTO inbox (id, provider, account_id, provider_event_id, event_type, payment_id, owner_id, summary, raw_body, received_at)
     VALUES ($1, 'stripe', 'acc_a_stripe', $1, 'charge.captured', $2, $2, $3, $4, $5)`,
    [
      `in_${id}`,
      id,
      { note: `4242 4242 4242 4242`, amount: 2000 },
      Buffer.from('raw-body-of-the-webhook'),
      at(7),
    ],
  );
  await api.sql.query(
    `INSERT INTO audit (owner_id, payment_id, sequence, generation, trigger, actor, from_status, to_status, reason, content,
       content_digest, previous_hash, hash, at)
     VALUES ($1, $1, 2, 1, 'capture', 'workflow', 'processing', 'succeeded', 'captured 2000', '', '', '', $2, $3)`,
    [id, 'ab12'.repeat(16), at(9)],
  );
  await api.sql.query(
    `WITH t AS (INSERT INTO ledger_transaction (id, owner_id, payment_id, sequence, kind) VALUES ($1, $2, $2, 2, 'capture')
       RETURNING id)
     INSERT INTO ledger_posting (transaction_id, account, currency, amount_minor)
     SELECT t.id, p.account, 'EUR', p.amount FROM t, (VALUES ('provider', 2000), ('merchant', -2000)) AS p (account, amount)`,
    [`lt_${id}`, id],
  );
  await api.sql.query(
    `INSERT INTO outbox (id, merchant_id, mode, owner_id, payment_id, sequence, type, payload, event_sequence, created_at)
     VALUES ($1, 'mer_a', 'test', $2, $2, 2, 'payment.succeeded', '{}', 1, $3)`,
    [`evt_${id}`, id, at(9)],
  );
  return id;
}

describe('the timeline', () => {
  it('tells everything in the order in which it happened', async () => {
    const id = await livedPayment();
    const { status, body } = await get(api, `/v1/payments/${id}/timeline`);
    expect([status, body.object, body.payment]).toEqual([200, 'timeline', id]);
    const entries: Entry[] = body.data;
    expect(entries.map(({ type }) => type)).toEqual([
      'route.explained',
      'attempt.created',
      'operation.created',
      'operation.sent',
      'operation.resent',
      'observation.made',
      'webhook.received',
      'operation.closed',
      'audit.transition',
      'event.emitted',
      // Nothing can be booked with a date of one's own: it is there when it was written.
      'ledger.posted',
    ]);
    expect(entries.map(({ at: instant }) => instant)).toEqual(
      entries.map(({ at: instant }) => instant).sort(),
    );
    const detailsOf = (type: string) => entries.find((entry) => entry.type === type)?.details;
    expect(detailsOf('route.explained')).toEqual({
      explanation: { rule: 'eur-first', candidates: ['acc_a_stripe'] },
    });
    expect(detailsOf('operation.resent')).toMatchObject({ kind: 'capture', sends: 2 });
    expect(detailsOf('audit.transition')).toMatchObject({
      from: 'processing',
      to: 'succeeded',
      hash: 'ab12'.repeat(16),
    });
    expect(detailsOf('ledger.posted')).toMatchObject({
      postings: [
        { account: 'provider', currency: 'EUR', amount: 2000 },
        { account: 'merchant', currency: 'EUR', amount: -2000 },
      ],
    });
  });

  it('shows nothing of a card, nothing sealed, no raw webhook and no provider key', async () => {
    const { text } = await get(api, `/v1/payments/${await livedPayment()}/timeline`);
    expect(text).toContain('[redacted]');
    expect(text.replace(/[ -]/g, '')).not.toContain(PAN);
    expect(text).not.toMatch(/cvc|737|deadbeef|sealed|raw-body-of-the-webhook|the-provider-key/);
  });

  it('of a payment without rows is empty, and of an unknown one is 404', async () => {
    const bare = await insertPayment(api);
    expect((await get(api, `/v1/payments/${bare}/timeline`)).body.data).toEqual([]);
    expect((await get(api, `/v1/payments/${bare.slice(0, -1)}2/timeline`)).status).toBe(404);
  });
});
