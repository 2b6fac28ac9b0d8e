import type { RollupInput } from '../workflows/rollup/messages.ts';
import type { DoorParts } from './generations.ts';

const ROLLUP_WORKFLOW = 'rollup';

/** One for each installation, which is what a task queue is. */
export function rollupWorkflowId(taskQueue: string): string {
  return `rollup/${taskQueue}`;
}

/** Starts the workflow that keeps the figures, where none runs; one that runs is left alone. */
export async function startRollup(
  { client, taskQueue }: DoorParts,
  running: ReadonlySet<string>,
  input: RollupInput = {},
): Promise<void> {
  const workflowId = rollupWorkflowId(taskQueue);
  if (running.has(workflowId)) return;
  await client.workflow.start(ROLLUP_WORKFLOW, {
    taskQueue,
    workflowId,
    args: [input],
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    workflowIdConflictPolicy: 'USE_EXISTING',
    staticSummary: 'keeps the figures of overview and analytics',
  });
}
