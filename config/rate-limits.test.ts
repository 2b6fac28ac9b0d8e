import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { rateLimitsOf, rateLimitVariables } from './rate-limits.ts';

const schema = z.object(rateLimitVariables);
const read = (env: Record<string, string>) => rateLimitsOf(schema.parse(env));

describe('limits of requests', () => {
  it('are there without being set', () => {
    expect(read({})).toEqual({
      merchant: { reads: { requests: 400, seconds: 2 }, writes: { requests: 200, seconds: 2 } },
      key: {},
    });
  });

  it('are set each by itself, and switched off', () => {
    const over = { INTERLOCK_RATE_LIMIT_READS: 'off', INTERLOCK_RATE_LIMIT_KEY_WRITES: '50/1s' };
    expect(read(over)).toEqual({
      merchant: { writes: { requests: 200, seconds: 2 } },
      key: { writes: { requests: 50, seconds: 1 } },
    });
    expect(read({ INTERLOCK_RATE_LIMIT_READS: 'off', INTERLOCK_RATE_LIMIT_WRITES: 'off' })).toBeUndefined();
  });

  it.each(['200', '200/s', '0/1s', '-1/1s', '1/0s', '1.5/1s', '200/2m', 'none'])('are not %s', (text) => {
    const parsed = schema.safeParse({ INTERLOCK_RATE_LIMIT_WRITES: text });
    expect(parsed.error?.issues[0]?.message).toContain('REQUESTS/SECONDSs');
  });
});
