// Writing CSV as the providers do: commas, CRLF-free lines, quotes only where they are needed.
import type { Line } from './lines.ts';
import type { FileFacts, Layout, Sheet } from './settler.ts';

export function sheetOf(layout: Layout, lines: readonly Line[], file: FileFacts): Sheet {
  const header = layout.columns(lines);
  const known = new Set(header);
  const rows = lines.map((line) => {
    const cells = layout.cells(line, file);
    const stray = Object.keys(cells).find((name) => !known.has(name));
    if (stray !== undefined) throw new Error(`the layout has no column ${stray}`);
    return header.map((name) => cells[name] ?? '');
  });
  return { header, rows };
}

function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

export function toCsv({ header, rows }: Sheet): string {
  return [header, ...rows].map((row) => `${row.map(quoted).join(',')}\n`).join('');
}

/** One sheet of several, under every column that any of them has. */
export function joined(sheets: readonly Sheet[], columns?: readonly string[]): Sheet {
  const header = columns ?? [...new Set(sheets.flatMap((sheet) => sheet.header))];
  const rows = sheets.flatMap((sheet) => {
    const places = header.map((name) => sheet.header.indexOf(name));
    return sheet.rows.map((row) => places.map((place) => row[place] ?? ''));
  });
  return { header, rows };
}
