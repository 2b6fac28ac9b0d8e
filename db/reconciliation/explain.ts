import { postingsOf } from '../../domain/reconciliation/postings.ts';
import { correctionOf, type Posted, postTransactions } from './ledger.ts';
import { type CopyClient, type CopyPool, execute, lockAccount, query, sql, transaction } from './pool.ts';
import { type Group, groupColumns, lineGroupOf } from './post.ts';
import type { Run } from './runs.ts';
import { isSettled, isStopped } from './settled.ts';
import { KINDS } from './verdicts.ts';

/**
 * Closes what has been explained since it was opened: lines whose booking is there now, because its payment heard the
 * news; refunds that are recorded as taken back; bookings that a later file has. What a line had left in suspense is
 * booked where it belongs. Cases that people must look at, or have begun to, stay theirs, but for those whose money has
 * gone: deciding one would move it a second time.
 */
export async function explainBreaks(
  pool: CopyPool,
  run: Run,
): Promise<{ readonly linked: number; readonly closed: number }> {
  return transaction(pool, async (client) => {
    await lockAccount(client, run.accountId);
    const linked = await linkStrays(client, run);
    await correct(client, run, linked);
    const lines = await closeLines(client, run);
    const bookings = await closeBookings(client, run);
    const filled = (await closeFilled(client, run)) + (await closeContinued(client, run));
    const gone = (await closeCorrected(client, run)) + filled;
    return { linked: linked.length, closed: lines + bookings + gone };
  });
}

interface Linked {
  readonly fileId: string;
  readonly line: number;
}

/** Lines of open cases that had no booking when they came, and have one of their own kind, amount and names now. */
function linkStrays(client: CopyClient, run: Run): Promise<Linked[]> {
  return query<Linked>(
    client,
    sql`
    UPDATE settlement_row r SET booking_id = f.booking_id, booking_number = f.booking_number, matched_by = f.matched_by
    FROM (
      SELECT DISTINCT ON (b.id) o.file_id, o.line, b.id AS booking_id, b.number AS booking_number, b.matched_by
      FROM exception x JOIN settlement_row o ON o.file_id = x.file_id AND o.line = x.line
        JOIN settlement_file f ON f.id = o.file_id AND NOT ${isStopped}
      CROSS JOIN LATERAL (
        SELECT c.id, c.number, c.matched_by FROM (
          SELECT b.*, 'operation' AS matched_by, 1 AS strength FROM booking b WHERE b.operation_reference = o.operation_reference
          UNION ALL SELECT b.*, 'provider', 2 FROM booking b WHERE b.provider_reference = o.provider_reference
            AND (o.type = 'capture' OR o.operation_reference IS NULL OR b.operation_reference IS NULL)
          UNION ALL SELECT b.*, 'merchant', 3 FROM booking b WHERE b.id = o.merchant_reference) c
        WHERE c.kind = o.type AND c.status = 'expected' AND c.account_id = o.account_id AND c.currency = o.currency
          AND c.amount_minor = abs(o.gross_minor) AND NOT ${isSettled(sql`c`)}
        ORDER BY c.strength, c.id LIMIT 1) b
      WHERE x.account_id = ${run.accountId} AND x.closed_at IS NULL AND x.kind IN ('missing_in_ledger', 'external_refund')
        AND x.line IS NOT NULL AND o.booking_id IS NULL
      ORDER BY b.id, o.file_id, o.line) f
    WHERE r.file_id = f.file_id AND r.line = f.line
    RETURNING r.file_id AS "fileId", r.line`,
  );
}

/** As if it had been clean when its file was posted; nothing where it had been posted so already. */
async function correct(client: CopyClient, run: Run, linked: readonly Linked[]): Promise<void> {
  if (linked.length === 0) return;
  const groups = await query<Group & Linked>(
    client,
    sql`
    SELECT ${groupColumns}, r.file_id AS "fileId", r.line
    FROM settlement_row r JOIN settlement_file f ON f.id = r.file_id AND f.status = 'posted'
      JOIN jsonb_to_recordset(${JSON.stringify(linked)}::jsonb) AS l("fileId" text, line int)
        ON l."fileId" = r.file_id AND l.line = r.line
    GROUP BY 1, 2, 3, 4, 5, 6, r.file_id, r.line ORDER BY r.file_id, r.line`,
  );
  const posted = groups.map((group): Posted => {
    const before = lineGroupOf(run, group);
    const settles = { settlesMinor: before.sums.grossMinor, unexplainedMinor: 0n };
    const after = {
      ...before,
      verdict: 'clean' as const,
      action: null,
      settlesCurrency: before.currency,
      sums: { ...before.sums, ...settles },
    };
    return {
      id: explainedId(group),
      ownerId: group.fileId,
      kind: 'settlement_explained',
      description: `line ${group.line}, whose booking came after it`,
      entries: correctionOf(postingsOf(before), postingsOf(after)),
    };
  });
  await postTransactions(client, run, posted);
}

/** What is said of a line's correction: also read by what a case holds (db/cases/stakes.ts). */
export function explainedId({ fileId, line }: Linked): string {
  return `lt_${fileId}${EXPLAINED}${line}`;
}

const EXPLAINED = '_explained_';

function closeCorrected(client: CopyClient, run: Run): Promise<number> {
  return execute(
    client,
    sql`
    UPDATE exception x SET closed_at = clock_timestamp(), auto_resolved = true, resolution = 'it is recorded now'
    FROM ledger_transaction t
    WHERE x.account_id = ${run.accountId} AND x.closed_at IS NULL AND x.kind IN ('missing_in_ledger', 'external_refund')
      AND x.line IS NOT NULL AND t.id = 'lt_' || x.file_id || ${EXPLAINED}::text || x.line`,
  );
}

/** Of a case `x`: what is still owed of its line's booking is what the case is about. */
const isOfTheRest = sql`(x.closed_at IS NULL AND x.line IS NOT NULL AND x.kind = ANY(${[...KINDS]}::text[])
  AND x.details->'stake'->>'account' LIKE 'provider_receivable/%')`;

/** A booking that was settled with too little, and whose rest has come in later lines. */
function closeFilled(client: CopyClient, run: Run): Promise<number> {
  return execute(
    client,
    sql`
    UPDATE exception x SET closed_at = clock_timestamp(), auto_resolved = true, resolution = 'the rest has come'
    FROM settlement_row r JOIN booking b ON b.id = r.booking_id AND b.kind = r.type
    WHERE x.account_id = ${run.accountId} AND ${isOfTheRest} AND r.file_id = x.file_id AND r.line = x.line
      AND b.amount_minor <= (
        SELECT abs(sum(coalesce(s.settles_minor, s.gross_minor)))
        FROM settlement_row s JOIN settlement_file f ON f.id = s.file_id AND f.status = 'posted'
        WHERE s.booking_number = b.number AND s.type = b.kind AND coalesce(s.settles_currency, s.currency) = b.currency)`,
  );
}

/**
 * What is still owed of a booking is one case's, though each of its lines leaves some. The less it is about, the more lines
 * were there when it was judged: so it has what is left after all of them, and whatever was decided about it, no more is owed.
 */
function closeContinued(client: CopyClient, run: Run): Promise<number> {
  return execute(
    client,
    sql`
    UPDATE exception x SET closed_at = clock_timestamp(), auto_resolved = true, resolution = 'another line has the case of what is still owed'
    FROM settlement_row r JOIN settlement_file g ON g.id = r.file_id AND g.status = 'posted'
    WHERE x.account_id = ${run.accountId} AND ${isOfTheRest} AND r.file_id = x.file_id AND r.line = x.line
      AND EXISTS (
        SELECT 1 FROM settlement_row s JOIN settlement_file f ON f.id = s.file_id AND f.status = 'posted'
          JOIN exception y ON y.file_id = s.file_id AND y.line = s.line AND y.kind = lower(s.verdict)
        WHERE s.booking_number = r.booking_number AND s.type = r.type
          AND y.details->'stake'->>'account' = x.details->'stake'->>'account'
          AND (-abs(y.amount_minor), f.posted_at, f.id, s.line) > (-abs(x.amount_minor), g.posted_at, g.id, r.line))`,
  );
}

function closeLines(client: CopyClient, run: Run): Promise<number> {
  return execute(
    client,
    sql`
    UPDATE exception x SET closed_at = clock_timestamp(), auto_resolved = true,
      resolution = CASE r.type WHEN 'refund_reversed' THEN 'the refund is recorded as taken back' ELSE 'it is recorded now' END
    FROM settlement_row r JOIN booking b ON b.id = r.booking_id
    WHERE x.account_id = ${run.accountId} AND x.closed_at IS NULL AND x.disposition IS NULL AND x.line IS NOT NULL
      AND r.file_id = x.file_id AND r.line = x.line AND x.kind = ANY(${[...KINDS]}::text[])
      AND x.details->>'ending' = 'by_itself'
      AND CASE WHEN r.type = 'refund_reversed' THEN b.reversed
        ELSE b.kind = r.type AND b.status = 'expected' AND b.currency = r.currency AND b.amount_minor = abs(r.gross_minor) END`,
  );
}

/** Its file has taken the booking off the receivable, or its payment has: nothing is left to decide, whatever was proposed. */
function closeBookings(client: CopyClient, run: Run): Promise<number> {
  return execute(
    client,
    sql`
    UPDATE exception x SET closed_at = clock_timestamp(), auto_resolved = true,
      resolution = CASE WHEN b.status = 'expected' THEN 'a file has it now' ELSE 'it is not expected any more' END
    FROM booking b
    WHERE x.account_id = ${run.accountId} AND x.closed_at IS NULL
      AND x.kind IN ('missing_in_file_overdue', 'refund_not_settled') AND b.id = x.subject_id
      AND (b.status <> 'expected' OR ${isSettled(sql`b`)})`,
  );
}
