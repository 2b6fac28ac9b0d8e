import { type ScheduleOptions, ScheduleOverlapPolicy, WorkflowNotFoundError } from '@temporalio/client';
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
import { deleteSchedule, type Kept, keepDoing, upsertSchedule } from './schedules.ts';

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
 * more. One account's trouble is not another's.
 */
async function ensureSchedules({ client, db, taskQueue }: DoorParts): Promise<void> {
  const failures: unknown[] = [];
  for (const account of await reconciledAccounts(db)) {
    try {
      await (account.enabled
        ? upsertSchedule(client, scheduleOf(account, taskQueue))
        : deleteSchedule(client, reconciliationScheduleId(account.id)));
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0)
    throw new AggregateError(failures, `${failures.length} Schedules could not be kept`);
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
export function keepSchedules(deps: DoorParts, failed: (error: unknown) => void): Kept {
  return keepDoing(() => ensureSchedules(deps), failed, { everyMs: LOOK_MS, afterFailureMs: LOOK_AGAIN_MS });
}
