import { type Db, poolOf } from '../client.ts';
import { Prisma } from '../generated/client.ts';
import { query } from '../sql.ts';

import type { CaseRow } from './row.ts';

/** A case whose workflow must be started or woken. */
export interface CaseToTell {
  readonly id: string;
  readonly kind: string;
  /** Somebody else closed its row: its workflow runs, and is to hear of it. */
  readonly closed: boolean;
  readonly merchantId?: string;
  readonly currency?: string;
}

export interface CasesFilter {
  readonly afterId: string;
  readonly limit: number;
  /** Also held ones, whose workflow may have been ended by hand. */
  readonly held: boolean;
}

/**
 * Open cases that no workflow has taken, and resolved ones that a workflow still holds: somebody else closed the row.
 * In pages by id.
 */
export async function casesToTell(
  db: Db,
  { afterId, limit, held }: CasesFilter,
): Promise<readonly CaseToTell[]> {
  // Each half has a partial index of its own.
  const which = held
    ? Prisma.sql`x.closed_at IS NULL AND x.case_started_at IS NOT NULL`
    : Prisma.sql`((x.closed_at IS NULL AND x.case_started_at IS NULL) OR (x.closed_at IS NOT NULL AND x.case_started_at IS NOT NULL))`;
  const rows = await query<Pick<CaseRow, 'id' | 'kind' | 'merchant_id' | 'currency' | 'closed_at'>>(
    poolOf(db),
    Prisma.sql`
    SELECT x.id, x.kind, x.merchant_id, x.currency, x.closed_at FROM exception x
    WHERE x.id > ${afterId} AND ${which} ORDER BY x.id LIMIT ${limit}::int`,
  );
  return rows.map((row) => ({
    id: row.id,
    kind: row.kind,
    closed: row.closed_at !== null,
    ...(row.merchant_id === null ? {} : { merchantId: row.merchant_id }),
    ...(row.currency === null ? {} : { currency: row.currency }),
  }));
}
