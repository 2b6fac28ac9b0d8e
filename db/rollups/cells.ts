import { DIMENSIONS, type Dimension, LEVELS, type Level } from '../../domain/figures/dimensions.ts';
import type { HISTOGRAM_BUCKETS } from '../../domain/figures/histogram.ts';
import { CELL_COUNTS, CELL_SUMS, DECLINE_COUNTS } from '../../domain/figures/measures.ts';
import type { Grain } from '../../domain/figures/periods.ts';
import type { Connection } from '../sql.ts';
import { execute } from '../sql.ts';
import { addedUp, bucketsOf, cellValue } from './added-up.ts';
import {
  ATTEMPT_MEASURES,
  attemptFacts,
  HISTOGRAMS,
  PAYMENT_MEASURES,
  paymentFacts,
  type Unit,
} from './facts.ts';
import { join, raw, type Statement, sql } from './sql.ts';

/** The two tables of cells: what names a row beside its period, and what is counted in it. */
interface CellTable {
  readonly name: 'rollup_cell' | 'rollup_decline';
  readonly keys: readonly string[];
  readonly counts: readonly string[];
  readonly sums: readonly string[];
  readonly histograms: readonly (keyof typeof HISTOGRAM_BUCKETS)[];
}

const CELLS: CellTable = {
  name: 'rollup_cell',
  keys: DIMENSIONS,
  counts: CELL_COUNTS,
  sums: CELL_SUMS,
  histograms: ['latency', 'settlement_lag'],
};
const DECLINES: CellTable = {
  name: 'rollup_decline',
  keys: [...DIMENSIONS, 'reason'],
  counts: DECLINE_COUNTS,
  sums: [],
  histograms: [],
};

/** Which rows a replacement answers for: all of these, and no others. */
interface Scope {
  readonly level: Level;
  readonly grain: Grain;
  /** Of each merchant, or of all together where the level does not tell merchants apart. */
  readonly places: readonly Place[];
}

export interface Place {
  readonly merchantId: string;
  readonly mode: string;
  readonly bucket: Date;
}

/** From the facts of whole hours to the full cells of those hours. */
export async function storeHours(client: Connection, units: readonly Unit[]): Promise<void> {
  const scope: Scope = {
    level: 'full',
    grain: 'hour',
    places: units.map(({ hour, ...whose }) => ({ ...whose, bucket: hour })),
  };
  const facts = sql`rollup_payment_fact AS MATERIALIZED (${paymentFacts(units)}),
    rollup_attempt_fact AS MATERIALIZED (${attemptFacts})`;
  const both = join(
    [
      sql`SELECT ${raw(factColumns('payment'))} FROM rollup_payment_fact f`,
      sql`SELECT ${raw(factColumns('attempt'))} FROM rollup_attempt_fact f`,
    ],
    ' UNION ALL ',
  );
  const cells = sql`SELECT 'full', 'hour', hour, ${raw(names(DIMENSIONS))}, ${raw(sumsOfFacts())} FROM (${both}) f
    GROUP BY hour, ${raw(names(DIMENSIONS))}`;
  const declines = sql`SELECT 'full', 'hour', hour, ${raw(names(DIMENSIONS))}, reason, count(*), count(*) FILTER (WHERE hard),
      count(*) FILTER (WHERE followed), count(*) FILTER (WHERE followed AND succeeded)
    FROM rollup_attempt_fact WHERE reason IS NOT NULL GROUP BY hour, ${raw(names(DIMENSIONS))}, reason`;
  await replace(client, [facts], [replacement(CELLS, scope, cells), replacement(DECLINES, scope, declines)]);
}

/** Cells of longer periods from those of the next shorter ones. */
export async function storeLonger(
  client: Connection,
  grain: Grain,
  shorter: Grain,
  places: readonly Place[],
): Promise<void> {
  const tables = [CELLS, DECLINES].map((table) =>
    replacement(
      table,
      { level: 'full', grain, places },
      sql`SELECT 'full', ${grain}, s.bucket, ${raw(names(table.keys, 'c'))}, ${raw(sumsOfCells(table))}
        FROM ${placesOf(places)} JOIN ${raw(table.name)} c ON c.level = 'full' AND c.grain = ${shorter}
          AND c.bucket >= s.bucket AND c.bucket < s.bucket + ${LENGTH[grain]}::interval
          AND c.merchant_id = s.merchant_id AND c.mode = s.mode
        GROUP BY s.bucket, ${raw(names(table.keys, 'c'))}`,
    ),
  );
  await replace(client, [], tables);
}

const LENGTH: Readonly<Record<Grain, string>> = { hour: '1 hour', day: '1 day', week: '7 days' };

/** Cells that tell fewer things apart, from the full ones of the same periods. */
export async function storeLevel(
  client: Connection,
  level: Exclude<Level, 'full'>,
  grain: Grain,
  places: readonly Place[],
): Promise<void> {
  const kept: readonly Dimension[] = LEVELS[level];
  const own = kept.includes('merchant_id');
  const scope = { level, grain, places: own ? places : acrossMerchants(places) };
  const merchant = own ? sql`AND c.merchant_id = s.merchant_id` : sql``;
  const tables = [CELLS, DECLINES].map((table) => {
    const keys = table.keys.map((key) => (isDropped(key, kept) ? `''` : `c.${key}`)).join(', ');
    const grouped = table.keys.filter((key) => !isDropped(key, kept)).map((key) => `c.${key}`);
    return replacement(
      table,
      scope,
      sql`SELECT ${level}, ${grain}, s.bucket, ${raw(keys)}, ${raw(sumsOfCells(table))}
        FROM ${placesOf(scope.places)} JOIN ${raw(table.name)} c ON c.level = 'full' AND c.grain = ${grain}
          AND c.bucket = s.bucket AND c.mode = s.mode ${merchant}
        GROUP BY s.bucket, ${raw(grouped.join(', '))}`,
    );
  });
  await replace(client, [], tables);
}

function isDropped(key: string, kept: readonly Dimension[]): boolean {
  const all: readonly string[] = DIMENSIONS;
  const some: readonly string[] = kept;
  return all.includes(key) && !some.includes(key);
}

function acrossMerchants(places: readonly Place[]): readonly Place[] {
  const all = places.map(({ mode, bucket }) => ({ merchantId: '', mode, bucket }));
  return distinct(all);
}

export function distinct(places: readonly Place[]): readonly Place[] {
  const byName = new Map(
    places.map((place) => [`${place.merchantId}/${place.mode}/${place.bucket.getTime()}`, place]),
  );
  return [...byName.values()];
}

/**
 * Makes the rows of the scope what `fresh` says: a row that stays as it is is not written, so computing a quiet hour
 * again leaves no dead rows behind. What is gone is told by NOT IN, which is hashed whatever the planner guesses of rows
 * that it cannot know; as a join it would compare each with each.
 */
function replacement(table: CellTable, scope: Scope, fresh: Statement): Replacement {
  const identity = ['level', 'grain', 'bucket', ...table.keys];
  const values = [...table.counts, ...table.sums, ...table.histograms];
  const set = values.map((value) => `${value} = excluded.${value}`).join(', ');
  const name = `fresh_${table.name}`;
  return {
    name,
    parts: sql`${raw(name)} (${raw(names([...identity, ...values]))}) AS MATERIALIZED (${fresh}),
    ${raw(`gone_${table.name}`)} AS (
      DELETE FROM ${raw(table.name)} c USING ${placesOf(scope.places)}
      WHERE c.level = ${scope.level} AND c.grain = ${scope.grain} AND c.bucket = s.bucket
        AND c.merchant_id = s.merchant_id AND c.mode = s.mode
        AND (${raw(names(identity, 'c'))}) NOT IN (SELECT ${raw(names(identity))} FROM ${raw(name)})),
    ${raw(`stored_${table.name}`)} AS (
      INSERT INTO ${raw(table.name)} AS c (${raw(names([...identity, ...values]))}) SELECT * FROM ${raw(name)}
      ON CONFLICT (${raw(names(identity))}) DO UPDATE SET ${raw(set)}
      WHERE (${raw(names(values, 'c'))}) IS DISTINCT FROM (${raw(names(values, 'excluded'))}))`,
  };
}

interface Replacement {
  /** Of what is to be there. */
  readonly name: string;
  readonly parts: Statement;
}

/**
 * One statement, which reads first and then writes. Its transaction has no number until its first row is written, and
 * whoever reads events in the order of transactions waits for every number that was given: so all that is long, the computing,
 * must come before. The outer SELECT sees to that: Postgres runs it to its end, and with it all that is fresh, and
 * then what writes.
 */
async function replace(
  client: Connection,
  before: readonly Statement[],
  tables: readonly Replacement[],
): Promise<void> {
  const parts = [...before, ...tables.map((table) => table.parts)];
  const counts = tables.map(({ name }) => sql`(SELECT count(*) FROM ${raw(name)})`);
  await execute(client, sql`WITH ${join(parts)} SELECT ${join(counts, ' + ')} AS fresh`, { timeoutMs: 0 });
}

function placesOf(places: readonly Place[]): Statement {
  return sql`unnest(${places.map(({ merchantId }) => merchantId)}::text[], ${places.map(({ mode }) => mode)}::text[],
    ${places.map(({ bucket }) => bucket)}::timestamptz[]) AS s(merchant_id, mode, bucket)`;
}

/** A payment's row counts nothing of its attempts, and the other way round. */
function factColumns(of: 'payment' | 'attempt'): string {
  const measures: Readonly<Record<string, string>> = of === 'payment' ? PAYMENT_MEASURES : ATTEMPT_MEASURES;
  const counts = CELL_COUNTS.map((name) => {
    const counted = measures[name];
    return counted === undefined ? `NULL::int AS ${name}` : `(${counted})::int AS ${name}`;
  });
  const sums = CELL_SUMS.map((name) => `(${measures[name] ?? 'NULL'})::bigint AS ${name}`);
  const own = of === 'payment' ? 'settlement_lag' : 'latency';
  const buckets = CELLS.histograms.map(
    (name) => `${name === own ? HISTOGRAMS[name] : 'NULL::int'} AS ${name}`,
  );
  return ['f.hour', names(DIMENSIONS, 'f'), ...counts, ...sums, ...buckets].join(', ');
}

function sumsOfFacts(): string {
  const sums = [...CELL_COUNTS, ...CELL_SUMS].map((name) => `coalesce(sum(f.${name}), 0)`);
  const histograms = CELLS.histograms.map((name) => {
    const buckets = bucketsOf(name).map((number) => `count(*) FILTER (WHERE f.${name} = ${number})::int`);
    return `CASE WHEN count(f.${name}) > 0 THEN ARRAY[${buckets.join(', ')}] END`;
  });
  return [...sums, ...histograms].join(', ');
}

function sumsOfCells({ counts, sums, histograms }: CellTable): string {
  const added = [...counts, ...sums].map((name) => `sum(${cellValue(name, 'c')})`);
  return [...added, ...histograms.map((name) => addedUp(name, 'c'))].join(', ');
}

function names(columns: readonly string[], alias?: string): string {
  return columns.map((column) => (alias === undefined ? column : `${alias}.${column}`)).join(', ');
}
