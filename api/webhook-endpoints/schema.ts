import { z } from 'zod';
import { limitSchema } from '../payments/schema.ts';
import { listSchema } from '../schema.ts';

/** What a merchant may send and gets back about its own webhook endpoints and what was delivered to them. */
const MAX_ROTATION_SECONDS = 7 * 24 * 60 * 60;
const DEFAULT_ROTATION_SECONDS = 24 * 60 * 60;
const ROTATION = `must be a whole number of seconds from 0 to ${MAX_ROTATION_SECONDS}`;

export const endpointIdSchema = z
  .string()
  .meta({ description: "An endpoint's id.", example: 'we_mq5mhwa2ezp3xi7i4zq7d2v3ku' });

const urlSchema = z
  .string()
  .min(1)
  .max(2048)
  .meta({ description: 'http(s), without credentials, reachable from the public internet.' });

const eventTypesSchema = z
  .array(z.string().min(1).max(100))
  .max(50)
  .meta({ description: 'Names of events, or `payment.*`, `refund.*`, `*`. Empty: all.' });

export const createEndpointSchema = z
  .strictObject({
    url: urlSchema,
    description: z.string().min(1).max(255).optional(),
    event_types: eventTypesSchema.default([]),
  })
  .meta({ id: 'WebhookEndpointCreate' });

export const updateEndpointSchema = z
  .strictObject({
    url: urlSchema.optional(),
    description: z.string().min(1).max(255).nullable().optional(),
    event_types: eventTypesSchema.optional(),
    status: z.enum(['enabled', 'disabled']).optional(),
  })
  .meta({ id: 'WebhookEndpointUpdate' });

export const rotateSecretSchema = z
  .strictObject({
    expires_in_seconds: z
      .int(ROTATION)
      .min(0, ROTATION)
      .max(MAX_ROTATION_SECONDS, ROTATION)
      .default(DEFAULT_ROTATION_SECONDS)
      .meta({ description: 'So long are webhooks signed with both secrets.' }),
  })
  .meta({ id: 'WebhookSecretRotate' });

export const replaySchema = z
  .strictObject({
    status: z.enum(['dead', 'delivered']).default('dead'),
    from: z.string().min(1).max(100).optional().meta({
      description: 'This event and those after it. Needed to have delivered ones sent again.',
    }),
  })
  .refine(({ status, from }) => status !== 'delivered' || from !== undefined, {
    path: ['from'],
    message: 'is needed to have delivered events sent again',
  })
  .meta({ id: 'WebhookReplayCreate' });

export const emptySchema = z.strictObject({});

export const endpointSchema = z
  .object({
    id: z.string(),
    object: z.literal('webhook_endpoint'),
    url: z.string(),
    description: z.string().nullable(),
    event_types: z.array(z.string()),
    status: z.enum(['enabled', 'disabled']),
    disabled_reason: z
      .string()
      .nullable()
      .meta({ description: 'Why, where it was not you who disabled it.' }),
    created: z.int(),
    livemode: z.boolean(),
    secret: z.string().optional().meta({
      description: '`whsec_...`, in the answers that make one and nowhere else.',
    }),
  })
  .meta({ id: 'WebhookEndpoint' });

export type PublicEndpoint = z.output<typeof endpointSchema>;

export const endpointListSchema = listSchema(endpointSchema).meta({ id: 'WebhookEndpointList' });

export const deletedEndpointSchema = z
  .object({ id: z.string(), object: z.literal('webhook_endpoint'), deleted: z.literal(true) })
  .meta({ id: 'WebhookEndpointDeleted' });

export const deliverySchema = z
  .object({
    object: z.literal('webhook_delivery'),
    endpoint: z.string(),
    event: z.string(),
    type: z.string(),
    payment: z.string(),
    sequence: z.int(),
    status: z.enum(['pending', 'delivered', 'dead']),
    attempts: z.int(),
    next_attempt_at: z.int().nullable().meta({
      description: 'Unix seconds. Null also while an earlier event of the payment is not dealt with.',
    }),
    last_attempt_at: z.int().nullable(),
    last_status_code: z.int().nullable(),
    last_error: z.string().nullable(),
    delivered_at: z.int().nullable(),
    created: z.int(),
  })
  .meta({ id: 'WebhookDelivery' });

export type PublicDelivery = z.output<typeof deliverySchema>;

export const deliveryListSchema = listSchema(deliverySchema).meta({ id: 'WebhookDeliveryList' });

export const listDeliveriesSchema = z.strictObject({
  limit: limitSchema,
  status: z.enum(['pending', 'delivered', 'dead']).optional(),
  starting_after: z.string().min(1).max(100).optional().meta({ description: "Older than this event's." }),
});

export const replayedSchema = z
  .object({
    object: z.literal('webhook_replay'),
    endpoint: z.string(),
    replayed: z.int().meta({ description: 'So many deliveries are pending again.' }),
    has_more: z.boolean().meta({ description: 'There are more: ask again, from `next_from`.' }),
    next_from: z
      .string()
      .optional()
      .meta({ description: 'Where there are more: the `from` of the next request, under another key.' }),
  })
  .meta({ id: 'WebhookReplay' });
