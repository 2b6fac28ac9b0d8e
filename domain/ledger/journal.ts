import type { ExportLayout } from './export.ts';

/**
 * One JSON object a line (UTF-8, LF), a transaction with all of its postings in one. Amounts are strings of digits:
 * minor units, of which a sum may be more than a JSON number carries. Members stand in this order, always.
 */
export const JOURNAL_VERSION = 1;

export const journalExport: ExportLayout = {
  begin: ({ merchantId, mode, period }, exportId) =>
    lineOf({
      record: 'header',
      format: 'interlock-journal',
      version: JOURNAL_VERSION,
      export: exportId,
      merchant: merchantId,
      mode,
      period: period.name,
      from: new Date(period.fromMs).toISOString(),
      until: new Date(period.untilMs).toISOString(),
    }),
  transaction({ id, kind, postedAtMs, belongsTo, description, postings }) {
    const { paymentId, refundId, settlementFileId } = belongsTo;
    return lineOf({
      record: 'transaction',
      id,
      posted_at: new Date(postedAtMs).toISOString(),
      kind,
      payment: paymentId ?? null,
      refund: refundId ?? null,
      settlement_file: settlementFileId ?? null,
      description: description ?? null,
      postings: postings.map(({ account, currency, amountMinor }) => ({
        account,
        currency,
        amount_minor: String(amountMinor),
      })),
    });
  },
  total: ({ account, currency, openingMinor, debitMinor, creditMinor, closingMinor }) =>
    lineOf({
      record: 'total',
      account,
      currency,
      opening_minor: String(openingMinor),
      debit_minor: String(debitMinor),
      credit_minor: String(creditMinor),
      closing_minor: String(closingMinor),
    }),
  control: ({ currency, debitMinor, creditMinor }) =>
    lineOf({
      record: 'control',
      currency,
      debit_minor: String(debitMinor),
      credit_minor: String(creditMinor),
    }),
  end: ({ exportId, transactions, postings, sha256 }) =>
    lineOf({ record: 'end', export: exportId, transactions, postings, sha256 }),
};

function lineOf(value: object): string {
  return `${JSON.stringify(value)}\n`;
}
