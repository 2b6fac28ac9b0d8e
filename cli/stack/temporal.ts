/**
 * The embedded Temporal server and what Interlock expects of any server: that it answers for the namespace and
 * knows our search attributes. Which binary runs is decided in temporal-binary.ts.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import type { Config } from '../../config/env.ts';
import { SEARCH_ATTRIBUTES } from '../../config/search-attributes.ts';
import type { ProcessGroup } from './processes.ts';

/**
 * A transfer-queue read serves each hop of a workflow, and a server with one shard allows twenty a second: every
 * hop would wait 50 ms. Four partitions of a task queue forward to each other under a rate limit and stall for
 * two seconds under load; one doesn't. Eager execution hands an activity to the worker that asked for it.
 */
const DYNAMIC_CONFIG = {
  'history.transferProcessorMaxPollRPS': '200',
  'matching.numTaskqueueReadPartitions': '1',
  'matching.numTaskqueueWritePartitions': '1',
  'system.enableActivityEagerExecution': 'true',
};

const CONNECT_TIMEOUT_MS = 5_000;

export type TemporalOptions = {
  group: ProcessGroup;
  binary: string;
  port: number;
  /** Absent: the Web UI isn't started. */
  uiPort?: number;
  /** Where the Web UI decodes payloads. */
  codecEndpoint?: string;
  /** Absent: everything is lost when the server ends. */
  dbPath?: string;
};

export function temporalArgs(options: Omit<TemporalOptions, 'group' | 'binary'>): string[] {
  const { port, uiPort, codecEndpoint, dbPath } = options;
  const repeat = (flag: string, table: Record<string, string>) =>
    Object.entries(table).flatMap(([key, value]) => [flag, `${key}=${value}`]);
  return [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port)],
    ...(uiPort === undefined ? ['--headless'] : ['--ui-port', String(uiPort)]),
    ...(uiPort !== undefined && codecEndpoint ? ['--ui-codec-endpoint', codecEndpoint] : []),
    // WAL with synchronous=2: a commit that was acknowledged survives a power failure.
    ...(dbPath
      ? ['--db-filename', dbPath, '--sqlite-pragma', 'journal_mode=wal', '--sqlite-pragma', 'synchronous=2']
      : []),
    ...repeat('--dynamic-config-value', DYNAMIC_CONFIG),
    ...repeat('--search-attribute', SEARCH_ATTRIBUTES),
  ];
}

/** Starts the server; resolves to its address once the default namespace answers. */
export async function startTemporal(options: TemporalOptions): Promise<string> {
  const address = `127.0.0.1:${options.port}`;
  await options.group.start({
    name: 'temporal',
    command: options.binary,
    args: temporalArgs(options),
    // A clean environment: the CLI takes settings from TEMPORAL_* and from files below HOME.
    env: { PATH: process.env.PATH, HOME: options.dbPath ? join(options.dbPath, '..') : '/', TZ: 'UTC' },
    stopGraceMs: 15_000,
    restart: true,
    readiness: { timeoutMs: 60_000, probe: () => answers(address) },
  });
  return address;
}

async function answers(address: string): Promise<boolean> {
  const connection = await Connection.connect({ address, connectTimeout: 1_000 });
  try {
    await connection.workflowService.describeNamespace({ namespace: 'default' });
    return true;
  } finally {
    await connection.close();
  }
}

export function temporalDbPath(dataDir: string): string {
  return join(dataDir, 'temporal', 'temporal.db');
}

export function removeTemporal(dataDir: string): void {
  rmSync(join(dataDir, 'temporal'), { recursive: true, force: true });
}

/** A connection by configuration: the same settings reach an embedded server, a cluster and Temporal Cloud. */
export async function connectTemporal(config: Config['temporal']): Promise<Connection> {
  const { address, tls, apiKey } = config;
  try {
    return await Connection.connect({
      address,
      connectTimeout: CONNECT_TIMEOUT_MS,
      ...(tls ? { tls } : {}),
      ...(apiKey === undefined ? {} : { apiKey }),
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`No Temporal server answers at ${address} (${reason}). Check TEMPORAL_ADDRESS.`, {
      cause: error,
    });
  }
}

const { IndexedValueType } = proto.temporal.api.enums.v1;
const INDEXED_TYPES = {
  Keyword: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
  Bool: IndexedValueType.INDEXED_VALUE_TYPE_BOOL,
};

/** Registers the search attributes that the namespace lacks and answers their names. */
export async function ensureSearchAttributes(connection: Connection, namespace: string): Promise<string[]> {
  const wanted = Object.entries(SEARCH_ATTRIBUTES);
  try {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    const missing = wanted.filter(([name]) => !(name in (customAttributes ?? {})));
    if (missing.length === 0) return [];
    const searchAttributes = Object.fromEntries(missing.map(([name, type]) => [name, INDEXED_TYPES[type]]));
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
    return missing.map(([name]) => name);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const list = wanted.map(([name, type]) => `${name}=${type}`).join(', ');
    throw new Error(
      `The search attributes could not be registered in namespace ${namespace} (${reason}). ` +
        `On Temporal Cloud add them in its UI or with tcld: ${list}.`,
      { cause: error },
    );
  }
}
