import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createInbox } from '../../db/inbox/index.ts';
import { unreadLetters } from '../../db/letters.ts';
import {
  mustRecordRefund,
  paid,
  refunded,
  refundStep,
  stepUpon,
} from '../../db/refunds/test-support/rows.ts';
import type { OperationOutcome } from '../../domain/payment/outcome.ts';
import type { Payment } from '../../domain/payment/payment.ts';
import { decideRefundResolution } from '../../domain/refund/operate.ts';
import type { Refund } from '../../domain/refund/refund.ts';
import { type Database, openTestDatabase, step } from '../../test/attack/support/rows.ts';
import type { Dependencies } from '../dependencies.ts';
import { createReadNews } from './news.ts';

/** Letters about refunds that don't say which: they reach the refund that they are about, and nobody else. */
let database: Database;
let read: ReturnType<typeof createReadNews>;
beforeAll(async () => {
  database = await openTestDatabase();
  const believing = { named: () => ({ webhookIs: 'evidence' }) };
  read = createReadNews({ db: database.db, providers: believing } as unknown as Dependencies);
});
afterAll(() => database?.close());

const unique = () => randomBytes(6).toString('hex');
const success = (providerReference: string): OperationOutcome => ({
  type: 'refunded',
  providerReference,
  amountMinor: 400,
});
const REFUSAL: OperationOutcome = { type: 'rejected', code: 'refund_refused', message: 'No.' };

/** A refund's letter as Adyen may send it: with the payment's reference, and the refund's own name at Adyen. */
async function send(payment: Payment, providerReference: string, outcome: OperationOutcome): Promise<void> {
  const reference = payment.attempts[0]?.id ?? '';
  const evidence = { kind: 'refund' as const, reference, amountMinor: 400, currency: 'USD', outcome };
  const { stored } = await createInbox(database.db).store({
    provider: 'stripe',
    accountId: 'pa_demo_stripe',
    rawBody: new Uint8Array(),
    events: [
      { providerEventId: unique(), eventType: 'REFUND', reference, providerReference, evidence, summary: {} },
    ],
  });
  expect(stored).toBe(1);
}

/** A refund whose one try has left, and is not heard of yet. */
async function sent(payment: Payment): Promise<Refund> {
  const refund = await refunded(database, payment, { amountMinor: 400 });
  await database.sql(
    'UPDATE operation SET first_sent_at = now(), last_sent_at = now(), sends = 1 WHERE owner_id = $1',
    [refund.id],
  );
  return refund;
}

describe('a letter about a refund that names only the payment', () => {
  it('waits in the payment’s box while nobody can tell whose refund it is', async () => {
    const payment = await paid(database);
    await sent(payment);
    await send(payment, unique(), success(unique()));
    await send(payment, unique(), REFUSAL);
    // A refund that has not left yet is nothing that anybody could speak of.
    await refunded(database, payment, { amountMinor: 100 });
    expect((await read(payment.id)).facts).toEqual([]);
    expect(await unreadLetters(database.db, payment.id)).toHaveLength(2);
  });

  it('goes to the refund once its name at the provider is known, and the sweeper tells it at once', async () => {
    const payment = await paid(database);
    const refund = await sent(payment);
    const name = unique();
    await send(payment, name, success(name));
    await mustRecordRefund(database, stepUpon(refund, { type: 'pending', providerReference: name }));
    expect((await read(payment.id)).facts).toEqual([]);
    const { facts } = await read(refund.id);
    expect(facts).toMatchObject([{ type: 'evidence', outcome: success(name), providerReference: name }]);
    const [row] = await database.sql<{ due: boolean; signals: number }>(
      'SELECT next_signal_at <= now() AS due, signals FROM inbox WHERE owner_id = $1',
      [refund.id],
    );
    expect(row).toEqual({ due: true, signals: 0 });
  });

  it('stays the payment’s where it is about somebody else’s refund', async () => {
    const payment = await paid(database);
    const refund = await sent(payment);
    await mustRecordRefund(database, stepUpon(refund, success(unique())));
    const other = unique();
    await send(payment, other, success(other));
    expect((await read(payment.id)).facts).toMatchObject([
      { type: 'evidence', providerReference: other, refundsUnderWay: false },
    ]);
  });
});

describe('a letter that tells the total of what was refunded', () => {
  it('is read with what people refunded by hand, which the books know and the provider doesn’t', async () => {
    const payment = await paid(database, { route: [step('stripe', { canRefund: false })] });
    const refund = await refunded(database, payment, { amountMinor: 400 });
    const order = { cause: 'req_1', operator: 'opr_a and opr_b', reason: 'r', evidence: 'e' };
    const ruling = decideRefundResolution(refund, undefined, { type: 'refunded_by_hand' }, order, 0);
    await send(payment, 'pi_test', { type: 'refunded', providerReference: '', amountMinor: 300 });
    const told = async () =>
      (await unreadLetters(database.db, payment.id)).map(({ evidence }) => evidence?.outcome);
    expect(await told()).toMatchObject([{ amountMinor: 300 }]);
    await mustRecordRefund(
      database,
      refundStep(refund, ruling.type === 'decided' ? ruling.decision : undefined),
    );
    expect(await told()).toMatchObject([{ amountMinor: 700 }]);
  });
});
