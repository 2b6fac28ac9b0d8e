import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  captured,
  type Database,
  mustRecord,
  openTestDatabase,
  plan,
  stepAfter,
} from '../../test/attack/support/rows.ts';
import { type PostingRow, postInThePast } from './test-support/rows.ts';

/** What Postgres refuses of the ledger, whoever asks. */
let database: Database;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database?.close());

const newId = () => `ltx_${randomBytes(8).toString('hex')}`;

/** In one database transaction, as the application. */
async function post(
  postings: readonly PostingRow[],
  columns: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const id = newId();
  const row = {
    id,
    owner_id: id,
    sequence: 1,
    kind: 'test',
    merchant_id: 'mer_demo',
    mode: 'test',
    ...columns,
  };
  const names = Object.keys(row);
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    await client.query('BEGIN');
    await client.query(
      `INSERT INTO ledger_transaction (${names.join(', ')}) VALUES (${names.map((_name, n) => `$${n + 1}`).join(', ')})`,
      Object.values(row),
    );
    for (const [account, currency, amount] of postings) {
      await client.query(
        'INSERT INTO ledger_posting (transaction_id, account, currency, amount_minor) VALUES ($1, $2, $3, $4)',
        [id, account, currency, String(amount)],
      );
    }
    await client.query('COMMIT');
  } finally {
    await client.end();
  }
  return id;
}

const stored = (id: string) => database.sql('SELECT 1 FROM ledger_posting WHERE transaction_id = $1', [id]);
const transactionRow = async (id: string) => {
  const [row] = await database.sql<{
    created_at: Date;
    merchant_id: string;
    mode: string;
    posted_in: string;
  }>('SELECT * FROM ledger_transaction WHERE id = $1', [id]);
  return row;
};

describe('a transaction', () => {
  it('is taken exactly where every currency of it sums to zero, and else leaves nothing', async () => {
    const amount = fc.integer({ min: -3, max: 3 }).filter((each) => each !== 0);
    const posting = fc.tuple(fc.constantFrom('bank/m', 'suspense/m'), fc.constantFrom('EUR', 'USD'), amount);
    const random = fc.array(posting, { minLength: 1, maxLength: 4 });
    const even = random.map((postings) =>
      postings.flatMap(([account, currency, minor]): PostingRow[] => [
        [account, currency, minor],
        ['rounding/a', currency, -minor],
      ]),
    );
    await fc.assert(
      fc.asyncProperty(fc.oneof(random, even), async (postings) => {
        const sums = new Map<string, number>();
        for (const [, currency, minor] of postings)
          sums.set(currency, (sums.get(currency) ?? 0) + Number(minor));
        const balances = [...sums.values()].every((sum) => sum === 0);
        const before = await database.sql('SELECT id FROM ledger_posting');
        if (balances) {
          expect(await stored(await post(postings))).toHaveLength(postings.length);
        } else {
          await expect(post(postings)).rejects.toThrow(/does not balance/);
          expect(await database.sql('SELECT id FROM ledger_posting')).toEqual(before);
        }
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    [
      'two currencies that only sum to zero together',
      [
        ['bank/m', 'EUR', 5],
        ['suspense/m', 'USD', -5],
      ],
    ],
    [
      'one balanced currency beside one that isn’t',
      [
        ['bank/m', 'EUR', 5],
        ['suspense/m', 'EUR', -5],
        ['bank/m', 'USD', 1],
      ],
    ],
    ['a single posting', [['bank/m', 'EUR', 5]]],
  ] as readonly (readonly [string, readonly PostingRow[]])[])(
    'with %s is refused',
    async (_what, postings) => {
      await expect(post(postings)).rejects.toThrow(/does not balance/);
    },
  );

  it('takes no more postings once it stands, not even a pair that balances', async () => {
    const id = await post([
      ['bank/m', 'EUR', 5],
      ['suspense/m', 'EUR', -5],
    ]);
    const add = `INSERT INTO ledger_posting (transaction_id, account, currency, amount_minor)
      VALUES ($1, 'bank/m', 'EUR', 7), ($1, 'suspense/m', 'EUR', -7)`;
    await expect(database.asApplication(add, [id])).rejects.toThrow(/takes no more postings/);
    await expect(database.sql(add, [id])).rejects.toThrow(/takes no more postings/);
    expect(await stored(id)).toHaveLength(2);
  });

  it('without postings takes none later', async () => {
    const id = await post([]);
    await expect(
      database.asApplication(
        `INSERT INTO ledger_posting (transaction_id, account, currency, amount_minor)
         VALUES ($1, 'bank/m', 'EUR', 7), ($1, 'suspense/m', 'EUR', -7)`,
        [id],
      ),
    ).rejects.toThrow(/takes no more postings/);
  });
});

describe('what the writer may not say', () => {
  const PAIR: readonly PostingRow[] = [
    ['bank/m', 'EUR', 5],
    ['suspense/m', 'EUR', -5],
  ];

  it('is when it was posted: there is no dating back, nor ahead', async () => {
    const clock = async () =>
      (await database.sql<{ now: Date }>('SELECT clock_timestamp() AS now'))[0]?.now ?? new Date(0);
    for (const told of ['2020-01-01T00:00:00Z', '2999-01-01T00:00:00Z']) {
      const before = await clock();
      const row = await transactionRow(await post(PAIR, { created_at: told, posted_in: 1 }));
      const after = await clock();
      // Stored to the millisecond, rounded.
      expect(row?.created_at.getTime()).toBeGreaterThanOrEqual(before.getTime() - 1);
      expect(row?.created_at.getTime()).toBeLessThanOrEqual(after.getTime() + 1);
      expect(BigInt(row?.posted_in ?? 0)).toBeGreaterThan(1n);
    }
  });

  it('is the time at which its database transaction began', async () => {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query('BEGIN');
    const { rows } = await client.query<{ began: Date }>('SELECT now() AS began');
    // Another one commits in between, so the clock has moved on.
    const between = await transactionRow(await post(PAIR));
    const id = newId();
    await client.query(
      `INSERT INTO ledger_transaction (id, owner_id, sequence, kind, merchant_id, mode) VALUES ($1, $1, 1, 'test', 'mer_demo', 'test')`,
      [id],
    );
    await client.query('COMMIT');
    await client.end();
    const own = await transactionRow(id);
    expect(rows[0]?.began.getTime()).toBeLessThanOrEqual(between?.created_at.getTime() ?? 0);
    expect(own?.created_at.getTime()).toBeGreaterThanOrEqual(between?.created_at.getTime() ?? Number.NaN);
  });

  it('is whose payment it belongs to', async () => {
    const { id, merchantId, mode } = await plan(database.db);
    const told = { payment_id: id, merchant_id: 'mer_other', mode: 'live' };
    expect(await transactionRow(await post(PAIR, told))).toMatchObject({ merchant_id: merchantId, mode });
  });

  it('and a recorded step says nothing of it, and is its payment’s', async () => {
    const payment = await mustRecord(database.db, stepAfter(await plan(database.db), captured()));
    const rows = await database.sql(
      'SELECT merchant_id, mode FROM ledger_transaction WHERE payment_id = $1',
      [payment.id],
    );
    expect(rows).toEqual([{ merchant_id: payment.merchantId, mode: payment.mode }]);
  });
});

describe('what stands', () => {
  const TABLES = {
    ledger_transaction: `kind = 'another'`,
    ledger_posting: 'amount_minor = 9',
  } as const;

  it.each(Object.entries(TABLES))(
    'in %s is not rewritten, removed or emptied, by nobody',
    async (table, set) => {
      await post([
        ['bank/m', 'EUR', 5],
        ['suspense/m', 'EUR', -5],
      ]);
      const content = () => database.sql(`SELECT * FROM ${table} ORDER BY id`);
      const before = await content();
      expect(before.length).toBeGreaterThan(0);
      const statements = [`UPDATE ${table} SET ${set}`, `DELETE FROM ${table}`, `TRUNCATE ${table} CASCADE`];
      for (const statement of statements) {
        await expect(database.asApplication(statement), statement).rejects.toThrow(/permission denied/);
        await expect(database.sql(statement), statement).rejects.toThrow(/append-only/);
      }
      await expect(
        database.sql(`INSERT INTO ${table} SELECT * FROM ${table} ON CONFLICT (id) DO UPDATE SET ${set}`),
      ).rejects.toThrow(/append-only/);
      expect(await content()).toEqual(before);
    },
  );

  it('keeps its guards from the application', async () => {
    for (const table of Object.keys(TABLES)) {
      await expect(database.asApplication(`ALTER TABLE ${table} DISABLE TRIGGER ALL`)).rejects.toThrow(
        /must be owner/,
      );
      await expect(database.asApplication(`DROP TABLE ${table} CASCADE`)).rejects.toThrow(/must be owner/);
    }
    await expect(database.asApplication('SET session_replication_role = replica')).rejects.toThrow(
      /permission denied/,
    );
    // The tests' own way into the past is the owner's alone.
    await expect(postInThePast(database.url, [])).rejects.toThrow(/must be owner/);
  });
});
