import { z } from 'zod';
import { paymentSchema } from '../payments/schema.ts';
import { refundSchema } from '../refunds/schema.ts';
import { listSchema } from '../schema.ts';

/** What operators may send and get back. Every command says why; it stands in the audit row. */
export const reasonSchema = z
  .string()
  .trim()
  .min(3, 'say why, in at least 3 characters')
  .max(500)
  .meta({ description: 'Why; it stands in the audit row.' });

const reason = reasonSchema;

export const commandSchema = z.strictObject({ reason }).meta({ id: 'OperatorCommand' });

export const moveSchema = z
  .strictObject({
    reason,
    account: z
      .string()
      .min(1)
      .max(100)
      .optional()
      .meta({ description: "An untried provider account of the payment's route; absent: the next." }),
  })
  .meta({ id: 'OperatorMove' });

export const proposeSchema = z
  .strictObject({
    operation: z
      .string()
      .min(1)
      .max(120)
      .optional()
      .meta({ description: 'Which operation. Absent only for a refund of which nothing is open.' }),
    outcome: z.enum(['succeeded', 'not_executed']),
    provider_reference: z
      .string()
      .min(1)
      .max(100)
      .optional()
      .meta({ description: "The effect's reference at the provider, where it succeeded." }),
    evidence: z
      .string()
      .trim()
      .min(10, 'say what was seen and where, in at least 10 characters')
      .max(2_000)
      .meta({ description: 'What was seen, and where: a settlement line, a screen, a ticket.' }),
    reason,
  })
  .meta({ id: 'ResolutionCreate' });

export const resolutionSchema = z
  .object({
    id: z.string(),
    object: z.literal('resolution'),
    subject: z.string().meta({ description: 'The payment or refund.' }),
    operation: z.string().nullable(),
    outcome: z.string(),
    evidence: z.string(),
    reason: z.string(),
    status: z.enum(['proposed', 'approved', 'superseded']),
    proposed_by: z.string(),
    proposed_at: z.string(),
    approved_by: z.string().nullable(),
    approved_at: z.string().nullable(),
  })
  .meta({ id: 'Resolution' });

const exceptionSchema = z
  .object({
    id: z.string(),
    object: z.literal('exception'),
    kind: z.string(),
    subject: z.string(),
    payment: z.string().nullable(),
    summary: z.string(),
    opened_at: z.string(),
  })
  .meta({ id: 'Exception' });

export const exceptionListSchema = listSchema(exceptionSchema).meta({ id: 'ExceptionList' });

const about = {
  operations: z.array(
    z.object({
      id: z.string(),
      kind: z.string(),
      status: z.string(),
      amount: z.int(),
      provider_reference: z.string().nullable(),
      sends: z.int(),
      first_sent_at: z.string().nullable(),
      closed: z.boolean(),
    }),
  ),
  exceptions: z.array(exceptionSchema),
  resolutions: z.array(resolutionSchema),
};

export const operatorPaymentSchema = paymentSchema
  .extend({ merchant: z.string(), ...about })
  .meta({ id: 'OperatorPayment' });

export const operatorRefundSchema = refundSchema
  .extend({ merchant: z.string(), ...about })
  .meta({ id: 'OperatorRefund' });
