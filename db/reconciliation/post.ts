import type { MismatchType } from '../../domain/reconciliation/names.ts';
import { type LineGroup, postingsOf } from '../../domain/reconciliation/postings.ts';
import { FEE_KINDS, type RowType } from '../../domain/reconciliation/row.ts';
import type { AutoAction } from '../../domain/reconciliation/terms.ts';
import type { FileStatus } from './files.ts';
import { type Posted, postTransactions } from './ledger.ts';
import { type CopyClient, type CopyPool, execute, lockAccount, query, sql, transaction } from './pool.ts';
import { json, type Run } from './runs.ts';
import { openStops } from './settled.ts';

export type FilePosted =
  | { readonly type: 'posted'; readonly transactions: number }
  /** Cases of the file that are open say that nothing of it may be posted. */
  | { readonly type: 'stopped'; readonly exceptions: readonly string[] }
  | { readonly type: 'not_classified' }
  | { readonly type: 'already'; readonly status: FileStatus };

/**
 * Books a file, whole, in one transaction of the database: one transaction of the ledger for all lines of one type,
 * verdict, action and currencies, by their sums, and the payouts that the file announces.
 */
export async function postFile(pool: CopyPool, run: Run, fileId: string): Promise<FilePosted> {
  return transaction(pool, async (client) => {
    await lockAccount(client, run.accountId);
    const [file] = await query<{ status: FileStatus; open: boolean }>(
      client,
      sql`
      SELECT f.status, EXISTS (SELECT 1 FROM settlement_row r WHERE r.file_id = f.id AND r.verdict IS NULL) AS open
      FROM settlement_file f WHERE f.id = ${fileId} FOR UPDATE`,
    );
    if (file === undefined) throw new Error(`there is no settlement file ${fileId}`);
    if (file.status !== 'staged' && file.status !== 'classified')
      return { type: 'already', status: file.status };
    if (file.open) return { type: 'not_classified' };
    const exceptions = await openStops(client, fileId);
    if (exceptions.length > 0) {
      await execute(client, sql`UPDATE settlement_file SET status = 'classified' WHERE id = ${fileId}`);
      return { type: 'stopped', exceptions };
    }
    // Let go, but judged beside what stood here when it came: it is staged anew first.
    if (file.status === 'classified') return { type: 'not_classified' };
    const groups = await groupsOf(client, fileId);
    const posted = groups.map((group) => transactionOf(run, fileId, group));
    await postTransactions(client, run, posted);
    await storeGroups(client, fileId, groups, posted);
    await announcePayouts(client, run, fileId);
    await execute(
      client,
      sql`UPDATE settlement_file SET status = 'posted', posted_at = clock_timestamp() WHERE id = ${fileId}`,
    );
    return { type: 'posted', transactions: posted.filter(({ entries }) => entries.length > 0).length };
  });
}

/** Sums of lines that are posted together, as Postgres answers them. */
export interface Group {
  readonly type: RowType;
  readonly verdict: MismatchType | 'clean';
  /** Empty: none. */
  readonly action: AutoAction | '';
  readonly currency: string;
  readonly settlementCurrency: string;
  readonly settlesCurrency: string;
  readonly rows: number;
  readonly grossMinor: string;
  readonly feeMinor: string;
  readonly netMinor: string;
  readonly settlesMinor: string;
  readonly unexplainedMinor: string;
  readonly fees: Readonly<Record<string, number>>;
}

/** Of rows `r`. A clean capture or refund settles all that it is; of other clean lines there is nothing to settle. */
export const groupColumns = sql`r.type, r.verdict, coalesce(r.action, '') AS action, r.currency,
  r.settlement_currency AS "settlementCurrency", coalesce(r.settles_currency, r.currency) AS "settlesCurrency",
  count(*)::int AS rows, sum(r.gross_minor) AS "grossMinor", sum(r.fee_minor) AS "feeMinor", sum(r.net_minor) AS "netMinor",
  sum(coalesce(r.settles_minor, CASE WHEN r.type IN ('capture', 'refund') THEN r.gross_minor ELSE 0 END)) AS "settlesMinor",
  sum(coalesce(r.unexplained_minor, 0)) AS "unexplainedMinor",
  jsonb_strip_nulls(jsonb_build_object('processing', sum(r.fee_processing_minor), 'scheme', sum(r.fee_scheme_minor),
    'interchange', sum(r.fee_interchange_minor), 'markup', sum(r.fee_markup_minor), 'dispute', sum(r.fee_dispute_minor),
    'tax', sum(r.fee_tax_minor), 'other', sum(r.fee_other_minor))) AS fees`;

function groupsOf(client: CopyClient, fileId: string): Promise<Group[]> {
  return query<Group>(
    client,
    sql`SELECT ${groupColumns} FROM settlement_row r WHERE r.file_id = ${fileId} GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6`,
  );
}

export function lineGroupOf(run: Run, group: Group): LineGroup {
  const { type, verdict, action, currency, settlementCurrency, settlesCurrency, fees } = group;
  const kinds = FEE_KINDS.flatMap((kind) => {
    const sum = fees[kind];
    return sum === undefined ? [] : [[kind, BigInt(sum)] as const];
  });
  return {
    account: run,
    type,
    verdict,
    action: action === '' ? null : action,
    currency,
    settlementCurrency,
    settlesCurrency,
    sums: {
      grossMinor: BigInt(group.grossMinor),
      feeMinor: BigInt(group.feeMinor),
      netMinor: BigInt(group.netMinor),
      fees: Object.fromEntries(kinds),
      settlesMinor: BigInt(group.settlesMinor),
      unexplainedMinor: BigInt(group.unexplainedMinor),
    },
  };
}

function transactionOf(run: Run, fileId: string, group: Group): Posted {
  const { type, verdict, action, currency, settlementCurrency, settlesCurrency, rows } = group;
  const what = [type, verdict, ...(action === '' ? [] : [action])].join('_').toLowerCase();
  const currencies = [...new Set([currency, settlementCurrency, settlesCurrency])].join('_');
  return {
    // All three currencies, so that no two groups of a file meet.
    id: `lt_${fileId}_${what}_${currency}_${settlementCurrency}_${settlesCurrency}`,
    ownerId: fileId,
    kind: `settlement_${type}`,
    description: `${rows} ${type} ${rows === 1 ? 'line' : 'lines'}, ${verdict}, ${currencies}`,
    entries: postingsOf(lineGroupOf(run, group)),
  };
}

async function storeGroups(
  client: CopyClient,
  fileId: string,
  groups: readonly Group[],
  posted: readonly Posted[],
): Promise<void> {
  const rows = groups.map((group, index) => {
    const transaction = posted[index];
    const isPosted = transaction !== undefined && transaction.entries.length > 0;
    return { ...group, transactionId: isPosted ? transaction.id : null };
  });
  await execute(
    client,
    sql`
    INSERT INTO settlement_group (file_id, type, verdict, action, currency, settlement_currency, settles_currency, rows,
      gross_minor, fee_minor, net_minor, settles_minor, unexplained_minor, fees, ledger_transaction_id)
    SELECT ${fileId}, g.type, g.verdict, g.action, g.currency, g."settlementCurrency", g."settlesCurrency", g.rows,
      g."grossMinor", g."feeMinor", g."netMinor", g."settlesMinor", g."unexplainedMinor", g.fees, g."transactionId"
    FROM jsonb_to_recordset(${json(rows)}::jsonb) AS g(type text, verdict text, action text, currency text,
      "settlementCurrency" text, "settlesCurrency" text, rows int, "grossMinor" bigint, "feeMinor" bigint,
      "netMinor" bigint, "settlesMinor" bigint, "unexplainedMinor" bigint, fees jsonb, "transactionId" text)`,
  );
}

/** What the bank is waited for. One without a name has its batch's, or its file's. */
async function announcePayouts(client: CopyClient, run: Run, fileId: string): Promise<void> {
  await execute(
    client,
    sql`
    INSERT INTO payout (id, account_id, reference, batch, currency, amount_minor, file_id, announced_at)
    SELECT 'po_' || ${run.accountId} || '_' || p.reference || '_' || p.currency, ${run.accountId}, p.reference, p.batch,
      p.currency, p.amount, ${fileId}, p.announced_at
    FROM (
      SELECT coalesce(payout_reference, batch, file_id) AS reference, max(batch) AS batch, settlement_currency AS currency,
        -sum(net_minor) AS amount, max(occurred_at) AS announced_at
      FROM settlement_row WHERE file_id = ${fileId} AND type = 'payout' GROUP BY 1, 3) p
    ON CONFLICT DO NOTHING`,
  );
}
