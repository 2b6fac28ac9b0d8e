import type { Db } from '../client.ts';
import { Prisma } from '../generated/client.ts';
import type { Run } from './runs.ts';

/**
 * Writes on the balance of each payment that the day's posted files speak of what was charged back of it: the sum over
 * every posted line, so it is the same however often it is written. It is a fact, whatever the balance says; where more
 * went back than was taken, a person hears of it. Answers how many balances have changed.
 */
export async function recordChargebacks(db: Db, run: Run): Promise<number> {
  const rows = await db.$queryRaw<{ changed: number }[]>(Prisma.sql`
    WITH payments AS (
      SELECT DISTINCT b.payment_id FROM settlement_file f
        JOIN settlement_row r ON r.file_id = f.id AND r.type = ANY(${DISPUTES}) AND r.booking_id IS NOT NULL
        JOIN booking b ON b.id = r.booking_id AND b.account_id = r.account_id
      WHERE f.account_id = ${run.accountId} AND f.business_date = ${run.businessDate}::date AND f.status = 'posted'),
    sums AS (
      SELECT b.payment_id, greatest(0, -sum(r.gross_minor)) AS charged_back
      FROM payments p JOIN booking b ON b.payment_id = p.payment_id
        JOIN settlement_row r ON r.booking_number = b.number AND r.account_id = b.account_id AND r.type = ANY(${DISPUTES}) AND r.currency = b.currency
          AND r.verdict IS DISTINCT FROM 'DUPLICATE_LINE'
        JOIN settlement_file f ON f.id = r.file_id AND f.status = 'posted'
      GROUP BY b.payment_id),
    changed AS (
      UPDATE payment_balance p SET charged_back_minor = s.charged_back FROM sums s
      WHERE p.payment_id = s.payment_id AND p.charged_back_minor <> s.charged_back
      RETURNING p.payment_id, p.charged_back_minor + p.external_refunded_minor + p.refunded_minor - p.captured_minor AS excess),
    opened AS (
      INSERT INTO exception (id, kind, subject_id, payment_id, merchant_id, account_id, run_id, summary)
      SELECT 'exc_refund_excess_' || c.payment_id, 'refund_excess', c.payment_id, c.payment_id, p.merchant_id,
        ${run.accountId}, ${run.id}, 'refunds and chargebacks exceed what was captured, by ' || c.excess
      FROM changed c JOIN payment p ON p.id = c.payment_id WHERE c.excess > 0
      ON CONFLICT (kind, subject_id) DO NOTHING)
    SELECT count(*)::int AS changed FROM changed`);
  return rows[0]?.changed ?? 0;
}

const DISPUTES = ['chargeback', 'chargeback_reversed', 'second_chargeback'];
