import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PolicyComparison } from '../../domain/routing/book.ts';
import {
  addCounts,
  LATENCY_BUCKETS,
  NO_COUNTS,
  type WindowRow,
} from '../../domain/routing/learning/index.ts';
import { PLATFORM_DEFAULT } from '../../domain/routing/policy/index.ts';
import { type Database, openTestDatabase } from '../../test/attack/support/rows.ts';
import {
  countComparisons,
  findPolicy,
  flushWindows,
  forgetWindows,
  loadMerchantRouting,
  PLATFORM,
  readCatalogue,
  readWindows,
  routingChanges,
  storeCatalogue,
} from './index.ts';

/** What workers read and write of routing, on a real Postgres. */
let database: Database;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database?.close());

let merchants = 0;
async function merchant(): Promise<string> {
  merchants += 1;
  const id = `mer_store_${merchants}`;
  await database.sql(
    `INSERT INTO merchant (id, name, category, country) VALUES ($1, 'Store', '5732', 'DE')`,
    [id],
  );
  return id;
}

async function policy(id: string, version: number, status: string, document?: string): Promise<void> {
  const text = document ?? JSON.stringify({ ...PLATFORM_DEFAULT, name: `Version ${version}`, inherit: true });
  await database.sql(
    `WITH made AS (
       INSERT INTO routing_policy (merchant_id, mode, version, name, status, canary_percent, source, document, author, activated_at)
       VALUES ($1, 'test', $2, $3, $4, $5, $6::text, $6::jsonb, 'key:key_test', clock_timestamp()))
     INSERT INTO routing_policy_event (merchant_id, mode, version, kind, to_status, actor, reason)
     VALUES ($1, 'test', $2, 'saved', $4, 'key:key_test', 'a test')`,
    [id, version, `Version ${version}`, status, status === 'canary' ? 7 : null, text],
  );
}

const account = (id: string, merchantId: string) =>
  database.sql(
    `INSERT INTO provider_account (id, merchant_id, mode, provider, base_url, catalogue)
     VALUES ($1, $2, 'test', 'stripe', 'http://127.0.0.1:1', '{"dailyLimitsMinor":{"EUR":500}}')`,
    [id, merchantId],
  );

describe('what a merchant’s decisions rest on', () => {
  it('is read whole, with the platform’s document, which is written down at the first need of it', async () => {
    const id = await merchant();
    await account('pa_store_1', id);
    const [load, again] = await Promise.all([1, 2].map(() => loadMerchantRouting(database.db, id, 'test')));
    expect(load?.active).toBeUndefined();
    expect(load?.platform).toMatchObject({ version: 1, document: PLATFORM_DEFAULT });
    expect(again).toEqual(load);
    const rows = await database.sql(
      `SELECT version FROM routing_policy WHERE merchant_id = '*' AND mode = 'test'`,
    );
    expect(rows).toEqual([{ version: 1 }]);
    expect((await findPolicy(database.db, PLATFORM, 'test', 1))?.document).toEqual(PLATFORM_DEFAULT);
    for (const [version, status] of ['active', 'canary', 'shadow', 'archived'].entries())
      await policy(id, version + 1, status);
    expect(await loadMerchantRouting(database.db, id, 'test')).toMatchObject({
      active: { version: 1, name: 'Version 1' },
      canary: { version: 2, percent: 7 },
      shadow: { version: 3 },
      category: '5732',
      country: 'DE',
      accounts: [{ id: 'pa_store_1', provider: 'stripe', overrides: { dailyLimitsMinor: { EUR: 500 } } }],
    });
    // What is archived decides nothing and stays readable.
    expect((await findPolicy(database.db, id, 'test', 4))?.name).toBe('Version 4');
    expect(await loadMerchantRouting(database.db, 'mer_none', 'test')).toBeUndefined();
  });

  it('is read without a version on trial whose document can’t be', async () => {
    const id = await merchant();
    await policy(id, 1, 'active');
    for (const [at, status] of (['canary', 'shadow'] as const).entries())
      await policy(id, at + 2, status, '{"format": "interlock/routing@9"}');
    const load = await loadMerchantRouting(database.db, id, 'test');
    expect(load).toMatchObject({
      active: { version: 1 },
      leftOut: [
        { role: 'canary', version: 2 },
        { role: 'shadow', version: 3 },
      ],
    });
    expect(load?.canary ?? load?.shadow).toBeUndefined();
  });

  it('keeps a catalogue under its own name, once', async () => {
    const { db } = database;
    const catalogue = { accounts: {}, rates: { base: 'USD', perBasePpm: {} } } as never;
    await Promise.all([1, 2].map(() => storeCatalogue(db, 'cat_store', catalogue)));
    expect(await readCatalogue(db, 'cat_store')).toEqual(catalogue);
    expect(await readCatalogue(db, 'cat_none')).toBeUndefined();
  });
});

describe('changes of routing', () => {
  const names = (changed: readonly { merchantId: string; mode: string }[]) =>
    changed.map(({ merchantId, mode }) => `${merchantId}/${mode}`).toSorted();

  /** What was written just before is told at the first look where a transaction of any database of the server was under way. */
  const fromNow = async () => {
    const { cursor } = await routingChanges(database.db, undefined);
    return (await routingChanges(database.db, cursor)).cursor;
  };

  it('are told once each, whatever was written and in whatever order it was committed', async () => {
    const { db } = database;
    const [one, two] = [await merchant(), await merchant()];
    const begin = await fromNow();
    await account('pa_change_1', one);
    // Begun before the next look and committed after it: its number is the smaller one.
    const slow = new pg.Client({ connectionString: database.ownerUrl });
    await slow.connect();
    await slow.query('BEGIN');
    await slow.query(`UPDATE merchant SET country = 'FR' WHERE id = $1`, [two]);
    await policy(one, 1, 'validated');
    const first = await routingChanges(db, begin);
    expect(names(first.changed)).toEqual([`${one}/test`]);
    await slow.query('COMMIT');
    await slow.end();
    const second = await routingChanges(db, first.cursor);
    expect(names(second.changed)).toEqual([`${two}/live`, `${two}/test`]);
    const third = await routingChanges(db, second.cursor);
    expect(third.changed).toEqual([]);
    await database.sql(`UPDATE provider_account SET enabled = false WHERE id = 'pa_change_1'`);
    expect(names((await routingChanges(db, third.cursor)).changed)).toEqual([`${one}/test`]);
  });

  it('are not told of a merchant whose name changed', async () => {
    const id = await merchant();
    const cursor = await fromNow();
    await database.sql(`UPDATE merchant SET name = 'Another' WHERE id = $1`, [id]);
    expect((await routingChanges(database.db, cursor)).changed).toEqual([]);
  });
});

describe('windows', () => {
  const NOW = Math.floor(Date.now() / 3_600_000) * 3_600_000;
  const row = (accountId: string, at: number, amount: number, bucket: number): WindowRow => ({
    accountId,
    grain: 'cell',
    method: 'card',
    brand: at % 2 === 0 ? 'visa' : '',
    issuerCountry: '',
    currency: 'EUR',
    bucketStartMs: NOW,
    counts: {
      ...NO_COUNTS,
      approved: at + 1,
      unknown: at % 3,
      authorizedMinor: BigInt(amount),
      latency: Array.from({ length: LATENCY_BUCKETS }, (_, n) => (n === bucket ? 1 : 0)),
    },
  });

  it('add up to what was flushed, by however many workers at once', async () => {
    const flushes = fc.array(
      fc.array(fc.tuple(fc.nat(5), fc.nat(1_000_000), fc.nat(LATENCY_BUCKETS - 1)), { maxLength: 8 }),
      { minLength: 1, maxLength: 6 },
    );
    let run = 0;
    await fc.assert(
      fc.asyncProperty(flushes, async (workers) => {
        run += 1;
        const accountId = `pa_window_${run}`;
        const deltas = workers.map((each) => merged(each.map((cell) => row(accountId, ...cell))));
        await Promise.all(deltas.map((each) => flushWindows(database.db, each)));
        const { rows } = await readWindows(database.db, { sinceMs: NOW, accountIds: [accountId] });
        const key = (each: WindowRow) => each.brand;
        expect(rows.toSorted((a, b) => key(a).localeCompare(key(b)))).toEqual(
          merged(deltas.flat()).toSorted((a, b) => key(a).localeCompare(key(b))),
        );
      }),
      { numRuns: 15 },
    );
  });

  /** One row for each cell, as a worker flushes them. */
  function merged(rows: readonly WindowRow[]): WindowRow[] {
    const cells = new Map<string, WindowRow>();
    for (const each of rows) {
      const known = cells.get(each.brand);
      cells.set(
        each.brand,
        known === undefined ? each : { ...each, counts: addCounts(known.counts, each.counts) },
      );
    }
    return [...cells.values()];
  }

  it('are read again only where they changed, and forgotten when they are old', async () => {
    const { db } = database;
    await flushWindows(db, [row('pa_since', 0, 5, 0), { ...row('pa_since', 1, 5, 0), bucketStartMs: 0 }]);
    const accountIds = ['pa_since'];
    const first = await readWindows(db, { sinceMs: 0, accountIds });
    expect(first.rows).toHaveLength(2);
    expect((await readWindows(db, { sinceMs: 0, accountIds, cursor: first.cursor })).rows).toEqual([]);
    await flushWindows(db, [row('pa_since', 0, 5, 0)]);
    const later = await readWindows(db, { sinceMs: 0, accountIds, cursor: first.cursor });
    expect(later.rows.map(({ counts }) => counts.approved)).toEqual([2]);
    expect(await forgetWindows(db, 1)).toBe(1);
    expect((await readWindows(db, { sinceMs: 0, accountIds })).rows).toHaveLength(1);
  });
});

describe('windows of health', () => {
  it('are read and kept for as long as health looks back, those of cells for longer', async () => {
    const { db } = database;
    const accountIds = ['pa_health'];
    const nowMs = Date.now();
    const row = (grain: 'cell' | 'health', ageMs: number): WindowRow => ({
      accountId: 'pa_health',
      grain,
      method: '',
      brand: '',
      issuerCountry: '',
      currency: '',
      bucketStartMs: nowMs - ageMs,
      counts: { ...NO_COUNTS, approved: 1 },
    });
    const hourMs = 3_600_000;
    await flushWindows(db, [row('cell', hourMs), row('health', hourMs), row('health', 1_000)]);
    const sinceMs = nowMs - 24 * hourMs;
    const { rows } = await readWindows(db, { sinceMs, accountIds });
    const kept = rows.map(({ grain, bucketStartMs }) => `${grain} ${nowMs - bucketStartMs}`).toSorted();
    expect(kept).toEqual([`cell ${hourMs}`, 'health 1000']);
    expect((await readWindows(db, { sinceMs, untilMs: nowMs - hourMs, accountIds })).rows).toEqual([]);
    await forgetWindows(db, sinceMs);
    expect(
      await database.sql(`SELECT grain FROM routing_window WHERE account_id = 'pa_health' ORDER BY grain`),
    ).toEqual([{ grain: 'cell' }, { grain: 'health' }]);
  });
});

describe('comparisons', () => {
  const answer = (...order: string[]) => ({ order, requirements: [] });
  const comparison = (payment: string, wouldHave: PolicyComparison['wouldHave']): PolicyComparison => ({
    merchantId: 'mer_compared',
    mode: 'test',
    paymentId: payment,
    deciding: 1,
    compared: 2,
    decided: answer('a', 'b'),
    wouldHave,
  });
  const counted = async () =>
    (
      await database.sql<Record<string, unknown>>(
        `SELECT * FROM routing_comparison WHERE merchant_id = 'mer_compared'`,
      )
    )[0];

  it('are counted by what differs, and the latest that differ are kept', async () => {
    const { db } = database;
    await countComparisons(db, [
      comparison('pay_same', answer('a', 'b')),
      comparison('pay_first', answer('b', 'a')),
      comparison('pay_order', answer('a')),
      comparison('pay_more', { order: ['a', 'b'], requirements: ['challenge'] }),
    ]);
    expect(await counted()).toMatchObject({
      evaluated: '4',
      differed: '3',
      first_differed: '1',
      order_differed: '1',
      requirements_differed: '1',
    });
    await countComparisons(
      db,
      Array.from({ length: 30 }, (_, at) => comparison(`pay_${at}`, answer('b'))),
    );
    const row = await counted();
    expect(row).toMatchObject({ evaluated: '34', differed: '33' });
    const samples = row?.samples as { payment: string; would_have: object }[];
    expect(samples).toHaveLength(20);
    expect(samples[0]).toEqual({ payment: 'pay_29', decided: answer('a', 'b'), would_have: answer('b') });
  });
});
