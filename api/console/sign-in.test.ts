import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../../test/support/harness.ts';
import { startTestApi, type TestApi } from '../test-support/harness.ts';
import { actsOn, addPerson, refusalOf, Tab } from '../test-support/people.ts';
import { ACCESS } from './settings.ts';

let api: TestApi;
/** Ahead of the real one: locks and windows pass without being waited for. */
let aheadMs = 0;
const minutes = (count: number) => count * 60_000;

beforeAll(async () => {
  const triesPerAddress = { points: 500, seconds: 300 };
  api = await startTestApi({}, { now: () => Date.now() + aheadMs, triesPerAddress });
});
afterEach(() => {
  aheadMs = 0;
});
afterAll(() => api.close());

const WRONG = 'not the password at all';

describe('signing in', () => {
  it('answers who it is and what they may do, and sets a cookie that no script and no other site can use', async () => {
    const person = await addPerson(api, 'analyst', 'Ana');
    const answer = await new Tab(api).signIn({ ...person, email: ` ${person.email.toUpperCase()} ` });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      object: 'console_session',
      person: {
        id: person.id,
        name: 'Ana',
        email: person.email,
        role: 'analyst',
        permissions: ['view', 'export', 'draft_policy'],
        totp: false,
        password_change_required: false,
      },
      csrf_token: expect.stringMatching(/^[\w-]{43}$/),
      expires_at: expect.any(String),
    });
    const endsInMs = Date.parse(answer.body.expires_at) - Date.now();
    expect(Math.abs(endsInMs - ACCESS.idleMs)).toBeLessThan(5_000);
    const cookie = answer.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/^interlock_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/);
    expect(cookie).not.toContain(answer.body.csrf_token);
    expect(await actsOn(api, person.id)).toMatchObject([
      { action: 'person.signed_in', actor: `operator:${person.id}` },
    ]);
  });

  it('says the same of an unknown e-mail, a wrong password and a disabled account', async () => {
    const [known, disabled] = [await addPerson(api, 'admin'), await addPerson(api, 'admin')];
    await api.sql.query('UPDATE operator SET disabled_at = now() WHERE id = $1', [disabled.id]);
    const said = [];
    for (const each of [
      { ...known, password: WRONG },
      { email: 'nobody@people.example', password: WRONG },
      disabled,
    ]) {
      const answer = await new Tab(api).signIn(each);
      const { request_id: _id, ...error } = answer.body.error;
      said.push({ status: answer.status, error, cookie: answer.headers.get('set-cookie') });
      expect(await refusalOf(api, answer)).toMatchObject({ code: 'sign_in_refused', operator_id: null });
    }
    expect(new Set(said.map((each) => JSON.stringify(each))).size).toBe(1);
    expect(said[0]).toMatchObject({ status: 401, error: { code: 'sign_in_refused' }, cookie: null });
    await waitFor(async () => (await actsOn(api, known.id)).length === 1, {
      what: 'the refusal in the chain',
    });
    expect(await actsOn(api, known.id)).toMatchObject([{ action: 'person.sign_in_refused' }]);
  });

  it('is not possible for an operator who has a key and no password', async () => {
    await api.sql.query(
      `INSERT INTO operator (id, name, email) VALUES ('opr_key', 'K', 'key@people.example')`,
    );
    const answer = await new Tab(api).signIn({ email: 'key@people.example', password: WRONG });
    expect([answer.status, answer.body.error.code]).toEqual([401, 'sign_in_refused']);
  });

  it('is refused from a page of another site, and takes nothing but JSON', async () => {
    const person = await addPerson(api, 'admin');
    const body = { email: person.email, password: person.password };
    for (const headers of [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ]) {
      const answer = await new Tab(api).post('/v1/console/sign-in', body, headers);
      expect([answer.status, answer.body.error.code]).toEqual([403, 'origin_refused']);
      expect(answer.headers.get('set-cookie')).toBeNull();
    }
    const form = await new Tab(api).post('/v1/console/sign-in', body, { 'content-type': 'text/plain' });
    expect(form.status).toBe(415);
  });

  it('asks nobody for permission across origins', async () => {
    const response = await fetch(`${api.url}/v1/console/sign-in`, {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
    });
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
  });
});

describe('five failures', () => {
  it('lock an account for a quarter of an hour, against the right password too', async () => {
    const person = await addPerson(api, 'operator');
    for (let n = 0; n < 5; n += 1) {
      expect((await new Tab(api).signIn({ ...person, password: WRONG })).status).toBe(401);
    }
    const locked = await new Tab(api).signIn(person);
    expect([locked.status, locked.body.error.code]).toEqual([423, 'account_locked']);
    expect(await refusalOf(api, locked)).toMatchObject({ code: 'account_locked', status: 423 });
    aheadMs = minutes(14);
    expect((await new Tab(api).signIn(person)).status).toBe(423);
    aheadMs = minutes(16);
    expect((await new Tab(api).signIn(person)).status).toBe(200);
    const acts = await actsOn(api, person.id);
    expect(acts.map(({ action }) => action)).toContain('person.sign_in_refused');
  });

  it('lock an e-mail that nobody has in the same way', async () => {
    const stranger = { email: 'stranger@people.example', password: WRONG };
    const statuses = [];
    for (let n = 0; n < 6; n += 1) statuses.push((await new Tab(api).signIn(stranger)).status);
    expect(statuses).toEqual([401, 401, 401, 401, 401, 423]);
  });

  it('are counted when they come all at once', async () => {
    const person = await addPerson(api, 'operator');
    const guesses = Array.from({ length: 12 }, () => new Tab(api).signIn({ ...person, password: WRONG }));
    const statuses = (await Promise.all(guesses)).map(({ status }) => status).sort();
    expect(statuses).toEqual([...Array(5).fill(401), ...Array(7).fill(423)]);
  });

  it('count no more once they are a quarter of an hour old, or the password was right', async () => {
    const person = await addPerson(api, 'operator');
    const fail = async (times: number) => {
      for (let n = 0; n < times; n += 1) await new Tab(api).signIn({ ...person, password: WRONG });
    };
    await fail(4);
    expect((await new Tab(api).signIn(person)).status).toBe(200);
    await fail(4);
    aheadMs = minutes(16);
    await fail(4);
    expect((await new Tab(api).signIn(person)).status).toBe(200);
  });
});

describe('what is wrong with a sign-in', () => {
  it.each([
    ['no password', { email: 'a@b.example' }, 400],
    ['an unknown member', { email: 'a@b.example', password: 'x', role: 'admin' }, 400],
    ['a code that is none', { email: 'a@b.example', password: 'x', code: '12' }, 400],
    ['a list for an e-mail', { email: ['a@b.example'], password: 'x' }, 400],
    ['a very long password', { email: 'a@b.example', password: 'x'.repeat(1_001) }, 400],
    ['a script for an e-mail', { email: '<script>alert(1)</script>', password: 'x' }, 401],
    ['a quote for an e-mail', { email: `' OR 1=1 --`, password: 'x' }, 401],
  ])('%s', async (_what, body, status) => {
    const answer = await new Tab(api).post('/v1/console/sign-in', body);
    expect(answer.status).toBe(status);
    expect(answer.text).not.toMatch(/script|OR 1=1/);
  });

  it('leaves neither password nor cookie in any log line, row or answer', async () => {
    const person = await addPerson(api, 'admin');
    const tab = new Tab(api);
    await tab.signIn({ ...person, password: `${person.password}!` });
    await tab.signIn(person);
    const token = tab.cookie.split('=')[1] ?? '';
    const { rows } = await api.sql.query(`
      SELECT (SELECT json_agg(o) FROM operator o)::text || (SELECT json_agg(s) FROM console_session s)::text
        || (SELECT json_agg(a) FROM admin_audit a)::text || coalesce((SELECT json_agg(r) FROM operator_refusal r)::text, '')
        AS all`);
    const everything = api.logs.join('') + rows[0].all;
    for (const secret of [person.password, token, tab.csrf]) {
      expect(secret.length).toBeGreaterThan(20);
      expect(everything).not.toContain(secret);
    }
  });
});

it('is limited by address, whoever is named', async () => {
  const limited = await startTestApi({}, { triesPerAddress: { points: 3, seconds: 300 } });
  try {
    const statuses = [];
    for (let n = 0; n < 5; n += 1) {
      const answer = await new Tab(limited).signIn({ email: `n${n}@people.example`, password: WRONG });
      statuses.push(answer.status);
      if (answer.status === 429) expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect(statuses).toEqual([401, 401, 401, 429, 429]);
  } finally {
    await limited.close();
  }
});

it('is limited by the address that a trusted proxy tells, so that nobody uses up what is everybody’s', async () => {
  const trustedProxies = ['127.0.0.0/8', '::1'];
  const limited = await startTestApi({ trustedProxies }, { triesPerAddress: { points: 2, seconds: 300 } });
  try {
    const tried = async (from: string) => {
      const body = { email: 'n@people.example', password: WRONG };
      const { status } = await new Tab(limited).post('/v1/console/sign-in', body, {
        'x-forwarded-for': from,
      });
      return status;
    };
    const flood = [
      await tried('203.0.113.9'),
      await tried('1.1.1.1, 203.0.113.9'),
      await tried('203.0.113.9'),
    ];
    expect(flood).toEqual([401, 401, 429]);
    expect(await tried('198.51.100.7')).toBe(401);
    const ofOneHousehold = [
      await tried('2001:db8::1'),
      await tried('2001:db8::2'),
      await tried('2001:db8::3'),
    ];
    expect(ofOneHousehold[2]).toBe(429);
  } finally {
    await limited.close();
  }
});

it('under https has a cookie that no neighbouring subdomain can set', async () => {
  const secure = await startTestApi({ publicUrl: 'https://pay.example' });
  try {
    const person = await addPerson(secure, 'admin');
    const tab = new Tab(secure);
    const answer = await tab.post('/v1/console/sign-in', person, { origin: 'https://pay.example' });
    expect(answer.status).toBe(400);
    const { email, password } = person;
    const right = await tab.post(
      '/v1/console/sign-in',
      { email, password },
      { origin: 'https://pay.example' },
    );
    expect(right.headers.get('set-cookie')).toMatch(
      /^__Host-interlock_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Secure$/,
    );
    expect((await tab.get('/v1/console/session')).status).toBe(200);
    tab.cookie = tab.cookie.replace('__Host-', '');
    expect((await tab.get('/v1/console/session')).status).toBe(401);
  } finally {
    await secure.close();
  }
});
