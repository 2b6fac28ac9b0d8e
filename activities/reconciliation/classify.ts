import {
  bankComparisonsOf,
  type CopyPool,
  comparisonsOf,
  postBank,
  type Run,
  storeVerdicts,
} from '../../db/reconciliation/index.ts';
import { classify } from '../../domain/reconciliation/classify.ts';
import type { Comparison } from '../../domain/reconciliation/comparison.ts';
import type { Policy } from '../../domain/reconciliation/tolerance.ts';
import type { Dependencies } from '../dependencies.ts';
import { copyPoolOf, counted, type DayOrder, mustFindAccount, runAt, type Said, watched } from './day.ts';
import { policyOf } from './policy.ts';

/**
 * Gives each line that did not match, and each booking that no line has settled in time, its one type, and writes what
 * follows from it. Nothing is decided here: the comparison comes from Postgres, the verdict from the table of types.
 */
export function createClassifySettlements(deps: Dependencies) {
  return async function classifySettlements(day: DayOrder): Promise<Said> {
    const policy = policyOf(await mustFindAccount(deps, day.accountId));
    return watched(async (tell) => {
      const run = await runAt(deps, day, 'classify');
      const pool = copyPoolOf(deps);
      return { said: await judge({ pool, run, policy, tell }, comparisonsOf(pool, run, policy)) };
    });
  };
}

/** The same of payouts and what the bank has seen of them; what it confirms is booked. */
export function createPostBankLines(deps: Dependencies) {
  return async function postBankLines(day: DayOrder): Promise<Said> {
    const policy = policyOf(await mustFindAccount(deps, day.accountId));
    return watched(async (tell) => {
      const run = await runAt(deps, day, 'bank');
      const pool = copyPoolOf(deps);
      const said = await judge({ pool, run, policy, tell }, bankComparisonsOf(pool, run));
      await postBank(pool, run);
      return { said };
    });
  };
}

interface Judging {
  readonly pool: CopyPool;
  readonly run: Run;
  readonly policy: Policy;
  tell(details: object): void;
}

/** Pages are written as they come: whatever was not written is compared again by the next try. */
async function judge(
  { pool, run, policy, tell }: Judging,
  pages: AsyncIterable<readonly Comparison[]>,
): Promise<string> {
  const counts = new Map<string, number>();
  let compared = 0;
  for await (const page of pages) {
    const judged = page.map((comparison) => ({ comparison, classified: classify(comparison, policy) }));
    await storeVerdicts(pool, run, judged);
    for (const { classified } of judged)
      counts.set(classified.verdict, (counts.get(classified.verdict) ?? 0) + 1);
    compared += page.length;
    tell({ compared });
  }
  const breaks = [...counts].filter(([verdict]) => verdict !== 'clean').sort();
  const list = breaks.map(([verdict, count]) => `${count} ${verdict}`).join(', ');
  return `${counted(compared, 'comparison')}${list === '' ? '' : `: ${list}`}`;
}
