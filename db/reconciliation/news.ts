import type { MismatchType } from '../../domain/reconciliation/names.ts';
import type { RowType } from '../../domain/reconciliation/row.ts';
import type { Db } from '../client.ts';
import { Prisma } from '../generated/client.ts';
import type { Run } from './runs.ts';

/** A posted line that a payment or refund of ours has to hear of. */
export interface NewsLine {
  readonly fileId: string;
  readonly line: number;
  readonly type: RowType;
  readonly verdict: MismatchType;
  readonly currency: string;
  readonly amountMinor: number;
  readonly providerReference?: string;
  readonly operationReference?: string;
  /** The attempt whose money it is, by its booking or by the provider's name of the payment. */
  readonly attemptId: string;
  readonly booking?: {
    readonly kind: 'capture' | 'refund';
    /** Our own reference of the effect: an attempt's or an operation's id. */
    readonly reference: string;
    readonly currency: string;
    readonly amountMinor: number;
  };
}

interface Row {
  readonly file_id: string;
  readonly line: number;
  readonly type: string;
  readonly verdict: string;
  readonly currency: string;
  readonly amount: bigint;
  readonly provider_reference: string | null;
  readonly operation_reference: string | null;
  readonly attempt_id: string;
  readonly booking_kind: string | null;
  readonly booking_reference: string | null;
  readonly booking_currency: string | null;
  readonly booking_amount: bigint | null;
}

const PAGE = 500;

/** Lines of the day's posted files with one of these verdicts, a page at a time. Of nobody's payment is no news. */
export async function* linesOfNews(
  db: Db,
  run: Run,
  verdicts: readonly MismatchType[],
): AsyncGenerator<readonly NewsLine[]> {
  let after = { fileId: '', line: 0 };
  for (;;) {
    const rows = await db.$queryRaw<Row[]>(Prisma.sql`
      SELECT r.file_id, r.line, r.type, r.verdict, r.currency, abs(r.gross_minor) AS amount, r.provider_reference,
        r.operation_reference, coalesce(b.attempt_id, a.id) AS attempt_id, b.kind AS booking_kind,
        b.merchant_reference AS booking_reference, b.currency AS booking_currency, b.amount_minor AS booking_amount
      FROM settlement_file f JOIN settlement_row r ON r.file_id = f.id
        LEFT JOIN booking b ON b.id = r.booking_id AND b.account_id = r.account_id
        LEFT JOIN LATERAL (
          SELECT a.id FROM attempt a WHERE b.id IS NULL AND a.account_id = r.account_id
            AND a.provider_reference IN (r.provider_reference, r.alternative_reference) LIMIT 1) a ON true
      WHERE f.account_id = ${run.accountId} AND f.business_date = ${run.businessDate}::date AND f.status = 'posted'
        AND r.verdict = ANY(${[...verdicts]}) AND coalesce(b.attempt_id, a.id) IS NOT NULL
        AND (r.file_id, r.line) > (${after.fileId}, ${after.line}::int)
      ORDER BY r.file_id, r.line LIMIT ${PAGE}`);
    if (rows.length > 0) yield rows.map(toLine);
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    after = { fileId: last.file_id, line: last.line };
  }
}

function toLine(row: Row): NewsLine {
  const {
    booking_kind: kind,
    booking_reference: reference,
    booking_currency: currency,
    booking_amount: amount,
  } = row;
  const isBooked = kind !== null && reference !== null && currency !== null && amount !== null;
  return {
    fileId: row.file_id,
    line: row.line,
    // Both written from the tables of domain/reconciliation, and so is the kind.
    type: row.type as RowType,
    verdict: row.verdict as MismatchType,
    currency: row.currency,
    amountMinor: Number(row.amount),
    attemptId: row.attempt_id,
    ...(row.provider_reference === null ? {} : { providerReference: row.provider_reference }),
    ...(row.operation_reference === null ? {} : { operationReference: row.operation_reference }),
    ...(isBooked
      ? { booking: { kind: kind as 'capture' | 'refund', reference, currency, amountMinor: Number(amount) } }
      : {}),
  };
}

/** What a letter that a line wrote is called: one for each line, however often the day is run. */
export function newsEventId({ fileId, line }: Pick<NewsLine, 'fileId' | 'line'>): string {
  return `settlement:${fileId}:${line}`;
}

/** How many letters that lines of the day's files wrote nobody has acknowledged. */
export async function unreadNews(db: Db, run: Run): Promise<number> {
  const rows = await db.$queryRaw<{ open: number }[]>(Prisma.sql`
    SELECT count(*)::int AS open FROM settlement_file f
      JOIN settlement_row r ON r.file_id = f.id AND r.verdict <> 'clean'
      JOIN inbox i ON i.account_id = f.account_id AND i.provider_event_id = 'settlement:' || r.file_id || ':' || r.line
    WHERE f.account_id = ${run.accountId} AND f.business_date = ${run.businessDate}::date AND f.status = 'posted'
      AND i.acknowledged_at IS NULL AND i.owner_id IS NOT NULL`);
  return rows[0]?.open ?? 0;
}
