// A line of a settlement file before it has a layout: what moved, in which currencies, less which fees.

import type { JournalLine } from '../journal.ts';
import type { Effect } from '../kernel.ts';
import { type FeeSchedule, type Fees, feeTotal } from './fees.ts';
import { exchange, referenceRate, sum, toNumber } from './money.ts';

/** A journal line of kind `effect`. */
export type EffectLine = JournalLine & Effect;

export type LineKind =
  | 'capture'
  | 'capture_reversed'
  | 'refund'
  | 'refund_reversed'
  | 'chargeback'
  | 'chargeback_reversed'
  | 'second_chargeback'
  | 'fee'
  | 'reserve'
  | 'unmapped'
  | 'payout';

export interface Line {
  /** Of the effect that it tells about, else made up; parts of a split line have their own. */
  readonly key: string;
  readonly kind: LineKind;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** The payment and the operation as the provider calls them. */
  readonly payment: string | null;
  readonly operation: string | null;
  /** The merchant's own names for them. */
  readonly reference: string | null;
  readonly operationReference: string | null;
  readonly currency: string;
  /** Signed as it moves the merchant's balance, like `settledMinor`. */
  readonly grossMinor: bigint;
  readonly settlementCurrency: string;
  /** Gross in the settlement currency. */
  readonly settledMinor: bigint;
  /** Null where nothing is exchanged. */
  readonly rateMillionths: bigint | null;
  readonly fees: Fees;
  readonly account: string;
  readonly description?: string;
}

export function netOf(line: Line): bigint {
  return line.settledMinor - feeTotal(line.fees);
}

/** Which effects move a merchant's balance, as what, and in which direction. */
const MOVES: Readonly<Record<string, { kind: LineKind; sign: bigint }>> = {
  captured: { kind: 'capture', sign: 1n },
  capture_failed: { kind: 'capture_reversed', sign: -1n },
  refunded: { kind: 'refund', sign: -1n },
  refund_failed: { kind: 'refund_reversed', sign: 1n },
  disputed: { kind: 'chargeback', sign: -1n },
  dispute_reversed: { kind: 'chargeback_reversed', sign: 1n },
  disputed_again: { kind: 'second_chargeback', sign: -1n },
};

export function movesMoney(line: JournalLine): line is EffectLine {
  return line.kind === 'effect' && MOVES[String(line.effect)] !== undefined;
}

export interface LineRules {
  account: string;
  fees: FeeSchedule;
  /** What an effect was done to, in the words of the provider's files. */
  identify(effect: EffectLine): { payment: string; operation: string };
  /** Processing currencies that are not paid out as they are. */
  exchanges: Readonly<Record<string, string>>;
}

export function lineOf(effect: EffectLine, rules: LineRules): Line {
  const move = MOVES[effect.effect];
  if (move === undefined) throw new Error(`${effect.effect} moves no money`);
  const { currency } = effect;
  const target = rules.exchanges[currency] ?? currency;
  const base = {
    key: String(effect.seq),
    kind: move.kind,
    at: effect.at,
    ...rules.identify(effect),
    reference: effect.reference,
    operationReference: effect.operationReference ?? null,
    account: rules.account,
  };
  return settle(
    { ...base, currency, grossMinor: BigInt(effect.amountMinor) * move.sign },
    target,
    target === currency ? null : referenceRate(currency, target),
    rules.fees,
  );
}

type Unsettled = Omit<Line, 'settlementCurrency' | 'settledMinor' | 'rateMillionths' | 'fees'>;

/** Works a line's settlement out: exchanged at the rate, less what the schedule asks for. */
export function settle(
  line: Unsettled,
  settlementCurrency: string,
  rateMillionths: bigint | null | undefined,
  fees: FeeSchedule,
): Line {
  if (rateMillionths === undefined) {
    throw new NoRate(`the sandbox has no rate from ${line.currency} to ${settlementCurrency}`);
  }
  const settledMinor =
    rateMillionths === null
      ? line.grossMinor
      : exchange(line.grossMinor, line.currency, settlementCurrency, rateMillionths);
  const charged = fees(line.kind, settledMinor, settlementCurrency);
  return { ...line, settlementCurrency, settledMinor, rateMillionths, fees: charged };
}

export class NoRate extends Error {}

/** The columns of the simulator's own books, in which a line's gross is counted; its fees go to `fees`. */
const BOOKS = {
  capture: 'captures',
  capture_reversed: 'captures',
  refund: 'refunds',
  refund_reversed: 'refundsReversed',
  chargeback: 'chargebacks',
  second_chargeback: 'chargebacks',
  chargeback_reversed: 'chargebacksReversed',
  fee: 'fees',
  reserve: 'reserves',
  unmapped: 'unmapped',
  payout: 'payouts',
} as const satisfies Record<LineKind, string>;

export type Book = (typeof BOOKS)[LineKind];
/** Signed minor units; `net` is their sum, which a payout brings to zero. */
export type Totals = Record<Book | 'net', number>;

const COLUMNS = [...new Set(Object.values(BOOKS))];

/** What lines come to, by settlement currency. */
export function totalsOf(lines: readonly Line[]): Record<string, Totals> {
  const currencies = [...new Set(lines.map((line) => line.settlementCurrency))].sort();
  return Object.fromEntries(
    currencies.map((currency) => {
      const own = lines.filter((line) => line.settlementCurrency === currency);
      const entries = COLUMNS.map((column): [Book, bigint] => {
        const gross = sum(own.filter((line) => BOOKS[line.kind] === column).map((line) => line.settledMinor));
        const fees = column === 'fees' ? sum(own.map((line) => feeTotal(line.fees))) : 0n;
        return [column, gross - fees];
      });
      const net = sum(entries.map(([, amount]) => amount));
      const all = [...entries, ['net', net] as const].map(([name, amount]) => [name, toNumber(amount)]);
      return [currency, Object.fromEntries(all)];
    }),
  );
}

export function addTotals(parts: readonly Record<string, Totals>[]): Record<string, Totals> {
  const currencies = [...new Set(parts.flatMap((part) => Object.keys(part)))].sort();
  return Object.fromEntries(
    currencies.map((currency) => {
      const own = parts.map((part) => part[currency]).filter((totals) => totals !== undefined);
      const names = [...COLUMNS, 'net' as const];
      const added = names.map((name) => [name, toNumber(sum(own.map((totals) => BigInt(totals[name]))))]);
      return [currency, Object.fromEntries(added)];
    }),
  );
}
