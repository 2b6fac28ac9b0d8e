import { LATENCY_BUCKETS, latencyBucket } from './latency.ts';
import type { Counts, Observation, ObservedResult } from './observation.ts';

export const NO_COUNTS: Counts = {
  approved: 0,
  softDeclined: 0,
  hardDeclined: 0,
  unknown: 0,
  notAttempted: 0,
  authorizedMinor: 0n,
  latency: Array.from({ length: LATENCY_BUCKETS }, () => 0),
};

/** Adding is all that merging is: associative, commutative, with `NO_COUNTS` as its zero. */
export function addCounts(a: Counts, b: Counts): Counts {
  const sum = newTally(a);
  accumulate(sum, b);
  return sum;
}

/** The provider said yes or no. */
export function answeredOf(counts: Counts): number {
  return counts.approved + counts.softDeclined + counts.hardDeclined;
}

/** It was asked and said neither, or could not be reached. */
export function unansweredOf(counts: Counts): number {
  return counts.unknown + counts.notAttempted;
}

export function attemptsOf(counts: Counts): number {
  return answeredOf(counts) + unansweredOf(counts);
}

const FIELD = {
  approved: 'approved',
  soft_decline: 'softDeclined',
  hard_decline: 'hardDeclined',
  unknown: 'unknown',
  not_attempted: 'notAttempted',
} as const satisfies Record<ObservedResult, keyof Counts>;

/** Counts that are added to in place: one observation costs no copy of the histogram. */
export type Tally = { -readonly [K in keyof Counts]: K extends 'latency' ? number[] : Counts[K] };

export function newTally(counts: Counts = NO_COUNTS): Tally {
  return { ...counts, latency: [...counts.latency] };
}

export function accumulate(into: Tally, counts: Counts, sign: 1 | -1 = 1): void {
  into.approved += sign * counts.approved;
  into.softDeclined += sign * counts.softDeclined;
  into.hardDeclined += sign * counts.hardDeclined;
  into.unknown += sign * counts.unknown;
  into.notAttempted += sign * counts.notAttempted;
  into.authorizedMinor += BigInt(sign) * counts.authorizedMinor;
  for (let index = 0; index < LATENCY_BUCKETS; index += 1) {
    into.latency[index] = (into.latency[index] ?? 0) + sign * (counts.latency[index] ?? 0);
  }
}

/** Money was authorized, whenever that was found. */
export function isApproval(result: Observation['result']): boolean {
  return result === 'approved' || result === 'late_approval';
}

export function tally(
  into: Tally,
  { result, latencyMs, amountMinor }: Observation,
  withAmount: boolean,
): void {
  if (withAmount && isApproval(result)) into.authorizedMinor += BigInt(amountMinor);
  if (result === 'late_approval') return;
  into[FIELD[result]] += 1;
  // A refused connection is quick, and says nothing of how long answers take.
  if (result === 'not_attempted' || latencyMs === undefined) return;
  const bucket = latencyBucket(latencyMs);
  into.latency[bucket] = (into.latency[bucket] ?? 0) + 1;
}
