import { addEntry, lockCase } from '../cases/row.ts';
import { type Db, poolOf } from '../client.ts';
import { Prisma } from '../generated/client.ts';
import { type Connection, query, transaction } from '../sql.ts';
import type { Run } from './runs.ts';

/** What an open case waits to hear of its provider. */
export type Question = OperationQuestion | LineQuestion;

/** Of a booking that no file has: what became of the operation that it was booked for. */
export interface OperationQuestion {
  readonly about: 'operation';
  readonly exceptionId: string;
  readonly operationId: string;
  readonly generation: number;
  readonly expects: 'capture' | 'refund';
  readonly amountMinor: number;
  readonly currency: string;
}

/** Of a line that nobody here knows, by the names that the provider gives it: its own, and what it says is ours. */
export interface LineQuestion {
  readonly about: 'line';
  readonly exceptionId: string;
  readonly providerReference: string;
  readonly merchantReference: string;
  readonly amountMinor: number;
  readonly currency: string;
}

export interface OpenQuestions {
  /** Those asked least lately first, then the oldest cases, and no more than the limit. */
  readonly questions: readonly Question[];
  /** How many more wait for their turn on another day. */
  readonly later: number;
  /** Cases with nothing by which the provider could be asked. */
  readonly unaskable: number;
}

interface Row {
  readonly id: string;
  readonly operation_id: string | null;
  readonly generation: number | null;
  readonly kind: 'capture' | 'refund' | null;
  readonly provider_reference: string | null;
  readonly merchant_reference: string | null;
  readonly amount: string;
  readonly currency: string;
  /** How many can be asked about, beyond the limit, too. */
  readonly in_all: number;
  readonly unaskable: number;
}

const ACTOR = 'reconciliation';
const ACTION = 'asked';

/**
 * Open cases of the run's account that wait for the provider's word, and that it was not asked about on this business
 * day yet. An attempt's own capture is asked about by its authorization or sale, everything else by its own operation;
 * what has none of ours (a refund made outside) cannot be asked about.
 */
export async function openQuestions(db: Db, run: Run, limit: number): Promise<OpenQuestions> {
  const rows = await query<Row>(
    poolOf(db),
    Prisma.sql`
    WITH waiting AS (
      SELECT x.id, x.opened_at, e.asked_at, o.id AS operation_id, o.generation, b.kind, r.provider_reference,
        r.merchant_reference, coalesce(b.amount_minor, abs(r.gross_minor)) AS amount, coalesce(b.currency, r.currency) AS currency,
        o.id IS NOT NULL OR r.line IS NOT NULL AS askable
      FROM exception x
      LEFT JOIN LATERAL (
        SELECT max(e.at) AS asked_at, bool_or(e.content->>'business_date' = ${run.businessDate}) AS today
        FROM exception_entry e WHERE e.exception_id = x.id AND e.actor = ${ACTOR} AND e.action = ${ACTION}) e ON true
      LEFT JOIN booking b ON b.id = x.subject_id AND x.line IS NULL
      LEFT JOIN LATERAL (
        SELECT c.id, c.generation FROM (
          SELECT o.id, o.generation, o.number FROM operation o WHERE o.id = b.merchant_reference
          UNION ALL SELECT o.id, o.generation, o.number FROM operation o
            WHERE o.attempt_id = b.merchant_reference AND o.kind IN ('authorize', 'sale')) c
        ORDER BY c.number DESC LIMIT 1) o ON true
      LEFT JOIN settlement_row r ON r.file_id = x.file_id AND r.line = x.line AND r.type = 'capture'
        AND r.provider_reference IS NOT NULL AND r.merchant_reference IS NOT NULL
      WHERE x.account_id = ${run.accountId} AND x.closed_at IS NULL AND x.details->>'action' = 'ask_provider'
        AND e.today IS NOT TRUE)
    SELECT id, operation_id, generation, kind, provider_reference, merchant_reference, amount, currency,
      (count(*) FILTER (WHERE askable) OVER ())::int AS in_all,
      (count(*) FILTER (WHERE NOT askable) OVER ())::int AS unaskable
    FROM waiting ORDER BY askable DESC, asked_at NULLS FIRST, opened_at, id LIMIT ${limit}::int`,
  );
  const questions = rows.flatMap(questionOf);
  const { in_all: inAll = 0, unaskable = 0 } = rows[0] ?? {};
  return { questions, later: inAll - questions.length, unaskable };
}

function questionOf(row: Row): Question[] {
  const { id: exceptionId, operation_id: operationId, generation, kind, currency } = row;
  const { provider_reference: providerReference, merchant_reference: merchantReference } = row;
  const amountMinor = Number(row.amount);
  if (operationId !== null && generation !== null && kind !== null)
    return [
      { about: 'operation', exceptionId, operationId, generation, expects: kind, amountMinor, currency },
    ];
  if (providerReference === null || merchantReference === null) return [];
  return [{ about: 'line', exceptionId, providerReference, merchantReference, amountMinor, currency }];
}

/** What the provider has said, as it is written into the case. */
export interface Heard {
  readonly exceptionId: string;
  /** In a sentence, for whoever looks. */
  readonly reason: string;
  readonly content: Readonly<Record<string, unknown>>;
}

/** Once a case and business day; and not into one that was closed meanwhile. Answers whether it was written now. */
export async function noteAsked(db: Db, run: Run, { exceptionId, reason, content }: Heard): Promise<boolean> {
  return transaction(poolOf(db), async (tx) => {
    const row = await lockCase(tx, exceptionId);
    if (row === undefined || row.closed_at !== null) return false;
    if (await wasAsked(tx, exceptionId, run.businessDate)) return false;
    await addEntry(tx, exceptionId, {
      actor: ACTOR,
      action: ACTION,
      reason,
      content: { ...content, business_date: run.businessDate },
    });
    return true;
  });
}

async function wasAsked(tx: Connection, exceptionId: string, businessDate: string): Promise<boolean> {
  const rows = await query(
    tx,
    Prisma.sql`
    SELECT 1 FROM exception_entry e WHERE e.exception_id = ${exceptionId} AND e.actor = ${ACTOR} AND e.action = ${ACTION}
      AND e.content->>'business_date' = ${businessDate} LIMIT 1`,
  );
  return rows.length > 0;
}
