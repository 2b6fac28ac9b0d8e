import {
  type BaseWorkflowHandle,
  isGrpcServiceError,
  ServiceError,
  WithStartWorkflowOperation,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
} from '@temporalio/client';
import type { QueryDefinition, TypedSearchAttributes, UpdateDefinition } from '@temporalio/common';
import { currentGeneration } from '../db/generations.ts';
import { workflowIdOf } from '../domain/ids.ts';
import type { Refusal, RequestStamp } from '../workflows/payment/messages.ts';
import type { Result } from './contract.ts';
import { isClosed, isTimeout, refusalOf } from './errors.ts';
import { type DoorParts, openGeneration, startOptions } from './generations.ts';

/** How long the last question ("does Temporal have it at all?") may take once the caller's time is up. */
const AFTERTHOUGHT_MS = 200;
const BODY_DIGEST = 'bodyDigest';

/** The workflow's own view, for what has no row yet. Undefined: Temporal has none. Rejects when nobody can tell in time. */
export async function askForSnapshot<Snapshot>(
  { client, db }: DoorParts,
  ownerId: string,
  query: QueryDefinition<Snapshot | undefined>,
  timeoutMs: number,
): Promise<Snapshot | undefined> {
  const generation = (await currentGeneration(db, ownerId)) ?? 1;
  const handle = client.workflow.getHandle(workflowIdOf(ownerId, generation));
  try {
    return await client.withDeadline(Date.now() + timeoutMs, () => handle.query(query));
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

export interface Start<Answer> {
  readonly workflow: string;
  readonly ownerId: string;
  readonly input: object;
  readonly update: UpdateDefinition<Answer, [RequestStamp]>;
  readonly stamp: RequestStamp;
  readonly timeoutMs: number;
  readonly summary: string;
  readonly searchAttributes: TypedSearchAttributes;
  /** Its workflow has closed: what is stored is the answer. */
  stored(): Promise<Result<Answer>>;
}

/** Request and workflow start in one round trip; a repeated request attaches to the same update. */
export async function startWithUpdate<Answer>(
  deps: DoorParts,
  start: Start<Answer>,
): Promise<Result<Answer>> {
  const { client } = deps;
  const { ownerId, stamp, timeoutMs } = start;
  const startWorkflowOperation = new WithStartWorkflowOperation(start.workflow, {
    ...startOptions(deps, ownerId, 1),
    args: [start.input],
    workflowIdConflictPolicy: 'USE_EXISTING',
    typedSearchAttributes: start.searchAttributes,
    // What the key stands for, readable before anybody has worked on it.
    memo: { [BODY_DIGEST]: stamp.bodyDigest },
    staticSummary: start.summary,
  });
  try {
    const answer = await client.withDeadline(Date.now() + timeoutMs, () =>
      client.workflow.executeUpdateWithStart(start.update, {
        args: [stamp],
        updateId: stamp.requestId,
        startWorkflowOperation,
      }),
    );
    return { type: 'answered', answer };
  } catch (error) {
    // The handle's promise rejects with the same error; it has been seen.
    startWorkflowOperation.workflowHandle().catch(() => undefined);
    if (error instanceof WorkflowExecutionAlreadyStartedError || isClosed(error)) return start.stored();
    return whenUncertain(deps, workflowIdOf(ownerId, 1), stamp, error);
  }
}

/** Time is up or the connection broke: Temporal may have it all the same. */
async function whenUncertain<Answer>(
  { client }: DoorParts,
  workflowId: string,
  stamp: RequestStamp,
  error: unknown,
): Promise<Result<Answer>> {
  mustBeUncertain(error);
  try {
    const { memo } = await client.withDeadline(Date.now() + AFTERTHOUGHT_MS, () =>
      client.workflow.getHandle(workflowId).describe(),
    );
    const first = memo?.[BODY_DIGEST];
    return first === undefined || first === stamp.bodyDigest ? { type: 'accepted' } : { type: 'other_body' };
  } catch (second) {
    const detail =
      second instanceof WorkflowNotFoundError
        ? 'Temporal has not accepted it'
        : 'Temporal could not be reached in time';
    return { type: 'unreachable', detail };
  }
}

export function mustBeUncertain(error: unknown): void {
  if (!isTimeout(error) && !isGrpcServiceError(error) && !(error instanceof ServiceError)) throw error;
}

export interface Command<Answer, Order extends { readonly request: RequestStamp }> {
  readonly ownerId: string;
  readonly update: UpdateDefinition<Answer, [Order]>;
  readonly order: Order;
  readonly timeoutMs: number;
  /**
   * Judged on the row, for a workflow that has closed: so that a command to a finished aggregate opens no
   * generation only to be refused in it. `absent`: there is no such row.
   */
  judge(): Promise<Refusal | 'absent' | undefined>;
  refused(refusal: Refusal): Answer;
}

/** A command to a running workflow, or to the next generation of one that has closed and may still take it. */
export async function sendCommand<Answer, Order extends { readonly request: RequestStamp }>(
  deps: DoorParts,
  command: Command<Answer, Order>,
): Promise<Result<Answer>> {
  const deadline = Date.now() + command.timeoutMs;
  const generation = await currentGeneration(deps.db, command.ownerId);
  const first = await tell(deps, command, generation ?? 1, deadline);
  if (first !== 'closed') return first;
  const verdict = await command.judge();
  if (verdict === 'absent' || generation === undefined) return { type: 'not_found' };
  if (verdict !== undefined) return { type: 'answered', answer: command.refused(verdict) };
  const reopened = await openGeneration(deps, command.ownerId, generation);
  const second = await tell(deps, command, reopened.generation, deadline);
  return second === 'closed'
    ? { type: 'unreachable', detail: 'its workflow closes again and again' }
    : second;
}

async function tell<Answer, Order extends { readonly request: RequestStamp }>(
  { client }: DoorParts,
  command: Command<Answer, Order>,
  generation: number,
  deadline: number,
): Promise<Result<Answer> | 'closed'> {
  const { order, ownerId, update } = command;
  try {
    const handle: BaseWorkflowHandle<never> & { executeUpdate: typeof executeUpdate } =
      client.workflow.getHandle(workflowIdOf(ownerId, generation)) as never;
    const answer = await client.withDeadline(deadline, () =>
      handle.executeUpdate(update, { args: [order], updateId: order.request.requestId }),
    );
    return { type: 'answered', answer };
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal !== undefined) return { type: 'answered', answer: command.refused(refusal) };
    if (error instanceof WorkflowNotFoundError || isClosed(error)) return 'closed';
    mustBeUncertain(error);
    // Temporal keeps an update only once a worker has accepted it, so unlike a start it cannot be called
    // accepted: the same key finds out.
    return { type: 'unreachable', detail: 'no worker answered in time' };
  }
}

/** The SDK's overloads do not infer through a generic definition; this is the one that is meant. */
declare function executeUpdate<Answer, Order>(
  definition: UpdateDefinition<Answer, [Order]>,
  options: { args: [Order]; updateId: string },
): Promise<Answer>;
