import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decideOutcome } from '../../domain/payment/decide.ts';
import { transitionOf } from '../../domain/payment/transition.ts';
import type { SettlementRow } from '../../domain/reconciliation/row.ts';
import { readWhole } from '../../providers/settlement/test-support/read.ts';
import { mustRecord } from '../../test/attack/support/rows.ts';
import { postFile, refreshBookings, reportOf, stageFile } from './index.ts';
import {
  ACCOUNT,
  balances,
  capture,
  classifyDay,
  closeDay,
  type Day,
  everything,
  openDay,
  payout,
  receive,
  row,
  stage,
  startDay,
  verdicts,
} from './test-support/day.ts';
import { charged, sale, sales } from './test-support/payments.ts';

/** A day by its steps, on real rows: what is clean, what is not, what is booked, and that nothing happens twice. */
let day: Day;
beforeEach(async () => {
  day = await openDay();
});
afterEach(() => day?.close());

const openCases = () =>
  day.database.sql<{ kind: string; subject_id: string; resolution: string | null }>(
    'SELECT kind, subject_id FROM exception WHERE closed_at IS NULL AND file_id IS NOT NULL ORDER BY 1, 2',
  );

describe('a file that says what we booked', () => {
  it('is clean, keeps no columns as they stood, and takes the money off the receivable', async () => {
    await sales(day, 'pi_1', 'pi_2');
    const rows = [capture(2, 'pi_1'), capture(3, 'pi_2'), payout(4, 1_882)];
    const { file, staged } = await closeDay(day, rows);
    expect(staged).toMatchObject({ type: 'staged', rows: 3, open: 0 });
    expect(await verdicts(day, file.id)).toEqual({ 2: 'clean', 3: 'clean', 4: 'clean' });
    const kept = await day.database.sql('SELECT 1 FROM settlement_row WHERE raw IS NOT NULL');
    expect(kept).toEqual([]);
    expect(await balances(day)).toEqual({
      [`bank_in_transit/${ACCOUNT} USD`]: 1_882,
      [`fees/processing/${ACCOUNT} USD`]: 118,
      'merchant_payable/mer_demo USD': -2_000,
    });
    const payouts = await day.database.sql('SELECT reference, amount_minor::int AS amount FROM payout');
    expect(payouts).toEqual([{ reference: 'po_1', amount: 1_882 }]);
  });

  it('finds payments by whichever name the line has, and pairs equal captures in their order', async () => {
    const [first] = await sales(day, 'pi_1', 'pi_2');
    const rows = [
      row(2, { alternativeReference: 'pi_2', merchantReference: 'ours' }),
      row(3, { merchantReference: first?.attempts[0]?.id ?? '' }),
    ];
    const { file } = await closeDay(day, rows);
    const linked = await day.database.sql(
      'SELECT line, matched_by, booking_id IS NOT NULL AS found FROM settlement_row WHERE file_id = $1 ORDER BY line',
      [file.id],
    );
    expect(linked).toEqual([
      { line: 2, matched_by: 'provider', found: true },
      { line: 3, matched_by: 'merchant', found: true },
    ]);
    expect(await verdicts(day, file.id)).toEqual({ 2: 'clean', 3: 'clean' });
  });
});

describe('a file of Checkout.com', () => {
  const HEADER =
    'Client Entity ID,Type,Payment ID,Action ID,Reference,Processed On UTC,Holding Currency,Payout ID,' +
    'Gross In Holding Currency,Deduction In Holding Currency,Net In Holding Currency,' +
    'Processing Fee In Holding Currency,Scheme Fee In Holding Currency,Interchange In Holding Currency,' +
    'Tax In Holding Currency,Reserve In Holding Currency,Processing Currency,Gross In Processing Currency,FX Rate Applied';
  const charge = (payment: string, fee: string, net: string, reserve = '0') =>
    `ent_1,Charge,${payment},,,2026-11-20 10:00:00,USD,1CFJU,10.00,-${fee},${net},-${fee},0,0,0,${reserve},USD,10.00,1`;
  const paid = (amount: string) =>
    `ent_1,Payout,,,,2026-11-20 12:00:00,USD,1CFJU,${amount},0,${amount},0,0,0,0,0,USD,${amount},1`;
  const read = async (...lines: string[]) =>
    (await readWhole('checkout', `${[HEADER, ...lines].join('\n')}\n`)).rows;

  it('that holds a reserve is taken in: what it holds is a row of its own behind the last line, and posted', async () => {
    await sales(day, 'pay_1', 'pay_2');
    const rows = await read(
      charge('pay_1', '0.50', '8.50', '-1.00'),
      charge('pay_2', '0.50', '9.00', '-0.50'),
      paid('-17.50'),
    );
    const { file, staged } = await closeDay(day, rows);
    expect(staged).toMatchObject({ type: 'staged', rows: 5 });
    const stored = await day.database.sql(
      `SELECT line, type, description, verdict FROM settlement_row WHERE file_id = $1 ORDER BY line`,
      [file.id],
    );
    expect(stored).toMatchObject([
      { line: 2, type: 'capture', description: null, verdict: 'clean' },
      { line: 3, type: 'capture', description: null, verdict: 'clean' },
      { line: 4, type: 'payout' },
      { line: 5, type: 'reserve_held', description: 'of line 2', verdict: 'RESERVE_MOVEMENT' },
      { line: 6, type: 'reserve_held', description: 'of line 3', verdict: 'RESERVE_MOVEMENT' },
    ]);
    expect(await openCases()).toEqual([]);
    expect(await balances(day)).toEqual({
      [`bank_in_transit/${ACCOUNT} USD`]: 1_750,
      [`fees/processing/${ACCOUNT} USD`]: 100,
      [`reserves/${ACCOUNT} USD`]: 150,
      'merchant_payable/mer_demo USD': -2_000,
    });
  });

  it('whose amounts are rounded is taken in: what rounding took is posted to rounding, and no case', async () => {
    await sales(day, 'pay_1', 'pay_2');
    const rows = await read(
      charge('pay_1', '0.586', '9.414'),
      charge('pay_2', '0.586', '9.414'),
      paid('-18.83'),
    );
    const { file, staged, found } = await closeDay(day, rows);
    expect(staged).toMatchObject({ type: 'staged', rows: 4, open: 0 });
    expect(found.size).toBe(0);
    expect(await verdicts(day, file.id)).toEqual({ 2: 'clean', 3: 'clean', 4: 'clean', 5: 'clean' });
    expect(await openCases()).toEqual([]);
    expect(await balances(day)).toEqual({
      [`bank_in_transit/${ACCOUNT} USD`]: 1_883,
      [`fees/processing/${ACCOUNT} USD`]: 118,
      [`rounding/${ACCOUNT} USD`]: -1,
      'merchant_payable/mer_demo USD': -2_000,
    });
  });
});

describe('lines that do not fit', () => {
  it.each<[string, Partial<SettlementRow>, string]>([
    ['an amount', { grossMinor: 1_300 }, 'AMOUNT_OVER'],
    ['a smaller amount', { grossMinor: 700 }, 'AMOUNT_UNDER'],
    ['another currency', { currency: 'EUR', settlementCurrency: 'EUR' }, 'CURRENCY_MISMATCH'],
    ['a hundredfold', { grossMinor: 100_000 }, 'ROUNDING_EXPONENT'],
    ['a name that nobody knows', { providerReference: 'pi_nobody' }, 'MISSING_IN_LEDGER'],
    ['a chargeback', { type: 'chargeback', grossMinor: -1_000, feeMinor: 1_500 }, 'CHARGEBACK_NEW'],
    [
      'a refund of others',
      { type: 'refund', grossMinor: -200, operationReference: 're_x' },
      'EXTERNAL_REFUND',
    ],
    [
      'a type of record that is not mapped',
      { type: 'unknown', providerType: 'novel' },
      'UNEXPECTED_FEE_TYPE',
    ],
  ])('are found: %s', async (_what, over, verdict) => {
    await sales(day, 'pi_1');
    const { file, found } = await closeDay(day, [capture(2, 'pi_1', over)]);
    expect(await verdicts(day, file.id)).toEqual({ 2: verdict });
    const [comparison] = found.keys();
    expect(comparison).toMatchObject({
      compares: 'line',
      line: { line: 2, currency: over.currency ?? 'USD' },
    });
    const [kept] = await day.database.sql<{ raw: object }>('SELECT raw FROM settlement_row');
    expect(kept?.raw).toEqual({ id: '2', note: 'as it\tstood\n' });
  });

  it('are told in the amounts that people write, and without their kind, which the exception says', async () => {
    await sales(day, 'pi_1');
    const { file } = await closeDay(day, [capture(2, 'pi_1', { grossMinor: 700 })]);
    const [opened] = await day.database.sql<{ summary: string }>(
      'SELECT summary FROM exception WHERE file_id = $1',
      [file.id],
    );
    expect(opened?.summary).toMatch(/^line 2, .* of 7\.00 USD \(.*\), booked 10\.00 USD$/);
  });

  it('are told apart in one crowd: halves, repeats, a second charge, and what is clean all the same', async () => {
    const [, , third] = await sales(day, 'pi_1', 'pi_2', 'pi_3', 'pi_4');
    const rows = [
      capture(2, 'pi_1', { grossMinor: 400 }),
      capture(3, 'pi_1', { grossMinor: 600 }),
      capture(4, 'pi_2'),
      capture(5, 'pi_2'),
      capture(6, 'pi_3'),
      row(7, { providerReference: 'pi_else', merchantReference: third?.attempts[0]?.id ?? '' }),
      capture(8, 'pi_4'),
    ];
    const { file, staged } = await closeDay(day, rows);
    expect(staged).toMatchObject({ rows: 7, open: 6 });
    expect(await verdicts(day, file.id)).toEqual({
      2: 'PARTIAL_CAPTURE_SPLIT',
      3: 'PARTIAL_CAPTURE_SPLIT',
      4: 'clean',
      5: 'DUPLICATE_LINE',
      6: 'clean',
      7: 'DUPLICATE_CHARGE',
      8: 'clean',
    });
  });

  it('of an earlier file count: the same line again is a repeat, delivered twice where all of it is the same', async () => {
    await sales(day, 'pi_1', 'pi_2');
    await closeDay(day, [capture(2, 'pi_1'), capture(3, 'pi_2')]);
    const again = [capture(2, 'pi_1'), capture(3, 'pi_2', { occurredAt: '2026-11-21T10:00:00.000Z' })];
    const { file } = await closeDay(day, again, { name: 'b.csv', date: '2026-11-21' });
    expect(await verdicts(day, file.id)).toEqual({ 2: 'DUPLICATE_LINE', 3: 'DUPLICATE_LINE' });
    const actions = await day.database.sql(
      'SELECT action FROM settlement_row WHERE file_id = $1 ORDER BY line',
      [file.id],
    );
    expect(actions).toEqual([{ action: 'ignore_duplicate' }, { action: null }]);
    expect(await openCases()).toMatchObject([{ kind: 'duplicate_line', subject_id: `${file.id}_3` }]);
  });
});

describe('a day that is run again', () => {
  it('writes nothing more, whichever step is repeated', async () => {
    await sales(day, 'pi_1', 'pi_2');
    const rows = [
      capture(2, 'pi_1'),
      capture(3, 'pi_2', { grossMinor: 700 }),
      capture(4, 'pi_9'),
      payout(5, 2_000),
    ];
    const { run, file } = await closeDay(day, rows);
    const before = await everything(day);
    const reported = await reportOf(day.pool, run, 'closed');
    await refreshBookings(day.pool, run);
    expect(await stage(day, run, file, rows)).toEqual({ type: 'already', status: 'posted' });
    await classifyDay(day, run);
    expect(await postFile(day.pool, run, file.id)).toEqual({ type: 'already', status: 'posted' });
    await closeDay(day, rows);
    expect(await everything(day)).toBe(before);
    expect({ ...(await reportOf(day.pool, run, 'closed')), timing: 0 }).toEqual({ ...reported, timing: 0 });
  });

  it('goes on where it broke off: staged twice, classified in part, posted once', async () => {
    await sales(day, 'pi_1', 'pi_2');
    const rows = [capture(2, 'pi_1'), capture(3, 'pi_2', { grossMinor: 700 }), capture(4, 'pi_9')];
    const run = await startDay(day);
    const file = await receive(day, rows);
    await refreshBookings(day.pool, run);
    const broken = (async function* () {
      yield rows[0] as SettlementRow;
      throw new Error('the worker is gone');
    })();
    const end = () => ({ rows: 3, trailers: [], warnings: [] });
    await expect(stageFile(day.pool, { run, file, rows: broken, end, judge: () => 'take' })).rejects.toThrow(
      /gone/,
    );
    expect(await verdicts(day, file.id)).toEqual({});
    await stage(day, run, file, rows);
    expect(await postFile(day.pool, run, file.id)).toEqual({ type: 'not_classified' });
    const again = await stage(day, run, file, rows);
    expect(again).toMatchObject({ type: 'staged', rows: 3, open: 2 });
    await classifyDay(day, run);
    expect(await postFile(day.pool, run, file.id)).toMatchObject({ type: 'posted' });
    expect(await verdicts(day, file.id)).toEqual({ 2: 'clean', 3: 'AMOUNT_UNDER', 4: 'MISSING_IN_LEDGER' });
  });

  it('posts nothing of a file with a line that stops it, until the case is closed', async () => {
    await sales(day, 'pi_1', 'pi_2');
    const rows = [capture(2, 'pi_1', { grossMinor: 100_000 }), capture(3, 'pi_2')];
    const { file, run } = await closeDay(day, rows);
    const id = `exc_rounding_exponent_${file.id}_2`;
    expect(await postFile(day.pool, run, file.id)).toEqual({ type: 'stopped', exceptions: [id] });
    await day.database.sql(`UPDATE exception SET closed_at = now(), resolution = 'ours' WHERE id = $1`, [id]);
    expect(await postFile(day.pool, run, file.id)).toEqual({ type: 'not_classified' });
    expect(await stage(day, run, file, rows)).toMatchObject({ type: 'staged' });
    await classifyDay(day, run);
    expect(await postFile(day.pool, run, file.id)).toMatchObject({ type: 'posted' });
  });
});

describe('what is explained later', () => {
  it('closes by itself: the lost response is recorded, and nothing is left on the receivable', async () => {
    const payment = await sale(day, { type: 'unknown', cause: 'timeout' });
    const attempt = payment.attempts[0];
    const { file } = await closeDay(day, [
      row(2, { providerReference: 'pi_lost', merchantReference: attempt?.id ?? '' }),
    ]);
    expect(await verdicts(day, file.id)).toEqual({ 2: 'LOST_RESPONSE_CAPTURED' });
    expect(await openCases()).toMatchObject([{ kind: 'lost_response_captured' }]);
    const decision = decideOutcome(payment, attempt?.operations[0]?.id ?? '', charged('pi_lost'), Date.now());
    if (decision === undefined) throw new Error('nothing was decided');
    await mustRecord(
      day.database.db,
      transitionOf(payment, decision, { type: 'news', actor: 'test' }, Date.now()),
    );
    await closeDay(day, [row(2, { type: 'payout', grossMinor: -1, payoutReference: 'x' })], {
      name: 'b',
      date: '2026-11-21',
    });
    expect(await openCases()).toEqual([]);
    expect((await balances(day))[`provider_receivable/${ACCOUNT} USD`]).toBeUndefined();
  });

  it('leaves suspense: a line that nobody knew has its payment now', async () => {
    await closeDay(day, [capture(2, 'pi_early')]);
    expect((await balances(day))['suspense/mer_demo USD']).toBe(-1_000);
    await sales(day, 'pi_early');
    const next = { name: 'b', date: '2026-11-21' };
    await closeDay(day, [row(2, { type: 'payout', grossMinor: -1, payoutReference: 'x' })], next);
    expect(await openCases()).toEqual([]);
    const after = await balances(day);
    expect(after['suspense/mer_demo USD']).toBeUndefined();
    expect(after[`provider_receivable/${ACCOUNT} USD`]).toBeUndefined();
  });

  it('is missing once its time is over, and found when a later file has it', async () => {
    await sales(day, 'pi_1', 'pi_2');
    await closeDay(day, [capture(2, 'pi_1')], { date: '2026-12-20' });
    const missing = () =>
      day.database.sql(`SELECT kind FROM exception WHERE kind LIKE 'missing%' AND closed_at IS NULL`);
    expect(await missing()).toEqual([{ kind: 'missing_in_file_overdue' }]);
    const late = [capture(2, 'pi_2')];
    await closeDay(day, late, { name: 'b', date: '2026-12-21' });
    await closeDay(day, [row(2, { type: 'payout', grossMinor: -1, payoutReference: 'x' })], {
      name: 'c',
      date: '2026-12-22',
    });
    expect(await missing()).toEqual([]);
  });
});
