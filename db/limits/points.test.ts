import pg from 'pg';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { createTestDatabase, type TestDatabase, waitFor } from '../../test/support/harness.ts';
import { type Db, openDb } from '../client.ts';
import { createPointStore } from './points.ts';

/** Points as several processes take them from one Postgres, by the application's own role. */
let database: TestDatabase;
let owner: pg.Client;
const open: Db[] = [];
const PATIENT_MS = 30_000;
const processOf = ({ url = database.url, slowMs = PATIENT_MS, said = [] as unknown[] } = {}) => {
  const db = openDb(url);
  open.push(db);
  return createPointStore(db, (error) => said.push(error), slowMs);
};

beforeAll(async () => {
  database = await createTestDatabase();
  owner = new pg.Client({ connectionString: database.ownerUrl });
  await owner.connect();
});
afterAll(async () => {
  await Promise.all(open.map((db) => db.$disconnect()));
  await owner?.end();
  await database?.drop();
});

it('is one count for all processes', async () => {
  const [one, other] = [processOf(), processOf()];
  expect((await one.take('a', 10, 60)).consumed).toBe(10);
  const second = await other.take('a', 5, 60);
  expect(second.consumed).toBe(15);
  expect(second.endsInMs).toBeGreaterThan(50_000);
  expect((await other.take('b', 1, 60)).consumed).toBe(1);
});

it('begins anew once its window is over', async () => {
  const store = processOf();
  await store.take('over', 10, 60);
  await owner.query(`UPDATE rate_limit SET expire = $1 WHERE key = 'over'`, [Date.now() - 1]);
  expect((await store.take('over', 1, 60)).consumed).toBe(1);
});

it('counts in the process alone while Postgres is slow, and says so once', async () => {
  const said: unknown[] = [];
  const store = processOf({ slowMs: 50, said });
  await owner.query('BEGIN; LOCK TABLE rate_limit IN ACCESS EXCLUSIVE MODE');
  try {
    expect((await store.take('slow', 3, 60)).consumed).toBe(3);
    expect((await store.take('slow', 4, 60)).consumed).toBe(7);
    expect(said).toHaveLength(1);
  } finally {
    await owner.query('ROLLBACK');
  }
});

it('counts in the process alone while Postgres is away', async () => {
  const store = processOf({ url: 'postgres://nobody@127.0.0.1:1/none' });
  expect((await store.take('away', 2, 60)).consumed).toBe(2);
  expect((await store.take('away', 2, 60)).consumed).toBe(4);
});

it('forgets windows that ended long ago', async () => {
  const hourMs = 3_600_000;
  const rows = [
    ['long over', 2 * hourMs],
    ['just over', hourMs / 2],
  ] as const;
  for (const [key, agoMs] of rows)
    await owner.query('INSERT INTO rate_limit VALUES ($1, 1, $2)', [key, Date.now() - agoMs]);
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  try {
    processOf();
    vi.advanceTimersByTime(5 * 60_000);
  } finally {
    vi.useRealTimers();
  }
  const left = async () =>
    (await owner.query(`SELECT key FROM rate_limit WHERE key LIKE '% over'`)).rows.map(({ key }) => key);
  await waitFor(async () => (await left()).length === 1, { what: 'the older one to be deleted' });
  expect(await left()).toEqual(['just over']);
});

it('is written where nothing waits for the disk', async () => {
  const { rows } = await owner.query(`SELECT relpersistence FROM pg_class WHERE relname = 'rate_limit'`);
  expect(rows).toEqual([{ relpersistence: 'u' }]);
});
