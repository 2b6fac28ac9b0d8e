import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../domain/reconciliation/report.ts';
import { waitFor } from '../support/harness.ts';
import { freshKey, type System, startSystem } from '../support/system.ts';

/** The third provider, with all of Interlock around it: what it does by itself is the contract kit's. */
let system: System;
beforeAll(async () => {
  system = await startSystem({ checkout: true });
});
afterAll(async () => {
  await system?.close();
});

const effects = async (paymentId: string) =>
  (await system.journal('checkout', paymentId))
    .filter((line) => line.kind === 'effect')
    .map((line) => line.effect);

const payment = async (id: string) => (await system.request('GET', `/v1/payments/${id}`)).body;

/** The demo's policy sends reais to Checkout.com. */
async function pay(amount: number, more: Record<string, unknown> = {}, number?: string) {
  return system.pay({ amount, currency: 'BRL', payment_method: await system.card(number), ...more });
}

const reaches = (id: string, status: string) =>
  waitFor(
    async () => {
      const now = await payment(id);
      return now.status === status ? now : undefined;
    },
    { what: `${id} to be ${status}` },
  );

describe('a payment through Checkout.com', () => {
  it('is charged once, and refunded once', async () => {
    const { body } = await pay(1_250);
    const paid = await reaches(body.id, 'succeeded');
    expect(paid).toMatchObject({ amount_captured: 1_250, currency: 'BRL' });
    expect(paid.attempts).toMatchObject([{ provider: 'checkout', status: 'captured' }]);
    const refund = await system.request('POST', `/v1/payments/${body.id}/refunds`, {
      key: freshKey(),
      body: { amount: 300 },
    });
    await waitFor(
      async () => (await system.request('GET', `/v1/refunds/${refund.body.id}`)).body.status === 'succeeded',
      { what: 'the refund' },
    );
    expect(await effects(body.id)).toEqual(['authorized', 'captured', 'refunded']);
  });

  it('is held, captured in part and voided on command', async () => {
    const held = await pay(5_000, { capture_method: 'manual' });
    expect(held.body).toMatchObject({ status: 'requires_capture', amount_capturable: 5_000 });
    const capture = { key: freshKey(), body: { amount: 2_000 } };
    await system.request('POST', `/v1/payments/${held.body.id}/capture`, capture);
    expect(await reaches(held.body.id, 'succeeded')).toMatchObject({ amount_captured: 2_000 });
    const other = await pay(700, { capture_method: 'manual' });
    await system.request('POST', `/v1/payments/${other.body.id}/void`, { key: freshKey(), body: {} });
    await reaches(other.body.id, 'canceled');
    expect(await effects(other.body.id)).toEqual(['authorized', 'voided']);
  });

  it('declines as a value, with the codes of provider and network', async () => {
    const { status, body } = await pay(900, {}, '4544249167673670');
    expect(status).toBe(402);
    expect(body.error).toMatchObject({ type: 'card_error', decline_code: 'insufficient_funds' });
    const [row] = await system.sql<{ decline: { providerCode: string; networkCode: string } }>(
      'SELECT decline FROM attempt WHERE payment_id = $1',
      [body.error.payment.id],
    );
    expect(row?.decline).toMatchObject({ providerCode: '20051', networkCode: '51' });
  });

  // Of what was answered with a 5xx the key remembers nothing: whoever sent it again would charge twice.
  it.each(['reset_after_commit', 'status_after_commit'])(
    'is found again after %s, and charged once',
    async (mode) => {
      const holder = { holder_name: `SANDBOX ${mode}` };
      const method = await system.card('4242424242424242', holder);
      const { body } = await system.pay({ amount: 1_700, currency: 'BRL', payment_method: method });
      const id = body.id ?? body.error.payment.id;
      await reaches(id, 'succeeded');
      expect(await effects(id)).toEqual(['authorized', 'captured']);
    },
  );

  it('that must be authenticated sends the payer to the bank, and goes on by itself when they come back', async () => {
    const returnUrl = 'https://shop.example/done';
    const { body } = await pay(4_900, { return_url: returnUrl }, '4000000003000082');
    expect(body.status).toBe('requires_action');
    await fetch(await approve(body.next_action.redirect_to_url.url), { redirect: 'manual' });
    const paid = await reaches(body.id, 'succeeded');
    expect(paid.attempts).toMatchObject([{ authentication: { liability_shift: true } }]);
    expect(await effects(body.id)).toEqual(['requires_action', 'authorized', 'captured']);
  });
});

/** Opens the page as a browser does, and presses the button. Answers where the browser is sent. */
async function approve(url: string): Promise<string> {
  const shown = await fetch(url);
  const action =
    /<form method="post" action="([^"]+)"/.exec(await shown.text())?.[1] ?? expect.fail('a form');
  const body = new URLSearchParams({ outcome: 'approve' });
  const answer = await fetch(new URL(action, shown.url), { method: 'POST', body, redirect: 'manual' });
  expect(answer.status).toBe(303);
  return answer.headers.get('location') ?? expect.fail('nowhere');
}

describe('a day at Checkout.com with breaks', () => {
  const date = new Date(Date.UTC(2001, 0, 1 + randomInt(9_000))).toISOString().slice(0, 10);

  it('is fetched, found as it was planted, and adds up with the payout', async () => {
    const sales = Array.from({ length: 9 }, (_, each) => pay(1_000 + 100 * each));
    for (const { body } of await Promise.all(sales)) await reaches(body.id, 'succeeded');
    const day = (await system.admin('checkout', 'POST', '/settlement', {
      businessDate: date,
      breaks: [
        { type: 'AMOUNT_UNDER' },
        { type: 'MISSING_IN_LEDGER' },
        { type: 'EXTERNAL_REFUND' },
        { type: 'CHARGEBACK_NEW' },
        { type: 'SECOND_CHARGEBACK' },
        { type: 'PARTIAL_CAPTURE_SPLIT' },
        { type: 'DUPLICATE_LINE' },
        { type: 'BATCH_FEE_UNALLOCATED' },
        { type: 'UNEXPECTED_FEE_TYPE' },
        { type: 'RESERVE_MOVEMENT' },
      ],
    })) as {
      planted: { type: string }[];
      unplanted: unknown[];
      rows: number;
      payouts: { amountMinor: number }[];
    };
    expect(day.unplanted).toEqual([]);
    const operator = (method: string, path: string, body?: unknown) =>
      system.request(method, path, {
        apiKey: system.operatorKeys.alice,
        ...(body === undefined ? {} : { body, key: freshKey() }),
      });
    // A report is listed by when it was made, which is now: the day that it tells about may be any.
    await operator('POST', '/v1/reconciliations', { account: 'pa_demo_checkout', business_date: date });
    const run = await waitFor(
      async () => {
        const { body } = await operator('GET', `/v1/reconciliations/pa_demo_checkout/${date}`);
        return typeof body.finished_at === 'string' ? body : undefined;
      },
      { what: 'the day to be closed', timeoutMs: 60_000 },
    );
    const report = run.report as Report;
    expect([run.status, report.rows.total]).toEqual(['closed', day.rows]);
    const found = report.breaks.flatMap(({ type, found: count }) =>
      Array.from({ length: count }, () => type),
    );
    expect(found.sort()).toEqual(day.planted.map(({ type }) => type).sort());
    expect(
      report.equation.map(({ ledger_difference_minor: off, paid_out_minor: paid }) => [off, paid]),
    ).toEqual(day.payouts.map(({ amountMinor }) => ['0', String(amountMinor)]));
  });
});
