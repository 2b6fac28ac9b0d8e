import type pg from 'pg';
import { CHARGEBACK_EVENTS } from '../../domain/events/types.ts';
import { LEVELS, type Level } from '../../domain/figures/dimensions.ts';
import { type Grain, startOf } from '../../domain/figures/periods.ts';
import { type Connection, execute, query, transaction } from '../sql.ts';
import { distinct, type Place, storeHours, storeLevel, storeLonger } from './cells.ts';
import type { Unit } from './facts.ts';
import { type Statement, sql } from './sql.ts';

/** However much there is to compute, nobody gives up on it. */
const FOR_EVER = { timeoutMs: 0 };

/**
 * Which form of the figures this release computes. Who changes what a cell says of the same rows adds one: the first look
 * of the new release then has everything computed anew, and workers of older releases that are still there leave the figures
 * alone from then on. (Those from before forms find no column `looked_at` any more, so that none of their passes ends.)
 */
const FORM = 2;

/**
 * Notes which hours have changed since the last look. Every step of a payment and of a refund leaves an audit row, every
 * file that is booked a transaction of the ledger, and every chargeback, which reaches its payment later than that, an event:
 * all say which transaction of the database wrote them. What was written by one that was still running at the last look is
 * found now, whoever committed first; some is read twice.
 */
export async function noteChanges(pool: pg.Pool): Promise<void> {
  await alone(pool, async (client) => {
    const [standing] = await query<{ cursor: string; horizon: string; form: number }>(
      client,
      sql`SELECT cursor, form, pg_snapshot_xmin(pg_current_snapshot())::text AS horizon FROM rollup_standing`,
    );
    if (standing === undefined) throw new Error('rollup_standing has lost its row');
    if (standing.form > FORM) return;
    // A database that was restored elsewhere counts its transactions anew: then nothing is known to be computed.
    const isKnown = BigInt(standing.cursor) <= BigInt(standing.horizon) && standing.form >= FORM;
    const cursor = isKnown ? standing.cursor : '0';
    const changed = cursor === '0' ? everything : changedSince(cursor);
    await execute(
      client,
      // Found first and then written, as cells are: the transaction has no number while it searches.
      sql`WITH found AS MATERIALIZED (
          SELECT DISTINCT p.merchant_id, p.mode, date_trunc('hour', p.created_at, 'UTC') AS hour FROM ${changed}),
        noted AS (INSERT INTO rollup_dirty (merchant_id, mode, hour) SELECT merchant_id, mode, hour FROM found ON CONFLICT DO NOTHING)
        SELECT count(*) FROM found`,
      FOR_EVER,
    );
    await execute(
      client,
      sql`UPDATE rollup_standing SET cursor = ${standing.horizon}::bigint, noted_at = now(), begun_at = coalesce(begun_at, now()),
        form = ${FORM}::int, complete_until = CASE WHEN EXISTS (SELECT FROM rollup_dirty) THEN complete_until ELSE now() END`,
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
    WHERE l.posted_in >= ${cursor}::bigint AND l.payment_id IS NULL
    UNION
    SELECT o.payment_id FROM outbox o
    WHERE o.transaction_id >= ${cursor}::bigint AND o.type = ANY(${Object.values(CHARGEBACK_EVENTS)}::text[])) changed JOIN payment p ON p.id = changed.payment_id`;
}

export interface Computed {
  /** Hours of merchants that were computed anew. */
  readonly hours: number;
  /** Whether there are more. */
  readonly more: boolean;
}

/** So many hours of merchants at most are taken at once, and of so many payments together are added up by one statement. */
const HOURS_AT_ONCE = 300;
const PAYMENTS_AT_ONCE = 5_000;

/**
 * Computes the latest week that has changed: its hours from the payments themselves, then all that contains them. A
 * transaction for each, the removal of the hours from the list in the last one: whoever dies in between leaves hours that are
 * computed again, to the same cells. One worker at a time, so that no two replace the same ones.
 */
export async function computeNext(pool: pg.Pool): Promise<Computed> {
  return aloneThroughout(pool, async (client) => {
    if (await isOutdated(client)) return { hours: 0, more: false };
    const batches = await nextHours(client);
    const units = batches.flat();
    for (const batch of batches) await short(client, BY_KEY, () => storeHours(client, batch));
    if (units.length > 0) await storeAround(client, units);
    return short(client, [], () => finish(client, units));
  });
}

/** Whether a newer release keeps the figures by now: what it has noted is for its own workers to compute. */
async function isOutdated(client: Connection): Promise<boolean> {
  const rows = await query<{ form: number }>(client, sql`SELECT form FROM rollup_standing`);
  return rows.some(({ form }) => form > FORM);
}

interface Waiting {
  readonly merchant_id: string;
  readonly mode: string;
  readonly hour: Date;
  readonly payments: string;
}

/** The latest ones, in batches of about as many payments; an hour with more is a batch of its own. */
async function nextHours(client: Connection): Promise<readonly (readonly Unit[])[]> {
  const rows = await query<Waiting>(
    client,
    sql`SELECT d.merchant_id, d.mode, d.hour, n.payments FROM (
        SELECT merchant_id, mode, hour FROM rollup_dirty
        WHERE hour >= (SELECT date_trunc('week', max(hour), 'UTC') FROM rollup_dirty) ORDER BY hour DESC LIMIT ${HOURS_AT_ONCE}::int) d
      CROSS JOIN LATERAL (SELECT count(*) AS payments FROM (SELECT FROM payment p WHERE p.merchant_id = d.merchant_id AND p.mode = d.mode
        AND p.created_at >= d.hour AND p.created_at < d.hour + interval '1 hour' LIMIT ${PAYMENTS_AT_ONCE}::int) p) n
      ORDER BY d.hour DESC`,
    FOR_EVER,
  );
  const batches: Unit[][] = [];
  let room = 0;
  for (const { merchant_id: merchantId, mode, hour, payments } of rows) {
    const needed = Number(payments);
    if (batches.length === 0 || needed > room) {
      batches.push([]);
      room = PAYMENTS_AT_ONCE;
    }
    batches.at(-1)?.push({ merchantId, mode, hour });
    room -= needed;
  }
  return batches;
}

/** The days, weeks and coarser levels that contain the hours. */
async function storeAround(client: pg.ClientBase, units: readonly Unit[]): Promise<void> {
  const hours = units.map(({ hour, ...whose }) => ({ ...whose, bucket: hour }));
  const days = within('day', hours);
  const weeks = within('week', days);
  await short(client, [], () => storeLonger(client, 'day', 'hour', days));
  await short(client, [], () => storeLonger(client, 'week', 'day', weeks));
  for (const level of Object.keys(LEVELS) as Level[]) {
    if (level === 'full') continue;
    await short(client, [], () => storeLevel(client, level, 'hour', hours));
    await short(client, [], () => storeLevel(client, level, 'day', days));
    await short(client, [], () => storeLevel(client, level, 'week', weeks));
  }
}

async function finish(client: Connection, units: readonly Unit[]): Promise<Computed> {
  await execute(
    client,
    sql`DELETE FROM rollup_dirty d USING unnest(${units.map(({ hour }) => hour)}::timestamptz[],
        ${units.map(({ merchantId }) => merchantId)}::text[], ${units.map(({ mode }) => mode)}::text[]) AS t(hour, merchant_id, mode)
      WHERE (d.hour, d.merchant_id, d.mode) = (t.hour, t.merchant_id, t.mode)`,
  );
  const [after] = await query<{ more: boolean }>(
    client,
    sql`UPDATE rollup_standing SET hours_computed = hours_computed + ${units.length}::int,
      complete_until = CASE WHEN EXISTS (SELECT FROM rollup_dirty) THEN complete_until
        ELSE greatest(complete_until, noted_at) END
      RETURNING EXISTS (SELECT FROM rollup_dirty) AS more`,
  );
  return { hours: units.length, more: after?.more ?? false };
}

function within(grain: Grain, places: readonly Place[]): readonly Place[] {
  return distinct(
    places.map(({ bucket, ...whose }) => ({ ...whose, bucket: new Date(startOf(grain, bucket.getTime())) })),
  );
}

/** By key, whatever the planner guesses of hours that it cannot know: else it reads all payments there are. */
const BY_KEY = ['SET LOCAL enable_hashjoin = off', 'SET LOCAL enable_mergejoin = off'];

/** A process that is stopped in the midst of a transaction must not hold its number for as long as it stands still. */
const NOT_FROZEN = `SET LOCAL idle_in_transaction_session_timeout = '3s'`;

/** A transaction of one step's own: the number that it is given with its first written row is soon given up. */
async function short<T>(
  client: pg.ClientBase,
  settings: readonly string[],
  work: () => Promise<T>,
): Promise<T> {
  await client.query('BEGIN');
  await client.query([NOT_FROZEN, 'SET LOCAL jit = off', ...settings].join('; '));
  const result = await work();
  await client.query('COMMIT');
  return result;
}

const LOCK = sql`hashtextextended('interlock.rollup', 0)`;

/** In a transaction during which nobody else notes or computes: a second one waits for its turn. */
function alone<T>(pool: pg.Pool, work: (client: pg.ClientBase) => Promise<T>): Promise<T> {
  return transaction(pool, async (client) => {
    await client.query(NOT_FROZEN);
    await query(client, sql`SELECT pg_advisory_xact_lock(${LOCK})`, FOR_EVER);
    return work(client);
  });
}

/**
 * The same over several transactions. Whoever fails in one loses its connection, and with that the lock; so does a process
 * that stands still between two of them, and the next worker computes.
 */
async function aloneThroughout<T>(pool: pg.Pool, work: (client: pg.ClientBase) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let isDone = false;
  try {
    await query(client, sql`SELECT pg_advisory_lock(${LOCK})`, FOR_EVER);
    await client.query(`SET idle_session_timeout = '30s'`);
    const result = await work(client);
    await client.query('RESET idle_session_timeout');
    await query(client, sql`SELECT pg_advisory_unlock(${LOCK})`);
    isDone = true;
    return result;
  } finally {
    client.release(!isDone);
  }
}
