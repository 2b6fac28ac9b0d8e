import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectAuditChain } from '../../test/attack/support/checks.ts';
import { type Database, openTestDatabase, plan } from '../../test/attack/support/rows.ts';
import { loadRefund } from './aggregate.ts';
import { refuseRefund } from './plan.ts';
import { balanceOf, paid, planRefund, refunded, requestOf } from './test-support/rows.ts';

/** Making a refund: once per id, within the bound, and refused for good where there is no room. */
let database: Database;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database?.close());

const count = async (table: string, paymentId: string) =>
  (await database.sql(`SELECT 1 FROM ${table} WHERE payment_id = $1`, [paymentId])).length;

describe('a refund is made', () => {
  it('with its reservation, its permit, its audit row and its event, and reads back as it was decided', async () => {
    const payment = await paid(database);
    const planned = await planRefund(database, payment, { key: 'a', amountMinor: 400, bodyDigest: 'one' });
    if (planned.type !== 'refund') throw new Error('refused');
    expect(planned).toMatchObject({ created: true, bodyDigest: 'one' });
    const { notBeforeMs: _none, ...operation } = planned.refund.operations[0] ?? { notBeforeMs: 0 };
    expect(await loadRefund(database.db, planned.refund.id)).toEqual({
      ...planned.refund,
      operations: [operation],
    });
    expect(await balanceOf(database, payment.id)).toEqual({
      captured: 1_000,
      reserved: 400,
      refunded: 0,
      external: 0,
    });
    const [permit] = await database.sql(
      'SELECT owner_id, kind, status, amount_minor::int, attempt_id FROM operation WHERE owner_id = $1',
      [planned.refund.id],
    );
    expect(permit).toEqual({
      owner_id: planned.refund.id,
      kind: 'refund',
      status: 'created',
      amount_minor: 400,
      attempt_id: payment.attempts[0]?.id,
    });
    expect(await expectAuditChain(database, planned.refund.id)).toHaveLength(1);
    const events = await database.sql<{ type: string }>('SELECT type FROM outbox WHERE owner_id = $1', [
      planned.refund.id,
    ]);
    expect(events).toEqual([{ type: 'refund.created' }]);
  });

  it('once, however often and however many at once ask for it', async () => {
    const payment = await paid(database);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => planRefund(database, payment, { key: 'same', amountMinor: 400 })),
    );
    const ids = answers.map((each) => (each.type === 'refund' ? each.refund.id : each.type));
    expect(new Set(ids).size).toBe(1);
    expect(answers.filter((each) => each.type === 'refund' && each.created)).toHaveLength(1);
    expect(await balanceOf(database, payment.id)).toMatchObject({ reserved: 400 });
    expect(await count('refund_reservation', payment.id)).toBe(1);
  });

  it('and tells whoever comes with another body which body it was made for', async () => {
    const payment = await paid(database);
    await planRefund(database, payment, { key: 'body', bodyDigest: 'first' });
    const second = await planRefund(database, payment, { key: 'body', bodyDigest: 'second' });
    expect(second).toMatchObject({ type: 'refund', created: false, bodyDigest: 'first' });
  });

  it('never beyond what was captured, in parallel', async () => {
    const payment = await paid(database);
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => planRefund(database, payment, { amountMinor: 40 })),
    );
    expect(answers.filter(({ type }) => type === 'refund')).toHaveLength(25);
    expect(answers.filter(({ type }) => type === 'refused')).toHaveLength(25);
    expect(await balanceOf(database, payment.id)).toMatchObject({ captured: 1_000, reserved: 1_000 });
    expect(await count('refund', payment.id)).toBe(25);
    const [{ total } = { total: 0 }] = await database.sql<{ total: number }>(
      'SELECT sum(amount_minor)::int AS total FROM refund_reservation WHERE payment_id = $1',
      [payment.id],
    );
    expect(total).toBe(1_000);
  });

  it('of odd amounts in parallel, as far as they fit', async () => {
    const payment = await paid(database);
    const amounts = [700, 600, 500, 400, 300, 200, 100];
    const answers = await Promise.all(
      amounts.map((amountMinor) => planRefund(database, payment, { amountMinor })),
    );
    const made = answers.flatMap((each) => (each.type === 'refund' ? [each.refund.amountMinor] : []));
    const total = made.reduce((sum, each) => sum + each, 0);
    expect(total).toBeLessThanOrEqual(1_000);
    expect(await balanceOf(database, payment.id)).toMatchObject({ reserved: total });
    const refused = amounts.filter((amount) => !made.includes(amount));
    expect(refused.every((amount) => amount > 1_000 - total)).toBe(true);
  });
});

describe('a refusal', () => {
  it('is kept: the same key is refused in the same words, whatever has become free since', async () => {
    const payment = await paid(database);
    const first = await planRefund(database, payment, { key: 'too much', amountMinor: 1_001 });
    expect(first).toMatchObject({ type: 'refused', refusal: { code: 'amount_too_large' } });
    await database.sql(
      'UPDATE payment_balance SET captured_minor = captured_minor + 500 WHERE payment_id = $1',
      [payment.id],
    );
    const again = await planRefund(database, payment, { key: 'too much', amountMinor: 1_001 });
    expect(again).toEqual(first);
    const [row] = await database.sql<{ answer: object; answered: boolean }>(
      'SELECT answer, answered_at IS NOT NULL AS answered FROM request WHERE id = $1',
      [requestOf(payment, 'too much').id],
    );
    expect(row).toEqual({
      answer: { refusal: first.type === 'refused' && first.refusal },
      answered: true,
    });
    expect(await count('refund', payment.id)).toBe(0);
    expect(await balanceOf(database, payment.id)).toMatchObject({ reserved: 0 });
  });

  it('meets a refund of what the payer has back from their bank, and of nothing less', async () => {
    const payment = await paid(database);
    await database.sql('UPDATE payment_balance SET charged_back_minor = 600 WHERE payment_id = $1', [
      payment.id,
    ]);
    const refusal = { code: 'charged_back', message: expect.stringContaining('600 was charged back') };
    expect(await planRefund(database, payment, { amountMinor: 401 })).toMatchObject({ refusal });
    const rest = await refunded(database, payment);
    expect(rest.amountMinor).toBe(400);
    expect(await planRefund(database, payment)).toMatchObject({ refusal });
    expect(await balanceOf(database, payment.id)).toMatchObject({ reserved: 400 });
  });

  it('of a workflow that was ended before it began holds for good, unless the refund exists', async () => {
    const payment = await paid(database);
    const gone = { code: 'refund_ended', message: 'ended' };
    const wanted = (key: string, refundId: string) => ({
      refundId,
      paymentId: payment.id,
      request: requestOf(payment, key),
    });
    const never = `ref_${'n'.repeat(26)}`;
    expect(await refuseRefund(database.db, wanted('never', never), gone)).toMatchObject({ type: 'refused' });
    const made = await refunded(database, payment, { key: 'made', amountMinor: 10 });
    expect(await refuseRefund(database.db, wanted('made', made.id), gone)).toMatchObject({
      type: 'refund',
      refund: { id: made.id },
    });
  });

  it('is not needed for a payment without a row, and none is stored', async () => {
    const ghost = await plan(database.db);
    const nobody = { ...ghost, id: `pay_${'q'.repeat(26)}` };
    expect(await planRefund(database, nobody, { key: 'ghost' })).toEqual({ type: 'no_payment' });
    expect(
      await database.sql('SELECT 1 FROM request WHERE id = $1', [requestOf(nobody, 'ghost').id]),
    ).toEqual([]);
  });
});
