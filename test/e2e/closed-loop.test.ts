import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../support/harness.ts';
import { freshKey, type System, startSystem } from '../support/system.ts';

/** What a day finds out goes where it belongs: back to the payment, or into the case that somebody looks at. */
let system: System;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system?.close());

/** Far ahead, so that what a file withholds is overdue on that very day. */
let latest = Date.UTC(2040, 0, 1 + randomInt(9_000));
function nextDate(): string {
  latest += 86_400_000;
  return new Date(latest).toISOString().slice(0, 10);
}

type Provider = 'stripe' | 'adyen';
const CARDS = { stripe: '4242424242424242', adyen: '4111111111111111' };
const CURRENCIES = { stripe: 'USD', adyen: 'EUR' };

async function pay(provider: Provider, body: object = {}): Promise<string> {
  const payment_method = await system.card(CARDS[provider]);
  const answer = await system.pay({ amount: 1_300, currency: CURRENCIES[provider], payment_method, ...body });
  return answer.body.id;
}

async function voided(provider: Provider): Promise<string> {
  const id = await pay(provider, { capture_method: 'manual' });
  const answer = await system.request('POST', `/v1/payments/${id}/void`, { key: freshKey(), body: {} });
  expect(answer.status).toBeLessThan(300);
  await waitFor(async () => (await system.request('GET', `/v1/payments/${id}`)).body.status === 'canceled', {
    what: `${id} to be canceled`,
  });
  return id;
}

async function closeDay(provider: Provider, ...types: string[]): Promise<void> {
  const date = nextDate();
  const account = `pa_demo_${provider}`;
  const breaks = types.map((type) => ({ type }));
  const day = (await system.admin(provider, 'POST', '/settlement', { businessDate: date, breaks })) as {
    readonly unplanted: readonly unknown[];
  };
  expect(day.unplanted).toEqual([]);
  const apiKey = system.operatorKeys.alice;
  const body = { account, business_date: date };
  await system.request('POST', '/v1/reconciliations', { apiKey, key: freshKey(), body });
  await waitFor(
    async () => {
      const run = await system.request('GET', `/v1/reconciliations/${account}/${date}`, { apiKey });
      return run.body.status === 'closed';
    },
    { what: `${account}, ${date} to be closed`, timeoutMs: 60_000 },
  );
}

describe.each<Provider>(['stripe', 'adyen'])('at %s', (provider) => {
  it('what was voided and settles all the same is recorded and given back, and people are told', async () => {
    const id = await voided(provider);
    await pay(provider);
    await closeDay(provider, 'SETTLED_AFTER_VOID');
    const attempt = await waitFor(
      async () => {
        const [row] = await system.sql<{ status: string; captured: string; refunded: string }>(
          'SELECT status, captured_minor AS captured, refunded_minor AS refunded FROM attempt WHERE payment_id = $1',
          [id],
        );
        return row?.status === 'refunded' ? row : undefined;
      },
      { what: `${id} to be given back`, timeoutMs: 60_000 },
    );
    expect([attempt.captured, attempt.refunded]).toEqual(['1300', '1300']);
    const { body } = await system.request('GET', `/v1/payments/${id}`);
    expect([body.status, body.amount_captured]).toEqual(['canceled', 0]);
    const kinds = await system.sql<{ kind: string }>(
      `SELECT kind FROM exception WHERE subject_id IN (SELECT id FROM attempt WHERE payment_id = $1)
         OR payment_id = $1 ORDER BY kind`,
      [id],
    );
    expect(kinds.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['late_success', 'settled_after_void']),
    );
  });
});

it('what no file has is asked about, and its case says that the provider owes it', async () => {
  for (let each = 0; each < 3; each += 1) await pay('stripe');
  await closeDay('stripe', 'MISSING_IN_FILE_OVERDUE');
  const entries = await system.sql<{ reason: string; content: { answer: string } }>(
    `SELECT e.reason, e.content FROM exception_entry e JOIN exception x ON x.id = e.exception_id
     WHERE x.kind = 'missing_in_file_overdue' AND e.action = 'asked'`,
  );
  expect(entries).toMatchObject([
    { reason: expect.stringContaining('it owes the settlement'), content: { answer: 'as_booked' } },
  ]);
});
