import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { duplicatedBy } from '../domain/names.ts';
import type { Payment } from '../domain/payment/payment.ts';
import { expectAuditChain } from '../test/attack/support/checks.ts';
import {
  type Database,
  draft,
  openTestDatabase,
  planned,
  requestOf,
  step,
} from '../test/attack/support/rows.ts';
import { isPaidOtherwise } from './challenges.ts';
import { storePlan } from './plan.ts';

let database: Database;
beforeAll(async () => {
  database = await openTestDatabase();
  await database.sql(
    `INSERT INTO merchant (id, name, duplicate_reference_guard) VALUES ('mer_guarded', 'G', true), ('mer_open', 'O', false)`,
  );
});
afterAll(() => database?.close());

const order = (reference: string, merchantId = 'mer_guarded'): Payment =>
  draft({ merchantId, reference, route: [step('stripe')] });
const plan = (payment: Payment) =>
  storePlan(database.db, planned(payment), requestOf(payment, 'digest'), undefined);
const setStatus = (id: string, status: string) =>
  database.sql(
    `UPDATE payment SET status = $2, sequence = sequence + 1, updated_at = clock_timestamp() WHERE id = $1`,
    [id, status],
  );
const operations = async (id: string) =>
  (
    await database.sql<{ n: number }>(`SELECT count(*)::int AS n FROM operation WHERE payment_id = $1`, [id])
  )[0]?.n;

describe('two payments of one order', () => {
  it('twenty at once: one is planned, the others are canceled unsent and name it', async () => {
    const orders = Array.from({ length: 20 }, () => order('raced'));
    const results = await Promise.all(orders.map(plan));
    const alive = results.filter(({ payment }) => payment.status !== 'canceled');
    expect(alive).toHaveLength(1);
    const winner = alive[0]?.payment.id;
    for (const { payment } of results) {
      if (payment.id === winner) continue;
      expect(duplicatedBy(payment.cancellationReason)).toBe(winner);
      expect([payment.attempts, await operations(payment.id)]).toEqual([[], 0]);
      await expectAuditChain(database, payment.id);
    }
    // A repeat of the plan, with the reference free again or not, answers what is stored.
    const repeated = await Promise.all(orders.map(plan));
    expect(repeated.map(({ payment }) => payment.status)).toEqual(
      results.map(({ payment }) => payment.status),
    );
  });

  it('one after another: the reference is free once the first has come to nothing, and only then', async () => {
    const first = await plan(order('later'));
    expect((await plan(order('later'))).payment.status).toBe('canceled');
    await setStatus(first.payment.id, 'failed');
    const second = await plan(order('later'));
    expect(second.payment.status).toBe('processing');
    // Whoever comes back to the first, late, must not pay once more: the order is paid for once the second has succeeded.
    expect(await isPaidOtherwise(database.db, first.payment.id)).toBe(false);
    await setStatus(second.payment.id, 'succeeded');
    expect(await isPaidOtherwise(database.db, first.payment.id)).toBe(true);
    const third = await plan(order('later'));
    expect(duplicatedBy(third.payment.cancellationReason)).toBe(second.payment.id);
  });

  it('also where the first was planned before the guard was on', async () => {
    const first = await plan(order('before', 'mer_open'));
    await database.sql(`UPDATE merchant SET duplicate_reference_guard = true WHERE id = 'mer_open'`);
    const second = await plan(order('before', 'mer_open'));
    expect(duplicatedBy(second.payment.cancellationReason)).toBe(first.payment.id);
    await database.sql(`UPDATE merchant SET duplicate_reference_guard = false WHERE id = 'mer_open'`);
    expect((await plan(order('before', 'mer_open'))).payment.status).toBe('processing');
  });

  it('of two merchants, or of two references, have nothing to do with each other', async () => {
    const statuses = await Promise.all(
      [
        order('mine'),
        order('mine', 'mer_open'),
        order('mine 2'),
        draft({ merchantId: 'mer_guarded', route: [step('stripe')] }),
      ].map(async (each) => (await plan(each)).payment.status),
    );
    expect(statuses).toEqual(Array(4).fill('processing'));
  });
});
