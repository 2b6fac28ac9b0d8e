import { z } from 'zod';
import { REFUND_REASONS } from '../../domain/refund/refund.ts';
import { REFUND_STATUSES } from '../../domain/refund/states.ts';
import { amountSchema, currencySchema, limitSchema } from '../payments/schema.ts';
import { listSchema, metadataSchema } from '../schema.ts';

/** What a merchant may send and gets back about refunds. */
export const refundIdSchema = z
  .string()
  .meta({ description: 'A refund id.', example: 'ref_mq5mhwa2ezp3xi7i4zq7d2v3ku' });

export const createRefundSchema = z
  .strictObject({
    amount: amountSchema.optional().meta({ description: 'Absent: all that may still be refunded.' }),
    currency: currencySchema
      .optional()
      .meta({ description: "The payment's currency, to make sure.", type: 'string' }),
    reason: z.enum(REFUND_REASONS).optional(),
    reference: z.string().min(1).max(255).optional().meta({ description: 'Your own reference.' }),
    metadata: metadataSchema,
  })
  .meta({ id: 'RefundCreate' });

export const listRefundsSchema = z.strictObject({
  payment: z.string().min(1).max(100).optional().meta({ description: 'Refunds of this payment only.' }),
  status: z.enum(REFUND_STATUSES as [string, ...string[]]).optional(),
  limit: limitSchema,
  starting_after: z.string().min(1).max(100).optional().meta({ description: 'Older than this refund.' }),
});

export const refundSchema = z
  .object({
    id: z.string(),
    object: z.literal('refund'),
    payment: z.string(),
    amount: z.int().min(1),
    currency: z.string(),
    status: z.enum(REFUND_STATUSES as [string, ...string[]]).meta({
      description:
        '`pending`: the amount is reserved, and sent or being sent. `requires_review`: a person looks into it.',
    }),
    reason: z.enum(REFUND_REASONS).nullable(),
    reference: z.string().nullable(),
    failure: z.object({ code: z.string(), message: z.string() }).nullable(),
    provider: z.string(),
    provider_reference: z.string().nullable(),
    created: z.int().meta({ description: 'Unix seconds.' }),
    metadata: z.record(z.string(), z.string()),
    livemode: z.boolean(),
    allowed: z.array(z.enum(['cancel'])).meta({ description: 'Commands that would be accepted now.' }),
  })
  .meta({ id: 'Refund' });

export type PublicRefund = z.output<typeof refundSchema>;

export const refundListSchema = listSchema(refundSchema).meta({ id: 'RefundList' });
