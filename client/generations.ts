import { type Client, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import type { Db } from '../db/client.ts';
import { bumpGeneration, currentGeneration } from '../db/generations.ts';
import { isRefundId, workflowIdOf } from '../domain/ids.ts';
import type { PaymentInput } from '../workflows/payment/messages.ts';
import type { RefundInput } from '../workflows/refund/messages.ts';

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
  readonly was: 'running' | 'closed' | 'unknown';
}

/**
 * Makes sure that a generation is running: the recorded one where Temporal doesn't know it (retention, a
 * restored server), the next where it has closed. Concurrent callers meet at the same one.
 */
export async function openGeneration(deps: DoorParts, ownerId: string, known: number): Promise<Opened> {
  const { client, db } = deps;
  const was = await statusOf(client, workflowIdOf(ownerId, known));
  if (was === 'running') return { generation: known, was };
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

async function statusOf(client: Client, workflowId: string): Promise<Opened['was']> {
  try {
    const { status } = await client.workflow.getHandle(workflowId).describe();
    return status.name === 'RUNNING' ? 'running' : 'closed';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 'unknown';
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
