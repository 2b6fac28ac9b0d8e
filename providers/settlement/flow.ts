import type { SettlementRow } from '../../domain/reconciliation/row.ts';

export interface ReadTotals {
  readonly currency: string;
  readonly credit: bigint;
  readonly debit: bigint;
  readonly feeCredit: bigint;
  readonly feeDebit: bigint;
  readonly count: number;
}

interface Flow {
  count: number;
  payouts: number;
  credit: bigint;
  debit: bigint;
  paidOut: bigint;
  paidBack: bigint;
  feeCredit: bigint;
  feeDebit: bigint;
}

/** What came and went by currency, in the way in which trailers count it: each direction for itself. */
export class FlowByCurrency {
  records = 0;
  readonly #flows = new Map<string, Flow>();

  /** `isAside`: a second row of a record, which moves only the record's fee. */
  add(row: SettlementRow, isAside: boolean): void {
    const flow = this.#flow(row.currency);
    const gross = BigInt(row.grossMinor);
    if (isAside) {
      if (gross < 0n) flow.feeDebit -= gross;
      else flow.feeCredit += gross;
      return;
    }
    this.records += 1;
    flow.count += 1;
    const fee = BigInt(row.feeMinor);
    if (fee > 0n) flow.feeDebit += fee;
    else flow.feeCredit -= fee;
    const isPayout = row.type === 'payout' || row.type === 'payout_reversed';
    if (isPayout) flow.payouts += 1;
    if (gross < 0n) {
      if (isPayout) flow.paidOut -= gross;
      else flow.debit -= gross;
    } else if (isPayout) flow.paidBack += gross;
    else flow.credit += gross;
  }

  /** In words, what totals say that the rows don't. Withdrawals are counted by some files and not by others. */
  differences(said: ReadTotals): string[] {
    const flow = this.#flow(said.currency);
    const found: string[] = [];
    const compare = (what: string, told: bigint, ...counted: readonly bigint[]) => {
      if (!counted.includes(told)) found.push(`${what} ${told}, its lines ${counted[0]}`);
    };
    compare('credits', said.credit, flow.credit, flow.credit + flow.paidBack);
    compare('debits', said.debit, flow.debit, flow.debit + flow.paidOut);
    compare('fee debits', said.feeDebit, flow.feeDebit);
    compare('fee credits', said.feeCredit, flow.feeCredit);
    compare('records', BigInt(said.count), BigInt(flow.count), BigInt(flow.count - flow.payouts));
    return found;
  }

  #flow(currency: string): Flow {
    let flow = this.#flows.get(currency);
    if (flow === undefined) {
      flow = {
        count: 0,
        payouts: 0,
        credit: 0n,
        debit: 0n,
        paidOut: 0n,
        paidBack: 0n,
        feeCredit: 0n,
        feeDebit: 0n,
      };
      this.#flows.set(currency, flow);
    }
    return flow;
  }
}
