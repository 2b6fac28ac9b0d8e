import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { freePort } from './ports.ts';
import { ensureDatabase, type Postgres, startPostgres } from './postgres.ts';
import { canReach, findPostgresHome, removePostgres } from './postgres-home.ts';
import { ProcessGroup } from './processes.ts';

let base: string;
let group: ProcessGroup | undefined;
const asRoot = process.getuid?.() === 0;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'interlock-postgres-'));
  chmodSync(base, 0o755);
});

afterEach(async () => {
  await group?.stopAll(true);
  group = undefined;
  for (const name of ['data', 'home/checkout/data']) removePostgres(join(base, name));
  rmSync(base, { recursive: true, force: true });
});

async function start(dataDir: string): Promise<Postgres> {
  group = await ProcessGroup.open(dataDir);
  return startPostgres({ group, dataDir, port: await freePort(), password: 'secret' });
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

test('what was committed is there after a restart, and durability is on', async () => {
  const dataDir = join(base, 'data');
  const first = await start(dataDir);
  expect(await ensureDatabase(first.urlOf('postgres'), 'interlock')).toBe(true);
  await query(first.urlOf('interlock'), 'CREATE TABLE kept AS SELECT 42 AS value');
  const settings = await query(
    first.urlOf('interlock'),
    `SELECT name, setting FROM pg_settings
    WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes') AND setting <> 'on'`,
  );
  expect(settings).toEqual([]);
  await group?.stopAll();

  const second = await start(dataDir);
  expect(await ensureDatabase(second.urlOf('postgres'), 'interlock')).toBe(false);
  expect(await query(second.urlOf('interlock'), 'SELECT value FROM kept')).toEqual([{ value: 42 }]);
});

test('a wrong password is refused', async () => {
  const { urlOf } = await start(join(base, 'data'));
  await expect(query(urlOf('postgres').replace('secret', 'guess'), 'SELECT 1')).rejects.toThrow(/password/);
});

test('a server killed with SIGKILL starts again on its data', async () => {
  const dataDir = join(base, 'data');
  await start(dataDir);
  await group?.stopAll(true);
  const { urlOf } = await start(dataDir);
  expect(await query(urlOf('postgres'), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

test('a postmaster.pid that names somebody else is no obstacle', async () => {
  const dataDir = join(base, 'data');
  await start(dataDir);
  const { clusterDir } = findPostgresHome(dataDir);
  const pidFile = readFileSync(join(clusterDir, 'postmaster.pid'), 'utf8');
  await group?.stopAll();
  const stranger = spawn(process.execPath, ['-e', 'setInterval(()=>{},1e6)'], { stdio: 'ignore' });
  await once(stranger, 'spawn');
  writeFileSync(join(clusterDir, 'postmaster.pid'), pidFile.replace(/^\d+/, String(stranger.pid)));

  const { urlOf } = await start(dataDir);
  expect(await query(urlOf('postgres'), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  expect(stranger.exitCode).toBeNull();
  stranger.kill('SIGKILL');
});

test.runIf(asRoot)(
  'below a home that only its owner may enter, Postgres moves out and comes back',
  async () => {
    const home = join(base, 'home');
    mkdirSync(join(home, 'checkout'), { recursive: true });
    chmodSync(home, 0o700);
    const dataDir = join(home, 'checkout/data');
    const place = findPostgresHome(dataDir);
    expect(place.note).toContain(place.clusterDir.replace(/\/postgres$/, ''));
    expect(place.owner && canReach(place.owner, dataDir)).toBe(false);

    const first = await start(dataDir);
    await ensureDatabase(first.urlOf('postgres'), 'interlock');
    await group?.stopAll();
    const second = await start(dataDir);
    expect(await ensureDatabase(second.urlOf('postgres'), 'interlock')).toBe(false);
    await group?.stopAll();
    removePostgres(dataDir);
    expect(existsSync(place.clusterDir)).toBe(false);
  },
);
