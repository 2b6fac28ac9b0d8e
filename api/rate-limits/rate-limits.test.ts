import { createHmac } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import type { RateLimits } from '../../domain/rate-limits.ts';
import { waitFor } from '../../test/support/harness.ts';
import {
  type Answer,
  get,
  post,
  STRIPE_SECRET,
  startTestApi,
  type TestApi,
} from '../test-support/harness.ts';

/** Limits as merchants meet them: over HTTP, with the count in a real Postgres. */
const HOUR = { seconds: 3_600 };
let api: TestApi;
afterEach(() => api.close());

const start = async (limits: Partial<RateLimits>) => {
  api = await startTestApi({ rateLimits: { merchant: {}, key: {}, ...limits } });
};
const read = (key = api.keys.a) => get(api, '/v1/payments', { key });
const write = (name: string) => post(api, '/v1/customers', { name: 'Ada' }, { idempotencyKey: name });

async function times<T>(count: number, work: (each: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let each = 0; each < count; each += 1) results.push(await work(each));
  return results;
}
const statuses = (answers: readonly Answer[]) => answers.map(({ status }) => status);

describe('a merchant that asks too often', () => {
  it('is told so, what its window holds, and when to come back; nothing was done', async () => {
    await start({ merchant: { writes: { requests: 3, ...HOUR } } });
    const answers = await times(3, (each) => write(`w${each}`));
    expect(statuses(answers)).toEqual([201, 201, 201]);
    expect(answers.map(({ headers }) => headers.get('ratelimit-remaining'))).toEqual(['2', '1', '0']);
    const refused = await write('w3');
    expect([refused.status, refused.body.error]).toEqual([
      429,
      expect.objectContaining({ type: 'api_error', code: 'rate_limited' }),
    ]);
    const retryAfterS = Number(refused.headers.get('retry-after'));
    expect(retryAfterS).toBeGreaterThan(3_500);
    expect(retryAfterS).toBeLessThanOrEqual(3_600);
    expect([refused.headers.get('ratelimit-limit'), refused.headers.get('ratelimit-remaining')]).toEqual([
      '3',
      '0',
    ]);
    expect(refused.headers.get('ratelimit-reset')).toBe(refused.headers.get('retry-after'));
    const made = await api.sql.query('SELECT 1 FROM customer');
    expect(made.rows).toHaveLength(3);
  });

  it('is answered late, so that one who asks again at once is slow, and others are served meanwhile', async () => {
    await start({ merchant: { reads: { requests: 20, ...HOUR } } });
    await times(20, () => read());
    let isOver = false;
    const refusedMs: number[] = [];
    const hurried = Array.from({ length: 20 }, async () => {
      while (!isOver) {
        const began = performance.now();
        if ((await read()).status === 429) refusedMs.push(performance.now() - began);
      }
    });
    expect(statuses(await times(10, () => read(api.keys.b)))).toEqual(Array(10).fill(200));
    isOver = true;
    await Promise.all(hurried);
    expect(Math.min(...refusedMs)).toBeGreaterThan(200);
  });

  it('spends on replays as on anything else', async () => {
    await start({ merchant: { writes: { requests: 2, ...HOUR } } });
    expect(statuses(await times(3, () => write('the same')))).toEqual([201, 201, 429]);
  });

  it('can send the same request again, and is served, once the window is over', async () => {
    await start({ merchant: { writes: { requests: 1, seconds: 1 } } });
    await write('first');
    const answer = await waitFor(
      async () => {
        const again = await write('second');
        return again.status === 429 ? undefined : again;
      },
      { what: 'the window to end' },
    );
    expect(answer.status).toBe(201);
  });

  it('may read while it may not write, and the other way round', async () => {
    await start({ merchant: { writes: { requests: 1, ...HOUR }, reads: { requests: 2, ...HOUR } } });
    expect(statuses(await times(2, (each) => write(`w${each}`)))).toEqual([201, 429]);
    expect(statuses(await times(3, () => read()))).toEqual([200, 200, 429]);
  });

  it('is in the way of no other, nor of its own live mode', async () => {
    await start({ merchant: { reads: { requests: 2, ...HOUR } } });
    expect(statuses(await times(3, () => read()))).toEqual([200, 200, 429]);
    expect(statuses(await times(2, () => read(api.keys.b)))).toEqual([200, 200]);
    expect(statuses(await times(2, () => read(api.keys.aLive)))).toEqual([200, 200]);
  });
});

describe('a key', () => {
  it('has a window of its own within its merchant’s, and what it is refused costs the merchant nothing', async () => {
    await start({ merchant: { reads: { requests: 4, ...HOUR } }, key: { reads: { requests: 2, ...HOUR } } });
    const other = await secondKey();
    expect(statuses(await times(4, () => read()))).toEqual([200, 200, 429, 429]);
    expect(statuses(await times(3, () => read(other)))).toEqual([200, 200, 429]);
  });

  /** Beside the first one of merchant A, in the same mode. */
  async function secondKey(): Promise<string> {
    const key = 'sk_test_second_key_of_merchant_a';
    await api.sql.query(
      `INSERT INTO api_key (id, merchant_id, mode, digest, name) VALUES ('key_2', 'mer_a', 'test', $1, 'second')`,
      [api.vault.keyedDigest(key)],
    );
    return key;
  }
});

describe('a merchant with limits of its own', () => {
  const set = (limits: object) =>
    api.sql.query(`UPDATE merchant SET rate_limits = $1 WHERE id = 'mer_a'`, [limits]);

  it('has these in place of the platform’s', async () => {
    await start({ merchant: { reads: { requests: 1, ...HOUR }, writes: { requests: 1, ...HOUR } } });
    await set({ reads: { requests: 3, ...HOUR }, writes: 'off' });
    expect(statuses(await times(4, () => read()))).toEqual([200, 200, 200, 429]);
    expect(statuses(await times(3, (each) => write(`w${each}`)))).toEqual([201, 201, 201]);
    expect(statuses(await times(2, () => read(api.keys.b)))).toEqual([200, 429]);
  });

  it('that cannot be read has the platform’s', async () => {
    await start({ merchant: { reads: { requests: 1, ...HOUR } } });
    await set({ reads: 'as many as I like' });
    expect(statuses(await times(2, () => read()))).toEqual([200, 429]);
  });
});

describe('who is not limited', () => {
  it('are providers with their webhooks, health, and whoever has no key', async () => {
    await start({ merchant: { reads: { requests: 1, ...HOUR }, writes: { requests: 1, ...HOUR } } });
    await times(2, () => read());
    const body = JSON.stringify({ id: 'evt_1', object: 'event', type: 'ping', data: { object: {} } });
    const stampS = Math.floor(Date.now() / 1_000);
    const signature = createHmac('sha256', STRIPE_SECRET).update(`${stampS}.${body}`).digest('hex');
    const webhook = () =>
      fetch(`${api.url}/v1/webhooks/stripe/acc_a_stripe`, {
        method: 'POST',
        headers: { 'stripe-signature': `t=${stampS},v1=${signature}`, 'content-type': 'application/json' },
        body,
      });
    expect((await times(5, webhook)).every(({ status }) => status === 200)).toBe(true);
    const live = await times(5, () => fetch(`${api.url}/healthz`));
    expect(live.some(({ status }) => status === 429)).toBe(false);
    expect(statuses(await times(3, () => read('sk_test_unknown_key')))).toEqual([401, 401, 401]);
  });
});
