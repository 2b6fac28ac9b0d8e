import { isRefundId } from '../domain/ids.ts';
import type { Db } from './client.ts';
import { Prisma } from './generated/client.ts';

/**
 * Generations of an owner, payment or refund: one statement moves to the next and re-stamps its unresolved
 * operations, so that whatever of the older generation still runs can claim no permit and write no row.
 */
export async function currentGeneration(db: Db, ownerId: string): Promise<number | undefined> {
  return (await standing(db, ownerId))?.generation;
}

/** The sequence number of the owner's last recorded step. */
export async function currentSequence(db: Db, ownerId: string): Promise<number | undefined> {
  return (await standing(db, ownerId))?.sequence;
}

function standing(db: Db, ownerId: string) {
  const where = { id: ownerId };
  const select = { generation: true, sequence: true } as const;
  return isRefundId(ownerId)
    ? db.refund.findUnique({ where, select })
    : db.payment.findUnique({ where, select });
}

/** Compare-and-set from `from` to the next. Answers false where somebody else has already moved on. */
export async function bumpGeneration(db: Db, ownerId: string, from: number): Promise<boolean> {
  const table = isRefundId(ownerId) ? Prisma.sql`refund` : Prisma.sql`payment`;
  const rows = await db.$queryRaw<{ bumped: boolean }[]>(Prisma.sql`
    WITH bumped AS (
      UPDATE ${table} SET generation = ${from + 1}::int, updated_at = clock_timestamp()
      WHERE id = ${ownerId} AND generation = ${from}::int RETURNING id),
    stamped AS (
      UPDATE operation SET generation = ${from + 1}::int FROM bumped
      WHERE operation.owner_id = bumped.id AND operation.closed_at IS NULL)
    SELECT count(*) > 0 AS bumped FROM bumped`);
  return rows[0]?.bumped === true;
}
