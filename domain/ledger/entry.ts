/** What the ledger holds, as it is read back: amounts are `bigint`, for a posting may be the sum of a whole file. */
export interface PostedTransaction {
  readonly id: string;
  readonly kind: string;
  /** Epoch milliseconds, by the database's clock. */
  readonly postedAtMs: number;
  readonly belongsTo: BelongsTo;
  readonly description?: string;
  readonly postings: readonly PostedLine[];
}

/** What made somebody post: a step of a payment or refund, or a settlement file. A case or a bank's line is its owner only. */
export interface BelongsTo {
  readonly ownerId: string;
  readonly paymentId?: string;
  readonly refundId?: string;
  readonly settlementFileId?: string;
}

export interface PostedLine {
  /** `<transaction id>_<n>`, counted from 1 in the order in which they were written. */
  readonly id: string;
  readonly account: string;
  readonly currency: string;
  readonly amountMinor: bigint;
}

/** One currency of one account. Both totals are positive; the balance is what the debits exceed the credits by. */
export interface Balance {
  readonly account: string;
  readonly currency: string;
  readonly debitMinor: bigint;
  readonly creditMinor: bigint;
}

export function balanceMinor({ debitMinor, creditMinor }: Omit<Balance, 'account' | 'currency'>): bigint {
  return debitMinor - creditMinor;
}

/** The totals of each currency: its balance is zero, or the books are wrong. */
export function totalsByCurrency(balances: readonly Balance[]): readonly Omit<Balance, 'account'>[] {
  const totals = new Map<string, Omit<Balance, 'account'>>();
  for (const { currency, debitMinor, creditMinor } of balances) {
    const known = totals.get(currency) ?? { currency, debitMinor: 0n, creditMinor: 0n };
    totals.set(currency, {
      currency,
      debitMinor: known.debitMinor + debitMinor,
      creditMinor: known.creditMinor + creditMinor,
    });
  }
  return [...totals.values()].sort((a, b) => compare(a.currency, b.currency));
}

/** By code units, wherever it runs: a sort by locale would make another file of the same rows. */
export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
