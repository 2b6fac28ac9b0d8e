import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/support/harness.ts';
import { type Db, openDb, poolOf } from '../../client.ts';
import { createStories, type Stories } from './all.ts';

/** Many rows, so that Postgres chooses by what it would choose with many: no question may read a whole table. */
const PAYMENTS = 20_000;
/** Held for a person. */
const HELD = PAYMENTS / 1_000;
let database: TestDatabase;
let owner: pg.Pool;
let db: Db;
let stories: Stories;

beforeAll(async () => {
  database = await createTestDatabase();
  owner = new pg.Pool({ connectionString: database.ownerUrl, max: 2 });
  // Rows without their workflows: the guards of a payment's life are not what is tried here.
  await owner.query(`SET session_replication_role = replica;
    INSERT INTO merchant (id, name) SELECT 'mer_' || i, 'M' FROM generate_series(1, 20) i;
    INSERT INTO payment (id, merchant_id, mode, status, sequence, generation, amount_minor, currency, capture_method, reference,
      payment_method_id, customer_id, complete_by, audit_head, created_at)
    SELECT 'pay_' || left(translate(md5(i::text), '0189', 'wxyz'), 26), 'mer_' || (i % 20), 'test',
      CASE WHEN i % 1000 = 0 THEN 'requires_review' WHEN i % 5 = 0 THEN 'failed' ELSE 'succeeded' END, 1, 1, i, 'EUR', 'automatic',
      CASE WHEN i = 9 THEN '0779' ELSE 'order-' || i END, 'pm_' || i, 'cus_' || (i % 5000), now(), '', now() - i * interval '1 minute'
    FROM generate_series(1, ${PAYMENTS}) i;
    INSERT INTO payment_balance (payment_id, currency) SELECT id, currency FROM payment;
    INSERT INTO attempt (id, payment_id, number, account_id, provider, connector_version, status, provider_reference)
    SELECT 'att_' || substr(id, 5) || '_1', id, 1, 'pa', 'stripe', '1', 'captured', 'pi_' || amount_minor FROM payment;
    INSERT INTO payment_method (id, merchant_id, mode, type, brand, last4, bin, fingerprint, exp_month, exp_year, sealed_card, created_at)
    SELECT payment_method_id, merchant_id, 'test', 'card', 'visa', lpad((amount_minor % 10000)::text, 4, '0'), '424242', 'f', 1, 2030, '\\x00', created_at
    FROM payment;
    INSERT INTO customer (id, merchant_id, mode, name, email) SELECT 'cus_' || i, 'mer_1', 'test', 'Name ' || i, 'mail' || i || '@example.com'
    FROM generate_series(0, 4999) i;
    INSERT INTO operator_refusal (method, path, status, code, detail, request_id)
    SELECT 'POST', '/v1/operator/payments/' || id || '/void', 409, 'c', 'd', 'hreq_' || amount_minor FROM payment;
    SET session_replication_role = DEFAULT; ANALYZE`);
  db = openDb(database.url, { maxConnections: 2 });
  stories = createStories(db);
}, 120_000);
afterAll(async () => {
  await db?.$disconnect();
  await owner?.end();
  await database?.drop();
});

/** By how much a count that Postgres keeps of each table for itself grew while `work` went on; what did not is left out. */
async function grown(count: string, work: () => Promise<unknown>): Promise<ReadonlyMap<string, number>> {
  const counts = async () => {
    // What a session counted is shown to others a moment after; asked for, it is told at once.
    await poolOf(db).query('SELECT pg_stat_force_next_flush()');
    await poolOf(db).query('SELECT 1');
    const { rows } = await owner.query<{ relname: string; count: number }>(
      `SELECT relname, (${count})::int AS count FROM pg_stat_user_tables
       WHERE relname IN ('payment', 'attempt', 'payment_method', 'customer', 'operator_refusal')`,
    );
    return new Map(rows.map(({ relname, count }) => [relname, count] as const));
  };
  const before = await counts();
  await work();
  const growth = [...(await counts())].map(
    ([table, now]) => [table, now - (before.get(table) ?? 0)] as const,
  );
  return new Map(growth.filter(([, more]) => more !== 0));
}

/** Tables that were read from end to end while `work` went on. */
async function wholeReads(work: () => Promise<unknown>): Promise<string[]> {
  return [...(await grown('seq_scan', work)).keys()];
}

/** Rows of payments that were looked at, by an index or without one. */
async function paymentsRead(work: () => Promise<unknown>): Promise<number> {
  return (await grown('seq_tup_read + coalesce(idx_tup_fetch, 0)', work)).get('payment') ?? 0;
}

describe('with many payments', () => {
  it('the measure itself sees a table that is read whole', async () => {
    const reads = await wholeReads(() => poolOf(db).query('SELECT FROM payment WHERE amount_minor % 7 = 9'));
    expect(reads).toEqual(['payment']);
  });

  it.each([
    ['order-777', 'order_reference'],
    ['pi_778', 'provider_reference'],
    ['cus_77', 'customer'],
    ['mail77@example.com', 'customer_email'],
    ['Name 4', 'customer_name'],
    ['0779 7.79', 'card'],
    ['hreq_780', 'http_request'],
    ['order-19', 'order_reference'],
    ['pi_1999', 'provider_reference'],
  ])('the search for %s finds by %s and reads no table whole', async (asked, matched) => {
    const reads = await wholeReads(async () => {
      const hits = await stories.search.search(asked, 10);
      expect(hits[0]?.matched).toBe(matched);
      expect(hits.length).toBeLessThanOrEqual(10);
    });
    expect(reads).toEqual([]);
  });

  it('four digits find the order of that number before the cards that end so', async () => {
    const hits = await stories.search.search('0779', 2);
    expect(hits.map(({ matched, value }) => [matched, value])).toEqual([
      ['order_reference', '0779'],
      ['card', '0779'],
    ]);
  });

  it('a list by filters that an index knows reads no table whole', async () => {
    for (const filter of [
      {},
      { merchantId: 'mer_7', mode: 'test' as const },
      { status: ['requires_review' as const] },
      { reference: 'order-5' },
      { customerId: 'cus_5' },
      { needsAttention: true },
    ]) {
      const reads = await wholeReads(async () => {
        const { payments } = await stories.lister.list({ limit: 10, ...filter });
        expect(payments.length, JSON.stringify(filter)).toBeGreaterThan(0);
      });
      expect(reads, JSON.stringify(filter)).toEqual([]);
    }
  });

  it.each([
    ['of one status', { status: ['requires_review' as const] }],
    ['of all that are not over', { status: ['requires_review' as const, 'processing' as const] }],
    ['of all that wait for somebody', { needsAttention: true }],
  ])('a list %s reads as many payments as there are of these, and no others', async (_name, filter) => {
    const read = await paymentsRead(async () => {
      const { payments, hasMore } = await stories.lister.list({ limit: 10, ...filter });
      expect([payments.length, hasMore]).toEqual([10, true]);
    });
    expect(read).toBeLessThan(4 * HELD);
  });
});
