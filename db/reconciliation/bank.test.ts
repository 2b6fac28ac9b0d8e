import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { classify } from '../../domain/reconciliation/classify.ts';
import { DEFAULT_POLICY } from '../../domain/reconciliation/tolerance.ts';
import { bankComparisonsOf, postBank, receiveBankLines, storeVerdicts } from './index.ts';
import { ACCOUNT, balances, capture, closeDay, type Day, openDay, payout } from './test-support/day.ts';
import { sales } from './test-support/payments.ts';

/** The third side: what the bank has seen of what providers say that they paid out. */
let day: Day;
beforeEach(async () => {
  day = await openDay();
});
afterEach(() => day?.close());

describe('the bank', () => {
  const credit = (line: number, amountMinor: number, text: string) => ({
    account: 'DE1',
    statement: '1',
    line,
    amountMinor,
    currency: 'USD',
    bookedOn: '2026-11-21',
    text,
    reversal: false,
  });
  const settle = async (lines: ReturnType<typeof credit>[]) => {
    const { run } = await closeDay(day, [capture(2, 'pi_1'), payout(3, 941)]);
    await receiveBankLines(day.pool, 'mer_demo', lines);
    const judge = async () => {
      for await (const page of bankComparisonsOf(day.pool, run))
        await storeVerdicts(
          day.pool,
          run,
          page.map((comparison) => ({ comparison, classified: classify(comparison, DEFAULT_POLICY) })),
        );
      await postBank(day.pool, run);
    };
    await judge();
    return judge;
  };

  it('confirms a payout that its text names, and books it out of transit, once', async () => {
    await sales(day, 'pi_1');
    const again = await settle([credit(1, 941, 'STRIPE PAYOUT PO_1')]);
    await again();
    const after = await balances(day);
    expect(after['bank/mer_demo USD']).toBe(941);
    expect(after[`bank_in_transit/${ACCOUNT} USD`]).toBeUndefined();
    const open = await day.database.sql('SELECT kind FROM exception WHERE closed_at IS NULL');
    expect(open).toEqual([]);
  });

  it('that says less, or something that no payout explains, opens a case; what is unexplained waits in suspense', async () => {
    await sales(day, 'pi_1');
    await settle([credit(1, 900, 'po_1'), credit(2, 77, 'a gift')]);
    const open = await day.database.sql('SELECT kind FROM exception WHERE closed_at IS NULL ORDER BY 1');
    expect(open).toEqual([{ kind: 'payout_bank_mismatch' }, { kind: 'unidentified_bank_credit' }]);
    const after = await balances(day);
    expect(after).toMatchObject({
      'bank/mer_demo USD': 977,
      [`bank_in_transit/${ACCOUNT} USD`]: 41,
      'suspense/mer_demo USD': -77,
    });
  });
});
