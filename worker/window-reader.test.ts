import { describe, expect, it } from 'vitest';
import type { WindowQuestion } from '../db/routing/windows.ts';
import { DEFAULT_WINDOWS, NO_COUNTS, type WindowRow } from '../domain/routing/learning/index.ts';
import { WindowReader } from './window-reader.ts';

const NOW_MS = Date.UTC(2026, 10, 21, 17, 1);
const { bucketMs, windowMs } = DEFAULT_WINDOWS;

/** A row in each bucket of the window, and one before it. */
const TABLE: readonly WindowRow[] = Array.from({ length: windowMs / bucketMs + 1 }, (_, ago) => ({
  accountId: 'pa_1',
  grain: 'cell',
  method: 'card',
  brand: 'visa',
  issuerCountry: '',
  currency: 'EUR',
  bucketStartMs: NOW_MS - (NOW_MS % bucketMs) - ago * bucketMs,
  counts: { ...NO_COUNTS, approved: 1 },
}));

function reading(fails: (question: WindowQuestion) => boolean = () => false) {
  const asked: WindowQuestion[] = [];
  const read: number[] = [];
  const ask = async (question: WindowQuestion) => {
    asked.push(question);
    if (fails(question)) throw new Error('the answer took too long');
    const { sinceMs, untilMs = Number.POSITIVE_INFINITY, cursor } = question;
    const rows = TABLE.filter(({ bucketStartMs: at }) => at >= sinceMs && at < untilMs);
    // Nothing changes here after the first look.
    return { rows: cursor === undefined ? rows : [], cursor: '7' };
  };
  const reader = new WindowReader(ask, (rows) => void read.push(...rows.map((row) => row.bucketStartMs)));
  return { reader, asked, read };
}

const IN_WINDOW = TABLE.map(({ bucketStartMs }) => bucketStartMs).filter((at) => at >= NOW_MS - windowMs);

describe('what workers counted', () => {
  it('is read back to the end of the window, once each, the latest first, and never in one question', async () => {
    const { reader, asked, read } = reading();
    await reader.read(NOW_MS);
    expect(read).toEqual(IN_WINDOW);
    for (const { sinceMs, untilMs = NOW_MS } of asked)
      expect(untilMs - sinceMs).toBeLessThanOrEqual(bucketMs);
    const questions = asked.length;
    await reader.read(NOW_MS + 1_000);
    expect(asked.slice(questions)).toEqual([{ sinceMs: NOW_MS + 1_000 - windowMs, cursor: '7' }]);
  });

  it('is asked again from the page that failed on', async () => {
    let failures = 1;
    const third = NOW_MS - 3 * bucketMs;
    const { reader, asked, read } = reading(
      ({ sinceMs, untilMs }) => untilMs !== undefined && sinceMs < third && failures-- > 0,
    );
    await expect(reader.read(NOW_MS)).rejects.toThrow('too long');
    const before = asked.length;
    await reader.read(NOW_MS);
    const [changes, page] = asked.slice(before);
    expect(changes?.cursor).toBe('7');
    expect(page).toEqual(asked[before - 1]);
    expect(read).toEqual(IN_WINDOW);
  });

  it('is begun with the last minutes again where these could not be read', async () => {
    let failures = 1;
    const { reader, asked, read } = reading(() => failures-- > 0);
    await expect(reader.read(NOW_MS)).rejects.toThrow('too long');
    expect(asked).toHaveLength(1);
    await reader.read(NOW_MS);
    expect(read).toEqual(IN_WINDOW);
  });
});
