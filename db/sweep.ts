import { FINAL_STATUSES } from '../domain/payment/states.ts';
import { RESTING_STATUSES } from '../domain/refund/states.ts';
import type { Db } from './client.ts';
import { Prisma } from './generated/client.ts';

/** What the sweeper looks at: payments and refunds that are not finished and have not moved for a while. */
export interface RestingOwner {
  readonly ownerId: string;
  readonly generation: number;
  /** Something of it should be moving: an operation is open, or it waits for neither merchant, person nor its next try. */
  readonly underWay: boolean;
}

/**
 * Payments and refunds whose status is not terminal, or that have an operation still open, untouched for `idleMs`. In
 * pages by id, so that one sweep sees each of them once however many there are.
 */
export async function restingOwners(
  db: Db,
  idleMs: number,
  afterId: string,
  limit: number,
): Promise<readonly RestingOwner[]> {
  return db.$queryRaw<RestingOwner[]>(Prisma.sql`
    SELECT w.id AS "ownerId", w.generation, w.moving
      OR EXISTS (SELECT 1 FROM operation o WHERE o.owner_id = w.id AND o.closed_at IS NULL) AS "underWay" FROM (
      SELECT id, generation, updated_at, status = 'processing'
        AND (next_retry_at IS NULL OR next_retry_at < clock_timestamp() - ${idleMs} * interval '1 millisecond') AS moving, status NOT IN (${Prisma.join(FINAL_STATUSES)}) AS unfinished FROM payment
      UNION ALL
      SELECT id, generation, updated_at, status = 'pending', status NOT IN (${Prisma.join(RESTING_STATUSES)}) FROM refund) w
    WHERE w.id > ${afterId} AND w.updated_at < clock_timestamp() - ${idleMs} * interval '1 millisecond'
      AND (w.unfinished OR EXISTS (SELECT 1 FROM operation o WHERE o.owner_id = w.id AND o.closed_at IS NULL))
    ORDER BY w.id LIMIT ${limit}::int`);
}

/** Of these payments and refunds those that are finished, with nothing open, and have not moved for `idleMs`. */
export async function finishedAmong(
  db: Db,
  ownerIds: readonly string[],
  idleMs: number,
): Promise<readonly string[]> {
  const rows = await db.$queryRaw<{ id: string }[]>(Prisma.sql`
    SELECT w.id FROM (
      SELECT id, updated_at FROM payment WHERE status IN (${Prisma.join(FINAL_STATUSES)}) AND id = ANY(${ownerIds}::text[])
      UNION ALL
      SELECT id, updated_at FROM refund WHERE status IN (${Prisma.join(RESTING_STATUSES)}) AND id = ANY(${ownerIds}::text[])) w
    WHERE w.updated_at < clock_timestamp() - ${idleMs} * interval '1 millisecond'
      AND NOT EXISTS (SELECT 1 FROM operation o WHERE o.owner_id = w.id AND o.closed_at IS NULL)`);
  return rows.map(({ id }) => id);
}

/**
 * A workflow that doesn't go on is a fault of the platform's, so a person hears of it even when it is replaced: with the
 * cause that Temporal gives for its failed task, e.g. `NON_DETERMINISTIC_ERROR`.
 */
export async function openStuckException(
  db: Db,
  ownerId: string,
  generation: number,
  cause = 'of unknown cause',
): Promise<void> {
  const summary = `the workflow of generation ${generation} could not go on (${cause}); see its failed tasks in Temporal`;
  await db.exception.upsert({
    where: { kind_subjectId: { kind: 'workflow_stuck', subjectId: ownerId } },
    create: { id: `exc_workflow_stuck_${ownerId}`, kind: 'workflow_stuck', subjectId: ownerId, summary },
    update: { summary, closedAt: null },
  });
}

/** Shreds what may no longer exist: card verification codes and sealed parameters past their time. */
export async function shredExpired(db: Db): Promise<number> {
  const codes = await db.$executeRaw(Prisma.sql`
    UPDATE payment_method SET sealed_cvc = NULL, cvc_expires_at = NULL WHERE cvc_expires_at <= clock_timestamp()`);
  const parameters = await db.$executeRaw(Prisma.sql`
    UPDATE operation SET sealed_parameters = NULL
    WHERE sealed_parameters IS NOT NULL AND parameters_expire_at <= clock_timestamp()`);
  return codes + parameters;
}

/** One sweeper at a time across all workers: a lock that dies with its connection's transaction. */
export async function asOnlySweeper<T>(
  db: Db,
  sweep: () => Promise<T>,
  timeoutMs: number,
): Promise<T | undefined> {
  return db.$transaction(
    async (transaction) => {
      const rows = await transaction.$queryRaw<{ won: boolean }[]>(
        Prisma.sql`SELECT pg_try_advisory_xact_lock(hashtext('interlock.sweeper')) AS won`,
      );
      return rows[0]?.won === true ? sweep() : undefined;
    },
    { timeout: timeoutMs, maxWait: 5_000 },
  );
}
