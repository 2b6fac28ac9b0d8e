import type { z } from 'zod';
import type { RequestStamp } from '../../client/contract.ts';
import type { CaseCommand, CaseFile } from '../../domain/cases/case.ts';
import { requestIdFor } from '../../domain/ids.ts';
import type { Refusal } from '../../domain/payment/commands.ts';
import { nameRequest, type RequestName, refuseOtherBody } from '../idempotency.ts';
import { problem, refusalProblem } from '../problems.ts';
import { type OperatorCall, operatorRoute, type Services } from '../route.ts';
import { assignment } from './assignment.ts';
import { bulkResultSchema, bulkSchema, MAX_BULK } from './schema.ts';

type Body = z.output<typeof bulkSchema>;
type Call = OperatorCall<unknown, unknown, Body>;

/** Each case is told by an update of its own; so many are under way at once. */
const AT_ONCE = 12;
/** What has not come to its turn by then is told again with the same key. */
const TOTAL_MS = 25_000;
const EACH_MS = 8_000;

interface Item {
  readonly id: string;
  readonly result: 'done' | 'refused' | 'unknown';
  readonly status: CaseFile['status'] | null;
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** One command to many cases: of the given ids, or of one kind and cause. Each is judged, and answered, by itself. */
export const bulkRoute = operatorRoute({
  method: 'post',
  path: '/v1/exceptions/bulk',
  operationId: 'commandExceptions',
  summary: `Tell up to ${MAX_BULK} cases the same; each answers for itself`,
  idempotent: true,
  body: bulkSchema,
  responses: { 200: { description: 'What became of each.', schema: bulkResultSchema } },
  async handle(call, services) {
    const owner = { merchantId: call.operator.operatorId, mode: 'live' as const };
    const request = nameRequest(owner, call, call.body, services);
    call.note({ operator: call.operator.name, request: request.requestId });
    const kept = await services.selections.keep(owner, request, () => select(call, services));
    refuseOtherBody(request.bodyDigest, kept);
    const data = await tellAll(call, services, request, kept.selection.ids);
    const count = (result: Item['result']) => data.filter((item) => item.result === result).length;
    return {
      status: 200,
      body: {
        object: 'bulk_result',
        data,
        done: count('done'),
        refused: count('refused'),
        unknown: count('unknown'),
        has_more: kept.selection.hasMore,
      },
    };
  },
});

async function select(call: Call, { exceptions }: Services) {
  const { ids, kind, cause, starting_after: startingAfter } = call.body;
  if (ids !== undefined) return { ids: [...new Set(ids)], hasMore: false };
  const found = await exceptions.select(
    {
      kind: kind ?? '',
      command: commandOf(call),
      ...(cause === undefined ? {} : { cause }),
      ...(startingAfter === undefined ? {} : { startingAfter }),
    },
    MAX_BULK + 1,
  );
  if (found === undefined) throw problem('parameter_invalid', { param: 'starting_after' });
  return { ids: found.slice(0, MAX_BULK), hasMore: found.length > MAX_BULK };
}

async function tellAll(
  call: Call,
  services: Services,
  request: RequestName,
  ids: readonly string[],
): Promise<readonly Item[]> {
  const items: Item[] = [];
  let next = 0;
  const worker = async () => {
    for (let at = next++; at < ids.length; at = next++) {
      const id = ids[at] ?? '';
      items[at] = call.elapsedMs() > TOTAL_MS ? unknown(id) : await tellOne(call, services, request, id);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return items;
}

const unknown = (id: string): Item => ({
  id,
  result: 'unknown',
  status: null,
  error: { code: 'outcome_unknown', message: 'not answered in time; repeat with the same Idempotency-Key' },
});

/** Named by the whole command's request, so a repetition finds the answer of each. */
async function tellOne(call: Call, services: Services, request: RequestName, id: string): Promise<Item> {
  const { body, operator } = call;
  const path = `POST /v1/exceptions/${id}/${body.action}`;
  const idempotencyKey = `bulk ${request.requestId}`;
  const stamp: RequestStamp = {
    requestId: requestIdFor(operator.operatorId, 'live', path, idempotencyKey),
    path,
    idempotencyKey,
    bodyDigest: request.bodyDigest,
    httpRequestId: call.requestId,
    answerByMs: Date.now() + EACH_MS,
  };
  const stored = (await services.requests.find(stamp.requestId))?.answer as Kept | undefined;
  if (stored?.exception !== undefined) return done(id, stored.exception);
  if (stored?.refusal !== undefined) return refused(id, stored.refusal);
  const order = {
    request: stamp,
    operator: operator.operatorId,
    reason: body.reason,
    command: commandOf(call),
  };
  const result = await services.cases.command(id, order, EACH_MS);
  if (result.type === 'not_found')
    return writeDown(call, services, path, id, { code: 'resource_missing', message: 'No such object.' });
  if (result.type !== 'answered') return unknown(id);
  const { answer } = result;
  return answer.type === 'done'
    ? done(id, answer.exception)
    : writeDown(call, services, path, id, answer.refusal);
}

/** As the workflow's own step kept it. */
interface Kept {
  readonly exception?: CaseFile;
  readonly refusal?: Refusal;
}

function commandOf({ body, operator }: Call): CaseCommand {
  const { action, disposition = 'ignore', target, owner = 'none' } = body;
  if (action === 'assign') return assignment(owner, operator.operatorId);
  if (action === 'propose' || action === 'dispose')
    return { type: action, disposition, ...(target === undefined ? {} : { target }) };
  return { type: action };
}

const done = (id: string, { status }: CaseFile): Item => ({ id, result: 'done', status, error: null });

const refused = (id: string, { code, message, status }: Refusal): Item => ({
  id,
  result: 'refused',
  status: (status as CaseFile['status'] | undefined) ?? null,
  error: { code, message },
});

/** A refused command leaves its row, as each would that came alone. */
async function writeDown(
  call: Call,
  services: Services,
  path: string,
  id: string,
  refusal: Refusal,
): Promise<Item> {
  const { httpStatus: status } = refusalProblem(refusal);
  await services.operators.recordRefusal({
    operatorId: call.operator.operatorId,
    method: 'POST',
    path: path.slice('POST '.length),
    status: refusal.code === 'resource_missing' ? 404 : status,
    code: refusal.code,
    detail: refusal.message,
    requestId: call.requestId,
  });
  return refused(id, refusal);
}
