/**
 * Prisma's schema engine as WebAssembly, on the driver adapter for Postgres: loaded without a module loader that
 * knows .wasm, and with the adapter's gaps closed. Only migrate.ts uses it.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory, ColumnTypeEnum } from '@prisma/driver-adapter-utils';
import type { SchemaEngine } from '@prisma/schema-engine-wasm/schema_engine_bg';
import * as glue from '@prisma/schema-engine-wasm/schema_engine_bg';
import pg from 'pg';

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

/** Runs `use` with an engine on the database, and closes everything the engine opened, shadow databases included. */
export async function withEngine<T>(
  databaseUrl: string,
  schema: { path: string; content: string },
  use: (engine: SchemaEngine) => Promise<T>,
): Promise<T> {
  const { SchemaEngine } = await loadEngine();
  const { factory, closeAll } = adapterFactory(databaseUrl);
  try {
    const engine = await SchemaEngine.new({ datamodels: [[schema.path, schema.content]] }, () => {}, factory);
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

/** An error's message; what isn't an error, as the engine's own objects aren't, as JSON. */
export function describe(error: unknown): string {
  if (error instanceof Error) return error.message;
  return typeof error === 'string' ? error : JSON.stringify(error);
}
