import { z } from 'zod';

/**
 * What a provider charges, as data. Percentages are parts per million of the amount: 2.9% is 29,000, one basis
 * point is 100, so that decimals of a basis point stay whole numbers.
 */
export const currencyCode = z.string().regex(/^[A-Z]{3}$/, 'an ISO 4217 code in capitals');
const ppm = z.number().int().min(0).max(1_000_000);

/** A fixed part by currency, minor units. A currency that isn't listed is converted from the schedule's own. */
const fixedSchema = z.record(currencyCode, z.number().int().nonnegative());

/** How far the card is from the merchant's account. */
export const cardRegions = ['domestic', 'regional', 'international'] as const;

const whenSchema = z.strictObject({
  brands: z.array(z.string()).optional(),
  funding: z.array(z.enum(['credit', 'debit', 'prepaid'])).optional(),
  regions: z.array(z.enum(cardRegions)).optional(),
  currencies: z.array(currencyCode).optional(),
});

const priceSchema = z.strictObject({ ppm, fixed: fixedSchema.optional() });
const priceLineSchema = z.strictObject({ when: whenSchema.optional(), ...priceSchema.shape });

/** The provider's own price: everything in one (`blended`), or a markup on what the card costs (`interchange_plus_plus`). */
const ownLineSchema = z.strictObject({
  ...priceLineSchema.shape,
  model: z.enum(['blended', 'interchange_plus_plus']),
});

const tierSchema = z.strictObject({
  /** From this monthly volume on, minor units of the schedule's currency. */
  fromMonthlyMinor: z.number().int().nonnegative(),
  /** Taken off the provider's own percentage, never below zero. */
  discountPpm: ppm,
});

export const feeScheduleSchema = z.strictObject({
  /** In which what has no price of its own is quoted. */
  currency: currencyCode,
  /** Paid out as they are; any other is exchanged, with the margin below. */
  settles: z.array(currencyCode).min(1),
  fxMarginPpm: ppm,
  /** Where the account is established, and its region: decides what is domestic and regional. */
  establishedIn: z.string().regex(/^[A-Z]{2}$/),
  regionalCountries: z.array(z.string().regex(/^[A-Z]{2}$/)),
  /** The first that matches counts; the last must match everything. */
  own: z
    .array(ownLineSchema)
    .min(1)
    .refine((lines) => lines.at(-1)?.when === undefined, {
      error: 'the last line must match every card: give it no "when"',
    }),
  interchange: z.array(priceLineSchema),
  scheme: z.array(priceLineSchema),
  tiers: z.array(tierSchema),
  /** What the account is expected to process in a month; where the facts don't say, it chooses the tier. */
  expectedMonthlyMinor: z.number().int().nonnegative(),
});

export const referenceRatesSchema = z.strictObject({
  /** The day they were taken. */
  asOf: z.string().regex(/^\d{4}-\d{2}-\d{2}$/),
  /** One major unit of this currency... */
  base: currencyCode,
  /** ...is so many millionths of a major unit of that one. */
  perBasePpm: z.record(currencyCode, z.number().int().positive()),
  source: z.string().min(1),
});

export type FeeSchedule = z.infer<typeof feeScheduleSchema>;
export type PriceLine = z.infer<typeof priceLineSchema>;
export type OwnLine = z.infer<typeof ownLineSchema>;
export type ReferenceRates = z.infer<typeof referenceRatesSchema>;
export type CardRegion = (typeof cardRegions)[number];
