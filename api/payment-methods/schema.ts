import { z } from 'zod';
import { customerIdSchema } from '../customers/schema.ts';
import { limitSchema } from '../payments/schema.ts';
import { listSchema, metadataSchema } from '../schema.ts';

const EXPIRY = 'must be a month from 1 to 12';
const YEAR = 'must be a year of four digits';

const fundingSchema = z.enum(['credit', 'debit', 'prepaid']);

export const createPaymentMethodSchema = z
  .strictObject({
    type: z.literal('card'),
    card: z.strictObject({
      number: z
        .string()
        .max(32, 'must be a card number')
        .transform((text) => text.replace(/[ -]/g, ''))
        .refine((text) => /^\d{12,19}$/.test(text), 'must be a card number of 12 to 19 digits')
        .meta({ type: 'string', example: '4242424242424242' }),
      exp_month: z
        .int({ error: intError(EXPIRY) })
        .min(1, EXPIRY)
        .max(12, EXPIRY),
      exp_year: z
        .int({ error: intError(YEAR) })
        .min(2000, YEAR)
        .max(2099, YEAR),
      cvc: z
        .string()
        .regex(/^\d{3,4}$/, 'must have three or four digits')
        .optional()
        .meta({ description: 'Kept sealed until the first authorization is resolved, at most 15 minutes.' }),
      holder_name: z.string().min(1).max(100).optional(),
      funding: fundingSchema.optional().meta({
        description: 'Where you know it: routing may ask for it, and no table of BINs comes with Interlock.',
      }),
    }),
    country: z
      .string()
      .regex(/^[A-Za-z]{2}$/, 'must be a country code of ISO 3166-1 (two letters)')
      .transform((code) => code.toUpperCase())
      .optional()
      .meta({ type: 'string', description: 'Billing country, two letters.', example: 'DE' }),
    customer: customerIdSchema.optional().meta({ description: 'Whose card it is.' }),
    metadata: metadataSchema,
  })
  .meta({ id: 'PaymentMethodCreate' });

/** A missing number keeps zod's own message, which the edge turns into `parameter_missing`. */
function intError(message: string) {
  return (issue: { readonly input?: unknown }) => (issue.input === undefined ? undefined : message);
}

export const paymentMethodSchema = z
  .object({
    id: z.string(),
    object: z.literal('payment_method'),
    type: z.literal('card'),
    card: z.object({
      brand: z.string(),
      last4: z.string(),
      bin: z.string(),
      fingerprint: z.string().meta({ description: 'Equal for the same card number at your account.' }),
      exp_month: z.int(),
      exp_year: z.int(),
      funding: fundingSchema.nullable(),
    }),
    country: z.string().nullable(),
    customer: z.string().nullable(),
    metadata: z.record(z.string(), z.string()),
    created: z.int(),
    livemode: z.boolean(),
  })
  .meta({ id: 'PaymentMethod' });

export type PublicPaymentMethod = z.output<typeof paymentMethodSchema>;
export const paymentMethodListSchema = listSchema(paymentMethodSchema).meta({ id: 'PaymentMethodList' });

export const listPaymentMethodsSchema = z.strictObject({
  limit: limitSchema,
  starting_after: z.string().min(1).max(100).optional().meta({ description: 'Older than this one.' }),
  customer: customerIdSchema.optional().meta({ description: 'Of this customer.' }),
});
