import pg from 'pg';
import type { Config } from '../../config/env.ts';
import { readMigrations } from '../stack/migrate.ts';
import { transactionNumbers } from '../stack/transaction-numbers.ts';
import { type Finding, findingsOf, reasonOf } from './finding.ts';

/** Postgres: there, of this release, with its guards up, and of one mind about the time. */
const { ok, warning, failed } = findingsOf('database');

const APP_ROLE = 'interlock_app';
const ASK_MS = 10_000;
const SKEW_MS = 1_000;
/** Nobody may change or take away what is written there: proofs, money, explanations. */
const APPEND_ONLY = [
  'audit',
  'admin_audit',
  'ledger_transaction',
  'ledger_posting',
  'observation',
  'operator_refusal',
  'exception_entry',
];

type Ask = <T extends pg.QueryResultRow>(text: string, values?: unknown[]) => Promise<T[]>;

export async function checkDatabase({ databaseUrl }: Config): Promise<readonly Finding[]> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    connectionTimeoutMillis: ASK_MS,
    query_timeout: ASK_MS,
  });
  // A connection that dies is told to whoever asks by it.
  client.on('error', () => undefined);
  const { hostname, port, pathname } = new URL(databaseUrl);
  const where = `${hostname}:${port || 5432}${pathname}`;
  try {
    await client.connect();
  } catch (error) {
    await client.end().catch(() => undefined);
    return [
      failed(
        'reachable',
        `${where}: ${reasonOf(error)}`,
        'start Postgres, or correct DATABASE_URL (host, password, database)',
      ),
    ];
  }
  try {
    const ask: Ask = async (text, values = []) => (await client.query(text, values)).rows;
    const [version] = await ask<{ server_version: string }>('SHOW server_version');
    return [
      ok('reachable', `${where}, Postgres ${version?.server_version ?? ''}`),
      await each('migrations', () => migrations(ask)),
      await each('application role', () => role(ask)),
      await each('append-only tables', () => grants(ask)),
      await each('guards', () => triggers(ask)),
      await each('transaction numbers', () => numbers(client)),
      await each('clock', () => clock(ask)),
    ];
  } finally {
    await client.end();
  }
}

async function each(check: string, look: () => Promise<Finding>): Promise<Finding> {
  try {
    return await look();
  } catch (error) {
    return failed(check, reasonOf(error), 'look whether DATABASE_URL names the right database and role');
  }
}

async function migrations(ask: Ask): Promise<Finding> {
  const [there] = await ask<{ there: boolean }>(
    `SELECT to_regclass('_prisma_migrations') IS NOT NULL AS there`,
  );
  const applied =
    there?.there === true
      ? await ask<{ name: string }>(
          'SELECT migration_name AS name FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL',
        )
      : [];
  const names = new Set(applied.map(({ name }) => name));
  const ours = readMigrations().migrationDirectories.map(({ path }) => path);
  const missing = ours.filter((name) => !names.has(name));
  const newer = [...names].filter((name) => !ours.includes(name));
  if (missing.length > 0)
    return failed(
      'migrations',
      `${missing.length} not applied: ${missing.join(', ')}`,
      'run: ./interlock migrate',
    );
  return newer.length > 0
    ? warning(
        'migrations',
        `the database has ${newer.join(', ')}, which this release does not know`,
        'deploy the release that made it',
      )
    : ok('migrations', `all ${ours.length} applied`);
}

async function numbers(client: pg.Client): Promise<Finding> {
  const { next, highest } = await transactionNumbers(client);
  return next > highest
    ? ok('transaction numbers', 'the server counts on from what the rows say')
    : failed(
        'transaction numbers',
        `the server is at ${next} and rows speak of ${highest}: it was restored from a dump, and events wait for that number`,
        'stop the API and workers, and run: ./interlock migrate',
      );
}

async function role(ask: Ask): Promise<Finding> {
  const [row] = await ask<{ there: boolean; member: boolean | null }>(
    `SELECT r.oid IS NOT NULL AS there, pg_has_role(current_user, r.oid, 'MEMBER') AS member
     FROM (SELECT 1) one LEFT JOIN pg_roles r ON r.rolname = $1`,
    [APP_ROLE],
  );
  if (row?.there !== true)
    return failed(
      'application role',
      `there is no role ${APP_ROLE}`,
      'run: ./interlock migrate, as the schema’s owner'.replace('’', "'"),
    );
  return row.member === true
    ? ok('application role', `${APP_ROLE} can be taken on`)
    : failed(
        'application role',
        `the role of DATABASE_URL may not become ${APP_ROLE}`,
        `GRANT ${APP_ROLE} TO <that role>`,
      );
}

async function grants(ask: Ask): Promise<Finding> {
  const rows = await ask<{ name: string; right: string }>(
    `SELECT t.name, r.name AS right FROM unnest($1::text[]) AS t (name), unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE']) AS r (name)
     WHERE to_regclass(t.name) IS NOT NULL AND has_table_privilege($2, to_regclass(t.name), r.name)`,
    [APPEND_ONLY, APP_ROLE],
  );
  if (rows.length === 0)
    return ok('append-only tables', `${APP_ROLE} can only add to ${APPEND_ONLY.length} tables of proof`);
  const given = rows.map(({ name, right }) => `${right} on ${name}`);
  const [first] = rows;
  return failed(
    'append-only tables',
    `${APP_ROLE} has ${given.join(', ')}`,
    `REVOKE ${first?.right} ON ${first?.name} FROM ${APP_ROLE}, find out who gave it, and run: ./interlock audit verify`,
  );
}

/** Every trigger that the migrations make and none drops. */
function wantedTriggers(): readonly string[] {
  const wanted = new Set<string>();
  for (const { migrationFile } of readMigrations().migrationDirectories) {
    if (migrationFile.content.tag !== 'ok') continue;
    const statements = migrationFile.content.value.matchAll(
      /^(CREATE(?: OR REPLACE)?(?: CONSTRAINT)?|DROP) TRIGGER (?:IF EXISTS )?"?(\w+)"?/gm,
    );
    for (const [, verb, name = ''] of statements) {
      if (verb === 'DROP') wanted.delete(name);
      else wanted.add(name);
    }
  }
  return [...wanted];
}

async function triggers(ask: Ask): Promise<Finding> {
  const wanted = wantedTriggers();
  const rows = await ask<{ name: string; enabled: boolean }>(
    `SELECT tgname AS name, tgenabled <> 'D' AS enabled FROM pg_trigger WHERE NOT tgisinternal`,
  );
  const up = new Set(rows.filter(({ enabled }) => enabled).map(({ name }) => name));
  const gone = wanted.filter((name) => !up.has(name));
  if (gone.length === 0) return ok('guards', `${wanted.length} triggers are in place`);
  return failed(
    'guards',
    `missing or disabled: ${gone.join(', ')}`,
    'enable or restore them from prisma/migrations, and run: ./interlock audit verify; ./interlock ledger verify',
  );
}

async function clock(ask: Ask): Promise<Finding> {
  const fromMs = Date.now();
  const [row] = await ask<{ now: Date }>('SELECT clock_timestamp() AS now');
  const untilMs = Date.now();
  const told = row?.now.getTime() ?? 0;
  const skewMs = told < fromMs ? told - fromMs : told > untilMs ? told - untilMs : 0;
  const detail = `Postgres is ${Math.abs(skewMs)} ms ${skewMs < 0 ? 'behind' : 'ahead of'} this machine`;
  return Math.abs(skewMs) <= SKEW_MS
    ? ok('clock', skewMs === 0 ? 'Postgres and this machine agree' : detail)
    : failed('clock', detail, 'let both follow the same time servers (chrony, systemd-timesyncd)');
}
