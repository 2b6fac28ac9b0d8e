import {
  ActivityFailure,
  condition,
  continueAsNew,
  isCancellation,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities, RollupReport } from '../../activities/index.ts';
import { type RollupInput, type RollupStanding, refreshSignal, standingQuery } from './messages.ts';

/** A run ends after so many passes even where the server does not suggest it: about 900 events of history. */
const PASSES_A_RUN = 100;
/** After a fault of ours that repeating will not mend at once. */
const REST_AFTER_FAULT_MS = 60_000;

/**
 * Keeps the figures of an installation: a pass, a rest, and so on. What has been computed, and what waits to be, stands in
 * Postgres alone, so it can end, die and continue as new anywhere; the sweeper starts it where it does not run.
 */
export async function rollup(input: RollupInput): Promise<void> {
  const { passesARun = PASSES_A_RUN } = input;
  let wanted = false;
  let standing: RollupStanding = { passes: 0 };
  setHandler(refreshSignal, () => {
    wanted = true;
  });
  setHandler(standingQuery, () => standing);
  for (let passes = 1; ; passes += 1) {
    wanted = false;
    const report = await pass();
    standing = { passes, ...(report === undefined ? {} : { hours: report.hours }) };
    if (passes >= passesARun || workflowInfo().continueAsNewSuggested)
      await continueAsNew<typeof rollup>(input);
    const restMs = report?.restMs ?? REST_AFTER_FAULT_MS;
    if (restMs > 0) await condition(() => wanted, restMs);
  }
}

/** On the queue of work over whole days, which holds no slot and no connection that a payment waits for. */
async function pass(): Promise<RollupReport | undefined> {
  const { keepFigures } = proxyActivities<Pick<Activities, 'keepFigures'>>({
    taskQueue: `${workflowInfo().taskQueue}-reconciliation`,
    startToCloseTimeout: '15 minutes',
    heartbeatTimeout: '15 seconds',
    retry: { initialInterval: '1 second', maximumInterval: '30 seconds', nonRetryableErrorTypes: ['Bug'] },
  });
  try {
    const report = await keepFigures();
    setCurrentDetails(
      `**${report.hours}** hours computed by the last pass; rests ${report.restMs / 1_000} s`,
    );
    return report;
  } catch (error) {
    // A bug must not end it: the sweeper would start it into the same bug at once.
    if (!(error instanceof ActivityFailure) || isCancellation(error)) throw error;
    setCurrentDetails(`**failing** · ${error.cause?.message ?? error.message}`);
    return undefined;
  }
}
