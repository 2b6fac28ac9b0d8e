// What a simulated provider offers so that its days can be closed: how its files look, what it charges, and
// what it can do to a payment behind the merchant's back. A new provider's settlement is one of these.
import type { Transaction } from '../kernel.ts';
import type { FeeSchedule } from './fees.ts';
import type { EffectLine, Line } from './lines.ts';

export interface Payout {
  reference: string;
  /** Also in the bank's text. */
  traceId: string;
  /** Positive where the merchant is paid. */
  amountMinor: bigint;
  currency: string;
}

/** What the rows of one file share. */
export interface FileFacts {
  batch: number;
  businessDate: string;
  /** By settlement currency. */
  payouts: ReadonlyMap<string, Payout>;
}

/** A file by columns, so that a provider which lets merchants choose columns can. */
export interface Sheet {
  header: readonly string[];
  rows: readonly (readonly string[])[];
}

/** A layout: the columns, and a line's cells by their names. What it doesn't name stays empty. */
export interface Layout {
  columns(lines: readonly Line[]): readonly string[];
  cells(line: Line, file: FileFacts): Readonly<Record<string, string>>;
}

export interface Published {
  sheet: Sheet;
  batch: number;
  businessDate: string;
}

/** Each really happens at the provider, and is in its journal; none sends a webhook. False: it can't be done. */
export interface Acts {
  /** A declined, voided, lost or never seen payment is charged after all. */
  charge(tx: Transaction, asked: AskedCharge): boolean;
  /** A second charge under the same reference. */
  chargeAgain(tx: Transaction, asked: Required<AskedCharge>): boolean;
  /** From the provider's own back office: without the merchant's reference. */
  refund(tx: Transaction, payment: string, amountMinor: number): boolean;
  takeRefundBack(tx: Transaction, refund: string): boolean;
  dispute(tx: Transaction, capture: EffectLine): boolean;
  /** The dispute ends in the merchant's favour. */
  reverseDispute(tx: Transaction, dispute: EffectLine): boolean;
  /** The issuer insists. Absent where the provider knows no such thing. */
  disputeAgain?(tx: Transaction, dispute: EffectLine): boolean;
}

export interface AskedCharge {
  reference: string;
  amountMinor?: number | undefined;
  currency?: string | undefined;
}

export interface Settler {
  account: string;
  fees: FeeSchedule;
  layout: Layout;
  acts: Acts;
  /** How long an authorization may be presented for capture. */
  authorizationDays: number;
  /** Mismatch types that this provider's files have no way to show, and why. */
  cannotShow: Readonly<Record<string, string>>;
  identify(effect: EffectLine): { payment: string; operation: string };
  /** Identifiers in the provider's shape, for lines that are made up. */
  inventIds(): { payment: string; operation: string };
  payoutReference(): string;
  /** The merchant's account that it pays into, invented, with valid check digits: its own, so that no two share a balance. */
  bankAccount: string;
  /** Who the bank says has paid, and what for. */
  payer: string;
  remittance(payout: Payout, file: FileFacts): string;
  /** Tells the merchant that a file is there, as the provider does, and answers the file's name. */
  announce(tx: Transaction, published: Published, again: boolean): string;
}
