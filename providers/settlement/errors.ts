/** Why a file is refused, and what somebody who has it in front of them can do about it. */
export const REMEDIES = {
  compressed:
    'unpack it first; archives are never opened here, because a small one can hold a very large file',
  wrong_encoding: 'ask for the file in UTF-8, or convert it',
  nul_byte: 'fetch the file again: text holds no NUL bytes, so the transfer or the disk has damaged it',
  too_large: 'fetch the file again, or raise the limit if it really is that large',
  line_too_long: 'fetch the file again: no record of this layout is that long',
  too_many_columns: 'check that this is the right layout and delimiter',
  too_many_batches: 'split the file: one file holds the batches and payouts of a day, not thousands',
  empty_file: 'fetch the file again: even a day without payments has a header',
  missing_column: 'ask the provider for the standard columns, or describe the file with a mapping',
  duplicate_column: 'ask for the file with each column once: which of the two counts cannot be told',
  bad_quote: 'fetch the file again: its quotes do not match',
  unterminated_quote: 'fetch the file again: it ends inside a quoted field, so the rest of it is missing',
  short_record: 'fetch the file again: the record is cut off',
  long_record: 'fetch the file again: the record has more fields than the header has names',
  bad_record: 'check that this is the right layout: a record stands where it cannot stand',
  unknown_record: 'check that this is the right layout, and report the record code if it is new',
  truncated: 'fetch the file again: its end is missing',
  missing_value: 'ask the provider: a line without it cannot be booked',
  decimal_comma:
    'ask for amounts with a decimal point and no separators; guessing could be a hundredfold wrong',
  wrong_exponent: 'ask the provider: the amount has other decimals than its currency or this layout has',
  bad_amount: 'ask the provider: it is not an amount',
  amount_too_large: 'ask the provider: it is larger than any amount that is booked here',
  bad_currency: 'ask the provider: it is not an ISO 4217 currency',
  bad_direction: 'ask the provider: whether it was credited or debited cannot be told',
  bad_time: 'ask the provider: it is not a date that this layout has',
  bad_time_zone: 'ask the provider: it is neither an IANA time zone nor one of the usual abbreviations',
  bad_rate: 'ask the provider: it is not an exchange rate',
  forbidden_xml: 'ask the bank for a statement without a document type; entities are never expanded',
  bad_xml: 'fetch the file again: it is not well-formed XML',
  not_balanced: 'fetch the statement again: lines of it are missing, or were changed on the way',
  bad_statement: 'check that this is the right format, and fetch the file again',
} as const;
export type RefusalReason = keyof typeof REMEDIES;

/** The whole file is refused; nothing of it may be booked. */
export class SettlementFileError extends Error {
  override readonly name = 'SettlementFileError';
  readonly reason: RefusalReason;
  readonly line: number;
  readonly column: string | undefined;
  /** What is wrong, without the place. */
  readonly detail: string;

  constructor(reason: RefusalReason, line: number, detail: string, column?: string) {
    super(`line ${line}${column === undefined ? '' : `, column "${column}"`}: ${detail}`);
    this.reason = reason;
    this.line = line;
    this.column = column;
    this.detail = detail;
  }

  get remedy(): string {
    return REMEDIES[this.reason];
  }
}

/** What is odd about a file that can still be read; whether it is a break is judged where files are booked. */
export interface FileWarning {
  readonly code: WarningCode;
  readonly line: number;
  readonly message: string;
}

export type WarningCode =
  | 'net_differs'
  | 'fee_parts_differ'
  | 'exchange_differs'
  | 'gross_missing'
  | 'sign_differs'
  | 'trailer_differs'
  | 'count_differs'
  | 'batch_not_balanced'
  | 'payout_line_missing'
  | 'rounded'
  | 'no_final_newline'
  | 'balance_differs'
  | 'entry_parts_differ'
  | 'not_booked'
  | 'more_warnings';

/** Cells of a file are anybody's text: shown short, and on one line. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text);
}
