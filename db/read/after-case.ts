import type { Db } from '../client.ts';
import { Prisma } from '../generated/client.ts';

/** Of a list of cases, `exception x`, oldest first: what comes after this one. Undefined where there is no such case. */
export async function afterCase(db: Db, caseId: string): Promise<Prisma.Sql | undefined> {
  const cursor = await db.exception.findUnique({ where: { id: caseId }, select: { openedAt: true } });
  if (cursor === null) return undefined;
  return Prisma.sql`(x.opened_at, x.id) > (${cursor.openedAt}::timestamptz, ${caseId})`;
}
