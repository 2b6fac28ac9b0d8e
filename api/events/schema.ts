import { z } from 'zod';
import { EVENT_TYPES, hears, isEventTypePattern } from '../../domain/events/types.ts';
import { limitSchema, paymentSchema } from '../payments/schema.ts';
import { refundSchema } from '../refunds/schema.ts';
import { listSchema } from '../schema.ts';

/** Events as the list, the stream and the webhooks' bodies have them. */
export const eventSchema = z
  .object({
    id: z.string(),
    object: z.literal('event'),
    type: z.string().meta({ example: 'payment.succeeded' }),
    created: z.int().meta({ description: 'Unix seconds.' }),
    api_version: z.string().meta({ description: 'The version of the form of `data.object`.' }),
    livemode: z.boolean(),
    payment: z
      .string()
      .meta({ description: 'The payment that it belongs to, also where it tells of a refund.' }),
    sequence: z.int().min(1).meta({
      description: '1, 2, 3... for each payment, without a gap; events of its refunds are among them.',
    }),
    data: z.object({
      object: z
        .union([paymentSchema, refundSchema])
        .meta({ description: 'The payment or refund as it was when the event was written.' }),
    }),
  })
  .meta({ id: 'Event' });

export type PublicEvent = z.output<typeof eventSchema>;

export const eventListSchema = listSchema(eventSchema).meta({ id: 'EventList' });

export const eventStreamSchema = z.string().meta({ id: 'EventStream' });

export const listEventsSchema = z.strictObject({
  limit: limitSchema,
  starting_after: z.string().min(1).max(100).optional().meta({ description: 'Newer than this event.' }),
  type: z
    .string()
    .refine(isEventTypePattern, 'must be a type of event, or all of an object as in `refund.*`')
    .transform((pattern) => EVENT_TYPES.filter((type) => hears([pattern], type)))
    .optional()
    .meta({ type: 'string', description: 'A type, or `payment.*`, `refund.*`.', example: 'refund.*' }),
  payment: z.string().min(1).max(100).optional().meta({ description: 'Events of this payment only.' }),
});

export const streamEventsSchema = z.strictObject({
  starting_after: z
    .string()
    .min(1)
    .max(100)
    .optional()
    .meta({ description: 'Begin after this event. The header `Last-Event-ID` counts for more.' }),
});
