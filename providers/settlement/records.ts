import { CsvError, Parser } from 'csv-parse';
import { type RefusalReason, SettlementFileError } from './errors.ts';
import type { Bounds } from './guard.ts';

/** Records as the file has them, some at a time; `lines` says where each begins. */
export interface RecordBatch {
  readonly cells: string[][];
  readonly lines: number[];
}

const REASONS: Readonly<Record<string, readonly [RefusalReason, string]>> = {
  CSV_QUOTE_NOT_CLOSED: ['unterminated_quote', 'a quoted field begins here or below and never ends'],
  CSV_INVALID_CLOSING_QUOTE: ['bad_quote', 'a quoted field is followed by something else than a delimiter'],
  INVALID_OPENING_QUOTE: ['bad_quote', 'a quote stands inside of an unquoted field'],
  CSV_MAX_RECORD_SIZE: ['line_too_long', 'the record that begins here is too long'],
};

/** A parser whose records go where they are wanted at once: through a stream, each would cost as much again. */
class Splitter extends Parser {
  onRecord: (record: string[], endLine: number) => void = () => undefined;

  override push(chunk: unknown): boolean {
    if (!Array.isArray(chunk)) return super.push(chunk);
    this.onRecord(chunk, this.info.lines);
    return true;
  }
}

const NEWLINE = 0x0a;
const QUOTE = 0x22;
const EMPTY_LINES = Buffer.from('\n\n\n\n');

/**
 * Splits text into records. Lines without a quote are split here, which takes a fraction of the time; from the first quote
 * on csv-parse reads, until the quotes are closed at the end of a line.
 */
export class RecordReader {
  readonly #parser: Splitter;
  readonly #delimiter: string;
  #batch: RecordBatch = { cells: [], lines: [] };
  /** The line that is not ended yet, and lines that csv-parse has not seen. */
  #tail: Buffer = Buffer.alloc(0);
  #ownLines = 0;
  #parsedLines = 0;
  /** csv-parse is within a line or a quoted field. */
  #isParsing = false;
  #isQuoted = false;
  /** csv-parse counts a CR LF inside of quotes twice. */
  #countedTwice = 0;
  #lastLine = 0;

  constructor(delimiter: string, bounds: Bounds) {
    this.#delimiter = delimiter;
    this.#parser = new Splitter({
      delimiter,
      record_delimiter: ['\r\n', '\n'],
      relax_column_count: true,
      skip_empty_lines: true,
      max_record_size: bounds.maxLineBytes,
    });
    this.#parser.onRecord = (record, endLine) => this.#take(record, endLine);
    // What goes wrong is told by the callback of the write.
    this.#parser.on('error', () => undefined);
  }

  /**
   * Says how many cells the records to come have: csv-parse makes an error with a stack for each that has
   * another number, even where it then lets it pass.
   */
  expect(length: number): void {
    (this.#parser as unknown as { state: { expectedRecordLength: number } }).state.expectedRecordLength =
      length;
  }

  async read(text: Buffer): Promise<RecordBatch> {
    let rest = this.#tail.length === 0 ? text : Buffer.concat([this.#tail, text]);
    this.#tail = Buffer.alloc(0);
    while (rest.length > 0) {
      if (this.#isParsing) {
        const length = this.#toEndOfQuotes(rest);
        await this.#parse(rest.subarray(0, length));
        if (!this.#isParsing) await this.#flush();
        rest = rest.subarray(length);
        continue;
      }
      const quote = rest.indexOf(QUOTE);
      const plain = rest.lastIndexOf(NEWLINE, quote < 0 ? undefined : quote) + 1;
      this.#split(rest.subarray(0, plain));
      rest = rest.subarray(plain);
      if (quote < 0) {
        // A copy: the stream may write over its buffer before more comes.
        this.#tail = Buffer.from(rest);
        break;
      }
      this.#isParsing = true;
    }
    return this.#taken();
  }

  /** How far csv-parse must read: to the end of the line in which no quote is open any more, or all that there is. */
  #toEndOfQuotes(text: Buffer): number {
    for (let at = 0; at < text.length; at += 1) {
      const byte = text[at];
      if (byte === QUOTE) this.#isQuoted = !this.#isQuoted;
      else if (byte === NEWLINE) {
        this.#parsedLines += 1;
        if (!this.#isQuoted) {
          this.#isParsing = false;
          return at + 1;
        }
      }
    }
    return text.length;
  }

  /** csv-parse looks ahead before it gives a record away: empty lines, which are no records, let it. */
  async #flush(): Promise<void> {
    await this.#parse(EMPTY_LINES);
    this.#ownLines -= EMPTY_LINES.length;
    this.#parsedLines += EMPTY_LINES.length;
  }

  async #parse(text: Buffer): Promise<void> {
    await this.#settled((done) => this.#parser.write(text, done));
  }

  /** Whole lines without a quote. As with csv-parse, empty ones are no records. */
  #split(text: Buffer): void {
    if (text.length === 0) return;
    const { cells, lines } = this.#batch;
    const all = text.toString('utf8').split('\n');
    // What stands after the last newline.
    all.pop();
    for (const line of all) {
      this.#ownLines += 1;
      const record = line.endsWith('\r') ? line.slice(0, -1) : line;
      if (record === '') continue;
      this.#lastLine = this.#ownLines + this.#parsedLines;
      cells.push(record.split(this.#delimiter));
      lines.push(this.#lastLine);
    }
  }

  async end(): Promise<RecordBatch> {
    if (this.#tail.length > 0) await this.#parse(this.#tail);
    await this.#settled((done) => {
      this.#parser.once('error', done);
      this.#parser.once('end', () => done());
      this.#parser.resume();
      this.#parser.end();
    });
    return this.#taken();
  }

  destroy(): void {
    this.#parser.destroy();
  }

  #take(record: string[], endLine: number): void {
    const line = endLine + this.#ownLines - this.#countedTwice;
    let begins = line;
    if (line - this.#lastLine > 1) {
      // It spans lines, or empty ones stand before it.
      for (const cell of record) {
        if (!cell.includes('\n') && !cell.includes('\r')) continue;
        const both = occurrences(cell, '\r\n');
        this.#countedTwice += both;
        begins -= occurrences(cell, '\n') + occurrences(cell, '\r');
      }
    }
    this.#lastLine = endLine + this.#ownLines - this.#countedTwice;
    this.#batch.cells.push(record);
    this.#batch.lines.push(begins);
  }

  #taken(): RecordBatch {
    const batch = this.#batch;
    this.#batch = { cells: [], lines: [] };
    return batch;
  }

  async #settled(act: (done: (error?: Error | null) => void) => void): Promise<void> {
    try {
      await new Promise<void>((resolve, reject) => act((error) => (error ? reject(error) : resolve())));
    } catch (error) {
      throw error instanceof CsvError ? this.#refusal(error) : error;
    }
  }

  #refusal(error: CsvError): SettlementFileError {
    const [reason, detail] = REASONS[error.code] ?? ['bad_quote', 'the record cannot be read'];
    return new SettlementFileError(reason, this.#lastLine + 1, detail);
  }
}

function occurrences(text: string, what: string): number {
  return text.split(what).length - 1;
}
