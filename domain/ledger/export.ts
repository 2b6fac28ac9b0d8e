import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { AssertionFailure } from '../machine.ts';
import { csvExport } from './csv.ts';
import { type Balance, balanceMinor, compare, type PostedTransaction, totalsByCurrency } from './entry.ts';
import { journalExport } from './journal.ts';
import { type ExportFormat, type ExportSubject, exportIdFor } from './period.ts';

/** How one format writes. What it writes depends on its arguments alone, and ends with a line's end. */
export interface ExportLayout {
  begin(subject: ExportSubject, exportId: string): string;
  transaction(transaction: PostedTransaction): string;
  /** An account's currency over the period. */
  total(total: AccountTotal): string;
  /** All accounts of a currency: debits and credits are the same. */
  control(total: Omit<Balance, 'account'>): string;
  end(end: ExportEnd): string;
}

export interface AccountTotal extends Balance {
  readonly openingMinor: bigint;
  readonly closingMinor: bigint;
}

export interface ExportEnd {
  readonly exportId: string;
  readonly transactions: number;
  readonly postings: number;
  /** Of every byte before the line in which it stands. */
  readonly sha256: string;
}

/** An account's currency before the period and after it, as the ledger's balances have them. */
export interface PeriodBalance {
  readonly account: string;
  readonly currency: string;
  readonly openingMinor: bigint;
  readonly closingMinor: bigint;
}

export interface ExportWriter {
  begin(): string;
  transaction(transaction: PostedTransaction): string;
  /**
   * Totals, control totals and the hash. Throws where what was written is not the difference of the balances: an export
   * without its last line is broken, and one with a wrong last line would be believed.
   */
  end(balances: readonly PeriodBalance[]): string;
}

const LAYOUTS: Readonly<Record<ExportFormat, ExportLayout>> = { csv: csvExport, journal: journalExport };

export function createExportWriter(subject: ExportSubject): ExportWriter {
  const layout = LAYOUTS[subject.format];
  const exportId = exportIdFor(subject);
  const hash = sha256.create();
  const moved = new Map<string, Balance>();
  let transactions = 0;
  let postings = 0;
  const hashed = (text: string): string => {
    hash.update(utf8ToBytes(text));
    return text;
  };
  return {
    begin: () => hashed(layout.begin(subject, exportId)),
    transaction(transaction) {
      transactions += 1;
      postings += transaction.postings.length;
      for (const { account, currency, amountMinor } of transaction.postings) {
        const name = nameOf({ account, currency });
        const known = moved.get(name) ?? { account, currency, debitMinor: 0n, creditMinor: 0n };
        moved.set(name, added(known, amountMinor));
      }
      return hashed(layout.transaction(transaction));
    },
    end(balances) {
      const totals = totalsOf(moved, balances);
      const lines = [
        ...totals.map((total) => layout.total(total)),
        ...controlsOf(totals).map((control) => layout.control(control)),
      ];
      const body = hashed(lines.join(''));
      return body + layout.end({ exportId, transactions, postings, sha256: bytesToHex(hash.digest()) });
    },
  };
}

function added(balance: Balance, amountMinor: bigint): Balance {
  return amountMinor > 0n
    ? { ...balance, debitMinor: balance.debitMinor + amountMinor }
    : { ...balance, creditMinor: balance.creditMinor - amountMinor };
}

function nameOf({ account, currency }: { readonly account: string; readonly currency: string }): string {
  return `${currency} ${account}`;
}

/** Every account that ever had something, in the order of its name; the equation of each is checked. */
function totalsOf(
  moved: ReadonlyMap<string, Balance>,
  balances: readonly PeriodBalance[],
): readonly AccountTotal[] {
  const known = new Map(balances.map((balance) => [nameOf(balance), balance]));
  const names = [...new Set([...moved.keys(), ...known.keys()])].sort(compare);
  return names.map((name) => {
    const movement = moved.get(name) ?? { debitMinor: 0n, creditMinor: 0n };
    const balance = known.get(name);
    if (balance === undefined || balance.closingMinor - balance.openingMinor !== balanceMinor(movement)) {
      throw new AssertionFailure(`the export's postings of ${name} are not its balances' difference`);
    }
    const { debitMinor, creditMinor } = movement;
    return { ...balance, debitMinor, creditMinor };
  });
}

function controlsOf(totals: readonly AccountTotal[]): readonly Omit<Balance, 'account'>[] {
  const controls = totalsByCurrency(totals);
  const wrong = controls.find((control) => balanceMinor(control) !== 0n);
  if (wrong !== undefined) throw new AssertionFailure(`the export's ${wrong.currency} does not balance`);
  return controls;
}
