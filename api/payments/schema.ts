import { z } from 'zod';
import { AUTHENTICATION_STATUSES } from '../../domain/authentication/states.ts';
import { isCurrency } from '../../domain/money/currency.ts';
import { MAX_AMOUNT_MINOR } from '../../domain/money/money.ts';
import { PAYMENT_STATUSES } from '../../domain/payment/states.ts';
import { listSchema, metadataSchema } from '../schema.ts';
import { wishFields } from './wish.ts';

/** What a merchant may send and gets back about payments; the OpenAPI document is made from the same. */

const WHOLE_MINOR_UNITS = `must be a whole number of minor units from 1 to ${MAX_AMOUNT_MINOR}`;

export const amountSchema = z
  .int({ error: (issue) => (issue.input === undefined ? undefined : WHOLE_MINOR_UNITS) })
  .min(1, WHOLE_MINOR_UNITS)
  .max(MAX_AMOUNT_MINOR, WHOLE_MINOR_UNITS)
  .meta({ description: 'Minor units of the currency (ISO 4217 exponent).', example: 2000 });

export const currencySchema = z
  .string()
  .regex(/^[A-Za-z]{3}$/, 'must be a currency code of ISO 4217')
  .transform((code) => code.toUpperCase())
  .refine(isCurrency, 'must be a currency code of ISO 4217')
  .meta({ description: 'ISO 4217 code, in either case.', example: 'EUR', type: 'string' });

export const paymentIdSchema = z
  .string()
  .meta({ description: 'A payment id.', example: 'pay_mq5mhwa2ezp3xi7i4zq7d2v3ku' });

const paymentMethodIdSchema = z
  .string()
  .min(1)
  .max(100)
  .meta({ description: 'A payment method id.', example: 'pm_2cvnqh7kp3ksijoyqv5d3cr2rm' });

const customerField = z.string().min(1).max(100).meta({ description: 'A customer id.' });

const returnUrlSchema = z
  .string()
  .max(2048)
  .refine(isWebUrl, 'must be an http(s) URL without credentials')
  .meta({ description: 'Where the payer comes back to after a challenge.' });

function isWebUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return (protocol === 'https:' || protocol === 'http:') && username === '' && password === '';
}

export const createPaymentSchema = z
  .strictObject({
    amount: amountSchema,
    currency: currencySchema,
    confirm: z.boolean().default(true).meta({ description: 'False: wait for `confirm`.' }),
    capture_method: z.enum(['automatic', 'manual']).default('automatic'),
    payment_method: paymentMethodIdSchema.optional(),
    reference: z.string().min(1).max(255).optional().meta({ description: 'Your own reference.' }),
    description: z.string().max(1000).optional(),
    metadata: metadataSchema,
    return_url: returnUrlSchema.optional(),
    customer: customerField.optional(),
    ...wishFields,
  })
  .meta({ id: 'PaymentCreate' });

export const confirmPaymentSchema = z
  .strictObject({
    payment_method: paymentMethodIdSchema.optional(),
    return_url: returnUrlSchema.optional(),
    customer: customerField.optional(),
    ...wishFields,
  })
  .meta({ id: 'PaymentConfirm' });

export const capturePaymentSchema = z
  .strictObject({
    amount: amountSchema.optional().meta({ description: 'Absent: all that is still capturable.' }),
    final_capture: z
      .boolean()
      .default(true)
      .meta({ description: 'Release what remains after this capture.' }),
  })
  .meta({ id: 'PaymentCapture' });

export const voidPaymentSchema = z
  .strictObject({ reason: z.string().min(1).max(255).optional() })
  .meta({ id: 'PaymentVoid' });

const unixSecondsSchema = z
  .string()
  .regex(/^\d{1,10}$/, 'must be whole seconds since 1970')
  .transform(Number)
  .meta({ type: 'integer', description: 'Unix seconds.' });

export const limitSchema = z
  .string()
  .regex(/^(?:[1-9]\d?|100)$/, 'must be a number from 1 to 100')
  .default('10')
  .transform(Number)
  .meta({ type: 'integer', minimum: 1, maximum: 100, default: 10 });

export const listPaymentsSchema = z.strictObject({
  limit: limitSchema,
  starting_after: z.string().min(1).max(100).optional().meta({ description: 'Older than this payment.' }),
  ending_before: z.string().min(1).max(100).optional().meta({ description: 'Newer than this payment.' }),
  status: z.enum(PAYMENT_STATUSES as [string, ...string[]]).optional(),
  currency: currencySchema.optional(),
  reference: z.string().min(1).max(255).optional(),
  'created[gte]': unixSecondsSchema.optional(),
  'created[lte]': unixSecondsSchema.optional(),
});

const minorUnitsSchema = z.int().min(0);
const instantSchema = z.int().meta({ description: 'Unix seconds.' });

const declineSchema = z
  .object({
    reason: z.string(),
    message: z.string(),
    retry: z.enum(['retry_other_provider', 'retry_later', 'correct_and_retry', 'authenticate', 'never']),
    provider_code: z.string(),
    network_code: z.string().optional(),
    advice_code: z.string().optional(),
  })
  .meta({ id: 'Decline' });

const authenticationSchema = z
  .object({
    status: z.enum(AUTHENTICATION_STATUSES as [string, ...string[]]),
    request: z.enum(['automatic', 'any', 'challenge']),
    exemption_requested: z.string().nullable(),
    reasons: z.array(z.string()).meta({ description: 'The rules that spoke.' }),
    trans_status: z.string().nullable().meta({ description: "EMV 3DS, as the provider's, verbatim." }),
    trans_status_reason: z.string().nullable(),
    challenge_cancel: z.string().nullable(),
    eci: z.string().nullable(),
    version: z.string().nullable(),
    ds_transaction_id: z.string().nullable(),
    liability_shift: z.boolean().nullable(),
    exemption: z.string().nullable().meta({ description: 'The one that was granted.' }),
    challenged_at: instantSchema.nullable(),
    returned_at: instantSchema.nullable(),
    ended_at: instantSchema.nullable(),
  })
  .meta({ id: 'Authentication' });

const nextActionSchema = z
  .object({
    type: z.literal('redirect_to_url'),
    redirect_to_url: z.object({
      url: z.string().meta({ description: "Send the payer's browser there." }),
      return_url: z
        .string()
        .nullable()
        .meta({ description: 'Where it comes back to, with `payment` added.' }),
    }),
  })
  .meta({ id: 'NextAction' });

const attemptSchema = z
  .object({
    id: z.string(),
    provider: z.string(),
    status: z.string(),
    provider_reference: z.string().nullable(),
    decline: declineSchema.nullable(),
    authentication: authenticationSchema.nullable(),
  })
  .meta({ id: 'Attempt' });

export const paymentSchema = z
  .object({
    id: z.string(),
    object: z.literal('payment'),
    amount: minorUnitsSchema,
    currency: z.string(),
    status: z.enum(PAYMENT_STATUSES as [string, ...string[]]),
    capture_method: z.enum(['automatic', 'manual']),
    amount_authorized: minorUnitsSchema,
    amount_capturable: minorUnitsSchema,
    amount_captured: minorUnitsSchema,
    amount_refunded: minorUnitsSchema,
    amount_charged_back: minorUnitsSchema.meta({
      description: 'What payers’ banks took back, as settlement said.',
    }),
    payment_method: z.string().nullable(),
    customer: z.string().nullable(),
    attempts: z.array(attemptSchema),
    failure: z
      .object({ code: z.string(), message: z.string(), decline: declineSchema.nullable() })
      .nullable(),
    cancellation_reason: z.string().nullable(),
    authorization_expires_at: instantSchema.nullable(),
    next_retry_at: instantSchema.nullable().meta({
      description:
        'While a payment without its payer waits for the next try that its routing policy gives it.',
    }),
    next_action: nextActionSchema.nullable().meta({ description: 'While the payer must act.' }),
    created: instantSchema,
    reference: z.string().nullable(),
    description: z.string().nullable(),
    metadata: z.record(z.string(), z.string()),
    livemode: z.boolean(),
    return_url: z.string().nullable(),
    allowed: z.array(z.enum(['confirm', 'capture', 'void'])).meta({
      description: 'Commands that would be accepted now.',
    }),
  })
  .meta({ id: 'Payment' });

export type PublicPayment = z.output<typeof paymentSchema>;
export type PublicDecline = z.output<typeof declineSchema>;

export const paymentListSchema = listSchema(paymentSchema).meta({ id: 'PaymentList' });

export const timelineSchema = z
  .object({
    object: z.literal('timeline'),
    payment: z.string(),
    data: z.array(
      z.object({
        at: z.string().meta({ description: 'ISO 8601, with milliseconds.' }),
        type: z.string(),
        id: z.string(),
        details: z.record(z.string(), z.unknown()),
      }),
    ),
  })
  .meta({ id: 'Timeline' });
