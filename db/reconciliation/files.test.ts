import { createHash, randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { classify } from '../../domain/reconciliation/classify.ts';
import type { SettlementRow } from '../../domain/reconciliation/row.ts';
import { DEFAULT_POLICY } from '../../domain/reconciliation/tolerance.ts';
import { emptyCopies } from './files.ts';
import { readFile, receiveFile, refreshBookings, refuseFile, reportOf, stageFile } from './index.ts';
import {
  ACCOUNT,
  capture,
  classifyDay,
  closeDay,
  DATE,
  type Day,
  openDay,
  payout,
  receive,
  row,
  stage,
  startDay,
  verdicts,
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

  it('without lines are what the day has: there was nothing, as on the day before', async () => {
    const { file } = await closeDay(day, []);
    const run = await startDay(day, '2026-11-21');
    expect(await emptyCopies(day.database.db, ACCOUNT, '2026-11-21')).toBe(0);
    await receiveCopy(file.id, '2026-11-21');
    expect(await emptyCopies(day.database.db, ACCOUNT, '2026-11-21')).toBe(1);
    expect(await emptyCopies(day.database.db, ACCOUNT, '2026-11-22')).toBe(0);
    await classifyDay(day, run);
    expect((await reportOf(day.pool, run, 'closed')).breaks).toEqual([]);
  });

  it('with lines are not what the day has', async () => {
    const { file } = await closeDay(day, [capture(2, 'pi_1')]);
    await receiveCopy(file.id, '2026-11-21');
    expect(await emptyCopies(day.database.db, ACCOUNT, '2026-11-21')).toBe(0);
  });

  it('do not make their original one that was stopped: it still comes before whatever came after it', async () => {
    await sales(day, 'pi_1');
    const rows = [capture(2, 'pi_1', { grossMinor: 900 })];
    const run = await startDay(day);
    const file = await receive(day, rows);
    await refreshBookings(day.pool, run);
    await stage(day, run, file, rows);
    await receiveCopy(file.id, '2026-11-21');
    const next = await closeDay(day, rows, { name: 'b.csv', date: '2026-11-21' });
    expect(await verdicts(day, next.file.id)).toEqual({ 2: 'DUPLICATE_LINE' });
    await classifyDay(day, run);
    expect(await verdicts(day, file.id)).toEqual({ 2: 'AMOUNT_UNDER' });
  });

  it('that were refused are taken in anew when somebody uploads them again', async () => {
    const file = await again('a.csv', DATE);
    expect(await refuseFile(day.database.db, file.id, { code: 'bad', message: 'no' })).toBe(true);
    expect(await again('a.csv', DATE)).toMatchObject({ id: file.id, status: 'received' });
    await closeDay(day, [capture(2, 'pi_1')]);
    expect(await refuseFile(day.database.db, file.id, { code: 'bad', message: 'late' })).toBe(false);
  });

  it('that are refused once they were judged leave no case of a line; taken in anew they have it again', async () => {
    const rows = [capture(2, 'pi_nobody')];
    const run = await startDay(day);
    const judged = async () => {
      const file = await receive(day, rows);
      await stage(day, run, file, rows);
      await classifyDay(day, run);
      return file.id;
    };
    const open = () => day.database.sql('SELECT kind FROM exception WHERE closed_at IS NULL');
    const fileId = await judged();
    expect(await open()).toEqual([{ kind: 'missing_in_ledger' }]);
    await refuseFile(day.database.db, fileId, { code: 'bad', message: 'no' });
    expect(await open()).toEqual([]);
    await judged();
    expect(await open()).toEqual([{ kind: 'missing_in_ledger' }]);
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

describe('what a file pays out, beside its lines', () => {
  const judged = async (rows: readonly SettlementRow[], name = 'a.csv') => {
    const run = await startDay(day);
    const file = await receive(day, rows, name);
    await refreshBookings(day.pool, run);
    const end = () => ({ rows: rows.length, trailers: [], warnings: [] });
    async function* each() {
      yield* rows;
    }
    const staged = await stageFile(day.pool, { run, file, rows: each(), end, judge: () => 'leave' });
    return 'whole' in staged ? classify(staged.whole, DEFAULT_POLICY).verdict : staged.type;
  };
  const of = (line: number, payoutReference?: string, batch?: string) =>
    capture(line, `pi_${line}`, {
      ...(payoutReference === undefined ? {} : { payoutReference }),
      ...(batch === undefined ? {} : { batch }),
    });
  const back = (line: number, payoutReference: string) =>
    row(line, { type: 'payout_reversed', grossMinor: 941, payoutReference });

  it.each<[string, readonly SettlementRow[], string]>([
    ['the lines that name it', [of(2, 'po_1'), of(3, 'po_2'), payout(4, 941)], 'clean'],
    ['less than these', [of(2, 'po_1'), of(3, 'po_1'), payout(4, 941)], 'BATCH_TOTAL_BREAK'],
    ['its batch', [of(2, undefined, '7'), of(3, undefined, '8'), { ...payout(4, 941), batch: '7' }], 'clean'],
    [
      'more than its batch',
      [of(2, undefined, '7'), { ...payout(4, 1_882), batch: '7' }],
      'BATCH_TOTAL_BREAK',
    ],
    [
      'a batch without lines',
      [of(2, undefined, '8'), { ...payout(4, 941), batch: '7' }],
      'BATCH_TOTAL_BREAK',
    ],
    ['part of a balance', [of(2), payout(3, 500, 'B1')], 'clean'],
    [
      'what came back of an earlier one, too',
      [of(2, 'po_2'), back(3, 'po_0'), payout(4, 1_882, 'po_2')],
      'clean',
    ],
    [
      'without what came back of an earlier one',
      [of(2, 'po_2'), back(3, 'po_0'), payout(4, 941, 'po_2')],
      'clean',
    ],
    ['once, and it came back at once', [of(2, 'po_2'), back(3, 'po_2'), payout(4, 941, 'po_2')], 'clean'],
    ['more than both', [of(2, 'po_2'), back(3, 'po_0'), payout(4, 1_900, 'po_2')], 'BATCH_TOTAL_BREAK'],
  ])('is %s', async (_what, rows, verdict) => {
    expect(await judged(rows)).toBe(verdict);
  });

  it('is no repeat where it only says that an earlier payout came back; where it pays the same again it is', async () => {
    await closeDay(day, [of(2, 'po_1'), payout(3, 941)]);
    const next = [of(2, 'po_2'), back(3, 'po_1'), payout(4, 1_882, 'po_2')];
    expect(await judged(next, 'b.csv')).toBe('clean');
    expect(await judged([of(5, 'po_1'), payout(6, 941)], 'c.csv')).toBe('DUPLICATE_FILE');
  });
});
