import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../../test/support/harness.ts';
import { startTestApi, type TestApi } from '../test-support/harness.ts';
import { actsOn, addPerson, signedIn, Tab } from '../test-support/people.ts';
import { createPasswordGate } from './password-gate.ts';

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi({}, { triesPerAddress: { points: 500, seconds: 300 } });
});
afterAll(() => api.close());

const MINE = '/v1/console/session';
const A_TEST = { 'interlock-merchant': 'mer_a/test' };

async function expectRefused(tab: Tab, code: string, status: number) {
  const answer = await tab.get('/v1/operator/exceptions');
  expect([answer.status, answer.body.error.code]).toEqual([status, code]);
}

describe('a password', () => {
  const change = (tab: Tab, current: string, next: string) =>
    tab.post('/v1/console/password', { current_password: current, new_password: next });

  it('is changed with the one before; every other session ends, and this one begins anew', async () => {
    const { tab, person } = await signedIn(api, 'operator');
    const elsewhere = new Tab(api);
    await elsewhere.signIn(person);
    const before = { cookie: tab.cookie, csrf: tab.csrf };
    const next = 'another long enough one';
    const answer = await change(tab, person.password, next);
    expect([answer.status, answer.body.object]).toEqual([200, 'console_session']);
    expect((await tab.get(MINE)).status).toBe(200);
    await expectRefused(elsewhere, 'session_expired', 401);
    const stale = new Tab(api);
    Object.assign(stale, before);
    await expectRefused(stale, 'session_expired', 401);
    expect((await new Tab(api).signIn(person)).status).toBe(401);
    expect((await new Tab(api).signIn({ ...person, password: next })).status).toBe(200);
    await waitFor(async () => (await actsOn(api, person.id)).length >= 5, { what: 'all acts' });
    expect((await actsOn(api, person.id)).map(({ action }) => action)).toContain('person.password_changed');
  });

  it('that is not theirs changes nothing, and counts as a failure to sign in', async () => {
    const { tab, person } = await signedIn(api, 'operator');
    for (let n = 0; n < 5; n += 1) {
      const answer = await change(tab, 'a wrong password', 'another long enough one');
      expect([answer.status, answer.body.error.code]).toEqual([422, 'password_wrong']);
    }
    const locked = await change(tab, person.password, 'another long enough one');
    expect(locked.status).toBe(423);
    expect((await new Tab(api).signIn(person)).status).toBe(423);
  });

  it.each([
    ['short', 'elevenchars'],
    ['one letter', 'aaaaaaaaaaaaaaaa'],
    ['a common word', 'Password2026!'],
    ['a row of keys', '123456789123456789'],
    ['their name', 'Wilhelmina rides'],
    ['their e-mail address', 'my operator.77@people.example'],
  ])('is not taken where it is %s', async (_what, next) => {
    const person = await addPerson(api, 'operator', 'Wilhelmina');
    await api.sql.query(`UPDATE operator SET email = NULL WHERE email = 'operator.77@people.example'`);
    await api.sql.query(`UPDATE operator SET email = 'operator.77@people.example' WHERE id = $1`, [
      person.id,
    ]);
    const tab = new Tab(api);
    await tab.signIn({ ...person, email: 'operator.77@people.example' });
    const answer = await change(tab, person.password, next);
    expect([answer.status, answer.body.error.code]).toEqual([422, 'password_unsuitable']);
    expect(answer.text).not.toContain(next);
  });

  it('that somebody else made opens nothing but its change', async () => {
    const person = await addPerson(api, 'admin');
    await api.sql.query('UPDATE operator SET password_expired = true WHERE id = $1', [person.id]);
    const tab = new Tab(api);
    const answer = await tab.signIn(person);
    expect(answer.body.person.password_change_required).toBe(true);
    await expectRefused(tab, 'password_change_required', 403);
    expect((await tab.get('/v1/payments', A_TEST)).status).toBe(403);
    expect((await tab.post('/v1/console/totp', { password: person.password })).status).toBe(403);
    const changed = await change(tab, person.password, 'a password of my own');
    expect(changed.body.person.password_change_required).toBe(false);
    expect((await tab.get('/v1/operator/exceptions')).status).toBe(200);
  });
});

describe('many passwords at once', () => {
  it('are judged one after another, and no more than twenty wait', async () => {
    const gate = createPasswordGate({ ln: 14, r: 8, p: 1 });
    const hash = await gate.hash('the right one');
    const tries = Array.from({ length: 30 }, (_, n) =>
      gate.isRight(n % 2 === 0 ? 'the right one' : 'another', hash),
    );
    const settled = await Promise.allSettled(tries);
    const judged = settled.map((each) =>
      each.status === 'fulfilled' ? each.value : String(each.reason.code),
    );
    expect(judged.slice(0, 21)).toEqual(Array.from({ length: 21 }, (_, n) => n % 2 === 0));
    expect(judged.slice(21)).toEqual(Array(9).fill('sign_ins_busy'));
    expect(await gate.isRight('the right one', hash)).toBe(true);
  });

  it('and nobody’s password is never right, and is hashed all the same', async () => {
    const gate = createPasswordGate({ ln: 10, r: 8, p: 1 });
    expect(await gate.isRight('', undefined)).toBe(false);
    expect(await gate.isRight('anything', 'not a hash of ours')).toBe(false);
  });
});
