import { z } from 'zod';
import { isBusinessDate } from '../../domain/reconciliation/day.ts';
import { limitSchema } from '../payments/schema.ts';
import { listSchema } from '../schema.ts';

export const accountSchema = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be the id of a provider account')
  .meta({ description: 'A provider account.', example: 'pa_demo_stripe' });

export const businessDateSchema = z
  .string()
  .refine(isBusinessDate, 'must be a day of the calendar, as YYYY-MM-DD')
  .meta({ description: 'The account’s own day.', example: '2026-11-20', format: 'date' });

export const uploadQuerySchema = z.strictObject({
  account: accountSchema,
  format: z
    .string()
    .regex(/^[a-z0-9_-]{1,40}$/, 'must be the name of a format')
    .meta({ description: 'The layout: whose file it is.', example: 'stripe' }),
  business_date: businessDateSchema,
  name: z
    .string()
    .regex(/^[\w.,()+ -]{1,200}$/, 'must be a file name of 1 to 200 letters, digits and . , ( ) + _ -')
    .meta({ description: 'The file’s own name.' }),
});

const problemSchema = z.object({
  code: z.string(),
  message: z.string(),
  line: z.int().nullable(),
});

export const fileSchema = z
  .object({
    id: z.string(),
    object: z.literal('settlement_file'),
    account: z.string(),
    business_date: z.string(),
    format: z.string(),
    source: z.enum(['fetched', 'uploaded']),
    name: z.string(),
    sha256: z.string(),
    size: z.int().meta({ description: 'Bytes.' }),
    status: z.enum(['received', 'staged', 'refused', 'classified', 'posted']),
    refusal: problemSchema.nullable(),
    rows: z.int().nullable(),
    warnings: z.array(problemSchema),
    duplicates: z
      .array(z.object({ business_date: z.string(), name: z.string(), source: z.string(), at: z.string() }))
      .meta({ description: 'The same bytes, come again under another name or for another day.' }),
    received_at: z.string(),
    posted_at: z.string().nullable(),
    reconciliation: z.string().meta({ description: 'The day’s run: `/v1/reconciliations/<account>/<day>`.' }),
  })
  .meta({ id: 'SettlementFile' });

export const fileListSchema = listSchema(fileSchema).meta({ id: 'SettlementFileList' });

export const listFilesSchema = z.strictObject({
  limit: limitSchema,
  account: accountSchema.optional(),
  business_date: businessDateSchema.optional(),
  status: z.enum(['received', 'staged', 'refused', 'classified', 'posted']).optional(),
  starting_after: z.string().min(1).max(100).optional().meta({ description: 'Older than this file.' }),
});

export const runSchema = z
  .object({
    id: z.string(),
    object: z.literal('reconciliation'),
    account: z.string(),
    business_date: z.string(),
    status: z.enum(['running', 'closed', 'blocked']),
    step: z.string(),
    started_at: z.string(),
    finished_at: z.string().nullable(),
    report: z
      .unknown()
      .meta({ description: 'Of the last time the day was closed; null before. docs/reconciliation.md.' }),
  })
  .meta({ id: 'Reconciliation' });

export const runListSchema = listSchema(runSchema).meta({ id: 'ReconciliationList' });

export const listRunsSchema = z.strictObject({
  limit: limitSchema,
  account: accountSchema.optional(),
  status: z.enum(['running', 'closed', 'blocked']).optional(),
  before: businessDateSchema.optional().meta({ description: 'Days before this one.' }),
  starting_after: z
    .string()
    .min(1)
    .max(300)
    .optional()
    .meta({ description: "What comes after this one, by its id: a day's accounts may lie on two pages." }),
});

export const startRunSchema = z
  .strictObject({ account: accountSchema, business_date: businessDateSchema })
  .meta({ id: 'ReconciliationStart' });
