import { kindEntry } from '../../domain/cases/kinds.ts';
import type { Stake } from '../../domain/cases/money.ts';
import { suspense } from '../../domain/ledger/chart.ts';
import { Prisma } from '../generated/client.ts';
import { payoutPostingId } from '../reconciliation/bank.ts';
import { explainedId } from '../reconciliation/explain.ts';
import { type Connection, query } from '../sql.ts';
import type { CaseRow } from './row.ts';

interface StakeRow {
  readonly account: string;
  readonly currency: string;
  readonly amount: string;
}

/** Where the case's money waits now: what its opening or its payment left, less what has been moved of it since. */
export async function stakesOf(session: Connection, row: CaseRow): Promise<readonly Stake[]> {
  const { holds } = kindEntry(row.kind);
  if (holds === 'nothing') return [];
  const rows =
    holds === 'suspense_of_payment' ? await suspendedOf(session, row) : await recorded(session, row);
  return rows.map(({ account, currency, amount }) => ({ account, currency, amountMinor: Number(amount) }));
}

async function suspendedOf(session: Connection, row: CaseRow): Promise<readonly StakeRow[]> {
  if (row.payment_id === null || row.merchant_id === null) return [];
  return query<StakeRow>(
    session,
    Prisma.sql`
    SELECT p.account, p.currency, sum(p.amount_minor)::bigint AS amount
    FROM ledger_transaction t JOIN ledger_posting p ON p.transaction_id = t.id
    WHERE t.payment_id = ${row.payment_id} AND p.account = ${suspense(row.merchant_id)}
    GROUP BY p.account, p.currency HAVING sum(p.amount_minor) <> 0`,
  );
}

/** Of a line nothing waits before it is posted: a file that is blocked has moved nothing. */
async function recorded(session: Connection, row: CaseRow): Promise<readonly StakeRow[]> {
  return query<StakeRow>(
    session,
    Prisma.sql`
    WITH stake AS (
      SELECT x.details->'stake'->>'account' AS account, x.details->'stake'->>'currency' AS currency,
        (x.details->'stake'->>'amountMinor')::bigint AS amount FROM exception x
      WHERE x.id = ${row.id} AND (x.line IS NULL OR EXISTS (
        SELECT 1 FROM settlement_file f WHERE f.id = x.file_id AND f.posted_at IS NOT NULL)))
    SELECT s.account, s.currency, (s.amount + coalesce((SELECT sum(p.amount_minor)
        FROM ledger_transaction t JOIN ledger_posting p ON p.transaction_id = t.id
        WHERE t.id = ANY(${movedBy(row)}::text[]) AND p.account = s.account AND p.currency = s.currency), 0))::bigint AS amount
    FROM stake s WHERE s.account IS NOT NULL`,
  );
}

/** One decision an opening, so one transaction: its id is fixed by both, and a second one could not be written. */
export function caseTransactionId(exceptionId: string, opening: number): string {
  return `lt_case_${exceptionId}_${opening}`;
}

/** Earlier decisions, and what a day's run has booked since of the line or bank line that the case is about. */
function movedBy({ id, opened_count, subject_id, file_id, line }: CaseRow): readonly string[] {
  const decided = Array.from({ length: opened_count }, (_, index) => caseTransactionId(id, index + 1));
  const explained = file_id === null || line === null ? [] : [explainedId({ fileId: file_id, line })];
  return [...decided, ...explained, payoutPostingId(subject_id)];
}
