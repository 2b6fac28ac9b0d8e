import { type FileHandle, open } from 'node:fs/promises';
import type { MerchantLine } from '../evidence-types.ts';

/** A line before it is numbered and stamped. */
export type Draft = MerchantLine extends infer Line
  ? Line extends MerchantLine
    ? Omit<Line, 'at' | 'seq'>
    : never
  : never;

/**
 * What the merchant keeps: an append-only file, on disk before the merchant acts on a line. Concurrent
 * writers share an fsync.
 */
export class MerchantJournal {
  readonly lines: MerchantLine[] = [];
  readonly #file: FileHandle;
  #pending: string[] = [];
  /** How many lines are on disk. */
  #durable = 0;
  #flush: Promise<void> | undefined;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  static async open(path: string): Promise<MerchantJournal> {
    return new MerchantJournal(await open(path, 'a'));
  }

  /** Resolves once the line is on disk. */
  async write(draft: Draft): Promise<void> {
    const line = { at: Date.now(), seq: this.lines.length + 1, ...draft } as MerchantLine;
    this.lines.push(line);
    this.#pending.push(`${JSON.stringify(line)}\n`);
    // A flush that is under way took its lines before this one came; the next takes it.
    while (this.#durable < line.seq) {
      this.#flush ??= this.#writeOut();
      await this.#flush;
    }
  }

  async close(): Promise<void> {
    await this.#flush;
    await this.#file.close();
  }

  async #writeOut(): Promise<void> {
    const text = this.#pending.join('');
    const upTo = this.lines.length;
    this.#pending = [];
    try {
      await this.#file.appendFile(text);
      await this.#file.datasync();
      this.#durable = upTo;
    } finally {
      this.#flush = undefined;
    }
  }
}
