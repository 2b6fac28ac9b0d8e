import { decimalOf } from '../money/words.ts';
import type { ExportLayout } from './export.ts';

/**
 * One line a posting (RFC 4180, UTF-8, CRLF). The first column says what a line is, so that totals stand in the same
 * file without being taken for postings.
 */
export const CSV_COLUMNS = [
  'record',
  'posted_at',
  'transaction',
  'kind',
  'account',
  'currency',
  'debit',
  'credit',
  'debit_minor',
  'credit_minor',
  'opening_minor',
  'closing_minor',
  'payment',
  'refund',
  'settlement_file',
  'description',
] as const;

type Fields = Partial<Record<(typeof CSV_COLUMNS)[number], string>>;

export const csvExport: ExportLayout = {
  begin: () => `${CSV_COLUMNS.join(',')}\r\n`,
  transaction({ id, kind, postedAtMs, belongsTo, description, postings }) {
    const { paymentId, refundId, settlementFileId } = belongsTo;
    const shared: Fields = {
      record: 'posting',
      posted_at: new Date(postedAtMs).toISOString(),
      transaction: textCell(id),
      kind: textCell(kind),
      payment: textCell(paymentId),
      refund: textCell(refundId),
      settlement_file: textCell(settlementFileId),
      description: textCell(description),
    };
    const lines = postings.map(({ account, currency, amountMinor }) => {
      const isDebit = amountMinor > 0n;
      const sides = sidesOf(currency, isDebit ? amountMinor : 0n, isDebit ? 0n : -amountMinor);
      return lineOf({ ...shared, account: textCell(account), currency, ...sides });
    });
    return lines.join('');
  },
  total({ account, currency, debitMinor, creditMinor, openingMinor, closingMinor }) {
    return lineOf({
      record: 'total',
      account: textCell(account),
      currency,
      ...sidesOf(currency, debitMinor, creditMinor),
      opening_minor: String(openingMinor),
      closing_minor: String(closingMinor),
    });
  },
  control: ({ currency, debitMinor, creditMinor }) =>
    lineOf({ record: 'control', currency, ...sidesOf(currency, debitMinor, creditMinor) }),
  end: ({ exportId, transactions, postings, sha256 }) =>
    lineOf({
      record: 'end',
      transaction: textCell(exportId),
      description: `transactions=${transactions} postings=${postings} sha256=${sha256}`,
    }),
};

function sidesOf(currency: string, debitMinor: bigint, creditMinor: bigint): Fields {
  return {
    debit: decimalOf(debitMinor, currency),
    credit: decimalOf(creditMinor, currency),
    debit_minor: String(debitMinor),
    credit_minor: String(creditMinor),
  };
}

function lineOf(fields: Fields): string {
  return `${CSV_COLUMNS.map((column) => quoted(fields[column] ?? '')).join(',')}\r\n`;
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Texts may come from outside, and a spreadsheet would run one that begins like a formula. */
function textCell(text = ''): string {
  return /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
}
