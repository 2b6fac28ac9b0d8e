import type { Db } from '../../client.ts';
import { Prisma } from '../../generated/client.ts';
import { bounded } from '../../read/queues/bounded.ts';

/**
 * Who did what, from every place where it is written: administrators' acts, commands that were refused, the life of
 * policies, and the steps of payments and cases that people took. Newest first, each source by its own index over time.
 */
export const AUDIT_KINDS = ['administration', 'refusal', 'policy', 'payment', 'case'] as const;
export type AuditKind = (typeof AUDIT_KINDS)[number];

export interface AuditEntry {
  /** Says where it stands, so that a page can go on after it. */
  readonly id: string;
  readonly kind: AuditKind;
  readonly atMs: number;
  /** `operator:<id>` and the like; absent for somebody who is not known. */
  readonly actor?: string;
  /** The person's name, where the actor is one. */
  readonly name?: string;
  readonly action: string;
  readonly subject: string;
  readonly reason?: string;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface AuditFilter {
  readonly limit: number;
  readonly kind?: AuditKind;
  readonly actor?: string;
  readonly subject?: string;
  readonly fromMs?: number;
  readonly toMs?: number;
  readonly startingAfter?: string;
}

export interface AuditLogReader {
  list(
    filter: AuditFilter,
  ): Promise<
    | { readonly type: 'page'; readonly rows: readonly AuditEntry[]; readonly hasMore: boolean }
    | { readonly type: 'unknown_cursor' }
  >;
}

/** Columns by the names that the page's query asks every source for. */
const SOURCES: Readonly<Record<AuditKind, Prisma.Sql>> = {
  administration: Prisma.sql`
    SELECT 'administration' AS kind, at, lpad(sequence::text, 20, '0') AS key, actor, action, subject, reason,
      (content::jsonb -> 'details') AS details
    FROM admin_audit`,
  refusal: Prisma.sql`
    SELECT 'refusal', at, lpad(id::text, 20, '0'), 'operator:' || operator_id, code, path, detail,
      jsonb_build_object('method', method, 'status', status, 'request_id', request_id)
    FROM operator_refusal`,
  policy: Prisma.sql`
    SELECT 'policy', at, lpad(id::text, 20, '0'), actor, kind, merchant_id || '/' || mode || '/' || version, reason,
      jsonb_strip_nulls(jsonb_build_object('from', from_status, 'to', to_status, 'percent', canary_percent, 'proposed_by', proposed_by))
    FROM routing_policy_event`,
  // A letter between them: an owner's last digit and the sequence's twelve would read as a card number.
  payment: Prisma.sql`
    SELECT 'payment', at, owner_id || 's' || lpad(sequence::text, 12, '0'), actor, trigger, owner_id, reason,
      jsonb_build_object('payment', payment_id, 'sequence', sequence, 'from', from_status, 'to', to_status)
    FROM audit WHERE actor LIKE 'operator:%'`,
  case: Prisma.sql`
    SELECT 'case', at, lpad(id::text, 20, '0'), actor, action, exception_id, reason, content
    FROM exception_entry WHERE actor LIKE 'operator:%'`,
};

interface Row {
  readonly kind: AuditKind;
  readonly at: Date;
  readonly key: string;
  readonly actor: string | null;
  readonly action: string;
  readonly subject: string;
  readonly reason: string | null;
  readonly details: Readonly<Record<string, unknown>> | null;
  readonly name: string | null;
}

interface Cursor {
  readonly atMs: number;
  /** Kind and key, as rows of one millisecond are ordered. */
  readonly place: string;
}

export function createAuditLogReader(db: Db): AuditLogReader {
  return {
    async list(filter) {
      const { limit, kind, startingAfter } = filter;
      const cursor = startingAfter === undefined ? undefined : cursorOf(startingAfter);
      if (cursor === null) return { type: 'unknown_cursor' };
      const kinds = kind === undefined ? AUDIT_KINDS : [kind];
      const parts = kinds.map((each) => part(each, filter, cursor));
      const statement = Prisma.sql`
        SELECT e.*, o.name FROM (
          SELECT * FROM (${Prisma.join(parts, ' UNION ALL ')}) every
          ORDER BY at DESC, kind || key COLLATE "C" DESC LIMIT ${limit + 1}::int) e
        LEFT JOIN operator o ON 'operator:' || o.id = e.actor
        ORDER BY e.at DESC, e.kind || e.key COLLATE "C" DESC`;
      const rows = await bounded<Row>(db, statement);
      return { type: 'page', rows: rows.slice(0, limit).map(toEntry), hasMore: rows.length > limit };
    },
  };
}

/** One source's share of a page: at most as many rows as the page has. */
function part(kind: AuditKind, filter: AuditFilter, cursor: Cursor | undefined): Prisma.Sql {
  const { limit, actor, subject, fromMs, toMs } = filter;
  const conditions = [Prisma.sql`true`];
  if (actor !== undefined) conditions.push(Prisma.sql`s.actor = ${actor}`);
  if (subject !== undefined)
    conditions.push(Prisma.sql`(s.subject = ${subject} OR s.details ->> 'payment' = ${subject})`);
  if (fromMs !== undefined) conditions.push(Prisma.sql`s.at >= ${new Date(fromMs)}::timestamptz`);
  if (toMs !== undefined) conditions.push(Prisma.sql`s.at < ${new Date(toMs)}::timestamptz`);
  if (cursor !== undefined) {
    const at = new Date(cursor.atMs);
    conditions.push(Prisma.sql`s.at <= ${at}::timestamptz`);
    conditions.push(Prisma.sql`(s.at < ${at}::timestamptz OR s.kind || s.key < ${cursor.place} COLLATE "C")`);
  }
  return Prisma.sql`(
    SELECT * FROM (${SOURCES[kind]}) AS s(kind, at, key, actor, action, subject, reason, details)
    WHERE ${Prisma.join(conditions, ' AND ')}
    ORDER BY s.at DESC, s.kind || s.key COLLATE "C" DESC LIMIT ${limit + 1}::int)`;
}

/** Fourteen digits of milliseconds reach the year 5138; with sixteen there are instants that neither we nor Postgres know. */
const ENTRY_ID = /^aud_(\d{1,14})_([a-z]+)_([\w]{1,100})$/;

/** Null: no id of ours. */
function cursorOf(id: string): Cursor | null {
  const [, at, kind, key] = ENTRY_ID.exec(id) ?? [];
  if (at === undefined || key === undefined || !AUDIT_KINDS.some((each) => each === kind)) return null;
  return { atMs: Number(at), place: `${kind}${key}` };
}

function toEntry(row: Row): AuditEntry {
  return {
    id: `aud_${row.at.getTime()}_${row.kind}_${row.key}`,
    kind: row.kind,
    atMs: row.at.getTime(),
    ...(row.actor === null ? {} : { actor: row.actor }),
    ...(row.name === null ? {} : { name: row.name }),
    action: row.action,
    subject: row.subject,
    ...(row.reason === null ? {} : { reason: row.reason }),
    details: row.details ?? {},
  };
}
