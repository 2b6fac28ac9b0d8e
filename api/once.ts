import { z } from 'zod';
import type { KeptOnce, NamedRequest } from '../db/requests/index.ts';
import { nameRequest, type RequestOwner, refuseOtherBody, replayed } from './idempotency.ts';
import { problem } from './problems.ts';
import type { OperatorCall, Reply, Services, TypedCall } from './route.ts';

const keptSchema = z.object({ status: z.int(), body: z.record(z.string(), z.unknown()).optional() });

/** What is kept with a request as its answer. Without a body, whoever repeats it reads the row that it made. */
export type KeptReply = z.output<typeof keptSchema>;

type AnyCall = TypedCall<unknown, unknown, unknown> | OperatorCall<unknown, unknown, unknown>;

/** A key belongs to its merchant and mode, or to its operator, who knows no test mode. */
export function requesterOf(call: AnyCall): RequestOwner {
  return 'caller' in call ? call.caller : { merchantId: call.operator.operatorId, mode: 'live' };
}

/** Every POST has a key. Where what it brings about is named by what it says, or is nothing, nothing is kept under it. */
export function mustHaveKey(call: AnyCall, said: unknown, services: Services): void {
  nameRequest(requesterOf(call), call, said, services);
}

/**
 * Answers a POST that is done in one transaction with its own answer, and answered from there ever after. `reading`
 * gives the body where none is kept.
 */
export async function answerOnce(
  call: AnyCall,
  services: Services,
  act: (request: NamedRequest) => Promise<KeptOnce>,
  reading?: (subjectId: string) => Promise<object>,
): Promise<Reply> {
  const request = nameRequest(requesterOf(call), call, call.body, services);
  const earlier = await services.requests.find(request.requestId);
  const kept: KeptOnce = earlier === undefined ? await act(request) : { type: 'repeated', stored: earlier };
  if (kept.type === 'absent') throw problem('resource_missing');
  refuseOtherBody(request.bodyDigest, kept.stored);
  const { status, body } = keptSchema.parse(kept.stored.answer);
  const given = body ?? (await reading?.(kept.stored.subjectId));
  if (given === undefined) throw new Error(`the answer of ${request.requestId} is neither kept nor read`);
  const reply: Reply = { status, body: given };
  return kept.type === 'repeated' ? replayed(() => reply) : reply;
}
