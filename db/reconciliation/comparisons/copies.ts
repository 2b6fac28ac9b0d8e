import type { FileComparison, FileTotals } from '../../../domain/reconciliation/comparison.ts';
import { accountOf } from '../file-facts.ts';
import type { Duplicate } from '../files.ts';
import { type CopyPool, query, sql } from '../pool.ts';
import type { Run } from '../runs.ts';

interface Original {
  readonly id: string;
  readonly sha256: string;
  readonly rows: number | null;
  readonly totals: readonly Texts[] | null;
  readonly duplicates: readonly Duplicate[];
}

/** As JSON has them: sums are text there. */
type Texts = {
  readonly [Name in keyof FileTotals]: FileTotals[Name] extends bigint ? string : FileTotals[Name];
};

/**
 * Files that came for this day and were, byte for byte, an earlier one: they have no lines of their own. One that has none
 * at all is no copy: on two days on which there was nothing a provider says the same.
 */
export async function copiesOf(pool: CopyPool, run: Run): Promise<FileComparison[]> {
  const originals = await query<Original>(
    pool,
    sql`
    SELECT id, sha256, row_count AS rows, totals, duplicates FROM settlement_file
    WHERE account_id = ${run.accountId} AND status <> 'refused' AND row_count IS DISTINCT FROM 0
      AND duplicates @> ${JSON.stringify([{ businessDate: run.businessDate }])}::jsonb
    ORDER BY received_at, id`,
  );
  return originals.flatMap(({ id, sha256, rows, totals, duplicates }) =>
    duplicates.flatMap(({ businessDate, name }, index): FileComparison[] =>
      businessDate === run.businessDate
        ? [
            {
              compares: 'file',
              account: accountOf(run),
              file: { id: `${id}_again_${index + 1}`, name, sha256, businessDate, rows: rows ?? 0 },
              sameBytesAs: id,
              totals: (totals ?? []).map(toTotals),
              trailers: [],
              totalWarnings: [],
              parsedRows: rows ?? 0,
              payouts: [],
              merchantAccounts: [],
            },
          ]
        : [],
    ),
  );
}

function toTotals({ creditMinor, debitMinor, netMinor, ...rest }: Texts): FileTotals {
  return {
    ...rest,
    creditMinor: BigInt(creditMinor),
    debitMinor: BigInt(debitMinor),
    netMinor: BigInt(netMinor),
  };
}
