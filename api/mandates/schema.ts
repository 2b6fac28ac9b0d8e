import { z } from 'zod';
import { customerIdSchema } from '../customers/schema.ts';
import { limitSchema } from '../payments/schema.ts';
import { listSchema } from '../schema.ts';

export const mandateIdSchema = z
  .string()
  .min(1)
  .max(100)
  .meta({ description: 'A mandate id.', example: 'man_mq5mhwa2ezp3xi7i4zq7d2v3ku' });

export const listMandatesSchema = z.strictObject({
  limit: limitSchema,
  starting_after: mandateIdSchema.optional(),
  payment_method: z.string().min(1).max(100).optional().meta({ description: 'Of this payment method.' }),
  customer: customerIdSchema.optional(),
});

export const revokeMandateSchema = z.strictObject({}).meta({ id: 'MandateRevoke' });

export const mandateSchema = z
  .object({
    id: z.string(),
    object: z.literal('mandate'),
    status: z.enum(['active', 'revoked']),
    usage: z.enum(['recurring', 'unscheduled']),
    payment_method: z.string(),
    customer: z.string().nullable(),
    payment: z.string().meta({ description: 'The payment with which it was given.' }),
    network_transaction_id: z.string(),
    created: z.int(),
    revoked_at: z.int().nullable(),
    livemode: z.boolean(),
  })
  .meta({ id: 'Mandate' });

export type PublicMandate = z.output<typeof mandateSchema>;
export const mandateListSchema = listSchema(mandateSchema).meta({ id: 'MandateList' });
