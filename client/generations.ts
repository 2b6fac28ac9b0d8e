import { type Client, isGrpcServiceError, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import type { Db } from '../db/client.ts';
import { bumpGeneration, currentGeneration } from '../db/generations.ts';
import { isRefundId, workflowIdOf } from '../domain/ids.ts';
import type { PaymentInput } from '../workflows/payment/messages.ts';
import type { RefundInput } from '../workflows/refund/messages.ts';
import { looksStuck } from './stuck.ts';

/** What the door stands on: Temporal's client, Postgres, and the queue that workers poll. */
export interface DoorParts {
  readonly client: Client;
  readonly db: Db;
  readonly taskQueue: string;
}

export const PAYMENT_WORKFLOW = 'payment';
export const REFUND_WORKFLOW = 'refund';

export interface Opened {
  /** The generation that runs now. */
  readonly generation: number;
  /** What had become of the recorded one; `unknown`: Temporal had forgotten it, or never had it. */
  readonly was: Standing;
}

/** `WORKFLOW_EXECUTION_STATUS_RUNNING` of temporal.api.enums.v1, and gRPC's NOT_FOUND. */
const RUNNING = 1;
const NOT_FOUND = 5;

export type Standing = 'running' | 'closed' | 'unknown' | 'stuck';

/**
 * Makes sure that a generation is running: the recorded one where Temporal doesn't know it (retention, a
 * restored server), the next where it has closed. Concurrent callers meet at the same one.
 */
export async function openGeneration(deps: DoorParts, ownerId: string, known: number): Promise<Opened> {
  const { client, db } = deps;
  const was = await statusOf(client, workflowIdOf(ownerId, known));
  if (was === 'running' || was === 'stuck') return { generation: known, was };
  let generation = known;
  if (was === 'closed') {
    await bumpGeneration(db, ownerId, known);
    generation = (await currentGeneration(db, ownerId)) ?? known;
  }
  const input: PaymentInput | RefundInput = isRefundId(ownerId)
    ? { refundId: ownerId, generation }
    : { paymentId: ownerId, generation };
  try {
    await client.workflow.start(isRefundId(ownerId) ? REFUND_WORKFLOW : PAYMENT_WORKFLOW, {
      ...startOptions(deps, ownerId, generation),
      args: [input],
      staticSummary: `generation ${generation}: late news`,
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
  return { generation, was };
}

/**
 * Ends a generation that can't go on (a task that fails again and again), and opens the next, which reads itself
 * back from Postgres. Safe for the same reason as a termination by hand: permits and generations see to it.
 */
export async function replaceStuck(deps: DoorParts, ownerId: string, generation: number): Promise<void> {
  await deps.client.workflow
    .getHandle(workflowIdOf(ownerId, generation))
    .terminate('its workflow task fails again and again; the next generation goes on from Postgres');
  await openGeneration(deps, ownerId, generation);
}

/**
 * Ends a workflow that can't go on although all that it had to do is done: its owner is finished, and only the closing
 * is missing. Says whether it was so.
 */
export async function endStuck({ client }: DoorParts, workflowId: string): Promise<boolean> {
  if ((await statusOf(client, workflowId)) !== 'stuck') return false;
  await client.workflow
    .getHandle(workflowId)
    .terminate('its workflow task fails again and again; what it looked after is finished');
  return true;
}

async function statusOf(client: Client, workflowId: string): Promise<Opened['was']> {
  try {
    // Raw, because the SDK's own call decodes the memo, which may need a key that has been retired.
    const { workflowExecutionInfo, pendingWorkflowTask } =
      await client.workflowService.describeWorkflowExecution({
        namespace: client.options.namespace,
        execution: { workflowId },
      });
    if (workflowExecutionInfo?.status !== RUNNING) return 'closed';
    const isStuck = await looksStuck(client, workflowId, pendingWorkflowTask?.attempt ?? 0);
    return isStuck ? 'stuck' : 'running';
  } catch (error) {
    if (isGrpcServiceError(error) && error.code === NOT_FOUND) return 'unknown';
    throw error;
  }
}

export function startOptions({ taskQueue }: DoorParts, ownerId: string, generation: number) {
  return {
    taskQueue,
    workflowId: workflowIdOf(ownerId, generation),
    workflowIdReusePolicy: 'REJECT_DUPLICATE',
  } as const;
}
