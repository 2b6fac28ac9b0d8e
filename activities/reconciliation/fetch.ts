import { Context } from '@temporalio/activity';
import { heldFiles } from '../../db/reconciliation/accounts.ts';
import { receiveFile } from '../../db/reconciliation/index.ts';
import { boundsOf } from '../../domain/reconciliation/day.ts';
import type { Dependencies } from '../dependencies.ts';
import { counted, type DayOrder, mustFindAccount, type Said, watched } from './day.ts';

/**
 * Asks the provider for the files of the day, and stores each as it comes: one that breaks off leaves nothing. Asked
 * again, it gets what is new; bytes that are held are known again.
 */
export function createFetchSettlements(deps: Dependencies) {
  return async function fetchSettlements({ accountId, businessDate }: DayOrder): Promise<Said> {
    const account = await mustFindAccount(deps, accountId);
    const fetchFiles = deps.providers.settlementsOf(account);
    if (fetchFiles === undefined) return { said: 'files of this account are uploaded' };
    const held = await heldFiles(deps.db, accountId);
    const reports = fetchFiles({
      businessDate,
      ...boundsOf(businessDate, account.timeZone),
      held: held.map(({ name }) => name),
      heldFiles: held,
      deadlineMs: deps.settings.providerDeadlineMs,
      signal: Context.current().cancellationSignal,
    });
    return watched(async (tell) => {
      const came = { received: 0, duplicate: 0 };
      for await (const { name, format, content } of reports) {
        const arrival = { accountId, businessDate, format, source: 'fetched' as const, name };
        const { type } = await receiveFile(
          deps.db,
          arrival,
          withProgress(content, (bytes) => tell({ name, bytes })),
        );
        came[type] += 1;
      }
      const known = came.duplicate === 0 ? '' : `, ${came.duplicate} held already`;
      return { said: `${counted(came.received, 'new file')}${known}` };
    });
  };
}

async function* withProgress(
  content: AsyncIterable<Uint8Array>,
  progress: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of content) {
    bytes += chunk.byteLength;
    progress(bytes);
    yield chunk;
  }
}
