import { z } from 'zod';
import { FEE_KINDS, ROW_TYPES } from '../../domain/reconciliation/row.ts';
import type { SettlementLayout } from './layout.ts';

/**
 * A layout that somebody wrote in a file, for CSV files of providers that have none here: the same value as
 * the layouts in code, checked. docs/settlement-formats.md shows one.
 */
const column = z.string().min(1).max(200);
const rowType = z.enum(ROW_TYPES);
const feeKind = z.enum(FEE_KINDS);
const typeName = z.union([rowType, z.strictObject({ credit: rowType, debit: rowType })]);
const words = z.record(z.string().min(1).max(200), typeName);

const pattern = z.string().max(200).refine(isPattern, 'is not a regular expression with one group');

function isPattern(text: string): boolean {
  try {
    return new RegExp(`${text}|`).exec('')?.length === 2;
  } catch {
    return false;
  }
}

const amount = z.union([
  z.strictObject({ column }),
  z.strictObject({ debit: column, credit: column }),
  z.strictObject({
    column,
    direction: z.strictObject({ column, credit: z.string().min(1), debit: z.string().min(1) }),
  }),
]);

const texts = z
  .array(z.strictObject({ column, only: z.array(rowType).optional(), pattern: pattern.optional() }))
  .min(1);

const times = z
  .array(
    z.strictObject({
      column,
      zoneColumn: column.optional(),
      zone: z.string().min(1).default('UTC'),
      order: z.enum(['ymd', 'dmy', 'mdy']).optional(),
    }),
  )
  .min(1);

const fees = z.strictObject({
  total: z.enum(['column', 'parts', 'difference']),
  column: amount.optional(),
  kind: feeKind.optional(),
  kindByType: z.partialRecord(rowType, feeKind).optional(),
  currency: column.optional(),
  parts: z.array(z.strictObject({ kind: feeKind, column })).optional(),
  reserve: column.optional(),
});

const mappingSchema = z.strictObject({
  provider: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,40}$/, 'is lower case letters, digits, _ and -'),
  delimiter: z.enum([',', ';', '\t', '|']).default(','),
  required: z.array(z.union([column, z.array(column).min(1)])).default([]),
  units: z.enum(['major', 'minor']),
  moreDecimals: z.enum(['refuse', 'round']).default('refuse'),
  types: z.strictObject({
    column,
    map: words,
    groups: words.optional(),
    feeWithoutGross: z.array(rowType).optional(),
  }),
  currency: column,
  settlementCurrency: column.optional(),
  gross: amount,
  charged: z
    .strictObject({ amount: column, currency: column, isPresented: z.boolean().optional() })
    .optional(),
  net: amount.optional(),
  fees: fees.default({ total: 'parts' }),
  texts: z
    .strictObject({
      providerReference: texts,
      alternativeReference: texts,
      operationReference: texts,
      merchantReference: texts,
      payoutReference: texts,
      batch: texts,
      merchantAccount: texts,
      description: texts,
    })
    .partial()
    .default({}),
  occurredAt: times,
  availableOn: times.optional(),
  exchangeRate: column.optional(),
  signs: z.partialRecord(rowType, z.enum(['positive', 'negative'])).optional(),
  balance: z
    .strictObject({
      by: z.enum(['batch', 'payoutReference']),
      payoutLine: z.enum(['always', 'expected', 'never']),
    })
    .optional(),
});

/** A mapping that cannot be used, in words for whoever wrote it. */
export class MappingError extends Error {
  override readonly name = 'MappingError';
}

export function parseMapping(text: string): SettlementLayout {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new MappingError(`not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const parsed = mappingSchema.safeParse(json);
  if (!parsed.success) {
    const issues = parsed.error.issues.slice(0, 5);
    throw new MappingError(
      issues.map(({ path, message }) => `${path.join('.') || 'it'}: ${message}`).join('; '),
    );
  }
  if (parsed.data.fees.total === 'column' && parsed.data.fees.column === undefined) {
    throw new MappingError('fees.column: is missing, and fees.total says that the fee stands there');
  }
  if (parsed.data.fees.total === 'difference' && parsed.data.net === undefined) {
    throw new MappingError('net: is missing, and fees.total says that the fee is what gross and net leave');
  }
  // JSON has no undefined, so an optional key is either there or not: what the layout's type says too.
  return { ...parsed.data, records: { by: 'header' } } as SettlementLayout;
}
