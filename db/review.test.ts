import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { routed } from '../domain/payment/commands.ts';
import type { Payment } from '../domain/payment/payment.ts';
import { decideRelease } from '../domain/payment/review.ts';
import { transitionOf } from '../domain/payment/transition.ts';
import { type Database, draft, mustRecord, openTestDatabase, plan } from '../test/attack/support/rows.ts';
import { loadPayment } from './aggregate.ts';
import { storePlan } from './plan.ts';

let database: Database;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(async () => {
  await database?.close();
});

const LATER_MS = Date.now() + 86_400_000;

async function held(): Promise<Payment> {
  const before = draft();
  const decision = routed(before, 'first', { review: ['large'] });
  const transition = transitionOf(before, decision, { type: 'created', actor: 'test' }, Date.now());
  const request = { id: `req_${before.id}`, path: 'POST /v1/payments', idempotencyKey: 'k', bodyDigest: 'd' };
  await storePlan(database.db, transition, request, undefined);
  const stored = await loadPayment(database.db, before.id);
  if (stored === undefined) throw new Error('not stored');
  return stored;
}

const exceptions = (payment: Payment) =>
  database.sql<{ open: boolean }>(
    `SELECT closed_at IS NULL AS open FROM exception WHERE kind = 'payment_review' AND subject_id = $1`,
    [payment.id],
  );

describe('a payment that is held for a review', () => {
  it('is stored with the exception that tells a person, by its plan', async () => {
    const payment = await held();
    expect(payment).toMatchObject({ status: 'requires_review', attempts: [] });
    expect(await exceptions(payment)).toEqual([{ open: true }]);
  });

  it('is released with a later time, and the exception is closed in the same step', async () => {
    const payment = await held();
    const order = { cause: 'req_1', operator: 'opr_alice', reason: 'looked', sendByMs: LATER_MS };
    const ruling = decideRelease(payment, order);
    if (ruling.type !== 'decided') throw new Error('refused');
    const trigger = { type: 'operator_release', actor: 'operator:opr_alice' };
    await mustRecord(database.db, transitionOf(payment, ruling.decision, trigger, Date.now()));
    expect(await loadPayment(database.db, payment.id)).toMatchObject({
      completeByMs: LATER_MS,
      attempts: [{ operations: [{ sendByMs: LATER_MS }] }],
    });
    expect(await exceptions(payment)).toEqual([{ open: false }]);
  });

  it('gets no earlier time, nor does one that has been at a provider get another', async () => {
    const payment = await held();
    const move = (id: string, by: string) =>
      database.asApplication(
        `UPDATE payment SET complete_by = complete_by ${by} interval '1 hour' WHERE id = $1`,
        [id],
      );
    await expect(move(payment.id, '-')).rejects.toThrow(/does not change/);
    const sent = await plan(database.db);
    await database.asApplication(
      `UPDATE payment SET status = 'requires_review', sequence = sequence + 1 WHERE id = $1`,
      [sent.id],
    );
    await expect(move(sent.id, '+')).rejects.toThrow(/does not change/);
    await move(payment.id, '+');
  });
});
