import type { RoutingFacts } from '../../../domain/routing/facts.ts';
import type { FeeSchedule, ReferenceRates } from '../../../domain/routing/fees/index.ts';
import { convertMinor, estimateFee } from '../../../domain/routing/fees/index.ts';

export const MONTHS = 12;

/** What one way of routing made of the year. */
export interface Ledger {
  readonly payments: number[];
  readonly approved: number[];
  /** Of what was approved, in cents of the base currency. */
  volumeMinor: bigint;
  feesMinor: bigint;
  explored: number;
}

export function newLedger(): Ledger {
  const zeros = () => Array.from({ length: MONTHS }, () => 0);
  return { payments: zeros(), approved: zeros(), volumeMinor: 0n, feesMinor: 0n, explored: 0 };
}

export function bookPayment(ledger: Ledger, atMs: number, approved: boolean): void {
  const month = new Date(atMs).getUTCMonth();
  ledger.payments[month] = (ledger.payments[month] ?? 0) + 1;
  if (approved) ledger.approved[month] = (ledger.approved[month] ?? 0) + 1;
}

/** The fee of what was approved, as the schedule has it: estimates and bills are one and the same here. */
export function bookFee(ledger: Ledger, fees: FeeSchedule, facts: RoutingFacts, rates: ReferenceRates): void {
  const { totalMinor } = estimateFee(fees, facts, rates);
  const { amountMinor, currency } = facts;
  ledger.volumeMinor += convertMinor(BigInt(amountMinor), currency, rates.base, rates);
  ledger.feesMinor += convertMinor(BigInt(totalMinor), currency, rates.base, rates);
}

/** In percent of all payments. */
export function successOf({ approved, payments }: Ledger): number {
  return (100 * sum(approved)) / sum(payments);
}

export function monthlySuccess({ approved, payments }: Ledger): number[] {
  return payments.map((count, month) => (100 * (approved[month] ?? 0)) / Math.max(1, count));
}

/** In percent of what was approved. */
export function costOf({ feesMinor, volumeMinor }: Ledger): number {
  return volumeMinor === 0n ? 0 : (100 * Number(feesMinor)) / Number(volumeMinor);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, each) => total + each, 0);
}
