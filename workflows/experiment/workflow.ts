import {
  condition,
  continueAsNew,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities } from '../../activities/index.ts';
import { type ExperimentEnd, type ExperimentInput, lookSignal } from './messages.ts';

const LOOKS_A_RUN = 500;

const { lookAtExperiment } = proxyActivities<Pick<Activities, 'lookAtExperiment'>>({
  startToCloseTimeout: '2 minutes',
  retry: { initialInterval: '1 second', maximumInterval: '1 minute' },
});

/**
 * Looks at an experiment from time to time until its test has a verdict, its time is up, or a person stops it. What is
 * compared, and how it stands, is in Postgres alone: this may be ended by hand, and the next one goes on.
 */
export async function experiment(input: ExperimentInput): Promise<ExperimentEnd> {
  const { experimentId, looksARun = LOOKS_A_RUN } = input;
  let told = false;
  setHandler(lookSignal, () => {
    told = true;
  });
  for (let looks = 1; ; looks += 1) {
    told = false;
    const { status, attempts, waitMs } = await lookAtExperiment(experimentId);
    setCurrentDetails(
      `**${status}** · ${attempts.control} payments by the control, ${attempts.treatment} by the treatment`,
    );
    if (status !== 'running') {
      upsertSearchAttributes({ InterlockStatus: [status] });
      return { status };
    }
    await condition(() => told, waitMs, { summary: 'the next look' });
    if (looks >= looksARun || workflowInfo().continueAsNewSuggested)
      await continueAsNew<typeof experiment>(input);
  }
}
