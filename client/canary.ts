import { type ScheduleOptions, ScheduleOverlapPolicy } from '@temporalio/client';
import type { DoorParts } from './generations.ts';
import { deleteSchedule, type Kept, keepDoing, upsertSchedule } from './schedules.ts';

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
  { client, taskQueue }: Parts,
  every: number | 'off' | undefined,
  failed: (error: unknown) => void,
  afterFailureMs = AGAIN_MS,
): Kept {
  const keep = async () => {
    if (every === 'off') await deleteSchedule(client, canaryScheduleId(taskQueue));
    else if (every !== undefined) await upsertSchedule(client, scheduleOf(taskQueue, every));
  };
  return keepDoing(keep, failed, { afterFailureMs });
}

function scheduleOf(taskQueue: string, everyMs: number): ScheduleOptions {
  const scheduleId = canaryScheduleId(taskQueue);
  return {
    scheduleId,
    spec: { intervals: [{ every: everyMs }] },
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
}
