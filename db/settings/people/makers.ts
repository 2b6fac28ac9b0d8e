import type { Makers } from '../../../domain/access/two-people.ts';
import { Prisma } from '../../generated/client.ts';
import type { Transaction } from '../../requests/once.ts';

/** Who made these actors, and who made those: as far as keys that somebody made are among them. */
export async function makersOf(tx: Transaction, actors: readonly (string | undefined)[]): Promise<Makers> {
  const keys = actors.filter((actor) => actor?.startsWith('key:'));
  if (keys.length === 0) return new Map();
  const rows = await tx.$queryRaw<{ actor: string; maker: string }[]>(Prisma.sql`
    WITH RECURSIVE made AS (
      SELECT 'key:' || k.id AS actor, k.created_by AS maker FROM api_key k
      WHERE k.id IN (SELECT substr(a, length('key:') + 1) FROM unnest(${keys}::text[]) a)
      UNION
      SELECT made.maker, k.created_by FROM made
      JOIN api_key k ON made.maker LIKE 'key:%' AND k.id = substr(made.maker, length('key:') + 1)
    )
    SELECT actor, maker FROM made WHERE maker IS NOT NULL`);
  return new Map(rows.map(({ actor, maker }) => [actor, maker]));
}
