import { z } from 'zod';
import { DISPOSITIONS } from '../../domain/cases/dispositions.ts';
import { CASE_COMMANDS, CASE_STATUSES } from '../../domain/cases/states.ts';
import { FEE_KINDS } from '../../domain/reconciliation/row.ts';
import { SEVERITIES, TEAMS } from '../../domain/reconciliation/terms.ts';
import { reasonSchema } from '../operator/schema.ts';
import { limitSchema } from '../payments/schema.ts';
import { listSchema } from '../schema.ts';

/** What operators may ask and tell about exceptions, and what they get back. */
const idText = z.string().min(1).max(300);
export const exceptionIdSchema = z
  .string()
  .regex(/^exc_[\x21-\x7e]{1,300}$/, 'an exception begins with exc_')
  .meta({ description: 'As the list gives it.' });

export const exceptionParams = z.strictObject({ id: exceptionIdSchema });

export const listExceptionsSchema = z.strictObject({
  limit: limitSchema,
  starting_after: exceptionIdSchema.optional().meta({ description: 'Younger than this exception.' }),
  kind: z.string().min(1).max(80).optional(),
  status: z.enum([...CASE_STATUSES, 'unresolved']).optional(),
  cause: idText.optional(),
  merchant: idText.optional(),
  mode: z.enum(['test', 'live']).optional().meta({
    description:
      "Of the case's payment, else of its provider account; a case that has neither is in the list of each mode.",
  }),
  account: idText.optional().meta({ description: 'A provider account.' }),
  payment: idText.optional(),
  file: idText
    .optional()
    .meta({ description: 'A settlement file: what is wrong with it, with its lines and with its payouts.' }),
  owner: idText.optional().meta({ description: "An operator's id, or `none`." }),
  min_age_hours: z
    .string()
    .regex(/^\d{1,6}(?:\.\d{1,3})?$/, 'a number of hours')
    .transform(Number)
    .optional()
    .meta({ type: 'number', description: 'Opened at least so long ago.' }),
  overdue: z
    .literal('true')
    .transform(() => true)
    .optional()
    .meta({ description: 'Only those whose time is over.' }),
});

const target = idText.optional().meta({
  description: `What the disposition needs to know: a refund, what it is linked to, an account or kind of fee (${FEE_KINDS.join(', ')}), a ticket.`,
});
const disposition = z.enum(DISPOSITIONS);

export const assignSchema = z
  .strictObject({
    owner: z
      .union([z.literal('me'), z.literal('none'), idText])
      .meta({ description: "An operator's id, `me` or `none`." }),
    reason: reasonSchema,
  })
  .meta({ id: 'ExceptionAssign' });
export const decisionSchema = z
  .strictObject({ disposition, target, reason: reasonSchema })
  .meta({ id: 'ExceptionDecision' });

export const MAX_BULK = 1_000;

export const bulkSchema = z
  .strictObject({
    action: z.enum(CASE_COMMANDS),
    ids: z.array(exceptionIdSchema).min(1).max(MAX_BULK).optional(),
    kind: z
      .string()
      .min(1)
      .max(80)
      .optional()
      .meta({ description: 'Instead of ids: those of this kind that take the command as they stand.' }),
    cause: idText.optional().meta({ description: 'With kind: of this cause only.' }),
    starting_after: exceptionIdSchema
      .optional()
      .meta({ description: 'With kind: younger than this exception, the last one of an answer before.' }),
    disposition: disposition.optional(),
    target,
    owner: idText.optional(),
    reason: reasonSchema,
  })
  .refine(({ ids, kind }) => (ids === undefined) !== (kind === undefined), {
    path: ['ids'],
    message: 'either ids or a kind',
  })
  .refine(({ kind, starting_after: after }) => kind !== undefined || after === undefined, {
    path: ['starting_after'],
    message: 'goes with a kind',
  })
  .refine(
    ({ action, disposition }) =>
      (action === 'propose' || action === 'dispose') === (disposition !== undefined),
    {
      path: ['disposition'],
      message: 'propose and dispose need one, and nothing else takes one',
    },
  )
  .refine(({ action, owner }) => (action === 'assign') === (owner !== undefined), {
    path: ['owner'],
    message: 'assign needs one, and nothing else takes one',
  })
  .meta({ id: 'ExceptionBulk' });

const decision = z
  .object({
    status: z.enum(['proposed', 'carried_out']),
    disposition,
    target: z.string().nullable(),
    reason: z.string(),
    proposed_by: z.string(),
    proposed_at: z.string(),
    approved_by: z.string().nullable(),
    approved_at: z.string().nullable(),
    ledger_transaction: z.string().nullable(),
  })
  .nullable();

const members = {
  id: z.string(),
  object: z.literal('exception'),
  kind: z.string(),
  title: z.string(),
  subject: z.string(),
  summary: z.string(),
  cause: z.string().nullable(),
  status: z.enum(CASE_STATUSES),
  merchant: z.string().nullable(),
  account: z.string().nullable(),
  payment: z.string().nullable(),
  amount: z.int().nullable().meta({ description: 'At stake, in minor units; null where nobody knows.' }),
  currency: z.string().nullable(),
  team: z.enum(TEAMS),
  severity: z.enum(SEVERITIES),
  owner: z.string().nullable(),
  opened_at: z.string(),
  opened_count: z.int(),
  due_at: z.string().nullable(),
  overdue: z.boolean(),
  escalations: z.int(),
  decision,
  proposed_disposition: disposition.nullable(),
  allowed_dispositions: z.array(disposition),
  resolution: z.string().nullable(),
  closed_at: z.string().nullable(),
};

export const exceptionSchema = z.object(members).meta({ id: 'ExceptionCase' });
export const exceptionListSchema = listSchema(exceptionSchema).meta({ id: 'ExceptionCaseList' });

export const wholeExceptionSchema = z
  .object({
    ...members,
    auto_resolved: z.boolean(),
    advice: z.string(),
    details: z.record(z.string(), z.unknown()).meta({ description: 'What it was opened with.' }),
    rows: z
      .record(z.string(), z.unknown())
      .meta({ description: 'Both sides as they stand now: line, booking, payout, bank_line, file.' }),
    entries: z.array(
      z.object({
        actor: z.string(),
        action: z.string(),
        reason: z.string().nullable(),
        content: z.record(z.string(), z.unknown()),
        at: z.string(),
      }),
    ),
  })
  .meta({ id: 'ExceptionCaseWhole' });

export const bulkResultSchema = z
  .object({
    object: z.literal('bulk_result'),
    data: z.array(
      z.object({
        id: z.string(),
        result: z.enum(['done', 'refused', 'unknown']),
        status: z.enum(CASE_STATUSES).nullable(),
        error: z.object({ code: z.string(), message: z.string() }).nullable(),
      }),
    ),
    done: z.int(),
    refused: z.int(),
    unknown: z
      .int()
      .meta({ description: 'Whether these were carried out is not known: repeat with the same key.' }),
    has_more: z.boolean().meta({
      description: `There are more than ${MAX_BULK}: go on with a new key, and with the last id of \`data\` as \`starting_after\`.`,
    }),
  })
  .meta({ id: 'ExceptionBulkResult' });

const age = z.enum(['under_1d', '1d_to_3d', '3d_to_7d', 'over_7d']);

export const figuresSchema = z
  .object({
    object: z.literal('exception_figures'),
    days: z.int(),
    open: z.array(z.object({ kind: z.string(), age, count: z.int(), escalated: z.int() })),
    open_total: z.int(),
    overdue: z.int(),
    unowned: z.int(),
    opened: z.int(),
    auto_resolved: z.int(),
    auto_resolution_rate: z.number().nullable(),
    resolved_by_people: z.int(),
    explained: z.int(),
    sla_breaches: z.int(),
    settlement_lag: z.array(
      z.object({ account: z.string(), settled: z.int(), p50_hours: z.number(), p95_hours: z.number() }),
    ),
  })
  .meta({ id: 'ExceptionFigures' });

export const figuresQuerySchema = z.strictObject({
  days: z
    .string()
    .regex(/^(?:[1-9]\d?|[12]\d\d|3[0-5]\d|36[0-6])$/, 'must be a number from 1 to 366')
    .default('30')
    .transform(Number)
    .meta({ type: 'integer', minimum: 1, maximum: 366, default: 30 }),
});
