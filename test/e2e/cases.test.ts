import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { entriesOf, left, postedBy, taken } from '../attack/support/cases.ts';
import { waitFor } from '../support/harness.ts';
import { type Answer, freshKey, type System, startSystem } from '../support/system.ts';

/** From a planted break to empty suspense: a day's run opens cases, and people end them. */
let system: System;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(async () => {
  await system?.close();
});

const ACCOUNT = 'pa_demo_stripe';
/** Workflows of days are named by account and date, and every test's accounts have the same names. */
const DATE = new Date(Date.UTC(2031, 0, 1) + randomInt(9_000) * 86_400_000).toISOString().slice(0, 10);

function operator(
  method: string,
  path: string,
  body?: unknown,
  who: 'alice' | 'bob' = 'alice',
): Promise<Answer> {
  const key = method === 'POST' ? { key: freshKey() } : {};
  return system.request(method, `/v1/${path}`, {
    apiKey: system.operatorKeys[who],
    ...key,
    ...(body === undefined ? {} : { body }),
  });
}

async function reconcile(): Promise<void> {
  const path = `reconciliations/${ACCOUNT}/${DATE}`;
  const before = (await operator('GET', path)).body.finished_at;
  expect((await operator('POST', 'reconciliations', { account: ACCOUNT, business_date: DATE })).status).toBe(
    202,
  );
  await waitFor(
    async () => {
      const { body } = await operator('GET', path);
      return typeof body.finished_at === 'string' && body.finished_at !== before;
    },
    { what: 'the day to be closed', timeoutMs: 60_000 },
  );
}

interface Listed {
  readonly id: string;
  readonly kind: string;
  readonly amount: number;
  readonly currency: string;
}

async function unresolved(): Promise<readonly Listed[]> {
  return (await operator('GET', `exceptions?account=${ACCOUNT}&status=unresolved&limit=100`)).body.data;
}

async function balanceOf(account: string): Promise<number> {
  const [row] = await system.sql<{ sum: string }>(
    'SELECT coalesce(sum(amount_minor), 0) AS sum FROM ledger_posting WHERE account = $1',
    [account],
  );
  return Number(row?.sum);
}

describe('breaks of a day', () => {
  let cases: readonly Listed[];

  beforeAll(async () => {
    for (let each = 0; each < 6; each += 1) {
      const paid = await system.pay({
        amount: 1_000 + 100 * each,
        currency: 'USD',
        payment_method: await system.card(),
      });
      expect(paid.body.status).toBe('succeeded');
    }
    const breaks = ['DUPLICATE_LINE', 'AMOUNT_UNDER', 'MISSING_IN_LEDGER'].map((type) => ({ type }));
    await system.admin('stripe', 'POST', '/settlement', { businessDate: DATE, breaks });
    await reconcile();
    cases = await unresolved();
  });

  it('are cases with an owner and a clock, evidence of both sides and a proposal', async () => {
    expect(cases.map(({ kind }) => kind).sort()).toEqual([
      'amount_under',
      'duplicate_line',
      'missing_in_ledger',
    ]);
    for (const { id } of cases) {
      await taken(system, id);
      const { body } = await operator('GET', `exceptions/${encodeURIComponent(id)}`);
      expect(body).toMatchObject({
        status: 'open',
        due_at: expect.any(String),
        merchant: 'mer_demo',
        currency: 'USD',
      });
      expect(body.allowed_dispositions).toContain(body.proposed_disposition);
      expect(body.rows).toMatchObject({ line: { account_id: ACCOUNT }, file: { status: 'posted' } });
      expect(body.amount).toBeGreaterThan(0);
    }
  });

  it('leave nothing in suspense once two people have accepted them', async () => {
    const before = await balanceOf('suspense/mer_demo');
    expect(before).not.toBe(0);
    let moved = 0;
    for (const { id } of cases) {
      const path = `exceptions/${encodeURIComponent(id)}`;
      const decided = { disposition: 'accept', reason: 'as the file says' };
      expect((await operator('POST', `${path}/propose`, decided)).body.status).toBe('proposed');
      expect(
        (await operator('POST', `${path}/approve`, { reason: 'seen the line' }, 'bob')).body.status,
      ).toBe('resolved');
      moved += (await postedBy(system, id))['suspense/mer_demo'] ?? 0;
      await left(system, id);
    }
    expect(moved).toBe(-before);
    expect(await balanceOf('suspense/mer_demo')).toBe(0);
    expect(await unresolved()).toEqual([]);
    const { body } = await operator('GET', 'exceptions/figures');
    expect(body).toMatchObject({ resolved_by_people: 3, overdue: 0 });
    expect(body.settlement_lag).toEqual([
      {
        account: ACCOUNT,
        settled: expect.any(Number),
        p50_hours: expect.any(Number),
        p95_hours: expect.any(Number),
      },
    ]);
  });

  it('stay ended, and moved once, when the day is run again', async () => {
    const entries = await Promise.all(cases.map(({ id }) => entriesOf(system, id)));
    await reconcile();
    expect(await unresolved()).toEqual([]);
    expect(await balanceOf('suspense/mer_demo')).toBe(0);
    expect(await Promise.all(cases.map(({ id }) => entriesOf(system, id)))).toEqual(entries);
  });
});
