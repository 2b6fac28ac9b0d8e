import type { FileComparison } from '../../domain/reconciliation/comparison.ts';
import { copyRows, createIncoming, type Rows } from './copy-rows.ts';
import { fileFacts, type ParsedEnd } from './file-facts.ts';
import type { FileStatus, SettlementFile } from './files.ts';
import { pairLines, writeLines } from './match.ts';
import { type CopyClient, type CopyPool, execute, lockAccount, query, sql, transaction } from './pool.ts';
import { json, type Run } from './runs.ts';
import { openStops } from './settled.ts';
import { closeLineCases } from './verdicts.ts';

export interface Staging {
  readonly run: Run;
  readonly file: SettlementFile;
  readonly rows: Rows;
  /** Asked for once the last row has come. */
  readonly end: () => ParsedEnd;
  /** Whether the file may be taken in, by what it is as a whole: its lines are not looked at where it may not. */
  readonly judge: (comparison: FileComparison) => 'take' | 'leave';
  readonly onProgress?: (rows: number) => void;
}

export type Staged =
  /** `open`: lines that are not clean, to be classified. */
  | { readonly type: 'staged'; readonly rows: number; readonly open: number; readonly whole: FileComparison }
  /** As a whole it is not to be taken in; nothing of it was. */
  | { readonly type: 'left'; readonly whole: FileComparison }
  /** It has been taken in, or refused, before. */
  | { readonly type: 'already'; readonly status: FileStatus };

/**
 * A whole file or nothing: in one transaction its lines are copied, held against what the file says of itself, matched
 * to bookings and written. Whatever fails on the way, a crash included, leaves what was there before. A file of which
 * nothing was classified yet is staged anew: its bookings may be others by now.
 */
export async function stageFile(pool: CopyPool, staging: Staging): Promise<Staged> {
  const { run, file } = staging;
  return transaction(pool, async (client) => {
    await lockAccount(client, run.accountId);
    const status = await currentStatus(client, file.id);
    if (!(await isToBeStaged(client, file.id, status))) return { type: 'already', status };
    await createIncoming(client);
    const copied = await copyRows(client, staging.rows, staging.onProgress);
    await client.query(`ANALYZE incoming (${MATCHED_BY})`);
    const end = staging.end();
    const facts = await fileFacts(client, run, file, end);
    if (staging.judge(facts.comparison) === 'leave') return { type: 'left', whole: facts.comparison };
    if (status !== 'received')
      await execute(client, sql`DELETE FROM settlement_row WHERE file_id = ${file.id}`);
    await pairLines(client, run, file);
    const written = await writeLines(client, run, file, copied.header);
    await closeLineCases(client, file.id);
    await execute(
      client,
      sql`
      UPDATE settlement_file SET status = 'staged', row_count = ${written.rows}::int, totals = ${facts.totals}::jsonb,
        trailers = ${json(end.trailers)}::jsonb, warnings = ${json(end.warnings)}::jsonb,
        settled_until = ${facts.settledUntil}::timestamptz
      WHERE id = ${file.id}`,
    );
    if (written.rows > ENOUGH_TO_PLAN_ANEW) await client.query(`ANALYZE settlement_row (${ASKED_BY})`);
    return {
      type: 'staged',
      rows: written.rows,
      open: written.rows - written.clean,
      whole: facts.comparison,
    };
  });
}

/** What statements join, group and filter by. Reading all the wide columns for statistics that nobody asks for takes longer. */
const MATCHED_BY =
  'line, type, provider_reference, operation_reference, alternative_reference, merchant_reference';
const ASKED_BY = 'file_id, line, account_id, type, verdict, action, booking_number, booking_id, currency';

const ENOUGH_TO_PLAN_ANEW = 10_000;

/** One that a line of it has stopped is staged anew once it is let go: others may stand in for it by now. */
async function isToBeStaged(client: CopyClient, fileId: string, status: FileStatus): Promise<boolean> {
  if (status === 'classified') return (await openStops(client, fileId)).length === 0;
  return status === 'received' || status === 'staged';
}

async function currentStatus(client: CopyClient, fileId: string): Promise<FileStatus> {
  const [row] = await query<{ status: FileStatus }>(
    client,
    sql`SELECT status FROM settlement_file WHERE id = ${fileId} FOR UPDATE`,
  );
  if (row === undefined) throw new Error(`there is no settlement file ${fileId}`);
  return row.status;
}
