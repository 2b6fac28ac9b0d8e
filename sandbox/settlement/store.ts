// What is kept of closed days: rows of the simulator's own state, so that a restart knows them.
import { table } from '../kernel.ts';
import type { Totals } from './lines.ts';
import type { Sheet } from './settler.ts';

export interface PayoutFigures {
  reference: string;
  traceId: string;
  amountMinor: number;
  currency: string;
}

/** A break that was put in on purpose, and where it shows. */
export interface Planted {
  type: string;
  /** In the file, its header counted as line 1. */
  line?: number;
  /** The merchant's reference of the payment. */
  reference?: string;
  /** The provider's name of the payment, payout, file or bank entry. */
  providerReference?: string;
  operation?: string;
  /** Gross as the file (or the bank) says it, signed; for a line that was left out, as it should have stood. */
  amountMinor?: number;
  /** What it would be without the break. */
  expectedMinor?: number;
  currency?: string;
  detail?: string;
}

export interface Unplanted {
  type: string;
  count: number;
  why: string;
}

export interface ClosedDay {
  businessDate: string;
  batch: number;
  file: string;
  closedAt: string;
  sheet: Sheet;
  /** Journal numbers of the effects that its lines tell about. */
  effects: number[];
  /** Of those that no file will ever show, left out on purpose. */
  withheld: number[];
  payouts: PayoutFigures[];
  totals: Record<string, Totals>;
  planted: Planted[];
  unplanted: Unplanted[];
}

/** By business date. */
export const closedDays = table<ClosedDay>('settlement_day');

/** By batch: what may be fetched. A day that was published twice has two. */
export const publications = table<{ batch: number; businessDate: string }>('settlement_publication');
