import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Report, withoutTiming } from '../../domain/reconciliation/report.ts';
import { waitFor } from '../support/harness.ts';
import { freshKey, type System, startSystem } from '../support/system.ts';

/** A day, from the simulators' books to the report: what was planted is found, the rest is clean, and the loop closes. */
let system: System;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(async () => {
  await system?.close();
});

type Provider = 'stripe' | 'adyen';
interface ClosedDay {
  readonly planted: readonly { readonly type: string }[];
  readonly unplanted: readonly unknown[];
  readonly payouts: readonly { readonly amountMinor: number; readonly currency: string }[];
  readonly rows: number;
}

/** Workflows of days are named by account and date, and every test's accounts have the same names. */
const DAY_MS = 86_400_000;
let latest = Date.UTC(2001, 0, 1 + randomInt(9_000));
function nextDate(): string {
  latest += DAY_MS;
  return new Date(latest).toISOString().slice(0, 10);
}

const closeDay = (provider: Provider, businessDate: string, breaks: readonly object[] = [], at = system) =>
  at.admin(provider, 'POST', '/settlement', { businessDate, breaks }) as Promise<ClosedDay>;

const operator = (method: string, path: string, body?: unknown, at = system) =>
  at.request(method, path, {
    apiKey: at.operatorKeys.alice,
    ...(method === 'POST' ? { key: freshKey() } : {}),
    ...(body === undefined ? {} : { body }),
  });

async function reconcile(
  provider: Provider,
  date: string,
  at = system,
): Promise<{ status: string; report: Report }> {
  const account = `pa_demo_${provider}`;
  const look = async () =>
    (await operator('GET', `/v1/reconciliations/${account}/${date}`, undefined, at)).body;
  const before = await look();
  const started = await operator('POST', '/v1/reconciliations', { account, business_date: date }, at);
  expect([started.status, started.body.workflow]).toEqual([202, `reconciliation/${account}/${date}`]);
  return waitFor(
    async () => {
      const run = await look();
      const isOver = typeof run.finished_at === 'string' && run.finished_at !== before.finished_at;
      return isOver ? run : undefined;
    },
    { what: `${account}, ${date} to be closed`, timeoutMs: 60_000 },
  );
}

async function pay(amount: number, currency: 'USD' | 'EUR', card?: string): Promise<string> {
  const number = card ?? (currency === 'USD' ? '4242424242424242' : '4111111111111111');
  const answer = await system.pay({ amount, currency, payment_method: await system.card(number) });
  return answer.body.id ?? answer.body.error.payment.id;
}

async function refund(id: string, amount: number): Promise<void> {
  const answer = await system.request('POST', `/v1/payments/${id}/refunds`, {
    key: freshKey(),
    body: { amount },
  });
  expect(answer.status).toBeLessThan(300);
}

const countsOf = (types: readonly string[]) =>
  Object.fromEntries(
    [...new Set(types)].sort().map((type) => [type, types.filter((each) => each === type).length]),
  );

const foundIn = ({ breaks }: Report) => Object.fromEntries(breaks.map(({ type, found }) => [type, found]));

describe('a day at Stripe with breaks', () => {
  const date = nextDate();
  let day: ClosedDay;
  let report: Report;
  let declined: string;

  beforeAll(async () => {
    for (let each = 0; each < 8; each += 1) await pay(1_000 + 100 * each, 'USD');
    await refund(await pay(2_500, 'USD'), 500);
    declined = await pay(4_200, 'USD', '4000000000009995');
    day = await closeDay('stripe', date, [
      { type: 'DUPLICATE_LINE' },
      { type: 'AMOUNT_UNDER' },
      { type: 'MISSING_IN_LEDGER' },
      { type: 'EXTERNAL_REFUND' },
      { type: 'CHARGEBACK_NEW' },
      { type: 'DECLINED_BUT_SETTLED' },
    ]);
    expect(day.unplanted).toEqual([]);
    const run = await reconcile('stripe', date);
    expect(run.status).toBe('closed');
    report = run.report;
  });

  it('is found as it was planted, and nothing else is', () => {
    expect(foundIn(report)).toEqual(countsOf(day.planted.map(({ type }) => type)));
    expect(report.rows.total).toBe(day.rows);
  });

  it('adds up: ledger, file and payout', () => {
    expect(report.equation.map(({ currency, ledger_difference_minor: off }) => [currency, off])).toEqual([
      ['USD', '0'],
    ]);
    expect(report.equation.map(({ paid_out_minor: paid }) => paid)).toEqual(
      day.payouts.map(({ amountMinor }) => String(amountMinor)),
    );
  });

  it('closes the loop: what was declined and settled is given back, what others refunded is recorded', async () => {
    await waitFor(
      async () => {
        const [row] = await system.sql<{ status: string; refunded: string }>(
          'SELECT status, refunded_minor AS refunded FROM attempt WHERE payment_id = $1',
          [declined],
        );
        return row?.status === 'refunded' && row.refunded === '4200';
      },
      { what: 'the declined payment to be given back' },
    );
    const outside = await system.sql('SELECT 1 FROM external_refund');
    expect(outside).toHaveLength(1);
    const disputed = await system.sql<{ id: string; charged: string; captured: string }>(
      `SELECT payment_id AS id, charged_back_minor AS charged, captured_minor AS captured FROM payment_balance
       WHERE charged_back_minor > 0`,
    );
    expect(disputed.map(({ charged, captured }) => charged === captured)).toEqual([true]);
    const { body } = await system.request('GET', `/v1/payments/${disputed[0]?.id}`);
    expect([body.status, body.amount_charged_back]).toEqual(['succeeded', body.amount_captured]);
  });

  it('is the same when it is run again', async () => {
    const before = await system.sql('SELECT id FROM ledger_transaction WHERE payment_id IS NULL ORDER BY id');
    const exceptions = await system.sql('SELECT id, closed_at FROM exception ORDER BY id');
    const again = await reconcile('stripe', date);
    expect(withoutTiming(again.report)).toEqual(withoutTiming(report));
    expect(
      await system.sql('SELECT id FROM ledger_transaction WHERE payment_id IS NULL ORDER BY id'),
    ).toEqual(before);
    expect(await system.sql('SELECT id, closed_at FROM exception ORDER BY id')).toEqual(exceptions);
  });
});

describe('days at Adyen', () => {
  it('that are clean close without a break, one batch a day', async () => {
    const date = nextDate();
    const id = await pay(1_250, 'EUR');
    await refund(id, 250);
    await pay(900, 'EUR');
    await waitFor(
      async () => (await system.request('GET', `/v1/payments/${id}`)).body.amount_refunded === 250,
      {
        what: 'the refund',
      },
    );
    const day = await closeDay('adyen', date);
    const { status, report } = await reconcile('adyen', date);
    expect([status, report.breaks.filter(({ type }) => type !== 'BATCH_FEE_UNALLOCATED')]).toEqual([
      'closed',
      [],
    ]);
    expect(report.rows).toEqual({ total: day.rows, clean: day.rows, broken: 0 });
  });

  it('are held against the bank once its statement comes, whenever that is', async () => {
    const date = nextDate();
    await pay(2_100, 'EUR');
    const day = await closeDay('adyen', date, [{ type: 'UNIDENTIFIED_BANK_CREDIT' }]);
    const before = (await reconcile('adyen', date)).report;
    expect(before.equation).toMatchObject([
      { credited_minor: '0', in_transit_minor: before.equation[0]?.paid_out_minor },
    ]);
    const statement = await fetch(`${system.adminUrls.adyen}/bank/statements/${date}`);
    const query = new URLSearchParams({
      account: 'pa_demo_adyen',
      format: 'camt053',
      business_date: date,
      name: 'camt.xml',
    });
    const uploaded = await fetch(`${system.apiUrl}/v1/settlements?${query}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${system.operatorKeys.alice}`, 'idempotency-key': freshKey() },
      body: await statement.text(),
    });
    expect(uploaded.status).toBe(201);
    const report = await waitFor(
      async () => {
        const { body } = await operator('GET', `/v1/reconciliations/pa_demo_adyen/${date}`);
        return body.status !== 'running' && body.report.files.length === 2
          ? (body.report as Report)
          : undefined;
      },
      { what: 'the day with its statement' },
    );
    expect(report.equation).toMatchObject([
      {
        credited_minor: String(day.payouts[0]?.amountMinor),
        in_transit_minor: '0',
        ledger_difference_minor: '0',
      },
    ]);
    expect(foundIn(report)).toEqual({ UNIDENTIFIED_BANK_CREDIT: 1 });
    const suspense = await system.sql<{ sum: string }>(
      `SELECT sum(p.amount_minor) FROM ledger_posting p JOIN ledger_transaction t ON t.id = p.transaction_id
       WHERE p.account = 'suspense/mer_demo' AND t.kind = 'bank_unidentified'`,
    );
    expect(suspense[0]?.sum).toBe('-12345');
  });

  it('whose file does not add up are blocked, with a case, and nothing is booked', async () => {
    const date = nextDate();
    await pay(700, 'EUR');
    await closeDay('adyen', date, [{ type: 'BATCH_TOTAL_BREAK' }]);
    const { status, report } = await reconcile('adyen', date);
    expect([status, foundIn(report)]).toEqual(['blocked', { BATCH_TOTAL_BREAK: 1 }]);
    const open = await system.sql<{ kind: string }>(
      `SELECT kind FROM exception WHERE account_id = 'pa_demo_adyen' AND closed_at IS NULL`,
    );
    expect(open.map(({ kind }) => kind)).toContain('batch_total_break');
    expect(report.postings).toEqual([]);
  });
});

describe('a day without a file', () => {
  let hasty: System;
  beforeAll(async () => {
    hasty = await startSystem({ timeScale: 0.000_05 });
  });
  afterAll(() => hasty?.close());

  it('waits for one until its time is over, closes with an exception, and takes a file that comes later', async () => {
    const date = nextDate();
    const first = await reconcile('adyen', date, hasty);
    const missing = () =>
      hasty.sql<{ summary: string; closed_at: Date | null }>(
        `SELECT summary, closed_at FROM exception WHERE kind = 'settlement_file_missing'`,
      );
    expect([first.status, first.report.files]).toEqual(['closed', []]);
    expect(await missing()).toEqual([{ summary: expect.stringContaining(date), closed_at: null }]);
    await closeDay('adyen', date, [], hasty);
    const later = await reconcile('adyen', date, hasty);
    expect([later.status, later.report.files.map(({ status }) => status)]).toEqual(['closed', ['posted']]);
    expect((await missing()).map(({ closed_at: at }) => at !== null)).toEqual([true]);
  });
});
