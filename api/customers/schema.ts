import { z } from 'zod';
import { limitSchema } from '../payments/schema.ts';
import { listSchema, metadataSchema } from '../schema.ts';

export const customerIdSchema = z
  .string()
  .min(1)
  .max(100)
  .meta({ description: 'A customer id.', example: 'cus_2cvnqh7kp3ksijoyqv5d3cr2rm' });

const nameSchema = z.string().min(1).max(200);
const emailSchema = z
  .string()
  .max(254)
  .regex(/^[^\s@]+@[^\s@]+$/, 'must be an e-mail address')
  .meta({ type: 'string', example: 'jane@example.com' });
const referenceSchema = z.string().min(1).max(255).meta({ description: 'Your own reference.' });

export const createCustomerSchema = z
  .strictObject({
    name: nameSchema.optional(),
    email: emailSchema.optional(),
    reference: referenceSchema.optional(),
    metadata: metadataSchema,
  })
  .meta({ id: 'CustomerCreate' });

export const listCustomersSchema = z.strictObject({
  limit: limitSchema,
  starting_after: customerIdSchema.optional(),
  email: emailSchema.optional(),
  reference: referenceSchema.optional(),
});

export const customerSchema = z
  .object({
    id: z.string(),
    object: z.literal('customer'),
    name: z.string().nullable(),
    email: z.string().nullable(),
    reference: z.string().nullable(),
    metadata: z.record(z.string(), z.string()),
    created: z.int(),
    livemode: z.boolean(),
  })
  .meta({ id: 'Customer' });

export type PublicCustomer = z.output<typeof customerSchema>;
export const customerListSchema = listSchema(customerSchema).meta({ id: 'CustomerList' });
