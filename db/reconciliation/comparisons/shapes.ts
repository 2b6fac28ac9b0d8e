import type { LineFacts } from '../../../domain/reconciliation/comparison.ts';
import { FEE_KINDS, type RowType } from '../../../domain/reconciliation/row.ts';
import { join, type Statement, sql } from '../pool.ts';
import { isSettled } from '../settled.ts';

/** Rows of lines and bookings as JSON that a comparison takes, and back into its shapes. */

/** An instant as ISO 8601 in UTC, whatever the session's time zone. `column` is a name in this code, never a value. */
export function iso(column: Statement): Statement {
  return sql`to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}

/** Of a row `r` of settlement_row. What is null is left out, as the optional fields want it. */
export const lineJson = sql`jsonb_strip_nulls(jsonb_build_object('line', r.line, 'type', r.type, 'providerType', r.provider_type,
  'providerReference', r.provider_reference, 'alternativeReference', r.alternative_reference,
  'operationReference', r.operation_reference, 'merchantReference', r.merchant_reference, 'currency', r.currency,
  'grossMinor', r.gross_minor, 'settlementCurrency', r.settlement_currency, 'feeMinor', r.fee_minor, 'netMinor', r.net_minor,
  'fees', jsonb_build_array(${join(
    FEE_KINDS.map(
      (kind) => sql`jsonb_build_object('kind', ${kind}::text, 'amountMinor', ${feeColumn(kind)})`,
    ),
  )}),
  'exchangeRate', r.exchange_rate::text,
  'presented', CASE WHEN r.presented_minor IS NULL THEN NULL
    ELSE jsonb_build_object('amountMinor', r.presented_minor, 'currency', r.presented_currency) END,
  'occurredAt', ${iso(sql`r.occurred_at`)}, 'availableOn', ${iso(sql`r.available_on`)},
  'payoutReference', r.payout_reference, 'batch', r.batch, 'merchantAccount', r.merchant_account,
  'description', r.description))`;

function feeColumn(kind: (typeof FEE_KINDS)[number]): Statement {
  const columns: Readonly<Record<(typeof FEE_KINDS)[number], Statement>> = {
    processing: sql`r.fee_processing_minor`,
    scheme: sql`r.fee_scheme_minor`,
    interchange: sql`r.fee_interchange_minor`,
    markup: sql`r.fee_markup_minor`,
    dispute: sql`r.fee_dispute_minor`,
    tax: sql`r.fee_tax_minor`,
    other: sql`r.fee_other_minor`,
  };
  return columns[kind];
}

type StoredLine = Omit<LineFacts, 'fees' | 'type'> & {
  readonly type: string;
  readonly fees: readonly { readonly kind: string; readonly amountMinor?: number }[];
};

export function toLine(stored: StoredLine): LineFacts {
  const fees = stored.fees.flatMap(({ kind, amountMinor }) =>
    amountMinor === undefined ? [] : [{ kind: kind as LineFacts['fees'][number]['kind'], amountMinor }],
  );
  // Written by `stageFile` from rows whose types the parser's layouts bound.
  return { ...stored, type: stored.type as RowType, fees };
}

/** Of a row `b` of booking. */
export const bookingJson = sql`CASE WHEN b.id IS NULL THEN NULL ELSE jsonb_strip_nulls(jsonb_build_object('id', b.id,
  'accountId', b.account_id, 'merchantId', b.merchant_id, 'paymentId', b.payment_id, 'ownerId', b.owner_id, 'kind', b.kind,
  'status', b.status, 'providerReference', b.provider_reference, 'operationReference', b.operation_reference,
  'merchantReference', b.merchant_reference, 'currency', b.currency, 'amountMinor', b.amount_minor,
  'bookedAt', ${iso(sql`b.booked_at`)}, 'presentableUntil', ${iso(sql`b.presentable_until`)}, 'dcc', nullif(b.dcc, false),
  'agreedRate', b.agreed_rate::text, 'reversed', nullif(b.reversed, false),
  'sisterAmountsMinor', (SELECT jsonb_agg(x.amount_minor ORDER BY x.id) FROM booking x
    WHERE x.payment_id = b.payment_id AND x.kind = 'capture' AND x.status = 'expected' AND x.id <> b.id
      AND NOT ${isSettled(sql`x`)}))) END`;

export type { StoredLine };
