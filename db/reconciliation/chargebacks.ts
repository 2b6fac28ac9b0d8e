import { CHARGEBACK_EVENTS } from '../../domain/events/types.ts';
import { eventIdFor } from '../../domain/ids.ts';
import { snapshotOf } from '../../domain/payment/payment.ts';
import { loadPayments } from '../aggregate.ts';
import type { Db } from '../client.ts';
import { Prisma } from '../generated/client.ts';
import { eventNumbers, json } from '../rows.ts';
import type { Run } from './runs.ts';

/** So many payments are locked at once: their own steps wait meanwhile. */
const PAGE = 100;

/**
 * Writes on the balance of each payment that the day's posted files speak of what was charged back of it: the sum over
 * every posted line, so it is the same however often it is written. It is a fact, whatever the balance says; where more
 * went back than was taken, a person hears of it, and the merchant of every change. What was taken back of a late success
 * is none of the merchant's: its undoing has reserved that money, and its line's case tells a person. Answers how many
 * balances have changed.
 */
export async function recordChargebacks(db: Db, run: Run): Promise<number> {
  const disputed = await disputedPayments(db, run);
  let changed = 0;
  for (let at = 0; at < disputed.length; at += PAGE)
    changed += await recordPage(db, run, disputed.slice(at, at + PAGE));
  return changed;
}

async function disputedPayments(db: Db, run: Run): Promise<readonly string[]> {
  const rows = await db.$queryRaw<{ payment_id: string }[]>(Prisma.sql`
    SELECT DISTINCT b.payment_id FROM settlement_file f
      JOIN settlement_row r ON r.file_id = f.id AND r.type = ANY(${DISPUTES}) AND r.booking_id IS NOT NULL
      JOIN booking b ON b.id = r.booking_id AND b.account_id = r.account_id
    WHERE f.account_id = ${run.accountId} AND f.business_date = ${run.businessDate}::date AND f.status = 'posted'
    ORDER BY 1`);
  return rows.map((row) => row.payment_id);
}

type Transaction = Parameters<Parameters<Db['$transaction']>[0]>[0];

interface Changed {
  readonly payment_id: string;
  /** Whether more is charged back than before; else some was won again. */
  readonly taken: boolean;
  readonly number: number;
  readonly transaction_id: bigint;
}

/** Balance first and then the event's number, as every step takes them; the payment is read once both are held, as it then stands. */
function recordPage(db: Db, run: Run, paymentIds: readonly string[]): Promise<number> {
  return db.$transaction(async (tx) => {
    const ids = [...paymentIds];
    await tx.$queryRaw(Prisma.sql`
      SELECT 1 FROM payment_balance WHERE payment_id = ANY(${ids}) ORDER BY payment_id FOR UPDATE`);
    const changes = await changeBalances(tx, run, ids);
    if (changes.length > 0) await tell(tx, changes);
    return changes.length;
  });
}

function changeBalances(tx: Transaction, run: Run, paymentIds: readonly string[]): Promise<Changed[]> {
  const ids = [...paymentIds];
  const taken = Prisma.sql`SELECT payment_id, 1 FROM changed ORDER BY payment_id`;
  return tx.$queryRaw<Changed[]>(Prisma.sql`
    WITH sums AS (
      SELECT b.payment_id, greatest(0, -sum(r.gross_minor) FILTER (WHERE NOT a.undoing)) AS charged_back
      FROM booking b JOIN attempt a ON a.id = b.attempt_id
        JOIN settlement_row r ON r.booking_number = b.number AND r.account_id = b.account_id AND r.type = ANY(${DISPUTES}) AND r.currency = b.currency
          AND r.verdict IS DISTINCT FROM 'DUPLICATE_LINE'
        JOIN settlement_file f ON f.id = r.file_id AND f.status = 'posted'
      WHERE b.payment_id = ANY(${ids})
      GROUP BY b.payment_id),
    changed AS (
      UPDATE payment_balance p SET charged_back_minor = s.charged_back
      FROM sums s JOIN payment_balance before ON before.payment_id = s.payment_id
      WHERE p.payment_id = s.payment_id AND p.charged_back_minor <> s.charged_back
      RETURNING p.payment_id, p.charged_back_minor > before.charged_back_minor AS taken,
        p.charged_back_minor + p.external_refunded_minor + p.refund_reserved_minor - p.captured_minor AS excess),
    opened AS (
      INSERT INTO exception (id, kind, subject_id, payment_id, merchant_id, account_id, run_id, summary)
      SELECT 'exc_refund_excess_' || c.payment_id, 'refund_excess', c.payment_id, c.payment_id, p.merchant_id,
        ${run.accountId}, ${run.id}, 'refunds and chargebacks exceed what was captured, by ' || c.excess
      FROM changed c JOIN payment p ON p.id = c.payment_id WHERE c.taken AND c.excess > 0
      ON CONFLICT (kind, subject_id) DO UPDATE SET closed_at = NULL, resolution = NULL, summary = excluded.summary),
    numbers AS (${eventNumbers(taken)})
    SELECT c.payment_id, c.taken, n.last AS number, n.transaction_id
    FROM changed c JOIN numbers n ON n.payment_id = c.payment_id`);
}

/** No step of the payment wrote it, so its number among the payment's events stands for the step's: there is no other of its type. */
async function tell(tx: Transaction, changes: readonly Changed[]): Promise<void> {
  const payments = await loadPayments(tx, Prisma.sql`p.id = ANY(${changes.map((each) => each.payment_id)})`);
  const known = new Map(payments.map((payment) => [payment.id, payment]));
  const events = changes.flatMap(
    ({ payment_id: paymentId, taken, number, transaction_id: transactionId }) => {
      const payment = known.get(paymentId);
      if (payment === undefined) return [];
      const type = taken ? CHARGEBACK_EVENTS.taken : CHARGEBACK_EVENTS.wonAgain;
      const { merchantId, mode } = payment;
      const id = eventIdFor(paymentId, number, 'chargeback');
      return [
        {
          id,
          merchantId,
          mode,
          paymentId,
          number,
          type,
          payload: snapshotOf(payment),
          transactionId: String(transactionId),
        },
      ];
    },
  );
  await tx.$executeRaw(Prisma.sql`
    INSERT INTO outbox (id, merchant_id, mode, payment_id, owner_id, sequence, type, payload, event_sequence, transaction_id)
    SELECT e.id, e."merchantId", e.mode, e."paymentId", e."paymentId", e.number, e.type, e.payload, e.number, e."transactionId"
    FROM jsonb_to_recordset(${json(events)}) AS e(id text, "merchantId" text, mode text, "paymentId" text, number int,
      type text, payload jsonb, "transactionId" bigint)`);
}

const DISPUTES = ['chargeback', 'chargeback_reversed', 'second_chargeback'];
