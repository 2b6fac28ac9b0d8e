import pg from 'pg';
import { Prisma } from '../generated/client.ts';
import { type Connection, execute as executeWithin, query as queryWithin } from '../sql.ts';

export { transaction } from '../sql.ts';

/**
 * Connections for work over whole files, apart from those that payments wait for: statements may take minutes, sort and
 * hash in memory, and copy. Of the application's role like all others.
 */
export type CopyPool = pg.Pool;
export type CopyClient = pg.ClientBase;

const SETTINGS = '-c role=interlock_app -c work_mem=96MB -c temp_buffers=32MB';

export function openCopyPool(url: string, options: { readonly maxConnections?: number } = {}): CopyPool {
  const parsed = new URL(url);
  // Of a setting that stands in it twice the later one counts, so what the URL says goes first.
  parsed.searchParams.set('options', `${parsed.searchParams.get('options') ?? ''} ${SETTINGS}`.trim());
  const pool = new pg.Pool({
    connectionString: parsed.toString(),
    max: options.maxConnections ?? 3,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 60_000,
    // As in db/client.ts; between two statements over a whole file there may be work of seconds.
    idle_in_transaction_session_timeout: 30_000,
  });
  // A connection that dies is told to whoever queries by it; see db/client.ts.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

/** A tagged template: what is put in travels as a parameter, or is a template itself. */
export type Statement = Prisma.Sql;
export const { sql, join, empty } = Prisma;

/** Over a million rows nobody knows how long it takes; whoever gave up has closed the connection. */
const FOR_EVER = { timeoutMs: 0 };

export function query<T>(on: Connection, statement: Statement): Promise<T[]> {
  return queryWithin<T>(on, statement, FOR_EVER);
}

export function execute(on: Connection, statement: Statement): Promise<number> {
  return executeWithin(on, statement, FOR_EVER);
}

/** One at a time for an account: two of its files at once would each claim the same booking for its line. */
export async function lockAccount(client: CopyClient, accountId: string): Promise<void> {
  const name = `interlock.reconciliation.${accountId}`;
  await query(client, sql`SELECT pg_advisory_xact_lock(hashtextextended(${name}, 0))`);
}
