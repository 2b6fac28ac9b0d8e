import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { apiRoutes } from '../../api/app.ts';
import { ACCOUNT_KINDS, kindEntry } from '../../domain/ledger/chart.ts';
import { CSV_COLUMNS } from '../../domain/ledger/csv.ts';
import { createExportWriter } from '../../domain/ledger/export.ts';
import { ENTRY_KINDS } from '../../domain/ledger/kinds.ts';
import { parsePeriod } from '../../domain/ledger/period.ts';
import { FEE_KINDS } from '../../domain/reconciliation/row.ts';
import { ROOT, read } from '../tidy/sources.ts';

/** The page's tables and its sample are the code's. */
const PATH = 'docs/ledger.md';
const page = read(PATH);

/** The page with what is printed from that in its place, whatever stands there now. */
function withPrinted(text: string, from: string, printed: string): string {
  const block = new RegExp(
    `(<!-- printed from ${from} by test/docs/ledger\\.test\\.ts -->\\n)[^]*?(<!-- until here -->)`,
  );
  if (!block.test(text)) throw new Error(`the page has no place for ${from}`);
  return text.replace(block, (_all, begin: string, end: string) => `${begin}${printed}\n${end}`);
}

function chartTable(): string {
  const rows = ACCOUNT_KINDS.map((kind) => {
    const { title, class: accountClass, normalSide, holder, explanation } = kindEntry(kind);
    const middle = kind === 'fees' ? `<${FEE_KINDS.join(' \\| ')}>/` : '';
    const name = `${kind}/${middle}<${holder.replace('_', ' ')}>`;
    return `| \`${name}\` | ${title} | ${accountClass} | ${normalSide} | ${explanation} |`;
  });
  return ['| account | | class | normal side | |', '|---|---|---|---|---|', ...rows].join('\n');
}

function kindsTable(): string {
  const rows = Object.entries(ENTRY_KINDS).map(
    ([kind, { counts, explanation }]) => `| \`${kind}\` | ${explanation} | ${counts} |`,
  );
  return ['| kind | | counts for the payment as |', '|---|---|---|', ...rows].join('\n');
}

function sampleJournal(): string {
  const period = parsePeriod('2026-11-21');
  if (period === undefined) throw new Error('no period');
  const writer = createExportWriter({ merchantId: 'mer_demo', mode: 'test', period, format: 'journal' });
  const balances = [
    { account: 'merchant_payable/mer_demo', currency: 'EUR', openingMinor: -9_000n, closingMinor: -10_250n },
    {
      account: 'provider_receivable/pa_demo_stripe',
      currency: 'EUR',
      openingMinor: 9_000n,
      closingMinor: 10_250n,
    },
  ];
  const text = [
    writer.begin(),
    writer.transaction({
      id: 'ltx_mq5mhwa2ezp3xi7i4zq7d2v3ku_2_0',
      kind: 'capture',
      postedAtMs: period.fromMs + 36_123_456,
      belongsTo: {
        ownerId: 'pay_mq5mhwa2ezp3xi7i4zq7d2v3ku',
        paymentId: 'pay_mq5mhwa2ezp3xi7i4zq7d2v3ku',
      },
      postings: [
        { id: '1', account: 'provider_receivable/pa_demo_stripe', currency: 'EUR', amountMinor: 1_250n },
        { id: '2', account: 'merchant_payable/mer_demo', currency: 'EUR', amountMinor: -1_250n },
      ],
    }),
    writer.end(balances),
  ].join('');
  return ['```json', text.trimEnd(), '```'].join('\n');
}

it('is printed from the code', async () => {
  const printed = [
    ['CHART', chartTable()],
    ['ENTRY_KINDS', kindsTable()],
    ['CSV_COLUMNS', `Columns, in order: ${CSV_COLUMNS.map((column) => `\`${column}\``).join(', ')}.`],
    ['an export', sampleJournal()],
  ] as const;
  const wanted = printed.reduce((text, [from, block]) => withPrinted(text, from, block), page);
  const hint = `\`npx vitest run test/docs/ledger.test.ts -u\` prints it anew in ${PATH}`;
  await expect(wanted, hint).toMatchFileSnapshot(join(ROOT, PATH));
});

it('wants a place for what is printed', () => {
  expect(() => withPrinted('# A page', 'CHART', 'x')).toThrow('no place');
});

describe('its words', () => {
  it('name routes that there are, and all of the ledger', () => {
    const routes = apiRoutes().map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    const named = [...page.matchAll(/`(GET) (\/v1\/[^`?]+)`/g)].map(([, ...words]) => words.join(' '));
    expect(named.toSorted()).toEqual(routes.filter((route) => route.includes(' /v1/ledger/')).toSorted());
  });

  it('name every record of a CSV', () => {
    const lines = page.split('\n');
    const from = lines.findIndex((line) => line.startsWith('| record |'));
    const rows = lines.slice(from + 2);
    const records = rows.slice(0, rows.indexOf('')).map((line) => /`([a-z]+)`/.exec(line)?.[1]);
    expect(records).toEqual(['posting', 'total', 'control', 'end']);
  });
});
