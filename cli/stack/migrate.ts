/**
 * Migrations by Prisma's own engine, in its WebAssembly form: no binary to download, and the ordinary
 * `_prisma_migrations` table, so that `prisma migrate deploy` finds what was applied here and the reverse.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory, ColumnTypeEnum } from '@prisma/driver-adapter-utils';
import type { MigrationList, SchemaEngine } from '@prisma/schema-engine-wasm/schema_engine_bg';
import * as glue from '@prisma/schema-engine-wasm/schema_engine_bg';
import pg from 'pg';
import { ROOT } from './paths.ts';

export const SCHEMA_PATH = join(ROOT, 'prisma/schema.prisma');
export const MIGRATIONS_DIR = join(ROOT, 'prisma/migrations');

/** Ours, apart from the engine's: it is held around the engine's whole run by a session that lives as long. */
const MIGRATION_LOCK = 4_702_111_234;
const NO_FILTERS = { externalTables: [], externalEnums: [] };
const EMPTY_SCHEMA = 'datasource db {\n  provider = "postgresql"\n}\n';

/** The part of the global that is used here; its declaration comes only with the DOM's types. */
type WasmGlobal = {
  instantiate: (bytes: Uint8Array, imports: object) => Promise<{ instance: { exports: EngineExports } }>;
};
type EngineExports = { __wbindgen_start: () => void };
const { WebAssembly } = globalThis as unknown as { WebAssembly: WasmGlobal };

let loading: Promise<typeof glue> | undefined;

/** The package's own entry imports the .wasm file as a module, which Node 20 cannot; so it is done by hand. */
function loadEngine(): Promise<typeof glue> {
  loading ??= (async () => {
    const entry = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg');
    const bytes = readFileSync(join(dirname(entry), 'schema_engine_bg.wasm'));
    const { instance } = await WebAssembly.instantiate(bytes, { './schema_engine_bg.js': glue });
    // Where the engine leaves its last words when it panics; without it even those are lost.
    Reflect.set(globalThis, 'PRISMA_WASM_PANIC_REGISTRY', {
      set_message: (text: string) => console.error(text),
    });
    glue.__wbg_set_wasm(instance.exports);
    instance.exports.__wbindgen_start();
    return glue;
  })();
  return loading;
}

type PgAdapter = Awaited<ReturnType<PrismaPg['connect']>>;

type PgResult = { fields: { name: string; dataTypeID: number }[]; rows: unknown[][] };

/** Postgres's one-byte "char", which the catalogues are full of, and the text that stands in for it. */
const PG_CHAR = 18;
const PG_TEXT = 25;

/**
 * Two gaps of the adapter, closed. It cuts a script at every semicolon, which breaks functions and comments that
 * hold one; sent whole, over the simple protocol, a script is also what it is under Prisma's native engine: one
 * transaction. And it refuses columns of type "char", without which no foreign key can be described.
 */
function completeAdapter(adapter: PgAdapter): PgAdapter {
  // Both are hidden by their types and have no public twin: the query itself, and the translation of errors.
  const performIO: (query: unknown) => Promise<PgResult> = Reflect.get(adapter, 'performIO').bind(adapter);
  const onError: (error: unknown) => never = Reflect.get(adapter, 'onError').bind(adapter);
  adapter.executeScript = async (script) => {
    await adapter.underlyingDriver().query(script).catch(onError);
  };
  const charColumns = new WeakMap<unknown[][], number[]>();
  const queryRaw = adapter.queryRaw.bind(adapter);
  Reflect.set(adapter, 'performIO', async (query: unknown): Promise<PgResult> => {
    const { fields, rows } = await performIO(query);
    charColumns.set(
      rows,
      [...fields.keys()].filter((column) => fields[column]?.dataTypeID === PG_CHAR),
    );
    const readable = fields.map((field) =>
      field.dataTypeID === PG_CHAR ? { ...field, dataTypeID: PG_TEXT } : field,
    );
    return { fields: readable, rows };
  });
  adapter.queryRaw = async (query) => {
    const result = await queryRaw(query);
    for (const column of charColumns.get(result.rows) ?? [])
      result.columnTypes[column] = ColumnTypeEnum.Character;
    return result;
  };
  return adapter;
}

/** One connection each: the engine counts on its session for locks and temporary state. */
async function connect(databaseUrl: string): Promise<PgAdapter> {
  return completeAdapter(await new PrismaPg({ connectionString: databaseUrl, max: 1 }).connect());
}

/**
 * A database of its own, dropped when the engine has done with it. The package's version of this connects to
 * the *main* database whenever it was configured by URL, and would replay all migrations there.
 */
async function connectToShadow(databaseUrl: string): Promise<PgAdapter> {
  const name = `interlock_shadow_${randomUUID().replaceAll('-', '')}`;
  const url = new URL(databaseUrl);
  url.pathname = `/${name}`;
  await execute(databaseUrl, `CREATE DATABASE ${name} TEMPLATE template0`);
  const adapter = await connect(url.href);
  const close = adapter.dispose.bind(adapter);
  adapter.dispose = async () => {
    await close();
    await execute(databaseUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  };
  return adapter;
}

async function execute(databaseUrl: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** The engine is freed without closing what it opened, its session's advisory lock included; so `closeAll` does. */
function adapterFactory(databaseUrl: string) {
  const opened = new Set<PgAdapter>();
  const track = (adapter: PgAdapter): PgAdapter => {
    const close = adapter.dispose.bind(adapter);
    adapter.dispose = async () => {
      if (opened.delete(adapter)) await close();
    };
    opened.add(adapter);
    return adapter;
  };
  const factory = bindMigrationAwareSqlAdapterFactory({
    provider: 'postgres',
    adapterName: '@prisma/adapter-pg',
    connect: async () => track(await connect(databaseUrl)),
    connectToShadowDb: async () => track(await connectToShadow(databaseUrl)),
  });
  const closeAll = async () => {
    for (const adapter of opened) await adapter.dispose();
  };
  return { factory, closeAll };
}

async function withEngine<T>(databaseUrl: string, use: (engine: SchemaEngine) => Promise<T>): Promise<T> {
  const { SchemaEngine } = await loadEngine();
  const schema = existsSync(SCHEMA_PATH) ? readFileSync(SCHEMA_PATH, 'utf8') : EMPTY_SCHEMA;
  const { factory, closeAll } = adapterFactory(databaseUrl);
  try {
    const engine = await SchemaEngine.new({ datamodels: [[SCHEMA_PATH, schema]] }, () => {}, factory);
    try {
      return await use(engine);
    } finally {
      engine.free();
    }
  } catch (error) {
    throw new Error(`The migration engine refused: ${describe(error)}`, { cause: error });
  } finally {
    await closeAll();
  }
}

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
    return await withEngine(databaseUrl, async (engine) => {
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
  const schema = existsSync(schemaPath) ? readFileSync(schemaPath, 'utf8') : EMPTY_SCHEMA;
  return withEngine(databaseUrl, async (engine) => {
    const result = await engine.diff({
      from: { tag: 'migrations', ...migrations },
      to: { tag: 'schemaDatamodel', files: [{ path: schemaPath, content: schema }] },
      script: false,
      exitCode: true,
      filters: NO_FILTERS,
    });
    return result.exitCode === 0 ? '' : (result.stdout?.trim() ?? 'schema and migrations differ');
  });
}

function describe(error: unknown): string {
  if (error instanceof Error) return error.message;
  return typeof error === 'string' ? error : JSON.stringify(error);
}
