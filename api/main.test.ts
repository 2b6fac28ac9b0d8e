import { type ChildProcess, spawn } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createNamespaceOrTaskQueue, createTestDatabase, temporalAddress } from '../test/support/harness.ts';
import { CARD } from './test-support/harness.ts';

/** The process as it is deployed, against a real Temporal server whose task queue nobody polls. */
const KEY = `sk_test_${randomBytes(18).toString('base64url')}`;
const folder = mkdtempSync(join(tmpdir(), 'interlock-api-'));
let child: ChildProcess;
let url: string;
let drop: () => Promise<void>;

beforeAll(async () => {
  const database = await createTestDatabase();
  drop = database.drop;
  const digestKey = randomBytes(32);
  const textKey = createHmac('sha256', digestKey).update('interlock/vault/text/v1').digest();
  const sql = new pg.Client({ connectionString: database.ownerUrl });
  await sql.connect();
  await sql.query(`INSERT INTO merchant (id, name) VALUES ('mer_a', 'A')`);
  await sql.query(
    `INSERT INTO api_key (id, merchant_id, mode, digest, name) VALUES ('key_a', 'mer_a', 'test', $1, 'a')`,
    [createHmac('sha256', textKey).update(KEY).digest('base64url')],
  );
  await sql.end();
  const secrets = join(folder, 'secrets.json');
  writeFileSync(secrets, '{}');
  const ring = () => `k1:${randomBytes(32).toString('base64')}`;
  child = spawn(process.execPath, ['--import', 'tsx', 'api/main.ts'], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: process.env.PATH,
      DATABASE_URL: database.ownerUrl,
      TEMPORAL_ADDRESS: temporalAddress(),
      TEMPORAL_TASK_QUEUE: createNamespaceOrTaskQueue().taskQueue,
      INTERLOCK_CODEC_KEYS: ring(),
      INTERLOCK_VAULT_KEYS: ring(),
      INTERLOCK_DIGEST_KEY: digestKey.toString('base64'),
      INTERLOCK_PROVIDER_SECRETS_FILE: secrets,
      API_PORT: '0',
      LOG_LEVEL: 'silent',
    },
  });
  if (child.stdout === null) throw new Error('the child has no standard output');
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  const ready: { ready: boolean; url: string } = JSON.parse(line);
  expect(ready).toEqual({ ready: true, url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) });
  url = ready.url;
});
afterAll(async () => {
  child?.kill('SIGKILL');
  await drop?.();
  rmSync(folder, { recursive: true, force: true });
});

async function post(path: string, body: object, key: string, prefer = 'wait=1') {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${KEY}`,
      'content-type': 'application/json',
      'idempotency-key': key,
      prefer,
    },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: JSON.parse(await response.text()) };
}

describe('the API process', () => {
  it('is ready once Postgres and Temporal answer', async () => {
    const response = await fetch(`${url}/readyz`);
    expect([response.status, await response.json()]).toEqual([
      200,
      { status: 'ready', checks: { postgres: 'ok', temporal: 'ok' } },
    ]);
  });

  it('without any worker answers 202 in time, and the same for the same key', async () => {
    const card = await post('/v1/payment_methods', CARD, 'card');
    expect(card.status).toBe(201);
    const order = { amount: 2000, currency: 'EUR', payment_method: card.body.id };
    const first = await post('/v1/payments', order, 'no worker');
    expect([first.status, first.body.status, first.body.amount]).toEqual([202, 'processing', 2000]);
    const again = await post('/v1/payments', order, 'no worker', 'wait=0');
    expect([again.status, again.body.id]).toEqual([202, first.body.id]);
  });

  it('lets a request under way finish when it is told to stop, and then ends well', async () => {
    const card = await post('/v1/payment_methods', CARD, 'card');
    const order = { amount: 2000, currency: 'EUR', payment_method: card.body.id };
    const underWay = post('/v1/payments', order, 'while stopping', 'wait=2');
    await expect.poll(async () => (await fetch(`${url}/healthz`)).status, { interval: 20 }).toBe(200);
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    expect((await underWay).status).toBe(202);
    expect((await exited)[0]).toBe(0);
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
  });
});
