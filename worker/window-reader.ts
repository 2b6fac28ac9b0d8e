import type { WindowCursor, WindowQuestion } from '../db/routing/windows.ts';
import { DEFAULT_WINDOWS, HEALTH_WINDOW_MS, type WindowRow } from '../domain/routing/learning/index.ts';

/** The past is read for so long in one tick: whatever else is due in it waits. */
const PAST_MS = 250;

interface WindowAnswer {
  readonly rows: readonly WindowRow[];
  readonly cursor: WindowCursor;
}

/**
 * Reads what all workers counted. A worker that starts begins with the last minutes, which say who is well, then reads what
 * changes, and beside that the past, bucket by bucket, the latest first. A page that fails is asked again, and not
 * those before it: a week of all accounts is never one question.
 */
export class WindowReader {
  readonly #ask: (question: WindowQuestion) => Promise<WindowAnswer>;
  readonly #merge: (rows: readonly WindowRow[]) => void;
  #cursor: WindowCursor | undefined;
  /** All from here on was read, and what changes is. */
  #knownFromMs = 0;

  constructor(
    ask: (question: WindowQuestion) => Promise<WindowAnswer>,
    merge: (rows: readonly WindowRow[]) => void,
  ) {
    this.#ask = ask;
    this.#merge = merge;
  }

  async read(nowMs: number): Promise<void> {
    await this.#readChanges(nowMs);
    const horizonMs = nowMs - DEFAULT_WINDOWS.windowMs;
    const startedMs = performance.now();
    while (this.#knownFromMs > horizonMs && performance.now() - startedMs < PAST_MS)
      await this.#readPage(horizonMs);
  }

  async #readChanges(nowMs: number): Promise<void> {
    const known = this.#cursor;
    const sinceMs = nowMs - (known === undefined ? HEALTH_WINDOW_MS : DEFAULT_WINDOWS.windowMs);
    const { rows, cursor } = await this.#ask({
      sinceMs,
      ...(known === undefined ? {} : { cursor: known }),
    });
    this.#merge(rows);
    this.#cursor = cursor;
    if (known === undefined) this.#knownFromMs = sinceMs;
  }

  async #readPage(horizonMs: number): Promise<void> {
    const untilMs = this.#knownFromMs;
    const sinceMs = Math.max(horizonMs, untilMs - DEFAULT_WINDOWS.bucketMs);
    const { rows } = await this.#ask({ sinceMs, untilMs });
    this.#merge(rows);
    this.#knownFromMs = sinceMs;
  }
}
