import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../../test/support/harness.ts';
import { type Answer, get, post, type Sending, startTestApi, type TestApi } from '../test-support/harness.ts';
import { signedIn } from '../test-support/people.ts';

/** Administration over HTTP, by keys of people with each role. */
let api: TestApi;
const keyOf = (role: string) => `iop_${role.replace('_', '-').padEnd(20, 'x')}`;

beforeAll(async () => {
  api = await startTestApi();
  for (const role of ['read_only', 'analyst', 'operator', 'admin'])
    await api.sql.query('INSERT INTO operator (id, name, digest, role) VALUES ($1, $2, $3, $4)', [
      `opr_${role}`,
      role,
      api.vault.keyedDigest(keyOf(role)),
      role,
    ]);
});
afterAll(() => api?.close());

const admin = { key: keyOf('admin') };
const send = (path: string, body: object, more: Sending = {}): Promise<Answer> =>
  post(api, `/v1/operator${path}`, body, { ...admin, ...more });
const read = (path: string, more: Sending = {}): Promise<Answer> =>
  get(api, `/v1/operator${path}`, { ...admin, ...more });

const told = ({ status, body }: Answer) => [status, body.error?.code, body.error?.param];
const acts = async (action: string) =>
  (await api.sql.query('SELECT actor, subject, reason, content FROM admin_audit WHERE action = $1', [action]))
    .rows;
const WHY = { reason: 'because a test wants it' };

const HOSTILE = `<img src=x onerror=alert(1)>"';--`;

describe('merchants', () => {
  it('are made, changed, found and listed, and each act is in the chain with what changed', async () => {
    const made = await send('/merchants', { name: HOSTILE, country: 'DE' });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ object: 'merchant', name: HOSTILE, country: 'DE', category: null });
    const { id } = made.body;
    const changed = await send(`/merchants/${id}`, {
      name: 'Shop',
      country: null,
      category: '5812',
      return_origins: ['https://shop.example/'],
      rate_limits: { writes: { requests: 5, seconds: 1 } },
      case_limits: { four_eyes: { EUR: 100 } },
      routing_approval: true,
      duplicate_reference_guard: true,
      ...WHY,
    });
    expect(changed.body).toMatchObject({
      name: 'Shop',
      country: null,
      category: '5812',
      return_origins: ['https://shop.example'],
      rate_limits: { writes: { requests: 5, seconds: 1 } },
      case_limits: { four_eyes: { EUR: 100 }, write_off: {} },
      routing_approval: true,
      duplicate_reference_guard: true,
    });
    expect((await read(`/merchants/${id}`)).body).toEqual(changed.body);
    const found = await read('/merchants?search=sho');
    expect(found.body.data).toEqual([changed.body]);
    const [act] = await acts('merchant.changed');
    expect([act.actor, act.subject, act.reason]).toEqual(['operator:opr_admin', id, WHY.reason]);
    expect(JSON.parse(act.content).details).toMatchObject({ name: { from: HOSTILE, to: 'Shop' } });
  });

  it('are read page by page without gap or repetition', async () => {
    for (const name of ['p1', 'p2', 'p3']) await send('/merchants', { name });
    const all = (await read('/merchants?limit=100')).body.data.map((row: { id: string }) => row.id);
    const paged: string[] = [];
    for (let after = ''; ; ) {
      const page = (await read(`/merchants?limit=2${after === '' ? '' : `&starting_after=${after}`}`)).body;
      paged.push(...page.data.map((row: { id: string }) => row.id));
      if (!page.has_more) break;
      after = paged.at(-1) ?? '';
    }
    expect(paged).toEqual(all);
    expect(told(await read('/merchants?starting_after=mer_none'))).toEqual([
      400,
      'parameter_invalid',
      'starting_after',
    ]);
  });

  it('refuse what is no country, no origin and no limit, and a change without a reason', async () => {
    const path = '/merchants/mer_a';
    expect(told(await send(path, { country: 'Germany', ...WHY }))).toEqual([
      400,
      'parameter_invalid',
      'country',
    ]);
    expect((await send(path, { return_origins: ['javascript:alert(1)'], ...WHY })).status).toBe(400);
    expect((await send(path, { rate_limits: { writes: { requests: -1, seconds: 1 } }, ...WHY })).status).toBe(
      400,
    );
    expect((await send(path, { name: 'B' })).body.error.param).toBe('reason');
    expect((await send('/merchants/mer_none', { name: 'B', ...WHY })).status).toBe(404);
  });
});

describe('API keys', () => {
  it('are told once, work, are known by their last four, and end within two seconds of their revocation', async () => {
    const order = { merchant: 'mer_b', mode: 'live', name: 'checkout' };
    const made = await send('/keys', order, { idempotencyKey: 'key-once' });
    expect(made.status).toBe(201);
    const { key, ...shown } = made.body;
    expect(key).toMatch(/^sk_live_[\w-]{43}$/);
    expect(shown).toMatchObject({ merchant: 'mer_b', mode: 'live', last4: key.slice(-4), revoked_at: null });
    expect((await get(api, '/v1/payments', { key })).status).toBe(200);
    const again = await send('/keys', order, { idempotencyKey: 'key-once' });
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(again.body).toEqual(shown);
    expect((await read('/keys?merchant=mer_b')).body.data[0]).toEqual(shown);
    await nothingHolds(key);
    const revoked = await send(`/keys/${shown.id}/revoke`, WHY);
    expect(revoked.body.revoked_at).not.toBeNull();
    await waitFor(async () => (await get(api, '/v1/payments', { key })).status === 401, {
      what: 'the key to end',
    });
  });

  it('and merchants and accounts asked for twice at once are made once', async () => {
    const account = { provider: 'adyen', base_url: 'https://checkout-test.adyen.com' };
    const orders: [string, object][] = [
      ['/keys', { merchant: 'mer_b', mode: 'test', name: 'twice' }],
      ['/merchants', { name: 'Twice' }],
      ['/accounts', { ...account, merchant: 'mer_b', mode: 'test', settings: { merchantAccount: 'Twice' } }],
    ];
    for (const [path, body] of orders) {
      const once = { idempotencyKey: `twice${path}` };
      const both = await Promise.all([
        send(path, body, once),
        send(path, body, once),
        send(path, body, once),
      ]);
      expect(both.map(({ status }) => status)).toEqual([201, 201, 201]);
      expect(new Set(both.map(({ body: made }) => made.id)).size).toBe(1);
    }
  });

  it('are not made for a merchant that isn’t there', async () => {
    expect((await send('/keys', { merchant: 'mer_none', mode: 'test', name: 'x' })).status).toBe(404);
    expect((await send('/keys/key_none/revoke', WHY)).status).toBe(404);
  });
});

/** Not one row of any table, and not one line that was logged, has the text in it. */
async function nothingHolds(secret: string): Promise<void> {
  const { rows: tables } = await api.sql.query<{ name: string }>(
    `SELECT format('%I', tablename) AS name FROM pg_tables WHERE schemaname = 'public'`,
  );
  for (const { name } of tables) {
    const { rows } = await api.sql.query(`SELECT 1 FROM ${name} t WHERE strpos(t::text, $1) > 0`, [secret]);
    expect([name, rows.length]).toEqual([name, 0]);
    const hex = Buffer.from(secret).toString('hex');
    const bytes = await api.sql.query(`SELECT 1 FROM ${name} t WHERE strpos(t::text, $1) > 0`, [hex]);
    expect([name, bytes.rows.length]).toEqual([name, 0]);
  }
  expect(api.logs.join('')).not.toContain(secret);
}

describe('provider accounts', () => {
  const account = (more: object = {}) => ({
    merchant: 'mer_a',
    mode: 'test',
    provider: 'adyen',
    base_url: 'https://checkout-test.adyen.com',
    settings: { merchantAccount: 'ShopECOM', time_zone: 'Europe/Berlin' },
    ...more,
  });

  it('are made disabled, judged by their adapter’s own schema, changed and enabled', async () => {
    const made = await send('/accounts', account());
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      object: 'provider_account',
      enabled: false,
      webhook_path: `/v1/webhooks/adyen/${made.body.id}`,
    });
    expect(made.body.secrets).toContainEqual({
      name: 'apiKey',
      required: true,
      source: null,
      fingerprint: null,
      set_by: null,
      set_at: null,
    });
    const path = `/accounts/${made.body.id}`;
    const enabled = await send(path, { enabled: true, ...WHY });
    expect([enabled.body.enabled, (await acts('account.enabled')).length]).toEqual([true, 1]);
    const settings = { merchantAccount: 'Other' };
    const changed = await send(path, { settings, catalogue: { dailyLimitsMinor: { EUR: 5 } }, ...WHY });
    expect(changed.body).toMatchObject({
      settings,
      catalogue: { dailyLimitsMinor: { EUR: 5 } },
      enabled: true,
    });
    expect(told(await send(path, { settings: {}, ...WHY }))).toEqual([
      400,
      'parameter_invalid',
      'settings.merchantAccount',
    ]);
    expect((await send('/accounts/pa_none', { enabled: true, ...WHY })).status).toBe(404);
  });

  it.each([
    [{ provider: 'nobody' }, 'provider'],
    [{ settings: { merchantAccount: 'A', apiKey: 'x' } }, 'settings.apiKey'],
    [{ settings: { merchantAccount: 'A', time_zone: 'Mars' } }, 'settings.time_zone'],
    [{ base_url: 'ftp://provider.example' }, 'base_url'],
    [{ base_url: 'http://provider.example' }, 'base_url'],
    [{ base_url: 'https://user:word@provider.example' }, 'base_url'],
    [{ catalogue: { curencies: {} } }, 'catalogue.curencies'],
  ])('refuse %j', async (more, param) => {
    const answer = await send('/accounts', account(more));
    expect(answer.status).toBe(400);
    expect(answer.body.error.param).toBe(param);
    expect(answer.text).not.toContain('word');
  });

  it('are not made for a merchant that isn’t there', async () => {
    expect((await send('/accounts', account({ merchant: 'mer_none' }))).status).toBe(404);
  });

  it('say for each provider what one consists of', async () => {
    const { body } = await read('/providers');
    const adyen = body.data.find(({ provider }: { provider: string }) => provider === 'adyen');
    expect(adyen.settings).toContainEqual({ name: 'merchantAccount', required: true, values: null });
    expect(adyen.secrets.map(({ name }: { name: string }) => name)).toEqual(
      expect.arrayContaining(['apiKey', 'webhookSecret', 'sftpPrivateKey']),
    );
  });
});

describe('secrets of provider accounts', () => {
  const KEY = 'AQEyhmfxK4LMbBxCw0m8n3Q57VdNXmg';
  const HMAC = '4444444444444448'.repeat(4);

  it('are set and never come back: not in an answer, a row, a log line or an act', async () => {
    const { body: made } = await send('/accounts', {
      merchant: 'mer_a',
      mode: 'test',
      provider: 'adyen',
      base_url: 'https://checkout-test.adyen.com',
      settings: { merchantAccount: 'A' },
    });
    const path = `/accounts/${made.id}`;
    const set = await send(`${path}/secrets`, { secrets: { apiKey: KEY, webhookSecret: HMAC }, ...WHY });
    expect(set.status).toBe(200);
    const [apiKey] = set.body.secrets.filter(({ name }: { name: string }) => name === 'apiKey');
    expect(apiKey).toEqual({
      name: 'apiKey',
      required: true,
      source: 'console',
      fingerprint: expect.stringMatching(/^[\w-]{12}$/),
      set_by: 'operator:opr_admin',
      set_at: expect.any(String),
    });
    const answers = [set, await read(path), await read('/accounts'), await read('/audit')];
    for (const { text } of answers) for (const secret of [KEY, HMAC]) expect(text).not.toContain(secret);
    for (const secret of [KEY, HMAC]) await nothingHolds(secret);
    const [act] = await acts('account.secrets_set');
    expect(JSON.parse(act.content).details.set).toEqual({
      apiKey: apiKey.fingerprint,
      webhookSecret: expect.any(String),
    });
    const other = await send(`${path}/secrets`, { secrets: { apiKey: `${KEY}2` }, ...WHY });
    expect(other.text).not.toContain(apiKey.fingerprint);
    const gone = await send(`${path}/secrets`, { secrets: { apiKey: null }, ...WHY });
    expect(gone.body.secrets[0]).toMatchObject({ name: 'apiKey', source: null });
  });

  it.each([
    [{ webhookSecret: 'not hexadecimal' }, 'secrets.webhookSecret'],
    [{ apiKey: 'two words' }, 'secrets.apiKey'],
    [{ nonsense: 'quoted-never' }, 'secrets.nonsense'],
    [{ constructor: 'quoted-never' }, 'secrets.constructor'],
    [{ webhookSecretPrevious: 'AB'.repeat(32) }, 'secrets.webhookSecretPrevious'],
  ])('that are not of their form are refused without being quoted: %j', async (secrets, param) => {
    const { body: made } = await send('/accounts', {
      merchant: 'mer_a',
      mode: 'test',
      provider: 'adyen',
      base_url: 'https://checkout-test.adyen.com',
      settings: { merchantAccount: 'A' },
    });
    const answer = await send(`/accounts/${made.id}/secrets`, { secrets, ...WHY });
    expect(told(answer)).toEqual([400, 'parameter_invalid', param]);
    for (const value of Object.values(secrets)) expect(answer.text).not.toContain(value);
  });

  it('of the process’s file are named by their source', async () => {
    const { body } = await read('/accounts/acc_a_stripe');
    expect(body.secrets).toContainEqual({
      name: 'webhookSecret',
      required: true,
      source: 'file',
      fingerprint: null,
      set_by: null,
      set_at: null,
    });
  });
});

describe('webhook endpoints of merchants', () => {
  it('are listed across them, disabled with a reason that the merchant sees, and rotated', async () => {
    const made = await post(api, '/v1/webhook_endpoints', { url: 'https://hooks.example/x' });
    const { id, secret } = made.body;
    const listed = await read('/endpoints?merchant=mer_a');
    expect(listed.body.data[0]).toMatchObject({ id, merchant: 'mer_a', pending: 0, dead: 0 });
    const off = await send(`/endpoints/${id}`, { status: 'disabled', reason: 'it floods us with errors' });
    expect(off.body.status).toBe('disabled');
    expect((await get(api, `/v1/webhook_endpoints/${id}`)).body.disabled_reason).toBe(
      'it floods us with errors',
    );
    await send(`/endpoints/${id}`, { status: 'enabled', ...WHY });
    expect((await get(api, `/v1/webhook_endpoints/${id}`)).body.disabled_reason).toBeNull();
    const rotated = await send(`/endpoints/${id}/rotate-secret`, { expires_in_seconds: 60, ...WHY });
    expect(rotated.body.secret).toMatch(/^whsec_/);
    const { rows } = await api.sql.query('SELECT sealed_secrets FROM webhook_endpoint WHERE id = $1', [id]);
    expect(api.vault.openSecret(rows[0].sealed_secrets, id)).toMatchObject({
      current: rotated.body.secret,
      previous: secret,
    });
    expect((await acts('endpoint.secret_rotated')).map(({ subject }) => subject)).toEqual([id]);
    await nothingHolds(rotated.body.secret);
    expect((await send('/endpoints/we_none', { status: 'disabled', ...WHY })).status).toBe(404);
  });
});

describe('what a person does for a merchant on its own routes', () => {
  it('is on record with their name', async () => {
    const { tab, person } = await signedIn(api, 'admin');
    const headers = { 'interlock-merchant': 'mer_b/test' };
    const made = await tab.post('/v1/webhook_endpoints', { url: 'https://hooks.example/p' }, headers);
    expect(made.status).toBe(201);
    expect(await acts('endpoint.created')).toEqual([
      expect.objectContaining({ actor: `operator:${person.id}`, subject: made.body.id }),
    ]);
    await post(api, '/v1/webhook_endpoints', { url: 'https://hooks.example/q' }, { key: api.keys.b });
    expect(await acts('endpoint.created')).toHaveLength(1);
  });
});

describe('the audit log', () => {
  it('refuses to go on after an instant that no calendar has', async () => {
    expect(told(await read('/audit?starting_after=aud_9999999999999999_policy_1'))).toEqual([
      400,
      'parameter_invalid',
      'starting_after',
    ]);
  });

  it('has acts and refusals with their people, filtered and page by page', async () => {
    const { body } = await read('/audit?limit=100&kind=administration&actor=operator:opr_admin');
    expect(body.data[0]).toMatchObject({ object: 'audit_entry', actor: 'operator:opr_admin', name: 'admin' });
    const actions = body.data.map(({ action }: { action: string }) => action);
    expect(actions).toEqual(
      expect.arrayContaining(['merchant.created', 'key.revoked', 'account.secrets_set']),
    );
    const all = (await read('/audit?limit=100')).body.data.map(({ id }: { id: string }) => id);
    const paged: string[] = [];
    for (let after = ''; paged.length < all.length; after = paged.at(-1) ?? '') {
      const page = (await read(`/audit?limit=7${after === '' ? '' : `&starting_after=${after}`}`)).body;
      paged.push(...page.data.map(({ id }: { id: string }) => id));
      if (!page.has_more) break;
    }
    expect(paged.slice(0, all.length)).toEqual(all);
    const refused = (await read('/audit?kind=refusal&actor=operator:opr_admin&limit=1')).body.data[0];
    expect(refused.details).toMatchObject({ method: 'POST', status: expect.any(Number) });
    expect((await read('/audit?subject=mer_none')).body.data).toEqual([]);
    expect((await read(`/audit?to=2020-01-01T00:00:00Z`)).body.data).toEqual([]);
    expect(told(await read('/audit?starting_after=aud_1_x_y'))).toEqual([
      400,
      'parameter_invalid',
      'starting_after',
    ]);
  });

  it('goes on after a step of a payment whose id ends in a digit, which is no card number', async () => {
    const payment = `pay_${'a'.repeat(25)}4`;
    const owner = new pg.Client({ connectionString: api.ownerUrl });
    await owner.connect();
    // A row without its payment: what is tried here is where a page begins.
    await owner.query('SET session_replication_role = replica');
    await owner.query(
      `INSERT INTO audit (payment_id, owner_id, sequence, generation, trigger, actor, to_status, reason, content,
         content_digest, previous_hash, hash, at)
       SELECT $1, $1, n, 1, 'operator_retry', 'operator:opr_admin', 'processing', '', '', '', '', n, '2020-01-02'
       FROM generate_series(5, 6) n`,
      [payment],
    );
    await owner.end();
    const page = (after: string) => read(`/audit?subject=${payment}&limit=1${after}`);
    const { body: first } = await page('');
    expect(first.data.map(({ details }: { details: { sequence: number } }) => details.sequence)).toEqual([6]);
    const second = await page(`&starting_after=${first.data[0].id}`);
    expect([second.status, second.body.data?.[0]?.details.sequence]).toEqual([200, 5]);
  });

  it('is verified, and an act that was altered is found', async () => {
    const first = await verified();
    expect([first.status, first.problem_count]).toEqual(['ended', 0]);
    expect(first.rows).toBeGreaterThan(5);
    await api.sql.query('ALTER TABLE admin_audit DISABLE TRIGGER USER');
    await api.sql.query(`UPDATE admin_audit SET actor = 'operator:opr_nobody' WHERE sequence = 2`);
    const second = await verified();
    await api.sql.query(`UPDATE admin_audit SET actor = 'operator:opr_admin' WHERE sequence = 2`);
    await api.sql.query('ALTER TABLE admin_audit ENABLE TRIGGER USER');
    expect(second.problems).toEqual([{ owner: 'admin_audit', problem: 'step 2 has an altered actor' }]);
    expect((await read('/audit/verifications')).body.data[0]).toEqual(second);
  });

  async function verified() {
    const { status, body } = await send('/audit/verify', { scope: 'recent' });
    expect([status, body.status]).toEqual([202, 'running']);
    const ended = await waitFor(
      async () => {
        const seen = (await read(`/audit/verifications/${body.id}`)).body;
        return seen.status === 'running' ? undefined : seen;
      },
      { what: 'the verification to end' },
    );
    return ended;
  }
});

describe('roles', () => {
  const changes: readonly (readonly [string, object])[] = [
    ['/merchants', { name: 'x' }],
    ['/merchants/mer_a', { name: 'x', ...WHY }],
    ['/keys', { merchant: 'mer_a', mode: 'test', name: 'x' }],
    ['/keys/key_x/revoke', WHY],
    ['/accounts', {}],
    ['/accounts/acc_a_stripe', { enabled: false, ...WHY }],
    ['/accounts/acc_a_stripe/secrets', { secrets: { apiKey: 'sk_test_never' }, ...WHY }],
    ['/accounts/acc_a_stripe/check', {}],
    ['/endpoints/we_x', { status: 'disabled', ...WHY }],
    ['/endpoints/we_x/rotate-secret', WHY],
  ];

  it.each(['read_only', 'analyst', 'operator'])('%s looks, and changes nothing', async (role) => {
    const key = keyOf(role);
    for (const [path, body] of changes) {
      const answer = await send(path, body, { key });
      expect([path, answer.status, answer.body.error.code]).toEqual([path, 403, 'forbidden']);
      expect(answer.text).not.toContain('never');
    }
    for (const path of ['/merchants', '/keys', '/accounts', '/providers', '/endpoints'])
      expect([path, (await read(path, { key })).status]).toEqual([path, 200]);
    expect((await read('/audit', { key })).status).toBe(role === 'operator' ? 200 : 403);
  });

  it('merchants’ keys open none of it', async () => {
    for (const path of ['/merchants', '/keys', '/accounts', '/audit'])
      expect((await read(path, { key: api.keys.a })).status).toBe(403);
  });
});
