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

/** Has a canary made every so often from now on, or none where no interval is given. Whether somebody paused it is left alone. */
export async function keepCanary(
  { client, taskQueue }: Pick<DoorParts, 'client' | 'taskQueue'>,
  everyMs: number | undefined,
): Promise<void> {
  const scheduleId = canaryScheduleId(taskQueue);
  if (everyMs === undefined) {
    await client.schedule
      .getHandle(scheduleId)
      .delete()
      .catch((error: unknown) => {
        if (!(error instanceof ScheduleNotFoundError)) throw error;
      });
    return;
  }
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
