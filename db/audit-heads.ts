import type { AnchoredHead, ReadAnchor } from '../domain/audit/anchor.ts';
import type { Db } from './client.ts';
import { Prisma } from './generated/client.ts';
import type { ChainFinding } from './settings/admin/audit-chains.ts';
import { ADMIN_CHAIN } from './settings/people/index.ts';

/** The heads of the chains that moved since `since`, the administrators' among them, oldest first, and up to when they were read. */
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
      SELECT id, sequence, audit_head, updated_at FROM refund WHERE updated_at >= ${since}::timestamptz
      UNION ALL
      (SELECT ${ADMIN_CHAIN}, sequence, hash, at FROM admin_audit WHERE at >= ${since}::timestamptz
        ORDER BY sequence DESC LIMIT 1)) moved
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
    LEFT JOIN admin_audit o ON h."ownerId" = ${ADMIN_CHAIN} AND o.sequence = h.sequence
    WHERE COALESCE(a.hash, o.hash) IS DISTINCT FROM h.hash`);
}

const PAGE = 500;

/** Holds the chains against signed heads: what was anchored once must still stand there. `name` is the file's. */
export async function anchorFindings(
  db: Db,
  { heads: anchored, problems }: ReadAnchor,
  name: string,
): Promise<ChainFinding[]> {
  // A worker that starts again anchors the last moments again.
  const heads = [
    ...new Map(anchored.map((head) => [`${head.ownerId} ${head.sequence} ${head.hash}`, head])).values(),
  ];
  const disowned = [];
  for (let from = 0; from < heads.length; from += PAGE) {
    disowned.push(...(await disownedHeads(db, heads.slice(from, from + PAGE))));
  }
  return [
    ...problems.map((problem) => ({ owner: name, problem })),
    ...disowned.map(({ ownerId, sequence }) => ({
      owner: ownerId,
      problem: `step ${sequence} was anchored and is no longer there, or is another`,
    })),
  ];
}
