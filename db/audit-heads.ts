import type { AnchoredHead } from '../domain/audit/anchor.ts';
import type { Db } from './client.ts';
import { Prisma } from './generated/client.ts';

/** The heads of the chains that moved since `since`, oldest first, and up to when they were read. */
export async function headsMovedSince(
  db: Db,
  since: Date,
  limit: number,
): Promise<{ readonly heads: readonly AnchoredHead[]; readonly until: Date }> {
  const rows = await db.$queryRaw<
    { id: string; sequence: number; audit_head: string; updated_at: Date }[]
  >(Prisma.sql`
    SELECT id, sequence, audit_head, updated_at FROM (
      SELECT id, sequence, audit_head, updated_at FROM payment WHERE updated_at >= ${since}::timestamptz
      UNION ALL
      SELECT id, sequence, audit_head, updated_at FROM refund WHERE updated_at >= ${since}::timestamptz) moved
    ORDER BY updated_at, id LIMIT ${limit}::int`);
  return {
    heads: rows.map((row) => ({ ownerId: row.id, sequence: row.sequence, hash: row.audit_head })),
    until: rows.at(-1)?.updated_at ?? since,
  };
}

/** Which of the anchored heads the audit rows no longer agree with. */
export async function disownedHeads(
  db: Db,
  heads: readonly AnchoredHead[],
): Promise<readonly AnchoredHead[]> {
  return db.$queryRaw<AnchoredHead[]>(Prisma.sql`
    SELECT h."ownerId", h.sequence, h.hash
    FROM jsonb_to_recordset(${JSON.stringify(heads)}::jsonb) AS h("ownerId" text, sequence int, hash text)
    LEFT JOIN audit a ON a.owner_id = h."ownerId" AND a.sequence = h.sequence
    WHERE a.hash IS DISTINCT FROM h.hash`);
}
