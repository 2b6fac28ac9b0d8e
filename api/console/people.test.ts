import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { get, startTestApi, type TestApi } from '../test-support/harness.ts';
import { actsOn, refusalOf, signedIn, Tab, type TestPerson } from '../test-support/people.ts';

let api: TestApi;
let admin: Tab;
let me: TestPerson;

beforeAll(async () => {
  api = await startTestApi({}, { triesPerAddress: { points: 500, seconds: 300 } });
  ({ tab: admin, person: me } = await signedIn(api, 'admin'));
});
afterAll(() => api.close());

const PEOPLE = '/v1/operator/people';
let count = 0;
const somebody = (more: object = {}) => {
  count += 1;
  return {
    name: 'Somebody',
    email: `new.${count}@people.example`,
    role: 'operator',
    reason: 'they work here',
    ...more,
  };
};
const created = async (more: object = {}) => {
  const answer = await admin.post(PEOPLE, somebody(more));
  expect(answer.status).toBe(201);
  return answer.body;
};

describe('letting somebody in', () => {
  it('gives a password that is shown to its maker alone and has to be changed', async () => {
    const key = { 'idempotency-key': 'create-one' };
    const order = somebody({ email: 'Eva.New@People.example' });
    const answer = await admin.post(PEOPLE, order, key);
    expect(answer.status).toBe(201);
    const { id, one_time_password: password } = answer.body;
    expect(answer.body).toMatchObject({
      email: 'eva.new@people.example',
      role: 'operator',
      password: 'one_time',
    });
    expect(password).toMatch(/^([a-z2-9]{4}-){4}[a-z2-9]{4}$/);

    const again = await admin.post(PEOPLE, order, key);
    expect([again.status, again.body.one_time_password]).toEqual([201, password]);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    const reused = await admin.post(PEOPLE, { ...order, role: 'admin' }, key);
    expect(reused.body.error.code).toBe('idempotency_key_reused');

    const listed = await admin.get(PEOPLE);
    expect(listed.text).not.toContain(password);
    const { rows } = await api.sql.query(
      `SELECT (SELECT json_agg(r) FROM request r)::text || (SELECT json_agg(a) FROM admin_audit a)::text
         || (SELECT json_agg(o) FROM operator o)::text AS all`,
    );
    expect(rows[0].all + api.logs.join('')).not.toContain(password);

    const theirs = new Tab(api);
    const first = await theirs.signIn({ email: 'eva.new@people.example', password });
    expect(first.body.person).toMatchObject({ id, password_change_required: true });
    const body = { current_password: password, new_password: 'something of her own' };
    expect((await theirs.post('/v1/console/password', body)).status).toBe(200);
    const now = (await admin.get(PEOPLE)).body.data.find((each: { id: string }) => each.id === id);
    expect(now).toMatchObject({ password: 'own', last_seen_at: expect.any(String) });
    expect(await actsOn(api, id)).toMatchObject([
      { action: 'person.created', actor: `operator:${me.id}`, reason: 'they work here' },
      { action: 'person.signed_in' },
      { action: 'person.password_changed' },
    ]);
  });

  it('is refused for an e-mail that somebody has', async () => {
    const { email } = await created();
    const answer = await admin.post(PEOPLE, somebody({ email: email.toUpperCase() }));
    expect([answer.status, answer.body.error.code]).toEqual([409, 'email_taken']);
    expect(await refusalOf(api, answer)).toMatchObject({ operator_id: me.id, code: 'email_taken' });
  });

  it.each([
    ['no reason', { reason: undefined }, 'parameter_missing', 'reason'],
    ['no e-mail', { email: 'nobody' }, 'parameter_invalid', 'email'],
    ['a role that is none', { role: 'root' }, 'parameter_invalid', 'role'],
    ['an empty name', { name: ' ' }, 'parameter_invalid', 'name'],
    ['a name with a line break', { name: 'a\nb' }, 'parameter_invalid', 'name'],
    ['a password', { password: 'chosen for them' }, 'parameter_unknown', 'password'],
    ['an id', { id: 'opr_alice' }, 'parameter_unknown', 'id'],
  ])('is refused with %s', async (_what, more, code, param) => {
    const answer = await admin.post(PEOPLE, somebody(more));
    expect([answer.status, answer.body.error.code, answer.body.error.param]).toEqual([400, code, param]);
  });

  it('takes a name for text, whatever it looks like', async () => {
    const name = '<img src=x onerror=alert(1)>';
    expect((await created({ name })).name).toBe(name);
    expect((await admin.get(PEOPLE)).headers.get('content-type')).toMatch(/^application\/json/);
  });
});

describe('a change', () => {
  const change = (id: string, body: object) => admin.post(`${PEOPLE}/${id}`, { reason: 'because', ...body });

  it.each([
    ['of the role', { role: 'admin' }, 'role'],
    ['that disables', { disabled: true }, 'disabled'],
    ['of the password', { reset_password: true }, 'password'],
    ['of the second factor', { reset_totp: true }, 'totp'],
  ])('%s signs them out at once, everywhere', async (_what, body, because) => {
    const { tab, person } = await signedIn(api, 'operator');
    expect((await change(person.id, body)).status).toBe(200);
    const answer = await tab.get('/v1/console/session');
    expect([answer.status, answer.body.error.code]).toEqual([401, 'session_expired']);
    const { rows } = await api.sql.query(
      'SELECT revoked_because FROM console_session WHERE operator_id = $1',
      [person.id],
    );
    expect(rows).toEqual([{ revoked_because: because }]);
  });

  it('of the name leaves them signed in, and says from what to what', async () => {
    const { tab, person } = await signedIn(api, 'operator');
    await change(person.id, { name: 'Renamed' });
    expect((await tab.get('/v1/console/session')).body.person.name).toBe('Renamed');
    const acts = await api.sql.query(
      `SELECT content FROM admin_audit WHERE subject = $1 AND action = 'person.changed'`,
      [person.id],
    );
    expect(JSON.parse(acts.rows[0].content)).toMatchObject({
      reason: 'because',
      details: { name: { from: 'Person', to: 'Renamed' } },
    });
  });

  it('of the role holds from the next sign-in on', async () => {
    const { person } = await signedIn(api, 'operator');
    await change(person.id, { role: 'read_only' });
    const answer = await new Tab(api).signIn(person);
    expect(answer.body.person).toMatchObject({ role: 'read_only', permissions: ['view'] });
  });

  it('gives a new password, and the old one is none any more', async () => {
    const { person } = await signedIn(api, 'operator');
    const { body } = await change(person.id, { reset_password: true });
    expect((await new Tab(api).signIn(person)).status).toBe(401);
    const answer = await new Tab(api).signIn({ ...person, password: body.one_time_password });
    expect(answer.body.person.password_change_required).toBe(true);
  });

  it('gives a password that is wrong after three days', async () => {
    const { person } = await signedIn(api, 'operator');
    const { body } = await change(person.id, { reset_password: true });
    const hours = (Date.parse(body.password_expires_at) - Date.now()) / 3_600_000;
    expect([hours > 71.9, hours <= 72]).toEqual([true, true]);
    const late = `UPDATE operator SET password_expires_at = now() - interval '1 second' WHERE id = $1`;
    await api.sql.query(late, [person.id]);
    const theirs = { ...person, password: body.one_time_password };
    const answer = await new Tab(api).signIn(theirs);
    expect([answer.status, answer.body.error.code]).toEqual([401, 'sign_in_refused']);
    await api.sql.query('UPDATE operator SET password_expires_at = $2 WHERE id = $1', [
      person.id,
      body.password_expires_at,
    ]);
    const tab = new Tab(api);
    await tab.signIn(theirs);
    const own = { current_password: theirs.password, new_password: 'something of their own' };
    expect((await tab.post('/v1/console/password', own)).status).toBe(200);
    const now = (await admin.get(PEOPLE)).body.data.find((each: { id: string }) => each.id === person.id);
    expect(now).toMatchObject({ password: 'own', password_expires_at: null });
  });

  it('revokes a key for good, and leaves them signed in', async () => {
    const { tab, person } = await signedIn(api, 'operator');
    const key = 'iop_a_key_that_is_revoked_0123';
    await api.sql.query('UPDATE operator SET digest = $2 WHERE id = $1', [
      person.id,
      api.vault.keyedDigest(key),
    ]);
    const { status, body } = await change(person.id, { revoke_key: true });
    expect([status, body.api_key]).toEqual([200, false]);
    expect((await get(api, '/v1/operator/exceptions', { key })).status).toBe(401);
    expect((await tab.get('/v1/console/session')).status).toBe(200);
    const { rows } = await api.sql.query(
      `SELECT content FROM admin_audit WHERE subject = $1 AND action = 'person.changed'`,
      [person.id],
    );
    expect(JSON.parse(rows[0].content).details).toEqual({ key_revoked: true });
  });

  it('unlocks', async () => {
    const { person } = await signedIn(api, 'operator');
    for (let n = 0; n < 5; n += 1) await new Tab(api).signIn({ ...person, password: 'a wrong one' });
    const locked = (await admin.get(PEOPLE)).body.data.find((each: { id: string }) => each.id === person.id);
    expect(Date.parse(locked.locked_until)).toBeGreaterThan(Date.now());
    expect((await new Tab(api).signIn(person)).status).toBe(423);
    expect((await change(person.id, { unlock: true })).body.locked_until).toBeNull();
    expect((await new Tab(api).signIn(person)).status).toBe(200);
  });

  it('of one’s own role, or of what one signs in with, is somebody else’s to make', async () => {
    for (const body of [
      { role: 'operator' },
      { disabled: true },
      { reset_password: true },
      { reset_totp: true },
    ]) {
      const answer = await change(me.id, body);
      expect([answer.status, answer.body.error.code]).toEqual([409, 'own_account']);
    }
    expect((await change(me.id, { name: 'Me' })).status).toBe(200);
  });

  it('leaves an administrator, also where two take the role from each other at once', async () => {
    const [a, b] = [await signedIn(api, 'admin'), await signedIn(api, 'admin')];
    await api.sql.query(`UPDATE operator SET disabled_at = now() WHERE role = 'admin' AND NOT id = ANY($1)`, [
      [a.person.id, b.person.id],
    ]);
    const demote = (tab: Tab, id: string) =>
      tab.post(`${PEOPLE}/${id}`, { role: 'operator', reason: 'a coup' });
    const answers = await Promise.all([demote(a.tab, b.person.id), demote(b.tab, a.person.id)]);
    await api.sql.query(`UPDATE operator SET disabled_at = NULL WHERE id = $1`, [me.id]);
    expect(answers.map(({ status }) => status).sort()).not.toEqual([200, 200]);
    const { rows } = await api.sql.query(`SELECT id FROM operator WHERE role = 'admin' AND id = ANY($1)`, [
      [a.person.id, b.person.id],
    ]);
    expect(rows).toHaveLength(1);
    await admin.signIn(me);
  });

  it.each([
    ['nobody', 'opr_nobody', { name: 'x' }, 404, 'resource_missing'],
    ['an id with a quote', `opr_'--`, { name: 'x' }, 404, 'resource_missing'],
    ['nothing', 'opr_nobody', {}, 400, 'parameter_invalid'],
    ['a wish for another id', 'opr_nobody', { id: 'opr_alice' }, 400, 'parameter_unknown'],
  ])('of %s is refused', async (_what, id, body, status, code) => {
    const answer = await change(encodeURIComponent(id), body);
    expect([answer.status, answer.body.error.code]).toEqual([status, code]);
  });
});

it('the administrators’ chain takes no change and no removal, and each row holds the one before', async () => {
  const { rows } = await api.sql.query(
    'SELECT sequence, previous_hash, hash FROM admin_audit ORDER BY sequence',
  );
  expect(rows.length).toBeGreaterThan(10);
  expect(rows.map(({ sequence }) => sequence)).toEqual(rows.map((_row, index) => index + 1));
  expect(rows.map((row) => row.previous_hash)).toEqual([
    'admin_audit',
    ...rows.slice(0, -1).map((row) => row.hash),
  ]);
  await expect(api.sql.query(`UPDATE admin_audit SET actor = 'nobody'`)).rejects.toThrow(/append-only/);
  await expect(api.sql.query('DELETE FROM admin_audit')).rejects.toThrow(/append-only/);
});
