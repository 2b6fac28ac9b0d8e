import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  authorized,
  captured,
  type Database,
  draft,
  mustRecord,
  openTestDatabase,
  plan,
  stepAfter,
} from '../test/attack/support/rows.ts';
import { finishedAmong, restingOwners } from './sweep.ts';

/** So long is nothing idle yet, and everything is. */
const EVER_MS = 3_600_000;
const ANY_MS = -1_000;

let database: Database;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database?.close());

const isFinished = async (id: string, idleMs = ANY_MS) =>
  (await finishedAmong(database.db, [id], idleMs)).includes(id);
const isResting = async (id: string) =>
  (await restingOwners(database.db, ANY_MS, '', 1_000)).some(({ ownerId }) => ownerId === id);

describe('the sweeper', () => {
  it('looks at a payment that is not finished, and at none that is', async () => {
    const payment = await plan(database.db);
    expect([await isResting(payment.id), await isFinished(payment.id)]).toEqual([true, false]);
    await mustRecord(database.db, stepAfter(payment, captured()));
    expect([await isResting(payment.id), await isFinished(payment.id)]).toEqual([false, true]);
  });

  it('looks at one that is authorized and waits for its merchant', async () => {
    const payment = await plan(database.db, draft({ captureMethod: 'manual' }));
    await mustRecord(database.db, stepAfter(payment, authorized()));
    expect([await isResting(payment.id), await isFinished(payment.id)]).toEqual([true, false]);
  });

  it('lets what has only just moved alone', async () => {
    const payment = await plan(database.db);
    await mustRecord(database.db, stepAfter(payment, captured()));
    expect(await isFinished(payment.id, EVER_MS)).toBe(false);
  });
});
