import { exponentOf } from '../../domain/money/currency.ts';
import type { FileTrailer, SettlementRow } from '../../domain/reconciliation/row.ts';
import { BadValue, parseCurrency, parseMinor } from './decimal.ts';
import { quoted, SettlementFileError } from './errors.ts';
import { FlowByCurrency, type ReadTotals } from './flow.ts';
import type { Header } from './header.ts';
import { checkLength, openHeader, type Reading } from './header-file.ts';
import type { CodedRecord, TotalsCells } from './layout.ts';
import { RowReader } from './row-reader.ts';

/** A trailer, and where it stands. */
export interface TrailerRecord {
  readonly line: number;
  readonly record: string;
  readonly scope: 'section' | 'file';
  readonly trailer: FileTrailer;
}

type Of<Role extends CodedRecord['role']> = Extract<CodedRecord, { role: Role }>;

interface Opened {
  readonly code: string;
  readonly line: number;
  readonly closedBy: readonly string[];
  isClosed: boolean;
}

/** Files whose records begin with a code: headers and footers of files and sections around the rows. */
export class CodedFile {
  readonly #reading: Reading;
  readonly #codes: Readonly<Record<string, CodedRecord>>;
  readonly #opened: Opened[] = [];
  readonly #sections: Opened[] = [];
  #header: Header | undefined;
  #rows: RowReader | undefined;
  #account: string | undefined;
  #inSection = new FlowByCurrency();
  readonly #inFile = new FlowByCurrency();
  #endedAt: number | undefined;
  #records = 0;
  #lastLine = 1;
  #endsShort = false;

  constructor(reading: Reading, codes: Readonly<Record<string, CodedRecord>>) {
    this.#reading = reading;
    this.#codes = codes;
  }

  accept(cells: readonly string[], line: number, rows: SettlementRow[]): TrailerRecord | undefined {
    const code = cells[0] ?? '';
    const record = this.#codes[code];
    this.#lastLine = line;
    this.#records += 1;
    this.#endsShort = false;
    if (this.#endedAt !== undefined) {
      throw new SettlementFileError(
        'bad_record',
        line,
        `${quoted(code)} after the end in line ${this.#endedAt}`,
      );
    }
    if (record === undefined) {
      this.#unknown(code, cells, line, rows);
      return undefined;
    }
    for (const opened of [...this.#opened, ...this.#sections.slice(-1)]) {
      if (opened.closedBy.includes(code)) opened.isClosed = true;
    }
    switch (record.role) {
      case 'open':
        this.#opened.push({ code, line, closedBy: record.closedBy, isClosed: false });
        return undefined;
      case 'section':
        this.#openSection(record, code, cells, line);
        return undefined;
      case 'columns':
        this.#openColumns(cells, line);
        return undefined;
      case 'row':
        this.#row(code, cells, line, rows, false);
        return undefined;
      case 'totals':
        return this.#totals(record, code, cells, line);
      case 'count':
        this.#count(record, cells, line);
        return undefined;
      case 'end':
        this.#endedAt = line;
        return undefined;
    }
  }

  /** A file that says where it begins must say where it ends; so must all of its sections, once one does. */
  end(endsWithNewline: boolean): void {
    if (this.#records === 0) throw new SettlementFileError('empty_file', 1, 'the file has no records');
    if (!endsWithNewline && this.#endsShort) {
      throw new SettlementFileError('short_record', this.#lastLine, 'the file ends within a record');
    }
    const closes = this.#opened.length > 0 || this.#sections.some(({ isClosed }) => isClosed);
    const open = [...this.#opened, ...(closes ? this.#sections : [])].find(({ isClosed }) => !isClosed);
    if (open === undefined) return;
    const wanted = open.closedBy.join(' or ');
    const detail = `the file ends without the ${wanted} that closes ${open.code} of line ${open.line}`;
    throw new SettlementFileError('truncated', this.#lastLine, detail);
  }

  #openSection(record: Of<'section'>, code: string, cells: readonly string[], line: number): void {
    this.#sections.push({ code, line, closedBy: record.closedBy, isClosed: false });
    this.#inSection = new FlowByCurrency();
    const account = record.accountCell === undefined ? undefined : cells[record.accountCell];
    this.#account = account === '' ? undefined : account;
  }

  #openColumns(cells: readonly string[], line: number): void {
    this.#header = openHeader(cells, line, this.#reading);
    const { layout, warnings, keepRaw } = this.#reading;
    this.#rows = new RowReader(layout, this.#header, warnings.add, keepRaw);
    this.#reading.expect(cells.length);
  }

  #row(
    code: string,
    cells: readonly string[],
    line: number,
    rows: SettlementRow[],
    isUnknown: boolean,
  ): void {
    const [header, reader] = [this.#header, this.#rows];
    if (header === undefined || reader === undefined) {
      throw new SettlementFileError('bad_record', line, `${quoted(code)} before the names of its columns`);
    }
    // Empty cells at the end may be left out, as long as none is missing that every row has.
    this.#endsShort = cells.length < header.names.length;
    if (!this.#endsShort || cells.length < header.needed) checkLength(cells, line, header);
    const context = this.#account === undefined ? {} : { merchantAccount: this.#account };
    const before = rows.length;
    reader.read(cells, line, isUnknown ? { ...context, unknownAs: code } : context, rows);
    for (let at = before; at < rows.length; at += 1) {
      const row = rows[at] as SettlementRow;
      this.#reading.tally.add(row);
      this.#inSection.add(row, at > before);
      this.#inFile.add(row, at > before);
    }
  }

  /** Money under a code that nobody has mapped is kept as an unknown row; anything else isn't this layout. */
  #unknown(code: string, cells: readonly string[], line: number, rows: SettlementRow[]): void {
    if (this.#rows?.carriesAmount(cells) && cells.length === this.#header?.names.length) {
      this.#row(code, cells, line, rows, true);
      return;
    }
    const known = Object.keys(this.#codes).join(', ');
    throw new SettlementFileError('unknown_record', line, `${quoted(code)} is none of the records ${known}`);
  }

  #totals(
    { cells: at, scope }: Of<'totals'>,
    code: string,
    cells: readonly string[],
    line: number,
  ): TrailerRecord {
    const read = readTotals(at, cells, line, this.#reading.layout.units);
    const flow = scope === 'section' ? this.#inSection : this.#inFile;
    for (const message of flow.differences(read)) {
      this.#reading.warnings.add('trailer_differs', line, `${code} ${read.currency}: ${message}`);
    }
    const { currency, credit, debit, feeCredit, feeDebit, count } = read;
    const netMinor = credit - debit + feeCredit - feeDebit;
    const trailer = { currency, rows: count, creditMinor: credit, debitMinor: debit, netMinor };
    return { line, record: code, scope, trailer };
  }

  #count({ cell, scope }: Of<'count'>, cells: readonly string[], line: number): void {
    const said = wholeNumber(cells[cell], line, 'the count of records');
    const { records } = scope === 'section' ? this.#inSection : this.#inFile;
    if (said === records) return;
    const message = `the file says ${said} records of the ${scope}, and has ${records}`;
    this.#reading.warnings.add('count_differs', line, message);
  }
}

function readTotals(
  at: TotalsCells,
  cells: readonly string[],
  line: number,
  units: 'major' | 'minor',
): ReadTotals {
  try {
    const currency = parseCurrency(cells[at.currency] ?? '');
    const amount = (cell: number) => {
      const value = parseMinor(cells[cell] ?? '', exponentOf(currency) ?? 2, units);
      if (value < 0) throw new BadValue('bad_amount', 'a total of one direction is negative');
      return BigInt(value);
    };
    const [credit, debit] = [amount(at.credit), amount(at.debit)];
    const [feeCredit, feeDebit] = [amount(at.feeCredit), amount(at.feeDebit)];
    const count = wholeNumber(cells.at(at.count), line, 'the count of records');
    return { currency, credit, debit, feeCredit, feeDebit, count };
  } catch (error) {
    if (!(error instanceof BadValue)) throw error;
    throw new SettlementFileError(error.reason, line, `in a record of totals: ${error.message}`);
  }
}

function wholeNumber(text: string | undefined, line: number, what: string): number {
  if (text !== undefined && /^\d{1,12}$/.test(text)) return Number(text);
  throw new SettlementFileError('bad_record', line, `${what} is ${quoted(text ?? '')}`);
}
