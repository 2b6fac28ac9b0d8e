import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../../cli/stack/paths.ts';
import { freePort } from '../../cli/stack/ports.ts';
import { findPostgresHome, removePostgres } from '../../cli/stack/postgres-home.ts';
import { httpProbe, ProcessGroup } from '../../cli/stack/processes.ts';
import { readRunningStack, type StackFile } from '../../cli/stack/stack-file.ts';
import { bringUp } from '../../cli/stack/up.ts';
import { type Config, loadConfig } from '../../config/env.ts';
import type { SuiteContext } from '../lib/suite.ts';

type Env = Record<string, string | undefined>;

/** A whole Interlock as `up` starts it, whose worker knows the bare workflow too. */
export interface BenchStack {
  readonly config: Config;
  readonly apiUrl: string;
  readonly apiKey: string;
  readonly adminUrls: Readonly<Record<'stripe' | 'adyen', string>>;
  /** The processes that a payment costs CPU in. */
  readonly pids: Readonly<Record<string, number>>;
  /** Ends it before the suite does, so that the next section has the machine to itself. */
  stop(): Promise<void>;
}

/** Whatever would lead away from this machine's own servers, or make them other than a newcomer's. */
const STEERING =
  /^(INTERLOCK_|TEMPORAL_|API_|CODEC_SERVER_|WORKER_|METRICS_|OTEL_|STRIPE_|ADYEN_|DATABASE_URL$|LOG_LEVEL$|NODE_OPTIONS$)/;

export function neutralEnvironment(): Env {
  const ours = Object.entries(process.env).filter(([name]) => !STEERING.test(name));
  return { ...Object.fromEntries(ours), ...NEVER_REFUSED, ...NO_CANARY };
}

/** Requests are counted as ever, so that what it costs is measured too; one merchant's load is the whole load here. */
const NEVER_REFUSED = { INTERLOCK_RATE_LIMIT_WRITES: '10000/2s', INTERLOCK_RATE_LIMIT_READS: '10000/2s' };

/** Its payments would be measured among those that are. */
const NO_CANARY = { INTERLOCK_CANARY_KEY: '' };

/** A data directory for one run, and a group for its processes; both end with the suite, or with a killed one. */
export async function temporaryGroup(context: SuiteContext) {
  const dataDir = mkdtempSync(join(tmpdir(), 'interlock-bench-'));
  // Postgres's user passes through; what lies inside has modes of its own.
  chmodSync(dataDir, 0o755);
  const group = await ProcessGroup.open(dataDir, ({ kind, detail }) => {
    if (!context.signal.aborted) context.progress.say(`  ! ${kind}: ${detail}`);
  });
  const { outsideDir } = findPostgresHome(dataDir);
  group.discardAtEnd(outsideDir ? [outsideDir, dataDir] : [dataDir]);
  context.defer(async () => {
    await group.stopAll();
    removePostgres(dataDir);
    rmSync(dataDir, { recursive: true, force: true });
  });
  return { dataDir, group };
}

export async function startBenchStack(context: SuiteContext): Promise<BenchStack> {
  const { dataDir, group } = await temporaryGroup(context);
  const { progress } = context;
  const env: Env = { ...neutralEnvironment(), INTERLOCK_DATA_DIR: dataDir };
  await bringUp({ group, dataDir, env, progress, apiPort: await freePort() });
  const stack = readRunningStack(env);
  if (stack === undefined) throw new Error('the stack that was just started left no stack.json');
  await progress.step('a worker that knows the bare workflow too', () =>
    replaceWorker(context, group, dataDir, { ...env, ...stack.env }, stripeOf(stack)),
  );
  const pidOf = (name: string): number => {
    const pid = group.pidOf(name);
    if (pid === undefined) throw new Error(`${name} doesn't run`);
    return pid;
  };
  return {
    config: loadConfig(stack.env),
    apiUrl: stack.apiUrl,
    apiKey: stack.apiKey,
    adminUrls: { stripe: stripeOf(stack).adminUrl, adyen: adminUrl(stack, 'adyen') },
    pids: {
      server: pidOf('temporal'),
      worker: pidOf('worker'),
      api: pidOf('api'),
      postgres: pidOf('postgres'),
      simulator: pidOf('sandbox-stripe'),
    },
    stop: () => group.stopAll(),
  };
}

function stripeOf(stack: StackFile) {
  const { stripe } = stack.sandboxes;
  if (stripe === undefined)
    throw new Error("the stack has no simulator for Stripe; the bench won't use another");
  return stripe;
}

function adminUrl({ sandboxes }: StackFile, provider: string): string {
  const url = sandboxes[provider]?.adminUrl;
  if (url === undefined) throw new Error(`the stack has no simulator for ${provider}`);
  return url;
}

/** The same entry point with the same environment, one more activity and a bundle with one more workflow. */
async function replaceWorker(
  context: SuiteContext,
  group: ProcessGroup,
  dataDir: string,
  env: Env,
  stripe: { readonly apiUrl: string },
): Promise<void> {
  const bundle = join(dataDir, 'bench-bundle.js');
  const bundler = spawn(process.execPath, ['--import', 'tsx', 'bench/payments/baseline/bundle.ts', bundle], {
    cwd: ROOT,
    env: neutralEnvironment(),
    stdio: ['ignore', 'ignore', 'inherit'],
    signal: context.signal,
  });
  const [code] = await once(bundler, 'exit');
  if (code !== 0) throw new Error(`the bench's workflows could not be bundled (code ${code})`);
  await group.stop('worker');
  const port = env.WORKER_HEALTH_PORT;
  await group.start({
    name: 'worker',
    command: process.execPath,
    args: ['--enable-source-maps', '--import', 'tsx', 'bench/payments/baseline/worker.ts'],
    cwd: ROOT,
    env: {
      ...env,
      INTERLOCK_WORKFLOW_BUNDLE: bundle,
      BENCH_STRIPE_ACCOUNT: 'pa_demo_stripe',
      BENCH_STRIPE_URL: stripe.apiUrl,
    },
    readiness: { timeoutMs: 90_000, probe: httpProbe(`http://127.0.0.1:${port}/readyz`) },
    stopGraceMs: 30_000,
  });
}
