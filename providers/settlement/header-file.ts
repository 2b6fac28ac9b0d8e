import type { SettlementRow } from '../../domain/reconciliation/row.ts';
import { quoted, SettlementFileError } from './errors.ts';
import type { Bounds } from './guard.ts';
import { Header } from './header.ts';
import type { SettlementLayout } from './layout.ts';
import { RowReader } from './row-reader.ts';
import type { Tally, Warnings } from './tally.ts';

/** What every kind of file needs while it is read. */
export interface Reading {
  readonly layout: SettlementLayout;
  readonly bounds: Bounds;
  readonly tally: Tally;
  readonly warnings: Warnings;
  readonly keepRaw: boolean;
  /** Tells the splitter how many cells the coming records have. */
  readonly expect: (cells: number) => void;
}

export function openHeader(cells: readonly string[], line: number, { layout, bounds }: Reading): Header {
  if (cells.length > bounds.maxColumns) {
    const detail = `the header has ${cells.length} columns, more than ${bounds.maxColumns}`;
    throw new SettlementFileError('too_many_columns', line, detail);
  }
  const header = new Header(cells, line);
  header.check(layout);
  return header;
}

/** Cells beyond the header are tolerated where they are empty; money must never stand under no name. */
export function checkLength(cells: readonly string[], line: number, header: Header): void {
  const wanted = header.names.length;
  if (cells.length === wanted) return;
  if (cells.length < wanted) {
    const detail = `the record has ${cells.length} fields where the header has ${wanted}`;
    throw new SettlementFileError('short_record', line, detail);
  }
  const extra = cells.slice(wanted).find((cell) => cell !== '');
  if (extra === undefined) return;
  const detail = `the record has ${cells.length} fields where the header has ${wanted}: ${quoted(extra)} has no name`;
  throw new SettlementFileError('long_record', line, detail);
}

/** The plain kind of file: names of columns first, and then nothing but rows. */
export class HeaderFile {
  readonly #reading: Reading;
  #header: Header | undefined;
  #rows: RowReader | undefined;

  constructor(reading: Reading) {
    this.#reading = reading;
  }

  accept(cells: readonly string[], line: number, rows: SettlementRow[]): undefined {
    const { tally, warnings, layout, keepRaw } = this.#reading;
    if (this.#header === undefined || this.#rows === undefined) {
      this.#header = openHeader(cells, line, this.#reading);
      this.#rows = new RowReader(layout, this.#header, warnings.add, keepRaw);
      this.#reading.expect(cells.length);
      return undefined;
    }
    checkLength(cells, line, this.#header);
    const before = rows.length;
    this.#rows.read(cells, line, {}, rows);
    for (let at = before; at < rows.length; at += 1) {
      let row = rows[at] as SettlementRow;
      if (layout.signs?.payout !== undefined && tally.isCollected(row)) {
        row = { ...row, grossMinor: -row.grossMinor, netMinor: -row.netMinor };
        rows[at] = row;
      }
      tally.add(row);
    }
    if (this.#rows.residue !== 0n) {
      tally.addResidue(rows[before]?.settlementCurrency ?? '', this.#rows.residue);
    }
    return undefined;
  }

  end(): void {
    if (this.#header !== undefined) return;
    throw new SettlementFileError('empty_file', 1, 'the file has no header');
  }
}
