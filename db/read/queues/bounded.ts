import { type Db, poolOf } from '../../client.ts';
import type { Prisma } from '../../generated/client.ts';
import { query, transaction } from '../../sql.ts';

/** So long may a page's question run in Postgres: a console that asks too much is refused before a payment notices. */
export const STATEMENT_MS = 5_000;

/** One question, and its rows. */
export type Ask = <T>(statement: Prisma.Sql) => Promise<T[]>;

/** Reads for people: ended by Postgres itself when they take too long, which a caller who only stops waiting doesn't do. */
export function bounded<T>(db: Db, statement: Prisma.Sql): Promise<T[]> {
  return boundedTogether(db, (ask) => ask<T>(statement));
}

/** Several questions by one connection, one after the other: a page with ten of them takes no more of the pool than one with one. */
export function boundedTogether<T>(db: Db, work: (ask: Ask) => Promise<T>): Promise<T> {
  return transaction(poolOf(db), async (client) => {
    await client.query(`SET LOCAL statement_timeout = ${STATEMENT_MS}`);
    return work((statement) => query(client, statement, { timeoutMs: STATEMENT_MS + 1_000 }));
  });
}
