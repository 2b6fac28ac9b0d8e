import { parseAccount } from '../../domain/ledger/chart.ts';
import { type Balance, compare } from '../../domain/ledger/entry.ts';
import type { PeriodBalance } from '../../domain/ledger/export.ts';
import type { Period } from '../../domain/ledger/period.ts';
import type { Db } from '../client.ts';
import { Prisma } from '../generated/client.ts';
import { type LedgerScope, scopeConditions, where } from './scope.ts';

export interface BalanceFilter {
  readonly scope: LedgerScope;
  /** These accounts and no others: each is looked up by index. */
  readonly accounts?: readonly string[];
  /** A whole account, or what accounts begin with; with a whole one nothing else is read. */
  readonly prefix?: string;
  readonly currency?: string;
  /** What was posted before that instant, epoch milliseconds; absent: everything until now. */
  readonly asOfMs?: number;
}

interface Row {
  readonly account: string;
  readonly currency: string;
  // Sums of bigint are numeric, which no driver's number holds: they travel as text.
  readonly debit: string;
  readonly credit: string;
}

/** Each currency of each account that ever had a posting, in the order of their names. One statement, one snapshot. */
export async function balancesOf(db: Db, filter: BalanceFilter): Promise<readonly Balance[]> {
  const { asOfMs } = filter;
  const conditions = [
    ...accountConditions(filter),
    ...scopeConditions(filter.scope),
    ...(asOfMs === undefined ? [] : [Prisma.sql`t.created_at < ${new Date(asOfMs)}::timestamptz`]),
  ];
  const rows = await db.$queryRaw<Row[]>`
    SELECT p.account, p.currency,
      coalesce(sum(p.amount_minor) FILTER (WHERE p.amount_minor > 0), 0)::text AS debit,
      coalesce(-sum(p.amount_minor) FILTER (WHERE p.amount_minor < 0), 0)::text AS credit
    FROM ledger_posting p JOIN ledger_transaction t ON t.id = p.transaction_id
    ${where(conditions)}
    GROUP BY p.account, p.currency`;
  return rows
    .map(({ account, currency, debit, credit }) => ({
      account,
      currency,
      debitMinor: BigInt(debit),
      creditMinor: BigInt(credit),
    }))
    .sort((a, b) => compare(a.account, b.account) || compare(a.currency, b.currency));
}

function accountConditions({ accounts, prefix, currency }: BalanceFilter): Prisma.Sql[] {
  return [
    ...(accounts === undefined ? [] : [Prisma.sql`p.account = ANY(${[...accounts]}::text[])`]),
    ...(prefix === undefined ? [] : [prefixCondition(prefix)]),
    ...(currency === undefined ? [] : [Prisma.sql`p.currency = ${currency}`]),
  ];
}

/** Must say what beginsWith of the chart says. */
function prefixCondition(prefix: string): Prisma.Sql {
  if (parseAccount(prefix) !== undefined) return Prisma.sql`p.account = ${prefix}`;
  return Prisma.sql`starts_with(p.account, ${prefix.endsWith('/') ? prefix : `${prefix}/`})`;
}

/** What stood in each account when a period began and when it ended, by one reading. */
export async function periodBalances(
  db: Db,
  scope: Required<LedgerScope>,
  { fromMs, untilMs }: Period,
): Promise<readonly PeriodBalance[]> {
  const rows = await db.$queryRaw<
    {
      readonly account: string;
      readonly currency: string;
      readonly opening: string;
      readonly closing: string;
    }[]
  >`
    SELECT p.account, p.currency, sum(p.amount_minor)::text AS closing,
      coalesce(sum(p.amount_minor) FILTER (WHERE t.created_at < ${new Date(fromMs)}::timestamptz), 0)::text AS opening
    FROM ledger_transaction t JOIN ledger_posting p ON p.transaction_id = t.id
    ${where([...scopeConditions(scope), Prisma.sql`t.created_at < ${new Date(untilMs)}::timestamptz`])}
    GROUP BY p.account, p.currency`;
  return rows.map(({ account, currency, opening, closing }) => ({
    account,
    currency,
    openingMinor: BigInt(opening),
    closingMinor: BigInt(closing),
  }));
}
