import {
  closeExplainedByFiles,
  filesInDoubt,
  openMissingException,
} from '../../db/reconciliation/exceptions.ts';
import { filesOf, finishRun, reportOf } from '../../db/reconciliation/index.ts';
import type { Dependencies } from '../dependencies.ts';
import { copyPoolOf, counted, type DayOrder, mustFindAccount, runAt, type Said, watched } from './day.ts';
import { policyOf } from './policy.ts';

export interface CloseOrder extends DayOrder {
  /** What kept files from coming, in words; absent: nothing did. */
  readonly missing?: string;
}

export interface DayClosed extends Said {
  readonly status: 'closed' | 'blocked';
  readonly posted: number;
}

/** Writes the report and ends the day: blocked where a file of it could not be booked, for somebody to look at. */
export function createCloseReconciliation(deps: Dependencies) {
  return async function closeReconciliation({ missing, ...day }: CloseOrder): Promise<DayClosed> {
    const policy = policyOf(await mustFindAccount(deps, day.accountId));
    return watched(async () => {
      const run = await runAt(deps, day, 'report');
      const files = await filesOf(deps.db, day.accountId, day.businessDate);
      const posted = files.filter(({ status }) => status === 'posted').length;
      if (missing !== undefined) await openMissingException(deps.db, run, missing);
      else if (posted > 0) await closeExplainedByFiles(deps.db, run);
      // A copy, a file that came again whole, and one that somebody has decided about are in nobody's way.
      const status = (await filesInDoubt(deps.db, run)) > 0 ? 'blocked' : 'closed';
      await finishRun(deps.db, run.id, status, await reportOf(copyPoolOf(deps), run, status, policy));
      return { said: `${status}, ${counted(posted, 'file')} posted`, status, posted };
    });
  };
}
