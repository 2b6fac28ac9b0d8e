import { z } from 'zod';
import type { EndpointRequest, Kept, ReplaySelection } from '../../db/settings/index.ts';
import { requestIdFor } from '../../domain/ids.ts';
import { nameRequest, type RequestName, refuseOtherBody, replayed } from '../idempotency.ts';
import { requesterOf } from '../once.ts';
import { problem } from '../problems.ts';
import { type OperatorCall, operatorRoute, type Route, type Services } from '../route.ts';
import { endpointIdSchema } from '../webhook-endpoints/schema.ts';
import { wake } from '../webhook-endpoints/wake.ts';
import { MAX_RESENT, resendManySchema, resendSchema, resentManySchema, resentSchema } from './schema.ts';

/**
 * Operators send again what a merchant's endpoint would not take. It goes the merchant's own way (the delivery's row is
 * put back to pending under its endpoint's lock), so whoever asks first does it, and nobody does it twice.
 */
type Call = OperatorCall<unknown, unknown, { readonly reason: string }>;

const DEAD = ['dead'] as const;

/** Undefined where there is no such endpoint. */
async function resend(
  call: Call,
  services: Services,
  endpointId: string,
  request: EndpointRequest,
  selection: ReplaySelection,
): Promise<Extract<Kept, { stored: unknown }> | undefined> {
  const stored = await services.requests.find(request.requestId);
  if (stored !== undefined) {
    refuseOtherBody(request.bodyDigest, stored);
    return { type: 'repeated', stored };
  }
  const owner = await services.queues.endpointOwner(endpointId);
  if (owner === undefined) return undefined;
  const { operatorId } = call.operator;
  const by = `operator:${operatorId}`;
  const act = { actor: by, action: 'endpoint.deliveries_replayed', reason: call.body.reason };
  const asked = { ...request, requester: requesterOf(call), act };
  const kept = await services.deliveries.replay(owner, asked, endpointId, selection, (done) => {
    if (selection.eventId !== undefined && done.count === 0) throw problem('resource_missing');
    return {
      object: 'dead_letter_resend',
      endpoint: endpointId,
      replayed: done.count,
      has_more: done.nextEventId !== undefined,
      by,
      reason: call.body.reason,
    };
  });
  if (!('stored' in kept)) return undefined;
  if (kept.type === 'done') wake(endpointId, call, services);
  return kept;
}

const resendOne = operatorRoute({
  method: 'post',
  path: '/v1/operator/endpoints/:id/deliveries/:event/replay',
  operationId: 'operatorReplayDelivery',
  summary: 'Deliver one event of any merchant’s again, whatever became of it',
  permission: 'act',
  idempotent: true,
  params: z.strictObject({
    id: endpointIdSchema,
    event: z.string().meta({ description: "An event's id." }),
  }),
  body: resendSchema,
  responses: { 200: { description: 'It is pending again.', schema: resentSchema } },
  async handle(call, services) {
    const { id, event: eventId } = call.params;
    call.note({ operator: call.operator.name, endpoint: id });
    const request = nameRequest(requesterOf(call), call, call.body, services);
    const selection = { statuses: ['pending', 'delivered', 'dead'], eventId, limit: 1 } as const;
    const kept = await resend(call, services, id, request, selection);
    if (kept === undefined) throw problem('resource_missing');
    const reply = { status: 200, body: resentSchema.parse(kept.stored.answer) };
    return kept.type === 'repeated' ? replayed(() => reply) : reply;
  },
});

const resendMany = operatorRoute({
  method: 'post',
  path: '/v1/operator/queues/dead-letters/replay',
  operationId: 'operatorReplayDeliveries',
  summary: `Deliver again up to ${MAX_RESENT} events that were given up: chosen ones, or an endpoint’s oldest`,
  permission: 'act',
  idempotent: true,
  body: resendManySchema,
  responses: { 200: { description: 'What became of each endpoint’s.', schema: resentManySchema } },
  async handle(call, services) {
    call.note({ operator: call.operator.name });
    const request = nameRequest(requesterOf(call), call, call.body, services);
    const data: z.input<typeof resentManySchema>['data'] = [];
    // One endpoint after the other: each takes its own lock, and its own answer is kept.
    for (const [endpoint, selection] of selectionsOf(call.body)) {
      const kept = await resend(call, services, endpoint, ofEndpoint(request, endpoint, call), selection);
      data.push(
        kept === undefined
          ? { endpoint, replayed: 0, has_more: false, error: 'there is no such endpoint' }
          : {
              ...resentSchema
                .pick({ endpoint: true, replayed: true, has_more: true })
                .parse(kept.stored.answer),
              error: null,
            },
      );
    }
    const total = data.reduce((sum, { replayed: count }) => sum + count, 0);
    return { status: 200, body: { object: 'dead_letter_resend_many', replayed: total, data } };
  },
});

function selectionsOf({
  deliveries = [],
  endpoint,
}: z.output<typeof resendManySchema>): ReadonlyMap<string, ReplaySelection> {
  if (endpoint !== undefined) return new Map([[endpoint, { statuses: DEAD, limit: MAX_RESENT }]]);
  const events = new Map<string, string[]>();
  for (const each of deliveries)
    events.set(each.endpoint, [...(events.get(each.endpoint) ?? []), each.event]);
  return new Map(
    [...events].map(([id, eventIds]) => [id, { statuses: DEAD, eventIds, limit: eventIds.length }] as const),
  );
}

/** Named by the whole command's request, so a repetition finds the answer of each endpoint. */
function ofEndpoint(request: RequestName, endpoint: string, call: Call): EndpointRequest {
  const { merchantId, mode } = requesterOf(call);
  const path = `POST /v1/operator/queues/dead-letters/replay/${endpoint}`;
  const idempotencyKey = `bulk ${request.requestId}`;
  return {
    requestId: requestIdFor(merchantId, mode, path, idempotencyKey),
    path,
    idempotencyKey,
    bodyDigest: request.bodyDigest,
  };
}

export const resendRoutes: readonly Route[] = [resendOne, resendMany];
