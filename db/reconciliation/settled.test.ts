import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SettlementRow } from '../../domain/reconciliation/row.ts';
import { postFile, refreshBookings, stageFile } from './index.ts';
import { proposeAll } from './test-support/cases.ts';
import {
  ACCOUNT,
  balances,
  capture,
  classifyDay,
  closeDay,
  type Day,
  openDay,
  payout,
  receive,
  row,
  stage,
  startDay,
  verdicts,
} from './test-support/day.ts';
import { sales } from './test-support/payments.ts';

/** Which lines count for a booking, and which only seem to. */
let day: Day;
beforeEach(async () => {
  day = await openDay();
});
afterEach(() => day?.close());

const RECEIVABLE = `provider_receivable/${ACCOUNT} USD`;
const openKinds = async () =>
  (
    await day.database.sql<{ kind: string }>('SELECT kind FROM exception WHERE closed_at IS NULL ORDER BY id')
  ).map(({ kind }) => kind);

describe('a line against its type', () => {
  const taken = { grossMinor: -1_000, feeMinor: -59, netMinor: -941, fees: [] };

  it.each<[string, Partial<SettlementRow>]>([
    ['a capture that takes money', { ...taken }],
    ['one that nobody booked', { ...taken, providerReference: 'pi_nobody' }],
    ['a refund that gives some', { type: 'refund', grossMinor: 1_000, feeMinor: 0 }],
    ['a refund that comes back and takes', { type: 'refund_reversed', grossMinor: -1_000, feeMinor: 0 }],
  ])('settles nothing and is a break, its money waits in suspense: %s', async (_what, over) => {
    await sales(day, 'pi_1');
    const { file } = await closeDay(day, [capture(2, 'pi_1', over)]);
    expect(await verdicts(day, file.id)).toEqual({ 2: 'AMOUNT_UNDER' });
    const after = await balances(day);
    expect(after[RECEIVABLE]).toBe(1_000);
    expect(after['suspense/mer_demo USD']).toBe((over.grossMinor ?? 0) < 0 ? 1_000 : -1_000);
    expect(await openKinds()).toEqual(['amount_under']);
  });

  it('is no news for a payment whose outcome is not known', async () => {
    await sales(day, 'pi_1');
    const run = await startDay(day);
    await refreshBookings(day.pool, run);
    await day.database.sql(`UPDATE booking SET status = 'unknown'`);
    const rows = [capture(2, 'pi_1', taken)];
    const file = await receive(day, rows);
    await stage(day, run, file, rows);
    await classifyDay(day, run);
    expect(await verdicts(day, file.id)).toEqual({ 2: 'AMOUNT_UNDER' });
  });

  it('takes no room from the line that settles the booking, before or after it', async () => {
    await sales(day, 'pi_1', 'pi_2');
    const { file } = await closeDay(day, [
      capture(2, 'pi_1', taken),
      capture(3, 'pi_1'),
      capture(4, 'pi_2'),
      capture(5, 'pi_2', taken),
    ]);
    expect(await verdicts(day, file.id)).toEqual({
      2: 'AMOUNT_UNDER',
      3: 'clean',
      4: 'clean',
      5: 'AMOUNT_UNDER',
    });
    expect((await balances(day))[RECEIVABLE]).toBeUndefined();
  });
});

describe('an exchange', () => {
  const exchanged = (exchangeRate: string, wholeMinor: number) => ({
    settlementCurrency: 'EUR',
    exchangeRate,
    feeMinor: 20,
    netMinor: wholeMinor - 20,
    fees: [],
  });

  it.each<[string, Partial<SettlementRow>, string]>([
    ['to the unit', exchanged('0.9234', 923), 'clean'],
    ['within what a short rate hides', exchanged('0.92', 927), 'clean'],
    ['short of half of it', exchanged('0.92', 420), 'FX_RATE_VARIANCE'],
    ['a hundredfold too much', exchanged('0.92', 92_000), 'FX_RATE_VARIANCE'],
    ['into a currency of no decimals', { ...exchanged('150.25', 1_503), settlementCurrency: 'JPY' }, 'clean'],
    [
      'into one of three, short',
      { ...exchanged('0.3075', 307), settlementCurrency: 'KWD' },
      'FX_RATE_VARIANCE',
    ],
  ])('is held against the rate that the line says itself: %s', async (_what, over, verdict) => {
    await sales(day, 'pi_1');
    const { file } = await closeDay(day, [capture(2, 'pi_1', over)]);
    expect(await verdicts(day, file.id)).toEqual({ 2: verdict });
  });

  it('that is short waits in suspense, and a case says by how much', async () => {
    await sales(day, 'pi_1');
    await closeDay(day, [capture(2, 'pi_1', exchanged('0.92', 420))]);
    expect(await balances(day)).toMatchObject({
      [`fx/${ACCOUNT} EUR`]: -920,
      'suspense/mer_demo EUR': 500,
    });
    const [stake] = await day.database.sql(`SELECT kind, amount_minor::int AS amount FROM exception`);
    expect(stake).toEqual({ kind: 'fx_rate_variance', amount: 500 });
  });
});

describe('a file that a line has stopped', () => {
  const bad = [capture(2, 'pi_1', { grossMinor: 100_000 }), capture(3, 'pi_2'), capture(4, 'pi_3')];
  const good = [capture(2, 'pi_1'), capture(3, 'pi_2'), capture(4, 'pi_3')];
  const letGo = () =>
    day.database.sql(`UPDATE exception SET closed_at = clock_timestamp() WHERE kind = 'rounding_exponent'`);
  const whole = async (fileRows: readonly SettlementRow[], name: string) => {
    const run = await startDay(day);
    const file = await receive(day, fileRows, name);
    let verdict: string | undefined;
    async function* each() {
      yield* fileRows;
    }
    const staged = await stageFile(day.pool, {
      run,
      file,
      rows: each(),
      end: () => ({ rows: fileRows.length, trailers: [], warnings: [] }),
      judge: ({ sameBatch }) => {
        verdict = sameBatch?.name;
        return sameBatch === undefined ? 'take' : 'leave';
      },
    });
    return { run, file, staged, verdict };
  };

  it('counts nowhere: the one that stands in for it settles all, and nothing is missing or twice', async () => {
    await sales(day, 'pi_1', 'pi_2', 'pi_3');
    await closeDay(day, bad);
    const { file } = await closeDay(day, good, { name: 'b.csv' });
    expect(await verdicts(day, file.id)).toEqual({ 2: 'clean', 3: 'clean', 4: 'clean' });
    expect((await balances(day))[RECEIVABLE]).toBeUndefined();
    expect(await openKinds()).toEqual(['rounding_exponent']);
  });

  it('nor where both came before either was judged', async () => {
    await sales(day, 'pi_1', 'pi_2', 'pi_3');
    const run = await startDay(day);
    const files = [await receive(day, bad), await receive(day, good, 'b.csv')] as const;
    await refreshBookings(day.pool, run);
    await stage(day, run, files[0], bad);
    await stage(day, run, files[1], good);
    await classifyDay(day, run);
    expect(await postFile(day.pool, run, files[0].id)).toMatchObject({ type: 'stopped' });
    expect(await postFile(day.pool, run, files[1].id)).toMatchObject({ type: 'posted' });
    expect(await verdicts(day, files[1].id)).toEqual({ 2: 'clean', 3: 'clean', 4: 'clean' });
    expect((await balances(day))[RECEIVABLE]).toBeUndefined();
  });

  it('settles no booking: it goes on missing', async () => {
    await sales(day, 'pi_1', 'pi_2', 'pi_3');
    await closeDay(day, bad, { date: '2026-12-20' });
    await closeDay(day, [payout(2, 1, 'x')], { name: 'b.csv', date: '2026-12-21' });
    expect(await openKinds()).toEqual([
      ...Array.from({ length: 3 }, () => 'missing_in_file_overdue'),
      'rounding_exponent',
    ]);
  });

  it('comes after what stood in for it, once it is let go: its lines are repeats', async () => {
    await sales(day, 'pi_1', 'pi_2', 'pi_3');
    const { file, run } = await closeDay(day, bad);
    await closeDay(day, good, { name: 'b.csv' });
    await letGo();
    expect(await stage(day, run, file, bad)).toMatchObject({ type: 'staged' });
    await classifyDay(day, run);
    expect(await postFile(day.pool, run, file.id)).toMatchObject({ type: 'posted' });
    expect(await verdicts(day, file.id)).toMatchObject({ 3: 'DUPLICATE_LINE', 4: 'DUPLICATE_LINE' });
    expect((await balances(day))[RECEIVABLE]).toBeUndefined();
  });

  it('leaves no case of a line that is clean once it is read anew, whatever was proposed for it', async () => {
    const contract = (fees: readonly object[]) =>
      day.database.sql('UPDATE provider_account SET settings = $1 WHERE id = $2', [
        JSON.stringify({ fees }),
        ACCOUNT,
      ]);
    const lines = [
      capture(2, 'pi_1', { grossMinor: 100_000, feeMinor: 10 }),
      capture(3, 'pi_2'),
      capture(4, 'pi_early'),
    ];
    await sales(day, 'pi_1', 'pi_2');
    await contract([{ on: 'capture', currency: 'USD', kind: 'processing', bps: 0, fixedMinor: 10 }]);
    const { file } = await closeDay(day, lines);
    expect(await openKinds()).toEqual(['fee_variance', 'missing_in_ledger', 'rounding_exponent']);
    await proposeAll(day);
    await letGo();
    await contract([]);
    await sales(day, 'pi_early');
    const run = await startDay(day);
    await refreshBookings(day.pool, run);
    await stage(day, run, file, lines);
    await classifyDay(day, run);
    expect(await postFile(day.pool, run, file.id)).toMatchObject({ type: 'posted' });
    expect(await verdicts(day, file.id)).toMatchObject({ 3: 'clean', 4: 'clean' });
    expect(await openKinds()).toEqual([]);
  });

  it('is a file seen before, once it is let go and another one has paid its payout', async () => {
    await sales(day, 'pi_1', 'pi_2', 'pi_3');
    const { file } = await closeDay(day, [...bad, payout(5, 2_823)]);
    await closeDay(day, [...good, payout(5, 2_823)], { name: 'b.csv' });
    await letGo();
    expect(await whole([...bad, payout(5, 2_823)], 'a.csv')).toMatchObject({
      file: { id: file.id },
      staged: { type: 'left' },
      verdict: 'b.csv',
    });
  });
});

describe('fees of one payment', () => {
  const fee = (line: number, over: Partial<SettlementRow> = {}) =>
    row(line, {
      type: 'fee',
      providerType: 'PaymentCost',
      providerReference: 'pi_1',
      grossMinor: -10,
      ...over,
    });

  it('may be equal: only the very same record of another file, or one of the same name, is a repeat', async () => {
    await sales(day, 'pi_1');
    const { file } = await closeDay(day, [capture(2, 'pi_1'), fee(3), fee(4)]);
    expect(await verdicts(day, file.id)).toEqual({ 2: 'clean', 3: 'clean', 4: 'clean' });
    expect((await balances(day))['suspense/mer_demo USD']).toBeUndefined();
    const named = { operationReference: 'fee_1', occurredAt: '2026-11-21T10:00:00.000Z' };
    const next = await closeDay(day, [fee(2, { raw: fee(3).raw }), fee(3, named), fee(4, named)], {
      name: 'b.csv',
    });
    expect(await verdicts(day, next.file.id)).toEqual({
      2: 'DUPLICATE_LINE',
      3: 'clean',
      4: 'DUPLICATE_LINE',
    });
  });
});
