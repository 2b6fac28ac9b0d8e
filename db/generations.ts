import type { Db } from './client.ts';
import { Prisma } from './generated/client.ts';

/**
 * Generations of a payment: one transaction moves to the next and re-stamps its unresolved operations, so
 * that whatever of the older generation still runs can claim no permit and write no row.
 */
export async function currentGeneration(db: Db, paymentId: string): Promise<number | undefined> {
  const row = await db.payment.findUnique({ where: { id: paymentId }, select: { generation: true } });
  return row?.generation;
}

/** Compare-and-set from `from` to the next. Answers false where somebody else has already moved on. */
export async function bumpGeneration(db: Db, paymentId: string, from: number): Promise<boolean> {
  const rows = await db.$queryRaw<{ bumped: boolean }[]>(Prisma.sql`
    WITH bumped AS (
      UPDATE payment SET generation = ${from + 1}::int, updated_at = clock_timestamp()
      WHERE id = ${paymentId} AND generation = ${from}::int RETURNING id),
    stamped AS (
      UPDATE operation SET generation = ${from + 1}::int FROM bumped
      WHERE operation.payment_id = bumped.id AND operation.closed_at IS NULL)
    SELECT count(*) > 0 AS bumped FROM bumped`);
  return rows[0]?.bumped === true;
}
