import { z } from 'zod';

type Limit = { requests: number; seconds: number };

/** How often merchants may ask. What isn't named isn't limited. */
export type RateLimits = {
  merchant: { reads?: Limit; writes?: Limit };
  key: { reads?: Limit; writes?: Limit };
};

const FORM = /^([1-9]\d{0,5})\/([1-9]\d{0,2})s$/;

const limit = z
  .string()
  .refine((text) => text === 'off' || FORM.test(text), 'must be REQUESTS/SECONDSs, such as 200/2s, or off');

/** Generous: far above what one shop's payments need, far below what would be in another's way. */
export const rateLimitVariables = {
  INTERLOCK_RATE_LIMIT_WRITES: limit.default('200/2s'),
  INTERLOCK_RATE_LIMIT_READS: limit.default('400/2s'),
  INTERLOCK_RATE_LIMIT_KEY_WRITES: limit.default('off'),
  INTERLOCK_RATE_LIMIT_KEY_READS: limit.default('off'),
};

/** Undefined: everything is off. */
export function rateLimitsOf(
  env: Readonly<Record<keyof typeof rateLimitVariables, string>>,
): RateLimits | undefined {
  const limits = {
    merchant: pair(env.INTERLOCK_RATE_LIMIT_READS, env.INTERLOCK_RATE_LIMIT_WRITES),
    key: pair(env.INTERLOCK_RATE_LIMIT_KEY_READS, env.INTERLOCK_RATE_LIMIT_KEY_WRITES),
  };
  const isAny = Object.values(limits).some((each) => Object.keys(each).length > 0);
  return isAny ? limits : undefined;
}

function pair(readsText: string, writesText: string): RateLimits['merchant'] {
  const [reads, writes] = [read(readsText), read(writesText)];
  return { ...(reads === undefined ? {} : { reads }), ...(writes === undefined ? {} : { writes }) };
}

function read(text: string): Limit | undefined {
  const [, requests, seconds] = FORM.exec(text) ?? [];
  return requests === undefined ? undefined : { requests: Number(requests), seconds: Number(seconds) };
}
