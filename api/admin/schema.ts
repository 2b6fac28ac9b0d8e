import { z } from 'zod';
import { merchantRateLimitsSchema } from '../../domain/rate-limits.ts';
import { catalogueOverridesSchema } from '../../domain/routing/catalogue/index.ts';
import { reasonSchema } from '../operator/schema.ts';
import { limitSchema } from '../payments/schema.ts';
import { listSchema } from '../schema.ts';
import { amountsByCurrencySchema, countrySchema, originsSchema } from '../settings/schema.ts';

/** What administrators may send and get back. No schema of an answer has a place for a secret that was set. */
const idSchema = z.string().min(1).max(64);
const nameSchema = z.string().trim().min(1).max(100);
const modeSchema = z.enum(['test', 'live']);

export const idParams = z.strictObject({ id: idSchema });
const pageQuery = {
  limit: limitSchema,
  starting_after: z.string().min(1).max(200).optional(),
};

const categorySchema = z.string().regex(/^\d{4}$/, 'must be a merchant category code: four digits');
const caseLimitsSchema = z
  .strictObject({
    four_eyes: amountsByCurrencySchema.default({}),
    write_off: amountsByCurrencySchema.default({}),
  })
  .meta({ description: 'How much one operator may decide alone, and how much may be written off at all.' });

const merchantMembers = {
  name: nameSchema,
  country: countrySchema.nullable().optional(),
  category: categorySchema.nullable().optional(),
  return_origins: originsSchema.optional(),
  rate_limits: merchantRateLimitsSchema.optional(),
  case_limits: caseLimitsSchema.optional(),
  routing_approval: z.boolean().optional(),
  duplicate_reference_guard: z.boolean().optional(),
};

export const listMerchantsQuery = z.strictObject({
  ...pageQuery,
  search: z.string().trim().min(1).max(100).optional().meta({ description: 'Part of a name, or an id.' }),
});
export const createMerchantSchema = z
  .strictObject({ ...merchantMembers, reason: reasonSchema.optional() })
  .meta({ id: 'AdminMerchantCreate' });
export const changeMerchantSchema = z
  .strictObject({ ...merchantMembers, name: nameSchema.optional(), reason: reasonSchema })
  .meta({ id: 'AdminMerchantChange' });

export const merchantSchema = z
  .object({
    id: z.string(),
    object: z.literal('merchant'),
    name: z.string(),
    country: z.string().nullable(),
    category: z.string().nullable(),
    return_origins: z.array(z.string()),
    rate_limits: merchantRateLimitsSchema,
    case_limits: caseLimitsSchema,
    routing_approval: z.boolean(),
    duplicate_reference_guard: z.boolean(),
    created_at: z.string(),
  })
  .meta({ id: 'AdminMerchant' });
export const merchantListSchema = listSchema(merchantSchema).meta({ id: 'AdminMerchantList' });

export const listKeysQuery = z.strictObject({ ...pageQuery, merchant: idSchema.optional() });
export const createKeySchema = z
  .strictObject({ merchant: idSchema, mode: modeSchema, name: nameSchema, reason: reasonSchema.optional() })
  .meta({ id: 'AdminKeyCreate' });
export const reasonOnlySchema = z.strictObject({ reason: reasonSchema }).meta({ id: 'AdminReason' });

export const keySchema = z
  .object({
    id: z.string(),
    object: z.literal('api_key'),
    merchant: z.string(),
    mode: modeSchema,
    name: z.string(),
    last4: z.string().nullable(),
    created_at: z.string(),
    revoked_at: z.string().nullable(),
    key: z.string().optional().meta({ description: 'In the first answer to its making, and never again.' }),
  })
  .meta({ id: 'AdminKey' });
export const keyListSchema = listSchema(keySchema).meta({ id: 'AdminKeyList' });

const fieldSchema = z.object({
  name: z.string(),
  required: z.boolean(),
  values: z.array(z.string()).nullable(),
});
export const providerFormSchema = z
  .object({
    object: z.literal('provider_form'),
    provider: z.string(),
    settings: z.array(fieldSchema),
    secrets: z.array(fieldSchema),
  })
  .meta({ id: 'ProviderForm' });
export const providerFormListSchema = listSchema(providerFormSchema).meta({ id: 'ProviderFormList' });

export const listAccountsQuery = listKeysQuery;
const settingsSchema = z.record(z.string().max(60), z.unknown());
const secretsSchema = z.record(z.string().min(1).max(60), z.string().min(1).max(16_384).nullable());
const baseUrlSchema = z.string().min(1).max(500);
export const createAccountSchema = z
  .strictObject({
    merchant: idSchema,
    mode: modeSchema,
    provider: z.string().min(1).max(40),
    base_url: baseUrlSchema,
    settings: settingsSchema.default({}),
    enabled: z.boolean().default(false).meta({ description: 'Whether payments may be routed to it.' }),
    catalogue: catalogueOverridesSchema.default({}),
    reason: reasonSchema.optional(),
  })
  .meta({ id: 'AdminAccountCreate' });
export const changeAccountSchema = z
  .strictObject({
    base_url: baseUrlSchema.optional(),
    settings: settingsSchema.optional().meta({ description: 'Replaces all settings.' }),
    enabled: z.boolean().optional(),
    catalogue: catalogueOverridesSchema.optional().meta({ description: 'Replaces all overrides.' }),
    secrets: secretsSchema.optional().meta({
      description: 'Where its address changes: each secret that it has, again. The old ones are dropped.',
    }),
    reason: reasonSchema,
  })
  .meta({ id: 'AdminAccountChange' });

const MOST_OVERLAP_SECONDS = 7 * 24 * 60 * 60;
export const setSecretsSchema = z
  .strictObject({
    secrets: secretsSchema
      .refine((given) => Object.keys(given).length > 0, 'must name at least one secret')
      .meta({ description: 'By name. Null takes one away again. They never come back.' }),
    previous_webhook_secret_seconds: z
      .int()
      .min(0)
      .max(MOST_OVERLAP_SECONDS)
      .default(24 * 60 * 60)
      .meta({ description: 'So long is the webhook secret before this one accepted too.' }),
    reason: reasonSchema,
  })
  .meta({ id: 'AdminAccountSecrets' });

export const accountSchema = z
  .object({
    id: z.string(),
    object: z.literal('provider_account'),
    merchant: z.string(),
    mode: modeSchema,
    provider: z.string(),
    base_url: z.string(),
    settings: z.record(z.string(), z.unknown()),
    enabled: z.boolean(),
    catalogue: z.record(z.string(), z.unknown()),
    webhook_path: z.string().meta({ description: 'Where the provider sends its webhooks.' }),
    secrets: z.array(
      z.object({
        name: z.string(),
        required: z.boolean(),
        source: z.enum(['console', 'file']).nullable().meta({ description: 'Null: it is not set.' }),
        fingerprint: z.string().nullable(),
        set_by: z.string().nullable(),
        set_at: z.string().nullable(),
      }),
    ),
    created_at: z.string(),
  })
  .meta({ id: 'AdminAccount' });
export const accountListSchema = listSchema(accountSchema).meta({ id: 'AdminAccountList' });

export const accountCheckSchema = z
  .object({
    object: z.literal('account_check'),
    account: z.string(),
    result: z.enum(['accepted', 'refused', 'unclear', 'not_supported']),
    detail: z.string(),
  })
  .meta({ id: 'AdminAccountCheck' });
