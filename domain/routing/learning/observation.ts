import type { PaymentMethodKind, RoutingFacts } from '../facts.ts';

/** What came of one attempt, as far as learning goes. */
export type ObservedResult = 'approved' | 'soft_decline' | 'hard_decline' | 'unknown' | 'not_attempted';

/** What was counted as unknown and was approved all the same: it counts for what was authorized, and for nothing else. */
export type LateApproval = 'late_approval';

export interface Observation {
  readonly accountId: string;
  readonly method: PaymentMethodKind;
  readonly brand?: string;
  readonly issuerCountry?: string;
  readonly currency: string;
  readonly result: ObservedResult | LateApproval;
  /** From the first byte to the answer, or to giving up; absent where it was found otherwise than by waiting for it. */
  readonly latencyMs?: number;
  readonly amountMinor: number;
  readonly atMs: number;
}

/** What a cell is found by. */
export type CellFacts = Pick<RoutingFacts, 'method' | 'brand' | 'issuerCountry' | 'currency'>;

/**
 * `cell` rows are kept by account, method, brand, country and currency, in long buckets, and say how often an account
 * approves. `health` rows are kept by account alone (the other columns are empty), in short ones, and say how it is now.
 */
export type Grain = 'cell' | 'health';

/** One cell's counts in one bucket of time: what workers add up in Postgres. Unknown brand or country: ''. */
export interface WindowRow {
  readonly accountId: string;
  readonly grain: Grain;
  readonly method: string;
  readonly brand: string;
  readonly issuerCountry: string;
  readonly currency: string;
  readonly bucketStartMs: number;
  readonly counts: Counts;
}

export interface Counts {
  readonly approved: number;
  readonly softDeclined: number;
  readonly hardDeclined: number;
  readonly unknown: number;
  readonly notAttempted: number;
  /** Of what was approved, minor units of the row's currency; 0 in health rows, which mix currencies. */
  readonly authorizedMinor: bigint;
  /** As many as LATENCY_BUCKETS: how many answers took how long. */
  readonly latency: readonly number[];
}
