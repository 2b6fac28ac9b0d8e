import { loadPayment } from '../db/aggregate.ts';
import { currentGeneration } from '../db/generations.ts';
import { loadRefund } from '../db/refunds/aggregate.ts';
import { readBalance, refuseRefund } from '../db/refunds/plan.ts';
import type { Refusal } from '../domain/payment/commands.ts';
import { judgeRefundCancel, judgeRefundOrder } from '../domain/refund/commands.ts';
import { refundSnapshotOf } from '../domain/refund/refund.ts';
import {
  cancelRefundUpdate,
  createRefundUpdate,
  type RefundInput,
  type RefundOrderInput,
  refundSnapshotQuery,
} from '../workflows/refund/messages.ts';
import type { RefundResult, RefundsDoor } from './contract.ts';
import { type DoorParts, REFUND_WORKFLOW } from './generations.ts';
import { searchAttributes } from './search-attributes.ts';
import { askForSnapshot, sendCommand, startWithUpdate } from './updates.ts';

/** Refunds by the door: as payments, one workflow for each, started with its first update. */
export function createRefundsDoor(deps: DoorParts): RefundsDoor {
  const { db } = deps;
  return {
    create: (refundId, order, timeoutMs) => create(deps, refundId, order, timeoutMs),
    cancel: (refundId, order, timeoutMs) =>
      sendCommand(deps, {
        ownerId: refundId,
        update: cancelRefundUpdate,
        order,
        timeoutMs,
        judge: async () => {
          const refund = await loadRefund(db, refundId);
          return refund === undefined ? 'absent' : judgeRefundCancel(refund);
        },
        refused: (refusal) => ({ type: 'refused', refusal, stamp: order.request }),
      }),
    snapshot: (refundId, timeoutMs) => askForSnapshot(deps, refundId, refundSnapshotQuery, timeoutMs),
  };
}

async function create(
  deps: DoorParts,
  refundId: string,
  order: RefundOrderInput,
  timeoutMs: number,
): Promise<RefundResult> {
  const refusal = await refusalOnSight(deps, refundId, order);
  if (refusal === 'no_payment') return { type: 'not_found' };
  if (refusal !== undefined) {
    return { type: 'answered', answer: { type: 'refused', refusal, stamp: order.request } };
  }
  return startWithUpdate(deps, {
    workflow: REFUND_WORKFLOW,
    ownerId: refundId,
    input: { refundId, generation: 1, order } satisfies RefundInput,
    update: createRefundUpdate,
    stamp: order.request,
    timeoutMs,
    summary: `refund of ${order.amountMinor ?? 'all'} of ${order.paymentId}`,
    searchAttributes: searchAttributes(order.merchantId, order.currency, 'pending'),
    stored: () => storedAnswer(deps, refundId, order),
  });
}

/**
 * What can be seen to be against the rules starts no workflow and leaves no trace. It is judged again under the
 * balance's lock, because others may reserve meanwhile. A refund that exists has been judged.
 */
async function refusalOnSight(
  { db }: DoorParts,
  refundId: string,
  order: RefundOrderInput,
): Promise<Refusal | 'no_payment' | undefined> {
  const [payment, balance, known] = await Promise.all([
    loadPayment(db, order.paymentId),
    readBalance(db, order.paymentId),
    currentGeneration(db, refundId),
  ]);
  if (known !== undefined) return undefined;
  if (payment === undefined || balance === undefined) return 'no_payment';
  const { request, ...asked } = order;
  const ruling = judgeRefundOrder(
    payment,
    balance,
    { ...asked, refundId, cause: request.requestId },
    Date.now(),
  );
  return ruling.type === 'refused' ? ruling.refusal : undefined;
}

/**
 * The refund's workflow has closed: its row is the answer, or the refusal that its request's row holds. Without
 * either it was ended before it began, and is refused for good, so that nothing of it can be sent later.
 */
async function storedAnswer(
  { db }: DoorParts,
  refundId: string,
  { paymentId, by, request, ...asked }: RefundOrderInput,
): Promise<RefundResult> {
  const { requestId: id, path, idempotencyKey, bodyDigest } = request;
  // As the workflow's plan would have written it.
  const { merchantId, mode } = by === undefined ? asked : { merchantId: by.operator, mode: 'live' };
  const stored = await refuseRefund(
    db,
    { refundId, paymentId, request: { id, path, idempotencyKey, bodyDigest, merchantId, mode } },
    {
      code: 'refund_ended',
      message: 'its workflow was ended before anything was reserved or sent; refund again with a new key',
    },
  );
  if (stored.type === 'no_payment') return { type: 'not_found' };
  const stamp = { bodyDigest: stored.bodyDigest, httpRequestId: 'stored' };
  if (stored.type === 'refused') {
    return { type: 'answered', answer: { type: 'refused', refusal: stored.refusal, stamp } };
  }
  return { type: 'answered', answer: { type: 'done', refund: refundSnapshotOf(stored.refund), stamp } };
}
