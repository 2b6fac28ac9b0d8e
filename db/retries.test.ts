import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Decline } from '../domain/payment/outcome.ts';
import type { Payment, PaymentRetryPlan } from '../domain/payment/payment.ts';
import { decideScheduledRetry } from '../domain/payment/retry.ts';
import { transitionOf } from '../domain/payment/transition.ts';
import {
  type Database,
  draft,
  mustRecord,
  openTestDatabase,
  plan,
  step,
  stepAfter,
} from '../test/attack/support/rows.ts';
import { loadPayment } from './aggregate.ts';
import { HISTORY_AT_MOST, loadPayerFacts, type PayerQuestion } from './configuration.ts';
import { recordTransition } from './record.ts';
import { restingOwners } from './sweep.ts';

let database: Database;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(async () => {
  await database?.close();
});

const HOUR = 3_600_000;
const PLAN: PaymentRetryPlan = { maxAttempts: 2, failOverAfter: [], laterMs: [HOUR], timeScale: 1 };
const declined = (over: Partial<Decline> = {}) => ({
  type: 'declined' as const,
  decline: { reason: 'insufficient_funds' as const, providerCode: 'x', message: 'no', ...over },
});

let cards = 0;
async function card(brand = 'visa'): Promise<string> {
  cards += 1;
  const id = `pm_${cards}`;
  await database.sql(
    `INSERT INTO payment_method (id, merchant_id, mode, type, brand, last4, bin, fingerprint, exp_month, exp_year, sealed_card)
     VALUES ($1, 'mer_1', 'test', 'card', $2, '4242', '424242', $3, 1, 2040, '\\x00')`,
    [id, brand, `fp_${cards}`],
  );
  return id;
}

const offSession = async (over: Partial<Payment> = {}) =>
  plan(
    database.db,
    draft({
      merchantId: 'mer_1',
      mode: 'test',
      paymentMethodId: await card(),
      completeByMs: Date.UTC(9999, 0),
      retryPlan: PLAN,
      authentication: { asked: { request: 'automatic' }, reasons: [], offSession: true },
      ...over,
    }),
  );

describe('a payment that waits for its next try', () => {
  it('is read back as it waits, and is not taken for stuck until its time is well over', async () => {
    const before = await offSession();
    const transition = stepAfter(before, declined());
    await mustRecord(database.db, transition);
    const read = await loadPayment(database.db, before.id);
    expect(read).toEqual(transition.payment);
    expect(read).toMatchObject({ status: 'processing', retryPlan: PLAN });
    const rests = async () =>
      (await restingOwners(database.db, -1, '', 1_000)).find(({ ownerId }) => ownerId === before.id)
        ?.underWay;
    expect(await rests()).toBe(false);
    await database.sql(`UPDATE payment SET next_retry_at = now() - interval '1 hour' WHERE id = $1`, [
      before.id,
    ]);
    expect(await rests()).toBe(true);
  });

  it('keeps the explanation of its first route, and of each round with the attempt that begins it', async () => {
    const before = await offSession();
    const waiting = stepAfter(before, declined());
    await mustRecord(database.db, waiting);
    const dueMs = waiting.payment.nextRetryAtMs ?? 0;
    const decision = decideScheduledRetry(waiting.payment, dueMs, { route: [step('adyen')] }, dueMs);
    if (decision === undefined) throw new Error('nothing was decided');
    const trigger = { type: 'scheduled_retry', actor: 'timer' };
    const transition = transitionOf(waiting.payment, decision, trigger, Date.now());
    // The row holds whatever it is given; what a routing looks like is tested where it is made.
    const explanation = { format: 2, order: ['pa_demo_adyen'] } as never;
    await recordTransition(database.db, transition, { explanation });
    expect(
      await database.sql('SELECT attempt_id, document FROM retry_explanation WHERE payment_id = $1', [
        before.id,
      ]),
    ).toEqual([{ attempt_id: transition.payment.attempts[1]?.id, document: explanation }]);
    expect(await database.sql('SELECT 1 FROM route_explanation WHERE payment_id = $1', [before.id])).toEqual(
      [],
    );
    expect(await loadPayment(database.db, before.id)).toEqual(transition.payment);
  });
});

describe('the declines of one card', () => {
  const question = (payment: Payment, over: Partial<PayerQuestion> = {}): PayerQuestion => ({
    merchantId: 'mer_1',
    mode: 'test',
    paymentMethodId: payment.paymentMethodId,
    amountMinor: payment.amountMinor,
    currency: payment.currency,
    merchantInitiated: true,
    ...over,
  });
  const countOf = async (payment: Payment, over: Partial<PayerQuestion> = {}) =>
    (await loadPayerFacts(database.db, question(payment, over)))?.declines.length;

  it('are counted once each, however often their step is written', async () => {
    const before = await offSession();
    const transition = stepAfter(before, declined({ networkCode: '51', adviceCode: '02' }));
    await Promise.all(Array.from({ length: 10 }, () => recordTransition(database.db, transition, {})));
    const facts = await loadPayerFacts(database.db, question(before));
    expect(facts?.declines).toEqual([{ atMs: expect.any(Number), networkCode: '51', adviceCode: '02' }]);
  });

  it('are of one transaction for Visa: the same amount, currency and initiator', async () => {
    const before = await offSession();
    await mustRecord(database.db, stepAfter(before, declined()));
    expect(await countOf(before)).toBe(1);
    expect(await countOf(before, { amountMinor: before.amountMinor + 1 })).toBe(0);
    expect(await countOf(before, { currency: 'JPY' })).toBe(0);
    expect(await countOf(before, { merchantInitiated: false })).toBe(0);
  });

  it('are of the card alone for Mastercard', async () => {
    const before = await offSession({ paymentMethodId: await card('mastercard') });
    await mustRecord(database.db, stepAfter(before, declined()));
    expect(await countOf(before, { amountMinor: 1, merchantInitiated: false })).toBe(1);
  });

  it('of test mode are not the live card’s', async () => {
    const before = await offSession();
    await mustRecord(database.db, stepAfter(before, declined()));
    await database.sql(
      `INSERT INTO payment_method (id, merchant_id, mode, type, brand, last4, bin, fingerprint, exp_month, exp_year, sealed_card)
       SELECT 'pm_live', merchant_id, 'live', type, brand, last4, bin, fingerprint, exp_month, exp_year, sealed_card
       FROM payment_method WHERE id = $1`,
      [before.paymentMethodId],
    );
    expect(await countOf(before)).toBe(1);
    expect(await countOf(before, { mode: 'live', paymentMethodId: 'pm_live' })).toBe(0);
  });

  it('are forgotten after thirty days, and cannot be rewritten', async () => {
    const before = await offSession();
    await database.sql(
      `INSERT INTO card_decline (attempt_id, payment_id, mode, fingerprint, amount_minor, currency, merchant_initiated, declined_at)
       SELECT 'att_old', 'pay_old', mode, fingerprint, $2, $3, true, now() - interval '31 days' FROM payment_method WHERE id = $1`,
      [before.paymentMethodId, before.amountMinor, before.currency],
    );
    expect(await countOf(before)).toBe(0);
    await expect(database.asApplication(`UPDATE card_decline SET network_code = '00'`)).rejects.toThrow();
    await expect(database.asApplication('DELETE FROM card_decline')).rejects.toThrow();
  });
});

describe('a customer’s history', () => {
  it('is of this merchant’s customer, by name or by the card', async () => {
    const id = await card();
    await database.sql(
      `INSERT INTO customer (id, merchant_id, mode, created_at) VALUES ('cus_1', 'mer_1', 'test', '2026-01-01'), ('cus_2', 'mer_2', 'test', now())`,
    );
    for (const customerId of ['cus_1', 'cus_1', undefined])
      await plan(database.db, draft(customerId === undefined ? {} : { customerId }));
    const history = async (customerId?: string) => {
      const facts = await loadPayerFacts(database.db, {
        merchantId: 'mer_1',
        mode: 'test',
        paymentMethodId: id,
        amountMinor: 1,
        currency: 'USD',
        merchantInitiated: false,
        ...(customerId === undefined ? {} : { customerId }),
      });
      return facts?.history;
    };
    expect(await history()).toBeUndefined();
    expect(await history('cus_2')).toBeUndefined();
    const firstSeenMs = Date.UTC(2026, 0, 1);
    expect(await history('cus_1')).toEqual({ paymentsSucceeded: 0, paymentsFailed: 0, firstSeenMs });
    await database.sql('ALTER TABLE payment DISABLE TRIGGER payment_guard');
    await database.sql(`UPDATE payment SET status = 'succeeded' WHERE customer_id = 'cus_1'`);
    await database.sql('ALTER TABLE payment ENABLE TRIGGER payment_guard');
    await database.sql('UPDATE payment_method SET customer_id = $2 WHERE id = $1', [id, 'cus_1']);
    expect(await history()).toEqual({ paymentsSucceeded: 2, paymentsFailed: 0, firstSeenMs });
    await database.sql(
      `INSERT INTO payment SELECT (jsonb_populate_record(NULL::payment, to_jsonb(p) || jsonb_build_object('id', 'pay_copy_' || n, 'status',
         CASE WHEN n % 3 = 0 THEN 'failed' ELSE 'succeeded' END))).*
       FROM (SELECT * FROM payment WHERE customer_id = 'cus_1' LIMIT 1) p, generate_series(1, $1::int) n`,
      [HISTORY_AT_MOST * 2],
    );
    expect(await history('cus_1')).toMatchObject({
      paymentsSucceeded: HISTORY_AT_MOST,
      paymentsFailed: Math.floor((HISTORY_AT_MOST * 2) / 3),
    });
  });
});
