import type { CaseDecision, CaseFile } from '../../domain/cases/case.ts';
import { slaMsOf } from '../../domain/cases/clock.ts';
import { kindEntry } from '../../domain/cases/kinds.ts';
import { Prisma } from '../generated/client.ts';
import { present, presentAs } from '../present.ts';
import { type Connection, execute, query } from '../sql.ts';

/** A case's row as Postgres has it. The evidence stays there: it is big, and nobody decides by it but people. */
export interface CaseRow {
  readonly id: string;
  readonly kind: string;
  readonly subject_id: string;
  readonly summary: string;
  readonly cause: string | null;
  readonly payment_id: string | null;
  readonly merchant_id: string | null;
  readonly account_id: string | null;
  readonly file_id: string | null;
  readonly line: number | null;
  /** As text, as the driver gives it. */
  readonly amount_minor: string | null;
  readonly currency: string | null;
  readonly owner: string | null;
  readonly opened_at: Date;
  readonly opened_count: number;
  readonly due_at: Date | null;
  readonly escalations: number;
  readonly disposition: CaseDecision | null;
  readonly closed_at: Date | null;
  readonly resolution: string | null;
  readonly case_started_at: Date | null;
}

export const CASE_COLUMNS = Prisma.sql`x.id, x.kind, x.subject_id, x.summary, x.details->>'cause' AS cause, x.payment_id,
  x.merchant_id, x.account_id, x.file_id, x.line, x.amount_minor, x.currency, x.owner, x.opened_at, x.opened_count, x.due_at,
  x.escalations, x.disposition, x.closed_at, x.resolution, x.case_started_at`;

/** Everybody who writes a case holds its row first, so commands, the clock and the books come one after another. */
export async function lockCase(session: Connection, id: string): Promise<CaseRow | undefined> {
  const rows = await query<CaseRow>(
    session,
    Prisma.sql`SELECT ${CASE_COLUMNS} FROM exception x WHERE x.id = ${id} FOR UPDATE`,
  );
  return rows[0];
}

export async function readCase(session: Connection, id: string): Promise<CaseRow | undefined> {
  const rows = await query<CaseRow>(
    session,
    Prisma.sql`SELECT ${CASE_COLUMNS} FROM exception x WHERE x.id = ${id}`,
  );
  return rows[0];
}

export function fileOf(row: CaseRow, timeScale: number): CaseFile {
  const { team, severity, slaHours } = kindEntry(row.kind);
  const proposed = row.disposition?.status === 'proposed';
  return {
    id: row.id,
    kind: row.kind,
    subjectId: row.subject_id,
    summary: row.summary,
    ...present('cause', row.cause),
    ...present('paymentId', row.payment_id),
    ...present('merchantId', row.merchant_id),
    ...present('accountId', row.account_id),
    ...presentAs('amountMinor', row.amount_minor, (minor) => Math.abs(Number(minor))),
    ...present('currency', row.currency),
    status: row.closed_at !== null ? 'resolved' : proposed ? 'proposed' : 'open',
    team,
    severity,
    ...present('owner', row.owner),
    openedAtMs: row.opened_at.getTime(),
    openedCount: row.opened_count,
    ...presentAs('dueAtMs', row.due_at, (at) => at.getTime()),
    slaMs: slaMsOf(slaHours, timeScale),
    escalations: row.escalations,
    ...present('decision', row.disposition),
    ...presentAs('closedAtMs', row.closed_at, (at) => at.getTime()),
    ...present('resolution', row.resolution),
  };
}

export interface NewEntry {
  /** `operator:opr_…`, or what acted by itself: `case`, `clock`. */
  readonly actor: string;
  readonly action: string;
  readonly reason?: string;
  readonly content?: Readonly<Record<string, unknown>>;
}

/** Append-only: what was said stays said. */
export async function addEntry(session: Connection, exceptionId: string, entry: NewEntry): Promise<void> {
  const { actor, action, reason = null, content = {} } = entry;
  const row = Prisma.sql`
    INSERT INTO exception_entry (exception_id, actor, action, reason, content)
    VALUES (${exceptionId}, ${actor}, ${action}, ${reason}, ${JSON.stringify(content)}::jsonb)`;
  await execute(session, row);
}
