import {
  type Client,
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  type ScheduleOptions,
} from '@temporalio/client';

/** Makes the Schedule, or has the one of its id be as it is said here. Whether somebody has paused that one is left alone. */
export async function upsertSchedule(client: Client, options: ScheduleOptions): Promise<void> {
  const { scheduleId, spec, action, policies } = options;
  try {
    await client.schedule.create(options);
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    const { workflowId, ...startWorkflow } = action;
    await client.schedule.getHandle(scheduleId).update(({ state }) => ({
      spec,
      action: { ...startWorkflow, ...(workflowId === undefined ? {} : { workflowId }) },
      ...(policies === undefined ? {} : { policies }),
      state: { paused: state.paused, ...(state.note === undefined ? {} : { note: state.note }) },
    }));
  }
}

/** That there was none is as good. */
export async function deleteSchedule(client: Client, scheduleId: string): Promise<void> {
  try {
    await client.schedule.getHandle(scheduleId).delete();
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
  }
}

export interface Kept {
  /** Waits for what is under way. */
  stop(): Promise<void>;
}

export interface Pace {
  /** From one success to the next time; absent: once done, it is done. */
  readonly everyMs?: number;
  readonly afterFailureMs: number;
}

/** Does it now, and again at this pace, until it is stopped. Never throws: who starts it has other things to do. */
export function keepDoing(
  work: () => Promise<void>,
  failed: (error: unknown) => void,
  { everyMs, afterFailureMs }: Pace,
): Kept {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let running = Promise.resolve();
  const attempt = async () => {
    let nextMs = everyMs;
    try {
      await work();
    } catch (error) {
      nextMs = afterFailureMs;
      if (!stopped) failed(error);
    }
    if (stopped || nextMs === undefined) return;
    timer = setTimeout(() => {
      running = attempt();
    }, nextMs);
    timer.unref();
  };
  running = attempt();
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
