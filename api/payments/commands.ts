import type { CommandResult, RequestStamp } from '../../client/contract.ts';
import type { StoredRequest } from '../../db/requests/index.ts';
import type { PaymentSnapshot } from '../../domain/payment/payment.ts';
import {
  CUT_OFF_MS,
  LAST_LOOK_MS,
  MIN_DOOR_MS,
  preferredWaitMs,
  WORKFLOW_LEAD_MS,
  within,
} from '../deadline.ts';
import { nameRequest, refuseOtherBody, replayed } from '../idempotency.ts';
import { problem, refusalProblem } from '../problems.ts';
import type { Reply, Services, TypedCall } from '../route.ts';
import { type PaymentAction, renderPayment, replyWithPayment } from './render.ts';

/**
 * How every POST about a payment is answered: from the request's row if it was answered for good, else from
 * the workflow, else from what is known when the time is up. Which POST it is comes in as an order.
 */
export interface CommandOrder {
  readonly action: Exclude<PaymentAction, 'read'>;
  readonly paymentId: string;
  /** Looked up while the request's row is; throws what the caller is to be told. */
  check(): Promise<() => void>;
  send(stamp: RequestStamp, timeoutMs: number): Promise<CommandResult>;
  /** What can be said of the payment while it has no row. */
  fallback?(): PaymentSnapshot;
}

type AnyCall = TypedCall<unknown, unknown, unknown>;

/** The answer comes within the caller's wait plus 250 ms, whatever hangs behind this. */
export async function answerCommand(call: AnyCall, services: Services, order: CommandOrder): Promise<Reply> {
  const preferredMs = preferredWaitMs(call.headers.prefer);
  const waitMs = preferredMs ?? services.limits.apiWaitMs;
  const reply = await within(answer(call, services, order, waitMs), waitMs + CUT_OFF_MS - call.elapsedMs());
  if (reply === undefined) throw problem('outcome_unknown');
  if (preferredMs === undefined) return reply;
  return { ...reply, headers: { ...reply.headers, 'Preference-Applied': `wait=${preferredMs / 1_000}` } };
}

async function answer(
  call: AnyCall,
  services: Services,
  order: CommandOrder,
  waitMs: number,
): Promise<Reply> {
  const { action, paymentId } = order;
  const stamp: RequestStamp = {
    ...nameRequest(call, call.body, services),
    httpRequestId: call.requestId,
    answerByMs: call.receivedAtMs + Math.max(0, waitMs - WORKFLOW_LEAD_MS),
  };
  call.note({ payment_id: paymentId, request: stamp.requestId });
  const [stored, refuse] = await Promise.all([services.requests.find(stamp.requestId), order.check()]);
  if (stored !== undefined) {
    refuseOtherBody(stamp.bodyDigest, stored);
    const promised = storedReply(action, stored);
    if (promised !== undefined) return promised;
  }
  refuse();
  const result = await services.gate.run({
    paymentId,
    identity: `${stamp.requestId}/${stamp.bodyDigest}`,
    timeoutMs: Math.max(MIN_DOOR_MS, waitMs - call.elapsedMs()),
    send: (timeoutMs) => order.send(stamp, timeoutMs),
  });
  return replyToResult(result, stamp, call, services, order);
}

/** The row is written by the workflow's record (or refusal) with the answer that it gave. */
function storedReply(action: CommandOrder['action'], { answer }: StoredRequest): Reply | undefined {
  if (typeof answer !== 'object' || answer === null) return undefined;
  const { payment, refusal } = answer as { payment?: PaymentSnapshot; refusal?: StoredRefusal };
  if (refusal === undefined && payment === undefined) return undefined;
  return replayed(() => {
    if (payment === undefined) throw refusalProblem(refusal as StoredRefusal);
    return replyWithPayment(action, payment);
  });
}

type StoredRefusal = Parameters<typeof refusalProblem>[0];

async function replyToResult(
  result: CommandResult,
  stamp: RequestStamp,
  call: AnyCall,
  services: Services,
  order: CommandOrder,
): Promise<Reply> {
  switch (result.type) {
    case 'unreachable':
      call.log.warn({ detail: result.detail }, 'the outcome of a command is not known');
      throw problem('outcome_unknown');
    case 'not_found':
      throw problem('resource_missing');
    case 'accepted':
      return replyInTheDark(call, services, order);
    case 'answered': {
      const { answer } = result;
      refuseOtherBody(stamp.bodyDigest, answer.stamp);
      const respond = (payment?: PaymentSnapshot) => {
        if (answer.type === 'refused') throw refusalProblem(answer.refusal);
        return replyWithPayment(order.action, payment ?? answer.payment);
      };
      if (answer.stamp.httpRequestId === stamp.httpRequestId) return respond();
      // An old answer that still said `processing` is out of date by nature: the row knows more.
      const isStale = answer.type === 'done' && answer.payment.status === 'processing';
      const current = isStale ? await lastLook(call, services, order) : undefined;
      return replayed(() => respond(current));
    }
  }
}

/** Temporal has the command, and that is all we know: 202, with the payment as it stands. */
async function replyInTheDark(call: AnyCall, services: Services, order: CommandOrder): Promise<Reply> {
  const row = await lastLook(call, services, order);
  // The first command's payment answers by itself: when it is through already, its row says so.
  if (row !== undefined && order.action === 'create') return replyWithPayment('create', row);
  const payment = row ?? order.fallback?.();
  if (payment === undefined) throw problem('outcome_unknown');
  const Location = `/v1/payments/${payment.id}`;
  return { status: 202, body: renderPayment(payment), headers: { Location } };
}

function lastLook(
  call: AnyCall,
  services: Services,
  { paymentId }: CommandOrder,
): Promise<PaymentSnapshot | undefined> {
  return within(services.payments.find(call.caller, paymentId), LAST_LOOK_MS);
}
