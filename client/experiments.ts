import { runningExperiments } from '../db/routing/index.ts';
import { type ExperimentInput, lookSignal } from '../workflows/experiment/messages.ts';
import type { DoorParts } from './generations.ts';
import { searchAttributes } from './search-attributes.ts';

export const EXPERIMENT_WORKFLOW = 'experiment';

export interface ExperimentsDoor {
  /** Has an experiment looked at now; starts its workflow where it has none. */
  look(experiment: { readonly id: string; readonly merchantId: string }): Promise<void>;
}

export function experimentWorkflowId(id: string): string {
  return `experiment/${id}`;
}

export function createExperimentsDoor({ client, taskQueue }: DoorParts): ExperimentsDoor {
  return {
    async look({ id, merchantId }) {
      const input: ExperimentInput = { experimentId: id };
      await client.workflow.signalWithStart(EXPERIMENT_WORKFLOW, {
        taskQueue,
        workflowId: experimentWorkflowId(id),
        args: [input],
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        typedSearchAttributes: searchAttributes(merchantId, undefined, 'running'),
        signal: lookSignal,
        staticSummary: 'two routing policies against each other',
      });
    },
  };
}

/** Starts a workflow for each that runs and has none: its start was lost, or it was ended by hand. */
export async function startExperiments(deps: DoorParts, running: ReadonlySet<string>): Promise<void> {
  const door = createExperimentsDoor(deps);
  for (const experiment of await runningExperiments(deps.db))
    if (!running.has(experimentWorkflowId(experiment.id))) await door.look(experiment);
}
