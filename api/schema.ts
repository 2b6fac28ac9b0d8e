import { type ZodType, z } from 'zod';

/** Schemas that several resources share. */
const MAX_METADATA_KEYS = 50;

export const metadataSchema = z
  .record(
    z.string().min(1, 'a key has 1 to 40 characters').max(40, 'a key has 1 to 40 characters'),
    z.string().max(500),
  )
  .refine(
    (metadata) => Object.keys(metadata).length <= MAX_METADATA_KEYS,
    `at most ${MAX_METADATA_KEYS} keys`,
  )
  .default({})
  .meta({ description: 'Up to 50 keys of 40 characters, with values of 500.' });

export function listSchema<T extends ZodType>(item: T) {
  return z.object({
    object: z.literal('list'),
    data: z.array(item),
    has_more: z.boolean(),
    url: z.string(),
  });
}

export const errorSchema = z
  .object({
    error: z.object({
      type: z.enum([
        'api_error',
        'authentication_error',
        'card_error',
        'idempotency_error',
        'invalid_request_error',
      ]),
      code: z.string(),
      decline_code: z.string().optional(),
      message: z.string(),
      param: z.string().optional(),
      request_id: z.string(),
      payment: z.unknown().optional().meta({ description: 'The payment, where the error is its failure.' }),
      status: z.string().optional(),
      allowed: z.array(z.string()).optional(),
      permission: z.string().optional().meta({ description: 'Of what is forbidden: what is needed.' }),
      roles: z.array(z.string()).optional().meta({ description: 'Who has it.' }),
      problems: z
        .array(
          z.object({
            line: z.int(),
            column: z.int(),
            path: z.string(),
            message: z.string(),
            hint: z.string(),
          }),
        )
        .optional()
        .meta({ description: 'Of a routing policy that is refused, everything that is wrong with it.' }),
    }),
  })
  .meta({ id: 'Error' });
