import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/support/harness.ts';
import { type Db, openDb } from '../../client.ts';
import { computeNext, noteChanges } from '../../rollups/index.ts';
import { FROM_MS, makePayments, randomFrom } from '../../rollups/test-support/random-payments.ts';
import { createFigureReader, type FigureQuestion, type FigureRow } from './index.ts';

let database: TestDatabase;
let db: Db;

beforeAll(async () => {
  database = await createTestDatabase();
  db = openDb(database.url);
  const owner = new pg.Client({ connectionString: database.ownerUrl });
  await owner.connect();
  await owner.query('SET session_replication_role = replica');
  await makePayments(owner, randomFrom(5), 1, 500);
  await owner.end();
  const pool = new pg.Pool({ connectionString: database.url, max: 1 });
  await noteChanges(pool);
  for (let more = true; more; ) ({ more } = await computeNext(pool));
  await pool.end();
});

afterAll(async () => {
  await db?.$disconnect();
  await database?.drop();
});

const QUESTION: FigureQuestion = {
  report: 'approval',
  mode: 'test',
  fromMs: FROM_MS,
  untilMs: FROM_MS + 9 * 86_400_000,
  by: ['provider', 'issuer_country', 'brand'],
  where: {},
  limit: 10_000,
};

const read = (change: Partial<FigureQuestion>) => createFigureReader(db).read({ ...QUESTION, ...change });
const nameOf = ({ group }: FigureRow) => JSON.stringify(group);

function attemptsByGroup(rows: readonly FigureRow[]): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const row of rows)
    sums.set(nameOf(row), (sums.get(nameOf(row)) ?? 0) + Number(row.counts.attempts ?? 0));
  return sums;
}

it('has fees be a share of all that was captured in cells that are from before it was told apart', async () => {
  const fees = async () => {
    const { rows } = await read({ report: 'fees', by: ['provider'] });
    return rows.map(({ sums }) => sums);
  };
  const exact = await fees();
  await db.$executeRaw`UPDATE rollup_cell SET fee_captured_minor = NULL`;
  const old = await fees();
  for (const [index, sums] of old.entries()) {
    const least = exact[index]?.fee_captured_minor ?? 0n;
    expect(sums.fee_captured_minor).toBeGreaterThanOrEqual(least);
    expect(sums.fee_captured_minor).toBeLessThanOrEqual(sums.captured_minor ?? 0n);
  }
  expect(exact.some(({ fee_captured_minor = 0n }) => fee_captured_minor > 0n)).toBe(true);
});

describe('more rows over time than are asked for', () => {
  it('are those of the largest groups, each with all of its times', async () => {
    const whole = await read({});
    const limit = 60;
    const { rows, hasMore } = await read({ bucket: 'day', limit });
    expect(hasMore).toBe(true);
    expect(rows.length).toBeLessThanOrEqual(limit);
    const shown = attemptsByGroup(rows);
    expect(shown.size).toBeGreaterThan(3);
    expect(shown.size).toBeLessThan(whole.rows.length);
    const all = attemptsByGroup(whole.rows);
    for (const [name, attempts] of shown) expect(attempts).toBe(all.get(name));
    const least = Math.min(...shown.values());
    for (const [name, attempts] of all) if (!shown.has(name)) expect(attempts).toBeLessThanOrEqual(least);
    const times = rows.map(({ at }) => at?.getTime() ?? 0);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  it('are all there as soon as they find room', async () => {
    const { rows, hasMore } = await read({ bucket: 'hour' });
    expect(hasMore).toBe(false);
    expect(attemptsByGroup(rows)).toEqual(attemptsByGroup((await read({})).rows));
  });

  it('of declines are told by reason in the same way', async () => {
    const by = ['provider', 'reason'] as const;
    const { rows, hasMore } = await read({ report: 'declines', by, bucket: 'day', limit: 30 });
    expect(hasMore).toBe(true);
    const days = new Set(rows.map(({ at }) => at?.getTime()));
    expect(days.size).toBeGreaterThan(3);
  });
});
