import type { Client } from '@temporalio/client';
import { decodeOptionalFailureToOptionalError } from '@temporalio/common/lib/internal-non-workflow/index.js';
import proto from '@temporalio/proto';

/** A workflow whose task has failed so often in a row does not get over it by itself. */
const STUCK_ATTEMPTS = 4;
/** A machine that is short of its processor gets over it, and so do its workflow tasks: so long it is given, in real time. */
const STARVED_AT_MOST_MS = 5 * 60_000;
/** What happened since the last workflow task that came to an end; more has happened only to one that is told much meanwhile. */
const EVENTS_LOOKED_AT = 50;

/** Of temporal.api.enums.v1. */
const WORKFLOW_TASK_COMPLETED = 7;
const WORKFLOW_TASK_TIMED_OUT = 8;
const WORKFLOW_TASK_FAILED = 9;

/**
 * A workflow task that came to nothing. `starved`: it was not done in time, by the server's clock or by the SDK's. `faulty`: it was
 * refused, and it will be the next time.
 */
export interface LostTask {
  readonly atMs: number;
  readonly why: 'starved' | 'faulty';
  /** As Temporal calls it, e.g. `NON_DETERMINISTIC_ERROR`. */
  readonly cause: string;
}

/**
 * Whether a running workflow can't go on. One that is faulty can't; one that was only not given the time in time can, unless
 * that has gone on for too long to be a moment's load.
 */
export function isStuck(attempts: number, lost: readonly LostTask[], nowMs: number): boolean {
  if (attempts < STUCK_ATTEMPTS) return false;
  const latest = lost.reduce<LostTask | undefined>(
    (last, task) => (last === undefined || task.atMs > last.atMs ? task : last),
    undefined,
  );
  if (latest?.why === 'faulty') return true;
  const sinceMs = Math.min(...lost.map(({ atMs }) => atMs));
  // None is known: many attempts, and nothing in the history to judge them by.
  return lost.length === 0 || nowMs - sinceMs > STARVED_AT_MOST_MS;
}

/** Asks Temporal for what `isStuck` judges by, and only of a workflow whose task has been tried often. */
export async function looksStuck(client: Client, workflowId: string, attempts: number): Promise<boolean> {
  if (attempts < STUCK_ATTEMPTS) return false;
  return isStuck(attempts, await lostTasks(client, workflowId), Date.now());
}

/**
 * The workflow tasks that came to nothing since the last that was done. Of several in a row the history keeps the first;
 * so what begins with a timeout and goes on with failures is found out by its age.
 */
export async function lostTasks(client: Client, workflowId: string): Promise<readonly LostTask[]> {
  const { history } = await client.workflowService.getWorkflowExecutionHistoryReverse({
    namespace: client.options.namespace,
    execution: { workflowId },
    maximumPageSize: EVENTS_LOOKED_AT,
  });
  const lost: LostTask[] = [];
  for (const event of history?.events ?? []) {
    if (event.eventType === WORKFLOW_TASK_COMPLETED) break;
    const { workflowTaskFailedEventAttributes: failed } = event;
    const atMs = Number(event.eventTime?.seconds ?? 0) * 1_000;
    if (event.eventType === WORKFLOW_TASK_TIMED_OUT) lost.push({ atMs, why: 'starved', cause: 'TIMED_OUT' });
    if (event.eventType === WORKFLOW_TASK_FAILED) {
      const why = (await isStarved(client, failed?.failure)) ? 'starved' : 'faulty';
      lost.push({ atMs, why, cause: causeName(failed?.cause) });
    }
  }
  return lost;
}

/** What the newest of its lost tasks failed with, for the person who looks into it; undefined: the history does not say. */
export async function causeOfStuck(client: Client, workflowId: string): Promise<string | undefined> {
  const [newest] = await lostTasks(client, workflowId);
  return newest?.cause;
}

const { WorkflowTaskFailedCause } = proto.temporal.api.enums.v1;

function causeName(cause: number | null | undefined): string {
  return (WorkflowTaskFailedCause[cause ?? 0] ?? 'UNSPECIFIED').replace('WORKFLOW_TASK_FAILED_CAUSE_', '');
}

type Failure = Parameters<typeof decodeOptionalFailureToOptionalError>[1];

/**
 * The words of Node's `vm` when a workflow's code was not done within the SDK's limit, and of the SDKs that speak of a deadlock.
 * Nothing but the words tells these apart from a bug's failure.
 */
const NOT_IN_TIME = /^Script execution timed out after|potential deadlock/i;

async function isStarved(client: Client, failure: Failure): Promise<boolean> {
  try {
    const error = await decodeOptionalFailureToOptionalError(client.options.loadedDataConverter, failure);
    return NOT_IN_TIME.test(error?.message ?? '');
  } catch {
    // Under a key that has been retired: nobody knows what it says, and waiting a little loses nothing.
    return true;
  }
}
