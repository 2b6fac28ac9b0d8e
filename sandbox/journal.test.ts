import { appendFile, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { Journal, openJournal } from './journal.ts';
import { temporaryDirectory } from './testing.ts';

test('a line is on disk before anybody who waits for it goes on, and concurrent waiters share an fsync', async () => {
  const file = await open(join(await temporaryDirectory(), 'journal'), 'a');
  const order: string[] = [];
  const append = file.appendFile.bind(file);
  const sync = file.datasync.bind(file);
  vi.spyOn(file, 'appendFile').mockImplementation(async (text) => {
    order.push('write');
    await append(text);
  });
  vi.spyOn(file, 'datasync').mockImplementation(async () => {
    order.push('sync');
    await sync();
  });
  const journal = new Journal(file, 0);
  const waiters = Array.from({ length: 20 }, (_, index) => {
    journal.append([{ kind: 'effect', index }]);
    return journal.durable().then(() => order.push('answer'));
  });
  await Promise.all(waiters);
  expect(order.indexOf('answer')).toBeGreaterThan(order.indexOf('sync'));
  expect(order.filter((step) => step === 'sync').length).toBeLessThanOrEqual(3);
  expect(order.filter((step) => step === 'answer').length).toBe(20);
  await journal.close();
});

test('a transaction that a crash cut in two never happened, and the next one continues the numbering', async () => {
  const path = join(await temporaryDirectory(), 'journal');
  const first = await openJournal(path);
  first.journal.append([{ kind: 'effect', effect: 'authorized' }, { kind: 'state' }]);
  await first.journal.close();
  const whole = await readFile(path, 'utf8');
  await appendFile(
    path,
    '{"seq":3,"at":"2026-01-01T00:00:00.000Z","tx":4,"kind":"effect"}\n{"seq":4,"at":"20',
  );
  const second = await openJournal(path);
  expect(second.lines.map((line) => line.seq)).toEqual([1, 2]);
  expect(await readFile(path, 'utf8')).toBe(whole);
  const [line] = second.journal.append([{ kind: 'effect' }]);
  expect(line?.seq).toBe(3);
  await second.journal.close();
  const third = await openJournal(path);
  expect(third.lines.map((entry) => entry.seq)).toEqual([1, 2, 3]);
  await third.journal.close();
});

test('a crash that took only the last newline loses nothing', async () => {
  const path = join(await temporaryDirectory(), 'journal');
  const first = await openJournal(path);
  first.journal.append([{ kind: 'effect' }]);
  await first.journal.close();
  const whole = await readFile(path, 'utf8');
  const file = await open(path, 'r+');
  await file.truncate(whole.length - 1);
  await file.close();
  const second = await openJournal(path);
  second.journal.append([{ kind: 'effect' }]);
  await second.journal.close();
  expect((await openJournal(path)).lines.map((line) => line.seq)).toEqual([1, 2]);
});

test('a journal that cannot be written refuses to answer from then on', async () => {
  const file = await open(join(await temporaryDirectory(), 'journal'), 'a');
  const journal = new Journal(file, 0);
  vi.spyOn(file, 'datasync').mockRejectedValue(new Error('no space left on device'));
  journal.append([{ kind: 'effect' }]);
  await expect(journal.durable()).rejects.toThrow('no space left');
  journal.append([{ kind: 'effect' }]);
  await expect(journal.durable()).rejects.toThrow('no space left');
  await file.close();
});
