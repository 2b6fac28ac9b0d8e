import type { Config } from '../../config/env.ts';
import { type Db, openDb } from '../../db/client.ts';
import { checkDatabase } from './database.ts';
import type { Finding } from './finding.ts';
import { findingsOf, reasonOf } from './finding.ts';
import { checkOutside, checkProviders, type EnabledAccount, enabledAccounts } from './outside.ts';
import { checkSettings } from './settings.ts';
import { checkTemporal } from './temporal.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Looks at everything that an installation stands on, and changes nothing. What is away hides nothing of the rest. */
export async function examine(config: Config, env: Env): Promise<readonly Finding[]> {
  const settings = checkSettings(config, env);
  const database = await checkDatabase(config);
  // With less than these there is nothing to read below.
  const isUsable = !database.some(
    ({ check, result }) =>
      result === 'failed' && ['reachable', 'migrations', 'application role'].includes(check),
  );
  const db = isUsable ? openDb(config.databaseUrl, { maxConnections: 2 }) : undefined;
  try {
    const accounts = db === undefined ? undefined : await enabledAccounts(db);
    const [temporal, providers, outside] = await Promise.all([
      checkTemporal(
        config,
        accounts?.map(({ id }) => id),
      ),
      db === undefined || accounts === undefined ? [] : guarded(config, db, accounts),
      checkOutside(config, db),
    ]);
    return [...settings, ...database, ...temporal, ...providers, ...outside];
  } finally {
    await db?.$disconnect();
  }
}

async function guarded(
  config: Config,
  db: Db,
  accounts: readonly EnabledAccount[],
): Promise<readonly Finding[]> {
  try {
    return await checkProviders(config, db, accounts);
  } catch (error) {
    const { failed } = findingsOf('providers');
    return [
      failed(
        'accounts',
        reasonOf(error),
        'see whether the vault keys of this environment are the right ones',
      ),
    ];
  }
}

const MARKS = { ok: '✓', warning: '!', failed: '✗' } as const;

/** One line a finding, and under what isn't well what to do. */
export function render(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ area, check }) => area.length + check.length)) + 2;
  const lines = findings.flatMap(({ area, check, result, detail, todo }) => [
    `${MARKS[result]} ${`${area}: ${check}`.padEnd(width)}  ${detail}`,
    ...(todo === undefined ? [] : [`  ${' '.repeat(width)}  → ${todo}`]),
  ]);
  const count = (wanted: Finding['result']) => findings.filter(({ result }) => result === wanted).length;
  return [
    ...lines,
    '',
    `${count('ok')} in order, ${count('warning')} to look at, ${count('failed')} broken`,
  ].join('\n');
}
