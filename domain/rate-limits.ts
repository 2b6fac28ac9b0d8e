import { z } from 'zod';

/** So many requests in a window of so many seconds. A window begins with its first request. */
export interface RateLimit {
  readonly requests: number;
  readonly seconds: number;
}

/** What only asks, and what may move money or change something: neither shall be in the other's way. */
export type RequestKind = 'reads' | 'writes';

/** The platform's. What isn't named isn't limited. */
export interface RateLimits {
  /** All keys of a merchant in one mode together. */
  readonly merchant: Partial<Readonly<Record<RequestKind, RateLimit>>>;
  /** Each key by itself. */
  readonly key: Partial<Readonly<Record<RequestKind, RateLimit>>>;
}

export const MOST_REQUESTS = 1_000_000;
export const MOST_SECONDS = 3_600;

const limit = z.union([
  z.literal('off'),
  z.strictObject({
    requests: z.int().min(1).max(MOST_REQUESTS),
    seconds: z.int().min(1).max(MOST_SECONDS),
  }),
]);
const limits = { reads: limit.optional(), writes: limit.optional() };

/** `merchant.rate_limits`: what holds for one merchant in place of the platform's. */
export const merchantRateLimitsSchema = z.strictObject({ ...limits, key: z.strictObject(limits).optional() });
export type MerchantRateLimits = z.output<typeof merchantRateLimitsSchema>;

/** What cannot be read counts as not set: the platform's limits hold then, and no request fails of it. */
export function readMerchantRateLimits(stored: unknown): MerchantRateLimits {
  const parsed = merchantRateLimitsSchema.safeParse(stored);
  return parsed.success ? parsed.data : {};
}

export interface LimitsOfOne {
  readonly merchant: RateLimit | undefined;
  readonly key: RateLimit | undefined;
}

/** The limits that a request of this kind is under. */
export function limitsFor(platform: RateLimits, own: MerchantRateLimits, kind: RequestKind): LimitsOfOne {
  const over = (ours: RateLimit | 'off' | undefined, theirs: RateLimit | undefined) =>
    ours === 'off' ? undefined : (ours ?? theirs);
  return {
    merchant: over(own[kind], platform.merchant[kind]),
    key: over(own.key?.[kind], platform.key[kind]),
  };
}
