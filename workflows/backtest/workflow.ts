import {
  continueAsNew,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities } from '../../activities/index.ts';
import { type BacktestEnd, type BacktestInput, type BacktestStanding, standingQuery } from './messages.ts';

/** Some 50,000 payments an activity: well within its time, also on a slow machine. */
const PAGES_AN_ACTIVITY = 100;
const ACTIVITIES_A_RUN = 50;

/** A read that was under way when its worker died is repeated by another one after this time. */
const { advanceBacktest } = proxyActivities<Pick<Activities, 'advanceBacktest'>>({
  startToCloseTimeout: '15 minutes',
  heartbeatTimeout: '30 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '30 seconds', nonRetryableErrorTypes: ['Bug'] },
});

/**
 * Holds a policy against a merchant's past payments until all are read. How far it is, and what was counted, stands in
 * Postgres alone; this sees to it that somebody reads on, whatever happens to workers.
 */
export async function backtest(input: BacktestInput): Promise<BacktestEnd> {
  const { backtestId, pagesAnActivity = PAGES_AN_ACTIVITY, activitiesARun = ACTIVITIES_A_RUN } = input;
  let standing: BacktestStanding = { read: 0 };
  setHandler(standingQuery, () => standing);
  for (let activity = 1; ; activity += 1) {
    const progress = await advanceBacktest({ backtestId, pages: pagesAnActivity });
    if (progress.type === 'ended') return { status: 'ended' };
    const { read, total, isTotalAtLeast } = progress;
    standing = { read, total };
    setCurrentDetails(`**${read}** of ${isTotalAtLeast ? 'at least' : 'about'} ${total} payments read`);
    if (progress.type === 'completed') return { status: 'completed' };
    if (activity >= activitiesARun || workflowInfo().continueAsNewSuggested)
      await continueAsNew<typeof backtest>(input);
  }
}
