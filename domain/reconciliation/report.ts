import { MISMATCH_TYPES, type MismatchType } from './names.ts';
import { ROW_TYPES, type RowType } from './row.ts';

/** What SQL counts of a day, in whatever order. Sums are signed as settlement lines are: money of the merchant. */
export interface ReportFacts {
  readonly account: string;
  readonly businessDate: string;
  readonly status: 'closed' | 'blocked';
  readonly files: readonly FileReported[];
  /** Lines of the posted files. */
  readonly lines: readonly LinesReported[];
  /** By verdict; what is not of a file (bookings, payouts, bank lines, files) counts too. */
  readonly breaks: readonly BreaksReported[];
  /** By settlement currency. */
  readonly equation: readonly EquationFacts[];
  /** What the day's files posted. */
  readonly postings: readonly {
    readonly account: string;
    readonly currency: string;
    readonly amountMinor: bigint;
  }[];
  readonly startedAt: string;
  readonly finishedAt: string;
}

export interface FileReported {
  readonly id: string;
  readonly name: string;
  readonly format: string;
  readonly sha256: string;
  readonly status: string;
  readonly rows: number | null;
}

export interface LinesReported {
  readonly type: RowType;
  readonly currency: string;
  readonly settlementCurrency: string;
  readonly rows: number;
  readonly clean: number;
  readonly grossMinor: bigint;
  readonly feeMinor: bigint;
  readonly netMinor: bigint;
}

export interface BreaksReported {
  readonly type: MismatchType;
  readonly found: number;
  /** Explained without a person (`at_once`). */
  readonly autoResolved: number;
  /** Cases that are open now, whenever they were opened. */
  readonly open: number;
}

export interface EquationFacts {
  readonly currency: string;
  /** The nets of all lines but payouts, and of the lines among them that were delivered twice and not posted. */
  readonly settledMinor: bigint;
  readonly ignoredMinor: bigint;
  /** Positive where the merchant is paid. */
  readonly paidOutMinor: bigint;
  /** By how much the files' transactions moved payout clearing. */
  readonly clearingMinor: bigint;
  /** What the bank has credited of these payouts so far. */
  readonly creditedMinor: bigint;
}

/** The report as it is kept and as the API gives it: sums are strings of minor units, for they may pass a JSON number. */
export interface Report {
  readonly account: string;
  readonly business_date: string;
  readonly status: 'closed' | 'blocked';
  readonly rows: { readonly total: number; readonly clean: number; readonly broken: number };
  readonly files: readonly FileReported[];
  readonly lines: readonly {
    readonly type: RowType;
    readonly currency: string;
    readonly settlement_currency: string;
    readonly rows: number;
    readonly clean: number;
    readonly gross_minor: string;
    readonly fee_minor: string;
    readonly net_minor: string;
  }[];
  readonly breaks: readonly {
    readonly type: MismatchType;
    readonly found: number;
    readonly auto_resolved: number;
    readonly open: number;
  }[];
  readonly equation: readonly EquationReported[];
  readonly postings: readonly {
    readonly account: string;
    readonly currency: string;
    readonly amount_minor: string;
  }[];
  /** The only part that another run of the same day says otherwise. */
  readonly timing: { readonly started_at: string; readonly finished_at: string };
}

export interface EquationReported {
  readonly currency: string;
  readonly settled_minor: string;
  readonly ignored_minor: string;
  readonly paid_out_minor: string;
  readonly clearing_minor: string;
  readonly credited_minor: string;
  /** Nothing, where the ledger says what the files say. */
  readonly ledger_difference_minor: string;
  /** Paid out and not yet at the bank. */
  readonly in_transit_minor: string;
}

/** The same facts make the same report, in whatever order they come. */
export function reportFrom(facts: ReportFacts): Report {
  const total = facts.lines.reduce((sum, { rows }) => sum + rows, 0);
  const clean = facts.lines.reduce((sum, line) => sum + line.clean, 0);
  return {
    account: facts.account,
    business_date: facts.businessDate,
    status: facts.status,
    rows: { total, clean, broken: total - clean },
    files: facts.files
      .map(({ id, name, format, sha256, status, rows }) => ({ id, name, format, sha256, status, rows }))
      .toSorted(by(({ name, id }) => [name, id])),
    lines: facts.lines
      .map(({ type, currency, settlementCurrency, rows, clean: ofThem, grossMinor, feeMinor, netMinor }) => ({
        type,
        currency,
        settlement_currency: settlementCurrency,
        rows,
        clean: ofThem,
        gross_minor: String(grossMinor),
        fee_minor: String(feeMinor),
        net_minor: String(netMinor),
      }))
      .toSorted(by((line) => [ROW_TYPES.indexOf(line.type), line.currency, line.settlement_currency])),
    breaks: facts.breaks
      .filter(({ found, open }) => found > 0 || open > 0)
      .map(({ type, found, autoResolved, open }) => ({ type, found, auto_resolved: autoResolved, open }))
      .toSorted(by(({ type }) => [MISMATCH_TYPES.indexOf(type)])),
    equation: facts.equation.map(equationOf).toSorted(by(({ currency }) => [currency])),
    postings: facts.postings
      .filter(({ amountMinor }) => amountMinor !== 0n)
      .map(({ account, currency, amountMinor }) => ({ account, currency, amount_minor: String(amountMinor) }))
      .toSorted(by(({ currency, account }) => [currency, account])),
    timing: { started_at: facts.startedAt, finished_at: facts.finishedAt },
  };
}

function equationOf(facts: EquationFacts): EquationReported {
  const { currency, settledMinor, ignoredMinor, paidOutMinor, clearingMinor, creditedMinor } = facts;
  return {
    currency,
    settled_minor: String(settledMinor),
    ignored_minor: String(ignoredMinor),
    paid_out_minor: String(paidOutMinor),
    clearing_minor: String(clearingMinor),
    credited_minor: String(creditedMinor),
    ledger_difference_minor: String(clearingMinor - (settledMinor - ignoredMinor - paidOutMinor)),
    in_transit_minor: String(paidOutMinor - creditedMinor),
  };
}

/** By code units, not by a locale's rules: every machine orders alike. */
function by<Item>(keys: (item: Item) => readonly (string | number)[]): (one: Item, other: Item) => number {
  return (one, other) => {
    const [left, right] = [keys(one), keys(other)];
    const at = left.findIndex((key, index) => key !== right[index]);
    const [first = 0, second = 0] = [left[at], right[at]];
    return at < 0 ? 0 : first < second ? -1 : 1;
  };
}

/** Two runs of a day are the same if this is. */
export function withoutTiming(report: Report): Omit<Report, 'timing'> {
  const { timing: _timing, ...rest } = report;
  return rest;
}
