import { type Db, poolOf } from '../../client.ts';
import type { Prisma } from '../../generated/client.ts';
import { query, transaction } from '../../sql.ts';

/** So long may a page's question run in Postgres: a console that asks too much is refused before a payment notices. */
const STATEMENT_MS = 5_000;

/** Reads for people: ended by Postgres itself when they take too long, which a caller who only stops waiting doesn't do. */
export function bounded<T>(db: Db, statement: Prisma.Sql): Promise<T[]> {
  return transaction(poolOf(db), async (client) => {
    await client.query(`SET LOCAL statement_timeout = ${STATEMENT_MS}`);
    return query<T>(client, statement, { timeoutMs: STATEMENT_MS + 1_000 });
  });
}
