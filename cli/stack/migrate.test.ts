import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEmptyDatabase } from '../../test/support/harness.ts';
import { MIGRATIONS_DIR, migrate, readMigrations, SCHEMA_PATH, schemaDrift } from './migrate.ts';

let database: Awaited<ReturnType<typeof createEmptyDatabase>>;
let dir: string;

beforeAll(async () => {
  database = await createEmptyDatabase();
  dir = mkdtempSync(join(tmpdir(), 'interlock-migrate-'));
});

afterAll(async () => {
  await database.drop();
  rmSync(dir, { recursive: true, force: true });
});

async function rows(sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: database.ownerUrl });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

function writeMigration(name: string, sql: string): void {
  mkdirSync(join(dir, 'migrations', name), { recursive: true });
  writeFileSync(join(dir, 'migrations', name, 'migration.sql'), sql);
  writeFileSync(join(dir, 'migrations/migration_lock.toml'), 'provider = "postgresql"\n');
}

test('schema and migrations agree, and comparing them leaves no trace on the server', async () => {
  expect(await schemaDrift(database.ownerUrl)).toBe('');
  expect(await rows(`SELECT tablename FROM pg_tables WHERE schemaname = 'public'`)).toEqual([]);
  expect(await rows(`SELECT datname FROM pg_database WHERE datname LIKE '%shadow%'`)).toEqual([]);
});

test('a column that only the migrations know is reported as drift', async () => {
  const copy = join(dir, 'drifted');
  if (readMigrations().migrationDirectories.length > 0) cpSync(MIGRATIONS_DIR, copy, { recursive: true });
  mkdirSync(join(copy, '99999999999999_drift'), { recursive: true });
  writeFileSync(
    join(copy, '99999999999999_drift/migration.sql'),
    'CREATE TABLE drifted (id int PRIMARY KEY);',
  );
  writeFileSync(join(copy, 'migration_lock.toml'), 'provider = "postgresql"\n');
  expect(await schemaDrift(database.ownerUrl, copy, SCHEMA_PATH)).toContain('drifted');
});

test('what is pending is applied once, recorded as Prisma records it, even by three callers at once', async () => {
  writeMigration(
    '20260101000000_first',
    'CREATE TABLE first (id int PRIMARY KEY);\nINSERT INTO first VALUES (1);',
  );
  const migrations = join(dir, 'migrations');
  const applied = await Promise.all([1, 2, 3].map(() => migrate(database.ownerUrl, migrations)));
  expect(applied.flat()).toEqual(['20260101000000_first']);
  expect(await migrate(database.ownerUrl, migrations)).toEqual([]);
  expect(
    await rows(`SELECT migration_name, applied_steps_count, finished_at IS NOT NULL AS done, rolled_back_at
                FROM _prisma_migrations`),
  ).toEqual([
    { migration_name: '20260101000000_first', applied_steps_count: 1, done: true, rolled_back_at: null },
  ]);
});

test('a migration that fails says which and why, and stays recorded as failed', async () => {
  writeMigration('20260102000000_broken', 'INSERT INTO nowhere VALUES (1);');
  await expect(migrate(database.ownerUrl, join(dir, 'migrations'))).rejects.toThrow(
    /nowhere[\s\S]*20260102000000_broken/,
  );
  expect(await rows('SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NULL')).toEqual([
    { migration_name: '20260102000000_broken' },
  ]);
});
