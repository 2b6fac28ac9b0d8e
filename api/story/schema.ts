import { z } from 'zod';
import { PAYMENT_STATUSES, type PaymentStatus } from '../../domain/payment/states.ts';
import { ENTRY_TOPICS } from '../../domain/story/entry.ts';
import { reasonSchema } from '../operator/schema.ts';
import { amountSchema, currencySchema, limitSchema, paymentSchema } from '../payments/schema.ts';
import { createRefundSchema } from '../refunds/schema.ts';
import { listSchema } from '../schema.ts';

/** What operators ask about payments, and the page that tells the whole story of one. */
const idText = z.string().min(1).max(300);
const instant = z.string().meta({ description: 'ISO 8601.' });
const mode = z.enum(['test', 'live']);
const minorText = z
  .string()
  .regex(/^\d{1,12}$/, 'must be a whole number of minor units')
  .transform(Number)
  .meta({ type: 'integer' });
const instantQuery = z
  .string()
  .refine((text) => !Number.isNaN(Date.parse(text)), 'must be an instant or a day (ISO 8601)')
  .transform((text) => Date.parse(text))
  .meta({ type: 'string', description: 'An instant or a day (ISO 8601).' });

const STATUS_WORDS = new Set<string>(PAYMENT_STATUSES);

export const listQuerySchema = z.strictObject({
  limit: limitSchema,
  cursor: z.string().max(300).optional().meta({ description: 'The `next_cursor` of the page before.' }),
  merchant: idText.optional(),
  mode: mode.optional(),
  status: z
    .string()
    .transform((text) => text.split(',') as PaymentStatus[])
    .refine((all) => all.every((each) => STATUS_WORDS.has(each)), 'must be statuses, with commas between')
    .optional()
    .meta({ type: 'string', description: 'One status, or several with commas between.' }),
  provider: idText.optional().meta({ description: 'Of any of its attempts.' }),
  reference: idText.optional().meta({ description: "The merchant's order reference." }),
  customer: idText.optional(),
  currency: currencySchema.optional(),
  amount_from: minorText.optional(),
  amount_to: minorText.optional(),
  created_from: instantQuery.optional(),
  created_before: instantQuery.optional(),
  needs_attention: z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .optional()
    .meta({ description: 'Held for a person, or with an exception that is open.' }),
});

export const listedPaymentSchema = z
  .object({
    id: z.string(),
    object: z.literal('listed_payment'),
    merchant: z.string(),
    mode,
    status: z.enum(PAYMENT_STATUSES as [string, ...string[]]),
    amount: z.int(),
    amount_captured: z.int(),
    amount_refunded: z.int(),
    currency: z.string(),
    reference: z.string().nullable(),
    customer: z.string().nullable(),
    card: z.string().nullable().meta({ description: 'Brand and last four.' }),
    failure: z.string().nullable(),
    providers: z.array(z.string()).meta({ description: 'Of its attempts, in order.' }),
    open_exceptions: z.int(),
    created_at: instant,
  })
  .meta({ id: 'ListedPayment' });
export type ListedPaymentJson = z.input<typeof listedPaymentSchema>;

export const listedPaymentsSchema = listSchema(listedPaymentSchema)
  .extend({ next_cursor: z.string().nullable() })
  .meta({ id: 'ListedPayments' });

export const searchQuerySchema = z.strictObject({
  q: z.string().min(1).max(200).meta({
    description:
      'Any id: payment, refund, attempt, operation, event, exception, request, workflow; a provider’s or an order’s reference; a customer’s id, name or e-mail; a card’s last four, with an amount or a day.',
  }),
  limit: limitSchema,
});

export const searchSchema = z
  .object({
    object: z.literal('search'),
    query: z.string(),
    data: z.array(
      z.object({
        matched: z.string().meta({ description: 'What kind of thing matched.' }),
        value: z.string(),
        exact: z.boolean(),
        payment: listedPaymentSchema.nullable(),
        target: z
          .object({ type: z.enum(['exception', 'endpoint', 'customer', 'file']), id: z.string() })
          .nullable(),
      }),
    ),
  })
  .meta({ id: 'Search' });
export type SearchJson = z.input<typeof searchSchema>;

export const storyQuerySchema = z.strictObject({
  limit: z
    .string()
    .regex(/^(?:[1-9]\d?|[1-4]\d\d|500)$/, 'must be a number from 1 to 500')
    .default('200')
    .transform(Number)
    .meta({ type: 'integer', minimum: 1, maximum: 500, default: 200 }),
  starting_after: idText.optional().meta({ description: 'Entries after this one.' }),
});

const entrySchema = z
  .object({
    id: z.string(),
    at: instant,
    topic: z.enum(ENTRY_TOPICS),
    title: z.string(),
    severity: z.enum(['info', 'good', 'warning', 'bad']),
    technical: z.boolean().meta({ description: 'The story can be followed without it.' }),
    actor: z.string(),
    refund: z.string().nullable(),
    links: z.array(
      z.object({ type: z.enum(['refund', 'event', 'endpoint', 'case', 'file', 'account']), id: z.string() }),
    ),
    details: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'StoryEntry' });

const actionSchema = z
  .object({
    name: z.enum(['retry', 'void', 'cancel', 'move', 'release', 'resolve', 'refund', 'approve']),
    subject: z.string().meta({ description: 'The payment, the refund or the resolution.' }),
    allowed: z.boolean(),
    refusal: z.string().nullable().meta({ description: 'Why not, where it is not.' }),
    operation: z.string().nullable(),
    amount: z.int().nullable().meta({ description: 'The most that may be refunded.' }),
    accounts: z.array(z.string()).nullable().meta({ description: 'Provider accounts that it may go to.' }),
    proposed_by: z.string().nullable().meta({ description: 'Who may not approve it.' }),
  })
  .meta({ id: 'StoryAction' });

const settledSchema = z.object({
  currency: z.string(),
  gross: z.int(),
  fee: z.int(),
  net: z.int(),
  lines: z.int(),
});

export const storySchema = z
  .object({
    object: z.literal('story'),
    payment: paymentSchema,
    merchant: z.string(),
    card: z.object({ brand: z.string(), last4: z.string() }).nullable(),
    generation: z.int(),
    headline: z.object({
      text: z.string(),
      why: z.string(),
      tone: z.enum(['info', 'good', 'warning', 'bad']),
    }),
    highlights: z
      .array(
        z.object({ entry: z.string(), text: z.string(), tone: z.enum(['info', 'good', 'warning', 'bad']) }),
      )
      .meta({ description: 'What stood out, oldest first.' }),
    money: z.object({
      currency: z.string(),
      asked: z.int(),
      authorized: z.int(),
      captured: z.int(),
      refunded: z.int(),
      refundable: z.int(),
      charged_back: z.int(),
      settled: z.array(settledSchema).meta({ description: "Of the provider's files, by currency." }),
    }),
    actions: z.array(actionSchema),
    workflows: z.array(
      z.object({
        type: z.enum(['payment', 'refund', 'challenge']),
        id: z.string(),
        url: z.string().nullable().meta({ description: "Its history in Temporal's Web UI." }),
      }),
    ),
    trace: z.object({ id: z.string(), url: z.string().nullable() }),
    audit: z.object({ checked: z.boolean(), steps: z.int(), problems: z.array(z.string()) }),
    related: z
      .array(z.object({ id: z.string(), status: z.string(), created_at: instant }))
      .meta({ description: 'Other payments of the same order reference.' }),
    timeline: z.object({
      data: z.array(entrySchema),
      total: z.int(),
      has_more: z.boolean(),
      cut: z.array(z.string()).meta({ description: 'Kinds of rows of which there are more than are told.' }),
    }),
  })
  .meta({ id: 'Story' });
export type StoryJson = z.input<typeof storySchema>;

export const operatorRefundBodySchema = z
  .strictObject({
    amount: amountSchema.optional().meta({ description: 'Absent: all that may still be refunded.' }),
    refund_reason: createRefundSchema.shape.reason,
    reason: reasonSchema,
  })
  .meta({ id: 'OperatorRefundCreate' });

export const changeStreamSchema = z.string().meta({
  description: '`event: change` with `{type, payment, merchant, mode}`; `{type: "many"}` in a flood.',
});
