import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decimalOf } from '../money/words.ts';
import { CSV_COLUMNS } from './csv.ts';
import type { PostedTransaction } from './entry.ts';
import { createExportWriter, type PeriodBalance } from './export.ts';
import { EXPORT_FORMATS, type ExportFormat, parsePeriod } from './period.ts';

const period = parsePeriod('2026-11') ?? { name: '', fromMs: 0, untilMs: 0 };
const subject = (format: ExportFormat) => ({ merchantId: 'm', mode: 'test' as const, period, format });

type Line = readonly [account: string, currency: string, amountMinor: bigint];

function transaction(n: number, lines: readonly Line[], description?: string): PostedTransaction {
  return {
    id: `ltx_${n}`,
    kind: 'capture',
    postedAtMs: period.fromMs + n,
    belongsTo: { ownerId: 'pay_1', paymentId: 'pay_1' },
    ...(description === undefined ? {} : { description }),
    postings: lines.map(([account, currency, amountMinor], place) => ({
      id: `ltx_${n}_${place + 1}`,
      account,
      currency,
      amountMinor,
    })),
  };
}

/** What the ledger would say of the same postings. */
function balancesAfter(transactions: readonly PostedTransaction[], openingMinor = 0n): PeriodBalance[] {
  const sums = new Map<string, PeriodBalance>();
  for (const { account, currency, amountMinor } of transactions.flatMap(({ postings }) => postings)) {
    const known = sums.get(`${account} ${currency}`) ?? {
      account,
      currency,
      openingMinor,
      closingMinor: openingMinor,
    };
    sums.set(`${account} ${currency}`, { ...known, closingMinor: known.closingMinor + amountMinor });
  }
  return [...sums.values()];
}

function written(
  format: ExportFormat,
  transactions: readonly PostedTransaction[],
  balances = balancesAfter(transactions),
): string {
  const writer = createExportWriter(subject(format));
  return [writer.begin(), ...transactions.map((each) => writer.transaction(each)), writer.end(balances)].join(
    '',
  );
}

/** RFC 4180, read by somebody else's rules than those that wrote it. */
function readCsv(text: string): Record<string, string>[] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/g)) {
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain ?? '');
    if (end === '\r\n') rows.push([]);
    if (end === '') break;
  }
  const [header = [], ...rest] = rows.filter((row) => row.length > 1);
  return rest.map((row) => Object.fromEntries(header.map((name, n) => [name, row[n] ?? ''])));
}

const balanced = fc
  .array(
    fc.tuple(
      fc.constantFrom('provider_receivable/a', 'payout_clearing/a', 'fees/tax/a'),
      fc.constantFrom('EUR', 'JPY', 'KWD'),
      fc.bigInt({ min: 1n, max: 10n ** 20n }),
    ),
    { minLength: 1, maxLength: 5 },
  )
  .map((lines) =>
    lines.flatMap(([account, currency, amount]): Line[] => [
      [account, currency, amount],
      ['merchant_payable/m', currency, -amount],
    ]),
  );

describe('an export', () => {
  it('says of both formats the same, more than numbers carry too', () => {
    fc.assert(
      fc.property(fc.array(balanced, { maxLength: 6 }), (all) => {
        const transactions = all.map((lines, n) => transaction(n, lines));
        const csv = readCsv(written('csv', transactions));
        const journal = written('journal', transactions)
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line));
        const fromCsv = csv
          .filter(({ record }) => record === 'posting')
          .map((row) => [
            row.transaction,
            row.account,
            row.currency,
            String(BigInt(row.debit_minor ?? '') - BigInt(row.credit_minor ?? '')),
          ]);
        const fromJournal = journal
          .filter(({ record }) => record === 'transaction')
          .flatMap(({ id, postings }) =>
            postings.map((each: Record<string, string>) => [
              id,
              each.account,
              each.currency,
              each.amount_minor,
            ]),
          );
        expect(fromCsv).toEqual(fromJournal);
        for (const { debit_minor, credit_minor } of journal.filter(({ record }) => record === 'control'))
          expect(debit_minor).toBe(credit_minor);
      }),
    );
  });

  it.each(EXPORT_FORMATS)('as %s ends with the hash of all before, and how much there was', (format) => {
    const text = written(format, [
      transaction(1, [
        ['provider_receivable/a', 'EUR', 5n],
        ['merchant_payable/m', 'EUR', -5n],
      ]),
    ]);
    const end = text.trimEnd().split('\n').at(-1) ?? '';
    const hash = createHash('sha256')
      .update(text.slice(0, text.lastIndexOf(end)))
      .digest('hex');
    expect(end).toContain(hash);
    expect(end).toContain(`lex_m_test_2026-11_${format}`);
    expect(end).toMatch(format === 'csv' ? /transactions=1 postings=2/ : /"transactions":1,"postings":2/);
  });

  it('has the totals of accounts that did not move, for they have a balance too', () => {
    const idle = { account: 'bank/m', currency: 'EUR', openingMinor: 7n, closingMinor: 7n };
    const rows = readCsv(written('csv', [], [idle]));
    expect(rows[0]).toMatchObject({
      record: 'total',
      account: 'bank/m',
      opening_minor: '7',
      debit_minor: '0',
      closing_minor: '7',
    });
  });

  it.each([
    ['more in the balances than in the postings', 1n],
    ['less', -1n],
  ])('with %s has no end', (_what, difference) => {
    const transactions = [
      transaction(1, [
        ['provider_receivable/a', 'EUR', 5n],
        ['merchant_payable/m', 'EUR', -5n],
      ]),
    ];
    const balances = balancesAfter(transactions, 3n);
    const wrong = balances.map((each, n) =>
      n === 0 ? { ...each, closingMinor: each.closingMinor + difference } : each,
    );
    expect(written('csv', transactions, balances)).toContain('sha256=');
    expect(() => written('csv', transactions, wrong)).toThrow(/not its balances' difference/);
    expect(() => written('csv', transactions, balances.slice(1))).toThrow(/not its balances' difference/);
  });

  it('that does not balance has no end', () => {
    expect(() => written('journal', [transaction(1, [['provider_receivable/a', 'EUR', 5n]])])).toThrow(
      /does not balance/,
    );
  });

  it('hands a spreadsheet no formula, and breaks no line', () => {
    const lines: readonly Line[] = [
      ['bank/m', 'EUR', 5n],
      ['suspense/m', 'EUR', -5n],
    ];
    const texts = ['=HYPERLINK("http://x")', '+1', '-1', '@x', '\tx', 'a "b", c\r\nd', 'plain'];
    const all = texts.map((text, n) => transaction(n, lines, text));
    const rows = readCsv(written('csv', all)).filter(({ record }) => record === 'posting');
    expect(rows).toHaveLength(2 * texts.length);
    const told = rows.filter((_row, n) => n % 2 === 0).map(({ description = '' }) => description);
    expect(told.filter((text) => /^[=+\-@\t\r]/.test(text))).toEqual([]);
    expect(told.map((text) => text.replace(/^'/, ''))).toEqual(texts);
    expect(rows.every((row) => Object.keys(row).length === CSV_COLUMNS.length)).toBe(true);
  });
});

it('a decimal is exact, in the currency’s own digits', () => {
  expect(
    [
      [1_250n, 'USD'],
      [5n, 'USD'],
      [-5n, 'USD'],
      [0n, 'EUR'],
      [1_250n, 'JPY'],
      [1_250n, 'KWD'],
      [10n ** 20n + 1n, 'EUR'],
    ].map(([amount, currency]) => decimalOf(amount as bigint, currency as string)),
  ).toEqual(['12.50', '0.05', '-0.05', '0.00', '1250', '1.250', '1000000000000000000.01']);
});
