import { filesOf, postFile } from '../../db/reconciliation/index.ts';
import type { Dependencies } from '../dependencies.ts';
import { copyPoolOf, counted, type DayOrder, runAt, type Said, watched } from './day.ts';

/** Books what was classified, each file in one transaction. A file with a break that stops it stays as it is. */
export function createPostSettlements(deps: Dependencies) {
  return async function postSettlements(day: DayOrder): Promise<Said> {
    return watched(async (tell) => {
      const run = await runAt(deps, day, 'post');
      const files = await filesOf(deps.db, day.accountId, day.businessDate);
      const open = files.filter(({ status }) => status === 'staged' || status === 'classified');
      for (const file of open) {
        tell({ name: file.name });
        await postFile(copyPoolOf(deps), run, file.id);
      }
      const after = await filesOf(deps.db, day.accountId, day.businessDate);
      const posted = after.filter(({ status }) => status === 'posted').length;
      const blocked = after.filter(({ status }) => status === 'staged' || status === 'classified').length;
      return { said: `${counted(posted, 'file')} posted${blocked === 0 ? '' : `, ${blocked} blocked`}` };
    });
  };
}
