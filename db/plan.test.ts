import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectAuditChain } from '../test/attack/support/checks.ts';
import {
  captured,
  type Database,
  draft,
  mustRecord,
  openTestDatabase,
  plan,
  planned,
  requestOf,
  step,
  stepAfter,
} from '../test/attack/support/rows.ts';
import { loadPayment } from './aggregate.ts';
import { bumpGeneration } from './generations.ts';
import { insertShell, storedDigest, storePlan } from './plan.ts';

let database: Database;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database?.close());

const count = async (table: string, paymentId: string) => {
  const column = { payment: 'id', request: 'subject_id' }[table] ?? 'payment_id';
  const rows = await database.sql<{ n: number }>(
    `SELECT count(*)::int AS n FROM ${table} WHERE ${column} = $1`,
    [paymentId],
  );
  return rows[0]?.n;
};

describe('planning a payment', () => {
  it('fifty times at once, with other health each time, stores one route, and all read it back', async () => {
    const order = draft();
    const routes = [
      [step('stripe'), step('adyen')],
      [step('adyen'), step('stripe')],
      [step('adyen')],
      [step('stripe', { visibilityHorizonMs: 7 })],
      [],
    ];
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, index) => {
        const payment = { ...order, route: routes[index % routes.length] ?? [] };
        return storePlan(database.db, planned(payment), requestOf(payment, `digest ${index}`), undefined);
      }),
    );
    expect(results.filter((each) => each.created)).toHaveLength(1);
    const stored = await loadPayment(database.db, order.id);
    for (const { payment, bodyDigest } of results) {
      expect(payment).toEqual(stored);
      expect(bodyDigest).toBe(results.find((each) => each.created)?.bodyDigest);
    }
    const attempts = stored?.route.length === 0 ? 0 : 1;
    for (const [table, rows] of [
      ['payment', 1],
      ['request', 1],
      ['attempt', attempts],
      ['operation', attempts],
      ['payment_balance', 1],
      ['audit', 1],
    ] as const)
      expect([table, await count(table, order.id)]).toEqual([table, rows]);
    await expectAuditChain(database, order.id);
  });

  it('again after the payment has moved on reads back where it stands', async () => {
    const order = draft();
    const done = await mustRecord(database.db, stepAfter(await plan(database.db, order), captured()));
    const again = { ...order, route: [step('adyen')] };
    const result = await storePlan(database.db, planned(again), requestOf(again, 'another body'), undefined);
    expect(result).toMatchObject({ created: false, bodyDigest: 'digest', payment: { status: 'succeeded' } });
    expect(result.payment.sequence).toBe(done.sequence);
    expect(result.payment.route.map((each) => each.provider)).toEqual(['stripe', 'adyen']);
  });

  it('of an older generation reads back the newer one, so that it stops unsent', async () => {
    const order = draft();
    await plan(database.db, order);
    await bumpGeneration(database.db, order.id, 1);
    const late = await storePlan(database.db, planned(order), requestOf(order), undefined);
    expect(late).toMatchObject({ created: false, payment: { generation: 2 } });
  });

  it('writes nothing when one part fails', async () => {
    const order = draft();
    const transition = planned(order);
    const [operation] = transition.operations;
    const twice = { ...transition, operations: operation === undefined ? [] : [operation, operation] };
    await expect(storePlan(database.db, twice, requestOf(order), undefined)).rejects.toThrow();
    for (const table of ['payment', 'request', 'attempt', 'operation', 'payment_balance', 'audit', 'outbox'])
      expect([table, await count(table, order.id)]).toEqual([table, 0]);
    expect((await storePlan(database.db, transition, requestOf(order), undefined)).created).toBe(true);
  });
});

describe('a shell for a payment that was ended before it was planned', () => {
  const orderOf = (payment: ReturnType<typeof draft>) => {
    const { id: requestId, ...request } = requestOf(payment, 'body');
    const { merchantId, mode, amountMinor, currency, captureMethod, completeByMs, metadata } = payment;
    return {
      request: { requestId, ...request },
      ...{ merchantId, mode, amountMinor, currency, captureMethod, completeByMs, metadata },
    };
  };

  it('is canceled at generation 2, and a late plan reads it back', async () => {
    const order = draft();
    const shell = await insertShell(database.db, order.id, orderOf(order));
    expect(shell).toMatchObject({ status: 'canceled', generation: 2, attempts: [] });
    const late = await storePlan(database.db, planned(order), requestOf(order), undefined);
    expect(late).toMatchObject({ created: false, payment: { generation: 2, status: 'canceled' } });
    expect(await count('operation', order.id)).toBe(0);
    expect(await storedDigest(database.db, requestOf(order).id)).toBe('body');
    await expectAuditChain(database, order.id);
  });

  it('and a plan, racing, leave one of the two, whole', async () => {
    for (let round = 0; round < 10; round += 1) {
      const order = draft();
      const [shell, late] = await Promise.all([
        insertShell(database.db, order.id, orderOf(order)),
        storePlan(database.db, planned(order), requestOf(order), undefined),
      ]);
      expect(shell.generation).toBe(late.payment.generation);
      expect(await count('operation', order.id)).toBe(shell.generation === 2 ? 0 : 1);
      await expectAuditChain(database, order.id);
    }
  });
});
