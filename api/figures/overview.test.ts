import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Db, openDb, poolOf } from '../../db/client.ts';
import { createFigureReader } from '../../db/read/index.ts';
import { createTestDatabase, type TestDatabase } from '../../test/support/harness.ts';
import type { Call, Services } from '../route.ts';
import { overview } from './overview.ts';

let database: TestDatabase;
let db: Db;
beforeAll(async () => {
  database = await createTestDatabase();
  db = openDb(database.url, { maxConnections: 20 });
});
afterAll(async () => {
  await db?.$disconnect();
  await database?.drop();
});

/** How often a connection was taken from the pool while `work` went on. */
async function taken(work: () => Promise<unknown>): Promise<number> {
  const pool = poolOf(db);
  let count = 0;
  const note = () => {
    count += 1;
  };
  pool.on('acquire', note);
  try {
    await work();
  } finally {
    pool.off('acquire', note);
  }
  return count;
}

it('asks all its figures by one connection, so that ten people who look take ten', async () => {
  const figures = createFigureReader(db);
  // As it comes to the route, which reads nothing else of a call or of the services.
  const call = { query: { mode: 'test', hours: '24' }, receivedAtMs: Date.now() } as unknown as Call;
  const operator = { operatorId: 'opr_a', name: 'A', role: 'read_only' } as const;
  const ask = async () => {
    const reply = await overview.run({ ...call, operator }, { figures } as unknown as Services);
    expect(reply.status).toBe(200);
  };
  expect(await taken(ask)).toBe(1);
  expect(await taken(() => Promise.all(Array.from({ length: 10 }, ask)))).toBe(10);
  // So that the measure means something: each question by itself takes one of its own.
  const alone = () => Promise.all([figures.standing(), figures.unknowns({ mode: 'test' })]);
  expect(await taken(alone)).toBe(2);
});
