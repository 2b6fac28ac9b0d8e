import type { Mode } from '../../domain/ids.ts';
import { type BacktestResult, type Tally, tallySchema } from '../../domain/routing/backtest/index.ts';
import { type PolicyDocument, policyDocumentSchema } from '../../domain/routing/policy/index.ts';
import { type Db, poolOf } from '../client.ts';
import { Prisma } from '../generated/client.ts';
import { execute, query } from '../sql.ts';
import { MOST_COUNTED, type PastCursor, type PastWindow } from './past.ts';

export type BacktestStatus = 'running' | 'completed' | 'failed' | 'canceled';

export interface Backtest extends PastWindow {
  readonly id: string;
  readonly policyVersion?: number;
  readonly status: BacktestStatus;
  /** As counted at the start, or as read where that is more. */
  readonly total: number;
  /** The counting stopped at its bound, and not all is read: how many there are nobody knows. */
  readonly isTotalAtLeast: boolean;
  readonly read: number;
  readonly result?: BacktestResult;
  readonly failure?: string;
  readonly actor: string;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly endedAtMs?: number;
}

interface Row {
  readonly id: string;
  readonly merchant_id: string;
  readonly mode: Mode;
  readonly policy_version: number | null;
  readonly platform_version: number;
  readonly from_at: Date;
  readonly to_at: Date;
  readonly status: BacktestStatus;
  readonly total: string;
  readonly read: string;
  readonly result: BacktestResult | null;
  readonly failure: string | null;
  readonly actor: string;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly ended_at: Date | null;
}

/** All that is shown; the document and the tally are the worker's. */
const SHOWN = Prisma.sql`id, merchant_id, mode, policy_version, platform_version, from_at, to_at, status, total, read,
  result, failure, actor, created_at, updated_at, ended_at`;

function toBacktest(row: Row): Backtest {
  const [counted, read] = [Number(row.total), Number(row.read)];
  const isAllRead = row.status === 'completed';
  return {
    id: row.id,
    merchantId: row.merchant_id,
    mode: row.mode,
    ...(row.policy_version === null ? {} : { policyVersion: row.policy_version }),
    fromMs: row.from_at.getTime(),
    toMs: row.to_at.getTime(),
    status: row.status,
    total: isAllRead ? read : Math.max(counted, read),
    isTotalAtLeast: !isAllRead && counted >= MOST_COUNTED,
    read,
    ...(row.result === null ? {} : { result: row.result }),
    ...(row.failure === null ? {} : { failure: row.failure }),
    actor: row.actor,
    createdAtMs: row.created_at.getTime(),
    updatedAtMs: row.updated_at.getTime(),
    ...(row.ended_at === null ? {} : { endedAtMs: row.ended_at.getTime() }),
  };
}

export async function findBacktest(db: Db, id: string): Promise<Backtest | undefined> {
  const [row] = await query<Row>(
    poolOf(db),
    Prisma.sql`SELECT ${SHOWN} FROM routing_backtest WHERE id = ${id}`,
  );
  return row === undefined ? undefined : toBacktest(row);
}

/** Newest first. */
export async function listBacktests(
  db: Db,
  { merchantId, mode }: Pick<PastWindow, 'merchantId' | 'mode'>,
  { limit, startingAfter }: { readonly limit: number; readonly startingAfter?: string },
): Promise<readonly Backtest[]> {
  const after =
    startingAfter === undefined
      ? Prisma.empty
      : Prisma.sql`AND (created_at, id) < (SELECT created_at, id FROM routing_backtest
          WHERE id = ${startingAfter} AND merchant_id = ${merchantId} AND mode = ${mode})`;
  const rows = await query<Row>(
    poolOf(db),
    Prisma.sql`SELECT ${SHOWN} FROM routing_backtest WHERE merchant_id = ${merchantId} AND mode = ${mode} ${after}
      ORDER BY created_at DESC, id DESC LIMIT ${limit}`,
  );
  return rows.map(toBacktest);
}

/** What a worker goes on with. */
export interface BacktestWork {
  readonly backtest: Backtest;
  readonly document: PolicyDocument;
  readonly platformVersion: number;
  readonly cursor?: PastCursor;
  readonly tally?: Tally;
}

export async function readBacktestWork(db: Db, id: string): Promise<BacktestWork | undefined> {
  const [row] = await query<Row & { document: unknown; cursor: PastCursor | null; tally: unknown }>(
    poolOf(db),
    Prisma.sql`SELECT ${SHOWN}, document, cursor, tally FROM routing_backtest WHERE id = ${id}`,
  );
  if (row === undefined) return undefined;
  return {
    backtest: toBacktest(row),
    document: policyDocumentSchema.parse(row.document),
    platformVersion: row.platform_version,
    ...(row.cursor === null ? {} : { cursor: row.cursor }),
    ...(row.tally === null ? {} : { tally: tallySchema.parse(row.tally) }),
  };
}

/**
 * Keeps how far it is and what was counted, together. False: it was canceled, or somebody else has read on from the
 * same place (a worker that was taken for dead), and what this one counted is nobody's.
 */
export async function keepProgress(
  db: Db,
  id: string,
  from: number,
  progress: { readonly read: number; readonly cursor: PastCursor; readonly tally: Tally },
): Promise<boolean> {
  const touched = await execute(
    poolOf(db),
    Prisma.sql`UPDATE routing_backtest SET read = ${progress.read}, cursor = ${JSON.stringify(progress.cursor)}::jsonb,
        tally = ${JSON.stringify(progress.tally)}::jsonb, updated_at = clock_timestamp()
      WHERE id = ${id} AND status = 'running' AND read = ${from}`,
  );
  return touched === 1;
}

export async function completeBacktest(
  db: Db,
  id: string,
  read: number,
  result: BacktestResult,
): Promise<void> {
  await end(
    db,
    id,
    Prisma.sql`status = 'completed', result = ${JSON.stringify(result)}::jsonb`,
    Prisma.sql`AND read = ${read}`,
  );
}

/** A failure is ours, in words that may be shown. */
export async function failBacktest(db: Db, id: string, failure: string): Promise<void> {
  await end(db, id, Prisma.sql`status = 'failed', failure = ${failure}`);
}

/** False where it had ended before. Its worker notices at its next page. */
export async function cancelBacktest(db: Db, id: string): Promise<boolean> {
  return (await end(db, id, Prisma.sql`status = 'canceled'`)) === 1;
}

function end(db: Db, id: string, set: Prisma.Sql, where = Prisma.empty): Promise<number> {
  return execute(
    poolOf(db),
    Prisma.sql`UPDATE routing_backtest SET ${set}, ended_at = clock_timestamp(), updated_at = clock_timestamp()
      WHERE id = ${id} AND status = 'running' ${where}`,
  );
}

/** Running, and nobody has touched it for a while: whoever started it may have died before its workflow began. */
export async function quietBacktests(
  db: Db,
  quietMs: number,
): Promise<readonly { readonly id: string; readonly merchantId: string }[]> {
  return query<{ id: string; merchantId: string }>(
    poolOf(db),
    Prisma.sql`SELECT id, merchant_id AS "merchantId" FROM routing_backtest
      WHERE status = 'running' AND updated_at < clock_timestamp() - ${quietMs} * interval '1 millisecond' ORDER BY id`,
  );
}
