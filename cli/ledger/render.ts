import { type Balance, balanceMinor } from '../../domain/ledger/entry.ts';
import { decimalOf } from '../../domain/money/words.ts';

/** Amounts may be more than a JSON number carries: they are strings of minor units. */
export function toJson(value: object): string {
  return JSON.stringify(value, (_name, inner: unknown) =>
    typeof inner === 'bigint' ? String(inner) : inner,
  );
}

/** A trial balance: every account's currency, and under it what all of them come to. */
export function renderBalances(
  balances: readonly Balance[],
  totals: readonly Omit<Balance, 'account'>[],
): string {
  const rows = [
    ['account', 'currency', 'debit', 'credit', 'balance'],
    ...balances.map((balance) => cellsOf(balance.account, balance)),
    ...totals.map((total) => cellsOf('total', total)),
  ];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row.map((cell, n) => (n < 2 ? cell.padEnd(widths[n] ?? 0) : cell.padStart(widths[n] ?? 0))).join('  '),
  );
  return lines.map((line) => line.trimEnd()).join('\n');
}

function cellsOf(name: string, sides: Omit<Balance, 'account'>): string[] {
  const { currency, debitMinor, creditMinor } = sides;
  const amounts = [debitMinor, creditMinor, balanceMinor(sides)];
  return [name, currency, ...amounts.map((amount) => decimalOf(amount, currency))];
}
