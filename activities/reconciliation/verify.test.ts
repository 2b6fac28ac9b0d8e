import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readFile, receiveFile } from '../../db/reconciliation/index.ts';
import { ACCOUNT, capture, closeDay, type Day, openDay } from '../../db/reconciliation/test-support/day.ts';
import type { Dependencies } from '../dependencies.ts';
import { createVerifySettlements, type Verified } from './verify.ts';

/** Whether a day has its file, so that nobody waits for one. */
let day: Day;
beforeAll(async () => {
  day = await openDay();
});
afterAll(() => day?.close());

async function copyFor(fileId: string, businessDate: string): Promise<Verified> {
  const { db } = day.database;
  const arrival = {
    accountId: ACCOUNT,
    businessDate,
    format: 'test',
    source: 'fetched' as const,
    name: `of ${businessDate}`,
  };
  await receiveFile(db, arrival, readFile(db, fileId));
  const verify = createVerifySettlements({ db } as Dependencies);
  return (await new MockActivityEnvironment().run(verify, { accountId: ACCOUNT, businessDate })) as Verified;
}

it('a day has the file that says, in the bytes of an earlier day’s, that there was nothing', async () => {
  const { file } = await closeDay(day, []);
  expect(await copyFor(file.id, '2026-11-21')).toMatchObject({ held: 1, refused: 0, waiting: 0 });
  expect(await copyFor(file.id, '2026-11-22')).toMatchObject({ held: 1, refused: 0, waiting: 0 });
});

it('a day has no file where an earlier day’s came again with its lines', async () => {
  const { file } = await closeDay(day, [capture(2, 'pi_1')], { name: 'b.csv' });
  expect(await copyFor(file.id, '2026-11-23')).toMatchObject({ held: 0, refused: 0, waiting: 0 });
});
