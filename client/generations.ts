import { type Client, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import type { Db } from '../db/client.ts';
import { bumpGeneration, currentGeneration } from '../db/generations.ts';
import { paymentWorkflowId } from '../domain/ids.ts';
import type { PaymentInput } from '../workflows/payment/messages.ts';

/** What the door stands on: Temporal's client, Postgres, and the queue that workers poll. */
export interface DoorParts {
  readonly client: Client;
  readonly db: Db;
  readonly taskQueue: string;
}

export const WORKFLOW_TYPE = 'payment';

/**
 * Makes sure that a generation is running: the recorded one where Temporal doesn't know it (retention, a
 * restored server), the next where it has closed. Answers which. Concurrent callers meet at the same one.
 */
export async function openGeneration(deps: DoorParts, paymentId: string, known: number): Promise<number> {
  const { client, db } = deps;
  const status = await statusOf(client, paymentWorkflowId(paymentId, known));
  if (status === 'running') return known;
  let generation = known;
  if (status === 'closed') {
    await bumpGeneration(db, paymentId, known);
    generation = (await currentGeneration(db, paymentId)) ?? known;
  }
  try {
    await client.workflow.start(WORKFLOW_TYPE, {
      ...startOptions(deps, paymentId, generation),
      args: [{ paymentId, generation } satisfies PaymentInput],
      staticSummary: `generation ${generation}: late news`,
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
  return generation;
}

async function statusOf(client: Client, workflowId: string): Promise<'running' | 'closed' | 'unknown'> {
  try {
    const { status } = await client.workflow.getHandle(workflowId).describe();
    return status.name === 'RUNNING' ? 'running' : 'closed';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 'unknown';
    throw error;
  }
}

export function startOptions({ taskQueue }: DoorParts, paymentId: string, generation: number) {
  return {
    taskQueue,
    workflowId: paymentWorkflowId(paymentId, generation),
    workflowIdReusePolicy: 'REJECT_DUPLICATE',
  } as const;
}
