import type { Mode } from '../../domain/ids.ts';
import { type Db, poolOf } from '../client.ts';
import { Prisma } from '../generated/client.ts';
import { query } from '../sql.ts';

/**
 * Which merchants' routing has changed. Every write that a decision rests on leaves a row, by triggers, with the number
 * of its transaction. Numbers are given out before commits are seen, so a reader goes on from the oldest one
 * that was still under way at its last look, and remembers what it was told of since then.
 */
export interface RoutingCursor {
  /** The oldest transaction that was not over yet. */
  readonly from: string;
  /** What was told of already, of that and later ones. */
  readonly told: ReadonlySet<string>;
}

export interface ChangedMerchant {
  /** `*`: the platform's, so everybody's. */
  readonly merchantId: string;
  readonly mode: Mode;
}

interface Row {
  readonly merchant_id: string | null;
  readonly mode: Mode;
  readonly changed_in: string;
  readonly horizon: string;
}

/** Without a cursor nothing has changed yet: it begins now. */
export async function routingChanges(
  db: Db,
  cursor: RoutingCursor | undefined,
): Promise<{ readonly cursor: RoutingCursor; readonly changed: readonly ChangedMerchant[] }> {
  const rows = await query<Row>(
    poolOf(db),
    Prisma.sql`
    SELECT c.merchant_id, c.mode, c.changed_in, pg_snapshot_xmin(pg_current_snapshot())::text AS horizon
    FROM (SELECT 1) one LEFT JOIN routing_change c ON c.changed_in >= ${cursor?.from ?? LAST}::bigint`,
  );
  const horizon = rows[0]?.horizon ?? cursor?.from ?? LAST;
  const seen = rows.flatMap((row) => (row.merchant_id === null ? [] : [{ ...row, whose: row.merchant_id }]));
  const nameOf = ({ whose, mode, changed_in: at }: (typeof seen)[number]) => `${at} ${mode} ${whose}`;
  return {
    cursor: { from: horizon, told: new Set(seen.filter(isStillPast(horizon)).map(nameOf)) },
    changed: seen
      .filter((row) => cursor !== undefined && !cursor.told.has(nameOf(row)))
      .map(({ whose, mode }) => ({ merchantId: whose, mode })),
  };
}

/** No transaction has this number. */
const LAST = '9223372036854775807';

/** Only what the next look will see again has to be remembered. */
function isStillPast(horizon: string): (row: { readonly changed_in: string }) => boolean {
  const from = BigInt(horizon);
  return ({ changed_in: at }) => BigInt(at) >= from;
}
