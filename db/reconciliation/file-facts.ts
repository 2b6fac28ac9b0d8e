import type {
  AccountFacts,
  FileComparison,
  FilePayout,
  FileTotals,
} from '../../domain/reconciliation/comparison.ts';
import { type FileTrailer, TOTALS_WARNINGS } from '../../domain/reconciliation/row.ts';
import type { FileWarning, SettlementFile } from './files.ts';
import { type CopyClient, query, sql } from './pool.ts';
import { json, type Run } from './runs.ts';

/** What the parser knows of a file when it has come to its end. */
export interface ParsedEnd {
  readonly rows: number;
  readonly trailers: readonly FileTrailer[];
  readonly warnings: readonly FileWarning[];
}

/** Lines that have all of this in common, added up: of a file of a million lines there are a few. */
interface Bucket {
  readonly kind: 'line' | 'payout' | 'returned';
  readonly currency: string;
  readonly settlementCurrency: string;
  readonly payoutReference: string | null;
  readonly batch: string | null;
  readonly merchantAccount: string | null;
  readonly rows: string;
  readonly credit: string;
  readonly debit: string;
  readonly net: string;
  /** When its latest capture or refund happened. */
  readonly latest: Date | null;
}

export interface FileFacts {
  readonly comparison: FileComparison;
  /** As stored with the file: what another file is compared with. */
  readonly totals: string;
  /** The latest capture or refund in it. */
  readonly settledUntil: Date | null;
}

/** One file beside what it says of itself and what came before it, from the lines that were just copied. */
export async function fileFacts(
  client: CopyClient,
  run: Run,
  file: SettlementFile,
  end: ParsedEnd,
): Promise<FileFacts> {
  const buckets = await query<Bucket>(
    client,
    sql`
    SELECT CASE type WHEN 'payout' THEN 'payout' WHEN 'payout_reversed' THEN 'returned' ELSE 'line' END AS kind, currency, settlement_currency AS "settlementCurrency",
      payout_reference AS "payoutReference", batch, merchant_account AS "merchantAccount", count(*) AS rows,
      coalesce(sum(gross_minor) FILTER (WHERE gross_minor > 0), 0) AS credit,
      coalesce(-sum(gross_minor) FILTER (WHERE gross_minor < 0), 0) AS debit, sum(net_minor) AS net,
      max(occurred_at) FILTER (WHERE type IN ('capture', 'refund')) AS latest
    FROM incoming GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6`,
  );
  const totals = totalsOf(buckets);
  const payouts = payoutsOf(buckets);
  const stored = json(totals);
  const same = await sameBatch(client, run, file, buckets, stored, end.rows);
  const copy = file.duplicates.find(({ businessDate }) => businessDate === run.businessDate);
  const accounts = new Set(buckets.flatMap(({ merchantAccount }) => merchantAccount ?? []));
  const comparison: FileComparison = {
    compares: 'file',
    account: accountOf(run),
    file: {
      id: file.id,
      name: copy?.name ?? file.name,
      sha256: file.sha256,
      businessDate: run.businessDate,
      rows: buckets.reduce((sum, { rows }) => sum + Number(rows), 0),
    },
    ...(same === undefined ? {} : { sameBatch: same }),
    totals,
    trailers: end.trailers,
    totalWarnings: end.warnings.filter(({ code }) => TOTALS_WARNINGS.has(code)).map(({ message }) => message),
    parsedRows: end.rows,
    payouts,
    merchantAccounts: [...accounts].sort(),
  };
  return { comparison, totals: stored, settledUntil: latestOf(buckets) };
}

function latestOf(buckets: readonly Bucket[]): Date | null {
  return buckets.reduce<Date | null>(
    (latest, each) =>
      each.latest !== null && (latest === null || each.latest > latest) ? each.latest : latest,
    null,
  );
}

export function accountOf({ accountId, merchantId, merchantAccounts, feeContract }: Run): AccountFacts {
  return {
    accountId,
    merchantId,
    ...(merchantAccounts.length === 0 ? {} : { merchantAccounts }),
    ...(feeContract === undefined ? {} : { fees: feeContract }),
  };
}

function totalsOf(buckets: readonly Bucket[]): FileTotals[] {
  const counted = buckets.filter(({ kind }) => kind === 'line');
  const currencies = new Set(counted.flatMap((each) => [each.currency, each.settlementCurrency]));
  return [...currencies].sort().map((currency) => {
    const of = counted.filter((each) => each.currency === currency);
    return {
      currency,
      rows: of.reduce((sum, { rows }) => sum + Number(rows), 0),
      creditMinor: add(of, 'credit'),
      debitMinor: add(of, 'debit'),
      netMinor: add(
        counted.filter((each) => each.settlementCurrency === currency),
        'net',
      ),
    };
  });
}

function add(buckets: readonly Bucket[], what: 'credit' | 'debit' | 'net' | 'rows'): bigint {
  return buckets.reduce((sum, bucket) => sum + BigInt(bucket[what]), 0n);
}

/**
 * A payout pays the lines that name it, else those of its batch; one that has neither pays from a balance, as much as its
 * merchant wants, and is held against nothing here: where a layout has balances, its parser has. What came back of an
 * earlier payout is paid with a later one: with which of them, only the amounts say.
 */
function payoutsOf(buckets: readonly Bucket[]): FilePayout[] {
  const lines = buckets.filter(({ kind }) => kind === 'line');
  const announced = buckets.filter(({ kind }) => kind === 'payout');
  const returned = buckets.filter(({ kind }) => kind === 'returned');
  const keys = new Map<string, readonly [reference: string, currency: string]>();
  for (const { payoutReference, settlementCurrency } of [...announced, ...lines])
    if (payoutReference !== null)
      keys.set(`${payoutReference} ${settlementCurrency}`, [payoutReference, settlementCurrency]);
  return [...keys.values()].map(([reference, currency]) => {
    const isOfCurrency = (each: Bucket) => each.settlementCurrency === currency;
    const own = announced.filter((each) => isOfCurrency(each) && each.payoutReference === reference);
    const batches = new Set(own.flatMap(({ batch }) => batch ?? []));
    const named = lines.filter((each) => isOfCurrency(each) && each.payoutReference === reference);
    const ofBatch = lines.filter(
      ({ payoutReference, batch, ...each }) =>
        each.settlementCurrency === currency && payoutReference === null && batches.has(batch ?? ''),
    );
    const paid = named.length > 0 ? named : ofBatch;
    const amountMinor = -add(own, 'net');
    const linesMinor = add(paid, 'net');
    const withReturned = linesMinor + add(returned.filter(isOfCurrency), 'net');
    return {
      reference,
      currency,
      ...(own.length === 0 || (paid.length === 0 && batches.size === 0) ? {} : { amountMinor }),
      netMinor: amountMinor === withReturned ? withReturned : linesMinor,
      lines: Number(add(paid, 'rows')),
    };
  });
}

/** A payout that came back is named by a later file for what it is: that file is no copy. */
async function sameBatch(
  client: CopyClient,
  run: Run,
  file: SettlementFile,
  buckets: readonly Bucket[],
  totals: string,
  parsedRows: number,
): Promise<FileComparison['sameBatch']> {
  const settled = buckets.filter(({ kind }) => kind !== 'returned');
  const references = [...new Set(settled.flatMap(({ payoutReference }) => payoutReference ?? []))];
  const batches = [...new Set(settled.flatMap(({ batch }) => batch ?? []))];
  const [row] = await query<{ fileId: string; name: string; sameTotals: boolean }>(
    client,
    sql`
    SELECT f.id AS "fileId", f.name, f.totals = ${totals}::jsonb AND f.row_count = ${parsedRows}::int AS "sameTotals"
    FROM payout p JOIN settlement_file f ON f.id = p.file_id
    WHERE p.account_id = ${run.accountId} AND f.id <> ${file.id} AND f.status = 'posted'
      AND (p.reference = ANY(${references}::text[]) OR p.batch = ANY(${batches}::text[]))
    ORDER BY f.received_at DESC, f.id LIMIT 1`,
  );
  return row;
}
