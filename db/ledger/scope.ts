import type { Mode } from '../../domain/ids.ts';
import { accountsOf } from '../../domain/ledger/chart.ts';
import type { Db } from '../client.ts';
import { Prisma } from '../generated/client.ts';

/** Whose books are read; what is absent is everybody's. Merchants' readers give both. */
export interface LedgerScope {
  readonly merchantId?: string;
  readonly mode?: Mode;
}

/** Of `t`, the transaction: it says whose its postings are, also where test and live share an account. */
export function scopeConditions({ merchantId, mode }: LedgerScope): Prisma.Sql[] {
  return [
    ...(merchantId === undefined ? [] : [Prisma.sql`t.merchant_id = ${merchantId}`]),
    ...(mode === undefined ? [] : [Prisma.sql`t.mode = ${mode}`]),
  ];
}

export function where(conditions: readonly Prisma.Sql[]): Prisma.Sql {
  return conditions.length === 0 ? Prisma.empty : Prisma.sql`WHERE ${Prisma.join([...conditions], ' AND ')}`;
}

/** Every account that a merchant may have in a mode, whether or not something is posted there. */
export async function chartOf(
  db: Db,
  { merchantId, mode }: Required<LedgerScope>,
): Promise<readonly string[]> {
  const held = await db.providerAccount.findMany({
    where: { merchantId, mode },
    select: { id: true },
    orderBy: { id: 'asc' },
  });
  return accountsOf(
    merchantId,
    held.map(({ id }) => id),
  );
}
