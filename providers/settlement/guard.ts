import { isUtf8 } from 'node:buffer';
import { SettlementFileError } from './errors.ts';

/** What a file may weigh, whatever its layout: bounds that no real file comes near. */
export interface Bounds {
  readonly maxBytes: number;
  readonly maxLineBytes: number;
  readonly maxColumns: number;
}

export const DEFAULT_BOUNDS: Bounds = {
  maxBytes: 4 * 1024 ** 3,
  maxLineBytes: 1024 ** 2,
  maxColumns: 500,
};

const NEWLINE = 10;
/** Small enough that one slice never holds much of anybody's time or memory. */
const SLICE_BYTES = 64 * 1024;

const MAGICS: readonly (readonly [string, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['a ZIP archive', [0x50, 0x4b, 0x03, 0x04]],
  ['a ZIP archive', [0x50, 0x4b, 0x05, 0x06]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58]],
  ['Zstandard', [0x28, 0xb5, 0x2f, 0xfd]],
];
const UTF16 = [
  [0xff, 0xfe],
  [0xfe, 0xff],
];
const BOM = [0xef, 0xbb, 0xbf];
const LONGEST_MAGIC = 4;

/** What was seen of the file once it has been read to its end. */
export interface Seen {
  bytes: number;
  lines: number;
  endsWithNewline: boolean;
}

/**
 * Lets through what is text in UTF-8 within the bounds, without its byte order mark, in small slices; anything
 * else is refused before a parser sees it. It holds back no more than a few bytes.
 */
export async function* guardText(
  stream: AsyncIterable<Uint8Array>,
  bounds: Bounds,
  seen: Seen,
): AsyncGenerator<Buffer> {
  const guard = new Guard(bounds, seen);
  let head: Buffer | undefined = Buffer.alloc(0);
  for await (const piece of stream) {
    let chunk = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    if (head !== undefined) {
      chunk = Buffer.concat([head, chunk]);
      head = chunk;
      if (chunk.length < LONGEST_MAGIC) continue;
      chunk = withoutMark(chunk);
      head = undefined;
    }
    for (let at = 0; at < chunk.length; at += SLICE_BYTES)
      yield guard.pass(chunk.subarray(at, at + SLICE_BYTES));
  }
  if (head !== undefined) yield guard.pass(withoutMark(head));
  guard.end();
}

function startsWith(chunk: Buffer, bytes: readonly number[]): boolean {
  return chunk.length >= bytes.length && bytes.every((byte, index) => chunk[index] === byte);
}

function withoutMark(chunk: Buffer): Buffer {
  for (const [what, magic] of MAGICS) {
    if (startsWith(chunk, magic)) {
      throw new SettlementFileError('compressed', 1, `the file is compressed (${what}), not text`);
    }
  }
  if (UTF16.some((mark) => startsWith(chunk, mark))) {
    throw new SettlementFileError('wrong_encoding', 1, 'the file is UTF-16, not UTF-8');
  }
  return startsWith(chunk, BOM) ? chunk.subarray(BOM.length) : chunk;
}

class Guard {
  readonly #bounds: Bounds;
  readonly #seen: Seen;
  #lineBytes = 0;
  /** A character cut in two by the end of a slice waits here. */
  #carry: Buffer = Buffer.alloc(0);

  constructor(bounds: Bounds, seen: Seen) {
    this.#bounds = bounds;
    this.#seen = seen;
  }

  pass(slice: Buffer): Buffer {
    const seen = this.#seen;
    seen.bytes += slice.length;
    if (seen.bytes > this.#bounds.maxBytes) {
      throw this.#refuse('too_large', `the file has more than ${this.#bounds.maxBytes} bytes`);
    }
    const whole = this.#carry.length === 0 ? slice : Buffer.concat([this.#carry, slice]);
    const cut = whole.length - unfinished(whole);
    const text = whole.subarray(0, cut);
    // A copy: the stream may write over its buffer before the next slice comes.
    this.#carry = Buffer.from(whole.subarray(cut));
    if (!isUtf8(text)) throw this.#badText(text);
    const nul = text.indexOf(0);
    if (nul >= 0) {
      this.#countLines(text.subarray(0, nul));
      throw this.#refuse('nul_byte', 'there is a NUL byte');
    }
    this.#countLines(text);
    if (text.length > 0) seen.endsWithNewline = text[text.length - 1] === NEWLINE;
    return text;
  }

  end(): void {
    if (this.#carry.length > 0) throw this.#refuse('wrong_encoding', 'the last character is cut off');
    if (this.#seen.bytes === 0) throw new SettlementFileError('empty_file', 1, 'the file is empty');
  }

  #countLines(text: Buffer): void {
    let from = 0;
    for (;;) {
      const at = text.indexOf(NEWLINE, from);
      const bytes = this.#lineBytes + (at < 0 ? text.length : at) - from;
      if (bytes > this.#bounds.maxLineBytes) {
        throw this.#refuse('line_too_long', `the line has more than ${this.#bounds.maxLineBytes} bytes`);
      }
      if (at < 0) {
        this.#lineBytes = bytes;
        return;
      }
      this.#lineBytes = 0;
      this.#seen.lines += 1;
      from = at + 1;
    }
  }

  #badText(text: Buffer): SettlementFileError {
    let from = 0;
    for (;;) {
      const at = text.indexOf(NEWLINE, from);
      if (at < 0 || !isUtf8(text.subarray(from, at))) break;
      this.#seen.lines += 1;
      from = at + 1;
    }
    return this.#refuse('wrong_encoding', 'the text is not UTF-8');
  }

  #refuse(reason: 'too_large' | 'nul_byte' | 'line_too_long' | 'wrong_encoding', detail: string) {
    return new SettlementFileError(reason, this.#seen.lines + 1, detail);
  }
}

/** How many bytes at the end begin a character that isn't complete. */
function unfinished(text: Buffer): number {
  for (let back = 1; back <= Math.min(3, text.length); back += 1) {
    const byte = text[text.length - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) {
      const wanted = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return wanted > back ? back : 0;
    }
  }
  return 0;
}
