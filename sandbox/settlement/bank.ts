// The merchant's bank account that one provider pays into: entries, and statements of a day.
import { digits } from '../ids.ts';
import { type Kernel, type Transaction, table } from '../kernel.ts';
import { sum } from './money.ts';

export interface BankEntry {
  id: string;
  account: string;
  /** When it was booked, YYYY-MM-DD; also its value date. */
  date: string;
  /** Minor units; negative is a debit. */
  amountMinor: number;
  currency: string;
  /** The bank's own reference. */
  reference: string;
  endToEndId: string | null;
  counterparty: string;
  text: string;
  /** Takes an earlier credit back. */
  reversal: boolean;
}

/** What the bank has not numbered yet. */
export type BankDraft = Omit<BankEntry, 'id' | 'account' | 'reference'>;

/** One currency's day: what a statement shows. */
export interface Statement {
  account: string;
  date: string;
  currency: string;
  /** Days are numbered within their year. */
  number: number;
  openingMinor: bigint;
  closingMinor: bigint;
  entries: readonly BankEntry[];
}

const entries = table<BankEntry>('bank_entry');

export function book(tx: Transaction, account: string, entry: BankDraft): void {
  const reference = `SB${digits(12)}`;
  tx.put(entries, reference, { ...entry, id: reference, account, reference });
}

function dayOfYear(date: string): number {
  return (Date.parse(date) - Date.parse(`${date.slice(0, 4)}-01-01`)) / 86_400_000 + 1;
}

/** A statement for each currency that the account has seen by then. */
export function statementsOf(kernel: Kernel, account: string, date: string): Statement[] {
  const seen = kernel.store.values(entries).filter((entry) => entry.date <= date);
  const currencies = [...new Set(seen.map((entry) => entry.currency))].sort();
  return currencies.map((currency) => {
    const own = seen.filter((entry) => entry.currency === currency);
    const balance = (rows: readonly BankEntry[]) => sum(rows.map((entry) => BigInt(entry.amountMinor)));
    return {
      account,
      date,
      currency,
      number: dayOfYear(date),
      openingMinor: balance(own.filter((entry) => entry.date < date)),
      closingMinor: balance(own),
      entries: own.filter((entry) => entry.date === date),
    };
  });
}
