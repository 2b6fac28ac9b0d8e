import {
  ApplicationFailure,
  allHandlersFinished,
  condition,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { decideRefundCancel, judgeRefundCancel } from '../../domain/refund/commands.ts';
import { openOperation, type RefundSnapshot } from '../../domain/refund/refund.ts';
import { database } from '../operations/activities.ts';
import { Lanes } from '../operations/lanes.ts';
import { refusedUpdate, stampOf, supersededUpdate } from '../operations/updates.ts';
import type { Refusal } from '../payment/messages.ts';
import { readRefundMail } from './mail.ts';
import {
  type CancelRefundCommand,
  cancelRefundUpdate,
  createRefundUpdate,
  type RefundAnswer,
  type RefundInput,
  type RefundOrderInput,
  refundNewsSignal,
  refundSnapshotQuery,
} from './messages.ts';
import { handleRefundOperators } from './operators.ts';
import { RefundProcess } from './process.ts';

/**
 * One generation of one refund. It reserves its amount or is refused, is sent, proven, and ends when nothing
 * can follow any more; news from the provider opens the next generation. What follows from what is decided in
 * domain/refund; this file says only in which order things wait for each other.
 */
export async function refund(input: RefundInput): Promise<RefundSnapshot | undefined> {
  const process = new RefundProcess(input.refundId, input.generation);
  const lanes = new Lanes(process);
  let newsCount = 0;
  let newsRead = 0;
  let begun: Begun | undefined;

  setHandler(refundNewsSignal, () => {
    newsCount += 1;
  });
  setHandler(refundSnapshotQuery, () => (process.state === undefined ? undefined : process.snapshot()));
  setHandler(createRefundUpdate, async (request): Promise<RefundAnswer> => {
    await condition(() => begun !== undefined);
    const { refusal, bodyDigest = request.bodyDigest } = begun ?? {};
    const stamp = { ...stampOf(request), bodyDigest };
    if (refusal !== undefined) return { type: 'refused', refusal, stamp };
    await process.answered(request.answerByMs);
    if (process.superseded) throw supersededUpdate('refund');
    return { type: 'done', refund: process.snapshot(), stamp };
  });
  setHandler(cancelRefundUpdate, (command) => cancel(process, command), {
    validator: (_: CancelRefundCommand) => {
      const refusal = process.state === undefined ? undefined : judgeRefundCancel(process.state);
      if (refusal !== undefined) throw refusedUpdate(refusal);
    },
  });
  handleRefundOperators(process, lanes);
  lanes.beforeAsking = () => readRefundMail(process, lanes);

  begun = await begin(process, input);
  const unread = () => newsRead !== newsCount;
  while (begun.refusal === undefined && !process.superseded) {
    while (unread() && !process.superseded) {
      newsRead = newsCount;
      await readRefundMail(process, lanes);
    }
    if (process.finished && !unread()) break;
    await condition(() => unread() || process.finished);
  }
  await condition(allHandlersFinished);
  return process.state === undefined ? undefined : process.snapshot();
}

interface Begun {
  /** The balance had no room for it: nothing was reserved and nothing is sent. */
  readonly refusal?: Refusal;
  readonly bodyDigest?: string;
}

async function begin(process: RefundProcess, { refundId, generation, order }: RefundInput): Promise<Begun> {
  if (generation === 1 && order !== undefined) return plan(process, refundId, order);
  const { refund: stored, settings } = await database.hydrateRefund(refundId);
  if (stored === undefined) process.superseded = true;
  else process.begin(stored, settings);
  return {};
}

async function plan(process: RefundProcess, refundId: string, order: RefundOrderInput): Promise<Begun> {
  const { request, merchantId, mode, ...asked } = order;
  const { requestId: id, path, idempotencyKey, bodyDigest } = request;
  const planned = await database.planRefund({
    ...asked,
    refundId,
    // A key is its holder's: an operator's is no merchant's, and knows no test mode.
    request: {
      id,
      path,
      idempotencyKey,
      bodyDigest,
      ...(order.by === undefined ? { merchantId, mode } : { merchantId: order.by.operator, mode: 'live' }),
    },
    atMs: workflowInfo().startTime.getTime(),
  });
  switch (planned.type) {
    case 'refund':
      process.begin(planned.refund, planned.settings);
      return { bodyDigest: planned.bodyDigest };
    case 'refused':
      return { refusal: planned.refusal, bodyDigest: planned.bodyDigest };
    case 'no_payment':
      throw ApplicationFailure.nonRetryable(`payment ${order.paymentId} has no row to refund`, 'Bug');
  }
}

/** A refund is called back only by revoking its permit unclaimed, which proves that nothing was sent. */
async function cancel(process: RefundProcess, command: CancelRefundCommand): Promise<RefundAnswer> {
  await process.planned();
  if (process.superseded) throw supersededUpdate('refund');
  const { request, owner } = command;
  const stamp = stampOf(request);
  const refusal = judgeRefundCancel(process.current);
  if (refusal !== undefined) return { type: 'refused', refusal, stamp };
  const open = openOperation(process.current);
  const revoked = open !== undefined && (await database.revoke(open.id)) === 'revoked';
  let late: Refusal | undefined;
  const { requestId: id, path, idempotencyKey, bodyDigest } = request;
  await process.apply(
    (current) => {
      const ruling = decideRefundCancel(
        current,
        revoked && openOperation(current)?.id === open?.id,
        'the merchant',
      );
      late = ruling.type === 'refused' ? ruling.refusal : undefined;
      return ruling.type === 'decided' ? ruling.decision : undefined;
    },
    { type: 'cancel', actor: `request:${id}` },
    { request: { id, path, idempotencyKey, bodyDigest, ...owner } },
  );
  if (late !== undefined) return { type: 'refused', refusal: late, stamp };
  if (process.superseded) throw supersededUpdate('refund');
  return { type: 'done', refund: process.snapshot(), stamp };
}
