import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { beginsWith } from '../../domain/ledger/chart.ts';
import { type Balance, balanceMinor, totalsByCurrency } from '../../domain/ledger/entry.ts';
import { type Database, openTestDatabase } from '../../test/attack/support/rows.ts';
import { createLedgerReader, type LedgerReader, type StatementLine } from '../read/ledger.ts';
import { balancesOf } from './balances.ts';
import { statementQuery } from './statement.ts';
import {
  booksOf,
  DAY_MS,
  DAYS,
  type Draft,
  drafts,
  FIRST_DAY_MS,
  instant,
  owners,
  providerAccountsOf,
  type RandomBooks,
  replay,
} from './test-support/random-books.ts';
import { insertMerchant, postInThePast } from './test-support/rows.ts';

/** What is read of the ledger, against its postings added up one by one. */
let database: Database;
let reader: LedgerReader;
beforeAll(async () => {
  database = await openTestDatabase();
  reader = createLedgerReader(database.db);
});
afterAll(() => database?.close());

async function stored(drawn: readonly Draft[]): Promise<RandomBooks> {
  const books = booksOf(drawn);
  for (const { merchantId, mode } of owners(books))
    await insertMerchant(database.sql, merchantId, mode, providerAccountsOf(merchantId, mode));
  await postInThePast(database.ownerUrl, books.rows);
  return books;
}

/** The same each time. */
const sample = (seed: number) => fc.sample(drafts, { numRuns: 1, seed })[0] ?? [];

const named = (balances: readonly Balance[]) =>
  new Map(balances.map((each) => [`${each.account} ${each.currency}`, balanceMinor(each)]));

describe('balances', () => {
  it('as of any time are the postings before it, each merchant’s and mode’s own, and sum to zero', async () => {
    await fc.assert(
      fc.asyncProperty(drafts, fc.array(instant, { minLength: 3, maxLength: 3 }), async (drawn, instants) => {
        const books = await stored(drawn);
        const posted = books.rows.map(({ at }) => at.getTime());
        // Right at a posting, and right after it.
        const [first = 0] = posted;
        for (const asOfMs of [...instants, first, first + 1, FIRST_DAY_MS, FIRST_DAY_MS + DAYS * DAY_MS]) {
          for (const whose of owners(books)) {
            const balances = await reader.balances(whose, { asOfMs });
            expect(named(balances)).toEqual(replay(books.rows, whose, asOfMs));
            expect(
              totalsByCurrency(balances)
                .map(balanceMinor)
                .filter((sum) => sum !== 0n),
            ).toEqual([]);
          }
        }
      }),
      { numRuns: 15 },
    );
  });

  it('by beginning and currency are those of all, picked', async () => {
    await fc.assert(
      fc.asyncProperty(drafts, fc.constantFrom('EUR', 'JPY'), async (drawn, currency) => {
        const books = await stored(drawn);
        for (const whose of owners(books)) {
          const [one = ''] = providerAccountsOf(whose.merchantId, whose.mode);
          const all = await reader.balances(whose, {});
          const prefixes = ['fees', 'fees/scheme', `payout_clearing/${one}`, 'bank', 'provider_receivable/'];
          for (const prefix of prefixes) {
            const wanted = all.filter(
              (each) => beginsWith(each.account, prefix) && each.currency === currency,
            );
            expect(await reader.balances(whose, { prefix, currency })).toEqual(wanted);
            // The operators' way reads by the beginning itself.
            expect(await balancesOf(database.db, { scope: whose, prefix, currency })).toEqual(wanted);
          }
        }
      }),
      { numRuns: 6 },
    );
  });

  it('without a merchant are everybody’s', async () => {
    const everything = await balancesOf(database.db, { scope: {} });
    const [row] = await database.sql<{ accounts: string }>(
      'SELECT count(DISTINCT (account, currency)) AS accounts FROM ledger_posting',
    );
    expect(everything).toHaveLength(Number(row?.accounts));
    expect(totalsByCurrency(everything).map(balanceMinor)).toEqual([0n, 0n]);
  });
});

describe('a statement', () => {
  /** All of its pages. */
  async function pages(
    whose: { merchantId: string; mode: 'test' | 'live' },
    account: string,
    limit: number,
    currency?: string,
  ): Promise<StatementLine[]> {
    const lines: StatementLine[] = [];
    for (;;) {
      const last = lines.at(-1)?.id;
      const page = await reader.statement(whose, account, {
        limit,
        ...(currency === undefined ? {} : { currency }),
        ...(last === undefined ? {} : { startingAfter: last }),
      });
      if (page?.type !== 'page') throw new Error(`no page of ${account}`);
      expect(page.lines.length).toBeLessThanOrEqual(limit);
      lines.push(...page.lines);
      if (!page.hasMore) return lines;
      expect(page.lines).toHaveLength(limit);
    }
  }

  it('has every posting of the account once, newest first, whatever the size of its pages', async () => {
    await fc.assert(
      fc.asyncProperty(drafts, fc.integer({ min: 1, max: 7 }), async (drawn, limit) => {
        const books = await stored(drawn);
        for (const whose of owners(books)) {
          for (const { name } of await reader.accounts(whose)) {
            const wanted = books.rows
              .filter((row) => row.merchantId === whose.merchantId && row.mode === whose.mode)
              .flatMap(({ id, postings }) =>
                postings.map(([account, currency, minor], n) => [
                  `${id}_${n + 1}`,
                  account,
                  currency,
                  BigInt(minor),
                ]),
              )
              .filter(([, account]) => account === name)
              .reverse();
            const told = (lines: readonly StatementLine[]) =>
              lines.map(({ id, account, currency, amountMinor }) => [id, account, currency, amountMinor]);
            expect(told(await pages(whose, name, limit))).toEqual(wanted);
            const euros = wanted.filter(([, , currency]) => currency === 'EUR');
            expect(told(await pages(whose, name, limit, 'EUR'))).toEqual(euros);
          }
        }
      }),
      { numRuns: 8 },
    );
  });

  it('adds up to the balance', async () => {
    const books = await stored(sample(7));
    for (const whose of owners(books)) {
      for (const { account, currency, ...sides } of await reader.balances(whose, {})) {
        const lines = await pages(whose, account, 100, currency);
        expect(lines.reduce((sum, { amountMinor }) => sum + amountMinor, 0n)).toBe(balanceMinor(sides));
      }
    }
  });

  it('of an account that is another’s, or of no chart, there is none', async () => {
    const books = await stored(sample(8));
    const [mine, , theirs] = owners(books);
    if (mine === undefined || theirs === undefined) throw new Error('no owners');
    const [foreign = ''] = providerAccountsOf(theirs.merchantId, theirs.mode);
    const [otherMode = ''] = providerAccountsOf(mine.merchantId, 'live');
    expect(mine.mode).toBe('test');
    for (const account of [
      `merchant_payable/${theirs.merchantId}`,
      `provider_receivable/${foreign}`,
      `provider_receivable/${otherMode}`,
      'merchant_payable/',
      'nothing',
    ])
      expect(await reader.statement(mine, account, { limit: 10 })).toBeUndefined();
  });

  it('goes on after its own postings only', async () => {
    const books = await stored(sample(9));
    const row = books.rows[0];
    const [account = ''] = row?.postings[0] ?? [];
    if (row === undefined) throw new Error('no rows');
    const whose = { merchantId: row.merchantId, mode: row.mode as 'test' | 'live' };
    const elsewhere = books.rows.find((each) => each.postings.every(([other]) => other !== account));
    const cursors = [`${row.id}_99`, `${row.id}_0`, row.id, 'x', `${row.id}_1'--`, `${elsewhere?.id}_1`];
    for (const startingAfter of cursors)
      expect(await reader.statement(whose, account, { limit: 5, startingAfter }), startingAfter).toEqual({
        type: 'unknown_cursor',
      });
  });
});

describe('among many', () => {
  const BIG = 'mer_big';
  const whose = { merchantId: BIG, mode: 'test' as const };

  beforeAll(async () => {
    await insertMerchant(database.sql, BIG, 'test', ['pa_big']);
    await postInThePast(
      database.ownerUrl,
      Array.from({ length: 30_000 }, (_, n) => ({
        id: `ltx_big_${n}`,
        ...whose,
        at: new Date(FIRST_DAY_MS + n),
        postings: [
          [`provider_receivable/pa_big`, n % 10 === 0 ? 'JPY' : 'EUR', 5],
          [`merchant_payable/${BIG}`, n % 10 === 0 ? 'JPY' : 'EUR', -5],
        ] as const,
      })),
    );
    await postInThePast(database.ownerUrl, [
      {
        id: 'ltx_big_rare',
        ...whose,
        at: new Date(FIRST_DAY_MS),
        postings: [
          ['rounding/pa_big', 'EUR', 1],
          [`suspense/${BIG}`, 'EUR', -1],
        ],
      },
    ]);
    await database.sql('ANALYZE ledger_posting, ledger_transaction');
  });

  interface Plan {
    readonly 'Node Type': string;
    readonly 'Relation Name'?: string;
    readonly 'Shared Hit Blocks': number;
    readonly 'Shared Read Blocks': number;
    readonly Plans?: readonly Plan[];
  }

  async function explained(text: string, values: unknown[]): Promise<Plan> {
    const rows = await database.sql<{ 'QUERY PLAN': { Plan: Plan }[] }>(
      `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${text}`,
      values,
    );
    const plan = rows[0]?.['QUERY PLAN'][0]?.Plan;
    if (plan === undefined) throw new Error('no plan');
    return plan;
  }

  const scans = (plan: Plan): string[] => [
    ...(plan['Node Type'] === 'Seq Scan' ? [plan['Relation Name'] ?? ''] : []),
    ...(plan.Plans ?? []).flatMap(scans),
  ];
  const blocks = (plan: Plan) => plan['Shared Hit Blocks'] + plan['Shared Read Blocks'];

  it.each([undefined, 'EUR', 'JPY'])(
    'a page of one account reads no more than the page (%s)',
    async (currency) => {
      for (const cursor of [undefined, 20_000n]) {
        const filter = { scope: whose, account: `merchant_payable/${BIG}`, limit: 20 };
        const { text, values } = statementQuery(
          { ...filter, ...(currency === undefined ? {} : { currency }) },
          cursor,
        );
        const plan = await explained(text, values as unknown[]);
        expect(scans(plan).filter((table) => table.startsWith('ledger_'))).toEqual([]);
        expect(blocks(plan)).toBeLessThan(600);
      }
    },
  );

  it('a small account’s balance does not read the big ones', async () => {
    const read = async (accounts: readonly string[]) => {
      const statements: { text: string; values: unknown[] }[] = [];
      // The reader's own statement, caught on its way.
      const db = {
        $queryRaw: async (strings: TemplateStringsArray, ...parts: unknown[]) => {
          const { Prisma } = await import('../generated/client.ts');
          const { text, values } = Prisma.sql(strings, ...(parts as never[]));
          statements.push({ text, values: [...values] });
          return [];
        },
      };
      await balancesOf(db as never, { scope: whose, accounts });
      const [statement] = statements;
      if (statement === undefined) throw new Error('nothing was asked');
      return explained(statement.text, statement.values);
    };
    const small = await read(['rounding/pa_big']);
    expect(scans(small)).toEqual([]);
    expect(blocks(small)).toBeLessThan(20);
    expect(blocks(await read([`merchant_payable/${BIG}`]))).toBeGreaterThan(200);
  });
});
