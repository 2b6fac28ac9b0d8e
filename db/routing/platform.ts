import type { Mode } from '../../domain/ids.ts';
import { PLATFORM_DEFAULT } from '../../domain/routing/policy/platform.ts';
import { type Db, poolOf } from '../client.ts';
import { Prisma } from '../generated/client.ts';
import { query } from '../sql.ts';

/** The platform's own policies are kept under a merchant's id that no merchant can have. */
export const PLATFORM = '*';

/**
 * The platform's first document is the code's. It is written down at the first need of it, because payments name it:
 * a later release with another default doesn't change what was decided, nor what is, until an operator says so. Whoever needs it at
 * the same moment may meet the other's row by either of its unique indexes: as its first version, or as the active one.
 */
export async function ensurePlatform(db: Db, mode: Mode) {
  const source = JSON.stringify(PLATFORM_DEFAULT, null, 2);
  const [row] = await query<{ version: number; name: string }>(
    poolOf(db),
    Prisma.sql`
    WITH made AS (
      INSERT INTO routing_policy (merchant_id, mode, version, name, status, source, document, author, activated_at)
      VALUES (${PLATFORM}, ${mode}, 1, ${PLATFORM_DEFAULT.name}, 'active', ${source}, ${source}::jsonb, 'system', clock_timestamp())
      ON CONFLICT DO NOTHING RETURNING version
    )
    INSERT INTO routing_policy_event (merchant_id, mode, version, kind, to_status, actor, reason)
    SELECT ${PLATFORM}, ${mode}, version, 'saved', 'active', 'system', 'what the code begins with' FROM made
    RETURNING version`,
  );
  return { version: row?.version ?? 1, name: PLATFORM_DEFAULT.name, document: PLATFORM_DEFAULT };
}
