import { Secret, TOTP } from 'otpauth';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestApi, type TestApi } from '../test-support/harness.ts';
import { actsOn, addPerson, refusalOf, signedIn, Tab, type TestPerson } from '../test-support/people.ts';

let api: TestApi;
/** A code's thirty seconds end when the test says so, and at no other time. */
let nowMs = Date.UTC(2026, 10, 22, 12, 0, 1);

beforeAll(async () => {
  api = await startTestApi({}, { now: () => nowMs, triesPerAddress: { points: 500, seconds: 300 } });
});
afterAll(() => api.close());

const codeOf = (secret: string, aheadSeconds = 0) =>
  new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: nowMs + aheadSeconds * 1_000 });

async function begin(tab: Tab, password: string): Promise<string> {
  const { status, body } = await tab.post('/v1/console/totp', { password });
  expect(status).toBe(200);
  const uri = new URL(body.uri);
  expect(body.uri).toMatch(/^otpauth:\/\/totp\/Interlock:/);
  expect(uri.searchParams.get('secret')).toBe(body.secret);
  expect(body.secret).toMatch(/^[A-Z2-7]{32}$/);
  return body.secret;
}

describe('an authenticator app', () => {
  let person: TestPerson;
  let tab: Tab;
  let secret: string;
  const next = () => {
    nowMs += 60_000;
  };

  beforeEach(async () => {
    next();
    ({ tab, person } = await signedIn(api, 'operator'));
    secret = await begin(tab, person.password);
  });
  const confirm = async () => {
    const answer = await tab.post('/v1/console/totp/confirm', { code: codeOf(secret) });
    expect([answer.status, answer.body.person?.totp]).toEqual([200, true]);
    next();
  };
  const signIn = (code?: string) => new Tab(api).signIn(person, code === undefined ? {} : { code });

  it('is asked for nothing before its first code was right', async () => {
    expect((await signIn()).status).toBe(200);
    const wrong = await tab.post('/v1/console/totp/confirm', { code: '000000' });
    expect([wrong.status, wrong.body.error.code]).toEqual([422, 'code_wrong']);
    expect((await signIn()).status).toBe(200);
    await confirm();
    const answer = await signIn();
    expect([answer.status, answer.body.error.code]).toEqual([401, 'code_required']);
    expect(answer.headers.get('set-cookie')).toBeNull();
    expect((await signIn(codeOf(secret))).status).toBe(200);
  });

  it('ends every other session when it is confirmed, and when it is removed', async () => {
    const elsewhere = new Tab(api);
    await elsewhere.signIn(person);
    await confirm();
    expect((await tab.get('/v1/console/session')).status).toBe(200);
    expect((await elsewhere.get('/v1/console/session')).body.error.code).toBe('session_expired');
    expect((await elsewhere.signIn(person, { code: codeOf(secret) })).status).toBe(200);
    expect((await tab.post('/v1/console/totp/remove', { password: person.password })).status).toBe(200);
    expect((await tab.get('/v1/console/session')).status).toBe(200);
    expect((await elsewhere.get('/v1/console/session')).body.error.code).toBe('session_expired');
  });

  it('is not told of while the password is wrong', async () => {
    await confirm();
    const answer = await new Tab(api).signIn(
      { ...person, password: 'wrong enough' },
      { code: codeOf(secret) },
    );
    expect([answer.status, answer.body.error.code]).toEqual([401, 'sign_in_refused']);
  });

  it('makes codes that count once, and no earlier one after them', async () => {
    const first = codeOf(secret);
    await confirm();
    const [earlier, code] = [codeOf(secret, -30), codeOf(secret)];
    expect((await signIn(first)).status).toBe(401);
    expect((await signIn(code)).status).toBe(200);
    for (const used of [code, earlier]) {
      const answer = await signIn(used);
      expect([answer.status, answer.body.error.code]).toEqual([401, 'sign_in_refused']);
      expect((await refusalOf(api, answer))?.code).toBe('sign_in_refused');
    }
    expect((await signIn(codeOf(secret, 30))).status).toBe(200);
  });

  it('makes codes of which two at once sign in one', async () => {
    await confirm();
    const code = codeOf(secret);
    const statuses = (await Promise.all([signIn(code), signIn(code), signIn(code)])).map(
      ({ status }) => status,
    );
    expect(statuses.sort()).toEqual([200, 401, 401]);
  });

  it('may have a clock that is half a minute off, and no more', async () => {
    await confirm();
    expect((await signIn(codeOf(secret, 90))).status).toBe(401);
    expect((await signIn(codeOf(secret, -90))).status).toBe(401);
    expect((await signIn(codeOf(secret, 30))).status).toBe(200);
  });

  it('cannot be guessed by who has the password: wrong codes lock, and a missing one gives none of them back', async () => {
    await confirm();
    for (let n = 0; n < 5; n += 1) {
      expect((await signIn()).status).toBe(401);
      expect((await signIn('000000')).status).toBe(401);
    }
    expect((await signIn(codeOf(secret))).status).toBe(423);
  });

  it('is removed with the password, and another one begun with it', async () => {
    await confirm();
    const twice = await tab.post('/v1/console/totp', { password: person.password });
    expect([twice.status, twice.body.error.code]).toEqual([409, 'totp_confirmed_already']);
    expect((await tab.post('/v1/console/totp/remove', { password: 'a wrong one' })).status).toBe(422);
    expect((await tab.post('/v1/console/totp', { password: 'a wrong one' })).status).toBe(422);
    const removed = await tab.post('/v1/console/totp/remove', { password: person.password });
    expect([removed.status, removed.body.person.totp]).toEqual([200, false]);
    expect((await signIn()).status).toBe(200);
    expect((await actsOn(api, person.id)).map(({ action }) => action)).toEqual(
      expect.arrayContaining(['person.totp_confirmed', 'person.totp_removed']),
    );
  });

  it('keeps its secret under the vault’s key, bound to its person', async () => {
    const { rows } = await api.sql.query('SELECT sealed_totp FROM operator WHERE id = $1', [person.id]);
    const sealed: Buffer = rows[0].sealed_totp;
    expect(sealed.toString('latin1')).not.toContain(secret);
    expect(api.vault.openSecret(sealed, person.id).current).toBe(secret);
    expect(() => api.vault.openSecret(sealed, 'opr_other')).toThrow();
    expect(api.logs.join('')).not.toContain(secret);
  });
});

it('a code that nobody began is refused', async () => {
  const { tab } = await signedIn(api, 'operator');
  const answer = await tab.post('/v1/console/totp/confirm', { code: '123456' });
  expect([answer.status, answer.body.error.code]).toEqual([409, 'totp_not_begun']);
  const plain = await addPerson(api, 'operator');
  expect((await new Tab(api).signIn(plain, { code: '123456' })).status).toBe(200);
});
