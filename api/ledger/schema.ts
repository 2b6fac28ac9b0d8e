import { z } from 'zod';
import { ACCOUNT_KINDS, isAccountPrefix } from '../../domain/ledger/chart.ts';
import { EXPORT_FORMATS, parseInstant, parsePeriod } from '../../domain/ledger/period.ts';
import { FEE_KINDS } from '../../domain/reconciliation/row.ts';
import { currencySchema, limitSchema } from '../payments/schema.ts';
import { listSchema } from '../schema.ts';

/** The books of a merchant. Sums may be more than a JSON number carries, so amounts are strings of digits here. */
const minorUnits = (description: string) =>
  z
    .string()
    .regex(/^-?\d+$/)
    .meta({ description: `${description} Minor units, as a string of digits.`, example: '125000' });

const accountNameSchema = z
  .string()
  .meta({ description: 'An account of the chart.', example: 'merchant_payable/mer_demo' });

const instantSchema = z.int().meta({ description: 'Unix seconds.' });
const postedAtSchema = z.string().meta({
  description: 'When it was posted, ISO 8601 in UTC with milliseconds, by the clock of the database.',
  example: '2026-11-21T17:28:00.000Z',
});

export const ledgerAccountSchema = z
  .object({
    object: z.literal('ledger_account'),
    account: accountNameSchema,
    kind: z.enum(ACCOUNT_KINDS as [string, ...string[]]),
    title: z.string(),
    explanation: z.string(),
    class: z.enum(['asset', 'liability', 'expense', 'clearing']),
    normal_side: z.enum(['debit', 'credit', 'either']),
    provider_account: z.string().nullable(),
    fee_kind: z.enum(FEE_KINDS).nullable(),
    livemode: z.boolean(),
  })
  .meta({ id: 'LedgerAccount' });

export type PublicLedgerAccount = z.output<typeof ledgerAccountSchema>;
export const ledgerAccountListSchema = listSchema(ledgerAccountSchema).meta({ id: 'LedgerAccountList' });

export const ledgerBalanceSchema = z
  .object({
    object: z.literal('ledger_balance'),
    account: accountNameSchema,
    currency: z.string(),
    debit: minorUnits('The sum of its debits.'),
    credit: minorUnits('The sum of its credits.'),
    balance: minorUnits('Debits less credits.'),
    livemode: z.boolean(),
  })
  .meta({ id: 'LedgerBalance' });

export type PublicLedgerBalance = z.output<typeof ledgerBalanceSchema>;
export const ledgerBalanceListSchema = listSchema(ledgerBalanceSchema).meta({ id: 'LedgerBalanceList' });

const postingFields = {
  id: z.string().meta({ description: 'Its transaction’s id and its place there.' }),
  object: z.literal('ledger_posting'),
  account: accountNameSchema,
  currency: z.string(),
  amount: minorUnits('A debit is positive, a credit negative.'),
};

export const ledgerPostingSchema = z.object(postingFields).meta({ id: 'LedgerPosting' });

export const ledgerStatementLineSchema = z
  .object({
    ...postingFields,
    transaction: z.string(),
    kind: z.string(),
    description: z.string().nullable(),
    created: instantSchema,
    posted_at: postedAtSchema,
    livemode: z.boolean(),
  })
  .meta({ id: 'LedgerStatementLine' });

export type PublicStatementLine = z.output<typeof ledgerStatementLineSchema>;
export const ledgerStatementSchema = listSchema(ledgerStatementLineSchema).meta({ id: 'LedgerStatement' });

export const ledgerTransactionSchema = z
  .object({
    id: z.string(),
    object: z.literal('ledger_transaction'),
    kind: z.string().meta({ example: 'capture' }),
    payment: z.string().nullable(),
    refund: z.string().nullable(),
    settlement_file: z.string().nullable(),
    description: z.string().nullable(),
    postings: z.array(ledgerPostingSchema).meta({ description: 'They sum to zero in each currency.' }),
    created: instantSchema,
    posted_at: postedAtSchema,
    livemode: z.boolean(),
  })
  .meta({ id: 'LedgerTransaction' });

export type PublicLedgerTransaction = z.output<typeof ledgerTransactionSchema>;

const AS_OF = 'must be Unix seconds, or an instant in UTC like 2026-11-21T17:28:00Z';

export const listBalancesSchema = z.strictObject({
  as_of: z
    .string()
    .refine((text) => parseInstant(text) !== undefined, AS_OF)
    .transform((text) => parseInstant(text) ?? 0)
    .optional()
    .meta({
      type: 'string',
      description:
        'What was posted before this instant, and not at it: Unix seconds or ISO 8601 in UTC. Absent: until now.',
    }),
  account: z
    .string()
    .max(300)
    .refine(
      isAccountPrefix,
      'must be an account, or begin like one: a kind of the chart, and what follows a slash',
    )
    .optional()
    .meta({ description: 'An account, or its beginning up to a slash.', example: 'fees/scheme' }),
  currency: currencySchema.optional(),
});

export const listPostingsSchema = z.strictObject({
  currency: currencySchema.optional(),
  limit: limitSchema,
  starting_after: z.string().min(1).max(200).optional().meta({ description: 'Older than this posting.' }),
});

const A_PERIOD = 'must be a month or a day in UTC, as 2026-11 or 2026-11-21';

export const exportSchema = z.strictObject({
  period: z
    .string()
    .refine((name) => parsePeriod(name) !== undefined, A_PERIOD)
    .meta({ description: 'A month or a day in UTC that is over.', example: '2026-11' }),
  format: z.enum(EXPORT_FORMATS).default('csv').meta({
    description: '`csv`: a line a posting. `journal`: JSON lines, a transaction each.',
  }),
});

export const exportFileSchema = z.string().meta({ id: 'LedgerExport' });
