import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reportFrom, withoutTiming } from './report.ts';
import { renderReport } from './report-text.ts';
import { REPORT_FACTS as FACTS } from './test-support/fixtures.ts';

describe('the report', () => {
  it('is the same in whatever order its facts come, timing aside', () => {
    const shuffled = <Item>(items: readonly Item[]) =>
      fc.shuffledSubarray([...items], { minLength: items.length });
    const orders = fc.record({
      files: shuffled(FACTS.files),
      lines: shuffled(FACTS.lines),
      breaks: shuffled(FACTS.breaks),
      postings: shuffled(FACTS.postings),
    });
    fc.assert(
      fc.property(orders, (order) => {
        const later = { startedAt: '2026-12-01T00:00:00.000Z', finishedAt: '2026-12-01T00:00:01.000Z' };
        const report = reportFrom({ ...FACTS, ...order, ...later });
        expect(withoutTiming(report)).toEqual(withoutTiming(reportFrom(FACTS)));
      }),
    );
  });

  it('is JSON as it stands, and comes back from it', () => {
    const report = reportFrom(FACTS);
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
    expect(report.rows).toEqual({ total: 2, clean: 1, broken: 1 });
    expect(report.lines.map(({ type }) => type)).toEqual(['capture', 'payout']);
    expect(report.breaks.map(({ type }) => type)).toEqual(['FX_RATE_VARIANCE', 'BATCH_FEE_UNALLOCATED']);
    expect(report.equation[0]).toMatchObject({ ledger_difference_minor: '0', in_transit_minor: '680' });
  });

  it('says by how much ledger and files differ', () => {
    const [euro] = FACTS.equation;
    if (euro === undefined) throw new Error('no equation');
    const off = reportFrom({ ...FACTS, equation: [{ ...euro, clearingMinor: 5n, ignoredMinor: 100n }] });
    expect(off.equation[0]?.ledger_difference_minor).toBe('105');
    expect(renderReport(off)).toContain('off by 1.05');
  });

  it('is drawn for people', () => {
    expect(renderReport(reportFrom(FACTS))).toMatchInlineSnapshot(`
      "Reconciliation of acct_1, 2026-11-20: closed
      2 lines in 2 files: 1 clean, 1 not

      Files
        name   format  rows  status   sha256
        a.csv  adyen   -     refused  abababababab
        b.csv  adyen   2     posted   cdcdcdcdcdcd

      Lines
        type     currency  settled in  rows  clean    gross   fee     net
        capture  JPY       EUR            1      0  1650000  3.20   96.80
        payout   EUR       EUR            1      1   -96.80  0.00  -96.80

      Breaks
        type                                             found  resolved by itself  open now
        FX_RATE_VARIANCE       Another exchange rate         1                   0         2
        BATCH_FEE_UNALLOCATED  A fee of the whole batch      3                   3         0

      Ledger, files and bank
        currency  settled  paid out  payout clearing  ledger  at the bank  in transit
        EUR         96.80     96.80             0.00  agrees        90.00        6.80

      Posted (debit positive)
        account                     currency    amount
        fx/acct_1                   JPY        1650000
        provider_receivable/acct_1  JPY       -1650000

      started 2026-11-21T06:00:00.000Z, finished 2026-11-21T06:00:02.000Z"
    `);
  });
});
