import type pg from 'pg';
import { LEVELS, type Level } from '../../domain/figures/dimensions.ts';
import { type Grain, startOf } from '../../domain/figures/periods.ts';
import { type Connection, execute, query, transaction } from '../sql.ts';
import { distinct, type Place, storeHours, storeLevel, storeLonger } from './cells.ts';
import { attemptFacts, paymentFacts, type Unit } from './facts.ts';
import { type Statement, sql } from './sql.ts';

/** However much there is to compute, nobody gives up on it. */
const FOR_EVER = { timeoutMs: 0 };

/**
 * Notes which hours have changed since the last look. Every step of a payment and of a refund leaves an audit row, and
 * every file that is booked a transaction of the ledger: both say which transaction of the database wrote them. What was
 * written by one that was still running at the last look is found now, whoever committed first; some is read twice.
 */
export async function noteChanges(pool: pg.Pool): Promise<void> {
  await alone(pool, async (client) => {
    const [standing] = await query<{ cursor: string; horizon: string }>(
      client,
      sql`SELECT cursor, pg_snapshot_xmin(pg_current_snapshot())::text AS horizon FROM rollup_standing`,
    );
    if (standing === undefined) throw new Error('rollup_standing has lost its row');
    // A database that was restored elsewhere counts its transactions anew: then nothing is known to be computed.
    const cursor = BigInt(standing.cursor) > BigInt(standing.horizon) ? '0' : standing.cursor;
    const changed = cursor === '0' ? everything : changedSince(cursor);
    await execute(
      client,
      sql`INSERT INTO rollup_dirty (merchant_id, mode, hour)
        SELECT DISTINCT p.merchant_id, p.mode, date_trunc('hour', p.created_at, 'UTC') FROM ${changed} ON CONFLICT DO NOTHING`,
      FOR_EVER,
    );
    await execute(
      client,
      sql`UPDATE rollup_standing SET cursor = ${standing.horizon}::bigint, looked_at = now(),
        complete_until = CASE WHEN EXISTS (SELECT FROM rollup_dirty) THEN complete_until ELSE now() END`,
    );
  });
}

const everything = sql`payment p`;

function changedSince(cursor: string): Statement {
  return sql`(
    SELECT a.payment_id FROM audit a WHERE a.written_in >= ${cursor}::bigint
    UNION
    SELECT k.payment_id FROM ledger_transaction l JOIN settlement_row r ON r.file_id = l.owner_id
      JOIN booking k ON k.number = r.booking_number
    WHERE l.posted_in >= ${cursor}::bigint AND l.payment_id IS NULL) changed JOIN payment p ON p.id = changed.payment_id`;
}

export interface Computed {
  /** Hours of merchants that were computed anew. */
  readonly hours: number;
  /** Whether there are more. */
  readonly more: boolean;
}

/** So many hours of merchants at most in one transaction. */
const HOURS_AT_ONCE = 300;

/**
 * Computes the latest week that has changed: its hours from the payments themselves, then all that contains them. One
 * transaction, so whoever reads sees them before or after; one at a time, so that no two replace the same cells.
 */
export async function computeNext(pool: pg.Pool): Promise<Computed> {
  return alone(pool, async (client) => {
    const units = await takeHours(client);
    if (units.length > 0) await computeHours(client, units);
    const [after] = await query<{ more: boolean }>(
      client,
      sql`UPDATE rollup_standing SET hours_computed = hours_computed + ${units.length}::int,
        complete_until = CASE WHEN EXISTS (SELECT FROM rollup_dirty) THEN complete_until
          ELSE greatest(complete_until, looked_at) END
        RETURNING EXISTS (SELECT FROM rollup_dirty) AS more`,
    );
    return { hours: units.length, more: after?.more ?? false };
  });
}

async function takeHours(client: Connection): Promise<readonly Unit[]> {
  const rows = await query<{ merchant_id: string; mode: string; hour: Date }>(
    client,
    sql`DELETE FROM rollup_dirty d USING (
        SELECT merchant_id, mode, hour FROM rollup_dirty
        WHERE hour >= (SELECT date_trunc('week', max(hour), 'UTC') FROM rollup_dirty) ORDER BY hour DESC LIMIT ${HOURS_AT_ONCE}::int) t
      WHERE (d.hour, d.merchant_id, d.mode) = (t.hour, t.merchant_id, t.mode) RETURNING d.*`,
  );
  return rows.map(({ merchant_id, mode, hour }) => ({ merchantId: merchant_id, mode, hour }));
}

async function computeHours(client: Connection, units: readonly Unit[]): Promise<void> {
  // By key, whatever the planner guesses of hours that it cannot know: else it reads all payments there are.
  await execute(client, sql`SET LOCAL enable_hashjoin = off`);
  await execute(client, sql`SET LOCAL enable_mergejoin = off`);
  await execute(client, sql`SET LOCAL jit = off`);
  await execute(client, paymentFacts(units), FOR_EVER);
  await execute(client, attemptFacts, FOR_EVER);
  await execute(client, sql`SET LOCAL enable_hashjoin = on`);
  await execute(client, sql`SET LOCAL enable_mergejoin = on`);
  const hours = units.map(({ hour, ...whose }) => ({ ...whose, bucket: hour }));
  const days = within('day', hours);
  const weeks = within('week', days);
  await storeHours(client, hours);
  await storeLonger(client, 'day', 'hour', days);
  await storeLonger(client, 'week', 'day', weeks);
  for (const level of Object.keys(LEVELS) as Level[]) {
    if (level === 'full') continue;
    await storeLevel(client, level, 'hour', hours);
    await storeLevel(client, level, 'day', days);
    await storeLevel(client, level, 'week', weeks);
  }
}

function within(grain: Grain, places: readonly Place[]): readonly Place[] {
  return distinct(
    places.map(({ bucket, ...whose }) => ({ ...whose, bucket: new Date(startOf(grain, bucket.getTime())) })),
  );
}

/** In a transaction during which nobody else notes or computes: a second one waits for its turn. */
function alone<T>(pool: pg.Pool, work: (client: pg.ClientBase) => Promise<T>): Promise<T> {
  return transaction(pool, async (client) => {
    await query(client, sql`SELECT pg_advisory_xact_lock(hashtextextended('interlock.rollup', 0))`, FOR_EVER);
    return work(client);
  });
}
