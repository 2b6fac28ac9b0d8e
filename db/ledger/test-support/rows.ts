import pg from 'pg';

/** Transactions as rows, also of days that are over: the clock's trigger is lifted, as only the tables' owner can. */
export interface PostedRow {
  readonly id: string;
  readonly merchantId: string;
  readonly mode: string;
  readonly at: Date;
  readonly kind?: string;
  readonly paymentId?: string;
  readonly ownerId?: string;
  readonly description?: string;
  readonly postings: readonly PostingRow[];
}

export type PostingRow = readonly [account: string, currency: string, amountMinor: bigint | number];

export async function postInThePast(ownerUrl: string, rows: readonly PostedRow[]): Promise<void> {
  const transactions = rows.map(({ postings: _postings, ...row }) => ({
    kind: 'capture',
    ownerId: row.id,
    ...row,
  }));
  const postings = rows.flatMap((row) =>
    row.postings.map(([account, currency, amount]) => ({
      id: row.id,
      account,
      currency,
      amount: String(amount),
    })),
  );
  await asOwner(ownerUrl, async (client) => {
    await client.query('ALTER TABLE ledger_transaction DISABLE TRIGGER ledger_transaction_post');
    await client.query(
      `INSERT INTO ledger_transaction (id, merchant_id, mode, created_at, kind, payment_id, owner_id, sequence, description)
       SELECT id, "merchantId", mode, at, kind, "paymentId", "ownerId", 1, description
       FROM jsonb_to_recordset($1) AS t(id text, "merchantId" text, mode text, at timestamptz, kind text,
         "paymentId" text, "ownerId" text, description text)`,
      [JSON.stringify(transactions)],
    );
    await client.query(
      `INSERT INTO ledger_posting (transaction_id, account, currency, amount_minor)
       SELECT id, account, currency, amount
       FROM jsonb_to_recordset($1) AS p(id text, account text, currency text, amount bigint)`,
      [JSON.stringify(postings)],
    );
    await client.query('SET CONSTRAINTS ALL IMMEDIATE');
    await client.query('ALTER TABLE ledger_transaction ENABLE TRIGGER ledger_transaction_post');
  });
}

/** All or nothing, on a connection of its own. */
export async function asOwner<T>(ownerUrl: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    await client.query('BEGIN');
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  } finally {
    await client.end();
  }
}

type Sql = (text: string, values?: unknown[]) => Promise<unknown>;

/** A merchant with provider accounts of one mode. */
export async function insertMerchant(
  sql: Sql,
  merchantId: string,
  mode: string,
  accountIds: readonly string[],
): Promise<void> {
  await sql('INSERT INTO merchant (id, name) VALUES ($1, $1) ON CONFLICT DO NOTHING', [merchantId]);
  for (const id of accountIds) {
    await sql(
      `INSERT INTO provider_account (id, merchant_id, mode, provider, base_url) VALUES ($1, $2, $3, 'stripe', 'http://127.0.0.1:1')`,
      [id, merchantId, mode],
    );
  }
}
