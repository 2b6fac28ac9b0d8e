import { createHash, randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readFile, receiveFile, refuseFile, reportOf } from './index.ts';
import {
  ACCOUNT,
  capture,
  classifyDay,
  closeDay,
  DATE,
  type Day,
  openDay,
  receive,
  startDay,
} from './test-support/day.ts';
import { sales } from './test-support/payments.ts';

/** A file as it came: kept once, whole, and given back byte for byte. */
let day: Day;
beforeEach(async () => {
  day = await openDay();
});
afterEach(() => day?.close());

describe('the same bytes again', () => {
  const again = (name: string, date: string) => receive(day, [capture(2, 'pi_1')], name, date);

  it('are the same file; for another day they are a duplicate, told once and taken in never', async () => {
    await sales(day, 'pi_1');
    const { file } = await closeDay(day, [capture(2, 'pi_1')]);
    expect((await again('a.csv', DATE)).duplicates).toEqual([]);
    const run = await startDay(day, '2026-11-21');
    const bytes = () => day.database.sql('SELECT count(*)::int AS n FROM settlement_file_chunk');
    const before = await bytes();
    const copy = await receiveCopy(file.id, '2026-11-21');
    expect(copy.duplicates).toMatchObject([{ businessDate: '2026-11-21', name: 'copy.csv' }]);
    await receiveCopy(file.id, '2026-11-21');
    expect(await bytes()).toEqual(before);
    for (let turn = 0; turn < 2; turn += 1) {
      await classifyDay(day, run);
      const report = await reportOf(day.pool, run, 'closed');
      expect(report.breaks).toEqual([{ type: 'DUPLICATE_FILE', found: 1, auto_resolved: 1, open: 0 }]);
    }
  });

  it('that were refused are taken in anew when somebody uploads them again', async () => {
    const file = await again('a.csv', DATE);
    expect(await refuseFile(day.database.db, file.id, { code: 'bad', message: 'no' })).toBe(true);
    expect(await again('a.csv', DATE)).toMatchObject({ id: file.id, status: 'received' });
    await closeDay(day, [capture(2, 'pi_1')]);
    expect(await refuseFile(day.database.db, file.id, { code: 'bad', message: 'late' })).toBe(false);
  });

  it('come back as they were, chunk by chunk', async () => {
    const bytes = randomBytes(2_500_000);
    async function* content() {
      yield bytes.subarray(0, 7);
      yield bytes.subarray(7);
    }
    const arrival = {
      accountId: ACCOUNT,
      businessDate: DATE,
      format: 'test',
      source: 'uploaded' as const,
      name: 'b',
    };
    const { file } = await receiveFile(day.database.db, arrival, content());
    expect(file).toMatchObject({
      sizeBytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    });
    const parts: Uint8Array[] = [];
    for await (const part of readFile(day.database.db, file.id)) parts.push(part);
    expect(parts.map(({ length }) => length)).toEqual([1_048_576, 1_048_576, 402_848]);
    expect(Buffer.concat(parts).equals(bytes)).toBe(true);
  });

  it('that break off leave nothing', async () => {
    async function* content() {
      yield randomBytes(2_000_000);
      throw new Error('the line is gone');
    }
    const arrival = {
      accountId: ACCOUNT,
      businessDate: DATE,
      format: 'test',
      source: 'uploaded' as const,
      name: 'b',
    };
    await expect(receiveFile(day.database.db, arrival, content())).rejects.toThrow(/line is gone/);
    expect(await day.database.sql('SELECT 1 FROM settlement_file_chunk')).toEqual([]);
  });

  /** The stored bytes once more, under another name. */
  async function receiveCopy(fileId: string, businessDate: string) {
    const arrival = {
      accountId: ACCOUNT,
      businessDate,
      format: 'test',
      source: 'fetched' as const,
      name: 'copy.csv',
    };
    const received = await receiveFile(day.database.db, arrival, readFile(day.database.db, fileId));
    expect(received.type).toBe('duplicate');
    return received.file;
  }
});
