import { z } from 'zod';
import type { EventCursor } from '../../db/read/index.ts';
import { problem } from '../problems.ts';
import { merchantRoute, type Route, type Services, type TypedCall } from '../route.ts';
import { renderEvent } from './render.ts';
import {
  eventListSchema,
  eventSchema,
  eventStreamSchema,
  listEventsSchema,
  streamEventsSchema,
} from './schema.ts';

const listEvents = merchantRoute({
  method: 'get',
  path: '/v1/events',
  operationId: 'listEvents',
  summary: 'List events, oldest first',
  query: listEventsSchema,
  responses: { 200: { description: 'One page.', schema: eventListSchema } },
  async handle(call, services) {
    const { limit, starting_after: startingAfter, type, payment } = call.query;
    const page = await services.events.list(call.caller, {
      limit,
      ...(startingAfter === undefined ? {} : { startingAfter }),
      ...(type === undefined ? {} : { types: type }),
      ...(payment === undefined ? {} : { paymentId: payment }),
    });
    if (page.type === 'unknown_cursor') throw unknownCursor('starting_after');
    return {
      status: 200,
      body: {
        object: 'list',
        data: page.events.map(renderEvent),
        has_more: page.hasMore,
        url: '/v1/events',
      },
    };
  },
});

const getEvent = merchantRoute({
  method: 'get',
  path: '/v1/events/:id',
  operationId: 'getEvent',
  summary: 'Read an event',
  params: z.strictObject({ id: z.string().meta({ description: 'An event id.' }) }),
  responses: { 200: { description: 'The event, as it was and will be.', schema: eventSchema } },
  async handle(call, services) {
    const event = await services.events.find(call.caller, call.params.id);
    if (event === undefined) throw problem('resource_missing');
    call.note({ payment_id: event.paymentId });
    return { status: 200, body: renderEvent(event) };
  },
});

const streamEvents = merchantRoute({
  method: 'get',
  path: '/v1/events/stream',
  operationId: 'streamEvents',
  summary: 'Events as they happen, as server-sent events',
  query: streamEventsSchema,
  responses: {
    200: {
      description:
        'One `text/event-stream` message an event: `id`, `event` (its type) and `data` (the event). It goes on until closed, and resumes after `Last-Event-ID` or `starting_after`; without either it begins now.',
      schema: eventStreamSchema,
      contentType: 'text/event-stream',
    },
  },
  async handle(call, services) {
    const after = await beginning(call, services);
    return services.eventStreams.open(call.caller, after);
  },
});

type StreamCall = TypedCall<undefined, z.output<typeof streamEventsSchema>, undefined>;

/** A reader that reconnects sends the header, and its old query with it: the header knows more. */
async function beginning({ headers, query, caller }: StreamCall, { events }: Services): Promise<EventCursor> {
  const last = headers['last-event-id'] ?? query.starting_after;
  if (last === undefined || last === '') return events.end();
  const cursor = await events.cursorOf(caller, last);
  if (cursor === undefined) {
    throw unknownCursor(headers['last-event-id'] === undefined ? 'starting_after' : 'Last-Event-ID');
  }
  return cursor;
}

function unknownCursor(param: string) {
  return problem('parameter_invalid', { param, message: 'No such event to continue from.' });
}

// The stream's path would be an event's id to the route after it.
export const eventRoutes: readonly Route[] = [listEvents, streamEvents, getEvent];
