import type { CaseCommand, CaseFile } from '../../domain/cases/case.ts';
import { CASE_MOVES, CASE_STATUSES, type CaseStatus } from '../../domain/cases/states.ts';
import type { Mode } from '../../domain/ids.ts';
import { CASE_COLUMNS, type CaseRow, fileOf, readCase } from '../cases/row.ts';
import { type Db, poolOf } from '../client.ts';
import { Prisma } from '../generated/client.ts';
import { query } from '../sql.ts';
import { afterCase } from './after-case.ts';
import { type CaseFigures, readFigures } from './case-figures.ts';
import { caseOfMode } from './case-mode.ts';

/** Exceptions as operators see them: any merchant's, with both sides' rows and every word said. */
export interface CaseReader {
  find(id: string): Promise<CaseFile | undefined>;
  whole(id: string): Promise<WholeCase | undefined>;
  list(filter: CaseFilter): Promise<CasePage>;
  /** What a bulk command is about, oldest first. Undefined where there is no such exception to go on from. */
  select(wanted: WantedCases, limit: number): Promise<readonly string[] | undefined>;
  figures(days: number): Promise<CaseFigures>;
}

/** Those of a kind (and cause) that take the command as they stand, so that the next one is about others. */
export interface WantedCases {
  readonly kind: string;
  readonly cause?: string;
  readonly command: CaseCommand;
  readonly startingAfter?: string;
}

export interface CaseFilter {
  readonly limit: number;
  readonly startingAfter?: string;
  readonly kind?: string;
  /** `unresolved`: whatever is not resolved. */
  readonly status?: CaseStatus | 'unresolved';
  readonly cause?: string;
  readonly merchantId?: string;
  /** Whatever is about both modes is of either. */
  readonly mode?: Mode;
  readonly accountId?: string;
  readonly paymentId?: string;
  /** A settlement file: what is wrong with it, with its lines and with its payouts. */
  readonly fileId?: string;
  /** `none`: nobody's. */
  readonly owner?: string;
  readonly minAgeHours?: number;
  readonly overdue?: boolean;
}

/** Oldest first. `unknown_cursor`: there is no such exception to go on from. */
export type CasePage =
  | { readonly type: 'page'; readonly cases: readonly CaseFile[]; readonly hasMore: boolean }
  | { readonly type: 'unknown_cursor' };

export interface CaseEntryRow {
  readonly actor: string;
  readonly action: string;
  readonly reason: string | null;
  readonly content: Readonly<Record<string, unknown>>;
  readonly at: Date;
}

export interface WholeCase {
  readonly file: CaseFile;
  readonly autoResolved: boolean;
  /** As it was opened with. */
  readonly details: Readonly<Record<string, unknown>>;
  /** Both sides as they stand now, each as its table has it; absent where there is none. */
  readonly rows: Readonly<Record<string, unknown>>;
  readonly entries: readonly CaseEntryRow[];
}

/** Nothing that leaves here holds a wait of the workflow's, so its scale is not needed. */
const UNSCALED = 1;

export function createCaseReader(db: Db): CaseReader {
  return {
    async find(id) {
      const row = await readCase(poolOf(db), id);
      return row === undefined ? undefined : fileOf(row, UNSCALED);
    },
    whole: (id) => readWhole(db, id),
    list: (filter) => listCases(db, filter),
    select: (wanted, limit) => selectCases(db, wanted, limit),
    figures: (days) => readFigures(db, days),
  };
}

const PROPOSED = Prisma.sql`coalesce(x.disposition->>'status', '') = 'proposed'`;

const OF_STATUS: { readonly [Status in CaseStatus | 'unresolved']: Prisma.Sql } = {
  unresolved: Prisma.sql`x.closed_at IS NULL`,
  open: Prisma.sql`x.closed_at IS NULL AND NOT ${PROPOSED}`,
  proposed: Prisma.sql`x.closed_at IS NULL AND ${PROPOSED}`,
  resolved: Prisma.sql`x.closed_at IS NOT NULL`,
};

async function selectCases(
  db: Db,
  { kind, cause, command, startingAfter }: WantedCases,
  limit: number,
): Promise<readonly string[] | undefined> {
  const taking = CASE_STATUSES.filter((status) => CASE_MOVES[status][command.type] !== undefined);
  const conditions = [
    Prisma.sql`x.kind = ${kind}`,
    Prisma.sql`(${Prisma.join(
      taking.map((status) => OF_STATUS[status]),
      ' OR ',
    )})`,
  ];
  if (cause !== undefined) conditions.push(Prisma.sql`x.details->>'cause' = ${cause}`);
  if (command.type === 'assign')
    conditions.push(Prisma.sql`x.owner IS DISTINCT FROM ${command.owner ?? null}::text`);
  if (startingAfter !== undefined) {
    const after = await afterCase(db, startingAfter);
    if (after === undefined) return undefined;
    conditions.push(after);
  }
  const rows = await db.$queryRaw<{ id: string }[]>(Prisma.sql`
    SELECT x.id FROM exception x WHERE ${Prisma.join(conditions, ' AND ')}
    ORDER BY x.opened_at, x.id LIMIT ${limit}::int`);
  return rows.map(({ id }) => id);
}

async function listCases(db: Db, filter: CaseFilter): Promise<CasePage> {
  const { limit, startingAfter, status, minAgeHours, owner } = filter;
  const conditions = [Prisma.sql`true`];
  if (startingAfter !== undefined) {
    const after = await afterCase(db, startingAfter);
    if (after === undefined) return { type: 'unknown_cursor' };
    conditions.push(after);
  }
  if (status !== undefined) conditions.push(OF_STATUS[status]);
  if (filter.kind !== undefined) conditions.push(Prisma.sql`x.kind = ${filter.kind}`);
  if (filter.cause !== undefined) conditions.push(Prisma.sql`x.details->>'cause' = ${filter.cause}`);
  if (filter.merchantId !== undefined) conditions.push(Prisma.sql`x.merchant_id = ${filter.merchantId}`);
  if (filter.mode !== undefined) conditions.push(caseOfMode(filter.mode));
  if (filter.accountId !== undefined) conditions.push(Prisma.sql`x.account_id = ${filter.accountId}`);
  if (filter.paymentId !== undefined) conditions.push(Prisma.sql`x.payment_id = ${filter.paymentId}`);
  if (filter.fileId !== undefined) conditions.push(ofFile(filter.fileId));
  if (owner !== undefined)
    conditions.push(owner === 'none' ? Prisma.sql`x.owner IS NULL` : Prisma.sql`x.owner = ${owner}`);
  if (minAgeHours !== undefined)
    conditions.push(
      Prisma.sql`x.opened_at <= clock_timestamp() - ${minAgeHours}::float8 * interval '1 hour'`,
    );
  if (filter.overdue === true)
    conditions.push(Prisma.sql`x.closed_at IS NULL AND x.due_at <= clock_timestamp()`);
  const rows = await query<CaseRow>(
    poolOf(db),
    Prisma.sql`
    SELECT ${CASE_COLUMNS} FROM exception x WHERE ${Prisma.join(conditions, ' AND ')}
    ORDER BY x.opened_at, x.id LIMIT ${limit + 1}::int`,
  );
  return {
    type: 'page',
    cases: rows.slice(0, limit).map((row) => fileOf(row, UNSCALED)),
    hasMore: rows.length > limit,
  };
}

/** An exception about a payout, or about a file that is another's copy, names its file by its subject only. */
function ofFile(fileId: string): Prisma.Sql {
  return Prisma.sql`(x.file_id = ${fileId}
    OR (x.account_id = (SELECT account_id FROM settlement_file WHERE id = ${fileId})
      AND (x.subject_id = ${fileId} OR x.subject_id IN (
        SELECT p.id FROM payout p JOIN settlement_file f ON f.account_id = p.account_id AND f.id = p.file_id
        WHERE f.id = ${fileId}))))`;
}

async function readWhole(db: Db, id: string): Promise<WholeCase | undefined> {
  const row = await readCase(poolOf(db), id);
  if (row === undefined) return undefined;
  const [[evidence], entries] = await Promise.all([
    db.$queryRaw<
      { details: Record<string, unknown>; auto_resolved: boolean; rows: Record<string, unknown> }[]
    >(sidesOf(row)),
    db.$queryRaw<CaseEntryRow[]>(Prisma.sql`
      SELECT actor, action, reason, content, at FROM exception_entry WHERE exception_id = ${id} ORDER BY id`),
  ]);
  return {
    file: fileOf(row, UNSCALED),
    autoResolved: evidence?.auto_resolved ?? false,
    details: evidence?.details ?? {},
    rows: evidence?.rows ?? {},
    entries,
  };
}

/** JSON, so that each side keeps its own columns; bigints in it are numbers, as they are in the API. */
function sidesOf({ id, file_id, line, subject_id }: CaseRow): Prisma.Sql {
  return Prisma.sql`
    WITH line AS (SELECT to_jsonb(r) AS content, r.booking_id FROM settlement_row r
      WHERE r.file_id = ${file_id} AND r.line = ${line}::int)
    SELECT x.details, x.auto_resolved, jsonb_strip_nulls(jsonb_build_object(
      'line', (SELECT content FROM line),
      'booking', (SELECT to_jsonb(b) FROM booking b WHERE b.id = coalesce((SELECT booking_id FROM line), ${subject_id})),
      'payout', (SELECT to_jsonb(p) FROM payout p WHERE p.id = ${subject_id}),
      'bank_line', (SELECT to_jsonb(k) FROM bank_statement_line k WHERE k.id = ${subject_id}
        OR k.payout_id = ${subject_id} ORDER BY k.id LIMIT 1),
      'file', (SELECT to_jsonb(f) - 'trailers' FROM settlement_file f WHERE f.id = coalesce(${file_id}, ${subject_id})))) AS rows
    FROM exception x WHERE x.id = ${id}`;
}
