import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { post, startTestApi, type TestApi } from '../test-support/harness.ts';
import { refusalOf, signedIn, type Tab, type TestPerson } from '../test-support/people.ts';

/** Policies as people of a role move them, from the console: for one merchant, named by a header. */
let api: TestApi;
const people = {} as Record<'read_only' | 'analyst' | 'operator' | 'admin', { tab: Tab; person: TestPerson }>;

beforeAll(async () => {
  api = await startTestApi();
  for (const role of ['read_only', 'analyst', 'operator', 'admin'] as const)
    people[role] = await signedIn(api, role);
});
afterAll(() => api.close());

const A = { 'Interlock-Merchant': 'mer_a/test' };
const SOURCE = `format: interlock/routing@1
name: By people
otherwise: { choose: { order: [stripe] } }
`;
const save = (tab: Tab, headers: Record<string, string> = A) =>
  tab.post('/v1/routing/policies', { source: SOURCE, reason: 'a first one' }, headers);
const move = (tab: Tab, version: number, word: string, more: object = {}) =>
  tab.post(`/v1/routing/policies/${version}/${word}`, { reason: 'as agreed', ...more }, A);

describe('by role', () => {
  it('who only reads sees policies, and neither writes, tries nor moves any', async () => {
    const { tab } = people.read_only;
    expect((await tab.get('/v1/routing/policies', A)).status).toBe(200);
    expect((await tab.get('/v1/routing/language', A)).body.variables.length).toBeGreaterThan(15);
    const payment = { amount: 100, currency: 'EUR' };
    for (const answer of [
      await save(tab),
      await tab.post('/v1/routing/policies/validate', { source: SOURCE }, A),
      await tab.post('/v1/routing/simulate', { payment }, A),
      await move(tab, 1, 'promote'),
    ])
      expect([answer.status, answer.body.error.code]).toEqual([403, 'forbidden']);
  });

  it('an analyst drafts, checks and tries, and decides nothing', async () => {
    const { tab, person } = people.analyst;
    const saved = await save(tab);
    expect([saved.status, saved.body.author]).toEqual([201, `operator:${person.id}`]);
    const { version } = saved.body;
    expect((await tab.post('/v1/routing/policies/validate', { source: 'x' }, A)).body.valid).toBe(false);
    const payment = { amount: 100, currency: 'EUR' };
    expect((await tab.post('/v1/routing/simulate', { payment, version }, A)).body.order).toEqual([
      'acc_a_stripe',
    ]);
    for (const word of ['shadow', 'promote', 'archive'])
      expect((await move(tab, version, word)).status).toBe(403);
    expect((await tab.post('/v1/routing/rollback', { reason: 'as agreed' }, A)).status).toBe(403);
  });

  it('an operator moves them, and every move bears the person’s name', async () => {
    const { tab, person } = people.operator;
    const { version } = (await save(tab)).body;
    expect((await move(tab, version, 'shadow')).body.status).toBe('shadow');
    expect((await move(tab, version, 'canary', { percent: 10 })).body.canary_percent).toBe(10);
    expect((await move(tab, version, 'promote')).body.status).toBe('active');
    const { events } = (await tab.get(`/v1/routing/policies/${version}`, A)).body;
    expect(new Set(events.map(({ actor }: { actor: string }) => actor))).toEqual(
      new Set([`operator:${person.id}`]),
    );
  });

  it('the platform’s policy and the rule of two are an administrator’s', async () => {
    const platform = { source: SOURCE, mode: 'test', reason: 'for everybody' };
    const rule = { required: true, reason: 'four eyes' };
    for (const { tab } of [people.analyst, people.operator]) {
      expect((await tab.post('/v1/operator/routing/platform', platform)).status).toBe(403);
      expect((await tab.post('/v1/operator/routing/mer_b/approval', rule)).status).toBe(403);
    }
    expect((await people.admin.tab.post('/v1/operator/routing/platform', platform)).status).toBe(201);
    expect((await people.admin.tab.post('/v1/operator/routing/mer_b/approval', rule)).status).toBe(200);
  });
});

describe('two people', () => {
  it('are two people, by whichever route each of them comes', async () => {
    await api.sql.query(`UPDATE merchant SET routing_approval = true WHERE id = 'mer_a'`);
    const { tab } = people.operator;
    const { version } = (await save(tab)).body;
    const proposed = await move(tab, version, 'promote');
    expect(proposed.body.proposal).toMatchObject({
      to: 'active',
      by: `operator:${people.operator.person.id}`,
    });
    const approval = { to: 'active', reason: 'read it' };
    const own = [
      await tab.post(`/v1/routing/policies/${version}/approve`, approval, A),
      await tab.post(`/v1/operator/routing/mer_a/test/policies/${version}/approve`, approval),
    ];
    for (const answer of own) expect(answer.body.error.code).toBe('second_person_required');
    const waiting = (await people.read_only.tab.get('/v1/operator/queues/approvals')).body.policies;
    expect(waiting).toMatchObject([{ merchant: 'mer_a', mode: 'test', version, to: 'active' }]);
    const approved = await people.admin.tab.post(`/v1/routing/policies/${version}/approve`, approval, A);
    expect([approved.status, approved.body.status]).toEqual([200, 'active']);
    await api.sql.query(`UPDATE merchant SET routing_approval = false WHERE id = 'mer_a'`);
  });
});

describe('a key that somebody made', () => {
  const approval = { to: 'active', reason: 'read it' };
  const byKey = (path: string, key: string, body: object = approval) => post(api, path, body, { key });
  const made = async () => {
    const order = { merchant: 'mer_a', mode: 'test', name: 'a second person' };
    return (await people.admin.tab.post('/v1/operator/keys', order)).body.key as string;
  };

  it('is no second person beside its maker, whichever of the two proposes', async () => {
    await api.sql.query(`UPDATE merchant SET routing_approval = true WHERE id = 'mer_a'`);
    const key = await made();
    const { tab } = people.admin;
    const { version } = (await save(tab)).body;
    await move(tab, version, 'promote');
    const approve = `/v1/routing/policies/${version}/approve`;
    const refused = await byKey(approve, key);
    expect(refused.body.error.code).toBe('second_person_required');
    expect(await refusalOf(api, refused)).toMatchObject({
      path: approve,
      status: 403,
      operator_id: null,
      detail: expect.stringMatching(/Asked by key:\w+ of mer_a\.$/),
    });
    const own = (await byKey('/v1/routing/policies', key, { source: SOURCE, reason: 'by key' })).body.version;
    await byKey(`/v1/routing/policies/${own}/promote`, key, { reason: 'by key' });
    const operators = `/v1/operator/routing/mer_a/test/policies/${own}/approve`;
    expect((await tab.post(operators, approval)).body.error.code).toBe('second_person_required');
    expect((await people.operator.tab.post(operators, approval)).status).toBe(200);
    expect((await byKey(approve, api.keys.a)).status).toBe(200);
  });

  it('is no second person beside another key of its maker', async () => {
    const [first, second] = [await made(), await made()];
    const text = { source: SOURCE, reason: 'by one key' };
    const { version } = (await byKey('/v1/routing/policies', first, text)).body;
    await byKey(`/v1/routing/policies/${version}/promote`, first, { reason: 'by one key' });
    const approve = `/v1/routing/policies/${version}/approve`;
    const refused = await byKey(approve, second);
    expect([refused.status, refused.body.error.code]).toEqual([403, 'second_person_required']);
    expect(await refusalOf(api, refused)).toMatchObject({ code: 'second_person_required' });
    expect((await byKey(approve, api.keys.a)).status).toBe(200);
  });

  it('nor may its maker, or who proposed, do away with the rule meanwhile', async () => {
    const { tab, person } = people.admin;
    const { version } = (await save(tab)).body;
    await move(tab, version, 'promote');
    const ways: [string, object][] = [
      ['/v1/operator/routing/mer_a/approval', { required: false, reason: 'in a hurry' }],
      ['/v1/operator/merchants/mer_a', { routing_approval: false, reason: 'in a hurry' }],
    ];
    for (const [path, body] of ways) {
      const refused = await tab.post(path, body);
      expect([refused.status, refused.body.error.code]).toEqual([409, 'own_proposal_waits']);
    }
    await api.sql.query(
      `INSERT INTO exception (id, kind, subject_id, merchant_id, summary, disposition)
       VALUES ('exc_own', 'late_success', 'pay_x', 'mer_a', 'late', $1)`,
      [JSON.stringify({ status: 'proposed', proposedBy: person.id })],
    );
    const limits = (four_eyes: object) =>
      tab.post('/v1/operator/merchants/mer_a', { case_limits: { four_eyes }, reason: 'in a hurry' });
    expect((await limits({ EUR: 99_999_999 })).body.error.param).toBe('case_limits');
    expect((await limits({ EUR: 1 })).status).toBe(200);
    expect((await limits({})).status).toBe(409);
    await move(tab, version, 'reject');
    expect((await tab.post(...(ways[0] as [string, object]))).status).toBe(200);
    const { rows } = await api.sql.query(
      `SELECT actor, reason FROM admin_audit WHERE action = 'merchant.changed' AND subject = 'mer_a'
       ORDER BY sequence DESC LIMIT 1`,
    );
    expect(rows).toEqual([{ actor: `operator:${person.id}`, reason: 'in a hurry' }]);
  });
});

describe('another merchant', () => {
  it('has policies of its own: a version of one is nothing to the other', async () => {
    const { tab } = people.operator;
    const { version } = (await save(tab)).body;
    const other = { 'Interlock-Merchant': 'mer_b/test' };
    expect((await tab.get(`/v1/routing/policies/${version}`, other)).status).toBe(404);
    const moved = await tab.post(`/v1/routing/policies/${version}/promote`, { reason: 'not mine' }, other);
    expect(moved.status).toBe(404);
  });

  it('that there isn’t, or that nobody named, is said plainly', async () => {
    const { tab } = people.operator;
    const hostile = `<script>/test`;
    for (const headers of [
      {},
      { 'Interlock-Merchant': hostile },
      { 'Interlock-Merchant': 'mer_none/test' },
    ]) {
      const { status, text } = await tab.get('/v1/routing/policies', headers);
      expect([400, 404]).toContain(status);
      expect(text).not.toContain('<script>');
    }
  });

  it('keeps hostile text as text', async () => {
    const { tab } = people.operator;
    const name = '<img src=x onerror=alert(1)>';
    const source = SOURCE.replace('By people', JSON.stringify(name));
    const reason = `'; DROP TABLE routing_policy; --`;
    const saved = await tab.post('/v1/routing/policies', { source, reason }, A);
    expect([saved.status, saved.body.name]).toEqual([201, name]);
    const { events } = (await tab.get(`/v1/routing/policies/${saved.body.version}`, A)).body;
    expect(events[0].reason).toBe(reason);
  });
});
