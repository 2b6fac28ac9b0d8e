import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { get, post, startTestApi, type TestApi } from '../test-support/harness.ts';
import { actsOn, refusalOf, signedIn, Tab, type TestPerson } from '../test-support/people.ts';
import { insertPayment } from '../test-support/rows.ts';

let api: TestApi;
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

const MINE = '/v1/console/session';
const USE = '/v1/operator/exceptions';
const A_TEST = { 'interlock-merchant': 'mer_a/test' };

async function expectRefused(tab: Tab, code: string, status: number, isAudited = true) {
  const answer = await tab.get('/v1/operator/exceptions');
  expect([answer.status, answer.body.error.code]).toEqual([status, code]);
  expect((await refusalOf(api, answer))?.code).toBe(isAudited ? code : undefined);
}

describe('a cookie', () => {
  it('that was tampered with is nobody’s, and leaves a row', async () => {
    const { tab, person } = await signedIn(api, 'operator');
    const token = tab.cookie.split('=')[1] ?? '';
    const other = token.startsWith('A') ? 'B' : 'A';
    for (const wrong of [
      `${other}${token.slice(1)}`,
      token.slice(1),
      `${token}A`,
      `${token}.${person.id}`,
      '',
      '%00',
      "' OR 1=1 --",
      Buffer.from(JSON.stringify({ role: 'admin' })).toString('base64url'),
      'A'.repeat(43),
    ]) {
      tab.cookie = `interlock_session=${wrong}`;
      await expectRefused(tab, 'session_invalid', 401);
    }
  });

  it('that is sent twice is none', async () => {
    const { tab } = await signedIn(api, 'operator');
    tab.cookie = `${tab.cookie}; interlock_session=${'A'.repeat(43)}`;
    const answer = await tab.get(MINE);
    expect([answer.status, answer.body.error.code]).toEqual([401, 'session_missing']);
  });

  it('among others is found', async () => {
    const { tab } = await signedIn(api, 'operator');
    tab.cookie = `a=b; not_interlock_session=c; ${tab.cookie}; d`;
    expect((await tab.get(MINE)).status).toBe(200);
  });

  it('counts nothing beside a key, be the key good or not', async () => {
    const { tab } = await signedIn(api, 'admin');
    const bad = await tab.get('/v1/operator/exceptions', {
      authorization: 'Bearer iop_not_a_key_of_anybody',
    });
    expect([bad.status, bad.body.error.code]).toEqual([401, 'operator_key_invalid']);
    const asKey = await tab.get('/v1/payments', { authorization: `Bearer ${api.keys.b}`, ...A_TEST });
    expect(asKey.status).toBe(200);
    await insertPayment(api, { merchantId: 'mer_a' });
    const ofB = await tab.get('/v1/payments', { authorization: `Bearer ${api.keys.b}`, ...A_TEST });
    expect(ofB.body.data).toEqual([]);
    const mine = await tab.get(MINE, { authorization: `Bearer ${api.keys.b}` });
    expect([mine.status, mine.body.error.code]).toEqual([401, 'session_missing']);
  });

  it('is asked for where there is none', async () => {
    const answer = await get(api, MINE, { key: null });
    expect([answer.status, answer.body.error.code]).toEqual([401, 'session_missing']);
    const operators = await get(api, '/v1/operator/exceptions', { key: null });
    expect([operators.status, operators.body.error.code]).toEqual([401, 'operator_key_missing']);
  });
});

describe('a session', () => {
  it('is over after half an hour without use, and goes on while it is used', async () => {
    const { tab } = await signedIn(api, 'operator');
    for (const at of [25, 50, 75]) {
      aheadMs = minutes(at);
      expect((await tab.get(USE)).status).toBe(200);
      const { body } = await tab.get(MINE);
      expect(Date.parse(body.expires_at) - Date.now() - aheadMs).toBeGreaterThan(minutes(29));
    }
    aheadMs = minutes(106);
    await expectRefused(tab, 'session_expired', 401, false);
  });

  it('is over after twelve hours, however it was used', async () => {
    const { tab } = await signedIn(api, 'operator');
    for (let at = 20; at < 12 * 60; at += 20) {
      aheadMs = minutes(at);
      expect((await tab.get(USE)).status).toBe(200);
    }
    aheadMs = minutes(12 * 60 + 1);
    await expectRefused(tab, 'session_expired', 401, false);
  });

  it('is not used by what a page does while nobody is at it', async () => {
    const { tab } = await signedIn(api, 'operator');
    const { body: first } = await tab.get(MINE);
    for (const at of [10, 20, 29]) {
      aheadMs = minutes(at);
      const asked = await tab.get(MINE);
      expect([asked.status, asked.body.expires_at]).toEqual([200, first.expires_at]);
      expect((await tab.get(USE, { 'x-interlock-background': '1' })).status).toBe(200);
      const stream = await fetch(`${api.url}/v1/operator/stream`, {
        headers: { cookie: tab.cookie, accept: 'text/event-stream' },
      });
      expect(stream.status).toBe(200);
      await stream.body?.cancel();
    }
    aheadMs = minutes(31);
    await expectRefused(tab, 'session_expired', 401, false);
  });

  it('is used by a command, whatever it says of itself', async () => {
    const { tab, person } = await signedIn(api, 'operator');
    aheadMs = minutes(20);
    await tab.post('/v1/console/totp', { password: person.password }, { 'x-interlock-background': '1' });
    aheadMs = minutes(45);
    expect((await tab.get(USE)).status).toBe(200);
  });

  it('ends where its browser signs in again, whoever kept the cookie, and with no other sign-in', async () => {
    const { tab, person } = await signedIn(api, 'operator');
    const kept = new Tab(api);
    kept.cookie = tab.cookie;
    await new Tab(api).signIn(person);
    await tab.signIn({ ...person, password: 'a wrong password' });
    expect((await kept.get(MINE)).status).toBe(200);
    expect((await tab.signIn(person)).status).toBe(200);
    expect((await tab.get(MINE)).status).toBe(200);
    await expectRefused(kept, 'session_expired', 401, false);
  });

  it('ends with its sign-out, for everybody who kept the cookie', async () => {
    const { tab, person } = await signedIn(api, 'operator');
    const kept = tab.cookie;
    const answer = await tab.post('/v1/console/sign-out', {});
    expect(answer.status).toBe(200);
    expect(answer.headers.get('set-cookie')).toMatch(/^interlock_session=;.*Max-Age=0$/);
    tab.cookie = kept;
    await expectRefused(tab, 'session_expired', 401, false);
    expect((await actsOn(api, person.id)).map(({ action }) => action)).toEqual([
      'person.signed_in',
      'person.signed_out',
    ]);
  });

  it('ends where its person is disabled, by whatever hand', async () => {
    const { tab, person } = await signedIn(api, 'operator');
    await api.sql.query('UPDATE operator SET disabled_at = now() WHERE id = $1', [person.id]);
    await expectRefused(tab, 'session_expired', 401, false);
  });

  it('is written as used at most once a minute', async () => {
    const { tab, person } = await signedIn(api, 'operator');
    const seenAt = async () =>
      (await api.sql.query('SELECT seen_at FROM console_session WHERE operator_id = $1', [person.id])).rows[0]
        .seen_at;
    const first = await seenAt();
    aheadMs = 50_000;
    await tab.get(USE);
    expect(await seenAt()).toEqual(first);
    aheadMs = 61_000;
    await tab.get(USE);
    expect(await seenAt()).not.toEqual(first);
  });

  it('is cut where it holds a stream open, as soon as it ends', async () => {
    const { tab, person } = await signedIn(api, 'operator');
    const response = await fetch(`${api.url}/v1/events/stream`, {
      headers: { cookie: tab.cookie, ...A_TEST },
    });
    expect(response.status).toBe(200);
    const ended = (async () => {
      for await (const _chunk of response.body ?? []);
      return true;
    })();
    await api.sql.query('UPDATE console_session SET revoked_at = now() WHERE operator_id = $1', [person.id]);
    expect(await ended).toBe(true);
  });
});

describe('a command by cookie', () => {
  let tab: Tab;
  let person: TestPerson;
  beforeEach(async () => {
    ({ tab, person } = await signedIn(api, 'operator'));
  });

  it.each([
    ['without its token', { 'x-csrf-token': '' }, 'csrf_token_invalid'],
    ['with a token of another length', { 'x-csrf-token': 'x' }, 'csrf_token_invalid'],
    ['with another token', { 'x-csrf-token': 'A'.repeat(43) }, 'csrf_token_invalid'],
    [
      'from another origin',
      { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
      'origin_refused',
    ],
    ['from another port', { origin: 'http://127.0.0.1:1' }, 'origin_refused'],
    ['from nowhere', { origin: 'null' }, 'origin_refused'],
    ['from a sister site', { 'sec-fetch-site': 'same-site' }, 'origin_refused'],
    ['that does not say where it is from', { origin: '', 'sec-fetch-site': '' }, 'origin_refused'],
  ])('%s is refused, on record, and does nothing', async (_what, headers, code) => {
    const answer = await tab.post('/v1/console/sign-out', {}, headers);
    expect([answer.status, answer.body.error.code]).toEqual([403, code]);
    expect(await refusalOf(api, answer)).toMatchObject({ operator_id: person.id, code, status: 403 });
    expect((await tab.get(MINE)).status).toBe(200);
  });

  it('with the token of somebody else is refused', async () => {
    const other = await signedIn(api, 'operator');
    const answer = await tab.post('/v1/console/sign-out', {}, { 'x-csrf-token': other.tab.csrf });
    expect(answer.body.error.code).toBe('csrf_token_invalid');
  });
});

describe('a merchant, looked at by somebody who is signed in', () => {
  it('is named by a header, and seen as its key would see it', async () => {
    const { tab } = await signedIn(api, 'read_only');
    const [id, ofB] = [
      await insertPayment(api, { merchantId: 'mer_a' }),
      await insertPayment(api, { merchantId: 'mer_b' }),
    ];
    expect((await tab.get(`/v1/payments/${id}`, A_TEST)).body.id).toBe(id);
    for (const [path, headers] of [
      [`/v1/payments/${id}`, { 'interlock-merchant': 'mer_a/live' }],
      [`/v1/payments/${id}`, { 'interlock-merchant': 'mer_b/test' }],
      [`/v1/payments/${ofB}`, A_TEST],
      [`/v1/payments/pay_${'z'.repeat(26)}`, A_TEST],
    ] as const) {
      const answer = await tab.get(path, headers);
      expect([answer.status, answer.body.error.code]).toEqual([404, 'resource_missing']);
      expect(answer.text).not.toContain('mer_');
      expect(await refusalOf(api, answer)).toMatchObject({ path, status: 404 });
    }
  });

  it.each([
    ['without the header', {}, 'merchant_header_missing'],
    ['nobody', { 'interlock-merchant': 'mer_none/test' }, 'merchant_header_invalid'],
    ['without a mode', { 'interlock-merchant': 'mer_a' }, 'merchant_header_invalid'],
    ['another mode', { 'interlock-merchant': 'mer_a/both' }, 'merchant_header_invalid'],
    ['two', { 'interlock-merchant': 'mer_a/test, mer_b/test' }, 'merchant_header_invalid'],
    ['a script', { 'interlock-merchant': '<script>/test' }, 'merchant_header_invalid'],
  ])('is refused: %s', async (_what, headers, code) => {
    const { tab } = await signedIn(api, 'admin');
    const answer = await tab.get('/v1/payments', headers);
    expect([answer.status, answer.body.error.code]).toEqual([400, code]);
    expect(answer.text).not.toContain('<script>');
  });

  it('is not charged by a person: that takes its own key', async () => {
    const { tab, person } = await signedIn(api, 'admin');
    const answer = await tab.post('/v1/payments', { amount: 100, currency: 'EUR' }, A_TEST);
    expect([answer.status, answer.body.error.code]).toEqual([403, 'keys_only']);
    expect(await refusalOf(api, answer)).toMatchObject({ operator_id: person.id, code: 'keys_only' });
  });

  it('is not looked at with an operator’s key', async () => {
    const answer = await get(api, '/v1/payments', { key: 'iop_0123456789abcdef', headers: A_TEST });
    expect([answer.status, answer.body.error.code]).toEqual([401, 'api_key_invalid']);
  });
});

it('a key of a person who is disabled opens nothing any more', async () => {
  const { person } = await signedIn(api, 'admin');
  const key = 'iop_a_key_of_a_person_0123456789';
  const digest = api.vault.keyedDigest(key);
  await api.sql.query('UPDATE operator SET digest = $2, disabled_at = now() WHERE id = $1', [
    person.id,
    digest,
  ]);
  expect((await get(api, '/v1/operator/exceptions', { key })).status).toBe(401);
  await api.sql.query('UPDATE operator SET disabled_at = NULL WHERE id = $1', [person.id]);
  expect((await get(api, '/v1/operator/exceptions', { key })).status).toBe(200);
});

it('a key has the role of the person whose key it is', async () => {
  const { person } = await signedIn(api, 'read_only');
  const key = 'iop_a_key_of_a_reader_0123456789';
  const digest = api.vault.keyedDigest(key);
  await api.sql.query('UPDATE operator SET digest = $2 WHERE id = $1', [person.id, digest]);
  expect((await get(api, '/v1/operator/exceptions', { key })).status).toBe(200);
  const answer = await post(
    api,
    `/v1/operator/payments/pay_${'a'.repeat(26)}/void`,
    { reason: 'why not' },
    { key },
  );
  expect([answer.status, answer.body.error]).toMatchObject([
    403,
    { code: 'forbidden', permission: 'act', roles: ['operator', 'admin'] },
  ]);
  expect(await refusalOf(api, answer)).toMatchObject({ operator_id: person.id, code: 'forbidden' });
});
