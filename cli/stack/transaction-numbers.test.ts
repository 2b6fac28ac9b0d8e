import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/support/harness.ts';
import { catchUpTransactionNumbers, transactionNumbers } from './transaction-numbers.ts';

let database: TestDatabase;
let owner: pg.Client;
beforeAll(async () => {
  database = await createTestDatabase();
  owner = new pg.Client({ connectionString: database.ownerUrl });
  await owner.connect();
});
afterAll(async () => {
  await owner.end();
  await database.drop();
});

const FURTHER = 20_000n;

/** An event that an older server wrote, which had counted further than this one. */
async function restoreEvent(id: string): Promise<void> {
  const { next } = await transactionNumbers(owner);
  await owner.query('SET session_replication_role = replica');
  await owner.query(
    `INSERT INTO outbox (id, merchant_id, mode, payment_id, owner_id, sequence, event_sequence, type, payload, transaction_id)
     VALUES ($1, 'mer_1', 'test', 'pay_1', 'pay_1', 1, 1, 'payment.created', '{}', $2)`,
    [id, String(next + FURTHER)],
  );
  await owner.query('RESET session_replication_role');
}

const isReadable = async (id: string) =>
  (
    await owner.query(
      'SELECT FROM outbox WHERE id = $1 AND transaction_id < pg_snapshot_xmin(pg_current_snapshot())::text::bigint',
      [id],
    )
  ).rows.length === 1;

it('a server that goes on where its rows are skips nothing', async () => {
  await owner.query(`INSERT INTO merchant (id, name) VALUES ('mer_1', 'One')`);
  await owner.query(`UPDATE merchant SET country = 'FR'`);
  const { next, highest } = await transactionNumbers(owner);
  expect(highest).toBeGreaterThan(0n);
  expect(next).toBeGreaterThan(highest);
  expect(await catchUpTransactionNumbers(database.ownerUrl)).toBe(0n);
});

it('after a restore the server counts on from what the rows say, and events are read again', async () => {
  await restoreEvent('evt_restored');
  expect(await isReadable('evt_restored')).toBe(false);
  const skipped = await catchUpTransactionNumbers(database.ownerUrl);
  expect(skipped).toBeGreaterThan(FURTHER / 2n);
  expect(await isReadable('evt_restored')).toBe(true);
  const { next, highest } = await transactionNumbers(owner);
  expect(next).toBeGreaterThan(highest);
  expect(await catchUpTransactionNumbers(database.ownerUrl)).toBe(0n);
});

it('every column whose default is such a number is named as one', async () => {
  const { rows } = await owner.query<{ name: string; is_named: boolean }>(
    `SELECT table_name || '.' || column_name AS name, column_name ~ '(_in|transaction_id)$' AS is_named
     FROM information_schema.columns WHERE table_schema = 'public' AND data_type = 'bigint'
       AND (column_default LIKE '%pg_current_xact_id%' OR column_default LIKE '%pg_snapshot_xmin%')`,
  );
  expect(rows.length).toBeGreaterThan(5);
  expect(rows.filter((row) => !row.is_named)).toEqual([]);
});

it('a distance that no server should go by itself is told, with what to do', async () => {
  await owner.query('UPDATE routing_change SET changed_in = changed_in + 9000000000');
  await expect(catchUpTransactionNumbers(database.ownerUrl)).rejects.toThrow(/pg_resetwal .*--epoch 2/);
});
