import {
  type Client,
  isGrpcServiceError,
  ServiceError,
  WithStartWorkflowOperation,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import {
  ApplicationFailure,
  defineSearchAttributeKey,
  type SearchAttributePair,
  TypedSearchAttributes,
} from '@temporalio/common';
import { loadPayment } from '../db/aggregate.ts';
import type { Db } from '../db/client.ts';
import { bumpGeneration, currentGeneration } from '../db/generations.ts';
import { acknowledgeLetters, unreadLetters } from '../db/letters.ts';
import { insertShell, storedDigest } from '../db/plan.ts';
import { unexplainedSuccesses } from '../db/sends.ts';
import type { NewsResult } from '../domain/door.ts';
import { paymentWorkflowId } from '../domain/ids.ts';
import { judgeCommand } from '../domain/payment/commands.ts';
import { isUnderWay, saysNothingNew } from '../domain/payment/nothing-new.ts';
import { type Command, type PaymentSnapshot, snapshotOf } from '../domain/payment/payment.ts';
import {
  COMMAND_REFUSED,
  type CommandAnswer,
  captureUpdate,
  confirmUpdate,
  createUpdate,
  newsSignal,
  type PaymentInput,
  type PaymentOrder,
  type Refusal,
  type RequestStamp,
  SUPERSEDED,
  snapshotQuery,
  voidUpdate,
} from '../workflows/payment/messages.ts';
import type { CommandResult, PaymentsDoor } from './contract.ts';

const WORKFLOW_TYPE = 'payment';
/** How long the last question ("does Temporal have it at all?") may take once the caller's time is up. */
const AFTERTHOUGHT_MS = 200;

type CommandUpdate = typeof captureUpdate | typeof voidUpdate | typeof confirmUpdate;

/** The door of one process: Temporal's client, and Postgres for generations and stored answers. */
export function createDoor(deps: {
  readonly client: Client;
  readonly db: Db;
  readonly taskQueue: string;
}): PaymentsDoor {
  const { client, db, taskQueue } = deps;

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
        if (
          error instanceof WorkflowNotFoundError ||
          isTimeout(error) ||
          isGrpcServiceError(error) ||
          error instanceof ServiceError
        )
          return undefined;
        throw error;
      }
    },
    news: (paymentId) => bringNews({ client, db, taskQueue }, paymentId),
  };
}

type Deps = Parameters<typeof createDoor>[0];

async function create(
  deps: Deps,
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
async function storedAnswer(deps: Deps, paymentId: string, order: PaymentOrder): Promise<CommandResult> {
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
async function whenUncertain(deps: Deps, workflowId: string, error: unknown): Promise<CommandResult> {
  if (!isTimeout(error) && !isGrpcServiceError(error) && !(error instanceof ServiceError)) throw error;
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

interface SentCommand {
  readonly name: Command;
  readonly update: CommandUpdate;
  readonly paymentId: string;
  readonly order: { readonly request: RequestStamp };
  readonly timeoutMs: number;
}

async function sendCommand(deps: Deps, command: SentCommand): Promise<CommandResult> {
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
    if (!(error instanceof WorkflowNotFoundError) && !isClosed(error))
      return whenUncertain(deps, paymentWorkflowId(paymentId, generation), error);
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
    return whenUncertain(deps, workflowId, error);
  }
}

/**
 * Makes sure that a generation is running: the recorded one where Temporal doesn't know it (retention, a
 * restored server), the next where it has closed. Answers which. Concurrent callers meet at the same one.
 */
export async function openGeneration(deps: Deps, paymentId: string, known: number): Promise<number> {
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

async function bringNews(deps: Deps, paymentId: string): Promise<NewsResult> {
  const { client, db } = deps;
  const payment = await loadPayment(db, paymentId);
  if (payment !== undefined && (await onlyRepeats(db, payment))) return 'nothing_new';
  const generation = payment?.generation ?? 1;
  const signal = (n: number) => client.workflow.getHandle(paymentWorkflowId(paymentId, n)).signal(newsSignal);
  try {
    await signal(generation);
    return 'signalled';
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError) && !isClosed(error)) throw error;
  }
  if (payment === undefined) return 'no_such_payment';
  await signal(await openGeneration(deps, paymentId, generation));
  return 'reopened';
}

/**
 * Puts away letters that repeat what is recorded; says whether nothing else lies there. Nothing at all is
 * nothing too: of two deliveries at once, one puts both letters away.
 */
async function onlyRepeats(
  db: Db,
  payment: NonNullable<Awaited<ReturnType<typeof loadPayment>>>,
): Promise<boolean> {
  const [letters, successes] = await Promise.all([
    unreadLetters(db, payment.id),
    unexplainedSuccesses(db, payment.id),
  ]);
  if (successes.length > 0) return false;
  const repeats = letters.filter((letter) => saysNothingNew(payment, letter.evidence));
  if (repeats.length > 0)
    await acknowledgeLetters(
      db,
      repeats.map((letter) => letter.inboxId),
    );
  return letters.every((letter) => repeats.includes(letter) || isUnderWay(payment, letter.evidence));
}

function startOptions({ taskQueue }: Deps, paymentId: string, generation: number) {
  return {
    taskQueue,
    workflowId: paymentWorkflowId(paymentId, generation),
    workflowIdReusePolicy: 'REJECT_DUPLICATE',
  } as const;
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

/** A validator's refusal, as it comes back through the update. */
function refusalOf(error: unknown): Refusal | undefined {
  if (!(error instanceof WorkflowUpdateFailedError)) return undefined;
  const { cause } = error;
  if (!(cause instanceof ApplicationFailure) || cause.type !== COMMAND_REFUSED) return undefined;
  return cause.details?.[0] as Refusal | undefined;
}

/** An accepted update fails so when its workflow closes first; sending it to the next generation is safe. */
function isClosed(error: unknown): boolean {
  if (!(error instanceof WorkflowUpdateFailedError)) return false;
  const { cause } = error;
  return (
    cause instanceof ApplicationFailure &&
    (cause.type === 'AcceptedUpdateCompletedWorkflow' || cause.type === SUPERSEDED)
  );
}

function isTimeout(error: unknown): boolean {
  return error instanceof WorkflowUpdateRPCTimeoutOrCancelledError;
}

export type { PaymentSnapshot };
