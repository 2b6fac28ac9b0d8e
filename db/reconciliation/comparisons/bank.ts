import type {
  BankComparison,
  BankLineFacts,
  PayoutCandidate,
  PayoutComparison,
} from '../../../domain/reconciliation/comparison.ts';
import type { MismatchType } from '../../../domain/reconciliation/names.ts';
import { kindOf } from '../../../domain/reconciliation/table.ts';
import { accountOf } from '../file-facts.ts';
import { type CopyPool, execute, query, sql } from '../pool.ts';
import type { Run } from '../runs.ts';
import { dayEnd } from './bookings.ts';
import { iso } from './shapes.ts';

/** Of a row `l` of bank_statement_line. */
const bankJson = sql`jsonb_strip_nulls(jsonb_build_object('id', l.id, 'bankAccount', l.bank_account, 'currency', l.currency,
  'amountMinor', l.amount_minor, 'bookedOn', l.booked_on::text, 'text', l.text, 'reference', l.reference,
  'endToEnd', l.end_to_end, 'reversal', nullif(l.reversal, false)))`;

/**
 * A bank line that carries a payout's reference in a field of its own is that payout's; no judgement is needed. Whatever
 * was proposed for a line that has its payout by now: its money leaves suspense with the link, and is no case's any more.
 */
export async function linkByReference(pool: CopyPool, run: Run): Promise<void> {
  await execute(
    pool,
    sql`
    UPDATE bank_statement_line l SET payout_id = p.id, verdict = 'clean'
    FROM payout p JOIN provider_account a ON a.id = p.account_id
    WHERE l.merchant_id = ${run.merchantId} AND a.merchant_id = l.merchant_id AND l.payout_id IS NULL
      AND p.account_id = ${run.accountId} AND p.currency = l.currency AND p.reference IN (l.reference, l.end_to_end)`,
  );
  await execute(
    pool,
    sql`
    UPDATE exception x SET closed_at = clock_timestamp(), auto_resolved = true, resolution = 'its payout is known now'
    FROM bank_statement_line l
    WHERE x.kind = ${kindOf('UNIDENTIFIED_BANK_CREDIT')} AND x.closed_at IS NULL AND l.id = x.subject_id
      AND l.merchant_id = ${run.merchantId} AND l.payout_id IS NOT NULL`,
  );
}

/** Lines that no payout was found for, of the merchant: a bank account knows no provider accounts. */
export async function unlinkedBankLines(
  pool: CopyPool,
  run: Run,
  page: { readonly afterId: string; readonly limit: number },
): Promise<BankComparison[]> {
  const rows = await query<{ bank: BankLineFacts; candidates: PayoutCandidate[] | null }>(
    pool,
    sql`
    SELECT ${bankJson} AS bank, c.candidates FROM bank_statement_line l LEFT JOIN LATERAL (
      SELECT jsonb_agg(jsonb_build_object('payoutId', p.id, 'reference', p.reference, 'accountId', p.account_id,
        'currency', p.currency, 'amountMinor', p.amount_minor, 'by', p.by) ORDER BY p.id) AS candidates
      FROM (
        SELECT p.*, CASE WHEN p.reference IN (l.reference, l.end_to_end) THEN 'reference'
          WHEN ${inText} THEN 'text'
          WHEN p.amount_minor = l.amount_minor AND p.currency = l.currency THEN 'amount' END AS by
        FROM payout p JOIN provider_account a ON a.id = p.account_id
        WHERE a.merchant_id = l.merchant_id AND p.credited_minor <> p.amount_minor) p
      WHERE p.by IS NOT NULL) c ON true
    WHERE l.merchant_id = ${run.merchantId} AND l.payout_id IS NULL AND l.id > ${page.afterId}
    ORDER BY l.id LIMIT ${page.limit}::int`,
  );
  return rows.map(({ bank, candidates }) => ({
    compares: 'bank',
    merchantId: run.merchantId,
    bank,
    candidates: candidates ?? [],
  }));
}

/** Banks cut and join what they are given, so blanks don't count. A batch's number alone would be in any text. */
const inText = sql`(position(upper(replace(p.reference, ' ', '')) in upper(replace(l.text, ' ', ''))) > 0
  OR (p.batch IS NOT NULL AND position('BATCH' || upper(replace(p.batch, ' ', '')) || ','
    in upper(replace(l.text, ' ', '')) || ',') > 0))`;

/**
 * Payouts of the account that the bank has not confirmed to the cent, or has taken back since. What the provider itself says
 * came back is not waited for.
 */
export async function openPayouts(
  pool: CopyPool,
  run: Run,
  page: { readonly afterId: string; readonly limit: number },
): Promise<PayoutComparison[]> {
  const end = dayEnd(run).toISOString();
  // Not where it is said a second time, or of another account's payout.
  const said: MismatchType = 'PAYOUT_BANK_MISMATCH';
  const rows = await query<{
    payout: PayoutComparison['payout'];
    ageMs: string;
    bank: BankLineFacts[] | null;
  }>(
    pool,
    sql`
    WITH returned AS MATERIALIZED (
      SELECT r.payout_reference AS reference, r.settlement_currency AS currency, sum(r.net_minor)::bigint AS minor
      FROM settlement_row r JOIN settlement_file f ON f.id = r.file_id AND f.status = 'posted'
      WHERE r.account_id = ${run.accountId} AND r.type = 'payout_reversed' AND r.verdict = ${said} GROUP BY 1, 2),
    owed AS (
      SELECT p.*, p.amount_minor - coalesce(r.minor, 0) AS owed_minor,
        (SELECT sum(l.amount_minor) FROM bank_statement_line l WHERE l.payout_id = p.id) AS seen_minor
      FROM payout p LEFT JOIN returned r ON r.reference = p.reference AND r.currency = p.currency
      WHERE p.account_id = ${run.accountId} AND p.id > ${page.afterId})
    SELECT jsonb_build_object('id', p.id, 'reference', p.reference, 'currency', p.currency, 'amountMinor', p.owed_minor,
        'announcedAt', ${iso(sql`p.announced_at`)}) AS payout,
      greatest(0, floor(extract(epoch FROM ${end}::timestamptz - p.announced_at) * 1000))::bigint AS "ageMs",
      (SELECT jsonb_agg(${bankJson} ORDER BY l.booked_on, l.id) FROM bank_statement_line l WHERE l.payout_id = p.id) AS bank
    FROM owed p
    WHERE p.verdict IS DISTINCT FROM 'clean' OR p.seen_minor <> p.owed_minor
    ORDER BY p.id LIMIT ${page.limit}::int`,
  );
  return rows.map(({ payout, ageMs, bank }) => ({
    compares: 'payout',
    account: accountOf(run),
    payout,
    ageMs: Number(ageMs),
    bank: bank ?? [],
  }));
}
