import { z } from 'zod';
import { currencyCode, feeScheduleSchema, referenceRatesSchema } from '../fees/schedule.ts';

/**
 * What is known of an account at a provider before any payment is tried: whom it may charge, how much, and for what
 * price. Data, so that a change is a row and no deploy; every number of money is in minor units.
 */
const countryCode = z.string().regex(/^[A-Z]{2}$/, 'an ISO 3166-1 alpha-2 code in capitals');
const categoryCode = z.string().regex(/^\d{4}$/, 'a merchant category code: four digits');

/** Which values are meant: `{}` is all of them. What is neither listed nor excluded follows from which list there is. */
function scopeOf<T extends z.ZodType<string>>(value: T) {
  return z.strictObject({ only: z.array(value).optional(), except: z.array(value).optional() });
}

export interface Scope {
  readonly only?: readonly string[] | undefined;
  readonly except?: readonly string[] | undefined;
}

const amount = z.number().int().nonnegative();

const ticketSchema = z.strictObject({ minMinor: amount.optional(), maxMinor: amount.optional() });

const methodSchema = z.strictObject({
  method: z.literal('card'),
  brands: scopeOf(z.string().min(1)),
});

const licencesSchema = z.strictObject({
  /** The merchant's category (ISO 18245): what this account may sell. */
  categories: scopeOf(categoryCode),
  /** Where the merchant may be established. */
  merchantCountries: scopeOf(countryCode),
});

const connectorSchema = z
  .strictObject({
    /** The version new payments are sent by. A roll-back is a change of this word, where both versions ship. */
    active: z.string().min(1),
    versions: z
      .array(
        z.strictObject({
          version: z.string().min(1),
          /** Still works, and is no longer looked after: epoch milliseconds. */
          deprecatedAfterMs: z.number().int().optional(),
          /** The provider no longer answers it: nothing new is sent. */
          retired: z.boolean().optional(),
        }),
      )
      .min(1),
  })
  .refine(({ active, versions }) => versions.some(({ version }) => version === active), {
    error: 'the active version is not among the versions',
    path: ['active'],
  });

const payoutSchema = z.strictObject({
  cycle: z.enum(['daily', 'weekly', 'monthly']),
  /** Business days from the capture to the payout. */
  delayDays: z.number().int().nonnegative(),
});

export const catalogueEntrySchema = z.strictObject({
  countries: z.strictObject({ buyer: scopeOf(countryCode), issuer: scopeOf(countryCode) }),
  currencies: scopeOf(currencyCode),
  methods: z.array(methodSchema).min(1),
  /** By currency; one that isn't listed has no bound of its own. */
  tickets: z.record(currencyCode, ticketSchema),
  /** Authorized in one day (UTC), by currency. */
  dailyLimitsMinor: z.record(currencyCode, amount),
  fees: feeScheduleSchema,
  payout: payoutSchema,
  licences: licencesSchema,
  connector: connectorSchema,
  /** Where the numbers are from, so that nobody takes a list price for a contract. */
  source: z.string().min(1),
});

export type CatalogueEntry = z.infer<typeof catalogueEntrySchema>;

/** What an account says differently: a key replaces the provider's; tickets, limits and fees are merged by their own keys. */
export const catalogueOverridesSchema = z.strictObject({
  ...catalogueEntrySchema.partial().shape,
  fees: feeScheduleSchema.partial().optional(),
});

export type CatalogueOverrides = z.infer<typeof catalogueOverridesSchema>;

export const catalogueSchema = z.strictObject({
  accounts: z.record(z.string(), catalogueEntrySchema),
  rates: referenceRatesSchema,
});

/** Everything that a decision looks up: immutable once it is named by `catalogueId`. */
export type Catalogue = z.infer<typeof catalogueSchema>;

/** A provider's list, and what differs where the account is a test or a live one. */
export interface ProviderListing {
  readonly entry: CatalogueEntry;
  readonly environments?: Partial<Readonly<Record<'test' | 'live', CatalogueOverrides>>>;
}
