import { z } from 'zod';
import { isCurrency } from '../../domain/money/currency.ts';
import { MAX_AMOUNT_MINOR } from '../../domain/money/money.ts';

/** A merchant's settings as the API speaks of them; the same schema is asked for and answered. */
const MAX_ORIGINS = 50;

const ORIGIN = 'must be an http(s) origin, e.g. https://shop.example';

const originSchema = z
  .string()
  .max(300)
  .refine(isWebOrigin, ORIGIN)
  .transform((text) => new URL(text).origin)
  .meta({ type: 'string', example: 'https://shop.example' });

export const originsSchema = z.array(originSchema).max(MAX_ORIGINS);

/** Scheme, host and port; a path would promise more than is compared. */
function isWebOrigin(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, pathname, search, hash } = new URL(text);
  const bare = pathname === '/' && search === '' && hash === '' && username === '' && password === '';
  return bare && (protocol === 'https:' || protocol === 'http:');
}

export const amountsByCurrencySchema = z
  .record(
    z
      .string()
      .refine((code) => /^[A-Z]{3}$/.test(code) && isCurrency(code), 'must be a currency of ISO 4217'),
    z.int().min(0).max(MAX_AMOUNT_MINOR),
  )
  .meta({ description: 'Minor units by currency.', example: { EUR: 25_000 } });

export const countrySchema = z
  .string()
  .regex(/^[A-Z]{2}$/, 'must be country codes of ISO 3166-1 (two letters)');
const countriesSchema = z.array(countrySchema).max(250);

const rulesSchema = z
  .strictObject({
    challenge_from: amountsByCurrencySchema
      .optional()
      .meta({ description: 'From this amount on, the payer is challenged.' }),
    challenge_countries: countriesSchema.optional().meta({ description: 'Cards of these are challenged.' }),
    authenticate_countries: countriesSchema
      .optional()
      .meta({ description: 'Cards of these are always authenticated, without friction where possible.' }),
    claim_low_value: z.boolean().optional(),
    claim_risk_analysis_up_to: amountsByCurrencySchema
      .optional()
      .meta({ description: 'Up to this amount, risk analysis is claimed; your acquirer must allow it.' }),
  })
  .meta({ id: 'AuthenticationRules' });

export const updateSettingsSchema = z
  .strictObject({
    return_origins: originsSchema
      .optional()
      .meta({ description: "Where payers' browsers may be sent back to. Replaces the list." }),
    authentication_rules: rulesSchema.optional().meta({ description: 'Replaces all the rules.' }),
    duplicate_reference_guard: z.boolean().optional().meta({
      description: 'Refuse a second payment with the `reference` of one that is open or succeeded.',
    }),
    category: z
      .string()
      .regex(/^\d{4}$/, 'must be a merchant category code: four digits')
      .optional()
      .meta({ description: 'Your category code (ISO 18245), for licences and routing.' }),
    country: countrySchema.optional().meta({ description: 'Where you are established (ISO 3166-1).' }),
    routing_approval: z
      .literal(true, 'only an operator can put an end to it')
      .optional()
      .meta({ description: 'From now on a second person approves what routing policies decide payments.' }),
  })
  .meta({ id: 'SettingsUpdate' });

export const settingsSchema = z
  .object({
    object: z.literal('settings'),
    return_origins: z.array(z.string()),
    authentication_rules: rulesSchema,
    duplicate_reference_guard: z.boolean(),
    category: z.string().nullable(),
    country: z.string().nullable(),
    routing_approval: z.boolean(),
  })
  .meta({ id: 'Settings' });

export type PublicRules = z.output<typeof rulesSchema>;
export type PublicSettings = z.output<typeof settingsSchema>;
