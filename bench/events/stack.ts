import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { freePort } from '../../cli/stack/ports.ts';
import { readRunningStack } from '../../cli/stack/stack-file.ts';
import { bringUp } from '../../cli/stack/up.ts';
import { createDataConverter } from '../../client/codec/index.ts';
import { connectClient, createDeliveriesDoor } from '../../client/index.ts';
import { type Config, loadConfig } from '../../config/env.ts';
import { type Db, openDb } from '../../db/client.ts';
import { createVault } from '../../vault/index.ts';
import type { SuiteContext } from '../lib/suite.ts';
import { createMerchant, type Merchant } from '../payments/merchant.ts';
import { neutralEnvironment, temporaryGroup } from '../payments/stack.ts';
import { type Sink, startSink } from './sink.ts';

/** A whole Interlock in real time that may call this machine's endpoints. */
export interface EventStack {
  readonly config: Config;
  readonly db: Db;
  readonly merchant: Merchant;
  /** The processes that events cost CPU in. */
  readonly pids: Readonly<Record<string, number>>;
  readonly sql: <T extends pg.QueryResultRow>(text: string, values?: unknown[]) => Promise<T[]>;
  /** An endpoint that hears of everything from now on, with its workflow running. */
  listen(sink: Sink): Promise<{ readonly id: string; remove(): Promise<void> }>;
  sink(hangs?: boolean): Promise<Sink>;
  close(): Promise<void>;
}

export async function startEventStack(context: SuiteContext): Promise<EventStack> {
  const { dataDir, group } = await temporaryGroup(context);
  const env = {
    ...neutralEnvironment(),
    INTERLOCK_DATA_DIR: dataDir,
    INTERLOCK_TIME_SCALE: '1',
    INTERLOCK_WEBHOOK_PRIVATE_TARGETS: 'allow',
  };
  await bringUp({ group, dataDir, env, progress: context.progress, apiPort: await freePort() });
  const stack = readRunningStack(env);
  if (stack === undefined) throw new Error('the stack that was just started left no stack.json');
  const config = loadConfig(stack.env);
  const client = await connectClient(config.temporal, createDataConverter(config.keys.codec));
  const db = openDb(config.databaseUrl);
  const door = createDeliveriesDoor({ client, db, taskQueue: config.temporal.taskQueue });
  const pool = new pg.Pool({ connectionString: config.databaseUrl, max: 4 });
  pool.on('error', () => undefined);
  const vault = createVault({ keys: config.keys.vault, digestKey: config.keys.digest });
  const merchant = createMerchant(stack.apiUrl, stack.apiKey);
  const sinks: Sink[] = [];
  const sql: EventStack['sql'] = async (text, values = []) => (await pool.query(text, values)).rows;
  const pidOf = (name: string) => group.pidOf(name) ?? 0;
  return {
    config,
    db,
    merchant,
    sql,
    pids: {
      server: pidOf('temporal'),
      worker: pidOf('worker'),
      api: pidOf('api'),
      postgres: pidOf('postgres'),
    },
    async listen(sink) {
      const id = `we_${randomBytes(13).toString('hex')}`;
      const sealed = vault.sealSecret({ current: `whsec_${randomBytes(24).toString('base64')}` }, id);
      await sql(
        `INSERT INTO webhook_endpoint (id, merchant_id, mode, url, sealed_secrets) VALUES ($1, $2, 'test', $3, $4)`,
        [id, stack.merchantId, sink.url, Buffer.from(sealed)],
      );
      await door.pokeEndpoint(id);
      return {
        id,
        async remove() {
          await sql('DELETE FROM webhook_endpoint WHERE id = $1', [id]);
          await door.pokeEndpoint(id);
        },
      };
    },
    async sink(hangs = false) {
      const made = await startSink(hangs);
      sinks.push(made);
      return made;
    },
    async close() {
      door.close();
      merchant.close();
      await Promise.all(sinks.map((each) => each.close()));
      await Promise.all([client.connection.close(), db.$disconnect(), pool.end()]);
      await group.stopAll();
    },
  };
}
