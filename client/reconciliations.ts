import {
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  type ScheduleOptions,
  ScheduleOverlapPolicy,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { type ReconciledAccount, reconciledAccounts } from '../db/reconciliation/accounts.ts';
import { reconciliationId, reconciliationScheduleId } from '../domain/reconciliation/day.ts';
import {
  fileArrivedSignal,
  progressQuery,
  type ReconciliationInput,
  type ReconciliationProgress,
  type ReconciliationResult,
  type ScheduledDayInput,
} from '../workflows/reconciliation/messages.ts';
import type { DoorParts } from './generations.ts';

export const RECONCILIATION_WORKFLOW = 'reconciliation';
const SCHEDULED_WORKFLOW = 'scheduledReconciliation';

export interface ReconciliationsDoor {
  /** Starts a day's workflow, or wakes the one that runs. Answers its id. */
  run(accountId: string, businessDate: string): Promise<string>;
  /** How far it is; undefined where Temporal knows of none that could say. */
  progress(accountId: string, businessDate: string): Promise<ReconciliationProgress | undefined>;
  /** Waits until the day's workflow ends. */
  result(accountId: string, businessDate: string): Promise<ReconciliationResult>;
}

export function createReconciliationsDoor({ client, taskQueue }: DoorParts): ReconciliationsDoor {
  const handleOf = (accountId: string, businessDate: string) =>
    client.workflow.getHandle(reconciliationId(accountId, businessDate));
  return {
    async run(accountId, businessDate) {
      const workflowId = reconciliationId(accountId, businessDate);
      const input: ReconciliationInput = { accountId, businessDate };
      await client.workflow.signalWithStart(RECONCILIATION_WORKFLOW, {
        taskQueue,
        workflowId,
        args: [input],
        // A day may be run again as often as anybody likes.
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        signal: fileArrivedSignal,
        staticSummary: `${accountId}, ${businessDate}`,
      });
      return workflowId;
    },
    async progress(accountId, businessDate) {
      try {
        return await handleOf(accountId, businessDate).query(progressQuery);
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return undefined;
        throw error;
      }
    },
    result: (accountId, businessDate) =>
      handleOf(accountId, businessDate).result() as Promise<ReconciliationResult>,
  };
}

/** The server makes up for what it missed while it, or every worker, was away: so far back, and no further. */
const CATCH_UP = '7 days';

/**
 * Gives each enabled account its Schedule, as its settings have it now, and takes it from those that are enabled no
 * more. Whether somebody has paused one is left alone, and one account's trouble is not another's.
 */
export async function ensureSchedules(deps: DoorParts): Promise<void> {
  const failures: unknown[] = [];
  for (const account of await reconciledAccounts(deps.db)) {
    try {
      await (account.enabled ? ensure(deps, account) : remove(deps, account.id));
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0)
    throw new AggregateError(failures, `${failures.length} Schedules could not be kept`);
}

async function ensure({ client, taskQueue }: DoorParts, account: ReconciledAccount): Promise<void> {
  const options = scheduleOf(account, taskQueue);
  try {
    await client.schedule.create(options);
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    const { spec, action, policies } = options;
    const { workflowId, ...startWorkflow } = action;
    await client.schedule.getHandle(options.scheduleId).update(({ state }) => ({
      spec,
      action: { ...startWorkflow, ...(workflowId === undefined ? {} : { workflowId }) },
      ...(policies === undefined ? {} : { policies }),
      state: { paused: state.paused, ...(state.note === undefined ? {} : { note: state.note }) },
    }));
  }
}

async function remove({ client }: DoorParts, accountId: string): Promise<void> {
  try {
    await client.schedule.getHandle(reconciliationScheduleId(accountId)).delete();
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
  }
}

/** Each morning in the account's own time zone, for the day before. */
function scheduleOf({ id, timeZone, reconcileAt }: ReconciledAccount, taskQueue: string): ScheduleOptions {
  const input: ScheduledDayInput = { accountId: id };
  const scheduleId = reconciliationScheduleId(id);
  return {
    scheduleId,
    spec: { calendars: [{ ...reconcileAt, comment: 'the day before is complete' }], timezone: timeZone },
    policies: { overlap: ScheduleOverlapPolicy.BUFFER_ALL, catchupWindow: CATCH_UP },
    action: {
      type: 'startWorkflow',
      workflowType: SCHEDULED_WORKFLOW,
      // Temporal adds the time: the day's own workflow, whose name has the date, is started by this one.
      workflowId: scheduleId,
      taskQueue,
      args: [input],
      staticSummary: `the days of ${id}, one after another`,
    },
  };
}

/** How often accounts that came, went or moved are looked for; and how soon again after a failure. */
const LOOK_MS = 60 * 60_000;
const LOOK_AGAIN_MS = 30_000;

/** Keeps Schedules as accounts are, from now until it is stopped. Never throws: days can be run without them. */
export function keepSchedules(deps: DoorParts, failed: (error: unknown) => void): { stop(): Promise<void> } {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let running = Promise.resolve();
  const look = async () => {
    let nextMs = LOOK_MS;
    try {
      await ensureSchedules(deps);
    } catch (error) {
      nextMs = LOOK_AGAIN_MS;
      if (!stopped) failed(error);
    }
    if (stopped) return;
    timer = setTimeout(() => {
      running = look();
    }, nextMs);
    timer.unref();
  };
  running = look();
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
