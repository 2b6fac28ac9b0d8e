import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DELIVERY_EDGES, DELIVERY_STATUSES } from '../../domain/events/states.ts';
import { type Database, openTestDatabase } from '../../test/attack/support/rows.ts';
import { recordRefundTransition } from '../refunds/record.ts';
import { paid, planRefund, refunded, stepUpon } from '../refunds/test-support/rows.ts';
import { type Settled, type Taken, takeDeliveries } from './deliveries.ts';
import { disableEndpoint, enabledEndpoints, hasWork, outlookOf } from './endpoints.ts';

/** Event numbers, deliveries made of them, and who may send which when. */
let database: Database;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database?.close());

async function endpoint(eventTypes: string[] = []): Promise<string> {
  const id = `we_${randomBytes(13).toString('hex')}`;
  await database.asApplication(
    `INSERT INTO webhook_endpoint (id, merchant_id, mode, url, event_types, sealed_secrets)
     VALUES ($1, 'mer_demo', 'test', 'http://127.0.0.1:9/', $2, '')`,
    [id, eventTypes],
  );
  return id;
}

const take = (endpointId: string, over: Partial<Parameters<typeof takeDeliveries>[1]> = {}) =>
  takeDeliveries(database.db, {
    endpointId,
    claimId: 'me',
    settled: [],
    chains: 100,
    claimMs: 60_000,
    ...over,
  });
const eventsOf = (taken: Taken) =>
  taken.type === 'open' ? taken.chains.map((chain) => chain.map(({ type }) => type)) : [];
const idsOf = (taken: Taken) => (taken.type === 'open' ? taken.chains.flat().map(({ id }) => id) : []);
const delivered = (eventId: string): Settled => ({
  eventId,
  type: 'attempted',
  status: 'delivered',
  statusCode: 200,
});
const failed = (eventId: string, waitMs = 0): Settled => ({
  eventId,
  type: 'attempted',
  status: 'pending',
  waitMs,
  statusCode: 500,
  error: 'HTTP 500',
});
const deliveries = (endpointId: string) =>
  database.sql<{ status: string; attempts: number; waits: boolean }>(
    `SELECT status, attempts, next_attempt_at IS NULL AS waits FROM webhook_delivery
     WHERE endpoint_id = $1 ORDER BY event_sequence`,
    [endpointId],
  );
/** A payment with three events: paid, a refund made, and succeeded. */
async function threeEvents() {
  const payment = await paid(database);
  const refund = await refunded(database, payment, { amountMinor: 400 });
  await recordRefundTransition(
    database.db,
    stepUpon(refund, { type: 'refunded', providerReference: 're_1', amountMinor: 400 }),
    {},
  );
  return payment;
}
const THREE = ['payment.succeeded', 'refund.created', 'refund.succeeded'];

describe('event numbers', () => {
  it('count a payment’s events and its refunds’ as one, without a gap, however many write at once', async () => {
    const payment = await paid(database);
    const made = await Promise.all(
      Array.from({ length: 10 }, (_, n) => planRefund(database, payment, { key: `k${n}`, amountMinor: 50 })),
    );
    await Promise.all(
      made.map((each) =>
        each.type === 'refund'
          ? recordRefundTransition(
              database.db,
              stepUpon(each.refund, { type: 'refunded', providerReference: 're_1', amountMinor: 50 }),
              {},
            )
          : undefined,
      ),
    );
    const rows = await database.sql<{ n: number; ordered: number }>(
      `SELECT event_sequence AS n, row_number() OVER (ORDER BY transaction_id, position)::int AS ordered
       FROM outbox WHERE payment_id = $1 ORDER BY event_sequence`,
      [payment.id],
    );
    expect(rows.map(({ n }) => n)).toEqual(Array.from({ length: 21 }, (_, index) => index + 1));
    // Whoever reads by (transaction, position) reads them in that order, too.
    expect(rows.map(({ ordered }) => ordered)).toEqual(rows.map(({ n }) => n));
  });

  it('are in the order of (transaction, position) also where the later writer’s transaction is the older', async () => {
    const payment = await paid(database);
    const refund = await refunded(database, payment, { amountMinor: 100 });
    const older = new pg.Client({ connectionString: database.url });
    await older.connect();
    await older.query('BEGIN');
    await older.query('SELECT pg_current_xact_id()');
    await recordRefundTransition(
      database.db,
      stepUpon(refund, { type: 'refunded', providerReference: 're_1', amountMinor: 100 }),
      {},
    );
    await older.query(
      `WITH c AS (
         INSERT INTO event_counter (payment_id, last, transaction_id) VALUES ($1, 1, pg_current_xact_id()::text::bigint)
         ON CONFLICT (payment_id) DO UPDATE SET last = event_counter.last + 1,
           transaction_id = greatest(event_counter.transaction_id, excluded.transaction_id)
         RETURNING last, transaction_id)
       INSERT INTO outbox (id, merchant_id, mode, payment_id, owner_id, sequence, type, payload, event_sequence, transaction_id)
       SELECT 'evt_late_' || $1, 'mer_demo', 'test', $1, $1, 99, 'payment.failed', '{}', last, transaction_id FROM c`,
      [payment.id],
    );
    await older.query('COMMIT');
    await older.end();
    const rows = await database.sql<{ n: number }>(
      'SELECT event_sequence AS n FROM outbox WHERE payment_id = $1 ORDER BY transaction_id, position',
      [payment.id],
    );
    expect(rows.map(({ n }) => n)).toEqual([1, 2, 3, 4]);
  });

  it('are counted up only, and an event keeps its own', async () => {
    const payment = await paid(database);
    await expect(
      database.asApplication('UPDATE event_counter SET last = last - 1 WHERE payment_id = $1', [payment.id]),
    ).rejects.toThrow(/only counts up/);
    await expect(
      database.sql('UPDATE outbox SET event_sequence = 7 WHERE payment_id = $1', [payment.id]),
    ).rejects.toThrow(/append-only/);
  });
});

describe('deliveries are made', () => {
  it('of every event after the endpoint’s own beginning, once, in order', async () => {
    await threeEvents();
    const id = await endpoint();
    expect(eventsOf(await take(id))).toEqual([]);
    await threeEvents();
    expect(await hasWork(database.db, id)).toBe(true);
    expect(eventsOf(await take(id))).toEqual([THREE]);
    expect(eventsOf(await take(id, { claimId: 'other' }))).toEqual([]);
    expect(await hasWork(database.db, id)).toBe(false);
    expect(await deliveries(id)).toHaveLength(3);
  });

  it('of those types only that the endpoint asks for', async () => {
    const [refunds, failures, none] = [
      await endpoint(['refund.*']),
      await endpoint(['payment.failed']),
      'we_none',
    ];
    await threeEvents();
    expect(eventsOf(await take(refunds))).toEqual([['refund.created', 'refund.succeeded']]);
    expect(eventsOf(await take(failures))).toEqual([]);
    expect(await hasWork(database.db, failures)).toBe(false);
    expect(await take(none)).toEqual({ type: 'gone' });
  });

  it('never past a transaction that is still running: what it commits later is not skipped', async () => {
    const id = await endpoint();
    const payment = await paid(database);
    const slow = new pg.Client({ connectionString: database.url });
    await slow.connect();
    await slow.query('BEGIN');
    await slow.query(
      `INSERT INTO outbox (id, merchant_id, mode, payment_id, owner_id, sequence, type, payload, event_sequence)
       VALUES ($1, 'mer_demo', 'test', $2, $2, 1, 'payment.failed', '{}', 1)`,
      [`evt_slow_${id}`, `pay_slow_${id}`],
    );
    const later = await paid(database);
    const seen = eventsOf(await take(id)).flat();
    expect(seen.length).toBeLessThanOrEqual(1);
    await slow.query('COMMIT');
    await slow.end();
    const after = [...seen, ...eventsOf(await take(id, { claimId: 'next' })).flat()];
    expect(after.sort()).toEqual(['payment.failed', 'payment.succeeded', 'payment.succeeded']);
    expect(payment.id).not.toBe(later.id);
  });
});

describe('a payment’s events', () => {
  it('go out one after the other: a failed one holds back those behind it, and no other payment', async () => {
    const id = await endpoint();
    await threeEvents();
    const [first = '', second = '', third = ''] = idsOf(await take(id));
    const settled = [
      failed(first, 60_000),
      { eventId: second, type: 'unsent' },
      { eventId: third, type: 'unsent' },
    ];
    await threeEvents();
    expect(eventsOf(await take(id, { settled: settled as Settled[] }))).toEqual([THREE]);
    expect(eventsOf(await take(id))).toEqual([]);
    expect((await deliveries(id)).filter(({ waits }) => !waits)).toHaveLength(2);
    expect((await outlookOf(database.db, id)).nextDueInMs).toBeGreaterThan(1_000);
    // Its time has come.
    await database.sql(
      `UPDATE webhook_delivery SET next_attempt_at = now() - interval '1 second' WHERE event_id = $1`,
      [first],
    );
    expect(idsOf(await take(id))).toEqual([first, second, third]);
  });

  it('are promoted when the one before is delivered, or dead', async () => {
    const id = await endpoint();
    await threeEvents();
    const [first = '', second = '', third = ''] = idsOf(await take(id));
    const unsent = (eventId: string): Settled => ({ eventId, type: 'unsent' });
    const next = await take(id, { settled: [delivered(first), unsent(second), unsent(third)] });
    expect(idsOf(next)).toEqual([second, third]);
    const dead: Settled = { eventId: second, type: 'attempted', status: 'dead', error: 'HTTP 500' };
    expect(idsOf(await take(id, { settled: [dead, unsent(third)] }))).toEqual([third]);
    await take(id, { settled: [delivered(third)] });
    expect((await deliveries(id)).map(({ status }) => status)).toEqual(['delivered', 'dead', 'delivered']);
    expect(await outlookOf(database.db, id)).toEqual({ status: 'enabled', pending: 0, dead: 1 });
  });

  it('have one sender at a time: a claim that ran out is another’s, and its first owner settles nothing', async () => {
    const id = await endpoint();
    await threeEvents();
    const [first = ''] = idsOf(await take(id, { claimId: 'zombie', claimMs: 0 }));
    expect(idsOf(await take(id, { claimId: 'heir' }))[0]).toBe(first);
    await take(id, { claimId: 'zombie', settled: [failed(first)], chains: 0 });
    expect((await deliveries(id)).map(({ attempts }) => attempts)).toEqual([0, 0, 0]);
    await take(id, { claimId: 'heir', settled: [delivered(first)], chains: 0 });
    expect((await deliveries(id))[0]).toMatchObject({ status: 'delivered', attempts: 1 });
  });

  it('keep their order when one is replayed before another that is being retried', async () => {
    const id = await endpoint();
    await threeEvents();
    const [first = '', second = '', third = ''] = idsOf(await take(id));
    await take(id, {
      settled: [delivered(first), failed(second, 60_000), { eventId: third, type: 'unsent' }],
      chains: 0,
    });
    await database.asApplication(
      `UPDATE webhook_delivery SET status = 'pending', attempts = 0, next_attempt_at = now() - interval '1 second'
       WHERE endpoint_id = $1 AND event_id = $2`,
      [id, first],
    );
    expect(idsOf(await take(id))).toEqual([first]);
    expect(idsOf(await take(id, { settled: [delivered(first)] }))).toEqual([]);
  });

  it('are claimed by one of many at once, each once', async () => {
    const id = await endpoint();
    await Promise.all(Array.from({ length: 8 }, threeEvents));
    const all = await Promise.all(
      Array.from({ length: 10 }, (_, n) => take(id, { claimId: `c${n}`, chains: 2 })),
    );
    const ids = all.flatMap(idsOf);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toHaveLength(24);
  });
});

describe('an endpoint', () => {
  it('that is disabled is given nothing more, and what was on the wire is still settled', async () => {
    const id = await endpoint();
    await threeEvents();
    const [first = ''] = idsOf(await take(id));
    await disableEndpoint(database.db, id, 'http://127.0.0.1:9/other', 'not this one');
    expect(await enabledEndpoints(database.db)).toContain(id);
    await disableEndpoint(database.db, id, 'http://127.0.0.1:9/', 'gone');
    expect(await enabledEndpoints(database.db)).not.toContain(id);
    expect(await take(id, { settled: [delivered(first)] })).toEqual({ type: 'disabled' });
    expect((await deliveries(id))[0]?.status).toBe('delivered');
    expect(await outlookOf(database.db, id)).toMatchObject({ status: 'disabled', disabledReason: 'gone' });
  });

  it('that is deleted takes its deliveries along; the events stay', async () => {
    const id = await endpoint();
    const payment = await threeEvents();
    await take(id);
    await database.asApplication('DELETE FROM webhook_endpoint WHERE id = $1', [id]);
    expect(await deliveries(id)).toEqual([]);
    expect(await database.sql('SELECT 1 FROM outbox WHERE payment_id = $1', [payment.id])).toHaveLength(3);
    expect(await outlookOf(database.db, id)).toEqual({ status: 'gone', pending: 0, dead: 0 });
  });

  it.each([
    ['a cursor that goes back', 'cursor_transaction_id = cursor_transaction_id - 1', /may not go back/],
    ['another merchant', `merchant_id = 'mer_other'`, /does not change/],
    ['a status of no table', `status = 'paused'`, /webhook_endpoint_status/],
    ['a reason while enabled', `disabled_reason = 'why'`, /webhook_endpoint_status/],
  ])('refuses %s', async (_what, set, message) => {
    const id = await endpoint();
    await expect(
      database.asApplication(`UPDATE webhook_endpoint SET ${set} WHERE id = $1`, [id]),
    ).rejects.toThrow(message);
  });
});

describe('a delivery', () => {
  it('moves as the domain’s table says', async () => {
    const edges = await database.sql<{ from_status: string; to_status: string }>(
      'SELECT * FROM interlock_delivery_edges()',
    );
    const ofDomain = DELIVERY_STATUSES.flatMap((from) =>
      DELIVERY_EDGES[from].map((to) => ({ from_status: from, to_status: to })),
    );
    expect(edges.sort(byName)).toEqual(ofDomain.sort(byName));
  });

  it.each([
    [`status = 'dead', next_attempt_at = NULL`, undefined],
    [`status = 'delivered', next_attempt_at = NULL`, /webhook_delivery_whole/],
    [`status = 'lost'`, /may not become/],
    ['event_sequence = 9', /does not change/],
  ])('is refused %s', async (set, message) => {
    const id = await endpoint(['payment.*']);
    await paid(database);
    await take(id, { chains: 0 });
    const change = database.asApplication(`UPDATE webhook_delivery SET ${set} WHERE endpoint_id = $1`, [id]);
    if (message === undefined) await change;
    else await expect(change).rejects.toThrow(message);
  });

  it('is not deleted but with its endpoint', async () => {
    await expect(database.asApplication('DELETE FROM webhook_delivery')).rejects.toThrow(/permission denied/);
  });
});

const byName = (a: { from_status: string; to_status: string }, b: typeof a) =>
  `${a.from_status}${a.to_status}` < `${b.from_status}${b.to_status}` ? -1 : 1;
