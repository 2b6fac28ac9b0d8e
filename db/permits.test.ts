import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  authorized,
  captured,
  type Database,
  draft,
  lastOperation,
  mustRecord,
  openTestDatabase,
  plan,
  stepAfter,
} from '../test/attack/support/rows.ts';
import { bumpGeneration } from './generations.ts';
import { type Claim, claimFirstSend, claimResend, revokePermit } from './permits.ts';

let database: Database;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database?.close());

const DEADLINE_MS = 1_000;
const claim = (operationId: string, generation = 1, keyWindowMs = 3_600_000): Promise<Claim> =>
  claimFirstSend(database.db, {
    operationId,
    generation,
    sealedParameters: Uint8Array.of(1, 2, 3),
    parametersExpireAtMs: Date.now() + 60_000,
    keyWindowMs,
  });
const again = (operationId: string, generation = 1) =>
  claimResend(database.db, operationId, generation, DEADLINE_MS);

const rowOf = async (id: string) => {
  const [row] = await database.sql<{
    first_sent_at: Date | null;
    last_sent_at: Date | null;
    revoked_at: Date | null;
    key_expires_at: Date | null;
    sends: number;
  }>('SELECT first_sent_at, last_sent_at, revoked_at, key_expires_at, sends FROM operation WHERE id = $1', [
    id,
  ]);
  if (row === undefined) throw new Error(`no operation ${id}`);
  return row;
};
const newPermit = async (over: Parameters<typeof draft>[0] = {}) =>
  lastOperation(await plan(database.db, draft(over))).id;
const past = () => ({ completeByMs: Date.now() - 1 });

describe('a first claim', () => {
  it('is won once, by one of fifty', async () => {
    const id = await newPermit();
    const claims = await Promise.all(Array.from({ length: 50 }, () => claim(id)));
    expect(claims.filter((each) => each.type === 'claimed')).toHaveLength(1);
    expect(claims.filter((each) => each.type === 'already_sent')).toHaveLength(49);
    expect(await rowOf(id)).toMatchObject({ sends: 1, revoked_at: null });
  });

  it('stores the sealed parameters and the end of the key, less a tenth, with the claim', async () => {
    const id = await newPermit();
    await claim(id, 1, 100_000);
    const { first_sent_at, key_expires_at } = await rowOf(id);
    expect((key_expires_at?.getTime() ?? 0) - (first_sent_at?.getTime() ?? 0)).toBe(90_000);
    const rows = await database.sql<{ sealed: Buffer }>(
      'SELECT sealed_parameters AS sealed FROM operation WHERE id = $1',
      [id],
    );
    expect(rows[0]?.sealed).toEqual(Buffer.of(1, 2, 3));
  });

  it('of an older generation is superseded, and leaves the permit to the newer', async () => {
    const payment = await plan(database.db);
    const { id } = lastOperation(payment);
    await bumpGeneration(database.db, payment.id, 1);
    expect(await claim(id, 1)).toEqual({ type: 'superseded' });
    expect(await rowOf(id)).toMatchObject({ first_sent_at: null, revoked_at: null });
    expect(await claim(id, 2)).toMatchObject({ type: 'claimed' });
    // Judged in this order: what was sent is unknown, whoever asks.
    expect(await claim(id, 1)).toEqual({ type: 'already_sent' });
  });

  it('of an older generation is superseded also where it would be too late', async () => {
    const payment = await plan(database.db, draft(past()));
    await bumpGeneration(database.db, payment.id, 1);
    expect(await claim(lastOperation(payment).id, 1)).toEqual({ type: 'superseded' });
  });

  it('past send_by is too late, and revokes for good', async () => {
    const id = await newPermit(past());
    expect(await claim(id)).toEqual({ type: 'revoked', why: 'too_late' });
    const { revoked_at } = await rowOf(id);
    expect(revoked_at).not.toBeNull();
    expect(await claim(id)).toEqual({ type: 'revoked', why: 'too_late' });
    expect(await rowOf(id)).toMatchObject({ revoked_at, first_sent_at: null });
  });

  it('of a revoked permit is refused', async () => {
    const id = await newPermit();
    expect(await revokePermit(database.db, id)).toBe('revoked');
    expect(await claim(id)).toEqual({ type: 'revoked', why: 'permit_revoked' });
  });

  it('of an operation without a row throws: nothing may be sent', async () => {
    await expect(claim('op_nobody')).rejects.toThrow(/nothing may be sent/);
  });

  it('racing with a revocation is either, never both', async () => {
    for (let round = 0; round < 20; round += 1) {
      const id = await newPermit();
      const [claimed, revoked] = await Promise.all([claim(id), revokePermit(database.db, id)]);
      expect(`${claimed.type} ${revoked}`).toMatch(/^(claimed already_sent|revoked revoked)$/);
      const { first_sent_at, revoked_at } = await rowOf(id);
      expect((first_sent_at === null) !== (revoked_at === null)).toBe(true);
    }
  });

  it('racing with the next generation never leaves an unclaimed permit that an older one may send', async () => {
    for (let round = 0; round < 20; round += 1) {
      const payment = await plan(database.db);
      const { id } = lastOperation(payment);
      const [older] = await Promise.all([claim(id, 1), bumpGeneration(database.db, payment.id, 1)]);
      expect(['claimed', 'superseded']).toContain(older.type);
      expect((await claim(id, 2)).type).toBe(older.type === 'claimed' ? 'already_sent' : 'claimed');
    }
  });
});

describe('a revocation', () => {
  it('of a claimed permit says that it was sent, and takes nothing back', async () => {
    const id = await newPermit();
    await claim(id);
    const before = await rowOf(id);
    expect(await revokePermit(database.db, id)).toBe('already_sent');
    expect(await rowOf(id)).toEqual(before);
  });
});

describe('a claim for sending again', () => {
  it('counts each send and moves its time', async () => {
    const id = await newPermit();
    await claim(id);
    const { first_sent_at } = await rowOf(id);
    const first = await again(id);
    const second = await again(id);
    expect(second).toBeGreaterThanOrEqual(first ?? Number.NaN);
    const row = await rowOf(id);
    expect(row.sends).toBe(3);
    expect(row.first_sent_at).toEqual(first_sent_at);
    expect(row.last_sent_at?.getTime()).toBe(second);
  });

  it('is refused where nothing was sent first, even if it was revoked', async () => {
    const id = await newPermit();
    expect(await again(id)).toBeUndefined();
    await revokePermit(database.db, id);
    expect(await again(id)).toBeUndefined();
    expect(await rowOf(id)).toMatchObject({ sends: 0, first_sent_at: null });
  });

  it('is refused to an older generation', async () => {
    const payment = await plan(database.db);
    const { id } = lastOperation(payment);
    await claim(id);
    await bumpGeneration(database.db, payment.id, 1);
    expect(await again(id, 1)).toBeUndefined();
    expect(await again(id, 2)).toBeDefined();
  });

  it('is refused once the operation is closed', async () => {
    const payment = await plan(database.db);
    const { id } = lastOperation(payment);
    await claim(id);
    await mustRecord(database.db, stepAfter(payment, captured()));
    expect(await again(id)).toBeUndefined();
    expect(await rowOf(id)).toMatchObject({ sends: 1 });
  });

  it('is refused unless the key outlives the whole deadline', async () => {
    const id = await newPermit();
    // Nine tenths of it are the key's: one millisecond short of what the resend may take.
    await claim(id, 1, Math.floor((DEADLINE_MS - 1) / 0.9));
    expect(await again(id)).toBeUndefined();
    const other = await newPermit();
    await claim(other, 1, DEADLINE_MS * 100);
    expect(await again(other)).toBeDefined();
  });

  it('past send_by is refused to an authorization or a sale, and not to a capture', async () => {
    const shortly = () => Date.now() + 400;
    const sale = await plan(database.db, draft({ completeByMs: shortly() }));
    const held = await plan(database.db, draft({ captureMethod: 'manual', completeByMs: shortly() }));
    const automatic = await plan(database.db, {
      ...draft({ completeByMs: shortly() }),
      route: [...draft().route].reverse(),
    });
    for (const payment of [sale, held, automatic])
      expect(await claim(lastOperation(payment).id)).toMatchObject({ type: 'claimed' });
    const capturing = await mustRecord(database.db, {
      ...stepAfter(automatic, { ...authorized(), captureBeforeMs: Date.now() + 400 } as never),
    });
    const capture = lastOperation(capturing);
    expect(capture.kind).toBe('capture');
    expect(await claim(capture.id)).toMatchObject({ type: 'claimed' });
    await expect
      .poll(
        async () =>
          (
            await database.sql<{ late: boolean }>(
              'SELECT bool_and(send_by < clock_timestamp()) AS late FROM operation WHERE id = ANY($1)',
              [[lastOperation(sale).id, lastOperation(held).id, capture.id]],
            )
          )[0]?.late,
      )
      .toBe(true);
    expect(await again(lastOperation(sale).id)).toBeUndefined();
    expect(await again(lastOperation(held).id)).toBeUndefined();
    expect(await again(capture.id)).toBeDefined();
  });

  it('by twenty at once counts twenty: each of them was permitted', async () => {
    const id = await newPermit();
    await claim(id);
    const claims = await Promise.all(Array.from({ length: 20 }, () => again(id)));
    expect(claims.every((each) => each !== undefined)).toBe(true);
    expect(await rowOf(id)).toMatchObject({ sends: 21 });
  });
});
