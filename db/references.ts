import type { Payment } from '../domain/payment/payment.ts';
import type { PaymentStatus } from '../domain/payment/states.ts';
import type { Db } from './client.ts';
import { Prisma } from './generated/client.ts';

/**
 * The guard against a second payment of one order, where the merchant wants one: while a payment that has the
 * `reference` is open or has succeeded, no other is planned with it. Postgres holds it: a unique index on what guarded
 * payments claim (migration 5), and a look at those that were planned before the guard was on.
 */
export const DEAD_STATUSES: readonly PaymentStatus[] = ['failed', 'canceled', 'expired'];

/** `claim`: a column's value, where the guard is on. `free`: a condition, whether the payment may be planned. */
export interface ReferenceParts {
  readonly claim: Prisma.Sql;
  readonly free: Prisma.Sql;
}

export function referenceParts({ id, merchantId, mode, reference, status }: Payment): ReferenceParts {
  if (reference === undefined || DEAD_STATUSES.includes(status))
    return { claim: Prisma.sql`NULL`, free: Prisma.sql`true` };
  const guarded = Prisma.sql`SELECT 1 FROM merchant m WHERE m.id = ${merchantId} AND m.duplicate_reference_guard`;
  return {
    claim: Prisma.sql`(SELECT ${reference} WHERE EXISTS (${guarded}))`,
    free: Prisma.sql`NOT (EXISTS (${guarded}) AND EXISTS (${holders({ id, merchantId, mode, reference })}))`,
  };
}

type Claim = Pick<Payment, 'id' | 'merchantId' | 'mode'> & { readonly reference: string };

function holders({ id, merchantId, mode, reference }: Claim): Prisma.Sql {
  return Prisma.sql`
    SELECT o.id FROM payment o WHERE o.merchant_id = ${merchantId} AND o.mode = ${mode} AND o.reference = ${reference}
      AND o.id <> ${id} AND o.status NOT IN (${Prisma.join([...DEAD_STATUSES])})`;
}

/** The other payment of the reference that is open or has succeeded. */
export async function referenceHolder(db: Db, claim: Claim): Promise<string | undefined> {
  const rows = await db.$queryRaw<{ id: string }[]>(
    Prisma.sql`${holders(claim)} ORDER BY o.created_at LIMIT 1`,
  );
  return rows[0]?.id;
}
