import { decimalOf } from '../money/words.ts';
import type { Report } from './report.ts';
import { TABLE } from './table.ts';

/** The report for people, as the terminal shows it. */
export function renderReport(report: Report): string {
  const { account, business_date: date, status, rows, files, timing } = report;
  return [
    `Reconciliation of ${account}, ${date}: ${status}`,
    `${rows.total} lines in ${files.length} files: ${rows.clean} clean, ${rows.broken} not`,
    ...section('Files', fileRows(report)),
    ...section('Lines', lineRows(report)),
    ...section('Breaks', breakRows(report)),
    ...section('Ledger, files and bank', equationRows(report)),
    ...section('Posted (debit positive)', postingRows(report)),
    '',
    `started ${timing.started_at}, finished ${timing.finished_at}`,
  ].join('\n');
}

type Cell = string | number;

function fileRows({ files }: Report): readonly (readonly Cell[])[] {
  return [
    ['name', 'format', 'rows', 'status', 'sha256'],
    ...files.map(({ name, format, rows, status, sha256 }) => [
      name,
      format,
      rows ?? '-',
      status,
      sha256.slice(0, 12),
    ]),
  ];
}

function lineRows({ lines }: Report): readonly (readonly Cell[])[] {
  return [
    ['type', 'currency', 'settled in', 'rows', 'clean', 'gross', 'fee', 'net'],
    ...lines.map((line) => [
      line.type,
      line.currency,
      line.settlement_currency,
      line.rows,
      line.clean,
      amount(line.gross_minor, line.currency),
      amount(line.fee_minor, line.settlement_currency),
      amount(line.net_minor, line.settlement_currency),
    ]),
  ];
}

function breakRows({ breaks }: Report): readonly (readonly Cell[])[] {
  return [
    ['type', '', 'found', 'resolved by itself', 'open now'],
    ...breaks.map(({ type, found, auto_resolved: resolved, open }) => [
      type,
      TABLE[type].title,
      found,
      resolved,
      open,
    ]),
  ];
}

function equationRows({ equation }: Report): readonly (readonly Cell[])[] {
  return [
    ['currency', 'settled', 'paid out', 'payout clearing', 'ledger', 'at the bank', 'in transit'],
    ...equation.map((each) => [
      each.currency,
      amount(each.settled_minor, each.currency),
      amount(each.paid_out_minor, each.currency),
      amount(each.clearing_minor, each.currency),
      each.ledger_difference_minor === '0'
        ? 'agrees'
        : `off by ${amount(each.ledger_difference_minor, each.currency)}`,
      amount(each.credited_minor, each.currency),
      amount(each.in_transit_minor, each.currency),
    ]),
  ];
}

function postingRows({ postings }: Report): readonly (readonly Cell[])[] {
  return [
    ['account', 'currency', 'amount'],
    ...postings.map(({ account, currency, amount_minor: minor }) => [
      account,
      currency,
      amount(minor, currency),
    ]),
  ];
}

function amount(minor: string, currency: string): string {
  return decimalOf(BigInt(minor), currency);
}

const NUMBER = /^-?\d+(\.\d+)?$/;

/** Nothing where there are no rows under the heading. Numbers stand to the right. */
function section(title: string, [header = [], ...rows]: readonly (readonly Cell[])[]): readonly string[] {
  if (rows.length === 0) return [];
  const cells = [header, ...rows].map((row) => row.map(String));
  const columns = header.map((_, column) => cells.map((row) => row[column] ?? ''));
  const widths = columns.map((column) => Math.max(...column.map(({ length }) => length)));
  const right = columns.map(([, ...values]) => values.every((value) => NUMBER.test(value)));
  const lines = cells.map((row) =>
    row
      .map((cell, at) => (right[at] ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
  return ['', title, ...lines.map((line) => `  ${line}`)];
}
