import {
  isGrpcServiceError,
  ServiceError,
  WithStartWorkflowOperation,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
} from '@temporalio/client';
import {
  defineSearchAttributeKey,
  type SearchAttributePair,
  TypedSearchAttributes,
} from '@temporalio/common';
import { loadPayment } from '../db/aggregate.ts';
import { currentGeneration } from '../db/generations.ts';
import { insertShell, storedDigest } from '../db/plan.ts';
import { paymentWorkflowId } from '../domain/ids.ts';
import { judgeCommand } from '../domain/payment/commands.ts';
import { type Command, snapshotOf } from '../domain/payment/payment.ts';
import {
  type CommandAnswer,
  captureUpdate,
  confirmUpdate,
  createUpdate,
  type PaymentInput,
  type PaymentOrder,
  type RequestStamp,
  snapshotQuery,
  voidUpdate,
} from '../workflows/payment/messages.ts';
import type { CommandResult, PaymentsDoor } from './contract.ts';
import { isClosed, isTimeout, refusalOf } from './errors.ts';
import { type DoorParts, openGeneration, startOptions, WORKFLOW_TYPE } from './generations.ts';
import { bringNews } from './news.ts';

/** How long the last question ("does Temporal have it at all?") may take once the caller's time is up. */
const AFTERTHOUGHT_MS = 200;

type CommandUpdate = typeof captureUpdate | typeof voidUpdate | typeof confirmUpdate;

/** The door of one process: Temporal's client, and Postgres for generations and stored answers. */
export function createDoor(deps: DoorParts): PaymentsDoor {
  const { client, db } = deps;

  const command =
    (name: Command, update: CommandUpdate) =>
    (paymentId: string, order: { readonly request: RequestStamp }, timeoutMs: number) =>
      sendCommand(deps, { name, update, paymentId, order, timeoutMs });

  return {
    create: (paymentId, order, timeoutMs) => create(deps, paymentId, order, timeoutMs),
    confirm: command('confirm', confirmUpdate),
    capture: command('capture', captureUpdate),
    void: command('void', voidUpdate),
    async snapshot(paymentId, timeoutMs) {
      const generation = (await currentGeneration(db, paymentId)) ?? 1;
      const handle = client.workflow.getHandle(paymentWorkflowId(paymentId, generation));
      try {
        return await client.withDeadline(Date.now() + timeoutMs, () => handle.query(snapshotQuery));
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return undefined;
        throw error;
      }
    },
    news: (paymentId) => bringNews(deps, paymentId),
  };
}

async function create(
  deps: DoorParts,
  paymentId: string,
  order: PaymentOrder,
  timeoutMs: number,
): Promise<CommandResult> {
  const { client } = deps;
  const workflowId = paymentWorkflowId(paymentId, 1);
  const startWorkflowOperation = new WithStartWorkflowOperation(WORKFLOW_TYPE, {
    ...startOptions(deps, paymentId, 1),
    args: [{ paymentId, generation: 1, order } satisfies PaymentInput],
    workflowIdConflictPolicy: 'USE_EXISTING',
    typedSearchAttributes: searchAttributes(order),
    staticSummary: `${order.amountMinor} ${order.currency} for ${order.merchantId}`,
  });
  try {
    const answer = await client.withDeadline(Date.now() + timeoutMs, () =>
      client.workflow.executeUpdateWithStart(createUpdate, {
        args: [order.request],
        updateId: order.request.requestId,
        startWorkflowOperation,
      }),
    );
    return { type: 'answered', answer };
  } catch (error) {
    // The handle's promise rejects with the same error; it has been seen.
    startWorkflowOperation.workflowHandle().catch(() => undefined);
    if (error instanceof WorkflowExecutionAlreadyStartedError || isClosed(error))
      return storedAnswer(deps, paymentId, order);
    return whenUncertain(deps, workflowId, error);
  }
}

/** The payment's workflow has closed: its row is the answer. Without one, it was ended before it began. */
async function storedAnswer(deps: DoorParts, paymentId: string, order: PaymentOrder): Promise<CommandResult> {
  const payment = (await loadPayment(deps.db, paymentId)) ?? (await insertShell(deps.db, paymentId, order));
  const bodyDigest = (await storedDigest(deps.db, order.request.requestId)) ?? order.request.bodyDigest;
  return answered({
    type: 'done',
    payment: snapshotOf(payment),
    stamp: { bodyDigest, httpRequestId: 'stored' },
  });
}

function answered(answer: CommandAnswer): CommandResult {
  return { type: 'answered', answer };
}

/** Time is up or the connection broke: Temporal may have it all the same. */
async function whenUncertain(deps: DoorParts, workflowId: string, error: unknown): Promise<CommandResult> {
  mustBeUncertain(error);
  const { client } = deps;
  try {
    await client.withDeadline(Date.now() + AFTERTHOUGHT_MS, () =>
      client.workflow.getHandle(workflowId).describe(),
    );
    return { type: 'accepted' };
  } catch (second) {
    const detail =
      second instanceof WorkflowNotFoundError
        ? 'Temporal has not accepted it'
        : 'Temporal could not be reached in time';
    return { type: 'unreachable', detail };
  }
}

/**
 * A command that nobody answered. Temporal keeps an update only once a worker has accepted it, so unlike a
 * start it cannot be called accepted: the same key finds out.
 */
function notAnswered(error: unknown): CommandResult {
  mustBeUncertain(error);
  return { type: 'unreachable', detail: 'no worker answered in time' };
}

function mustBeUncertain(error: unknown): void {
  if (!isTimeout(error) && !isGrpcServiceError(error) && !(error instanceof ServiceError)) throw error;
}

interface SentCommand {
  readonly name: Command;
  readonly update: CommandUpdate;
  readonly paymentId: string;
  readonly order: { readonly request: RequestStamp };
  readonly timeoutMs: number;
}

async function sendCommand(deps: DoorParts, command: SentCommand): Promise<CommandResult> {
  const { client, db } = deps;
  const { name, update, paymentId, order, timeoutMs } = command;
  const deadline = Date.now() + timeoutMs;
  const payment = await loadPayment(db, paymentId);
  const generation = payment?.generation ?? 1;
  const options = { args: [order] as never, updateId: order.request.requestId };
  try {
    const handle = client.workflow.getHandle(paymentWorkflowId(paymentId, generation));
    return answered(
      await client.withDeadline(deadline, () =>
        handle.executeUpdate(update as typeof captureUpdate, options),
      ),
    );
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal !== undefined) return answered({ type: 'refused', refusal, stamp: order.request });
    if (!(error instanceof WorkflowNotFoundError) && !isClosed(error)) return notAnswered(error);
  }
  if (payment === undefined) return { type: 'not_found' };
  // Judged on the row first, so that a command to a finished payment opens no generation to be refused in.
  const refusal = judgeCommand(payment, name);
  if (refusal !== undefined) return answered({ type: 'refused', refusal, stamp: order.request });
  const reopened = await openGeneration(deps, paymentId, generation);
  const workflowId = paymentWorkflowId(paymentId, reopened);
  try {
    const handle = client.workflow.getHandle(workflowId);
    return answered(
      await client.withDeadline(deadline, () =>
        handle.executeUpdate(update as typeof captureUpdate, options),
      ),
    );
  } catch (error) {
    const late = refusalOf(error);
    if (late !== undefined) return answered({ type: 'refused', refusal: late, stamp: order.request });
    return notAnswered(error);
  }
}

const MERCHANT = defineSearchAttributeKey('InterlockMerchant', 'KEYWORD');
const CURRENCY = defineSearchAttributeKey('InterlockCurrency', 'KEYWORD');
const STATUS = defineSearchAttributeKey('InterlockStatus', 'KEYWORD');

function searchAttributes(order: PaymentOrder): TypedSearchAttributes {
  return new TypedSearchAttributes([
    { key: MERCHANT, value: order.merchantId },
    { key: CURRENCY, value: order.currency },
    { key: STATUS, value: 'processing' },
  ] satisfies SearchAttributePair[]);
}
