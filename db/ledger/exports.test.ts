import { createHash } from 'node:crypto';
import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { balanceMinor } from '../../domain/ledger/entry.ts';
import { type ExportSubject, type Period, parsePeriod } from '../../domain/ledger/period.ts';
import {
  captured,
  type Database,
  mustRecord,
  openTestDatabase,
  plan,
  stepAfter,
} from '../../test/attack/support/rows.ts';
import { waitFor } from '../../test/support/harness.ts';
import { balancesOf } from './balances.ts';
import { exportOf } from './exports.ts';
import { periodState } from './settled.ts';
import { booksOf, drafts, owners, type RandomBooks } from './test-support/random-books.ts';
import { type PostingRow, postInThePast } from './test-support/rows.ts';
import { transactionsIn } from './transactions.ts';

let database: Database;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database?.close());

function periodOf(name: string): Period {
  const period = parsePeriod(name);
  if (period === undefined) throw new Error(`${name} is no period`);
  return period;
}

/** The days of random books, and the months that they are in. */
const PERIODS = ['2026-10-30', '2026-10-31', '2026-11-01', '2026-11-02', '2026-10'];

async function textOf(subject: ExportSubject): Promise<string> {
  const exported = await exportOf(database.db, subject);
  if (exported.type !== 'export') throw new Error(`not exported: ${exported.type}`);
  let text = '';
  for await (const chunk of exported.chunks()) text += chunk;
  return text;
}

const subjectOf = (books: RandomBooks, name: string, n = 0) => {
  const whose = owners(books)[n];
  if (whose === undefined) throw new Error('nobody');
  return { ...whose, period: periodOf(name), format: 'journal' as const };
};

type Line = Record<string, string> & { readonly postings: readonly Record<string, string>[] };
const linesOf = (text: string): Line[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('an export', () => {
  it('is its balances’ difference, whole, and the same each time', async () => {
    await fc.assert(
      fc.asyncProperty(drafts, fc.constantFrom(...PERIODS), async (drawn, name) => {
        const books = booksOf(drawn);
        await postInThePast(database.ownerUrl, books.rows);
        for (const n of [0, 1, 2, 3]) {
          const subject = subjectOf(books, name, n);
          const text = await textOf(subject);
          const lines = linesOf(text);
          const { merchantId, mode, period } = subject;
          const inPeriod = books.rows
            .filter((row) => row.merchantId === merchantId && row.mode === mode)
            .filter(({ at }) => at.getTime() >= period.fromMs && at.getTime() < period.untilMs);
          const told = lines.filter(({ record }) => record === 'transaction');
          expect(told.map(({ id }) => id).toSorted()).toEqual(inPeriod.map(({ id }) => id).toSorted());
          expect(told.map(({ posted_at }) => posted_at)).toEqual(
            told.map(({ posted_at }) => posted_at).toSorted(),
          );

          const standing = async (asOfMs: number) =>
            new Map(
              (await balancesOf(database.db, { scope: { merchantId, mode }, asOfMs })).map((each) => [
                `${each.account} ${each.currency}`,
                balanceMinor(each),
              ]),
            );
          const [before, after] = [await standing(period.fromMs), await standing(period.untilMs)];
          const moved = new Map<string, bigint>();
          for (const { account, currency, amount_minor } of told.flatMap(({ postings }) => postings)) {
            const key = `${account} ${currency}`;
            moved.set(key, (moved.get(key) ?? 0n) + BigInt(amount_minor ?? ''));
          }
          const totals = lines.filter(({ record }) => record === 'total');
          expect(totals).toHaveLength(after.size);
          for (const { account, currency, opening_minor, closing_minor } of totals) {
            const key = `${account} ${currency}`;
            expect(BigInt(opening_minor ?? '')).toBe(before.get(key) ?? 0n);
            expect(BigInt(closing_minor ?? '')).toBe(after.get(key));
            expect(moved.get(key) ?? 0n).toBe((after.get(key) ?? 0n) - (before.get(key) ?? 0n));
          }

          const last = text.trimEnd().split('\n').at(-1) ?? '';
          const hash = createHash('sha256')
            .update(text.slice(0, text.lastIndexOf(last)))
            .digest('hex');
          expect(JSON.parse(last)).toMatchObject({ record: 'end', sha256: hash, transactions: told.length });
          expect(await textOf(subject)).toBe(text);
          // Pages of another size are other chunks of the same rows.
          const ids: string[] = [];
          for await (const page of transactionsIn(database.db, { merchantId, mode }, period, 2))
            ids.push(...page.map(({ id }) => id));
          expect(ids).toEqual(told.map(({ id }) => id));
        }
      }),
      { numRuns: 15 },
    );
  });

  it('has transactions of one instant by their bytes, whatever language the database sorts by', async () => {
    const owner = new pg.Pool({ connectionString: database.ownerUrl, max: 1 });
    await owner.query('ALTER TABLE ledger_transaction ALTER COLUMN id TYPE text COLLATE "en-x-icu"');
    await owner.end();
    const scope = { merchantId: 'mer_tied', mode: 'test' } as const;
    const ids = ['ltx_Z', 'ltx_a', 'ltx_b'];
    const rows = ids.map((id) => ({ ...scope, id, at: new Date('2026-09-15'), postings: PAIR }));
    await postInThePast(database.ownerUrl, rows);
    const found = [];
    for await (const page of transactionsIn(database.db, scope, periodOf('2026-09'), 2)) found.push(...page);
    expect(found.map(({ id }) => id)).toEqual(ids);
  });

  it('of the days of a month are the month’s', async () => {
    const books = booksOf(fc.sample(drafts, { numRuns: 1, seed: 11 })[0] ?? []);
    await postInThePast(database.ownerUrl, books.rows);
    const idsIn = async (name: string) =>
      linesOf(await textOf(subjectOf(books, name))).flatMap(({ record, id }) =>
        record === 'transaction' ? [id] : [],
      );
    const days = [...(await idsIn('2026-10-30')), ...(await idsIn('2026-10-31'))];
    expect(days).toEqual(await idsIn('2026-10'));
  });

  it('says what a payment’s step posted, and to what it belongs', async () => {
    const payment = await mustRecord(database.db, stepAfter(await plan(database.db), captured()));
    const today = new Date().toISOString().slice(0, 10);
    const pages = [];
    const scope = { merchantId: payment.merchantId, mode: payment.mode };
    for await (const page of transactionsIn(database.db, scope, periodOf(today))) pages.push(...page);
    const found = pages.find(({ belongsTo }) => belongsTo.paymentId === payment.id);
    expect(found).toMatchObject({
      kind: 'capture',
      belongsTo: { ownerId: payment.id, paymentId: payment.id },
    });
    expect(found?.belongsTo).not.toHaveProperty('refundId');
    expect(found?.postings.map(({ amountMinor }) => amountMinor)).toEqual([1_000n, -1_000n]);
  });
});

const PAIR: readonly PostingRow[] = [
  ['bank/mer_late', 'EUR', 5],
  ['suspense/mer_late', 'EUR', -5],
];

function insert(client: Pick<pg.Client, 'query'>, id: string, createdAt?: string): Promise<unknown> {
  return client
    .query(
      `INSERT INTO ledger_transaction (id, owner_id, sequence, kind, merchant_id, mode, created_at)
       VALUES ($1, $1, 1, 'test', 'mer_late', 'test', coalesce($2::timestamptz, now()))`,
      [id, createdAt ?? null],
    )
    .then(() =>
      client.query(
        `INSERT INTO ledger_posting (transaction_id, account, currency, amount_minor)
         SELECT $1, account, currency, amount FROM jsonb_to_recordset($2) AS p(account text, currency text, amount bigint)`,
        [id, JSON.stringify(PAIR.map(([account, currency, amount]) => ({ account, currency, amount })))],
      ),
    );
}

async function connect(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: database.url });
  // A test that fails leaves its connection behind, which ends with its database: the failure is the news.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

describe('what comes late', () => {
  it('goes into the period in which it comes: what was exported stays as it was', async () => {
    const subject = {
      merchantId: 'mer_late',
      mode: 'test' as const,
      period: periodOf('2026-10'),
      format: 'csv' as const,
    };
    await postInThePast(database.ownerUrl, [
      {
        id: 'ltx_old',
        merchantId: 'mer_late',
        mode: 'test',
        at: new Date('2026-10-15T00:00:00Z'),
        postings: PAIR,
      },
    ]);
    const before = await textOf(subject);
    expect(before).toContain('ltx_old');
    const client = await connect();
    await client.query('BEGIN');
    await insert(client, 'ltx_dated_back', '2026-10-15T00:00:00Z');
    await client.query('COMMIT');
    await expect(
      client.query(
        `INSERT INTO ledger_posting (transaction_id, account, currency, amount_minor)
         VALUES ('ltx_old', 'bank/mer_late', 'EUR', 1), ('ltx_old', 'suspense/mer_late', 'EUR', -1)`,
      ),
    ).rejects.toThrow(/takes no more postings/);
    await client.end();
    expect(await textOf(subject)).toBe(before);
    const [row] = await database.sql<{ late: boolean }>(
      `SELECT created_at > now() - interval '1 hour' AS late FROM ledger_transaction WHERE id = 'ltx_dated_back'`,
    );
    expect(row).toEqual({ late: true });
  });
});

describe('a period', () => {
  const clock = async () => {
    const [row] = await database.sql<{ ms: string }>(
      'SELECT ceil(extract(epoch FROM clock_timestamp()) * 1000) AS ms',
    );
    return Number(row?.ms);
  };
  /** The end of a period that has just ended: everything posted so far bears an earlier time. */
  const end = async () => {
    const untilMs = (await clock()) + 1;
    await waitFor(async () => (await clock()) > untilMs, { what: 'the end', intervalMs: 1 });
    return untilMs;
  };
  const atOnce = { waitMs: 60, pollMs: 10, graceMs: 0 };

  it('that is not over is not exported, nor one that is over for less than a minute', async () => {
    const now = await clock();
    expect(await periodState(database.db, now + 3_600_000)).toBe('open');
    expect(await periodState(database.db, now - 30_000)).toBe('open');
    expect(await periodState(database.db, now - 61_000)).toBe('settled');
    const today = periodOf(new Date().toISOString().slice(0, 10));
    const subject = { merchantId: 'm', mode: 'test' as const, period: today, format: 'csv' as const };
    expect(await exportOf(database.db, subject)).toEqual({ type: 'open' });
  });

  it('is in flight while one that posted in time has not committed, and then has it', async () => {
    const client = await connect();
    await client.query('BEGIN');
    await insert(client, 'ltx_in_flight');
    const untilMs = await end();
    expect(await periodState(database.db, untilMs, atOnce)).toBe('in_flight');
    await client.query('COMMIT');
    await client.end();
    expect(await periodState(database.db, untilMs, { ...atOnce, waitMs: 10_000 })).toBe('settled');
    const [row] = await database.sql<{ ms: string }>(
      `SELECT extract(epoch FROM created_at) * 1000 AS ms FROM ledger_transaction WHERE id = 'ltx_in_flight'`,
    );
    expect(Number(row?.ms)).toBeLessThan(untilMs);
  });

  it('waits for one that is about to commit', async () => {
    const client = await connect();
    await client.query('BEGIN');
    await insert(client, 'ltx_soon');
    const untilMs = await end();
    const asked = periodState(database.db, untilMs, { ...atOnce, waitMs: 20_000 });
    const first = await Promise.race([asked, periodState(database.db, untilMs, atOnce)]);
    expect(first).toBe('in_flight');
    await client.query('COMMIT');
    await client.end();
    expect(await asked).toBe('settled');
  });

  it('is not held up by one that began in time and has posted nothing: that will be posted later', async () => {
    const client = await connect();
    await client.query('BEGIN');
    await client.query('SELECT 1');
    const untilMs = await end();
    const passed = await periodState(database.db, untilMs, { ...atOnce, waitMs: 10_000 });
    expect(passed).toBe('settled');
    await insert(client, 'ltx_began_in_time');
    await client.query('COMMIT');
    await client.end();
    const [row] = await database.sql<{ ms: string }>(
      `SELECT extract(epoch FROM created_at) * 1000 AS ms FROM ledger_transaction WHERE id = 'ltx_began_in_time'`,
    );
    expect(Number(row?.ms)).toBeGreaterThanOrEqual(untilMs);
  });

  it('once settled never gets another row, whoever posts at its end', async () => {
    const WRITERS = 6;
    const writers = await Promise.all(Array.from({ length: WRITERS }, connect));
    let stop = false;
    const writing = writers.map(async (client, w) => {
      for (let n = 0; !stop; n += 1) {
        await client.query('BEGIN');
        await insert(client, `ltx_rush_${w}_${n}`);
        for (let turn = 0; turn < (n * (w + 1)) % 4; turn += 1) await client.query('SELECT 1');
        await client.query((n + w) % 5 === 0 ? 'ROLLBACK' : 'COMMIT');
      }
      await client.end();
    });
    const count = async (untilMs: number) => {
      const [row] = await database.sql<{ rows: string }>(
        'SELECT count(*) AS rows FROM ledger_transaction WHERE created_at < $1',
        [new Date(untilMs)],
      );
      return Number(row?.rows);
    };
    const seen: { readonly untilMs: number; readonly rows: number }[] = [];
    try {
      for (let n = 0; n < 40; n += 1) {
        const untilMs = await clock();
        const state = await periodState(database.db, untilMs, { waitMs: 10_000, pollMs: 1, graceMs: 0 });
        expect(state).not.toBe('in_flight');
        if (state === 'settled') seen.push({ untilMs, rows: await count(untilMs) });
      }
    } finally {
      stop = true;
      await Promise.all(writing);
    }
    expect(seen.length).toBeGreaterThan(20);
    expect(seen.at(-1)?.rows).toBeGreaterThan(seen[0]?.rows ?? 0);
    for (const { untilMs, rows } of seen) expect(await count(untilMs)).toBe(rows);
  });
});
