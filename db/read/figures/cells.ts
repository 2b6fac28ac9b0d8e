import { type Dimension, levelFor } from '../../../domain/figures/dimensions.ts';
import { bucketsOf, type Grain, type Span, spansOf, startOf } from '../../../domain/figures/periods.ts';
import { REPORTS, type Report, type ReportName } from '../../../domain/figures/reports.ts';
import { addedUp, cellValue } from '../../rollups/added-up.ts';
import { join, raw, type Statement, sql } from '../../rollups/sql.ts';
import type { Ask } from '../queues/bounded.ts';

/** What rows are told apart by: a dimension of the cells, or, of declines alone, the reason. */
export type GroupKey = Exclude<Dimension, 'mode'> | 'reason';

export interface FigureQuestion {
  readonly report: ReportName;
  readonly mode: string;
  readonly fromMs: number;
  readonly untilMs: number;
  /** Rows of each hour, day or week; absent: of the whole period. */
  readonly bucket?: Grain;
  readonly by: readonly GroupKey[];
  readonly where: Readonly<Partial<Record<GroupKey, string>>>;
  readonly limit: number;
}

export interface FigureRow {
  readonly at?: Date;
  readonly group: Readonly<Partial<Record<GroupKey, string>>>;
  readonly counts: Readonly<Record<string, number>>;
  /** They may pass 2^53. */
  readonly sums: Readonly<Record<string, bigint>>;
  readonly histograms: Readonly<Record<string, readonly number[] | undefined>>;
}

export interface FigureRows {
  readonly rows: readonly FigureRow[];
  readonly hasMore: boolean;
}

/** Groups by their values, in the order of the question's group. */
type Groups = readonly (readonly string[])[];

/**
 * Reads cells and nothing else: as many as the coarsest level and the longest periods that can answer the question have. Where there
 * are more rows than asked for, they are the largest; over time, all of the largest groups, for a line that ends early misleads.
 */
export async function readCells(ask: Ask, question: FigureQuestion): Promise<FigureRows> {
  const report: Report = REPORTS[question.report];
  const group = groupOf(report, question.by);
  if (spansOf(question.fromMs, question.untilMs, 'week').length === 0) return { rows: [], hasMore: false };
  const { bucket } = question;
  if (bucket === undefined || group.length === 0) return readRows(ask, question, group);
  const { groups, hasMore } = await largestGroups(ask, question, group, bucket);
  const found = await readRows(ask, question, group, hasMore ? groups : undefined);
  return { rows: found.rows, hasMore: hasMore || found.hasMore };
}

/** As many of the largest groups as have all their rows within the limit: at least one. */
async function largestGroups(
  ask: Ask,
  question: FigureQuestion,
  group: readonly GroupKey[],
  bucket: Grain,
): Promise<{ readonly groups: Groups; readonly hasMore: boolean }> {
  const { fromMs, untilMs, limit } = question;
  const report: Report = REPORTS[question.report];
  const times = bucketsOf(bucket, startOf(bucket, fromMs), untilMs).length;
  // A cell is of one payment, attempt or decline at least, so a group has no more rows than of those.
  const counted = report.of === 'declines' ? ['declined'] : ['payments', 'attempts'];
  const keys = raw(group.map((key) => `c.${key}`).join(', '));
  const found = await ask<Record<string, unknown>>(
    sql`SELECT ${keys}, least(${times}::bigint, ${raw(counted.map((name) => `sum(c.${name})`).join(' + '))}) AS rows
      FROM (${cellsOf(question, report, group, spansOf(fromMs, untilMs, 'week'), counted)}) c GROUP BY ${keys}
      ORDER BY sum(c.${raw(report.largest)}) DESC, ${keys} LIMIT ${limit + 1}::int`,
  );
  let room = limit;
  const fits = found.findIndex(({ rows }) => {
    room -= Number(rows);
    return room < 0;
  });
  const kept = fits === -1 ? found : found.slice(0, Math.max(1, fits));
  return {
    groups: kept.map((row) => group.map((key) => String(row[key]))),
    hasMore: kept.length < found.length,
  };
}

async function readRows(
  ask: Ask,
  question: FigureQuestion,
  group: readonly GroupKey[],
  only?: Groups,
): Promise<FigureRows> {
  const { bucket, limit } = question;
  const report: Report = REPORTS[question.report];
  const spans = spansOf(question.fromMs, question.untilMs, bucket ?? 'week');
  const at = bucket === undefined ? [] : [sql`date_trunc(${bucket}, c.bucket, 'UTC') AS at`];
  const columns = [
    ...at,
    ...group.map((key) => raw(`c.${key}`)),
    ...measuresOf(report).map((text) => raw(text)),
  ];
  const places = [
    ...at.map((_one, index) => index + 1),
    ...group.map((_key, index) => at.length + index + 1),
  ];
  const grouped = places.length === 0 ? sql`` : sql`GROUP BY ${raw(places.join(', '))}`;
  const found = await ask<Record<string, unknown>>(
    sql`${only === undefined ? sql`` : wantedGroups(group, only)} SELECT ${join(columns)} FROM (${cellsOf(question, report, group, spans, [], only !== undefined)}) c ${grouped}
      HAVING count(*) > 0
      ORDER BY ${raw([...(bucket === undefined ? [] : ['1']), `sum(c.${report.largest}) DESC`, ...places].join(', '))}
      LIMIT ${limit + 1}::int`,
  );
  return {
    rows: found.slice(0, limit).map((row) => rowOf(row, report, group)),
    hasMore: found.length > limit,
  };
}

/** A currency of one's own where there are amounts. */
export function groupOf(report: Report, by: readonly GroupKey[]): readonly GroupKey[] {
  return report.byCurrency && !by.includes('currency') ? [...by, 'currency'] : by;
}

function measuresOf({ counts, sums, histograms }: Report): readonly string[] {
  const added = [...counts, ...sums].map((name) => `sum(c.${name}) AS ${name}`);
  return [...added, ...histograms.map((name) => `${addedUp(name, 'c')} AS ${name}`)];
}

/**
 * One part for each span, so that each is found by its own stretches of the key. Buckets are named one by one: within a range of them
 * every merchant's cells would be read to find those of one.
 */
function cellsOf(
  { mode, where }: FigureQuestion,
  { of, counts, sums, histograms, largest }: Report,
  group: readonly GroupKey[],
  spans: readonly Span[],
  alsoCounted: readonly string[],
  areWanted = false,
): Statement {
  const filters = Object.entries(where).filter(([, value]) => value !== undefined);
  const asked = [...group, ...filters.map(([key]) => key)].filter(
    (key): key is Dimension => key !== 'reason',
  );
  const level = levelFor(asked);
  const table = of === 'declines' ? 'rollup_decline' : 'rollup_cell';
  const names = new Set(['bucket', ...group, ...counts, ...sums, ...histograms, ...alsoCounted, largest]);
  const columns = [...names].map((name) => `${cellValue(name, table)} AS ${name}`);
  const conditions = [
    ...filters.map(([key, value]) => sql` AND ${raw(key)} = ${value}`),
    ...(areWanted ? [isOneOf(group)] : []),
  ];
  const parts = spans.map(
    ({ grain, fromMs, untilMs }) => sql`SELECT ${raw(columns.join(', '))} FROM ${raw(table)}
      WHERE level = ${level} AND grain = ${grain} AND bucket = ANY(${bucketsOf(grain, fromMs, untilMs)}::timestamptz[]) AND mode = ${mode}${conditions.length === 0 ? sql`` : join(conditions, '')}`,
  );
  return join(parts, ' UNION ALL ');
}

/** What `isOneOf` looks in, told once however many parts there are. */
function wantedGroups(group: readonly GroupKey[], groups: Groups): Statement {
  const lists = group.map((_key, index) => sql`${groups.map((values) => values[index] ?? '')}::text[]`);
  return sql`WITH wanted AS MATERIALIZED (SELECT * FROM unnest(${join(lists)}) AS w (${raw(group.join(', '))}))`;
}

/** Each key by itself, which an index can look for, and then all of them together. */
function isOneOf(group: readonly GroupKey[]): Statement {
  const each = group.map(
    (key) => sql` AND ${raw(key)} = ANY(ARRAY(SELECT DISTINCT w.${raw(key)} FROM wanted w))`,
  );
  return join([...each, sql` AND (${raw(group.join(', '))}) IN (SELECT * FROM wanted)`], '');
}

function rowOf(row: Record<string, unknown>, report: Report, group: readonly GroupKey[]): FigureRow {
  const { at } = row;
  return {
    ...(at instanceof Date ? { at } : {}),
    group: Object.fromEntries(group.map((key) => [key, String(row[key] ?? '')])),
    counts: Object.fromEntries(report.counts.map((name) => [name, Number(row[name] ?? 0)])),
    sums: Object.fromEntries(report.sums.map((name) => [name, BigInt(String(row[name] ?? 0))])),
    histograms: Object.fromEntries(report.histograms.map((name) => [name, histogramOf(row[name])])),
  };
}

function histogramOf(value: unknown): readonly number[] | undefined {
  return Array.isArray(value) ? value.map(Number) : undefined;
}
