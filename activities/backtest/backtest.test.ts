import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Db, openDb } from '../../db/client.ts';
import { cancelBacktest, findBacktest } from '../../db/routing/backtests.ts';
import { ensurePlatform } from '../../db/routing/index.ts';
import { type Past, seedPast } from '../../db/routing/test-support/past.ts';
import { createBacktestRegister } from '../../db/settings/index.ts';
import { parsePolicy } from '../../domain/routing/policy/index.ts';
import { createTestDatabase, type TestDatabase } from '../../test/support/harness.ts';
import { createAdvanceBacktest } from './advance.ts';

const policyOf = (order: string) =>
  `format: interlock/routing@1\nname: Past\nrules: []\notherwise: { choose: { order: [${order}] } }\n`;

const PAST: Past = {
  merchantId: 'mer_past',
  accounts: [
    { id: 'pa_a', provider: 'stripe', approvesPpm: 800_000, estimatedPpm: 800_000, samples: 2_000 },
    { id: 'pa_b', provider: 'adyen', approvesPpm: 900_000, estimatedPpm: 900_000, samples: 2_000 },
  ],
  policy: policyOf('pa_a, pa_b'),
  payments: 3_000,
  firstMs: Date.UTC(2026, 8, 1),
  everyMs: 60_000,
};
const OWNER = { merchantId: PAST.merchantId, mode: 'test' } as const;

let database: TestDatabase;
let db: Db;
let sql: pg.Client;
beforeAll(async () => {
  database = await createTestDatabase();
  db = openDb(database.url);
  sql = new pg.Client({ connectionString: database.ownerUrl });
  await sql.connect();
  await seedPast(sql, PAST);
});
afterAll(async () => {
  await sql?.end();
  await db?.$disconnect();
  await database?.drop();
});

let requests = 0;
async function begin(text: string, window: { fromMs?: number; toMs?: number } = {}): Promise<string> {
  const parsed = parsePolicy(text);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const platform = await ensurePlatform(db, 'test');
  requests += 1;
  const id = `rbt_test_${requests}`;
  const request = {
    requestId: `req_backtest_${requests}`,
    path: '/v1/routing/backtests',
    idempotencyKey: `key-${requests}`,
    bodyDigest: 'digest',
  };
  await createBacktestRegister(db).start(
    { owner: OWNER, requester: OWNER, request, actor: 'key:test', atMs: Date.now() },
    {
      id,
      source: text,
      document: parsed.document,
      platformVersion: platform.version,
      fromMs: window.fromMs ?? PAST.firstMs,
      toMs: window.toMs ?? Date.UTC(2026, 10, 21),
      refuse() {
        throw new Error('two back-tests are running');
      },
    },
  );
  return id;
}

/** As its workflow does: again and again, until it says that it is done. */
async function run(id: string, pages = 100) {
  const heartbeats: number[] = [];
  const advance = createAdvanceBacktest({ db }, ({ read }) => void heartbeats.push(read));
  for (;;) {
    const progress = await advance({ backtestId: id, pages });
    if (progress.type !== 'more') return { progress, heartbeats };
  }
}

const result = async (id: string) => {
  const found = await findBacktest(db, id);
  return found?.result ?? expect.fail(`${id} has no result: ${JSON.stringify(found)}`);
};

describe('a back-test', () => {
  it('of the policy that decided finds nothing elsewhere, and what happened stands', async () => {
    const id = await begin(PAST.policy);
    const { progress, heartbeats } = await run(id);
    expect(progress).toEqual({ type: 'completed', read: 3_000, total: 3_000 });
    expect(heartbeats).toEqual([500, 1_000, 1_500, 2_000, 2_500, 3_000]);
    const found = await result(id);
    expect(found).toMatchObject({ compared: 3_000, elsewhere: 0, pairs: [], requirementsDiffer: 0 });
    const [{ approved } = expect.fail('rows')] = (
      await sql.query<{ approved: string }>(
        `SELECT count(*) AS approved FROM payment WHERE merchant_id = 'mer_past' AND status = 'succeeded'`,
      )
    ).rows;
    expect(found.success.actualPpm).toBe(Math.round((Number(approved) / 3_000) * 1e6));
    expect(found.success.changePpm).toEqual({ expected: 0, low: 0, high: 0 });
    for (const cost of found.costs) expect(cost.changeMinor).toEqual({ expected: 0, low: 0, high: 0 });
  });

  it('of more payments than are counted says that there are at least so many, until all are read', async () => {
    const id = await begin(PAST.policy);
    await sql.query('UPDATE routing_backtest SET total = 100000 WHERE id = $1', [id]);
    expect(await findBacktest(db, id)).toMatchObject({ total: 100_000, isTotalAtLeast: true });
    const advance = createAdvanceBacktest({ db }, () => undefined);
    const bound = { total: 100_000, isTotalAtLeast: true };
    expect(await advance({ backtestId: id, pages: 1 })).toEqual({ type: 'more', read: 500, ...bound });
    expect((await run(id)).progress).toEqual({ type: 'completed', read: 3_000, total: 3_000 });
    expect(await findBacktest(db, id)).toMatchObject({ read: 3_000, total: 3_000, isTotalAtLeast: false });
  });

  it('of a draft that sends all elsewhere says to whom, and expects what was estimated, with bounds', async () => {
    const id = await begin(policyOf('pa_b, pa_a'));
    await run(id);
    const { elsewhere, pairs, success, costs } = await result(id);
    expect(elsewhere).toBe(3_000);
    expect(pairs).toMatchObject([{ from: 'stripe', to: 'adyen', payments: 3_000, expectedApproved: 2_700 }]);
    expect(success.draftPpm).toBe(900_000);
    const { expected, low, high } = success.changePpm;
    expect(expected).toBe(success.draftPpm - success.actualPpm);
    expect(low).toBeLessThan(100_000);
    expect(high).toBeGreaterThan(100_000);
    expect(low).toBeGreaterThan(0);
    expect(costs.map(({ currency }) => currency)).toEqual(['EUR', 'GBP', 'USD']);
    for (const cost of costs) {
      expect(cost.changeMinor.expected).toBe(cost.draftMinor - cost.actualMinor);
      expect(cost.changeMinor.low).toBeLessThan(cost.changeMinor.expected);
      expect(cost.changeMinor.high).toBeGreaterThan(cost.changeMinor.expected);
    }
  });

  it('reads only the window', async () => {
    const toMs = PAST.firstMs + 600 * PAST.everyMs;
    const id = await begin(PAST.policy, { toMs });
    expect((await run(id)).progress).toMatchObject({ read: 599 });
  });

  it('goes on where a killed worker was, counting nothing twice', async () => {
    const whole = await begin(policyOf('pa_b, pa_a'));
    await run(whole);
    const id = await begin(policyOf('pa_b, pa_a'));
    const killed = createAdvanceBacktest({ db }, ({ read }) => {
      if (read >= 1_000) throw new Error('killed');
    });
    await expect(killed({ backtestId: id, pages: 100 })).rejects.toThrow('killed');
    expect(await findBacktest(db, id)).toMatchObject({ status: 'running', read: 1_000 });
    const { heartbeats } = await run(id);
    expect(heartbeats[0]).toBe(1_500);
    expect(await result(id)).toEqual(await result(whole));
  });

  it('of two workers at once only one counts each page', async () => {
    const id = await begin(policyOf('pa_b, pa_a'));
    const advance = () => createAdvanceBacktest({ db }, () => undefined)({ backtestId: id, pages: 100 });
    const both = await Promise.all([advance(), advance()]);
    // Whoever lost a page stops: the other goes on, or its workflow asks again.
    expect(both.map(({ type }) => type)).toContain('ended');
    await run(id);
    expect(await result(id)).toMatchObject({ compared: 3_000, elsewhere: 3_000 });
  });

  it('ends when it is canceled, at its next page', async () => {
    const id = await begin(PAST.policy);
    const advance = createAdvanceBacktest({ db }, () => undefined);
    expect(await advance({ backtestId: id, pages: 1 })).toMatchObject({ type: 'more', read: 500 });
    expect(await cancelBacktest(db, id)).toBe(true);
    expect(await advance({ backtestId: id, pages: 1 })).toEqual({ type: 'ended' });
    expect(await findBacktest(db, id)).toMatchObject({ status: 'canceled', read: 500 });
    expect(await cancelBacktest(db, id)).toBe(false);
  });

  it('leaves out what says nothing, and says why', async () => {
    const { rows } = await sql.query<{ id: string }>(
      `SELECT id FROM payment WHERE merchant_id = 'mer_past' ORDER BY created_at LIMIT 3`,
    );
    const [old = '', open = '', unsent = ''] = rows.map(({ id }) => id);
    await sql.query('SET session_replication_role = replica');
    await sql.query(`UPDATE route_explanation SET document = document - 'format' WHERE payment_id = $1`, [
      old,
    ]);
    await sql.query(`UPDATE attempt SET status = 'unknown', decline = NULL WHERE payment_id = $1`, [open]);
    await sql.query('DELETE FROM attempt WHERE payment_id = $1', [unsent]);
    await sql.query('RESET session_replication_role');
    const id = await begin(PAST.policy);
    await run(id);
    expect(await result(id)).toMatchObject({
      compared: 2_997,
      skipped: { old_form: 1, never_sent: 1, undecided: 1, unknown_account: 0 },
    });
  });
});
