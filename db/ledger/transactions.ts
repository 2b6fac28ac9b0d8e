import type { PostedTransaction } from '../../domain/ledger/entry.ts';
import type { Period } from '../../domain/ledger/period.ts';
import type { Db } from '../client.ts';
import { Prisma } from '../generated/client.ts';
import { type LedgerScope, scopeConditions, where } from './scope.ts';

interface Row {
  readonly id: string;
  readonly kind: string;
  readonly createdAt: Date;
  readonly ownerId: string;
  readonly paymentId: string | null;
  readonly description: string | null;
  readonly postings: readonly {
    readonly account: string;
    readonly currency: string;
    readonly amount: string;
  }[];
}

/** Undefined: there is none in that scope, whoever's it may be. */
export async function findTransaction(
  db: Db,
  scope: LedgerScope,
  id: string,
): Promise<PostedTransaction | undefined> {
  const [found] = await select(db, [Prisma.sql`t.id = ${id}`, ...scopeConditions(scope)], 1);
  return found;
}

/** A bounded number at a time, however long the period. */
const PAGE = 500;

/**
 * What was posted in a period, oldest first, in pages. Of a settled period every reading is the same, whatever language the
 * database sorts by, which a restored or upgraded server may change.
 */
export async function* transactionsIn(
  db: Db,
  scope: Required<LedgerScope>,
  { fromMs, untilMs }: Period,
  page = PAGE,
): AsyncGenerator<readonly PostedTransaction[]> {
  const conditions = [
    ...scopeConditions(scope),
    Prisma.sql`t.created_at >= ${new Date(fromMs)}::timestamptz`,
    Prisma.sql`t.created_at < ${new Date(untilMs)}::timestamptz`,
  ];
  let after: readonly Prisma.Sql[] = [];
  for (;;) {
    const found = await select(db, [...conditions, ...after], page);
    const last = found.at(-1);
    if (last === undefined) return;
    yield found;
    if (found.length < page) return;
    const lastAt = new Date(last.postedAtMs);
    after = [Prisma.sql`(t.created_at, t.id COLLATE "C") > (${lastAt}::timestamptz, ${last.id})`];
  }
}

async function select(
  db: Db,
  conditions: readonly Prisma.Sql[],
  limit: number,
): Promise<PostedTransaction[]> {
  const rows = await db.$queryRaw<Row[]>`
    SELECT t.id, t.kind, t.created_at AS "createdAt", t.owner_id AS "ownerId", t.payment_id AS "paymentId", t.description,
      (SELECT coalesce(jsonb_agg(jsonb_build_object('account', p.account, 'currency', p.currency,
          'amount', p.amount_minor::text) ORDER BY p.id), '[]')
        FROM ledger_posting p WHERE p.transaction_id = t.id) AS postings
    FROM ledger_transaction t
    ${where(conditions)}
    ORDER BY t.created_at, t.id COLLATE "C" LIMIT ${limit}`;
  return rows.map(transactionOf);
}

/** Owners are known by their ids' beginnings: a look into other tables might say another thing next year. */
function transactionOf(row: Row): PostedTransaction {
  const { id, kind, createdAt, ownerId, paymentId, description, postings } = row;
  return {
    id,
    kind,
    postedAtMs: createdAt.getTime(),
    belongsTo: {
      ownerId,
      ...(paymentId === null ? {} : { paymentId }),
      // A payment's postings are its own, one of its refunds', or those of a case about it.
      ...(paymentId !== null && ownerId.startsWith('ref_') ? { refundId: ownerId } : {}),
      ...(paymentId === null && ownerId.startsWith('sf_') ? { settlementFileId: ownerId } : {}),
    },
    ...(description === null ? {} : { description }),
    postings: postings.map(({ account, currency, amount }, index) => ({
      id: `${id}_${index + 1}`,
      account,
      currency,
      amountMinor: BigInt(amount),
    })),
  };
}
