import { z } from 'zod';
import type { ReplaySelection } from '../../db/settings/index.ts';
import { problem } from '../problems.ts';
import { merchantRoute, type Reply, type Route, type Services, type TypedCall } from '../route.ts';
import { answerOnce } from './answer.ts';
import { renderDelivery } from './render.ts';
import {
  deliveryListSchema,
  emptySchema,
  endpointIdSchema,
  listDeliveriesSchema,
  replayedSchema,
  replaySchema,
} from './schema.ts';

/** So many deliveries are put back by one request: one transaction holds their rows until it commits. */
const MAX_REPLAYED = 5_000;

const params = z.strictObject({ id: endpointIdSchema });

const listDeliveries = merchantRoute({
  method: 'get',
  path: '/v1/webhook_endpoints/:id/deliveries',
  operationId: 'listWebhookDeliveries',
  summary: 'List what was, is being, or could not be delivered, newest first',
  params,
  query: listDeliveriesSchema,
  responses: { 200: { description: 'One page.', schema: deliveryListSchema } },
  async handle(call, services) {
    const { id } = call.params;
    const { limit, status, starting_after: startingAfter } = call.query;
    if ((await services.endpoints.find(call.caller, id)) === undefined) throw problem('resource_missing');
    const page = await services.deliveries.list(id, {
      limit,
      ...(status === undefined ? {} : { status }),
      ...(startingAfter === undefined ? {} : { startingAfter }),
    });
    if (page.type === 'unknown_cursor') {
      throw problem('parameter_invalid', {
        param: 'starting_after',
        message: 'No such delivery to continue from.',
      });
    }
    return {
      status: 200,
      body: {
        object: 'list',
        data: page.deliveries.map((delivery) => renderDelivery(id, delivery)),
        has_more: page.hasMore,
        url: `/v1/webhook_endpoints/${id}/deliveries`,
      },
    };
  },
});

const replayOne = merchantRoute({
  method: 'post',
  path: '/v1/webhook_endpoints/:id/deliveries/:event/replay',
  operationId: 'replayWebhookDelivery',
  summary: 'Deliver one event again',
  permission: 'act',
  idempotent: true,
  params: params.extend({ event: z.string().meta({ description: "An event's id." }) }).strict(),
  body: emptySchema.meta({ id: 'WebhookDeliveryReplay' }),
  responses: { 200: { description: 'It is pending again.', schema: replayedSchema } },
  handle(call, services) {
    const { event: eventId } = call.params;
    const selection = { statuses: ['pending', 'delivered', 'dead'], eventId, limit: 1 } as const;
    return replay(call, services, selection);
  },
});

const replayMany = merchantRoute({
  method: 'post',
  path: '/v1/webhook_endpoints/:id/replay',
  operationId: 'replayWebhookDeliveries',
  summary: 'Deliver again what was given up, or everything since an event',
  permission: 'act',
  idempotent: true,
  params,
  body: replaySchema,
  responses: { 200: { description: 'They are pending again.', schema: replayedSchema } },
  async handle(call, services) {
    const { status, from } = call.body;
    if (from !== undefined && (await services.events.cursorOf(call.caller, from)) === undefined) {
      throw problem('parameter_invalid', { param: 'from', message: 'No such event to begin with.' });
    }
    return replay(call, services, {
      statuses: [status],
      ...(from === undefined ? {} : { fromEventId: from }),
      limit: MAX_REPLAYED,
    });
  },
});

async function replay(
  call: TypedCall<{ readonly id: string }, unknown, unknown>,
  services: Services,
  selection: ReplaySelection,
): Promise<Reply> {
  const { id } = call.params;
  return answerOnce(call, services, replayedSchema, (request) =>
    services.deliveries.replay(call.caller, request, id, selection, ({ count, nextEventId }) => {
      // Thrown within the transaction: nothing was done, and the key may be used again.
      if (selection.eventId !== undefined && count === 0) throw problem('resource_missing');
      const next = nextEventId === undefined ? {} : { next_from: nextEventId };
      const has_more = nextEventId !== undefined;
      const body = { object: 'webhook_replay', endpoint: id, replayed: count, has_more, ...next };
      return { status: 200, body };
    }),
  );
}

export const deliveryRoutes: readonly Route[] = [listDeliveries, replayOne, replayMany];
