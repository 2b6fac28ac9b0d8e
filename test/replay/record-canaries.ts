/**
 * Has payments of our own made, and stores the histories of their workflow in workflows/canary/histories/. Run by
 * `npx vitest run --config test/replay/record.config.ts record-canaries`.
 */
import { beforeAll, describe, it } from 'vitest';
import { canaryScheduleId } from '../../client/canary.ts';
import { clearHistories, done, keep, type Studio, studio } from './studio.ts';

const HOUR_MS = 60 * 60_000;

beforeAll(() => clearHistories('canary'));

describe('a canary', () => {
  const at = studio({ timeScale: 0.001, worker: false });

  const cases = [
    ['succeeded', 'the-whole-way', ({ system }: Studio) => system.apiKey],
    ['failed', 'at-its-first-step', () => `sk_test_${'nobody'.repeat(4)}`],
    ['off', 'without-a-key', () => undefined],
  ] as const;

  for (const [status, story, keyOf] of cases) {
    it(`ends ${status}`, async () => {
      const { config, apiUrl } = at.system;
      const apiKey = keyOf(at);
      if (apiKey === undefined) delete config.canary;
      else config.canary = { url: apiUrl, apiKey, everyMs: HOUR_MS };
      const worker = await at.system.startWorker();
      const { taskQueue } = config.temporal;
      const workflowId = `${canaryScheduleId(taskQueue)}-${story}`;
      await at.client.workflow.start('canary', { taskQueue, workflowId });
      await keep(at, `${status}-${story}`, workflowId, done(status));
      await worker.stop();
      if (apiKey !== undefined) await at.client.schedule.getHandle(canaryScheduleId(taskQueue)).delete();
    });
  }
});
