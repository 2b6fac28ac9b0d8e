/**
 * Brings a checkout into a state in which the TypeScript can run: dependencies as the lockfile says, and the
 * Prisma client generated from the schema. Plain JavaScript without dependencies. Both steps are skipped when
 * a stamp says that nothing has changed since.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const NODE_MINIMUM = [20, 19];
const LOCK_STALE_MS = 20 * 60_000;

/** An error whose message is written for the person at the terminal; no stack is shown. */
export class UserError extends Error {}

const digest = (...parts) => createHash('sha256').update(parts.join('\0')).digest('hex');
const readIfThere = (path) => (existsSync(path) ? readFileSync(path, 'utf8') : undefined);

/** Names the state that node_modules must be in: what to install, and for which machine and Node. */
function installMark(root) {
  const lockfile = readFileSync(join(root, 'package-lock.json'), 'utf8');
  return digest(lockfile, process.platform, process.arch, process.versions.modules);
}

const installStamp = (root) => join(root, 'node_modules', '.interlock-install');

/**
 * Why an install is needed, or undefined when it isn't. Without our stamp, npm's own record of what it has
 * installed is compared with the lockfile, so that a plain `npm ci` before counts too.
 */
export function installReason(root) {
  if (!existsSync(join(root, 'node_modules'))) return 'nothing is installed yet';
  const stamp = readIfThere(installStamp(root));
  if (stamp !== undefined) {
    return stamp === installMark(root) ? undefined : 'the lockfile, Node or the machine has changed';
  }
  const record = readIfThere(join(root, 'node_modules', '.package-lock.json'));
  if (record === undefined) return 'an earlier install did not finish';
  return differs(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')), JSON.parse(record));
}

function differs(lockfile, record) {
  for (const [path, wanted] of Object.entries(lockfile.packages)) {
    if (path === '') continue;
    const installed = record.packages[path];
    if (installed === undefined && !wanted.optional && !wanted.peer) return `${path} is missing`;
    if (installed !== undefined && installed.version !== wanted.version) return `${path} has another version`;
  }
  return undefined;
}

/** Names the state that db/generated must be in. */
function generateMark(root) {
  const prisma = JSON.parse(readFileSync(join(root, 'node_modules/prisma/package.json'), 'utf8')).version;
  return digest(readFileSync(join(root, 'prisma/schema.prisma'), 'utf8'), prisma);
}

const generateStamp = (root) => join(root, 'node_modules', '.interlock-generate');

export function generateReason(root) {
  if (!existsSync(join(root, 'prisma/schema.prisma'))) return undefined;
  if (!existsSync(join(root, 'db/generated'))) return 'there is no Prisma client yet';
  return readIfThere(generateStamp(root)) === generateMark(root) ? undefined : 'the schema has changed';
}

/** Runs a program, silent unless it fails or takes long: then a line every ten seconds says that it lives. */
export function runQuietly(what, command, args, options) {
  const startedAt = Date.now();
  const elapsed = () => `${Math.round((Date.now() - startedAt) / 1000)} s`;
  console.error(`interlock: ${what} ...`);
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    const progress = setInterval(() => console.error(`interlock: ${what}: ${elapsed()}`), 10_000);
    child.once('error', (error) => {
      clearInterval(progress);
      reject(new UserError(`${what} failed: ${error.message}`));
    });
    child.once('close', (code) => {
      clearInterval(progress);
      if (code !== 0) return reject(new UserError(`${output.trim()}\n\n${what} failed (code ${code}).`));
      console.error(`interlock: ${what}: done in ${elapsed()}`);
      resolve();
    });
  });
}

/** The npm that belongs to this Node, so that neither PATH nor a shell has a say; else the one on PATH. */
function npmCommand() {
  const bundled = [
    process.env.npm_execpath,
    join(dirname(process.execPath), '../lib/node_modules/npm/bin/npm-cli.js'),
  ];
  const script = bundled.find((path) => path?.endsWith('.js') && existsSync(path));
  if (script) return { command: process.execPath, prefix: [script] };
  return { command: process.platform === 'win32' ? 'npm.cmd' : 'npm', prefix: [] };
}

/**
 * Installs from the lockfile. Install scripts don't run: the one that is needed (symlinks of the Postgres
 * package) is done by the stack itself, and one that isn't would download an engine that we don't use.
 */
export async function install(root) {
  const { command, prefix } = npmCommand();
  const args = [...prefix, 'ci', '--ignore-scripts', '--no-audit', '--no-fund'];
  const env = { ...process.env, NODE_ENV: 'development' };
  await runQuietly('installing dependencies from the lockfile', command, args, { cwd: root, env });
  writeFileSync(installStamp(root), installMark(root));
}

/** Prisma only checks that a schema engine is there when it generates, so any file will do, and nothing is fetched. */
export async function generate(root) {
  const env = {
    ...process.env,
    PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
    CHECKPOINT_DISABLE: '1',
  };
  const args = [join(root, 'node_modules/prisma/build/index.js'), 'generate'];
  await runQuietly('generating the Prisma client', process.execPath, args, { cwd: root, env });
  writeFileSync(generateStamp(root), generateMark(root));
}

/** Two commands started at once must not work over each other: the second waits, and finds it done. `lock` is the folder that says so. */
export async function withLock(lock, work) {
  for (;;) {
    try {
      mkdirSync(lock);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      if (isStale(lock)) rmSync(lock, { recursive: true, force: true });
      else await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
  const release = () => rmSync(lock, { recursive: true, force: true });
  process.once('exit', release);
  try {
    writeFileSync(join(lock, 'pid'), String(process.pid));
    return await work();
  } finally {
    process.off('exit', release);
    release();
  }
}

function isStale(lock) {
  try {
    if (Date.now() - statSync(lock).mtimeMs > LOCK_STALE_MS) return true;
    const pid = Number(readIfThere(join(lock, 'pid')) ?? Number.NaN);
    if (Number.isNaN(pid)) return false;
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const [wantMajor, wantMinor] = NODE_MINIMUM;
  if (major > wantMajor || (major === wantMajor && minor >= wantMinor)) return;
  throw new UserError(
    `Interlock needs Node ${NODE_MINIMUM.join('.')} or newer; this is ${process.versions.node}.`,
  );
}

/** Installs and generates where needed; quick and silent where not. */
export async function ensureReady(root = ROOT) {
  checkNode();
  if (installReason(root) === undefined && generateReason(root) === undefined) return;
  await withLock(join(root, '.interlock-install.lock'), async () => {
    const reason = installReason(root);
    if (reason !== undefined) {
      console.error(`interlock: ${reason}`);
      await install(root);
    }
    if (generateReason(root) !== undefined) await generate(root);
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  ensureReady().catch((error) => {
    console.error(error instanceof UserError ? error.message : error);
    process.exitCode = 1;
  });
}
