/**
 * Reads settlement files: `parseSettlement` turns a stream of bytes and a layout into rows, as they come and
 * without holding the file. A file is taken as a whole or not at all: whatever is wrong with it is thrown as a
 * SettlementFileError, and only a whole file has an `end`. What merely doesn't add up is a warning.
 */
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { SettlementRow } from '../../domain/reconciliation/row.ts';
import { CodedFile, type TrailerRecord } from './coded-file.ts';
import { type FileWarning, SettlementFileError } from './errors.ts';
import { type Bounds, DEFAULT_BOUNDS, guardText, type Seen } from './guard.ts';
import { HeaderFile, type Reading } from './header-file.ts';
import type { SettlementLayout } from './layout.ts';
import { type RecordBatch, RecordReader } from './records.ts';
import { type BatchTotal, type PayoutLine, Tally, type Totals, Warnings } from './tally.ts';

export interface ParseOptions {
  readonly bounds?: Partial<Bounds>;
  /** Whether rows keep every column as it stood; without it `raw` is empty, and reading is faster. */
  readonly raw?: boolean;
  /** Unpack gzip. Without it, packed files are refused. */
  readonly gunzip?: boolean;
}

export interface FileEnd {
  readonly rows: number;
  readonly bytes: number;
  readonly lines: number;
  readonly totals: Totals;
  readonly batches: readonly BatchTotal[];
  readonly payouts: readonly PayoutLine[];
  readonly warnings: readonly FileWarning[];
}

export type ParsedEnd = { readonly type: 'end' } & FileEnd;

export type Parsed =
  | { readonly type: 'row'; readonly row: SettlementRow }
  | ({ readonly type: 'trailer' } & TrailerRecord)
  | ParsedEnd;

/** Rows some at a time, for those who store many; the last batch alone has an `end`. */
export interface ParsedBatch {
  readonly rows: readonly SettlementRow[];
  readonly trailers: readonly TrailerRecord[];
  readonly end?: FileEnd;
}

export async function* parseSettlement(
  stream: AsyncIterable<Uint8Array>,
  layout: SettlementLayout,
  options: ParseOptions = {},
): AsyncGenerator<Parsed> {
  for await (const { rows, trailers, end } of parseSettlementBatches(stream, layout, options)) {
    for (const row of rows) yield { type: 'row', row };
    for (const trailer of trailers) yield { type: 'trailer', ...trailer };
    if (end !== undefined) yield { type: 'end', ...end };
  }
}

export async function* parseSettlementBatches(
  stream: AsyncIterable<Uint8Array>,
  layout: SettlementLayout,
  { bounds: some = {}, raw: keepRaw = true, gunzip = false }: ParseOptions = {},
): AsyncGenerator<ParsedBatch> {
  const bounds: Bounds = { ...DEFAULT_BOUNDS, ...some };
  const seen: Seen = { bytes: 0, lines: 0, endsWithNewline: false };
  const [tally, warnings] = [new Tally(layout.balance), new Warnings()];
  const records = new RecordReader(layout.delimiter, bounds);
  const expect = (cells: number) => records.expect(cells);
  const reading: Reading = { layout, bounds, tally, warnings, keepRaw, expect };
  const file =
    layout.records.by === 'header' ? new HeaderFile(reading) : new CodedFile(reading, layout.records.codes);
  try {
    for await (const text of guardText(gunzip ? unpacked(stream) : stream, bounds, seen)) {
      const batch = interpret(file, await records.read(text));
      if (batch.rows.length > 0 || batch.trailers.length > 0) yield batch;
    }
    const { rows, trailers } = interpret(file, await records.end());
    file.end(seen.endsWithNewline);
    if (!seen.endsWithNewline) {
      const message = 'the file does not end with a newline: its last record may be cut off';
      warnings.add('no_final_newline', seen.lines + 1, message);
    }
    const lines = seen.lines + (seen.endsWithNewline ? 0 : 1);
    const rest = roundingRows(tally, warnings, lines);
    tally.judge(warnings.add);
    const end: FileEnd = {
      rows: tally.rows,
      bytes: seen.bytes,
      lines,
      totals: tally.totals(),
      batches: tally.batches(),
      payouts: tally.payouts,
      warnings: warnings.all(),
    };
    yield { rows: [...rows, ...rest], trailers, end };
  } finally {
    records.destroy();
  }
}

function interpret(file: HeaderFile | CodedFile, { cells, lines }: RecordBatch) {
  const rows: SettlementRow[] = [];
  const trailers: TrailerRecord[] = [];
  for (let at = 0; at < cells.length; at += 1) {
    const trailer = file.accept(cells[at] ?? [], lines[at] ?? 0, rows);
    if (trailer !== undefined) trailers.push(trailer);
  }
  return { rows, trailers };
}

/** What rounding took from many lines was paid after all: a row for it behind the last line, so that the sum is the payout's. */
function roundingRows(tally: Tally, warnings: Warnings, lastLine: number): SettlementRow[] {
  const { last } = tally;
  return tally.roundedAway().map(([currency, amountMinor], index) => {
    warnings.add(
      'rounded',
      lastLine,
      `amounts in ${currency} have more decimals than it has: rounded by ${amountMinor}`,
    );
    const row: SettlementRow = {
      line: lastLine + 1 + index,
      type: 'rounding',
      providerType: 'rounding',
      currency,
      grossMinor: amountMinor,
      settlementCurrency: currency,
      feeMinor: 0,
      netMinor: amountMinor,
      fees: [],
      occurredAt: last?.occurredAt ?? '1970-01-01T00:00:00.000Z',
      description: 'rounding of amounts with more decimals than the currency has',
      raw: {},
      ...(last?.payoutReference === undefined ? {} : { payoutReference: last.payoutReference }),
    };
    tally.add(row);
    return row;
  });
}

async function* unpacked(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip();
  const source = Readable.from(stream);
  source.once('error', (error) => gunzip.destroy(error));
  source.pipe(gunzip);
  try {
    yield* gunzip;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'Z_BUF_ERROR') throw new SettlementFileError('truncated', 1, 'the gzip stream is cut off');
    if (code.startsWith('Z_')) throw new SettlementFileError('compressed', 1, 'the gzip stream is damaged');
    throw error;
  } finally {
    source.destroy();
    gunzip.destroy();
  }
}
