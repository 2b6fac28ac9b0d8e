import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MAX_ENDPOINTS } from '../../db/settings/index.ts';
import { type Answer, get, post, type Sending, startTestApi, type TestApi } from '../test-support/harness.ts';

/** Endpoints as the API keeps them. What is sent to them is the delivery's own tests'. */
let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
  api.dns.set('inside.example', ['93.184.215.14', '10.0.0.7']);
  api.dns.set('outside.example', ['93.184.215.14', '2606:2800:21f:cb07:6820:80da:af6b:8b2c']);
  api.dns.set('slow.example', undefined);
});
afterAll(() => api.close());
beforeEach(async () => {
  await api.sql.query('DELETE FROM webhook_endpoint');
  api.pokes.length = 0;
});

const PATH = '/v1/webhook_endpoints';
const URL_TEXT = 'https://hooks.example/interlock';
const SECRET = /^whsec_[A-Za-z0-9+/]{43}=$/;

const create = (body: object = {}, options: Sending = {}) =>
  post(api, PATH, { url: URL_TEXT, ...body }, options);

const told = ({ status, body }: Answer) => [status, body.error?.code, body.error?.param];

describe('a new endpoint', () => {
  it('shows its secret once, and is enabled for all events', async () => {
    const answer = await create({ description: 'the shop' });
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      id: expect.stringMatching(/^we_[a-z2-7]{26}$/),
      object: 'webhook_endpoint',
      url: URL_TEXT,
      description: 'the shop',
      event_types: [],
      status: 'enabled',
      disabled_reason: null,
      created: expect.any(Number),
      livemode: false,
      secret: expect.stringMatching(SECRET),
    });
    const { secret, ...shown } = answer.body;
    expect((await get(api, `${PATH}/${shown.id}`)).body).toEqual(shown);
    expect((await get(api, PATH)).body.data).toEqual([shown]);
    expect(api.pokes).toEqual([shown.id]);
    const { rows } = await api.sql.query(
      'SELECT e::text AS whole FROM webhook_endpoint e UNION ALL SELECT r::text FROM request r',
    );
    const bare = Buffer.from(secret.slice('whsec_'.length), 'base64');
    for (const { whole } of rows) {
      expect(whole).not.toContain(secret.slice('whsec_'.length));
      expect(whole).not.toContain(bare.toString('hex'));
    }
    expect(api.logs.join('')).not.toContain(secret);
  });

  it('begins after the events that there are', async () => {
    const { body } = await create();
    const { rows } = await api.sql.query(
      `SELECT cursor_transaction_id > 0 AS now, cursor_position::int AS position FROM webhook_endpoint WHERE id = $1`,
      [body.id],
    );
    expect(rows).toEqual([{ now: true, position: 0 }]);
  });

  it('is made once for a key, and its first answer given again whatever became of it', async () => {
    const key = { idempotencyKey: 'endpoint-1' };
    const answers = await Promise.all(Array.from({ length: 8 }, () => create({}, key)));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(answers.filter(({ headers }) => headers.get('idempotent-replayed') === null)).toHaveLength(1);
    const [first] = answers;
    await post(api, `${PATH}/${first?.body.id}`, { description: 'changed' });
    await post(api, `${PATH}/${first?.body.id}/delete`, {});
    const again = await create({}, key);
    expect([again.status, again.body, again.headers.get('idempotent-replayed')]).toEqual([
      201,
      first?.body,
      'true',
    ]);
    expect((await get(api, PATH)).body.data).toEqual([]);
    expect(told(await create({ description: 'other' }, key)).slice(0, 2)).toEqual([
      422,
      'idempotency_key_reused',
    ]);
  });

  it('is one of a bounded number, also when they come at once', async () => {
    const answers = await Promise.all(Array.from({ length: MAX_ENDPOINTS + 3 }, () => create()));
    const statuses = answers.map(({ status }) => status).toSorted((a, b) => a - b);
    expect(statuses).toEqual([...Array(MAX_ENDPOINTS).fill(201), 409, 409, 409]);
    expect((await create({}, { key: api.keys.b })).status).toBe(201);
  });

  it('is what the document says', async () => {
    const { body: document } = await get(api, '/openapi.json');
    const ajv = new Ajv2020({ strict: false });
    ajv.addSchema({ $id: 'api', ...document });
    const valid = (schema: string, value: unknown) =>
      ajv.validate({ $ref: `api#/components/schemas/${schema}`, unevaluatedProperties: false }, value);
    const made = await create();
    expect(valid('WebhookEndpoint', made.body)).toBe(true);
    expect(valid('WebhookEndpointList', (await get(api, PATH)).body)).toBe(true);
    const deleted = await post(api, `${PATH}/${made.body.id}/delete`, {});
    expect(valid('WebhookEndpointDeleted', deleted.body)).toBe(true);
    expect(valid('WebhookEndpoint', deleted.body)).toBe(false);
  });
});

describe('a target', () => {
  it.each([
    ['no URL', 'hooks'],
    ['another scheme', 'ftp://hooks.example/'],
    ['a script', 'javascript:alert(1)'],
    ['credentials', 'https://user:pass@hooks.example/'],
    ['a port of something else', 'https://hooks.example:5432/'],
    ['this machine by name', 'http://localhost/'],
    ['this machine', 'http://127.0.0.1:8080/'],
    ['this machine in few digits', 'http://127.1/'],
    ['this machine as a number', 'http://2130706433/'],
    ['this machine in hexadecimal', 'http://0x7f000001/'],
    ['nothing at all', 'http://0.0.0.0/'],
    ['a private network', 'https://192.168.1.1/'],
    ['a carrier’s network', 'https://100.64.0.1/'],
    ['cloud metadata', 'http://169.254.169.254/latest/meta-data/'],
    ['this machine in IPv6', 'http://[::1]/'],
    ['this machine in IPv4 within IPv6', 'http://[::ffff:127.0.0.1]/'],
    ['a private network by NAT64', 'http://[64:ff9b::10.0.0.1]/'],
    ['a local network in IPv6', 'http://[fd00::1]/'],
    ['a name with one private address among others', 'https://inside.example/'],
  ])('that is %s is refused, and says what to do', async (_what, url) => {
    const byName = url.includes('localhost');
    if (byName) api.dns.set('localhost', ['127.0.0.1', '::1']);
    const answer = await create({ url });
    expect(told(answer)).toEqual([400, 'webhook_target_forbidden', 'url']);
    expect(answer.body.error.message.length).toBeGreaterThan(40);
    const { body } = await create({ url: 'https://outside.example:8443/' });
    const changed = await post(api, `${PATH}/${body.id}`, { url });
    expect(told(changed)).toEqual([400, 'webhook_target_forbidden', 'url']);
    expect((await get(api, `${PATH}/${body.id}`)).body.url).toBe('https://outside.example:8443/');
  });

  it('that has no address is told from one that nobody can tell now', async () => {
    expect(told(await create({ url: 'https://nowhere.example/' }))).toEqual([
      400,
      'parameter_invalid',
      'url',
    ]);
    expect(told(await create({ url: 'https://slow.example/' })).slice(0, 2)).toEqual([503, 'unavailable']);
  });

  it('that was refused leaves its key free', async () => {
    const key = { idempotencyKey: 'corrected' };
    expect((await create({ url: 'http://10.0.0.1/' }, key)).status).toBe(400);
    expect((await create({}, key)).status).toBe(201);
  });

  it('inside is taken where the setting allows it, as in a sandbox; other rules stay', async () => {
    const sandbox = await startTestApi({ webhooks: { privateTargets: true, deadlineMs: 10_000 } });
    const to = (url: string) => post(sandbox, PATH, { url });
    expect((await to('http://127.0.0.1:8080/')).status).toBe(201);
    expect((await to('http://localhost:9000/')).status).toBe(201);
    expect((await to('http://user@localhost:9000/')).status).toBe(400);
    await sandbox.close();
  });
});

describe('a body', () => {
  it.each([
    ['no URL', { url: undefined }, 'url'],
    ['a long URL', { url: `https://hooks.example/${'a'.repeat(2048)}` }, 'url'],
    ['an unknown type', { event_types: ['payment.succeeded', 'payment.gone'] }, 'event_types.1'],
    ['half a pattern', { event_types: ['pay*'] }, 'event_types.0'],
    ['types as text', { event_types: 'payment.*' }, 'event_types'],
    ['a secret of its own', { secret: 'whsec_mine' }, 'secret'],
  ])('with %s is refused by name', async (_what, body, param) => {
    const answer = await create(body);
    expect([answer.status, answer.body.error.param]).toEqual([400, param]);
  });

  it('may name types and patterns of them', async () => {
    const types = ['payment.succeeded', 'refund.*'];
    expect((await create({ event_types: types })).body.event_types).toEqual(types);
  });
});

describe('a change', () => {
  it('is of what it names, and an endpoint disabled by its own answer is enabled again', async () => {
    const { body } = await create({ description: 'the shop' });
    await api.sql.query(
      `UPDATE webhook_endpoint SET status = 'disabled', disabled_reason = 'it answered 410' WHERE id = $1`,
      [body.id],
    );
    const read = await get(api, `${PATH}/${body.id}`);
    expect([read.body.status, read.body.disabled_reason]).toEqual(['disabled', 'it answered 410']);
    api.pokes.length = 0;
    const changed = await post(api, `${PATH}/${body.id}`, {
      status: 'enabled',
      description: null,
      event_types: ['payment.*'],
    });
    expect([changed.status, changed.body]).toEqual([
      200,
      {
        ...read.body,
        status: 'enabled',
        disabled_reason: null,
        description: null,
        event_types: ['payment.*'],
      },
    ]);
    expect(api.pokes).toEqual([body.id]);
  });

  it('is answered the same for the same key, and done once', async () => {
    const { body } = await create();
    const key = { idempotencyKey: 'disable' };
    const first = await post(api, `${PATH}/${body.id}`, { status: 'disabled' }, key);
    await post(api, `${PATH}/${body.id}`, { status: 'enabled' });
    const again = await post(api, `${PATH}/${body.id}`, { status: 'disabled' }, key);
    expect([again.status, again.body]).toEqual([200, first.body]);
    expect((await get(api, `${PATH}/${body.id}`)).body.status).toBe('enabled');
  });
});

describe('another merchant’s endpoint', () => {
  it('is not there, for reading or for any change', async () => {
    const { body } = await create();
    for (const key of [api.keys.b, api.keys.aLive]) {
      expect((await get(api, PATH, { key })).body.data).toEqual([]);
      const answers = [
        await get(api, `${PATH}/${body.id}`, { key }),
        await get(api, `${PATH}/${body.id}/deliveries`, { key }),
        await post(api, `${PATH}/${body.id}`, { status: 'disabled' }, { key }),
        await post(api, `${PATH}/${body.id}/rotate-secret`, {}, { key }),
        await post(api, `${PATH}/${body.id}/replay`, {}, { key }),
        await post(api, `${PATH}/${body.id}/delete`, {}, { key }),
      ];
      expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(404));
    }
    expect((await get(api, `${PATH}/${body.id}`)).body.status).toBe('enabled');
  });
});

describe('a rotated secret', () => {
  /** What the sender signs with, opened as it opens it. */
  async function secretsOf(id: string) {
    const { rows } = await api.sql.query('SELECT sealed_secrets FROM webhook_endpoint WHERE id = $1', [id]);
    return api.vault.openSecret(rows[0].sealed_secrets, id);
  }

  it('signs beside the old one for as long as it was told', async () => {
    const { body } = await create();
    const began = Date.now();
    const rotated = await post(api, `${PATH}/${body.id}/rotate-secret`, { expires_in_seconds: 60 });
    expect(rotated.status).toBe(200);
    expect(rotated.body.secret).toMatch(SECRET);
    expect(rotated.body.secret).not.toBe(body.secret);
    const secrets = await secretsOf(body.id);
    expect(secrets).toEqual({
      current: rotated.body.secret,
      previous: body.secret,
      previousUntilMs: expect.any(Number),
    });
    expect(secrets.previousUntilMs).toBeGreaterThanOrEqual(began + 60_000);
    expect(secrets.previousUntilMs).toBeLessThan(Date.now() + 60_001);
  });

  it('replaces a stolen one at once with 0, and signs for a day by itself', async () => {
    const { body } = await create();
    const now = await post(api, `${PATH}/${body.id}/rotate-secret`, { expires_in_seconds: 0 });
    expect(await secretsOf(body.id)).toEqual({ current: now.body.secret });
    const later = await post(api, `${PATH}/${body.id}/rotate-secret`, {});
    const secrets = await secretsOf(body.id);
    expect([secrets.current, secrets.previous]).toEqual([later.body.secret, now.body.secret]);
    expect(secrets.previousUntilMs).toBeGreaterThan(Date.now() + 86_000_000);
  });

  it('is rotated once for a key', async () => {
    const { body } = await create();
    const key = { idempotencyKey: 'rotate' };
    const rotate = () => post(api, `${PATH}/${body.id}/rotate-secret`, {}, key);
    const answers = [await rotate(), await rotate(), await rotate()];
    expect(new Set(answers.map((each) => each.body.secret)).size).toBe(1);
    expect((await secretsOf(body.id)).previous).toBe(body.secret);
  });

  it.each([-1, 604_801, 1.5, '60'])('does not stand for %s seconds', async (seconds) => {
    const { body } = await create();
    const answer = await post(api, `${PATH}/${body.id}/rotate-secret`, { expires_in_seconds: seconds });
    expect([answer.status, answer.body.error.param]).toEqual([400, 'expires_in_seconds']);
  });
});
