import type { RequestStamp, Result } from '../client/contract.ts';
import type { StoredRequest } from '../db/requests/index.ts';
import {
  CUT_OFF_MS,
  LAST_LOOK_MS,
  MIN_DOOR_MS,
  preferredWaitMs,
  WORKFLOW_LEAD_MS,
  within,
} from './deadline.ts';
import { nameRequest, type RequestOwner, refuseOtherBody, replayed } from './idempotency.ts';
import { problem, refusalProblem } from './problems.ts';
import type { Call, Reply, Services } from './route.ts';

/**
 * How every POST about a payment or a refund is answered: from the request's row if it was answered for good,
 * else from the workflow, else from what is known when the time is up. What it is about comes in as an order.
 */
export interface CommandOrder<Snapshot> {
  /** Whose promise the request's row is: the merchant, or the operator. */
  readonly owner: RequestOwner;
  /** The payment's or refund's id: at most so many commands of one are under way. */
  readonly subjectId: string;
  /** The payment, where the subject is something that may not come to be: a refund that is asked for. */
  readonly paymentId?: string;
  /** The member of answers that holds the snapshot. */
  readonly member: 'payment' | 'refund' | 'exception';
  /** A create answers for itself once its row is there; a later command's row may be older than the command. */
  readonly creates: boolean;
  /** Looked up while the request's row is; throws what the caller is to be told. */
  check(): Promise<() => void>;
  send(stamp: RequestStamp, timeoutMs: number): Promise<Result<Answer>>;
  /** Whether what the snapshot says is still under way, so that a later look may know more. */
  isUnsettled(snapshot: Snapshot): boolean;
  /** The answer; throws the failure's problem where it is one. */
  reply(snapshot: Snapshot): Reply;
  /** 202: accepted, and no more is known. */
  replyInTheDark(snapshot: Snapshot): Reply;
  look(): Promise<Snapshot | undefined>;
  /** What can be said while there is no row. */
  fallback?(): Snapshot;
}

interface Stamp {
  readonly bodyDigest: string;
  readonly httpRequestId: string;
}

/** What an update answers: `payment` or `refund` as it stands, or why it was refused. */
type Answer =
  | { readonly type: 'done'; readonly stamp: Stamp }
  | { readonly type: 'refused'; readonly refusal: StoredRefusal; readonly stamp: Stamp };

type StoredRefusal = Parameters<typeof refusalProblem>[0];

/** The answer comes within the caller's wait plus 250 ms, whatever hangs behind this. */
export async function answerCommand<Snapshot>(
  call: Omit<Call, 'caller'>,
  services: Services,
  order: CommandOrder<Snapshot>,
): Promise<Reply> {
  const preferredMs = preferredWaitMs(call.headers.prefer);
  const waitMs = preferredMs ?? services.limits.apiWaitMs;
  const reply = await within(
    noted(call, services, order, answer(call, services, order, waitMs)),
    waitMs + CUT_OFF_MS - call.elapsedMs(),
  );
  if (reply === undefined) throw problem('outcome_unknown');
  if (preferredMs === undefined) return reply;
  return { ...reply, headers: { ...reply.headers, 'Preference-Applied': `wait=${preferredMs / 1_000}` } };
}

/** Whoever looks at the payment later sees what was asked twice, or refused. Nobody waits for that to be written. */
async function noted<Snapshot>(
  call: Omit<Call, 'caller'>,
  { notes }: Services,
  { owner, subjectId, paymentId, member }: CommandOrder<Snapshot>,
  answered: Promise<Reply>,
): Promise<Reply> {
  if (member === 'exception') return answered;
  const asked = {
    subjectId: paymentId ?? subjectId,
    path: `POST ${call.concretePath}`,
    requestId: call.requestId,
    ...(call.operator === undefined ? { merchantId: owner.merchantId } : {}),
  };
  try {
    const reply = await answered;
    notes.answered(asked, reply);
    return reply;
  } catch (error) {
    notes.refused(asked, error);
    throw error;
  }
}

async function answer<Snapshot>(
  call: Omit<Call, 'caller'>,
  services: Services,
  order: CommandOrder<Snapshot>,
  waitMs: number,
): Promise<Reply> {
  const stamp: RequestStamp = {
    ...nameRequest(order.owner, call, call.body, services),
    httpRequestId: call.requestId,
    answerByMs: call.receivedAtMs + Math.max(0, waitMs - WORKFLOW_LEAD_MS),
  };
  call.note({ [`${order.member}_id`]: order.subjectId, request: stamp.requestId });
  const [stored, refuse] = await Promise.all([services.requests.find(stamp.requestId), order.check()]);
  if (stored !== undefined) {
    refuseOtherBody(stamp.bodyDigest, stored);
    const promised = storedReply(order, stored);
    if (promised !== undefined) return promised;
  }
  // One that was taken once, and is still on its way, is not judged anew by what holds now.
  if (stored === undefined) refuse();
  const result = await services.gate.run({
    subjectId: order.subjectId,
    identity: `${stamp.requestId}/${stamp.bodyDigest}`,
    timeoutMs: Math.max(MIN_DOOR_MS, waitMs - call.elapsedMs()),
    send: (timeoutMs) => order.send(stamp, timeoutMs),
  });
  return replyToResult(result, stamp, call, order);
}

/** The row is written by the workflow's record (or refusal) with the answer that it gave. */
function storedReply<Snapshot>(
  order: CommandOrder<Snapshot>,
  { answer: kept }: StoredRequest,
): Reply | undefined {
  if (typeof kept !== 'object' || kept === null) return undefined;
  const { refusal } = kept as { refusal?: StoredRefusal };
  const snapshot = snapshotIn<Snapshot>(kept, order);
  if (refusal === undefined && snapshot === undefined) return undefined;
  return replayed(() => {
    if (snapshot === undefined) throw refusalProblem(refusal as StoredRefusal);
    return order.reply(snapshot);
  });
}

/** Answers are this house's own JSON: the update's, or the row's that the same workflow wrote. */
function snapshotIn<Snapshot>(holder: object, { member }: CommandOrder<Snapshot>): Snapshot | undefined {
  return (holder as Record<string, Snapshot | undefined>)[member];
}

async function replyToResult<Snapshot>(
  result: Result<Answer>,
  stamp: RequestStamp,
  call: Omit<Call, 'caller'>,
  order: CommandOrder<Snapshot>,
): Promise<Reply> {
  switch (result.type) {
    case 'unreachable':
      call.log.warn({ detail: result.detail }, 'the outcome of a command is not known');
      throw problem('outcome_unknown');
    case 'other_body':
      throw problem('idempotency_key_reused');
    case 'not_found':
      throw problem('resource_missing');
    case 'accepted':
      return replyWithoutAnswer(order);
    case 'answered': {
      const { answer: given } = result;
      refuseOtherBody(stamp.bodyDigest, given.stamp);
      const first = snapshotIn<Snapshot>(given, order);
      const respond = (later?: Snapshot) => {
        if (given.type === 'refused') throw refusalProblem(given.refusal);
        const snapshot = later ?? first;
        if (snapshot === undefined) throw new Error(`an answer without its ${order.member}`);
        return order.reply(snapshot);
      };
      if (given.stamp.httpRequestId === stamp.httpRequestId) return respond();
      // An old answer that told of work under way is out of date by nature: the row knows more.
      const stale = given.type === 'done' && first !== undefined && order.isUnsettled(first);
      const current = stale ? await within(order.look(), LAST_LOOK_MS) : undefined;
      return replayed(() => respond(current));
    }
  }
}

/** Temporal has the command, and that is all we know: 202, with what the row says. */
async function replyWithoutAnswer<Snapshot>(order: CommandOrder<Snapshot>): Promise<Reply> {
  const row = await within(order.look(), LAST_LOOK_MS);
  // What a create has led to answers for it, once it is no longer under way.
  if (row !== undefined && order.creates && !order.isUnsettled(row)) return order.reply(row);
  const snapshot = row ?? order.fallback?.();
  if (snapshot === undefined) throw problem('outcome_unknown');
  return order.replyInTheDark(snapshot);
}
