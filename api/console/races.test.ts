import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDb } from '../../db/client.ts';
import {
  type CredentialRegister,
  createCredentialRegister,
  createSessionRegister,
  type Judged,
  type Proven,
  type SessionRegister,
} from '../../db/settings/index.ts';
import { waitFor } from '../../test/support/harness.ts';
import { startTestApi, type TestApi } from '../test-support/harness.ts';
import { addPerson } from '../test-support/people.ts';

/** A password or a code takes a while to judge. What was changed in that time is not changed back, nor opened by what it was. */

let api: TestApi;
let db: ReturnType<typeof openDb>;
let credentials: CredentialRegister;
let sessions: SessionRegister;

beforeAll(async () => {
  api = await startTestApi();
  db = openDb(api.ownerUrl, { maxConnections: 4 });
  credentials = createCredentialRegister(db);
  sessions = createSessionRegister(db);
});
afterAll(async () => {
  await db.$disconnect();
  await api.close();
});

const nowMs = Date.UTC(2026, 10, 22);
const bytes = () => new Uint8Array(randomBytes(40));

async function judged(): Promise<Proven> {
  const { id } = await addPerson(api, 'operator');
  const person = await credentials.byId(id);
  if (person?.passwordHash === undefined) throw new Error(id);
  return { ...person, passwordHash: person.passwordHash };
}

async function openSession(person: Judged): Promise<{ digest: string; isOpen: boolean }> {
  const digest = randomBytes(9).toString('hex');
  const isOpen = await sessions.open({ digest, judged: person, nowMs, expiresAtMs: nowMs + 1_000 });
  return { digest, isOpen };
}

const disable = ({ operatorId }: Proven) =>
  api.sql.query('UPDATE operator SET disabled_at = now() WHERE id = $1', [operatorId]);

describe('a password that was changed after it was judged', () => {
  it('changes nothing any more', async () => {
    const person = await judged();
    expect(await credentials.changePassword(person, 'the first', nowMs)).toBe(true);
    expect(await credentials.changePassword(person, 'the second', nowMs)).toBe(false);
    expect(await credentials.beginTotp(person, bytes())).toBe(false);
    expect(await credentials.removeTotp(person, { digest: 'none', nowMs })).toBe(false);
    expect((await credentials.byId(person.operatorId))?.passwordHash).toBe('the first');
  });

  it('opens no session', async () => {
    const person = await judged();
    expect((await openSession(person)).isOpen).toBe(true);
    await credentials.changePassword(person, 'another', nowMs);
    const { digest, isOpen } = await openSession(person);
    expect([isOpen, await sessions.find(digest)]).toEqual([false, undefined]);
    expect((await openSession({ ...person, passwordHash: 'another' })).isOpen).toBe(true);
  });

  it('leaves no session open, however close to each other they come', async () => {
    for (let n = 0; n < 20; n += 1) {
      const person = await judged();
      const [{ digest, isOpen }] = await Promise.all([
        openSession(person),
        credentials.changePassword(person, 'another', nowMs),
      ]);
      const found = await sessions.find(digest);
      expect(isOpen ? found?.isRevoked : found).toBe(isOpen ? true : undefined);
    }
  });

  it('waits for a change that is not committed yet, and is judged by it', async () => {
    const person = await judged();
    const changing = await api.sql.connect();
    try {
      await changing.query('BEGIN');
      await changing.query(`UPDATE operator SET password_hash = 'another' WHERE id = $1`, [
        person.operatorId,
      ]);
      const opening = openSession(person);
      const waits = `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%console_session%'
        AND datname = current_database()`;
      await waitFor(async () => (await api.sql.query(waits)).rows.length > 0, { what: 'the lock' });
      await changing.query('COMMIT');
      expect((await opening).isOpen).toBe(false);
    } finally {
      changing.release();
    }
  });
});

describe('somebody who was disabled after their password was judged', () => {
  it('opens no session and changes nothing', async () => {
    const person = await judged();
    await disable(person);
    expect((await openSession(person)).isOpen).toBe(false);
    expect(await credentials.changePassword(person, 'another', nowMs)).toBe(false);
  });
});

describe('a second factor that was changed after a code was judged', () => {
  it('is not confirmed by a code of the secret before', async () => {
    const person = await judged();
    const [first, second] = [bytes(), bytes()];
    const own = { digest: 'mine', nowMs };
    await credentials.beginTotp(person, first);
    await credentials.beginTotp(person, second);
    const code = { step: 7, sealedTotp: first };
    expect(await credentials.confirmTotp(person.operatorId, code, own)).toBe(false);
    expect(await credentials.confirmTotp(person.operatorId, { ...code, sealedTotp: second }, own)).toBe(true);
    expect(await credentials.spendCode(person.operatorId, { step: 8, sealedTotp: first })).toBe(false);
    expect(await credentials.spendCode(person.operatorId, { step: 8, sealedTotp: second })).toBe(true);
  });

  it('is not gone without: a sign-in that was judged before opens nothing', async () => {
    const person = await judged();
    const sealedTotp = bytes();
    await credentials.beginTotp(person, sealedTotp);
    await credentials.confirmTotp(person.operatorId, { step: 7, sealedTotp }, { digest: 'mine', nowMs });
    expect((await openSession(person)).isOpen).toBe(false);
    expect((await openSession({ ...person, isTotpConfirmed: true })).isOpen).toBe(true);
  });
});
