import {
  ROW_TYPES,
  type RowType,
  type SettlementRow,
  TOTALS_WARNINGS,
} from '../../domain/reconciliation/row.ts';
import { RESIDUE_SCALE } from './decimal.ts';
import { type FileWarning, SettlementFileError, type WarningCode } from './errors.ts';
import type { BalanceRule } from './layout.ts';

export interface Total {
  readonly count: number;
  readonly grossMinor: bigint;
  readonly feeMinor: bigint;
  readonly netMinor: bigint;
}

/** By type, then by currency: gross and count under what the payment was made in, fee and net under what is paid. */
export type Totals = Partial<Record<RowType, Record<string, Total>>>;

export interface BatchTotal {
  readonly batch?: string;
  readonly payoutReference?: string;
  readonly merchantAccount?: string;
  readonly currency: string;
  readonly rows: number;
  /** Of everything but payouts. */
  readonly netMinor: bigint;
  /** What payouts took, positive. */
  readonly paidOutMinor: bigint;
}

export interface PayoutLine {
  readonly line: number;
  readonly reference?: string;
  readonly batch?: string;
  readonly currency: string;
  /** Positive where it went to the merchant's bank. */
  readonly amountMinor: number;
}

const WARNINGS_KEPT = 1_000;

/**
 * Keeps the first of them, since a file can be odd in every line. What says that the whole doesn't add up comes last, and is
 * counted for itself: many odd lines must not hide it.
 */
export class Warnings {
  readonly #kept: FileWarning[] = [];
  #ofLines = 0;
  #ofTotals = 0;
  #more = 0;
  #lastLine = 0;

  readonly add = (code: WarningCode, line: number, message: string): void => {
    this.#lastLine = line;
    const before = TOTALS_WARNINGS.has(code) ? this.#ofTotals++ : this.#ofLines++;
    if (before < WARNINGS_KEPT) this.#kept.push({ code, line, message });
    else this.#more += 1;
  };

  all(): readonly FileWarning[] {
    if (this.#more === 0) return this.#kept;
    return [
      ...this.#kept,
      { code: 'more_warnings', line: this.#lastLine, message: `and ${this.#more} more` },
    ];
  }
}

/** Sums safe integers exactly; a bigint for every addition would be most of the parser's work. */
class Sum {
  #small = 0;
  #large = 0n;

  add(amount: number): void {
    this.#small += amount;
    if (this.#small > LARGE || this.#small < -LARGE) {
      // What was added last may have been too much for a float's 53 bits; take it back before.
      this.#large += BigInt(this.#small - amount) + BigInt(amount);
      this.#small = 0;
    }
  }

  get value(): bigint {
    return this.#large + BigInt(this.#small);
  }
}
const LARGE = 2 ** 51;

interface Running {
  count: number;
  readonly gross: Sum;
  readonly fee: Sum;
  readonly net: Sum;
}

interface Group {
  readonly batch: string | undefined;
  readonly payoutReference: string | undefined;
  readonly merchantAccount: string | undefined;
  readonly currency: string;
  rows: number;
  readonly net: Sum;
  readonly paidOut: Sum;
  payoutLine: number | undefined;
  lastLine: number;
}

const GROUPS_KEPT = 10_000;

/** What a file adds up to, kept while its rows pass by. */
export class Tally {
  rows = 0;
  last: SettlementRow | undefined;
  readonly payouts: PayoutLine[] = [];
  readonly #totals = new Map<RowType, Map<string, Running>>();
  readonly #groups = new Map<string, Group>();
  /** Lines of one batch mostly follow each other. */
  #lastGroup: Group | undefined;
  readonly #balance: BalanceRule | undefined;
  readonly #residues = new Map<string, bigint>();

  constructor(balance: BalanceRule | undefined) {
    this.#balance = balance;
  }

  add(row: SettlementRow): void {
    this.rows += 1;
    this.last = row;
    const gross = this.#running(row.type, row.currency);
    gross.count += 1;
    gross.gross.add(row.grossMinor);
    const settled =
      row.currency === row.settlementCurrency ? gross : this.#running(row.type, row.settlementCurrency);
    settled.fee.add(row.feeMinor);
    settled.net.add(row.netMinor);
    this.#addToGroup(row);
    if (row.type !== 'payout' && row.type !== 'payout_reversed') return;
    if (this.payouts.length >= GROUPS_KEPT) throw tooMany(row.line);
    this.payouts.push({
      line: row.line,
      ...(row.payoutReference === undefined ? {} : { reference: row.payoutReference }),
      ...(row.batch === undefined ? {} : { batch: row.batch }),
      currency: row.settlementCurrency,
      amountMinor: row.netMinor === 0 ? 0 : -row.netMinor,
    });
  }

  addResidue(currency: string, residue: bigint): void {
    this.#residues.set(currency, (this.#residues.get(currency) ?? 0n) + residue);
  }

  /** Whole minor units that rounding took away, by currency: they were paid, so they are a line too. */
  roundedAway(): readonly (readonly [currency: string, amountMinor: number])[] {
    const unit = 10n ** BigInt(RESIDUE_SCALE);
    return [...this.#residues].flatMap(([currency, residue]) => {
      const size = residue < 0n ? -residue : residue;
      const whole = Number((size * 2n + unit) / (unit * 2n));
      return whole === 0 ? [] : [[currency, residue < 0n ? -whole : whole] as const];
    });
  }

  totals(): Totals {
    const totals: Totals = {};
    for (const type of ROW_TYPES) {
      const running = this.#totals.get(type);
      if (running === undefined) continue;
      totals[type] = Object.fromEntries(
        [...running].map(([currency, { count, gross, fee, net }]) => [
          currency,
          { count, grossMinor: gross.value, feeMinor: fee.value, netMinor: net.value },
        ]),
      );
    }
    return totals;
  }

  batches(): readonly BatchTotal[] {
    return [...this.#groups.values()].map((group) => ({
      ...(group.batch === undefined ? {} : { batch: group.batch }),
      ...(group.payoutReference === undefined ? {} : { payoutReference: group.payoutReference }),
      ...(group.merchantAccount === undefined ? {} : { merchantAccount: group.merchantAccount }),
      currency: group.currency,
      rows: group.rows,
      netMinor: group.net.value,
      paidOutMinor: group.paidOut.value,
    }));
  }

  /** Batches whose lines and payout do not cancel out. */
  judge(warn: Warnings['add']): void {
    if (this.#balance === undefined || this.#balance.payoutLine === 'never') return;
    for (const group of this.#groups.values()) {
      const name = `${group.batch ?? group.payoutReference} in ${group.currency}`;
      if (group.payoutLine === undefined && this.#balance.payoutLine === 'expected') {
        warn(
          'payout_line_missing',
          group.lastLine,
          `${name} has no line of a payout to hold its sum against`,
        );
        continue;
      }
      const [net, paidOut] = [group.net.value, group.paidOut.value];
      if (net === paidOut) continue;
      const said = `lines of ${net}, paid out ${paidOut} (minor units)`;
      warn('batch_not_balanced', group.payoutLine ?? group.lastLine, `${name} does not add up: ${said}`);
    }
  }

  /**
   * Whether a payout whose sign was left to the reader went the other way: its lines so far come to a debt of exactly as
   * much, which was collected from the merchant's bank.
   */
  isCollected(row: SettlementRow): boolean {
    const by = this.#balance?.by;
    const name = by === undefined ? undefined : row[by];
    if (row.type !== 'payout' || row.netMinor === 0 || name === undefined) return false;
    return this.#groupOf(by, name, row).net.value === BigInt(row.netMinor);
  }

  #addToGroup(row: SettlementRow): void {
    const by = this.#balance?.by;
    const name = by === undefined ? undefined : row[by];
    if (name === undefined) return;
    const group = this.#groupOf(by, name, row);
    group.rows += 1;
    group.lastLine = row.line;
    if (row.type === 'payout' || row.type === 'payout_reversed') {
      group.payoutLine = row.line;
      group.paidOut.add(-row.netMinor);
    } else group.net.add(row.netMinor);
  }

  /** Whatever account its lines name: a batch is paid out as a whole. */
  #groupOf(by: BalanceRule['by'] | undefined, name: string, row: SettlementRow): Group {
    const last = this.#lastGroup;
    const isSame =
      last !== undefined &&
      last.currency === row.settlementCurrency &&
      (last.batch ?? last.payoutReference) === name;
    if (isSame) return last;
    const key = `${name}\n${row.settlementCurrency}`;
    let group = this.#groups.get(key);
    if (group === undefined) {
      if (this.#groups.size >= GROUPS_KEPT) throw tooMany(row.line);
      group = {
        batch: by === 'batch' ? name : undefined,
        payoutReference: by === 'batch' ? undefined : name,
        merchantAccount: by === 'batch' ? row.merchantAccount : undefined,
        currency: row.settlementCurrency,
        rows: 0,
        net: new Sum(),
        paidOut: new Sum(),
        payoutLine: undefined,
        lastLine: row.line,
      };
      this.#groups.set(key, group);
    }
    this.#lastGroup = group;
    return group;
  }

  #running(type: RowType, currency: string): Running {
    let byCurrency = this.#totals.get(type);
    if (byCurrency === undefined) {
      byCurrency = new Map();
      this.#totals.set(type, byCurrency);
    }
    let running = byCurrency.get(currency);
    if (running === undefined) {
      running = { count: 0, gross: new Sum(), fee: new Sum(), net: new Sum() };
      byCurrency.set(currency, running);
    }
    return running;
  }
}

function tooMany(line: number): SettlementFileError {
  return new SettlementFileError(
    'too_many_batches',
    line,
    `the file names more than ${GROUPS_KEPT} batches or payouts`,
  );
}
