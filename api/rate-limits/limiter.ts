import { setTimeout as delay } from 'node:timers/promises';
import type { ApiKeyOwner } from '../../db/settings/index.ts';
import { limitsFor, type RateLimit, type RateLimits, type RequestKind } from '../../domain/rate-limits.ts';
import { type Problem, problem } from '../problems.ts';
import { Lease, type PointStore, type Verdict } from './lease.ts';

export interface RateLimiter {
  /** Whether a merchant's request may be served now. Undefined: it is under no limit. */
  admit(caller: ApiKeyOwner, method: string): Verdict | Promise<Verdict> | undefined;
  /** What one that may not is answered, in a moment. */
  refusal(verdict: Verdict): Promise<Problem>;
}

/** Windows that are over are forgotten when there are so many. */
const MOST_LEASES = 20_000;

/**
 * A caller that asks again as soon as it is refused would still have the process to itself: a refusal is cheap, not free.
 * So its answer waits a moment, and the next question with it. No more than so many are held, whoever sends without waiting.
 */
const HELD_BACK_MS = 250;
const MOST_HELD_BACK = 1_000;

export interface LimiterParts {
  readonly limits: RateLimits;
  readonly points: PointStore;
  /** Milliseconds, by a clock that no one can set. */
  readonly clock?: () => number;
}

/**
 * Holds each merchant, and each key, to its own windows. Under Express each request is one synchronous look into a map; it
 * becomes a promise only where the shared count has to be waited for.
 */
export function createRateLimiter({
  limits,
  points,
  clock = () => performance.now(),
}: LimiterParts): RateLimiter {
  const leases = new Map<string, Lease>();
  const leaseOf = (name: string, limit: RateLimit): Lease => {
    const known = leases.get(name);
    if (known !== undefined) return known.under(limit);
    if (leases.size >= MOST_LEASES)
      for (const [each, lease] of leases) if (lease.isOver(clock())) leases.delete(each);
    const made = new Lease(name, limit, points, clock);
    leases.set(name, made);
    return made;
  };
  const admit: RateLimiter['admit'] = ({ keyId, merchantId, mode, rateLimits = {} }, method) => {
    const kind: RequestKind = method === 'GET' || method === 'HEAD' ? 'reads' : 'writes';
    const { merchant, key } = limitsFor(limits, rateLimits, kind);
    return takeBoth(
      key && leaseOf(`key:${keyId}:${kind}`, key),
      merchant && leaseOf(`merchant:${merchantId}:${mode}:${kind}`, merchant),
    );
  };
  let heldBack = 0;
  return {
    admit,
    async refusal(verdict) {
      if (heldBack < MOST_HELD_BACK) {
        heldBack += 1;
        await delay(Math.min(HELD_BACK_MS, verdict.resetMs));
        heldBack -= 1;
      }
      return problemOf(verdict);
    },
  };
}

/** Of both windows or of neither. */
function takeBoth(
  ofKey: Lease | undefined,
  ofMerchant: Lease | undefined,
): Verdict | Promise<Verdict> | undefined {
  const first = ofKey?.take();
  if (first === undefined || ofMerchant === undefined) return first ?? ofMerchant?.take();
  const join = (before: Verdict, after: Verdict): Verdict => {
    if (!after.isAdmitted) ofKey?.giveBack();
    // Told is the one that the caller will meet first.
    return after.isAdmitted && before.remaining < after.remaining ? before : after;
  };
  const goOn = (before: Verdict): Verdict | Promise<Verdict> => {
    if (!before.isAdmitted) return before;
    const after = ofMerchant.take();
    return after instanceof Promise ? after.then((settled) => join(before, settled)) : join(before, after);
  };
  return first instanceof Promise ? first.then(goOn) : goOn(first);
}

/** What a caller is told of its window with every answer. */
export function headersOf({ limit, remaining, resetMs }: Verdict): Readonly<Record<string, string>> {
  return {
    'RateLimit-Limit': String(limit.requests),
    'RateLimit-Remaining': String(remaining),
    'RateLimit-Reset': String(Math.ceil(resetMs / 1_000)),
  };
}

/** Nothing was done yet, so the same key is as good afterwards as it was before. */
function problemOf({ limit, resetMs }: Verdict): Problem {
  const message = `More than ${limit.requests} requests of this kind in ${limit.seconds} seconds. Nothing was done; the same request can be sent again after Retry-After.`;
  return problem('rate_limited', { message }).withHeaders({
    'Retry-After': String(Math.max(1, Math.ceil(resetMs / 1_000))),
  });
}
