import { z } from 'zod';
import { MAX_COUNTED, QUEUES } from '../../db/read/index.ts';
import { reasonSchema, resolutionSchema } from '../operator/schema.ts';
import { limitSchema } from '../payments/schema.ts';
import { listSchema } from '../schema.ts';

/** What waits for a person, as operators ask for it and work it off. */
const idText = z.string().min(1).max(300);
const modeSchema = z.enum(['test', 'live']);
const instant = z.string().meta({ description: 'ISO 8601.' });
const filters = { merchant: idText.optional(), mode: modeSchema.optional() };
const cursor = (description: string) => idText.optional().meta({ description });

export const listUnknownsSchema = z.strictObject({
  limit: limitSchema,
  starting_after: cursor('Younger than this operation.'),
  ...filters,
  provider: idText.optional(),
  account: idText.optional().meta({ description: 'A provider account.' }),
  status: z.enum(['unknown', 'pending']).optional(),
  parked: z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .optional()
    .meta({ description: 'Whether every question was asked, and a case is open.' }),
  min_age_minutes: z
    .string()
    .regex(/^\d{1,7}$/, 'a number of minutes')
    .transform(Number)
    .optional()
    .meta({ type: 'integer', description: 'First sent at least so long ago.' }),
});

export const unknownSchema = z
  .object({
    object: z.literal('unknown_operation'),
    id: z.string(),
    kind: z.enum(['authorize', 'sale', 'capture', 'void', 'refund']),
    status: z.enum(['unknown', 'pending']),
    subject: z.string().meta({ description: 'The payment or refund that it belongs to.' }),
    payment: z.string(),
    generation: z.int(),
    merchant: z.string(),
    mode: modeSchema,
    reference: z.string().nullable(),
    provider: z.string(),
    account: z.string(),
    provider_reference: z.string().nullable(),
    amount: z.int(),
    currency: z.string(),
    first_sent_at: instant,
    last_sent_at: instant,
    sends: z.int(),
    answers: z
      .array(z.object({ source: z.string(), type: z.string(), detail: z.string().nullable(), at: instant }))
      .meta({ description: 'What was answered so far, latest first; that nothing was found is no answer.' }),
    next_questions: z
      .array(z.enum(['lookup', 'resend', 'void_by_reference']))
      .meta({ description: 'What is asked at the next tick, in order.' }),
    reason: z.enum([
      'waits_for_approval',
      'parked',
      'asked_again',
      'waits_for_webhook',
      'waits_for_deadline',
      'nothing_to_ask',
    ]),
    explanation: z.string().meta({ description: 'Why it does not end by itself, for a person.' }),
    actions: z.array(z.enum(['approve', 'retry', 'propose'])),
    exception: z.string().nullable().meta({ description: 'The open case, once it is parked.' }),
    parked_at: z.string().nullable(),
    owner: z.string().nullable(),
    resolution: z.string().nullable().meta({ description: 'What waits to be approved.' }),
    proposed_by: z.string().nullable(),
  })
  .meta({ id: 'UnknownOperation' });
export const unknownListSchema = listSchema(unknownSchema).meta({ id: 'UnknownOperationList' });

export const listDeadSchema = z.strictObject({
  limit: limitSchema,
  starting_after: z
    .string()
    .regex(/^[\w-]{1,120}\/[\w-]{1,160}$/, 'an endpoint and an event, as `we_x/evt_y`')
    .optional()
    .meta({ description: 'Younger than this delivery: `<endpoint>/<event>`.' }),
  ...filters,
  endpoint: idText.optional(),
  payment: idText.optional(),
});

export const deadLetterSchema = z
  .object({
    object: z.literal('dead_letter'),
    endpoint: z.string(),
    endpoint_url: z.string(),
    endpoint_status: z.enum(['enabled', 'disabled']),
    merchant: z.string(),
    mode: modeSchema,
    event: z.string(),
    type: z.string(),
    payment: z.string(),
    sequence: z.int(),
    attempts: z.int(),
    last_attempt_at: z.string().nullable(),
    last_status_code: z.int().nullable(),
    last_error: z.string().nullable(),
    created_at: instant,
  })
  .meta({ id: 'DeadLetter' });
export const deadLetterListSchema = listSchema(deadLetterSchema).meta({ id: 'DeadLetterList' });

export const listLettersSchema = z.strictObject({
  limit: limitSchema,
  starting_after: cursor('Younger than this exception.'),
  merchant: idText.optional(),
  account: idText.optional(),
});

export const letterSchema = z
  .object({
    object: z.literal('unplaced_letter'),
    exception: z.string(),
    letter: z.string(),
    provider: z.string(),
    account: z.string(),
    merchant: z.string().nullable(),
    type: z.string(),
    reference: z.string().nullable(),
    provider_reference: z.string().nullable(),
    summary: z.string(),
    owner: z.string().nullable(),
    received_at: instant,
    opened_at: instant,
    due_at: z.string().nullable(),
  })
  .meta({ id: 'UnplacedLetter' });
export const letterListSchema = listSchema(letterSchema).meta({ id: 'UnplacedLetterList' });

export const listHeldSchema = z.strictObject({
  limit: limitSchema,
  starting_after: cursor('Younger than this exception.'),
  merchant: idText.optional(),
});

export const heldSchema = z
  .object({
    object: z.literal('held_payment'),
    payment: z.string(),
    exception: z.string(),
    merchant: z.string(),
    mode: modeSchema,
    reference: z.string().nullable(),
    amount: z.int(),
    currency: z.string(),
    summary: z.string(),
    owner: z.string().nullable(),
    held_since: instant,
    due_at: z.string().nullable(),
  })
  .meta({ id: 'HeldPayment' });
export const heldListSchema = listSchema(heldSchema).meta({ id: 'HeldPaymentList' });

export const approvalsQuerySchema = z.strictObject({ limit: limitSchema });
export const approvalsSchema = z
  .object({
    object: z.literal('approvals'),
    resolutions: z.array(
      resolutionSchema.extend({
        payment: z.string(),
        merchant: z.string().nullable(),
        mode: modeSchema.nullable(),
      }),
    ),
    policies: z.array(
      z.object({
        merchant: z.string(),
        mode: modeSchema,
        version: z.int(),
        name: z.string(),
        author: z.string(),
        to: z.enum(['canary', 'active', 'experiment']),
        percent: z.int().nullable(),
        proposed_by: z.string(),
        reason: z.string(),
        proposed_at: instant,
      }),
    ),
    has_more: z.boolean(),
  })
  .meta({ id: 'Approvals' });

const length = z.object({
  count: z.int().meta({ description: `Counted up to ${MAX_COUNTED}; one more says that there are more.` }),
  oldest_at: z.string().nullable(),
});
export const queuesSchema = z
  .object({
    object: z.literal('queues'),
    at: instant,
    counted_up_to: z.int(),
    queues: z.object(
      Object.fromEntries(QUEUES.map((name) => [name, length])) as Record<
        (typeof QUEUES)[number],
        typeof length
      >,
    ),
    exceptions_by_kind: z.array(z.object({ kind: z.string(), title: z.string(), count: z.int() })),
  })
  .meta({ id: 'Queues' });

/** So many deliveries are put back by one request of an operator's. */
export const MAX_RESENT = 1_000;

export const resendSchema = z.strictObject({ reason: reasonSchema }).meta({ id: 'DeadLetterResend' });

export const resendManySchema = z
  .strictObject({
    deliveries: z
      .array(z.strictObject({ endpoint: idText, event: idText }))
      .min(1)
      .max(MAX_RESENT)
      .optional(),
    endpoint: idText.optional().meta({ description: `Instead: the oldest ${MAX_RESENT} of this endpoint.` }),
    reason: reasonSchema,
  })
  .refine(({ deliveries, endpoint }) => (deliveries === undefined) !== (endpoint === undefined), {
    path: ['deliveries'],
    message: 'either deliveries or an endpoint',
  })
  .meta({ id: 'DeadLetterResendMany' });

export const resentSchema = z
  .object({
    object: z.literal('dead_letter_resend'),
    endpoint: z.string(),
    replayed: z.int().meta({ description: 'So many deliveries are pending again.' }),
    has_more: z.boolean(),
    by: z.string(),
    reason: z.string(),
  })
  .meta({ id: 'DeadLetterResent' });

export const resentManySchema = z
  .object({
    object: z.literal('dead_letter_resend_many'),
    replayed: z.int(),
    data: z.array(
      z.object({
        endpoint: z.string(),
        replayed: z.int(),
        has_more: z.boolean(),
        error: z.string().nullable().meta({ description: 'Why nothing of this endpoint was put back.' }),
      }),
    ),
  })
  .meta({ id: 'DeadLettersResent' });
