import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { proposeAll, stakes } from './test-support/cases.ts';
import { ACCOUNT, balances, capture, closeDay, type Day, openDay, payout } from './test-support/day.ts';
import { sales } from './test-support/payments.ts';

/** Cases whose money has gone where it belongs: nobody can move it a second time. */
let day: Day;
beforeEach(async () => {
  day = await openDay();
});
afterEach(() => day?.close());

const RECEIVABLE = `provider_receivable/${ACCOUNT} USD`;
const later = (name: string, date: string) => closeDay(day, [payout(2, 1, name)], { name, date });
const open = () => day.database.sql('SELECT kind FROM exception WHERE closed_at IS NULL');

describe('a case whose money a run has moved', () => {
  it('ends, also where something was proposed for it: its line has its booking', async () => {
    await closeDay(day, [capture(2, 'pi_early')]);
    await proposeAll(day);
    await sales(day, 'pi_early');
    await later('b', '2026-11-21');
    expect(await open()).toEqual([]);
    const after = await balances(day);
    expect([after['suspense/mer_demo USD'], after[RECEIVABLE]]).toEqual([undefined, undefined]);
    expect((await stakes(day))[0]?.stakes).toMatchObject([{ amountMinor: 0 }]);
  });

  it.each([false, true])('ends once the rest of its booking has come, proposed: %s', async (isProposed) => {
    await sales(day, 'pi_1');
    await closeDay(day, [capture(2, 'pi_1', { grossMinor: 600 })]);
    if (isProposed) await proposeAll(day);
    await later('b', '2026-11-21');
    expect(await open()).toEqual([{ kind: 'amount_under' }]);
    await closeDay(day, [capture(2, 'pi_1', { grossMinor: 400 })], { name: 'c', date: '2026-11-22' });
    await later('d', '2026-11-23');
    expect(await open()).toEqual([]);
    expect((await balances(day))[RECEIVABLE]).toBeUndefined();
  });

  it.each<[string, readonly (readonly number[])[]]>([
    ['in files of their own', [[500], [300]]],
    ['in one file', [[500, 300]]],
  ])('is one case of what is still owed, whatever came in parts: %s', async (_what, files) => {
    await sales(day, 'pi_1');
    for (const [index, amounts] of files.entries()) {
      const rows = amounts.map((grossMinor, at) => capture(at + 2, 'pi_1', { grossMinor }));
      await closeDay(day, rows, { name: `a${index}`, date: `2026-11-2${index}` });
      await proposeAll(day);
    }
    await later('b', '2026-11-22');
    const waiting = await day.database.sql(
      'SELECT amount_minor::int AS amount FROM exception WHERE closed_at IS NULL',
    );
    expect(waiting).toEqual([{ amount: 200 }]);
    expect((await balances(day))[RECEIVABLE]).toBe(200);
    await closeDay(day, [capture(2, 'pi_1', { grossMinor: 200 })], { name: 'c', date: '2026-11-23' });
    await later('d', '2026-11-24');
    expect(await open()).toEqual([]);
  });

  it.each([false, true])('ends once a file has its overdue booking, proposed: %s', async (isProposed) => {
    await sales(day, 'pi_1');
    await closeDay(day, [payout(2, 1, 'a')], { date: '2026-12-20' });
    expect(await open()).toEqual([{ kind: 'missing_in_file_overdue' }]);
    if (isProposed) await proposeAll(day);
    await closeDay(day, [capture(2, 'pi_1')], { name: 'b', date: '2026-12-21' });
    expect(await open()).toEqual([]);
    expect((await balances(day))[RECEIVABLE]).toBeUndefined();
  });

  it('stays where the money of a line against its type waits, though its booking is settled since', async () => {
    await sales(day, 'pi_1');
    await closeDay(day, [capture(2, 'pi_1', { grossMinor: -1_000 })]);
    await closeDay(day, [capture(2, 'pi_1')], { name: 'b', date: '2026-11-21' });
    await later('c', '2026-11-22');
    expect(await open()).toEqual([{ kind: 'amount_under' }]);
  });
});
