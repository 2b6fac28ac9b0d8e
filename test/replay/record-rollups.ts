/**
 * Has figures kept, and stores the histories of their workflow in workflows/rollup/histories/. Run by
 * `npx vitest run --config test/replay/record.config.ts record-rollups`.
 */
import { beforeAll, describe, it } from 'vitest';
import { rollupWorkflowId } from '../../client/rollups.ts';
import { waitFor } from '../support/harness.ts';
import { clearHistories, done, keep, PATIENCE, paid, studio, waiting } from './studio.ts';

beforeAll(() => clearHistories('rollup'));

describe('figures', () => {
  const at = studio({ timeScale: 0.001 });

  const parts = () => {
    const { taskQueue } = at.system.config.temporal;
    return { taskQueue, workflowId: rollupWorkflowId(taskQueue), client: at.client };
  };

  const passes = (count: number) =>
    waitFor(
      async () => {
        const { events } = await at.client.workflow.getHandle(parts().workflowId).fetchHistory();
        const done = (events ?? []).filter((event) => event.activityTaskCompletedEventAttributes != null);
        return done.length >= count;
      },
      { ...PATIENCE, what: `${count} passes` },
    );

  it('are kept', async () => {
    await paid(at, 'USD');
    const { taskQueue, workflowId, client } = parts();
    await passes(2);
    await client.workflow.getHandle(workflowId).signal('refresh');
    await passes(3);
    await keep(at, 'waiting-resting', workflowId, waiting('resting'));
    await client.workflow.getHandle(workflowId).terminate('for a recording');
    const { firstExecutionRunId: runId } = await client.workflow.start('rollup', {
      taskQueue,
      workflowId,
      args: [{ passesARun: 2 }],
      workflowIdConflictPolicy: 'TERMINATE_EXISTING',
    });
    await keep(at, 'continued-as-new', workflowId, { ...done('continued'), runId });
  });
});
