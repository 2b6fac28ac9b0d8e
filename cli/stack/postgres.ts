/**
 * The embedded Postgres: initialised once, found again at the next start, bound to the loopback interface
 * only, and as durable as a real one. Its process belongs to the ProcessGroup like every other child.
 */
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { isAlive, startMark } from './identity.mjs';
import { findPostgresHome, makeOwnedDir, type PostgresHome } from './postgres-home.ts';
import type { ProcessGroup } from './processes.ts';

const SUPERUSER = 'interlock';

/** Small machines first; everything that durability rests on is spelled out. */
const SETTINGS: Record<string, string> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  shared_buffers: '64MB',
  max_connections: '100',
  work_mem: '4MB',
  maintenance_work_mem: '32MB',
  max_wal_size: '256MB',
  max_parallel_workers_per_gather: '0',
  jit: 'off',
  // The default starts three I/O worker processes, which a database of this size doesn't need.
  io_method: 'sync',
  timezone: 'UTC',
  log_timezone: 'UTC',
};

/** For databases that live as long as one test run. */
const THROWAWAY_SETTINGS: Record<string, string> = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: '300',
};

export type PostgresOptions = {
  group: ProcessGroup;
  /** What its process is called in the group. */
  name?: string;
  dataDir: string;
  port: number;
  password: string;
  /** A database whose loss is nothing: no fsync. */
  throwaway?: boolean;
  onProgress?: (line: string) => void;
};

export type Postgres = { port: number; urlOf: (database: string) => string; note?: string };

/** Starts the server, initialising the cluster at the first start; resolves when it accepts connections. */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const home = findPostgresHome(options.dataDir);
  if (!existsSync(join(home.clusterDir, 'PG_VERSION'))) {
    options.onProgress?.('creating the database cluster');
    await initialise(home, options.password);
  }
  checkVersion(home);
  await endLeftover(home.clusterDir);
  const { port, password } = options;
  const urlOf = (database: string) => `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/${database}`;
  const settings = { ...SETTINGS, ...(options.throwaway ? THROWAWAY_SETTINGS : {}) };
  await options.group.start({
    name: options.name ?? 'postgres',
    command: join(home.binDir, 'postgres'),
    args: [
      '-D',
      home.clusterDir,
      '-p',
      String(port),
      ...Object.entries(settings).flatMap(([k, v]) => ['-c', `${k}=${v}`]),
    ],
    // From `/`: the folder this process stands in may be closed to Postgres's user.
    cwd: dirname(home.clusterDir),
    env: { PATH: process.env.PATH, LC_MESSAGES: 'C', TZ: 'UTC' },
    ...(home.owner ? { owner: home.owner } : {}),
    // Fast shutdown: sessions are ended, the checkpoint is written.
    stopSignal: 'SIGINT',
    stopGraceMs: 20_000,
    restart: true,
    readiness: { timeoutMs: 60_000, probe: () => accepts(urlOf('postgres')) },
  });
  return { port, urlOf, ...(home.note ? { note: home.note } : {}) };
}

/** Creates the database unless it is there; answers whether it was created. */
export async function ensureDatabase(adminUrl: string, name: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (found.rowCount) return false;
    await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
    return true;
  } finally {
    await client.end();
  }
}

async function accepts(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    return true;
  } finally {
    await client.end();
  }
}

/** Runs initdb beside the final place and renames: a cluster is whole, or it isn't there. */
async function initialise(home: PostgresHome, password: string): Promise<void> {
  const partial = `${home.clusterDir}.partial`;
  rmSync(partial, { recursive: true, force: true });
  makeOwnedDir(partial, home.owner);
  const secretDir = mkdtempSync(join(tmpdir(), 'interlock-initdb-'));
  try {
    const passwordFile = join(secretDir, randomBytes(8).toString('hex'));
    writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
    if (home.owner) {
      for (const path of [secretDir, passwordFile]) chownSync(path, home.owner.uid, home.owner.gid);
    }
    await run(
      join(home.binDir, 'initdb'),
      [
        `--pgdata=${partial}`,
        `--username=${SUPERUSER}`,
        `--pwfile=${passwordFile}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        '--locale=C',
      ],
      home,
    );
  } finally {
    rmSync(secretDir, { recursive: true, force: true });
  }
  renameSync(partial, home.clusterDir);
}

function run(command: string, args: readonly string[], home: PostgresHome): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: dirname(home.clusterDir),
      env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(home.owner ?? {}),
    });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`initdb failed (code ${code}):\n${output.trim()}`));
    });
  });
}

function checkVersion(home: PostgresHome): void {
  const have = readFileSync(join(home.clusterDir, 'PG_VERSION'), 'utf8').trim();
  const sample = join(dirname(home.binDir), 'share/postgresql/postgres.bki');
  const want = existsSync(sample)
    ? /PostgreSQL (\d+)/.exec(readFileSync(sample, 'utf8').slice(0, 200))?.[1]
    : have;
  if (want === undefined || want === have) return;
  throw new Error(
    `${home.clusterDir} was written by Postgres ${have}, and the installed one is ${want}. ` +
      'Dump it with the old version, restore it with the new one and run ./interlock migrate, or start with --fresh, which deletes it.',
  );
}

/**
 * A server that survived its owner still holds the cluster; it is ended. A postmaster.pid whose pid belongs to
 * some other program by now (as happens in containers, where pids are small) would stop Postgres from starting.
 */
async function endLeftover(clusterDir: string): Promise<void> {
  const pidFile = join(clusterDir, 'postmaster.pid');
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, 'utf8').split('\n')[0]);
  const mark = Number.isInteger(pid) && pid > 1 ? startMark(pid) : undefined;
  if (mark === undefined || !isPostmasterOf(pid, clusterDir)) {
    rmSync(pidFile, { force: true });
    return;
  }
  process.kill(pid, 'SIGINT');
  const deadline = Date.now() + 20_000;
  while (isAlive({ pid, mark })) {
    if (Date.now() > deadline) process.kill(pid, 'SIGQUIT');
    await delay(50);
  }
}

function isPostmasterOf(pid: number, clusterDir: string): boolean {
  if (existsSync('/proc/self/cmdline')) {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(clusterDir);
  }
  const ps = spawnSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' });
  return ps.stdout?.includes(`-D ${clusterDir}`) ?? false;
}
