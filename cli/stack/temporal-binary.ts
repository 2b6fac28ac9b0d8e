/**
 * Finds the Temporal CLI, whose `server start-dev` is the embedded server, or obtains it: from PATH, from
 * Interlock's cache, by the SDK's own download, by the Go toolchain. Once obtained it stays in the cache.
 */
import { spawn, spawnSync } from 'node:child_process';
import {
  accessSync,
  constants,
  copyFileSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { platform } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheDirOf, ROOT } from './paths.ts';

/** v1.9.1, the newest, has replace directives, and `go install` refuses those. */
const GO_PACKAGE = 'github.com/temporalio/cli/cmd/temporal@v1.5.1';
const DOWNLOADER = fileURLToPath(new URL('./temporal-download.ts', import.meta.url));
const DOWNLOAD_LIMIT_MS = 180_000;
const GO_LIMIT_MS = 20 * 60_000;
const EXE = platform() === 'win32' ? '.exe' : '';

type Env = Record<string, string | undefined>;
type Obtain = { env: Env; onProgress: (line: string) => void };
type Outcome = { ok: true } | { ok: false; reason: string };

export function cachedBinaryPath(env: Env): string {
  return join(cacheDirOf(env), 'bin', `temporal${EXE}`);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

export function findOnPath(name: string, env: Env): string | undefined {
  const folders = (env.PATH ?? '').split(delimiter).filter(Boolean);
  return folders.map((folder) => join(folder, `${name}${EXE}`)).find(isExecutable);
}

/** A program of that name that cannot say its version is broken, or something else. */
function works(path: string): boolean {
  return isExecutable(path) && spawnSync(path, ['--version'], { timeout: 30_000 }).status === 0;
}

/** The path of a working binary. Throws an error that lists what was tried and what a person can do. */
export async function obtainTemporalBinary(options: Obtain): Promise<string> {
  const { env, onProgress } = options;
  const onPath = findOnPath('temporal', env);
  if (onPath && works(onPath)) return onPath;
  const cached = cachedBinaryPath(env);
  if (works(cached)) return cached;
  const failures: string[] = [];
  const ways = { "the SDK's download": downloadBySdk, 'go install': installByGo };
  for (const [name, way] of Object.entries(ways)) {
    onProgress(`no Temporal server here yet: trying ${name}`);
    const outcome = await way(options, cached);
    if (outcome.ok && works(cached)) return cached;
    const reason = outcome.ok ? 'it left no working binary' : outcome.reason;
    onProgress(`${name}: ${reason}`);
    failures.push(`${name}: ${reason}`);
  }
  throw new Error(
    [
      'There is no Temporal server, and none could be obtained:',
      ...failures.map((failure) => `  - ${failure}`),
      'Do one of these:',
      '  - install the Temporal CLI (https://docs.temporal.io/cli) so that `temporal` is on PATH;',
      '  - docker compose -f docker-compose.temporal.yml up -d, then set TEMPORAL_ADDRESS=127.0.0.1:7233;',
      '  - set TEMPORAL_ADDRESS (and TEMPORAL_NAMESPACE, TEMPORAL_API_KEY) to a server you have.',
    ].join('\n'),
  );
}

/** The SDK starts what it downloads, so it does so in a process of its own, and the file is moved after. */
async function downloadBySdk({ env, onProgress }: Obtain, target: string): Promise<Outcome> {
  const downloadDir = join(cacheDirOf(env), 'sdk-download');
  mkdirSync(downloadDir, { recursive: true });
  try {
    const args = ['--import', 'tsx', DOWNLOADER, downloadDir];
    const outcome = await runLong(process.execPath, args, {
      env,
      onProgress,
      limitMs: DOWNLOAD_LIMIT_MS,
      verb: 'downloading',
    });
    if (!outcome.ok) return outcome;
    const found = readdirSync(downloadDir)
      .map((name) => join(downloadDir, name))
      .find(isExecutable);
    if (!found) return { ok: false, reason: 'it left no file' };
    mkdirSync(join(target, '..'), { recursive: true });
    copyFileSync(found, `${target}.new`);
    renameSync(`${target}.new`, target);
    return { ok: true };
  } finally {
    rmSync(downloadDir, { recursive: true, force: true });
  }
}

async function installByGo({ env, onProgress }: Obtain, target: string): Promise<Outcome> {
  const go = findOnPath('go', env);
  if (!go) return { ok: false, reason: 'there is no Go on PATH' };
  const binDir = join(target, '..');
  mkdirSync(binDir, { recursive: true });
  onProgress('building the Temporal server with Go; about 3 minutes on 2 cores, once');
  const goEnv = { ...env, GOBIN: binDir, CGO_ENABLED: '0' };
  return runLong(go, ['install', GO_PACKAGE], {
    env: goEnv,
    onProgress,
    limitMs: GO_LIMIT_MS,
    verb: 'building',
  });
}

type RunLong = { env: Env; onProgress: (line: string) => void; limitMs: number; verb: string };

function runLong(command: string, args: readonly string[], options: RunLong): Promise<Outcome> {
  const startedAt = Date.now();
  const elapsed = () => `${Math.round((Date.now() - startedAt) / 1000)} s`;
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: ROOT, env: options.env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const collect = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-4_000);
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    const progress = setInterval(
      () => options.onProgress(`${options.verb} the Temporal server: ${elapsed()}`),
      10_000,
    );
    let late = false;
    const limit = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, options.limitMs);
    const settle = (outcome: Outcome) => {
      clearInterval(progress);
      clearTimeout(limit);
      resolve(outcome);
    };
    child.once('error', (error) => settle({ ok: false, reason: error.message }));
    child.once('close', (code) => {
      if (code === 0) settle({ ok: true });
      else if (late) settle({ ok: false, reason: `gave up after ${elapsed()}` });
      else settle({ ok: false, reason: lastLine(output) || `ended with code ${code}` });
    });
  });
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)?.trim().slice(0, 300) ?? '';
}
