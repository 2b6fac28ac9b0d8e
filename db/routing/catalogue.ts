import type { Catalogue } from '../../domain/routing/catalogue/index.ts';
import { type Db, poolOf } from '../client.ts';
import { Prisma } from '../generated/client.ts';
import { execute, query } from '../sql.ts';

/** Kept under its own hash, so whoever comes second writes nothing. Payments name it in their inputs. */
export async function storeCatalogue(db: Db, id: string, document: Catalogue): Promise<void> {
  await execute(
    poolOf(db),
    Prisma.sql`
    INSERT INTO routing_catalogue (id, document) VALUES (${id}, ${JSON.stringify(document)}::jsonb)
    ON CONFLICT (id) DO NOTHING`,
  );
}

export async function readCatalogue(db: Db, id: string): Promise<Catalogue | undefined> {
  const rows = await query<{ document: Catalogue }>(
    poolOf(db),
    Prisma.sql`SELECT document FROM routing_catalogue WHERE id = ${id}`,
  );
  return rows[0]?.document;
}
