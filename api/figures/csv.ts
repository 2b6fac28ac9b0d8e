import type { FigureRow } from '../../db/read/index.ts';
import type { ReportName } from '../../domain/figures/reports.ts';
import type { StreamReply } from '../route.ts';
import { columnsOf, sampleOf } from './columns.ts';
import { GROUPS, type GroupName } from './schema.ts';

const ROWS_A_CHUNK = 500;

/** One line a row (RFC 4180), written as fast as it is read. Amounts are whole minor units of the row's currency. */
export function csvReply(
  report: ReportName,
  groups: readonly GroupName[],
  rows: readonly FigureRow[],
): StreamReply {
  return {
    status: 200,
    headers: {
      'Content-Type': 'text/csv; charset=utf-8',
      'Content-Disposition': `attachment; filename="interlock-${report}.csv"`,
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
    },
    stream: (signal) => linesOf(report, groups, rows, signal),
  };
}

async function* linesOf(
  report: ReportName,
  groups: readonly GroupName[],
  rows: readonly FigureRow[],
  signal: AbortSignal,
): AsyncIterable<string> {
  const columns = columnsOf(report);
  yield line(['from', ...groups, 'sample', ...columns.map(({ name }) => name)]);
  for (let first = 0; first < rows.length && !signal.aborted; first += ROWS_A_CHUNK) {
    const chunk = rows
      .slice(first, first + ROWS_A_CHUNK)
      .map((row) =>
        line([
          row.at?.toISOString() ?? '',
          ...groups.map((name) => row.group[GROUPS[name]] ?? ''),
          String(sampleOf(report, row)),
          ...columns.map(({ of }) => String(of(row) ?? '')),
        ]),
      );
    yield chunk.join('');
  }
}

function line(cells: readonly string[]): string {
  return `${cells.map(cell).join(',')}\r\n`;
}

/** A spreadsheet would run what begins like a formula; a number of ours may be negative, and is none. */
export function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) && !/^-\d+$/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
