import { describe, expect, it } from 'vitest';
import { compilePolicy, PLATFORM_DEFAULT, type PolicyDocument } from './index.ts';

const OWN: PolicyDocument = {
  format: PLATFORM_DEFAULT.format,
  name: 'own',
  otherwise: { choose: { order: ['stripe'] } },
};

describe('what a policy doesn’t say', () => {
  const platform: PolicyDocument = {
    ...PLATFORM_DEFAULT,
    built_in: { unhealthy: 'remove' },
    retries: { max_attempts: 2, later: ['1d'] },
  };

  it('is the platform’s, whether it inherits its rules or not', () => {
    for (const inherit of [true, false]) {
      const compiled = compilePolicy({ ...OWN, inherit }, platform);
      expect(compiled.builtIn.unhealthy).toBe('remove');
      expect(compiled.retries).toMatchObject({ maxAttempts: 2, laterMs: [86_400_000] });
    }
  });

  it('and the platform’s stored document neither is no release’s default', () => {
    const compiled = compilePolicy(OWN, platform);
    expect(PLATFORM_DEFAULT.retries?.fail_over_after).not.toEqual([]);
    expect(compiled.retries.failOverAfter).toEqual([]);
    const { retries: _retries, built_in: _builtIn, ...silent } = PLATFORM_DEFAULT;
    expect(compilePolicy(OWN, silent)).toMatchObject({
      builtIn: {
        unhealthy: 'last_resort',
        degraded: 'last_resort',
        over_limit: 'remove',
        ticket_size: 'remove',
      },
      retries: { maxAttempts: 1, failOverAfter: [], laterMs: [] },
    });
  });
});
