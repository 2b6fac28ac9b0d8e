import { exponentOf } from '../../../domain/money/currency.ts';
import { BadValue, parseCurrency, parseMinor } from '../decimal.ts';
import { type FileWarning, type RefusalReason, SettlementFileError } from '../errors.ts';

/** One booking on a bank account, whatever the format of its statement. */
export interface BankStatementLine {
  /** As the bank writes it: an IBAN, or its own number. */
  readonly account: string;
  readonly statement: string;
  /** The day of the opening balance, where the statement's number begins again each year, or is always the same. */
  readonly openedOn?: string;
  /** Where it begins in the file, counted from 1. */
  readonly line: number;
  /** Positive where the account was credited. */
  readonly amountMinor: number;
  readonly currency: string;
  /** YYYY-MM-DD, as banks book by day. */
  readonly bookedOn: string;
  readonly valueOn?: string;
  /** The bank's own reference. */
  readonly reference?: string;
  /** What the payer of a transfer gave it, and the receiver's bank hands on. */
  readonly endToEndId?: string;
  readonly text: string;
  /** It takes back an earlier booking. */
  readonly reversal: boolean;
}

export interface BankStatement {
  readonly account: string;
  readonly statement: string;
  readonly currency: string;
  readonly lines: number;
  readonly creditMinor: bigint;
  readonly debitMinor: bigint;
  readonly openingMinor?: bigint;
  readonly closingMinor?: bigint;
}

/** A whole statement file as read. */
export interface ReadStatements {
  readonly lines: readonly BankStatementLine[];
  readonly statements: readonly BankStatement[];
  readonly warnings: readonly FileWarning[];
}

/** Runs a parse of one value, and says where it stands if it cannot be read. */
export function at<T>(line: number, column: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof BadValue)) throw error;
    throw new SettlementFileError(error.reason, line, error.message, column);
  }
}

export function refuse(reason: RefusalReason, line: number, detail: string, column?: string): never {
  throw new SettlementFileError(reason, line, detail, column);
}

export function currencyAt(line: number, column: string, text: string): string {
  return at(line, column, () => parseCurrency(text));
}

export function amountAt(
  line: number,
  column: string,
  text: string,
  currency: string,
  units: 'major' | 'minor',
): number {
  const amount = at(line, column, () => parseMinor(text, exponentOf(currency) ?? 2, units));
  if (amount < 0)
    refuse('bad_amount', line, `${text} is negative where the direction is told beside it`, column);
  return amount;
}

/** A day that exists, as YYYY-MM-DD. */
export function dayAt(line: number, column: string, year: string, month: string, day: string): string {
  const text = `${year}-${month}-${day}`;
  const date = new Date(`${text}T00:00:00Z`);
  const exists = !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
  return exists ? text : refuse('bad_time', line, `${text} is not a day`, column);
}

interface Balances {
  readonly openingMinor?: bigint | undefined;
  readonly closingMinor?: bigint | undefined;
}

/** A statement from its lines; says so where they don't lead from the opening balance to the closing one. */
export function summed(
  name: Pick<BankStatement, 'account' | 'statement' | 'currency'>,
  lines: readonly BankStatementLine[],
  { openingMinor, closingMinor }: Balances,
  warnings: FileWarning[],
  line: number,
): BankStatement {
  let [creditMinor, debitMinor] = [0n, 0n];
  for (const { amountMinor } of lines) {
    if (amountMinor < 0) debitMinor -= BigInt(amountMinor);
    else creditMinor += BigInt(amountMinor);
  }
  if (openingMinor !== undefined && closingMinor !== undefined) {
    const reached = openingMinor + creditMinor - debitMinor;
    if (reached !== closingMinor) {
      const message = `statement ${name.statement}: its lines lead from ${openingMinor} to ${reached}, not to ${closingMinor} (minor units)`;
      warnings.push({ code: 'balance_differs', line, message });
    }
  }
  return {
    ...name,
    lines: lines.length,
    creditMinor,
    debitMinor,
    ...(openingMinor === undefined ? {} : { openingMinor }),
    ...(closingMinor === undefined ? {} : { closingMinor }),
  };
}
