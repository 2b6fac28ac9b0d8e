import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { AssertionFailure } from '../domain/machine.ts';
import { PrismaClient } from './generated/client.ts';
import { traceStatements } from './tracing.ts';

export type Db = PrismaClient;

/**
 * Opens a pool on Postgres as the restricted application role: no UPDATE or DELETE on proofs, whatever
 * the code above asks. `url` may be the owner's; the role is taken by every session of the pool.
 */
export function openDb(
  url: string,
  options: {
    readonly maxConnections?: number;
    /** Postgres itself ends what takes longer; absent: nothing is ended. */
    readonly statementTimeoutMs?: number;
  } = {},
): Db {
  const pool = new pg.Pool({
    connectionString: withRole(url),
    max: options.maxConnections ?? 10,
    // A worker or API that cannot get a connection must say so within its own deadlines.
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 60_000,
    // A process that is frozen within a transaction holds locks, and the events that wait for it to be over.
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    ...(options.statementTimeoutMs === undefined ? {} : { statement_timeout: options.statementTimeoutMs }),
  });
  // A connection that dies is told to whoever queries by it. Told to nobody, as an event, it would end the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  traceStatements(pool);
  const adapter = new PrismaPg(pool, { disposeExternalPool: true });
  const db = new PrismaClient({ adapter, errorFormat: 'minimal', transactionOptions: TRANSACTIONS });
  POOLS.set(db, pool);
  return db;
}

/** Longer than a busy process takes from one statement to the next, and as long as webhooks may stand still for a frozen one. */
const IDLE_IN_TRANSACTION_MS = 5_000;

const POOLS = new WeakMap<Db, pg.Pool>();

/** The connections that a `Db` uses, for statements that go by `sql.ts`. */
export function poolOf(db: Db): pg.Pool {
  const pool = POOLS.get(db);
  if (pool === undefined) throw new AssertionFailure('a Db that openDb did not make');
  return pool;
}

/** As long as a connection may take to come, and no longer than an activity has. */
const TRANSACTIONS = { maxWait: 5_000, timeout: 10_000 };

/**
 * Whether an error says that Postgres is away or going away, as opposed to a bug: the caller may ask again. Prisma
 * reports some as codes of its own and some as the driver's words (SQLSTATE classes 08 and 57P).
 */
export function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  return UNAVAILABLE_CODES.test(code) || UNAVAILABLE_WORDS.test(error.message);
}

/** P1001 unreachable, P1002 timed out, P1008 operation timed out, P1017 closed, P2024 no connection, P2028 transaction. */
const UNAVAILABLE_CODES =
  /^(P1001|P1002|P1008|P1017|P2024|P2028|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EPIPE|08...|25P03|57P0.)$/;
const UNAVAILABLE_WORDS =
  /connection terminated|connection timeout|server has closed|not yet accepting connections|57P03|starting up|shutting down|in recovery mode|ECONNREFUSED|ECONNRESET|timeout exceeded when trying to connect|terminating connection|can't reach database/i;

/**
 * Whether an error says that a statement ran into its time limit: SQLSTATE 57014, or, where the answer was not waited for
 * any longer, the driver's words. Prisma has the driver's error among its own facts.
 */
export function isTooLong(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error && error.code === '57014') return true;
  return /57014|statement timeout|Query read timeout/i.test(error.message);
}

function withRole(url: string): string {
  const parsed = new URL(url);
  if (!parsed.searchParams.has('options')) parsed.searchParams.set('options', '-c role=interlock_app');
  return parsed.toString();
}
