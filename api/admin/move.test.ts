import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, get, post, startTestApi, type TestApi } from '../test-support/harness.ts';
import { insertPayment } from '../test-support/rows.ts';

/** An account's secrets go where its address says: what happens to them when it changes. */
let api: TestApi;
const key = 'iop_admin_admin_admin_admin';
const HERE = 'https://checkout-test.adyen.com';
const THERE = 'https://evil.example';
const FIRST = 'AQEyhmfxK4LMbBxCw0m8n3Q57VdNXmg';
const SECOND = 'AQEyhmfxK4LMbBxCw0m8n3Q57VdSECOND';
const WHY = { reason: 'because a test wants it' };

beforeAll(async () => {
  api = await startTestApi();
  await api.sql.query(
    `INSERT INTO operator (id, name, digest, role) VALUES ('opr_admin', 'A', $1, 'admin')`,
    [api.vault.keyedDigest(key)],
  );
});
afterAll(() => api?.close());

const send = (path: string, body: object): Promise<Answer> =>
  post(api, `/v1/operator/accounts${path}`, body, { key });
const told = ({ status, body }: Answer) => [status, body.error?.code, body.error?.param];

async function anAccount(more: object = {}): Promise<string> {
  const made = await send('', {
    merchant: 'mer_a',
    mode: 'test',
    provider: 'adyen',
    base_url: HERE,
    settings: { merchantAccount: 'A' },
    ...more,
  });
  expect(made.status).toBe(201);
  await send(`/${made.body.id}/secrets`, { secrets: { apiKey: FIRST }, ...WHY });
  return `/${made.body.id}`;
}

const sealedIn = async (path: string) => {
  const { rows } = await api.sql.query('SELECT sealed FROM provider_secret WHERE account_id = $1', [
    path.slice(1),
  ]);
  return api.vault.openProviderSecrets(rows[0].sealed, path.slice(1));
};

async function openOperationOf(accountId: string): Promise<void> {
  const payment = await insertPayment(api, { merchantId: 'mer_a', status: 'processing' });
  await api.sql.query(
    `INSERT INTO attempt (id, payment_id, number, account_id, provider, connector_version, status)
     VALUES ('att_open', $1, 1, $2, 'adyen', 'adyen-1', 'unknown')`,
    [payment, accountId],
  );
  await api.sql.query(
    `INSERT INTO operation (id, payment_id, owner_id, attempt_id, attempt_number, kind, number, cause, status,
       amount_minor, currency, provider_key, generation, first_sent_at, last_sent_at, sends)
     VALUES ('op_open', $1, $1, 'att_open', 1, 'sale', 1, 'first', 'unknown', 2000, 'EUR', 'key_open', 1, now(), now(), 1)`,
    [payment],
  );
}

describe('an account that moves to another address', () => {
  it('takes no secret along: each is given again, and the old ones are dropped', async () => {
    const path = await anAccount();
    expect(told(await send(path, { base_url: THERE, ...WHY }))).toEqual([
      400,
      'parameter_missing',
      'secrets.apiKey',
    ]);
    expect((await get(api, `/v1/operator/accounts${path}`, { key })).body.base_url).toBe(HERE);
    const moved = await send(path, { base_url: THERE, secrets: { apiKey: SECOND }, ...WHY });
    expect([moved.status, moved.body.base_url]).toEqual([200, THERE]);
    expect(await sealedIn(path)).toEqual({ values: { apiKey: SECOND } });
    const { rows } = await api.sql.query(
      `SELECT content FROM admin_audit WHERE action = 'account.moved' AND subject = $1`,
      [path.slice(1)],
    );
    expect(JSON.parse(rows[0].content).details).toMatchObject({
      baseUrl: { from: HERE, to: THERE },
      secrets: { set: { apiKey: expect.any(String) } },
    });
    expect(rows[0].content).not.toContain(SECOND);
  });

  it('may leave its secrets behind', async () => {
    const path = await anAccount();
    const moved = await send(path, { base_url: THERE, secrets: { apiKey: null }, ...WHY });
    expect(moved.status).toBe(200);
    expect(await sealedIn(path)).toEqual({ values: {} });
  });

  it.each([
    ['the server of its files', { sftp: { host: 'evil.example' } }],
    ['the key of that server', { sftp: { hostKey: `SHA256:${'b'.repeat(43)}` } }],
  ])(
    'is one too when there is a change of %s',
    async (_what, { sftp = {}, ...more }: Record<string, object | string>) => {
      const source = {
        host: 'sftp.example.com',
        username: 'u',
        path: '/out',
        format: 'adyen',
        hostKey: `SHA256:${'a'.repeat(43)}`,
      };
      const settings = { merchantAccount: 'A', sftp: source };
      const path = await anAccount({ settings });
      expect(
        (await send(path, { settings: { ...settings, time_zone: 'Europe/Berlin' }, ...WHY })).status,
      ).toBe(200);
      const changed = { ...settings, ...more, sftp: { ...source, ...(sftp as object) } };
      expect(told(await send(path, { settings: changed, ...WHY }))).toEqual([
        400,
        'parameter_missing',
        'secrets.apiKey',
      ]);
    },
  );

  it('is refused where a secret comes from the file, which knows no address', async () => {
    const answer = await send('/acc_a_stripe', { base_url: 'http://127.0.0.1:2', secrets: {}, ...WHY });
    expect(told(answer)).toEqual([400, 'parameter_invalid', 'base_url']);
  });

  it('waits for operations that are under way', async () => {
    const path = await anAccount();
    await openOperationOf(path.slice(1));
    const answer = await send(path, { base_url: THERE, secrets: { apiKey: SECOND }, ...WHY });
    expect(told(answer)).toEqual([409, 'account_in_use', undefined]);
    expect((await send(path, { enabled: false, ...WHY })).status).toBe(200);
  });

  it('takes secrets only where it moves', async () => {
    const path = await anAccount();
    const answer = await send(path, { enabled: true, secrets: { apiKey: SECOND }, ...WHY });
    expect(told(answer)).toEqual([400, 'parameter_invalid', 'secrets']);
  });
});

describe('a live account', () => {
  it.each(['http://127.0.0.1:8080', 'https://10.0.0.1', 'https://psp.internal', 'https://localhost'])(
    'is not at %s',
    async (base_url) => {
      const order = {
        merchant: 'mer_a',
        mode: 'live',
        provider: 'adyen',
        base_url,
        settings: { merchantAccount: 'A' },
      };
      expect(told(await send('', order))).toEqual([400, 'parameter_invalid', 'base_url']);
    },
  );
});

describe('a test of the connection', () => {
  /** As Adyen tells what may be paid with, to one key. */
  const adyen = createServer((request, response) => {
    const isKnown = request.url === '/v72/paymentMethods' && request.headers['x-api-key'] === FIRST;
    response.writeHead(isKnown ? 200 : 401, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(isKnown ? { paymentMethods: [] } : { status: 401, errorCode: '000' }));
  });
  let base_url: string;
  beforeAll(async () => {
    await new Promise<void>((resolve) => adyen.listen(0, '127.0.0.1', resolve));
    base_url = `http://127.0.0.1:${(adyen.address() as AddressInfo).port}`;
  });
  afterAll(() => adyen.close());

  it('tells whether the provider takes the key, and shows none', async () => {
    const path = await anAccount({ base_url });
    expect((await send(`${path}/check`, WHY)).body).toMatchObject({ result: 'accepted' });
    await send(`${path}/secrets`, { secrets: { apiKey: SECOND }, ...WHY });
    const refused = await send(`${path}/check`, WHY);
    expect(refused.body).toMatchObject({ result: 'refused', detail: 'http_401' });
    expect(JSON.stringify(refused.body)).not.toContain(SECOND);
  });

  it('says so where nobody answers there', async () => {
    const path = await anAccount({ base_url: 'http://127.0.0.1:1' });
    expect((await send(`${path}/check`, WHY)).body.result).toBe('unclear');
  });

  it('is on record with its reason, because the secrets go out with it', async () => {
    const path = await anAccount({ base_url });
    await send(`${path}/check`, WHY);
    const { rows } = await api.sql.query(
      `SELECT actor, reason FROM admin_audit WHERE action = 'account.checked' AND subject = $1`,
      [path.slice(1)],
    );
    expect(rows).toEqual([{ actor: 'operator:opr_admin', reason: WHY.reason }]);
  });
});
