/**
 * The whole of Interlock on one machine, in the order in which the parts need each other. Nothing here is
 * special to the embedded stack's processes: each runs the entry point that production runs, with an
 * environment that production could have.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Config, loadConfig } from '../../config/env.ts';
import { type DemoPeople, seedDemo } from '../seed.ts';
import { canaryAccount, canaryKey, seedCanary } from './canary.ts';
import { buildConsoleApart, consoleIsStale } from './console-build.ts';
import { type StackKeys, stackKeys } from './keys.ts';
import { migrate } from './migrate.ts';
import { ROOT } from './paths.ts';
import { choosePorts, composeEnvironment, DATABASE, type Env, type Ports } from './plan.ts';
import { ensureDatabase, startPostgres } from './postgres.ts';
import { removePostgres } from './postgres-home.ts';
import { type ChildSpec, httpProbe, type ProcessGroup } from './processes.ts';
import type { Progress } from './progress.ts';
import { type DemoAccount, demoAccounts, writeProviderSecrets } from './providers.ts';
import { writeStackFile } from './stack-file.ts';
import { connectTemporal, ensureSearchAttributes, startTemporal, temporalDbPath } from './temporal.ts';
import { obtainTemporalBinary } from './temporal-binary.ts';
import { catchUpTransactionNumbers } from './transaction-numbers.ts';
import { buildWorkflowBundleApart, bundleIsStale } from './workflow-bundle.ts';

export type UpOptions = {
  group: ProcessGroup;
  dataDir: string;
  env: Env;
  progress: Progress;
  apiPort: number;
};

export type Stack = {
  apiUrl: string;
  apiKey: string;
  merchantId: string;
  operatorKeys: { alice: string; bob: string };
  people: DemoPeople;
  temporalAddress: string;
  temporalUiUrl?: string;
  timeScale: number;
  accounts: readonly DemoAccount[];
  databaseUrl: string;
  /** What differs from what a reader of the README expects: moved ports, moved files. */
  notes: readonly string[];
};

const READY_TIMEOUT_MS = 90_000;
/** Longer than the worker's own grace, which is longer than the provider deadline. */
const WORKER_GRACE_MS = 30_000;

/**
 * Deletes what an earlier start left, the databases first. The data directory itself stays, with its lock; and
 * the keys stay where a database or a Temporal server of somebody else holds what only they can open.
 */
export function wipe(dataDir: string, env: Env): void {
  removePostgres(dataDir);
  const keysNeeded = Boolean(env.DATABASE_URL || env.TEMPORAL_ADDRESS);
  for (const name of ['temporal', 'sandbox', 'audit', 'provider-secrets.json', 'stack.json']) {
    rmSync(join(dataDir, name), { recursive: true, force: true });
  }
  if (!keysNeeded) rmSync(join(dataDir, 'keys.json'), { force: true });
}

/** A child that runs TypeScript of this checkout. */
function entry(
  name: string,
  env: Env,
  args: readonly string[],
  readiness: ChildSpec['readiness'],
): ChildSpec {
  return {
    name,
    command: process.execPath,
    // Small young generations: a machine that runs everything has little of its memory for each.
    args: ['--max-semi-space-size=4', '--import', 'tsx', ...args],
    cwd: ROOT,
    env,
    readiness,
    restart: true,
  };
}

export async function bringUp(options: UpOptions): Promise<Stack> {
  const { dataDir, env, progress } = options;
  const notes: string[] = [];
  const ports = await choosePorts(options.apiPort, notes);
  const keys = stackKeys(dataDir);
  const accounts = demoAccounts(env, keys, ports.sandboxes);
  const canary = canaryAccount(keys, ports.canary);
  const secretsPath = writeProviderSecrets(dataDir, [...accounts, canary]);
  const childEnv = composeEnvironment(options, ports, keys, secretsPath);
  const config = loadConfig(childEnv);

  const bundle = async () => {
    if (bundleIsStale()) await buildWorkflowBundleApart();
  };
  const consoleFiles = async () => {
    if (consoleIsStale()) await buildConsoleApart();
  };
  await allOrThrow([
    bringPostgres(options, ports, keys, notes),
    bringTemporal(options, ports, config),
    bundle(),
    consoleFiles(),
  ]);

  const seeded = await progress.step('migrations and demo merchant', async (say) => {
    for (const name of await migrate(config.databaseUrl)) say(`applied ${name}`);
    await catchUpTransactionNumbers(config.databaseUrl);
    const { digest: digestKey } = config.keys;
    const { databaseUrl } = config;
    await seedCanary({ databaseUrl, account: canary, apiKey: canaryKey(keys), digestKey });
    return seedDemo({
      databaseUrl: config.databaseUrl,
      accounts,
      apiKeySecret: keys.demoApiKeySecret,
      digestKey,
    });
  });
  await progress.step('search attributes', async () => {
    const connection = await connectTemporal(config.temporal);
    try {
      await ensureSearchAttributes(connection, config.temporal.namespace);
    } finally {
      await connection.close();
    }
  });

  const apiUrl = `http://127.0.0.1:${ports.api}`;
  await allOrThrow(startProcesses(options, ports, childEnv, [...accounts, canary], apiUrl));

  const stack: Stack = {
    apiUrl,
    ...seeded,
    temporalAddress: config.temporal.address,
    ...(config.temporal.uiUrl ? { temporalUiUrl: config.temporal.uiUrl } : {}),
    timeScale: config.timeScale,
    accounts,
    databaseUrl: config.databaseUrl,
    notes,
  };
  writeStackFile(dataDir, {
    ...stack,
    sandboxes: describeSandboxes(dataDir, accounts),
    env: interlockOnly(childEnv),
  });
  return stack;
}

async function bringPostgres(
  options: UpOptions,
  ports: Ports,
  keys: StackKeys,
  notes: string[],
): Promise<void> {
  const { group, dataDir, env, progress } = options;
  if (env.DATABASE_URL) return;
  await progress.step('Postgres', async (say) => {
    const started = await startPostgres({
      group,
      dataDir,
      port: ports.postgres,
      password: keys.postgresPassword,
      onProgress: say,
    });
    await ensureDatabase(started.urlOf('postgres'), DATABASE);
    if (started.note) notes.push(started.note);
  });
}

async function bringTemporal(options: UpOptions, ports: Ports, config: Config): Promise<void> {
  const { group, dataDir, env, progress } = options;
  if (env.TEMPORAL_ADDRESS) return;
  await progress.step('Temporal server', async (say) => {
    const binary = await obtainTemporalBinary({ env, onProgress: say });
    const dbPath = temporalDbPath(dataDir);
    mkdirSync(join(dbPath, '..'), { recursive: true });
    const codec = config.codecServer;
    const codecEndpoint = codec && `http://127.0.0.1:${codec.port}/${codec.token}`;
    await startTemporal({
      group,
      binary,
      port: ports.temporal,
      uiPort: ports.ui,
      dbPath,
      ...(codecEndpoint ? { codecEndpoint } : {}),
    });
  });
}

function startProcesses(
  options: UpOptions,
  ports: Ports,
  env: Env,
  accounts: readonly DemoAccount[],
  apiUrl: string,
) {
  const { group, dataDir, progress } = options;
  const run = (what: string, spec: ChildSpec) => progress.step(what, () => group.start(spec));
  const byLine = { timeoutMs: READY_TIMEOUT_MS };
  const byProbe = (port: number) => ({
    timeoutMs: READY_TIMEOUT_MS,
    probe: httpProbe(`http://127.0.0.1:${port}/readyz`),
  });

  const sandboxes = accounts.flatMap(({ id, provider, sandbox }) => {
    if (!sandbox) return [];
    const name = sandbox.name ?? provider;
    const sandboxDir = join(dataDir, 'sandbox', name);
    mkdirSync(sandboxDir, { recursive: true });
    const args = [
      'sandbox/main.ts',
      provider,
      '--port',
      String(sandbox.port),
      '--admin-port',
      String(sandbox.adminPort),
    ];
    args.push('--data-dir', sandboxDir, '--webhook-url', `${apiUrl}/v1/webhooks/${provider}/${id}`);
    args.push('--time-scale', env.INTERLOCK_TIME_SCALE ?? '1', ...sandbox.args);
    return [run(`${name} sandbox`, entry(`sandbox-${name}`, env, args, byLine))];
  });
  const worker = {
    ...entry('worker', env, ['worker/main.ts'], byProbe(ports.workerHealth)),
    stopGraceMs: WORKER_GRACE_MS,
  };
  const api = entry('api', env, ['api/main.ts'], byProbe(ports.api));
  return [...sandboxes, run('worker', worker), run('API', api)];
}

/** Waits for all, also after one has failed: what is still starting must not be abandoned half-way. */
async function allOrThrow(work: readonly Promise<unknown>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}

function describeSandboxes(dataDir: string, accounts: readonly DemoAccount[]) {
  const entries = accounts.flatMap(({ provider, baseUrl, sandbox }) =>
    sandbox
      ? [
          [
            provider,
            {
              apiUrl: baseUrl,
              adminUrl: `http://127.0.0.1:${sandbox.adminPort}`,
              dataDir: join(dataDir, 'sandbox', provider),
            },
          ],
        ]
      : [],
  );
  return Object.fromEntries(entries);
}

/** What the stack decided, without the rest of the shell's environment. */
function interlockOnly(env: Env): Record<string, string> {
  const ours = /^(INTERLOCK_|TEMPORAL_|API_|CODEC_SERVER_|WORKER_|DATABASE_URL$|LOG_LEVEL$)/;
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      value !== undefined && ours.test(name) ? [[name, value]] : [],
    ),
  );
}
