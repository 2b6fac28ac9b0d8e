import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IllegalStateError } from '@temporalio/common';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import pg from 'pg';
import { pino } from 'pino';
import { startApi } from '../../api/main.ts';
import { type DemoPeople, seedDemo } from '../../cli/seed.ts';
import { connectDoor } from '../../client/index.ts';
import type { Config } from '../../config/env.ts';
import { type Simulator, startSimulator } from '../../sandbox/simulator.ts';
import { startWorker } from '../../worker/main.ts';
import {
  createNamespaceOrTaskQueue,
  createTestDatabase,
  temporalAddress,
  workflowBundle,
} from './harness.ts';

/**
 * The whole of Interlock in one test process: simulators, API and worker over the run's Postgres and
 * Temporal. Tests speak HTTP to it, as merchants and providers do, and read the simulators' journals.
 */
export interface SystemOptions {
  readonly timeScale?: number;
  readonly providerDeadlineMs?: number;
  readonly completeByMs?: number;
  readonly apiWaitMs?: number;
  /** The total deadline of one attempt at a merchant's endpoint. */
  readonly webhookDeadlineMs?: number;
  /** False: webhooks go to public addresses only, as outside of sandboxes. */
  readonly privateTargets?: boolean;
  /** Whether the networks' retry limits hold for the test's cards. */
  readonly countTestDeclines?: boolean;
  /** False: no worker until `startWorker` is called. */
  readonly worker?: boolean;
  /** True: the API shows its metrics, on a port of its own. */
  readonly apiMetrics?: boolean;
  /** True: an account at Checkout.com too, with its simulator. Few tests need it, and each would wait for it. */
  readonly checkout?: boolean;
  /** Where the console's built files are: the API serves them. */
  readonly consoleDir?: string;
}

export type SimulatorName = 'stripe' | 'adyen' | 'checkout';
type Urls = Readonly<Record<'stripe' | 'adyen', string> & Partial<Record<'checkout', string>>>;

export interface JournalLine {
  readonly seq: number;
  readonly kind: 'effect' | 'arrival';
  readonly effect?: string;
  readonly operation?: string;
  readonly reference: string;
  readonly providerReference?: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly idempotencyKey?: string;
}

export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers as a merchant's untyped client does.
  readonly body: any;
  readonly headers: Headers;
}

export interface System {
  readonly config: Config;
  readonly apiUrl: string;
  readonly apiMetricsUrl?: string;
  readonly apiKey: string;
  readonly operatorKeys: Readonly<Record<'alice' | 'bob', string>>;
  /** Who may sign in at the console: an admin, an operator, an analyst, and one who only reads. */
  readonly people: DemoPeople;
  readonly databaseUrl: string;
  readonly ownerUrl: string;
  readonly providerUrls: Urls;
  readonly adminUrls: Urls;
  request(method: string, path: string, options?: RequestOptions): Promise<Answer>;
  /** A card of its own for one payment, in the vault. */
  card(number?: string, extra?: Record<string, unknown>): Promise<string>;
  pay(body: Record<string, unknown>, options?: RequestOptions): Promise<Answer>;
  journal(provider: SimulatorName, reference?: string): Promise<readonly JournalLine[]>;
  fault(provider: SimulatorName, fault: Record<string, unknown>): Promise<void>;
  clearFaults(): Promise<void>;
  admin(provider: SimulatorName, method: string, path: string, body?: unknown): Promise<unknown>;
  sql<T extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<T[]>;
  startWorker(): Promise<{ stop(): Promise<void> }>;
  close(): Promise<void>;
}

export interface RequestOptions {
  readonly key?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  readonly apiKey?: string;
}

/** Temporal's own notices would bury the tests' output. Whoever has installed a runtime before keeps it. */
function quietTemporal(): void {
  try {
    const logger = new DefaultLogger('WARN', ({ level, message, meta }) => {
      // The worker for deliveries is meant to have none.
      if (!message.startsWith('No workflows registered')) console.error(`[${level}] ${message}`, meta ?? '');
    });
    Runtime.install({ logger, shutdownSignals: [] });
  } catch (error) {
    if (!(error instanceof IllegalStateError)) throw error;
  }
}

export async function startSystem(options: SystemOptions = {}): Promise<System> {
  quietTemporal();
  const database = await createTestDatabase();
  const dataDir = await mkdtemp(join(tmpdir(), 'interlock-test-'));
  const timeScale = options.timeScale ?? 0.005;
  const simulators = {
    stripe: await simulator('stripe', dataDir, timeScale),
    adyen: await simulator('adyen', dataDir, timeScale),
    ...(options.checkout === true ? { checkout: await simulator('checkout', dataDir, timeScale) } : {}),
  };
  const running = Object.entries(simulators) as readonly [SimulatorName, Simulator][];
  const config = configFor(database.url, options, timeScale);
  const accounts = running.map(([provider, { apiUrl }]) => ({
    id: `pa_demo_${provider}`,
    provider,
    baseUrl: apiUrl,
    settings: (provider === 'adyen' ? { merchantAccount: MERCHANT_ACCOUNT } : {}) as Record<string, string>,
    secrets: SECRETS[`pa_demo_${provider}`],
  }));
  const { apiKey, operatorKeys, people } = await seedDemo({
    databaseUrl: database.ownerUrl,
    accounts,
    apiKeySecret: randomBytes(18).toString('base64url'),
    digestKey: config.keys.digest,
    passwordCost: CHEAP,
  });
  const log = pino({ level: process.env.TEST_LOG ?? 'silent' });
  const api = await startApi(config, {
    connect: connectDoor,
    logger: log,
    access: { passwordCost: CHEAP },
  });
  // The API's port is known only now: no port is chosen before somebody holds it.
  config.publicUrl = api.url;
  for (const [provider, { adminUrl }] of running) {
    const url = `${api.url}/v1/webhooks/${provider}/pa_demo_${provider}`;
    const response = await fetch(`${adminUrl}/webhooks`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ url }),
    });
    if (!response.ok)
      throw new Error(`the ${provider} simulator took no webhook URL: ${await response.text()}`);
  }
  const workers = new Set<{ stop(): Promise<void> }>();
  const pool = new pg.Pool({ connectionString: database.ownerUrl, max: 3 });
  // Dropping the database ends connections that lie idle; to the pool's listeners that is an error.
  pool.on('error', () => undefined);
  const startOne = async () => {
    const worker = await startWorker(config, log);
    workers.add(worker);
    return worker;
  };
  if (options.worker !== false) await startOne();

  const request: System['request'] = async (method, path, { key, body, headers, apiKey: other } = {}) => {
    const response = await fetch(`${api.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${other ?? apiKey}`,
        ...(key === undefined ? {} : { 'idempotency-key': key }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: text === '' ? undefined : JSON.parse(text),
    };
  };
  const admin: System['admin'] = async (provider, method, path, body) => {
    const found = simulators[provider];
    if (found === undefined) throw new Error(`this system runs no simulator of ${provider}`);
    const response = await fetch(`${found.adminUrl}${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`simulator ${method} ${path}: ${response.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  };

  return {
    config,
    apiUrl: api.url,
    ...(api.metricsUrl === undefined ? {} : { apiMetricsUrl: api.metricsUrl }),
    apiKey,
    operatorKeys,
    people,
    databaseUrl: database.url,
    ownerUrl: database.ownerUrl,
    providerUrls: Object.fromEntries(running.map(([name, { apiUrl }]) => [name, apiUrl])) as Urls,
    adminUrls: Object.fromEntries(running.map(([name, { adminUrl }]) => [name, adminUrl])) as Urls,
    request,
    async card(number = '4242424242424242', extra = {}) {
      const answer = await request('POST', '/v1/payment_methods', {
        key: freshKey(),
        body: { type: 'card', card: { number, exp_month: 3, exp_year: 2030, cvc: '737', ...extra } },
      });
      if (answer.status !== 201) throw new Error(`card refused: ${JSON.stringify(answer.body)}`);
      return answer.body.id;
    },
    pay: (body, other = {}) => request('POST', '/v1/payments', { key: freshKey(), ...other, body }),
    async journal(provider, reference) {
      const lines = (await admin(provider, 'GET', '/journal')) as readonly JournalLine[];
      return reference === undefined
        ? lines
        : lines.filter((line) => line.reference.includes(reference.replace(/^pay_/, '')));
    },
    async fault(provider, fault) {
      await admin(provider, 'POST', '/faults', fault);
    },
    async clearFaults() {
      await Promise.all(running.map(([name]) => admin(name, 'DELETE', '/faults')));
    },
    admin,
    async sql<T extends pg.QueryResultRow>(text: string, values: unknown[] = []) {
      return (await pool.query<T>(text, values)).rows;
    },
    startWorker: startOne,
    async close() {
      await Promise.all([...workers].map((worker) => worker.stop()));
      await api.close();
      await Promise.all([...running.map(([, { close }]) => close()), pool.end()]);
      await database.drop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

export function freshKey(): string {
  return `key-${randomBytes(12).toString('hex')}`;
}

/** A password's hash in milliseconds, not tenths of a second: every system makes four. */
const CHEAP = { ln: 10, r: 8, p: 1 } as const;

const MERCHANT_ACCOUNT = 'InterlockTestECOM';
const SECRETS = {
  pa_demo_stripe: { apiKey: 'sk_test_simulated', webhookSecret: 'whsec_simulated' },
  pa_demo_adyen: { apiKey: 'adyen-simulated', webhookSecret: 'AB'.repeat(32) },
  pa_demo_checkout: { apiKey: 'sk_sbox_simulated', webhookSecret: 'cko-simulated' },
} as const;

function simulator(provider: SimulatorName, dataDir: string, timeScale: number) {
  const secrets = SECRETS[`pa_demo_${provider}`];
  return startSimulator({
    provider,
    port: 0,
    adminPort: 0,
    dataDir,
    timeScale,
    ...secrets,
    ...(provider === 'adyen' ? { merchantAccount: MERCHANT_ACCOUNT } : {}),
  });
}

function configFor(databaseUrl: string, options: SystemOptions, timeScale: number): Config {
  const ring = () => ({ activeId: 'k1', keys: { k1: randomBytes(32) } });
  return {
    databaseUrl,
    temporal: { address: temporalAddress(), ...createNamespaceOrTaskQueue() },
    keys: { codec: ring(), vault: ring(), digest: randomBytes(32) },
    providerSecrets: { ...SECRETS },
    timeScale,
    providerDeadlineMs: options.providerDeadlineMs ?? 3_000,
    completeByMs: options.completeByMs ?? 30_000,
    apiWaitMs: options.apiWaitMs ?? 10_000,
    webhooks: {
      privateTargets: options.privateTargets ?? true,
      deadlineMs: options.webhookDeadlineMs ?? 10_000,
    },
    countTestDeclines: options.countTestDeclines ?? false,
    api: { host: '127.0.0.1', port: 0 },
    ...(options.apiMetrics === true ? { metrics: { host: '127.0.0.1', apiPort: 0 } } : {}),
    workflowBundle: workflowBundle(),
    ...(options.consoleDir === undefined ? {} : { consoleDir: options.consoleDir }),
    logLevel: 'silent',
  };
}
