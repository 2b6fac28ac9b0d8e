import pg from 'pg';
import { migrate } from '../../cli/stack/migrate.ts';
import { freePort } from '../../cli/stack/ports.ts';
import { ensureDatabase, startPostgres } from '../../cli/stack/postgres.ts';
import type { SuiteContext } from '../lib/suite.ts';
import { temporaryGroup } from '../payments/stack.ts';

/** An embedded Postgres of the suite's own, with the settings that `./interlock up` gives it. */
export interface Server {
  /** Where the suite's files may lie. */
  readonly folder: string;
  /** A database with all tables and nothing in them. */
  create(name: string): Promise<void>;
  /** As it stands; nobody may be connected to it meanwhile. */
  copy(name: string, from: string): Promise<void>;
  drop(name: string): Promise<void>;
  /** As every process of Interlock connects: by the application's role. */
  urlOf(name: string): string;
  asOwner<T>(name: string, work: (owner: pg.Client) => Promise<T>): Promise<T>;
}

export async function startServer(context: SuiteContext): Promise<Server> {
  const { dataDir, group } = await temporaryGroup(context);
  const postgres = await startPostgres({ group, dataDir, port: await freePort(), password: 'bench' });
  const asOwner: Server['asOwner'] = async (name, work) => {
    const owner = new pg.Client({ connectionString: postgres.urlOf(name) });
    owner.on('error', () => undefined);
    await owner.connect();
    try {
      return await work(owner);
    } finally {
      await owner.end();
    }
  };
  const asAdmin = (sql: string) => asOwner('postgres', (owner) => owner.query(sql));
  return {
    folder: dataDir,
    async create(name) {
      await ensureDatabase(postgres.urlOf('postgres'), name);
      await migrate(postgres.urlOf(name));
    },
    async copy(name, from) {
      await asAdmin(`CREATE DATABASE ${name} TEMPLATE ${from} STRATEGY file_copy`);
    },
    async drop(name) {
      await asAdmin(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    },
    urlOf: (name) => `${postgres.urlOf(name)}?options=${encodeURIComponent('-c role=interlock_app')}`,
    asOwner,
  };
}
