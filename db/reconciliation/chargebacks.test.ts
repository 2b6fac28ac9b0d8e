import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Payment } from '../../domain/payment/payment.ts';
import type { RowType } from '../../domain/reconciliation/row.ts';
import { loadPayment } from '../aggregate.ts';
import { lateSuccessNotUndone, refunded } from '../refunds/test-support/rows.ts';
import { computeNext, noteChanges } from '../rollups/index.ts';
import { recordChargebacks } from './chargebacks.ts';
import { capture, closeDay, type Day, openDay, verdicts } from './test-support/day.ts';
import { charged, sale } from './test-support/payments.ts';

/** What payers' banks took back, on the balances of the payments that files speak of: counted, told, and added up. */
let day: Day;
let payment: Payment;
beforeEach(async () => {
  day = await openDay();
  payment = await sale(day, charged('pi_1'));
});
afterEach(() => day?.close());

const posted = (date: string, type: RowType, grossMinor: number) =>
  closeDay(day, [capture(2, 'pi_1', { type, grossMinor, feeMinor: 0 })], { date, name: date });

async function disputed(date: string, type: RowType, grossMinor: number): Promise<number> {
  const { run } = await posted(date, type, grossMinor);
  return recordChargebacks(day.database.db, run);
}

const events = () =>
  day.database.sql<{ id: string; type: string; event_sequence: number; charged_back: number | null }>(
    `SELECT id, type, event_sequence, (payload->>'amountChargedBackMinor')::int AS charged_back FROM outbox
     WHERE payment_id = $1 ORDER BY transaction_id, position`,
    [payment.id],
  );

describe('a chargeback', () => {
  it('is told once, and so is what is won again, and what is taken after that', async () => {
    const { run } = await posted('2026-11-20', 'chargeback', -600);
    expect(await recordChargebacks(day.database.db, run)).toBe(1);
    expect(await recordChargebacks(day.database.db, run)).toBe(0);
    expect(await disputed('2026-11-21', 'chargeback_reversed', 600)).toBe(1);
    expect(await disputed('2026-11-22', 'second_chargeback', -500)).toBe(1);
    const [paid, ...told] = await events();
    const stem = payment.id.slice('pay_'.length);
    expect(paid).toMatchObject({ type: 'payment.succeeded', event_sequence: 1 });
    expect(told).toEqual([
      { id: `evt_${stem}_2_chargeback`, type: 'payment.charged_back', event_sequence: 2, charged_back: 600 },
      {
        id: `evt_${stem}_3_chargeback`,
        type: 'payment.chargeback_reversed',
        event_sequence: 3,
        charged_back: null,
      },
      { id: `evt_${stem}_4_chargeback`, type: 'payment.charged_back', event_sequence: 4, charged_back: 500 },
    ]);
  });

  it('is told to a person where it exceeds, with what refunds hold, what was captured: each time anew', async () => {
    await refunded(day.database, payment, { amountMinor: 500 });
    const excess = () =>
      day.database.sql<{ summary: string; open: boolean }>(
        `SELECT summary, closed_at IS NULL AS open FROM exception WHERE kind = 'refund_excess'`,
      );
    await disputed('2026-11-20', 'chargeback', -500);
    expect(await excess()).toEqual([]);
    await disputed('2026-11-21', 'chargeback', -100);
    expect(await excess()).toMatchObject([{ summary: expect.stringContaining('by 100'), open: true }]);
    await day.database.sql(`UPDATE exception SET closed_at = now(), resolution = 'seen'`);
    await disputed('2026-11-22', 'chargeback_reversed', 50);
    expect(await excess()).toMatchObject([{ open: false }]);
    await disputed('2026-11-23', 'second_chargeback', -50);
    expect(await excess()).toMatchObject([{ summary: expect.stringContaining('by 100'), open: true }]);
  });

  it('of a late success that is not undone takes nothing of the payment that counts', async () => {
    const late = await lateSuccessNotUndone(day.database, 'pi_late');
    const takenBack = async (date: string, grossMinor: number) => {
      const line = capture(2, 'pi_late', { type: 'chargeback', grossMinor, feeMinor: 0 });
      const { run, file } = await closeDay(day, [line], { date, name: date });
      expect(await verdicts(day, file.id)).toEqual({ 2: 'CHARGEBACK_NEW' });
      return recordChargebacks(day.database.db, run);
    };
    expect(await takenBack('2026-11-20', -600)).toBe(0);
    expect(await loadPayment(day.database.db, late.id)).not.toHaveProperty('amountChargedBackMinor');
    // As an earlier release counted it: what comes next of the payment puts it right.
    await day.database.sql('UPDATE payment_balance SET charged_back_minor = 600 WHERE payment_id = $1', [
      late.id,
    ]);
    expect(await takenBack('2026-11-21', -400)).toBe(1);
    expect((await refunded(day.database, late)).amountMinor).toBe(1_000);
    expect(await day.database.sql(`SELECT 1 FROM exception WHERE kind = 'refund_excess'`)).toEqual([]);
  });

  it('reaches the figures, although its file was added up before', async () => {
    const keepUp = async () => {
      await noteChanges(day.pool);
      while ((await computeNext(day.pool)).more);
      const [cell] = await day.database.sql<{ charged_back: number }>(
        `SELECT sum(charged_back_minor)::int AS charged_back FROM rollup_cell WHERE level = 'full' AND grain = 'hour'`,
      );
      return cell?.charged_back;
    };
    const { run } = await posted('2026-11-20', 'chargeback', -600);
    expect(await keepUp()).toBe(0);
    await recordChargebacks(day.database.db, run);
    expect(await keepUp()).toBe(600);
  });
});
