import { accumulate, answeredOf, attemptsOf, newTally, unansweredOf } from './counts.ts';
import { latencyQuantile } from './latency.ts';
import type { Counts } from './observation.ts';

/**
 * How well an account is right now, as a weight on its success, beside the circuit, which is all or nothing.
 *
 * A dead provider leaves the route within 10 s of its first failures on every worker:
 *  - five failures in a row open the circuit (CIRCUIT_FAILURES_TO_OPEN), in Postgres, at once, under every strategy;
 *  - short of five, each failure beyond the first (`ALLOWED_BAD`) takes twice its share of the recent attempts off the
 *    weight: of two attempts, both failed, it takes all; of twenty, three failed, a fifth, which under `best_success` is more
 *    than accounts differ by;
 *  - a worker flushes once a second, and reads circuits and what others flushed once a second: two seconds at worst
 *    from one worker's failure to another's order. A bucket counts while it fills, so its length delays nothing.
 * What remains of the 10 s is for the failures to be noticed: a refused connection is noticed at once.
 *
 * It comes back by probes: an open circuit lets one payment through when its time is up, which is ranked as if the account were
 * well, and a good answer closes it. The weight forgets when ENOUGH newer attempts are there, or after HEALTH_WINDOW_MS,
 * whichever comes first. A provider that is still dead by then is thrown out again by its next failures.
 */
export const HEALTH_BUCKET_MS = 10_000;
export const HEALTH_WINDOW_MS = 300_000;
/** Always looked at, however many attempts there are: what a provider does in a moment is no tendency. */
const LEAST_MS = 30_000;
/** Beyond that, only as far back as is needed for so many attempts. */
const ENOUGH = 20;

export interface Health {
  readonly weightPpm: number;
  /** What all of this rests on: a weight of few attempts is a hint, and no ground to take an account out of a listed order. */
  readonly attempts: number;
  readonly latencyP95Ms?: number;
  readonly unknownPpm: number;
}

export interface HealthBucket {
  readonly startMs: number;
  /** To be added up. */
  readonly counts: readonly Counts[];
}

/** Of the buckets of one account, what counts for its health now. */
export function recentCounts(buckets: readonly HealthBucket[], nowMs: number): Counts {
  const newestFirst = [...buckets].sort((a, b) => b.startMs - a.startMs);
  const sum = newTally();
  for (const { startMs, counts } of newestFirst) {
    const ageMs = nowMs - startMs;
    if (ageMs >= HEALTH_WINDOW_MS || (ageMs >= LEAST_MS && attemptsOf(sum) >= ENOUGH)) break;
    for (const each of counts) accumulate(sum, each);
  }
  return sum;
}

const FULL = 1_000_000;
const P95_PPM = 950_000;

/** Judges the last minutes against the account's own longer past. */
export function healthFrom(recent: Counts, baseline: Counts): Health {
  const attempts = attemptsOf(recent);
  const latencyP95Ms = latencyQuantile(recent.latency, P95_PPM);
  const factors = [answering(recent, baseline), quickness(recent, baseline), approving(recent, baseline)];
  return {
    attempts,
    weightPpm: Math.round(FULL * factors.reduce((product, factor) => product * factor, 1)),
    unknownPpm: attempts === 0 ? 0 : Math.round((FULL * unansweredOf(recent)) / attempts),
    ...(latencyP95Ms === undefined ? {} : { latencyP95Ms }),
  };
}

/** One failure alone is noise: it happens to healthy providers, and a scarce account would be thrown out by it. */
const ALLOWED_BAD = 1;
/** An outage that is part of the past must not excuse the next. */
const BASELINE_BAD_MOST = 0.02;
/** A decline is an answer; an unknown keeps the payer waiting, and nobody else may be asked. So it counts twice. */
const COST_OF_SILENCE = 2;

function answering(recent: Counts, baseline: Counts): number {
  const attempts = attemptsOf(recent);
  if (attempts === 0) return 1;
  const usual = Math.min(BASELINE_BAD_MOST, share(unansweredOf(baseline), attemptsOf(baseline)));
  const bad = Math.max(0, unansweredOf(recent) - ALLOWED_BAD - COST_OF_SILENCE * usual * attempts);
  return Math.max(0, 1 - (COST_OF_SILENCE * bad) / attempts);
}

/** A tail is slow from twice the account's own on, and never under a second: nobody leaves for that. */
const SLOW_FACTOR = 2;
const SLOW_FROM_MS = 1_000;
/** Slow is not dead: a tail alone never takes more than half. */
const SLOWEST = 0.5;

function quickness(recent: Counts, baseline: Counts): number {
  const now = latencyQuantile(recent.latency, P95_PPM);
  const usual = latencyQuantile(baseline.latency, P95_PPM);
  // The p95 of fewer is the slowest one, whatever it was.
  if (now === undefined || usual === undefined || attemptsOf(recent) < ENOUGH) return 1;
  if (now <= SLOW_FROM_MS || now <= SLOW_FACTOR * usual) return 1;
  return Math.max(SLOWEST, (SLOW_FACTOR * usual) / now);
}

/** How surely approvals must have fallen before they count here; the slow windows see what is smaller. */
const DEVIATIONS = 3;
const FEWEST_ANSWERS = 8;
/** What the past is worth in answers, so that eight bad ones don't make a rate of zero. */
const BASELINE_WORTH = 4;

function approving(recent: Counts, baseline: Counts): number {
  const answered = answeredOf(recent);
  const usual = share(baseline.approved, answeredOf(baseline));
  if (answered < FEWEST_ANSWERS || usual === 0) return 1;
  const shortfall = answered * usual - recent.approved;
  // The deviation of a usual rate near 1 would be near 0: a single decline would then count as a fall.
  const deviation = Math.sqrt(Math.max(0.5, answered * usual * (1 - usual)));
  if (shortfall < DEVIATIONS * deviation) return 1;
  const rate = (recent.approved + BASELINE_WORTH * usual) / (answered + BASELINE_WORTH);
  return Math.min(1, rate / usual);
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
