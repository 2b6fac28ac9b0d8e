import {
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  type ScheduleOptions,
  ScheduleOverlapPolicy,
} from '@temporalio/client';
import type { DoorParts } from './generations.ts';

const CANARY_WORKFLOW = 'canary';

/** One for each installation, which its task queue names. */
export function canaryScheduleId(taskQueue: string): string {
  return `canary/${taskQueue}`;
}

type Parts = Pick<DoorParts, 'client' | 'taskQueue'>;

const AGAIN_MS = 30_000;

/**
 * Has a canary made every so often from now on; `off`: none any more. Undefined leaves the installation's as they are: whoever
 * was told nothing of them decides nothing. Tries until it is done, and never throws: payments don't wait for canaries.
 */
export function keepCanary(
  parts: Parts,
  every: number | 'off' | undefined,
  failed: (error: unknown) => void,
  againMs = AGAIN_MS,
): { stop(): Promise<void> } {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let running = Promise.resolve();
  const keep = async () => {
    try {
      if (every === 'off') await removeCanary(parts);
      else if (every !== undefined) await ensureCanary(parts, every);
    } catch (error) {
      if (stopped) return;
      failed(error);
      timer = setTimeout(() => {
        running = keep();
      }, againMs);
      timer.unref();
    }
  };
  running = keep();
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}

async function removeCanary({ client, taskQueue }: Parts): Promise<void> {
  try {
    await client.schedule.getHandle(canaryScheduleId(taskQueue)).delete();
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
  }
}

/** Whether somebody paused it is left alone. */
async function ensureCanary({ client, taskQueue }: Parts, everyMs: number): Promise<void> {
  const scheduleId = canaryScheduleId(taskQueue);
  const spec = { intervals: [{ every: everyMs }] };
  const options: ScheduleOptions = {
    scheduleId,
    spec,
    // What was missed is missed: only that one succeeds now says anything.
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1 minute' },
    action: {
      type: 'startWorkflow',
      workflowType: CANARY_WORKFLOW,
      workflowId: scheduleId,
      taskQueue,
      staticSummary: 'a payment of our own, the whole way',
    },
  };
  try {
    await client.schedule.create(options);
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    await client.schedule.getHandle(scheduleId).update((previous) => ({ ...previous, spec }));
  }
}
