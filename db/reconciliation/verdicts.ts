import { moneyOf } from '../../domain/money/words.ts';
import type { Break, Classified } from '../../domain/reconciliation/classify.ts';
import {
  type Comparison,
  type LineComparison,
  type PayoutComparison,
  subjectOf,
} from '../../domain/reconciliation/comparison.ts';
import { MISMATCH_TYPES } from '../../domain/reconciliation/names.ts';
import { kindOf } from '../../domain/reconciliation/table.ts';
import { namedPayout } from '../../domain/reconciliation/types/wholes.ts';
import type { Connection } from '../sql.ts';
import { type CopyClient, type CopyPool, execute, sql, transaction } from './pool.ts';
import type { Run } from './runs.ts';

export interface Judged<Compared extends Comparison = Comparison> {
  readonly comparison: Compared;
  readonly classified: Classified;
}

/** Exceptions of reconciliation; others have lives of their own. */
export const KINDS: readonly string[] = MISMATCH_TYPES.map(kindOf);

/**
 * Writes what was concluded: verdicts on their rows, a case for each break, closed where it explained itself. Written
 * twice it is the same: a case that was closed is not opened again, and one that is something else now is closed. But a
 * payout's is: a bank may take back what it had credited, and then another amount is missing than was decided about. And
 * so is a line's that nobody has decided about: its file was read anew, and what is posted is what was found last.
 */
export async function storeVerdicts(pool: CopyPool, run: Run, judged: readonly Judged[]): Promise<void> {
  if (judged.length === 0) return;
  await transaction(pool, async (client) => {
    await onLines(client, judged);
    await onBank(client, judged);
    await closeOthers(client, judged);
    await openBreaks(client, run, judged);
  });
}

async function onLines(client: CopyClient, judged: readonly Judged[]): Promise<void> {
  const lines = judged.flatMap(({ comparison, classified }) =>
    comparison.compares === 'line' ? [lineVerdict(comparison, classified)] : [],
  );
  if (lines.length === 0) return;
  await execute(
    client,
    sql`
    UPDATE settlement_row r SET verdict = v.verdict, action = v.action, settles_currency = v."settlesCurrency",
      settles_minor = v."settlesMinor", unexplained_minor = v."unexplainedMinor"
    FROM jsonb_to_recordset(${JSON.stringify(lines)}::jsonb) AS v("fileId" text, line int, verdict text, action text,
      "settlesCurrency" text, "settlesMinor" bigint, "unexplainedMinor" bigint)
    WHERE r.file_id = v."fileId" AND r.line = v.line`,
  );
}

function lineVerdict({ fileId, line }: LineComparison, classified: Classified): object {
  const { verdict, parts } = classified;
  const action = classified.verdict === 'clean' ? null : classified.action;
  return { fileId, line: line.line, verdict, action, ...parts };
}

/** A credit that its text names a payout for is that payout's. */
async function onBank(client: CopyClient, judged: readonly Judged[]): Promise<void> {
  const lines = judged.flatMap(({ comparison, classified }) => {
    if (comparison.compares !== 'bank') return [];
    const linked = classified.verdict !== 'clean' && classified.action === 'link_payout';
    const payoutId = linked ? (namedPayout(comparison)?.payoutId ?? null) : null;
    return [{ id: comparison.bank.id, verdict: classified.verdict, payoutId }];
  });
  const payouts = judged.flatMap(({ comparison, classified }) =>
    comparison.compares === 'payout'
      ? [
          {
            id: comparison.payout.id,
            verdict: isUnderWay(comparison, classified) ? null : classified.verdict,
            action: classified.verdict === 'clean' ? null : classified.action,
          },
        ]
      : [],
  );
  if (lines.length > 0)
    await execute(
      client,
      sql`
      UPDATE bank_statement_line l SET verdict = v.verdict, payout_id = v."payoutId"
      FROM jsonb_to_recordset(${JSON.stringify(lines)}::jsonb) AS v(id text, verdict text, "payoutId" text) WHERE l.id = v.id`,
    );
  if (payouts.length > 0)
    await execute(
      client,
      sql`
      UPDATE payout p SET verdict = v.verdict, action = v.action
      FROM jsonb_to_recordset(${JSON.stringify(payouts)}::jsonb) AS v(id text, verdict text, action text) WHERE p.id = v.id`,
    );
}

/** A payout that the bank has not seen yet is not clean: it only isn't late. */
function isUnderWay({ payout, bank }: PayoutComparison, { verdict }: Classified): boolean {
  return verdict === 'clean' && bank.length === 0 && payout.amountMinor !== 0;
}

/**
 * What the same subject was taken for before. Somebody's own proposal about it is left to them, but where it is a line's,
 * which is judged again only before it is posted: what was proposed is about money that will not wait there.
 */
async function closeOthers(client: CopyClient, judged: readonly Judged[]): Promise<void> {
  const now = judged.map(({ comparison, classified }) => ({
    subject: subjectOf(comparison),
    kind: classified.verdict === 'clean' ? 'clean' : kindOf(classified.verdict),
  }));
  await execute(
    client,
    sql`
    UPDATE exception x SET closed_at = clock_timestamp(), auto_resolved = true, resolution = 'it is ' || n.kind || ' by now'
    FROM jsonb_to_recordset(${JSON.stringify(now)}::jsonb) AS n(subject text, kind text)
    WHERE x.subject_id = n.subject AND x.kind = ANY(${[...KINDS]}::text[]) AND x.kind <> n.kind AND x.closed_at IS NULL
      AND (x.disposition IS NULL OR x.line IS NOT NULL)`,
  );
}

/**
 * Of a file that was just read anew, or refused: cases of lines that are clean by now, or are not there any more, proposed
 * ones too. Nothing of them is posted, or will be but as clean, so there is nothing to decide about.
 */
export async function closeLineCases(on: Connection, fileId: string): Promise<void> {
  await execute(
    on,
    sql`
    UPDATE exception x SET closed_at = clock_timestamp(), auto_resolved = true,
      resolution = CASE f.status WHEN 'refused' THEN 'its file was refused' ELSE 'it is clean by now' END
    FROM settlement_file f
    WHERE f.id = ${fileId} AND x.file_id = f.id AND x.line IS NOT NULL AND x.closed_at IS NULL
      AND x.kind = ANY(${[...KINDS]}::text[]) AND NOT EXISTS (
        SELECT 1 FROM settlement_row r WHERE r.file_id = x.file_id AND r.line = x.line AND r.verdict IS NULL)`,
  );
}

async function openBreaks(client: CopyClient, run: Run, judged: readonly Judged[]): Promise<void> {
  const rows = judged.flatMap(({ comparison, classified }) =>
    classified.verdict === 'clean' || classified.ending === 'nothing'
      ? []
      : [exceptionOf(run, comparison, classified)],
  );
  if (rows.length === 0) return;
  await execute(
    client,
    sql`
    INSERT INTO exception AS x (id, kind, subject_id, payment_id, merchant_id, account_id, run_id, file_id, line, currency,
      amount_minor, summary, details, closed_at, resolution, auto_resolved)
    SELECT 'exc_' || e.kind || '_' || e.subject, e.kind, e.subject, e."paymentId", ${run.merchantId}, e."accountId", ${run.id},
      e."fileId", e.line, e.currency, e."amountMinor", e.summary, e.details, CASE WHEN e.closed THEN clock_timestamp() END,
      e.resolution, e.closed
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS e(kind text, subject text, "paymentId" text, "accountId" text,
      "fileId" text, line int, currency text, "amountMinor" bigint, summary text, details jsonb, closed boolean, resolution text)
    ON CONFLICT (kind, subject_id) DO UPDATE SET summary = excluded.summary, details = excluded.details,
      currency = excluded.currency, amount_minor = excluded.amount_minor, payment_id = excluded.payment_id,
      closed_at = excluded.closed_at, resolution = excluded.resolution, auto_resolved = excluded.auto_resolved,
      disposition = CASE WHEN x.disposition->>'status' <> 'proposed' THEN x.disposition END
    WHERE (x.closed_at IS NULL AND x.disposition IS NULL)
      OR (x.line IS NOT NULL AND x.closed_at IS NOT NULL AND x.auto_resolved AND excluded.closed_at IS NULL)
      OR (x.kind = ${kindOf('PAYOUT_BANK_MISMATCH')}
      AND x.closed_at IS NOT NULL AND excluded.closed_at IS NULL
      AND (x.disposition IS NULL OR x.amount_minor IS DISTINCT FROM excluded.amount_minor))`,
  );
}

function exceptionOf(run: Run, comparison: Comparison, found: Break): object {
  const { verdict, also, cause, action, ending, stops, proposed, stake } = found;
  const closed = ending === 'at_once';
  const money = stake === undefined ? undefined : { ...stake, amountMinor: Number(stake.amountMinor) };
  return {
    kind: kindOf(verdict),
    subject: subjectOf(comparison),
    accountId: comparison.compares === 'bank' ? null : run.accountId,
    ...aboutOf(comparison),
    currency: money?.currency ?? null,
    amountMinor: money?.amountMinor ?? null,
    summary: wordsOf(comparison),
    details: {
      evidence: evidenceOf(comparison),
      proposed,
      cause,
      also,
      action,
      ending,
      stops,
      ...(money === undefined ? {} : { stake: money }),
    },
    closed,
    resolution: closed ? action : null,
  };
}

function aboutOf(comparison: Comparison): object {
  switch (comparison.compares) {
    case 'line': {
      const { fileId, line, booking, paymentId } = comparison;
      return { fileId, line: line.line, paymentId: booking?.paymentId ?? paymentId ?? null };
    }
    case 'booking':
      return { paymentId: comparison.booking.paymentId };
    case 'file':
      return { fileId: comparison.sameBytesAs ?? comparison.file.id };
    default:
      return {};
  }
}

/** What was compared, in amounts as people write them. What is wrong with it, the exception's kind says. */
function wordsOf(comparison: Comparison): string {
  switch (comparison.compares) {
    case 'line': {
      const { line, booking } = comparison;
      const booked =
        booking === undefined ? '' : `, booked ${moneyOf(booking.amountMinor, booking.currency)}`;
      const name =
        line.operationReference ?? line.providerReference ?? line.merchantReference ?? 'no reference';
      return `line ${line.line}, ${line.providerType} of ${moneyOf(line.grossMinor, line.currency)} (${name})${booked}`;
    }
    case 'booking': {
      const { kind, amountMinor, currency, bookedAt } = comparison.booking;
      return `${kind} of ${moneyOf(amountMinor, currency)}, booked ${bookedAt.slice(0, 10)}`;
    }
    case 'file':
      return `${comparison.file.name}, ${comparison.file.rows} lines`;
    case 'payout': {
      const { reference, amountMinor, currency } = comparison.payout;
      return `${reference} of ${moneyOf(amountMinor, currency)}`;
    }
    case 'bank': {
      const { amountMinor, currency, bookedOn } = comparison.bank;
      return `${moneyOf(amountMinor, currency)} on ${bookedOn}`;
    }
  }
}

/** Both sides' rows, for whoever decides. Sums that outgrow JSON's numbers go as text. */
function evidenceOf(comparison: Comparison): object {
  const { compares: _what, ...facts } = comparison;
  return JSON.parse(
    JSON.stringify(facts, (_key, value: unknown) => {
      if (typeof value !== 'bigint') return value;
      return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
    }),
  );
}
