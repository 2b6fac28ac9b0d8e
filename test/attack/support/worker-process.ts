/** A worker as a process of its own, so that it can be killed and frozen as a machine's would be. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { failureConverterPath } from '../../../client/codec/index.ts';
import { encodeKeyRing } from '../../../config/env.ts';
import type { System } from '../../support/system.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

export interface WorkerProcess {
  freeze(): void;
  thaw(): void;
  /** kill -9, and gone when this resolves. */
  kill(): Promise<void>;
}

export interface WorkerFactory {
  start(): Promise<WorkerProcess>;
  close(): Promise<void>;
}

let bundle: ReturnType<typeof bundleWorkflowCode> | undefined;

/** Bundles the workflows once; each process then starts from the bundle. */
export async function workerProcesses(system: Pick<System, 'config'>): Promise<WorkerFactory> {
  const folder = await mkdtemp(join(tmpdir(), 'interlock-attack-'));
  const bundlePath = join(folder, 'workflows.js');
  const secretsPath = join(folder, 'secrets.json');
  bundle ??= bundleWorkflowCode({
    workflowsPath: join(ROOT, 'workflows/index.ts'),
    failureConverterPath,
    logger: new DefaultLogger('ERROR'),
  });
  await writeFile(bundlePath, (await bundle).code);
  await writeFile(secretsPath, JSON.stringify(system.config.providerSecrets));
  const running = new Set<WorkerProcess>();
  return {
    async start() {
      const process_ = await spawnWorker({
        ...environment(system, secretsPath),
        INTERLOCK_WORKFLOW_BUNDLE: bundlePath,
      });
      running.add(process_);
      return process_;
    },
    async close() {
      await Promise.all([...running].map((each) => each.kill()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function environment({ config }: Pick<System, 'config'>, secretsPath: string): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    DATABASE_URL: config.databaseUrl,
    TEMPORAL_ADDRESS: config.temporal.address,
    TEMPORAL_NAMESPACE: config.temporal.namespace,
    TEMPORAL_TASK_QUEUE: config.temporal.taskQueue,
    INTERLOCK_CODEC_KEYS: encodeKeyRing(config.keys.codec),
    INTERLOCK_VAULT_KEYS: encodeKeyRing(config.keys.vault),
    INTERLOCK_DIGEST_KEY: config.keys.digest.toString('base64'),
    INTERLOCK_PROVIDER_SECRETS_FILE: secretsPath,
    INTERLOCK_TIME_SCALE: String(config.timeScale),
    INTERLOCK_PROVIDER_DEADLINE_MS: String(config.providerDeadlineMs),
    INTERLOCK_WEBHOOK_PRIVATE_TARGETS: config.webhooks?.privateTargets === true ? 'allow' : 'refuse',
    INTERLOCK_WEBHOOK_DEADLINE_MS: String(config.webhooks?.deadlineMs ?? 10_000),
    LOG_LEVEL: 'error',
  };
}

async function spawnWorker(env: Record<string, string>): Promise<WorkerProcess> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'worker/main.ts'], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const errors: string[] = [];
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk.toString('utf8')));
  await ready(child, errors);
  const exited = once(child, 'exit');
  return {
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await exited;
    },
  };
}

async function ready(child: ChildProcess, errors: readonly string[]): Promise<void> {
  const { stdout } = child;
  if (stdout === null) throw new Error('the worker has no standard output');
  for await (const line of createInterface({ input: stdout })) {
    if (line.includes('"ready":true')) {
      stdout.resume();
      return;
    }
  }
  throw new Error(`the worker ended before it was ready:\n${errors.join('')}`);
}
