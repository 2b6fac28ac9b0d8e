/**
 * Migrations by Prisma's own engine, in its WebAssembly form: no binary to download, and the ordinary
 * `_prisma_migrations` table, so that `prisma migrate deploy` finds what was applied here and the reverse.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MigrationList } from '@prisma/schema-engine-wasm/schema_engine_bg';
import pg from 'pg';
import { describe, withEngine } from './migration-engine.ts';
import { ROOT } from './paths.ts';

export const SCHEMA_PATH = join(ROOT, 'prisma/schema.prisma');
export const MIGRATIONS_DIR = join(ROOT, 'prisma/migrations');

/** Ours, apart from the engine's: it is held around the engine's whole run by a session that lives as long. */
const MIGRATION_LOCK = 4_702_111_234;
const NO_FILTERS = { externalTables: [], externalEnums: [] };
const EMPTY_SCHEMA = 'datasource db {\n  provider = "postgresql"\n}\n';

export function readMigrations(dir = MIGRATIONS_DIR): MigrationList {
  const lockfile = join(dir, 'migration_lock.toml');
  const names = existsSync(dir)
    ? readdirSync(dir, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => entry.name)
        .sort()
    : [];
  return {
    baseDir: dir,
    lockfile: {
      path: 'migration_lock.toml',
      content: existsSync(lockfile) ? readFileSync(lockfile, 'utf8') : null,
    },
    shadowDbInitScript: '',
    migrationDirectories: names.map((name) => ({
      path: name,
      migrationFile: { path: 'migration.sql', content: readSql(join(dir, name, 'migration.sql')) },
    })),
  };
}

function readSql(path: string): { tag: 'ok'; value: string } | { tag: 'error'; value: string } {
  try {
    return { tag: 'ok', value: readFileSync(path, 'utf8') };
  } catch (error) {
    return { tag: 'error', value: describe(error) };
  }
}

/**
 * Applies what is pending and answers the names of what was applied. The URL's role must own the schema.
 * Several callers at once take turns: the later ones find nothing left to do.
 */
export async function migrate(databaseUrl: string, dir = MIGRATIONS_DIR): Promise<string[]> {
  const migrationsList = readMigrations(dir);
  if (migrationsList.migrationDirectories.length === 0) return [];
  const lock = new pg.Client({ connectionString: databaseUrl });
  await lock.connect();
  try {
    await lock.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    return await withEngine(databaseUrl, readSchema(SCHEMA_PATH), async (engine) => {
      const { appliedMigrationNames } = await engine.applyMigrations({ migrationsList, filters: NO_FILTERS });
      return appliedMigrationNames;
    });
  } finally {
    await lock.end();
  }
}

/**
 * What `schema.prisma` says and the migrations don't, or the reverse, in Prisma's words; '' when they agree.
 * The engine replays the migrations in a shadow database on the server that the URL names, and drops it.
 */
export async function schemaDrift(
  databaseUrl: string,
  dir = MIGRATIONS_DIR,
  schemaPath = SCHEMA_PATH,
): Promise<string> {
  const migrations = readMigrations(dir);
  const schema = readSchema(schemaPath);
  return withEngine(databaseUrl, schema, async (engine) => {
    const result = await engine.diff({
      from: { tag: 'migrations', ...migrations },
      to: { tag: 'schemaDatamodel', files: [schema] },
      script: false,
      exitCode: true,
      filters: NO_FILTERS,
    });
    return result.exitCode === 0 ? '' : (result.stdout?.trim() ?? 'schema and migrations differ');
  });
}

function readSchema(path: string): { path: string; content: string } {
  return { path, content: existsSync(path) ? readFileSync(path, 'utf8') : EMPTY_SCHEMA };
}
