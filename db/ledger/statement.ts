import type { PostedLine } from '../../domain/ledger/entry.ts';
import type { Db } from '../client.ts';
import { Prisma } from '../generated/client.ts';
import { type LedgerScope, scopeConditions } from './scope.ts';

export interface StatementFilter {
  readonly scope: LedgerScope;
  readonly account: string;
  readonly currency?: string;
  readonly limit: number;
  /** A posting's id: only older ones. */
  readonly startingAfter?: string;
}

export interface StatementLine extends PostedLine {
  readonly transactionId: string;
  readonly kind: string;
  /** Epoch milliseconds. */
  readonly postedAtMs: number;
  readonly description?: string;
}

/** Newest first. `unknown_cursor`: the posting that the page should start after isn't the account's. */
export type StatementPage =
  | { readonly type: 'page'; readonly lines: readonly StatementLine[]; readonly hasMore: boolean }
  | { readonly type: 'unknown_cursor' };

interface Row {
  readonly transactionId: string;
  readonly place: number;
  readonly currency: string;
  readonly amount: bigint;
  readonly kind: string;
  readonly createdAt: Date;
  readonly description: string | null;
}

/**
 * One account's postings. They are read currency by currency, because the index has them so, and a page of an account
 * with a million postings must not sort them.
 */
export async function statementOf(db: Db, filter: StatementFilter): Promise<StatementPage> {
  const { account, limit, startingAfter } = filter;
  const cursor = startingAfter === undefined ? undefined : await cursorOf(db, filter, startingAfter);
  if (startingAfter !== undefined && cursor === undefined) return { type: 'unknown_cursor' };
  const rows = await db.$queryRaw<Row[]>(statementQuery(filter, cursor));
  const lines = rows.slice(0, limit).map((row) => lineOf(account, row));
  return { type: 'page', lines, hasMore: rows.length > limit };
}

/** Also for the test that looks at how it is carried out. */
export function statementQuery(
  { scope, account, currency, limit }: StatementFilter,
  cursor?: bigint,
): Prisma.Sql {
  const conditions = [
    Prisma.sql`p.account = ${account}`,
    Prisma.sql`p.currency = c.currency`,
    ...(cursor === undefined ? [] : [Prisma.sql`p.id < ${cursor}::bigint`]),
    ...scopeConditions(scope),
  ];
  // The rows of a transaction are few, and its index knows them: a posting's place is counted there.
  return Prisma.sql`
    WITH RECURSIVE c AS (${currency === undefined ? currenciesOf(account) : Prisma.sql`SELECT ${currency}::text AS currency`}),
    page AS (
      SELECT s.* FROM c CROSS JOIN LATERAL (
        SELECT p.id, p.transaction_id, p.currency, p.amount_minor, t.kind, t.created_at, t.description
        FROM ledger_posting p JOIN ledger_transaction t ON t.id = p.transaction_id
        WHERE ${Prisma.join(conditions, ' AND ')}
        ORDER BY p.account DESC, p.currency DESC, p.id DESC LIMIT ${limit + 1}) s
      WHERE c.currency IS NOT NULL
      ORDER BY s.id DESC LIMIT ${limit + 1})
    SELECT page.transaction_id AS "transactionId", page.currency, page.amount_minor AS amount, page.kind,
      page.created_at AS "createdAt", page.description,
      (SELECT count(*)::int FROM ledger_posting q WHERE q.transaction_id = page.transaction_id AND q.id <= page.id) AS place
    FROM page ORDER BY page.id DESC`;
}

/** Each currency by one step into the index, where DISTINCT would read them all. */
function currenciesOf(account: string): Prisma.Sql {
  return Prisma.sql`
    SELECT (SELECT p.currency FROM ledger_posting p WHERE p.account = ${account}
      ORDER BY p.currency LIMIT 1) AS currency
    UNION ALL
    SELECT (SELECT p.currency FROM ledger_posting p WHERE p.account = ${account} AND p.currency > c.currency
      ORDER BY p.currency LIMIT 1) FROM c WHERE c.currency IS NOT NULL`;
}

async function cursorOf(
  db: Db,
  { scope, account }: StatementFilter,
  postingId: string,
): Promise<bigint | undefined> {
  const [, transactionId, place] = /^(.+)_([1-9]\d{0,8})$/.exec(postingId) ?? [];
  if (transactionId === undefined) return undefined;
  const conditions = [Prisma.sql`t.id = ${transactionId}`, ...scopeConditions(scope)];
  const [row] = await db.$queryRaw<{ readonly id: bigint; readonly account: string }[]>`
    SELECT p.id, p.account FROM ledger_posting p JOIN ledger_transaction t ON t.id = p.transaction_id
    WHERE ${Prisma.join(conditions, ' AND ')}
    ORDER BY p.id LIMIT 1 OFFSET ${Number(place) - 1}`;
  return row?.account === account ? row.id : undefined;
}

function lineOf(account: string, row: Row): StatementLine {
  const { transactionId, place, currency, amount, kind, createdAt, description } = row;
  return {
    id: `${transactionId}_${place}`,
    transactionId,
    account,
    currency,
    amountMinor: amount,
    kind,
    postedAtMs: createdAt.getTime(),
    ...(description === null ? {} : { description }),
  };
}
