import type { Mode } from '../../domain/ids.ts';
import type { PastPayment } from '../../domain/routing/backtest/index.ts';
import type { Requirement, RoutingInputs } from '../../domain/routing/decision.ts';
import { type Db, poolOf } from '../client.ts';
import { Prisma } from '../generated/client.ts';
import { query } from '../sql.ts';

/** The window of a merchant's payments that is looked at: from, and before. */
export interface PastWindow {
  readonly merchantId: string;
  readonly mode: Mode;
  readonly fromMs: number;
  readonly toMs: number;
}

/** The last payment read; the next page begins behind it. */
export interface PastCursor {
  readonly createdAtMs: number;
  readonly id: string;
}

export type PastRow = PastPayment & {
  readonly createdAtMs: number;
  readonly requirements: readonly Requirement[];
};

interface Row {
  readonly id: string;
  readonly created_at: Date;
  readonly format: string | null;
  readonly inputs: RoutingInputs | null;
  readonly requirements: readonly Requirement[] | null;
  readonly account_id: string | null;
  readonly approved: boolean | null;
  readonly declined: boolean | null;
}

const PAGE_TIMEOUT_MS = 60_000;
const COUNT_TIMEOUT_MS = 10_000;

/**
 * One page, oldest first, by the index that payments are listed by. Only what is evaluated travels: a stored
 * explanation is several times as long as its inputs.
 */
export async function pastPayments(
  db: Db,
  { merchantId, mode, fromMs, toMs }: PastWindow,
  after: PastCursor | undefined,
  limit: number,
): Promise<readonly PastRow[]> {
  const behind =
    after === undefined
      ? Prisma.empty
      : Prisma.sql`AND (p.created_at, p.id) > (${new Date(after.createdAtMs)}, ${after.id})`;
  const rows = await query<Row>(
    poolOf(db),
    Prisma.sql`
    SELECT p.id, p.created_at, e.document->>'format' AS format, e.document->'inputs' AS inputs,
      e.document->'requirements' AS requirements, a.account_id, a.decline IS NOT NULL AS declined,
      (a.status IN ('authorized', 'captured', 'refunded', 'expired')
        OR (a.status = 'voided' AND a.authorized_minor > 0)) AS approved
    FROM payment p
    LEFT JOIN route_explanation e ON e.payment_id = p.id
    LEFT JOIN attempt a ON a.payment_id = p.id AND a.number = 1
    WHERE p.merchant_id = ${merchantId} AND p.mode = ${mode} AND p.created_at >= ${new Date(fromMs)}
      AND p.created_at < ${new Date(toMs)} ${behind}
    ORDER BY p.created_at, p.id LIMIT ${limit}`,
    { timeoutMs: PAGE_TIMEOUT_MS },
  );
  return rows.map((row) => ({
    id: row.id,
    createdAtMs: row.created_at.getTime(),
    ...(row.format === '2' && row.inputs !== null ? { inputs: row.inputs } : {}),
    ...(row.account_id === null ? {} : { accountId: row.account_id }),
    requirements: row.requirements ?? [],
    outcome: row.declined === true ? 'declined' : row.approved === true ? 'approved' : 'open',
  }));
}

/** Whoever starts a back-test waits for the count: there may be more than this, and the progress says `at least`. */
export const MOST_COUNTED = 100_000;

/** How many there are to read, for the progress; counted up to a bound. */
export async function countPast(db: Db, { merchantId, mode, fromMs, toMs }: PastWindow): Promise<number> {
  const [row] = await query<{ total: string }>(
    poolOf(db),
    Prisma.sql`SELECT count(*) AS total FROM (
      SELECT 1 FROM payment WHERE merchant_id = ${merchantId} AND mode = ${mode}
        AND created_at >= ${new Date(fromMs)} AND created_at < ${new Date(toMs)} LIMIT ${MOST_COUNTED}) AS counted`,
    { timeoutMs: COUNT_TIMEOUT_MS },
  );
  return Number(row?.total ?? 0);
}
