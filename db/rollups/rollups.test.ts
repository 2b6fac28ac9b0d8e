import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase, waitFor } from '../../test/support/harness.ts';
import { transaction } from '../sql.ts';
import { computeNext, noteChanges } from './index.ts';
import { type Cells, COUNTED_BY_HAND, naiveCells, storedCells } from './test-support/naive.ts';
import {
  FROM_MS,
  insert,
  makePayments,
  noteSteps,
  paymentId,
  randomFrom,
} from './test-support/random-payments.ts';

let database: TestDatabase;
let owner: pg.Client;
let pool: pg.Pool;

beforeAll(async () => {
  database = await createTestDatabase();
  owner = new pg.Client({ connectionString: database.ownerUrl });
  await owner.connect();
  // Rows are made as they are found, in any state: what guards their steps is tested elsewhere.
  await owner.query('SET session_replication_role = replica');
  pool = new pg.Pool({ connectionString: database.url, max: 4 });
});

afterAll(async () => {
  await pool.end();
  await owner.end();
  await database.drop();
});

async function keepUp(): Promise<number> {
  await noteChanges(pool);
  let hours = 0;
  for (;;) {
    const computed = await computeNext(pool);
    hours += computed.hours;
    if (!computed.more) return hours;
  }
}

async function expectExact(): Promise<void> {
  const { cells, declines } = await naiveCells(owner);
  expect(differences(await storedCells(owner, 'rollup_cell'), cells)).toEqual([]);
  expect(differences(await storedCells(owner, 'rollup_decline'), declines)).toEqual([]);
}

/** A few of the cells that are not the same, by name: all of them would be too many to read. */
function differences(stored: Cells, expected: Cells): readonly unknown[] {
  const told = (cell: ReadonlyMap<string, unknown> | undefined) =>
    JSON.stringify([...(cell ?? [])].sort(([a], [b]) => (a < b ? -1 : 1)));
  const names = new Set([...stored.keys(), ...expected.keys()]);
  return [...names]
    .filter((name) => told(stored.get(name)) !== told(expected.get(name)))
    .slice(0, 3)
    .map((name) => ({ name, stored: told(stored.get(name)), expected: told(expected.get(name)) }));
}

const written = async () =>
  (await owner.query('SELECT ctid::text, xmin::text FROM rollup_cell ORDER BY ctid')).rows;

describe('rollups', () => {
  it('are what one gets by looking at every payment by itself', async () => {
    await makePayments(owner, randomFrom(1), 1, 400);
    expect(await keepUp()).toBeGreaterThan(100);
    await expectExact();
    const { cells } = await naiveCells(owner);
    const counted = new Set([...cells.values()].flatMap((cell) => [...cell.keys()]));
    // Settlement comes below; all else must have happened somewhere, or nothing was compared.
    const unseen = COUNTED_BY_HAND.filter((measure) => !counted.has(measure));
    expect(unseen).toEqual(['fee_settled', 'fee_paid_minor']);
  });

  it('compute nothing where nothing has changed, and write nothing where the same comes out', async () => {
    // While a transaction of any database of the server is under way, what was noted since it began is noted again.
    await waitFor(async () => (await keepUp()) === 0, { what: 'that nobody else stands in a transaction' });
    const before = await written();
    await noteSteps(owner, [paymentId(7), paymentId(8)], 2);
    expect(await keepUp()).toBe(2);
    expect(await written()).toEqual(before);
  });

  it('follow what comes late: another state, another attempt, a refund, a payment that leaves its cell', async () => {
    const { rows } = await owner.query<{ id: string }>('SELECT id FROM payment ORDER BY id LIMIT 60');
    const ids = rows.map(({ id }) => id);
    await owner.query(`UPDATE payment SET status = 'failed', amount_captured_minor = 0 WHERE id = ANY($1)`, [
      ids.slice(0, 20),
    ]);
    await owner.query(
      `UPDATE payment_balance SET external_refunded_minor = external_refunded_minor + 3 WHERE payment_id = ANY($1)`,
      [ids.slice(10, 30)],
    );
    await owner.query(
      `UPDATE attempt SET account_id = 'acc_new', provider = 'stripe' WHERE payment_id = ANY($1)`,
      [ids.slice(30, 60)],
    );
    await noteSteps(owner, ids, 3);
    expect(await keepUp()).toBeGreaterThan(0);
    await expectExact();
  });

  it('take fees and lag from settlement files once these are booked', async () => {
    const { rows } = await owner.query<{
      id: string;
      payment_id: string;
      account_id: string;
      currency: string;
    }>(
      `SELECT a.id, a.payment_id, a.account_id, p.currency FROM attempt a JOIN payment p ON p.id = a.payment_id
       WHERE a.captured_minor > 0 ORDER BY a.id LIMIT 80`,
    );
    const at = (hours: number) => new Date(FROM_MS + hours * 3_600_000).toISOString();
    const file = {
      account_id: 'acc_s',
      business_date: '2026-10-05',
      format: 'x',
      source: 'uploaded',
      size_bytes: 1,
      warnings: [],
      duplicates: [],
      received_at: at(300),
    };
    await insert(
      owner,
      'settlement_file',
      ['booked', 'staged'].map((id) => ({
        ...file,
        id,
        name: id,
        sha256: id,
        content_id: id,
        status: 'staged',
      })),
    );
    for (const [index, { id, payment_id, account_id, currency }] of rows.entries()) {
      const kind = index % 5 === 0 ? 'refund' : 'capture';
      await owner.query(
        `INSERT INTO booking (id, account_id, merchant_id, payment_id, owner_id, attempt_id, kind, status, currency, amount_minor, booked_at)
         VALUES ($1, $2, 'mer_one', $3, $3, $1, $4, 'expected', $5, 100, $6)`,
        [id, account_id, payment_id, kind, currency, at(index * 4)],
      );
      await owner.query(
        `INSERT INTO settlement_row (file_id, line, account_id, type, provider_type, currency, gross_minor, settlement_currency, fee_minor,
           net_minor, occurred_at, booking_id, booking_number)
         SELECT $1, $2, $3, $4, 'x', $5, 100, $6, $7, 90, $8, id, number FROM booking WHERE id = $9`,
        [
          index % 7 === 0 ? 'staged' : 'booked',
          index,
          account_id,
          kind,
          currency,
          index % 9 === 0 ? 'CHF' : currency,
          3 + index,
          at(0),
          id,
        ],
      );
    }
    // A second capture that the same file settles sooner, and a line that was delivered twice and paid once.
    await owner.query(
      `INSERT INTO booking (id, account_id, merchant_id, payment_id, owner_id, attempt_id, kind, status, currency, amount_minor, booked_at)
       SELECT id || '/2', account_id, merchant_id, payment_id, owner_id, attempt_id, kind, status, currency, amount_minor,
         booked_at + interval '50 hours' FROM booking WHERE kind = 'capture' AND number % 3 = 0`,
    );
    const again = (line: number, action: string, booking: string) =>
      owner.query(
        `INSERT INTO settlement_row (file_id, line, account_id, type, provider_type, currency, gross_minor, settlement_currency, fee_minor,
           net_minor, occurred_at, booking_id, booking_number, action)
         SELECT r.file_id, r.line + $1, r.account_id, r.type, r.provider_type, r.currency, r.gross_minor, r.settlement_currency,
           r.fee_minor, r.net_minor, r.occurred_at, k.id, k.number, nullif($2, '')
         FROM settlement_row r JOIN booking k ON k.id = ${booking} WHERE r.line < 1000 AND r.line % 2 = 0`,
        [line, action],
      );
    await again(1_000, '', `r.booking_id || '/2'`);
    await again(2_000, 'ignore_duplicate', 'r.booking_id');
    expect(await keepUp()).toBe(0);
    await transaction(pool, async (client) => {
      await client.query(
        `UPDATE settlement_file SET status = 'posted', posted_at = now() WHERE id = 'booked'`,
      );
      await client.query(
        `INSERT INTO ledger_transaction (id, owner_id, sequence, kind, merchant_id, mode) VALUES ('lt', 'booked', 1, 'settlement', 'mer_one', 'test')`,
      );
    });
    expect(await keepUp()).toBeGreaterThan(0);
    await expectExact();
    const { cells } = await naiveCells(owner);
    expect([...cells.values()].some((cell) => cell.has('fee_paid_minor') && cell.has('settlement_lag'))).toBe(
      true,
    );
  });

  it('are computed anew, all of them, by the first worker of a release whose cells say something else', async () => {
    await waitFor(async () => (await keepUp()) === 0, { what: 'that nobody else stands in a transaction' });
    const { rows } = await owner.query(
      `SELECT DISTINCT merchant_id, mode, date_trunc('hour', created_at, 'UTC') FROM payment`,
    );
    await owner.query('UPDATE rollup_cell SET fee_captured_minor = NULL');
    await noteSteps(owner, [paymentId(7)], 4);
    expect(await keepUp()).toBe(1);
    // Its day says now what its hours say, of which one alone was computed anew.
    const { rows: sums } = await owner.query(
      `SELECT DISTINCT sum(coalesce(c.fee_captured_minor, CASE WHEN c.fee_payments > 0 THEN c.captured_minor END)) AS minor
       FROM payment p JOIN rollup_cell c ON c.merchant_id = p.merchant_id AND c.mode = p.mode
         AND date_trunc('day', c.bucket, 'UTC') = date_trunc('day', p.created_at, 'UTC')
       WHERE p.id = $1 AND c.level = 'full' AND c.grain IN ('hour', 'day') GROUP BY c.grain`,
      [paymentId(7)],
    );
    expect(sums).toHaveLength(1);
    await owner.query('UPDATE rollup_standing SET form = 1');
    expect(await keepUp()).toBe(rows.length);
    await expectExact();
    await waitFor(async () => (await keepUp()) === 0, { what: 'that it is done once' });
  });

  it('are left alone by workers of an older release than the one that keeps them', async () => {
    const standing = async () => (await owner.query('SELECT form, cursor FROM rollup_standing')).rows[0];
    const { form, cursor } = await standing();
    await noteSteps(owner, [paymentId(7)], 5);
    await noteChanges(pool);
    await owner.query('UPDATE rollup_standing SET form = form + 1, cursor = 7');
    expect(await keepUp()).toBe(0);
    expect(await standing()).toEqual({ form: form + 1, cursor: '7' });
    // Those that know of no forms end their passes by a column of another name.
    await expect(owner.query('UPDATE rollup_standing SET looked_at = now()')).rejects.toThrow('looked_at');
    await owner.query('UPDATE rollup_standing SET form = $1, cursor = $2', [form, cursor]);
    expect(await keepUp()).toBe(1);
    await expectExact();
  });

  it('miss nothing of a transaction that commits after a later one was looked at', async () => {
    const slow = new pg.Client({ connectionString: database.ownerUrl });
    await slow.connect();
    await slow.query('SET session_replication_role = replica');
    await slow.query('BEGIN');
    await makePayments(slow, randomFrom(2), 1_001, 20);
    await makePayments(owner, randomFrom(3), 2_001, 20);
    await keepUp();
    await slow.query('COMMIT');
    await slow.end();
    await keepUp();
    await expectExact();
  });

  it('stay exact with workers at once, and with payments made and changed meanwhile', async () => {
    const random = randomFrom(4);
    for (let round = 0; round < 4; round += 1) {
      await Promise.all([keepUp(), keepUp(), makePayments(owner, random, 3_001 + round * 50, 50), keepUp()]);
    }
    await keepUp();
    await expectExact();
  });

  it('go on after a death in their midst: what was not committed is computed again', async () => {
    await makePayments(owner, randomFrom(5), 4_001, 50);
    await noteChanges(pool);
    const dying = new pg.Pool({ connectionString: database.url, max: 1 });
    dying.on('error', () => undefined);
    dying.on('connect', (client) => {
      client.on('error', () => undefined);
      client.query(`SET statement_timeout = '1ms'`).catch(() => undefined);
    });
    await expect(computeNext(dying)).rejects.toThrow();
    await dying.end();
    const {
      rows: [left],
    } = await owner.query('SELECT count(*)::int AS n FROM rollup_dirty');
    expect(left.n).toBeGreaterThan(0);
    await keepUp();
    await expectExact();
  });

  it('are all computed again where the database counts its transactions anew', async () => {
    await owner.query(`UPDATE rollup_standing SET cursor = 9000000000000000`);
    await owner.query('DELETE FROM rollup_cell');
    await keepUp();
    await expectExact();
  });

  it('hold up no reader of events while they are computed', async () => {
    const holder = new pg.Client({ connectionString: database.ownerUrl });
    await holder.connect();
    // A computation that stops in its midst, at the first card that it looks at, for as long as the holder has the lock.
    await owner.query(`ALTER TABLE payment_method RENAME TO payment_method_rows;
      CREATE FUNCTION go_on() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
        PERFORM pg_advisory_lock_shared(42); RETURN pg_advisory_unlock_shared(42); END $$;
      CREATE VIEW payment_method AS SELECT * FROM payment_method_rows WHERE go_on();
      GRANT SELECT ON payment_method TO PUBLIC`);
    await holder.query('SELECT pg_advisory_lock(42)');
    await noteSteps(owner, [paymentId(7), paymentId(8)], 9);
    const computing = keepUp();
    const waiting = `SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 42 AND NOT granted`;
    await waitFor(async () => ((await holder.query(waiting)).rowCount ?? 0) > 0, { what: 'it to compute' });
    const { rows: written } = await owner.query('SELECT pg_current_xact_id()::text AS number');
    // Deliveries, streams and the list of events read below it, and so have what was just written: at once, but for the
    // transactions of other databases of this server, which end.
    const isRead = `SELECT pg_snapshot_xmin(pg_current_snapshot()) > $1::text::xid8 AS past`;
    await waitFor(async () => (await holder.query(isRead, [written[0].number])).rows[0].past, {
      what: 'readers to have what was written beside the computation',
    });
    await holder.query('SELECT pg_advisory_unlock(42)');
    await holder.end();
    expect(await computing).toBe(2);
    await owner.query('DROP VIEW payment_method; ALTER TABLE payment_method_rows RENAME TO payment_method');
    await expectExact();
  });

  it('say until when they are complete', async () => {
    const {
      rows: [before],
    } = await owner.query('SELECT now() AS at');
    await keepUp();
    const {
      rows: [standing],
    } = await owner.query('SELECT complete_until FROM rollup_standing');
    expect(standing.complete_until.getTime()).toBeGreaterThanOrEqual(before.at.getTime() - 1);
  });
});
