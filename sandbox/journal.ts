// The journal: an append-only JSONL file, fsynced before any answer that depends on it is sent.
// It is the oracle of every test that asks "did money move?", and the only thing state is rebuilt from.
// Lines of one transaction carry the same `tx` (the seq of its last line): a transaction whose last line
// didn't reach the disk never happened, because nobody was answered.
// No provider rules here, and no card numbers in any line.
import { createReadStream } from 'node:fs';
import { type FileHandle, open, truncate } from 'node:fs/promises';
import { createInterface } from 'node:readline';

export type LineKind = 'arrival' | 'effect' | 'state';

/** A line before the journal numbers it. */
export type Draft = { kind: LineKind } & Record<string, unknown>;

/** A line as it stands in the file. `seq` counts from 1 without gaps; `at` is ISO 8601 UTC. */
export type JournalLine = { seq: number; at: string; tx: number; kind: LineKind } & Record<string, unknown>;

interface Waiter {
  seq: number;
  resolve(): void;
  reject(error: Error): void;
}

// Arrivals ride along with the next effect; this bounds how long a lonely one stays in memory.
const LAZY_FLUSH_MS = 20;

export class Journal {
  readonly #file: FileHandle;
  #seq: number;
  #durableSeq: number;
  #pending: string[] = [];
  #waiters: Waiter[] = [];
  #flushing: Promise<void> | undefined;
  #lazyTimer: NodeJS.Timeout | undefined;
  #failure: Error | undefined;

  constructor(file: FileHandle, seq: number) {
    this.#file = file;
    this.#seq = seq;
    this.#durableSeq = seq;
  }

  /** Appends one transaction. Lazy lines are written with the next eager ones, or some milliseconds later. */
  append(drafts: readonly Draft[], options: { lazy?: boolean } = {}): JournalLine[] {
    const at = new Date().toISOString();
    const tx = this.#seq + drafts.length;
    const lines = drafts.map((draft) => {
      this.#seq += 1;
      return { seq: this.#seq, at, tx, ...draft };
    });
    this.#pending.push(...lines.map((line) => `${JSON.stringify(line)}\n`));
    if (options.lazy === true) {
      this.#lazyTimer ??= setTimeout(() => this.#flush(), LAZY_FLUSH_MS);
    } else {
      this.#flush();
    }
    return lines;
  }

  /** Resolves once everything appended so far is on disk. Concurrent callers share one fsync. */
  durable(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#durableSeq >= this.#seq) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiters.push({ seq: this.#seq, resolve, reject });
      this.#flush();
    });
  }

  /** Forgets everything, numbering included. */
  async reset(): Promise<void> {
    await this.durable();
    await this.#file.truncate(0);
    await this.#file.datasync();
    this.#seq = 0;
    this.#durableSeq = 0;
  }

  async close(): Promise<void> {
    await this.durable();
    clearTimeout(this.#lazyTimer);
    await this.#flushing;
    await this.#file.close();
  }

  #flush(): void {
    // Whoever flushes takes the lazy lines along; a timer left standing would keep later ones waiting.
    clearTimeout(this.#lazyTimer);
    this.#lazyTimer = undefined;
    if (this.#flushing !== undefined) return;
    this.#flushing = this.#writeOut().finally(() => {
      this.#flushing = undefined;
      if (this.#pending.length > 0 && this.#failure === undefined) this.#flush();
    });
  }

  async #writeOut(): Promise<void> {
    try {
      while (this.#pending.length > 0) {
        const text = this.#pending.join('');
        const upTo = this.#seq;
        this.#pending = [];
        await this.#file.appendFile(text);
        await this.#file.datasync();
        this.#durableSeq = upTo;
        const ready = this.#waiters.filter((waiter) => waiter.seq <= upTo);
        this.#waiters = this.#waiters.filter((waiter) => waiter.seq > upTo);
        for (const waiter of ready) waiter.resolve();
      }
    } catch (error) {
      // A journal that can't be written must not answer: every request from here on fails.
      this.#failure = error instanceof Error ? error : new Error(String(error));
      for (const waiter of this.#waiters) waiter.reject(this.#failure);
      this.#waiters = [];
    }
  }
}

function parseLine(text: string): JournalLine | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'seq' in value ? (value as JournalLine) : undefined;
  } catch {
    return undefined;
  }
}

/** Reads the whole transactions of a journal; `length` is the byte length they cover. */
async function readJournal(path: string): Promise<{ lines: JournalLine[]; length: number }> {
  const lines: JournalLine[] = [];
  let unfinished: JournalLine[] = [];
  let offset = 0;
  let length = 0;
  const input = createReadStream(path, { encoding: 'utf8' });
  for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    offset += Buffer.byteLength(text) + 1;
    const line = parseLine(text);
    if (line === undefined) break;
    unfinished.push(line);
    if (line.seq === line.tx) {
      lines.push(...unfinished);
      unfinished = [];
      length = offset;
    }
  }
  input.destroy();
  return { lines, length };
}

/** Opens a journal, dropping a transaction that a crash cut in two, and returns what it held. */
export async function openJournal(path: string): Promise<{ journal: Journal; lines: JournalLine[] }> {
  const file = await open(path, 'a');
  const { lines, length } = await readJournal(path);
  const { size } = await file.stat();
  if (size > length) await truncate(path, length);
  // The crash took only the last line's end.
  if (size < length) await file.appendFile('\n');
  return { journal: new Journal(file, lines.at(-1)?.seq ?? 0), lines };
}
