import { createHmac, randomBytes } from 'node:crypto';
import { Writable } from 'node:stream';
import pg from 'pg';
import { pino } from 'pino';
import type { DoorConnection } from '../../client/index.ts';
import type { Config } from '../../config/env.ts';
import { createTestDatabase } from '../../test/support/harness.ts';
import { createVault, type Vault } from '../../vault/index.ts';
import { BODY_TIMES, type BodyTimes } from '../body-time.ts';
import type { AccessSettings } from '../console/settings.ts';
import { startApi } from '../main.ts';
import { createFakeDoor, type FakeDoor } from './fake-door.ts';

/** The API as it runs, over real HTTP and a real Postgres of its own, with a door that the test holds. */
export interface TestApi {
  readonly url: string;
  readonly door: FakeDoor;
  /** As the owner: for arranging and inspecting. */
  readonly sql: pg.Pool;
  /** For a connection of a test's own. */
  readonly ownerUrl: string;
  /** Every line that was logged, as it was written. */
  readonly logs: string[];
  /** Endpoints whose deliveries were woken. */
  readonly pokes: string[];
  /** Days that were run, as `account/date`. */
  readonly runs: string[];
  /** With the keys that the API has. */
  readonly vault: Vault;
  readonly keys: { readonly a: string; readonly b: string; readonly aLive: string; readonly revoked: string };
  /** Set to reject, and Temporal is gone as far as readiness can see. */
  temporal: () => Promise<unknown>;
  /** What names resolve to; what isn't here has no address. */
  readonly dns: Map<string, readonly string[] | undefined>;
  close(): Promise<void>;
}

/** A password's hash in milliseconds, not tenths of a second. */
export const CHEAP = { ln: 10, r: 8, p: 1 } as const;

export const STRIPE_SECRET = 'whsec_test_secret_of_the_api_tests';

export async function startTestApi(
  overrides: Partial<Config> = {},
  access: Partial<AccessSettings> = {},
  bodyTimes: BodyTimes = BODY_TIMES,
): Promise<TestApi> {
  const database = await createTestDatabase();
  const digest = randomBytes(32);
  const door = createFakeDoor();
  const logs: string[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      logs.push(chunk.toString('utf8'));
      done();
    },
  });
  const sql = new pg.Pool({ connectionString: database.ownerUrl, max: 4 });
  sql.on('error', () => undefined);
  const keys = await seedMerchants(sql, digest);
  const pokes: string[] = [];
  const runs: string[] = [];
  const dns = new Map<string, readonly string[] | undefined>([['hooks.example', ['93.184.215.14']]]);
  const connection: DoorConnection = {
    door,
    deliveries: {
      pokeEndpoint: async (endpointId) => void pokes.push(endpointId),
      pokeEndpoints: () => undefined,
      close: () => undefined,
    },
    reconciliations: {
      run: async (accountId, businessDate) => {
        runs.push(`${accountId}/${businessDate}`);
        return `reconciliation/${accountId}/${businessDate}`;
      },
      progress: async () => undefined,
      result: async () => ({ status: 'closed', posted: 0 }),
    },
    cases: { command: async () => ({ type: 'not_found' }) },
    backtests: { start: async () => undefined },
    experiments: { look: async () => undefined },
    check: () => api.temporal(),
    close: async () => undefined,
  };
  const config = { ...testConfig(database.url, digest), ...overrides };
  const running = await startApi(config, {
    connect: async () => connection,
    logger: pino({ level: 'info' }, sink),
    resolveHost: async (name) => (dns.has(name) ? dns.get(name) : []),
    access: { passwordCost: CHEAP, ...access },
    bodyTimes,
  });
  const api: TestApi = {
    url: running.url,
    door,
    sql,
    ownerUrl: database.ownerUrl,
    logs,
    pokes,
    runs,
    dns,
    vault: createVault({ keys: config.keys.vault, digestKey: config.keys.digest }),
    keys,
    temporal: async () => undefined,
    async close() {
      await running.close();
      await sql.end();
      await database.drop();
    },
  };
  return api;
}

function testConfig(databaseUrl: string, digest: Buffer): Config {
  const ring = () => ({ activeId: 'k1', keys: { k1: randomBytes(32) } });
  return {
    databaseUrl,
    temporal: { address: '127.0.0.1:1', namespace: 'default', taskQueue: 'none' },
    keys: { codec: ring(), vault: ring(), digest },
    providerSecrets: { acc_a_stripe: { webhookSecret: STRIPE_SECRET } },
    timeScale: 1,
    providerDeadlineMs: 1_000,
    completeByMs: 120_000,
    apiWaitMs: 2_000,
    api: { host: '127.0.0.1', port: 0 },
    logLevel: 'info',
  };
}

/** Two merchants with a key each, a live key, a revoked key, and one Stripe account each. */
async function seedMerchants(sql: pg.Pool, digest: Buffer): Promise<TestApi['keys']> {
  const textKey = createHmac('sha256', digest).update('interlock/vault/text/v1').digest();
  const insert = async (merchant: string, mode: string, revoked = false) => {
    const key = `sk_${mode}_${randomBytes(18).toString('base64url')}`;
    await sql.query(
      `INSERT INTO api_key (id, merchant_id, mode, digest, name, revoked_at) VALUES ($1, $2, $3, $4, 'test', $5)`,
      [
        `key_${randomBytes(6).toString('hex')}`,
        merchant,
        mode,
        createHmac('sha256', textKey).update(key).digest('base64url'),
        revoked ? new Date() : null,
      ],
    );
    return key;
  };
  await sql.query(`INSERT INTO merchant (id, name) VALUES ('mer_a', 'A'), ('mer_b', 'B')`);
  await sql.query(`INSERT INTO provider_account (id, merchant_id, mode, provider, base_url)
    VALUES ('acc_a_stripe', 'mer_a', 'test', 'stripe', 'http://127.0.0.1:1'),
           ('acc_b_stripe', 'mer_b', 'test', 'stripe', 'http://127.0.0.1:1')`);
  return {
    a: await insert('mer_a', 'test'),
    b: await insert('mer_b', 'test'),
    aLive: await insert('mer_a', 'live'),
    revoked: await insert('mer_a', 'test', true),
  };
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body, for reading members without saying which. */
  readonly body: Body;
}

// biome-ignore lint/suspicious/noExplicitAny: a test reads whatever members an answer should have.
type Body = any;

export interface Sending {
  readonly key?: string | null;
  readonly idempotencyKey?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it is, instead of JSON made of the body. */
  readonly raw?: string | Uint8Array;
}

let unique = 0;

export async function post(
  api: TestApi,
  path: string,
  body: unknown,
  options: Sending = {},
): Promise<Answer> {
  unique += 1;
  const { key = api.keys.a, idempotencyKey = `key-${process.pid}-${unique}`, headers = {}, raw } = options;
  return answerOf(
    await fetch(`${api.url}${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...(idempotencyKey === null ? {} : { 'idempotency-key': idempotencyKey }),
        ...headers,
      },
      body: raw === undefined ? JSON.stringify(body) : Buffer.from(raw),
    }),
  );
}

export async function get(api: TestApi, path: string, options: Sending = {}): Promise<Answer> {
  const { key = api.keys.a, headers = {} } = options;
  return answerOf(
    await fetch(`${api.url}${path}`, {
      headers: { ...(key === null ? {} : { authorization: `Bearer ${key}` }), ...headers },
    }),
  );
}

export async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') ?? false;
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: isJson ? JSON.parse(text) : undefined,
  };
}

export const CARD = {
  type: 'card',
  card: { number: '4242424242424242', exp_month: 12, exp_year: 2031, cvc: '737' },
};

export async function createCard(api: TestApi, options: Sending = {}): Promise<string> {
  const answer = await post(api, '/v1/payment_methods', CARD, options);
  if (answer.status !== 201) throw new Error(`no payment method: ${answer.text}`);
  return answer.body.id;
}
