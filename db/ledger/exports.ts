import { createExportWriter } from '../../domain/ledger/export.ts';
import { type ExportSubject, exportIdFor } from '../../domain/ledger/period.ts';
import type { Db } from '../client.ts';
import { periodBalances } from './balances.ts';
import { type PeriodState, periodState } from './settled.ts';
import { transactionsIn } from './transactions.ts';

export type LedgerExport =
  | { readonly type: Exclude<PeriodState, 'settled'> }
  | {
      readonly type: 'export';
      readonly id: string;
      /** The file, piece by piece. Without its last line it is not whole. */
      chunks(signal?: AbortSignal): AsyncIterable<string>;
    };

/**
 * One merchant's postings of a period. Nothing is stored of it: rows of a settled period never change and none is
 * added, so the same subject gives the same bytes whenever it is asked for.
 */
export async function exportOf(db: Db, subject: ExportSubject): Promise<LedgerExport> {
  const state = await periodState(db, subject.period.untilMs);
  if (state !== 'settled') return { type: state };
  return { type: 'export', id: exportIdFor(subject), chunks: (signal) => chunksOf(db, subject, signal) };
}

async function* chunksOf(
  db: Db,
  subject: ExportSubject,
  signal: AbortSignal | undefined,
): AsyncGenerator<string> {
  const { period, merchantId, mode } = subject;
  const scope = { merchantId, mode };
  const writer = createExportWriter(subject);
  yield writer.begin();
  for await (const page of transactionsIn(db, scope, period)) {
    if (signal?.aborted) return;
    yield page.map((transaction) => writer.transaction(transaction)).join('');
  }
  yield writer.end(await periodBalances(db, scope, period));
}
