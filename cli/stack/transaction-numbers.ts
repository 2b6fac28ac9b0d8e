import pg from 'pg';

/** Events, ledger, audit and routing are read in the order of these: whole numbers, in columns that are named so. */
const NAMED = '(_in|transaction_id)$';
/** More would take Postgres hours; `pg_resetwal` takes none, where one may run it. */
const MOST = 200_000_000n;

export interface TransactionNumbers {
  /** The next transaction's. */
  readonly next: bigint;
  /** The highest that a row carries. */
  readonly highest: bigint;
}

/**
 * How the server counts its transactions, beside what the database's rows say of theirs. A database that was restored from a dump
 * carries the numbers of its old server: until the new one has counted past them, events seem to be of transactions to come.
 */
export async function transactionNumbers(client: pg.ClientBase): Promise<TransactionNumbers> {
  const { rows: columns } = await client.query<{ table: string; column: string }>(
    `SELECT table_name AS table, column_name AS column FROM information_schema.columns
     WHERE table_schema = current_schema() AND data_type = 'bigint' AND column_name ~ $1`,
    [NAMED],
  );
  let highest = 0n;
  for (const { table, column } of columns) {
    const name = [table, column].map((part) => pg.escapeIdentifier(part));
    const { rows } = await client.query<{ highest: string | null }>(
      `SELECT max(${name[1]})::text AS highest FROM ${name[0]}`,
    );
    const found = BigInt(rows[0]?.highest ?? 0);
    if (found > highest) highest = found;
  }
  const { rows } = await client.query<{ next: string }>(
    'SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS next',
  );
  return { next: BigInt(rows[0]?.next ?? 0), highest };
}

/**
 * Has the server count past all that the rows say, by transactions that do nothing. Answers how many that took: none but after a
 * restore. Run it before anything else writes.
 */
export async function catchUpTransactionNumbers(databaseUrl: string): Promise<bigint> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { next, highest } = await transactionNumbers(client);
    if (next > highest) return 0n;
    const missing = highest - next + 1n;
    if (missing > MOST)
      throw new Error(
        `the database was restored from a server that had counted ${missing} transactions more. Stop Postgres and run ` +
          `pg_resetwal with --next-transaction-id ${(highest + 1n) % 2n ** 32n} and --epoch ${(highest + 1n) / 2n ** 32n}`,
      );
    await client.query('SET synchronous_commit = off');
    await client.query(
      `DO $$ BEGIN FOR i IN 1..${missing} LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$`,
    );
    return missing;
  } finally {
    await client.end();
  }
}
