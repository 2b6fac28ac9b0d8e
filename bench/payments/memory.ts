import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive } from '../../cli/stack/identity.mjs';
import { ROOT } from '../../cli/stack/paths.ts';
import { freePort } from '../../cli/stack/ports.ts';
import { findPostgresHome, removePostgres } from '../../cli/stack/postgres-home.ts';
import { readRunningStack, type StackFile } from '../../cli/stack/stack-file.ts';
import { closedLoop } from '../lib/load.ts';
import { type ProcessMemory, treeMemory, untilQuiet } from '../lib/processes.ts';
import { type Figure, table } from '../lib/report.ts';
import type { SuiteContext } from '../lib/suite.ts';
import { createMerchant } from './merchant.ts';
import type { Options } from './options.ts';
import { neutralEnvironment, temporaryGroup } from './stack.ts';

const CONCURRENCY = 8;
const MIB = 1024 * 1024;
/** 1.2 GB, as memory is sold. */
const GOAL_MB = 1_200;
const START_TIMEOUT_MS = 180_000;
const STOP_TIMEOUT_MS = 60_000;

/**
 * The whole of `npm start`, npm's own processes included, after payments have filled its caches. Only the
 * demo is left out: its faults would open circuits that change where the payments go.
 */
export async function measureMemory(context: SuiteContext, options: Options): Promise<readonly Figure[]> {
  const { progress } = context;
  const { rootPid, stack } = await progress.step('a stack by the command line', () => startUp(context));
  const merchant = createMerchant(stack.apiUrl, stack.apiKey);
  try {
    const before = treeMemory(rootPid);
    await progress.step(`${options.memoryPayments} payments`, async () => {
      const method = await merchant.card();
      await closedLoop(options.memoryPayments, CONCURRENCY, async () => {
        await merchant.sale(method);
      });
    });
    await untilQuiet({ stack: rootPid });
    return report(context, before, treeMemory(rootPid), options.memoryPayments);
  } finally {
    merchant.close();
  }
}

async function startUp(context: SuiteContext): Promise<{ rootPid: number; stack: StackFile }> {
  const { group, dataDir: outer } = await temporaryGroup(context);
  const dataDir = join(outer, 'up');
  mkdirSync(dataDir);
  chmodSync(dataDir, 0o755);
  // What a process killed half-way would leave of its Postgres, outside of the data directory.
  const { outsideDir } = findPostgresHome(dataDir);
  group.discardAtEnd([outer, ...(outsideDir ? [outsideDir] : [])]);
  const env = { ...neutralEnvironment(), INTERLOCK_DATA_DIR: dataDir };
  context.defer(async () => {
    await stopUp(readRunningStack(env)?.owner);
    await group.stop('npm');
    removePostgres(dataDir);
  });
  await group.start({
    name: 'npm',
    command: 'npm',
    args: ['exec', '--offline', '--call', `node interlock up --api-port ${await freePort()}`],
    cwd: ROOT,
    env,
    stopSignal: 'SIGINT',
    stopGraceMs: STOP_TIMEOUT_MS,
    readiness: { timeoutMs: START_TIMEOUT_MS, probe: async () => readRunningStack(env) !== undefined },
  });
  const rootPid = group.pidOf('npm');
  const stack = readRunningStack(env);
  if (rootPid === undefined || stack === undefined) throw new Error('the stack ended as soon as it was up');
  return { rootPid, stack };
}

/** Asks the stack itself, as Ctrl-C does, and waits: npm ends at once and would leave it behind. */
async function stopUp(owner: StackFile['owner'] | undefined): Promise<void> {
  if (owner === undefined || !isAlive(owner)) return;
  process.kill(owner.pid, 'SIGINT');
  const deadline = performance.now() + STOP_TIMEOUT_MS;
  while (isAlive(owner) && performance.now() < deadline) await delay(50);
  // A second signal makes it kill what doesn't end.
  if (isAlive(owner)) process.kill(owner.pid, 'SIGINT');
  while (isAlive(owner) && performance.now() < deadline + STOP_TIMEOUT_MS) await delay(50);
}

function report(
  context: SuiteContext,
  before: readonly ProcessMemory[],
  after: readonly ProcessMemory[],
  payments: number,
): readonly Figure[] {
  const groupsOf = (memory: readonly ProcessMemory[]) => {
    const groups = new Map<string, number>();
    for (const each of memory) {
      const name = nameOf(each.command);
      groups.set(name, (groups.get(name) ?? 0) + each.pssBytes);
    }
    return groups;
  };
  const sum = (memory: readonly ProcessMemory[]) => memory.reduce((total, each) => total + each.pssBytes, 0);
  const mib = (bytes: number | undefined) => ((bytes ?? 0) / MIB).toFixed(1);
  const [was, is] = [groupsOf(before), groupsOf(after)];
  const rows = [...is]
    .sort(([, a], [, b]) => b - a)
    .map(([name, bytes]) => [name, mib(was.get(name)), mib(bytes)]);
  rows.push(['sum', mib(sum(before)), mib(sum(after))]);
  context.print(`PSS, MiB\n${table(['', 'at first', `after ${payments} payments`], rows)}`);
  return [
    { name: 'memory_at_first_mb', text: 'memory of npm start, at first: MB', value: mb(sum(before)) },
    {
      name: 'memory_after_payments_mb',
      text: `memory of npm start, after ${payments} payments: MB`,
      value: mb(sum(after)),
      goal: { is: '<=', bound: GOAL_MB },
    },
  ];
}

function mb(bytes: number): number {
  return Math.round(bytes / 1e6);
}

/** What a command line is, in the words of the design. */
function nameOf(command: string): string {
  const kinds: readonly (readonly [RegExp, string])[] = [
    [/postgres/, 'postgres'],
    [/start-dev/, 'temporal server'],
    [/sandbox\/main\.ts stripe/, 'stripe simulator'],
    [/sandbox\/main\.ts adyen/, 'adyen simulator'],
    [/worker\/main\.ts/, 'worker'],
    [/api\/main\.ts/, 'api'],
    [/codec-server/, 'codec server'],
    [/watchdog\.mjs/, 'watchdog'],
    [/^npm|^sh /, 'npm'],
    [/interlock up/, 'interlock up'],
  ];
  return kinds.find(([pattern]) => pattern.test(command))?.[1] ?? 'others';
}
