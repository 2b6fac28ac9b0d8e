/**
 * A whole Interlock to be broken: Postgres, Temporal, two APIs, two workers, a simulator for each provider,
 * and a proxy on every link between them. All of it on free ports in a temporary folder, from a tree of its
 * own; each process can be killed, frozen and put under a wrong clock. What it does for a living is run.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import pg from 'pg';
import { seedDemo } from '../../../cli/seed.ts';
import { migrate } from '../../../cli/stack/migrate.ts';
import { ensureDatabase, startPostgres } from '../../../cli/stack/postgres.ts';
import { findPostgresHome, removePostgres } from '../../../cli/stack/postgres-home.ts';
import { type ChildSpec, httpProbe, ProcessGroup } from '../../../cli/stack/processes.ts';
import { ensureSearchAttributes, startTemporal, temporalDbPath } from '../../../cli/stack/temporal.ts';
import { obtainTemporalBinary } from '../../../cli/stack/temporal-binary.ts';
import { createDataConverter } from '../../../client/codec/index.ts';
import { connectClient } from '../../../client/index.ts';
import { loadConfig } from '../../../config/env.ts';
import type { ProviderName } from '../evidence-types.ts';
import { SEAM_PATCHES, Seams, WIRE_CLOCK_PATCHES } from './crash-points.ts';
import { Fleet } from './processes.ts';
import { obtainProxy } from './proxy/obtain.ts';
import { ProxyClient } from './proxy/toxics.ts';
import { Receiver } from './receiver/index.ts';
import {
  accountsOf,
  choosePorts,
  DATABASE,
  DEFAULT_PACE,
  databaseUrl,
  environmentOf,
  freshSecrets,
  LINKS,
  MERCHANT_ACCOUNT,
  type Pace,
  type Ports,
  PROVIDERS,
  type Secrets,
  upstreamOf,
} from './settings.ts';
import { type Patch, plantTree, type Tree } from './tree.ts';

export interface RigOptions {
  /** Beyond the seams that every storm has: what a sabotaged build does differently. */
  readonly patches?: readonly Patch[];
  /** Statements run as the schema's owner after the migrations. */
  readonly sql?: readonly string[];
  readonly pace?: Partial<Pace>;
  readonly proxy?: 'auto' | 'own';
  /** Another checkout to run than this one. */
  readonly source?: string;
  readonly say?: (line: string) => void;
}

export interface Rig {
  readonly dataDir: string;
  readonly tree: Tree;
  readonly pace: Pace;
  readonly ports: Ports;
  readonly secrets: Secrets;
  readonly apiUrls: readonly string[];
  readonly apiKey: string;
  readonly merchantId: string;
  readonly proxyName: string;
  readonly fleet: Fleet;
  readonly seams: Seams;
  readonly proxy: ProxyClient;
  /** The merchant's webhook endpoints. */
  readonly receiver: Receiver;
  /** Straight to Temporal's server, past the proxy; payloads are read with the storm's keys. */
  readonly temporal: Client;
  /** Straight to Postgres, as the schema's owner. */
  sql<T extends pg.QueryResultRow>(text: string, values?: readonly unknown[]): Promise<T[]>;
  /** The admin server of a simulator. */
  admin(provider: ProviderName, method: string, path: string, body?: unknown): Promise<unknown>;
  journalPath(provider: ProviderName): string;
  /** Ends every process; removes everything unless it is kept for inspection. */
  close(keep?: boolean): Promise<void>;
}

export const APIS = ['api-0', 'api-1'] as const;
export const WORKERS = ['worker-0', 'worker-1'] as const;
const READY_TIMEOUT_MS = 60_000;
const PRELOAD = new URL('./seams/preload.mjs', import.meta.url).href;

export async function startRig(options: RigOptions = {}): Promise<Rig> {
  const say = options.say ?? (() => undefined);
  const dataDir = mkdtempSync(join(tmpdir(), 'interlock-storm-'));
  // Postgres's user passes through; what lies inside has modes of its own.
  chmodSync(dataDir, 0o755);
  const group = await ProcessGroup.open(dataDir);
  // Also when this process is killed: a watchdog ends the others and removes what they wrote.
  const { outsideDir } = findPostgresHome(dataDir);
  group.discardAtEnd(outsideDir ? [outsideDir, dataDir] : [dataDir]);
  const rigging = new Rigging(dataDir, group, options, await choosePorts(), say);
  try {
    return await rigging.raise();
  } catch (error) {
    await rigging.lower(false);
    throw error;
  }
}

class Rigging {
  readonly #dataDir: string;
  readonly #group: ProcessGroup;
  readonly #options: RigOptions;
  readonly #ports: Ports;
  readonly #say: (line: string) => void;
  readonly #secrets = freshSecrets();
  readonly #pace: Pace;
  readonly #fleet = new Fleet();
  readonly #seams: Seams;
  readonly #pool: pg.Pool;
  readonly #receiver: Receiver;
  #temporal: Client | undefined;

  constructor(
    dataDir: string,
    group: ProcessGroup,
    options: RigOptions,
    ports: Ports,
    say: (line: string) => void,
  ) {
    this.#dataDir = dataDir;
    this.#group = group;
    this.#options = options;
    this.#ports = ports;
    this.#say = say;
    this.#pace = { ...DEFAULT_PACE, ...options.pace };
    this.#seams = new Seams(join(dataDir, 'seams'));
    this.#receiver = new Receiver(dataDir, ports.receiver);
    this.#pool = new pg.Pool({ connectionString: databaseUrl(ports.postgres, this.#secrets), max: 3 });
    // Postgres is killed often; the pool makes new connections by itself.
    this.#pool.on('error', () => undefined);
  }

  async raise(): Promise<Rig> {
    const { patches = [], source } = this.#options;
    const treeOptions = {
      dir: join(this.#dataDir, 'tree'),
      patches: [...SEAM_PATCHES, ...WIRE_CLOCK_PATCHES, ...patches],
      ...(source === undefined ? {} : { source }),
    };
    const [tree, proxyName] = await all([
      plantTree(treeOptions),
      this.#bringProxy(),
      this.#bringPostgres(),
      this.#bringTemporal(),
    ]);
    await migrate(databaseUrl(this.#ports.postgres, this.#secrets), tree.migrationsDir);
    const { apiKey, merchantId } = await seedDemo({
      databaseUrl: databaseUrl(this.#ports.postgres, this.#secrets),
      accounts: accountsOf(this.#ports, this.#secrets),
      apiKeySecret: this.#secrets.apiKeySecret,
      digestKey: Buffer.from(this.#secrets.digestKey, 'base64'),
      passwordCost: { ln: 10, r: 8, p: 1 },
    });
    for (const statement of this.#options.sql ?? []) await this.#pool.query(statement);
    const temporal = await this.#connectTemporal(tree);
    await all(PROVIDERS.map((provider) => this.#bringSandbox(tree, provider)));
    await all([
      this.#fleet.add(this.#group, this.#receiver.spec(READY_TIMEOUT_MS)).start(),
      ...[0, 1].flatMap((index) => [this.#bringApi(tree, index), this.#bringWorker(tree, index)]),
    ]);
    await this.#receiver.register(`http://127.0.0.1:${this.#ports.apis[0]}`, apiKey);
    this.#say('the rig is up');
    return {
      dataDir: this.#dataDir,
      tree,
      pace: this.#pace,
      ports: this.#ports,
      secrets: this.#secrets,
      apiUrls: this.#ports.apis.map((port) => `http://127.0.0.1:${port}`),
      apiKey,
      merchantId,
      proxyName,
      fleet: this.#fleet,
      seams: this.#seams,
      proxy: this.#proxyClient(),
      receiver: this.#receiver,
      temporal,
      sql: async <T extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []) =>
        (await this.#pool.query<T>(text, [...values])).rows,
      admin: (provider, method, path, body) => this.#admin(provider, method, path, body),
      journalPath: (provider) => join(this.#dataDir, 'sandbox', `${provider}.journal.jsonl`),
      close: (keep = false) => this.lower(keep),
    };
  }

  async lower(keep: boolean): Promise<void> {
    this.#fleet.closing = true;
    if (keep) this.#group.discardAtEnd([]);
    await this.#temporal?.connection.close().catch(() => undefined);
    await this.#pool.end().catch(() => undefined);
    // What is frozen hears no polite signal, and everything here may be killed.
    await this.#group.stopAll(true);
    if (keep) return;
    removePostgres(this.#dataDir);
    rmSync(this.#dataDir, { recursive: true, force: true });
  }

  async #bringPostgres(): Promise<void> {
    const { postgres: port } = this.#ports;
    const password = this.#secrets.postgresPassword;
    const group = this.#fleet.adopting(this.#group);
    const { urlOf } = await startPostgres({ group, dataDir: this.#dataDir, port, password });
    await ensureDatabase(urlOf('postgres'), DATABASE);
  }

  async #bringTemporal(): Promise<void> {
    const binary = await obtainTemporalBinary({ env: process.env, onProgress: this.#say });
    const dbPath = temporalDbPath(this.#dataDir);
    mkdirSync(join(dbPath, '..'), { recursive: true });
    const group = this.#fleet.adopting(this.#group);
    await startTemporal({ group, binary, port: this.#ports.temporal, dbPath });
  }

  async #connectTemporal(tree: Tree): Promise<Client> {
    const { temporal, keys } = loadConfig(this.#environment('worker', tree));
    const address = `127.0.0.1:${this.#ports.temporal}`;
    this.#temporal = await connectClient({ ...temporal, address }, createDataConverter(keys.codec));
    await ensureSearchAttributes(this.#temporal.connection as never, temporal.namespace);
    return this.#temporal;
  }

  #proxyClient(): ProxyClient {
    return new ProxyClient(`http://127.0.0.1:${this.#ports.proxy}`);
  }

  async #bringProxy(): Promise<string> {
    const program = await obtainProxy(this.#options.proxy ?? 'auto', process.env, this.#say);
    const client = this.#proxyClient();
    const { proxy: port } = this.#ports;
    await this.#group.start({
      name: 'proxy',
      ...program.commandFor(port),
      env: { PATH: process.env.PATH, LOG_LEVEL: 'error' },
      readiness: { timeoutMs: READY_TIMEOUT_MS, probe: httpProbe(`http://127.0.0.1:${port}/version`) },
    });
    for (const name of LINKS) {
      const upstreamPort = upstreamOf(name, this.#ports);
      await client.addLink({ name, listenPort: this.#ports.links[name], upstreamPort });
    }
    return program.name;
  }

  async #bringSandbox(tree: Tree, provider: ProviderName): Promise<void> {
    const { port, adminPort } = this.#ports.sandboxes[provider];
    const { apiKey, webhookSecret } = this.#secrets.providers[provider];
    const hook = `http://127.0.0.1:${this.#ports.links[`${provider}-api`]}/v1/webhooks/${provider}/pa_demo_${provider}`;
    const args = ['sandbox/main.ts', provider, '--port', String(port), '--admin-port', String(adminPort)];
    args.push('--data-dir', join(this.#dataDir, 'sandbox'), '--webhook-url', hook);
    args.push('--time-scale', String(this.#pace.timeScale));
    args.push('--api-key', apiKey, '--webhook-secret', webhookSecret);
    if (provider === 'adyen') args.push('--merchant-account', MERCHANT_ACCOUNT);
    await this.#bring(tree, `sandbox-${provider}`, args, { PATH: process.env.PATH ?? '' }, 'wire');
  }

  async #bringApi(tree: Tree, index: number): Promise<void> {
    const env = { ...this.#environment('api', tree), API_PORT: String(this.#ports.apis[index]) };
    await this.#bring(tree, `api-${index}`, ['api/main.ts'], env, 'everywhere');
  }

  async #bringWorker(tree: Tree, index: number): Promise<void> {
    const env = this.#environment('worker', tree);
    await this.#bring(tree, `worker-${index}`, ['worker/main.ts'], env, 'everywhere');
  }

  #environment(role: 'api' | 'worker', tree: Tree): Record<string, string> {
    const parts = { ports: this.#ports, secrets: this.#secrets, pace: this.#pace, dataDir: this.#dataDir };
    return environmentOf(role, { ...parts, bundlePath: tree.bundlePath });
  }

  async #bring(
    tree: Tree,
    name: string,
    args: readonly string[],
    env: Record<string, string>,
    clock: 'everywhere' | 'wire',
  ): Promise<void> {
    const spec: ChildSpec = {
      name,
      command: process.execPath,
      args: ['--max-semi-space-size=4', '--import', PRELOAD, '--import', 'tsx', ...args],
      cwd: tree.dir,
      env: { ...env, STORM_SEAM_DIR: this.#seams.dir, STORM_PROCESS: name, STORM_CLOCK: clock },
      readiness: { timeoutMs: READY_TIMEOUT_MS },
    };
    await this.#fleet.add(this.#group, spec).start();
  }

  async #admin(provider: ProviderName, method: string, path: string, body?: unknown): Promise<unknown> {
    const { adminPort } = this.#ports.sandboxes[provider];
    const response = await fetch(`http://127.0.0.1:${adminPort}${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      signal: AbortSignal.timeout(10_000),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`simulator ${method} ${path}: ${response.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }
}

/** Waits for all, also after one has failed: what is still starting must not be abandoned half-way. */
async function all<const T extends readonly Promise<unknown>[]>(
  work: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const results = await Promise.allSettled(work);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
  return results.map((result) => (result as PromiseFulfilledResult<unknown>).value) as never;
}
