import type { UpdateDefinition } from '@temporalio/common';
import { loadPayment } from '../db/aggregate.ts';
import { insertShell, storedDigest } from '../db/plan.ts';
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
import { type DoorParts, PAYMENT_WORKFLOW } from './generations.ts';
import { bringNews } from './news.ts';
import { createOperatorsDoor } from './operators.ts';
import { createRefundsDoor } from './refunds.ts';
import { searchAttributes } from './search-attributes.ts';
import { askForSnapshot, sendCommand, startWithUpdate } from './updates.ts';

/** The door of one process: Temporal's client, and Postgres for generations and stored answers. */
export function createDoor(deps: DoorParts): PaymentsDoor {
  const { db } = deps;

  const command =
    <Order extends { readonly request: RequestStamp }>(name: Command, update: PaymentUpdate<Order>) =>
    (paymentId: string, order: Order, timeoutMs: number): Promise<CommandResult> =>
      sendCommand(deps, {
        ownerId: paymentId,
        update,
        order,
        timeoutMs,
        judge: async () => {
          const payment = await loadPayment(db, paymentId);
          return payment === undefined ? 'absent' : judgeCommand(payment, name);
        },
        refused: (refusal) => ({ type: 'refused', refusal, stamp: order.request }),
      });

  return {
    create: (paymentId, order, timeoutMs) => create(deps, paymentId, order, timeoutMs),
    confirm: command('confirm', confirmUpdate),
    capture: command('capture', captureUpdate),
    void: command('void', voidUpdate),
    snapshot: (paymentId, timeoutMs) => askForSnapshot(deps, paymentId, snapshotQuery, timeoutMs),
    news: (ownerId) => bringNews(deps, ownerId),
    refunds: createRefundsDoor(deps),
    operators: createOperatorsDoor(deps),
  };
}

type PaymentUpdate<Order> = UpdateDefinition<CommandAnswer, [Order]>;

function create(
  deps: DoorParts,
  paymentId: string,
  order: PaymentOrder,
  timeoutMs: number,
): Promise<CommandResult> {
  return startWithUpdate(deps, {
    workflow: PAYMENT_WORKFLOW,
    ownerId: paymentId,
    input: { paymentId, generation: 1, order } satisfies PaymentInput,
    update: createUpdate,
    stamp: order.request,
    timeoutMs,
    summary: `${order.amountMinor} ${order.currency} for ${order.merchantId}`,
    searchAttributes: searchAttributes(order.merchantId, order.currency, 'processing'),
    stored: () => storedAnswer(deps, paymentId, order),
  });
}

/** The payment's workflow has closed: its row is the answer. Without one, it was ended before it began. */
async function storedAnswer(deps: DoorParts, paymentId: string, order: PaymentOrder): Promise<CommandResult> {
  const payment = (await loadPayment(deps.db, paymentId)) ?? (await insertShell(deps.db, paymentId, order));
  const bodyDigest = (await storedDigest(deps.db, order.request.requestId)) ?? order.request.bodyDigest;
  const stamp = { bodyDigest, httpRequestId: 'stored' };
  return { type: 'answered', answer: { type: 'done', payment: snapshotOf(payment), stamp } };
}
