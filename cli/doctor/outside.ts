import { readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import type { Config } from '../../config/env.ts';
import { type Db, poolOf } from '../../db/client.ts';
import { Prisma } from '../../db/generated/client.ts';
import { createAlarmReader } from '../../db/read/index.ts';
import { startProviderSecrets } from '../../db/settings/provider-secrets.ts';
import { query } from '../../db/sql.ts';
import { duration, workersAbsent } from '../../domain/alarms/index.ts';
import { judgeTarget } from '../../domain/events/target.ts';
import { checkAccount } from '../../providers/check.ts';
import { createVault } from '../../vault/index.ts';
import { type Finding, findingsOf, reasonOf } from './finding.ts';

/** Whoever we speak to over the network, and how the last minutes went: providers, merchants' endpoints, our own address. */
const providers = findingsOf('providers');
const { ok, warning, failed } = findingsOf('outside');

const ASK_MS = 5_000;
/** Of many, the first: a look, no inventory. */
const MOST = 50;

export interface EnabledAccount {
  readonly id: string;
  readonly provider: string;
  readonly baseUrl: string;
  readonly settings: Readonly<Record<string, string>>;
}

export async function enabledAccounts(db: Db): Promise<readonly EnabledAccount[]> {
  const rows = await db.providerAccount.findMany({ where: { enabled: true }, orderBy: { id: 'asc' } });
  return rows.map(({ id, provider, baseUrl, settings }) => ({
    ...{ id, provider, baseUrl, settings: settings as Record<string, string> },
  }));
}

/** One harmless question for each account, as its provider can be asked one. */
export async function checkProviders(
  config: Config,
  db: Db,
  accounts: readonly EnabledAccount[],
): Promise<readonly Finding[]> {
  const vault = createVault({ keys: config.keys.vault, digestKey: config.keys.digest });
  const book = await startProviderSecrets({
    db,
    file: config.providerSecrets,
    open: vault.openProviderSecrets,
    onError: () => undefined,
  });
  try {
    if (accounts.length === 0)
      return [
        providers.warning(
          'accounts',
          'no provider account is enabled',
          'make one in the console, under Settings',
        ),
      ];
    const findings = await Promise.all(
      accounts.slice(0, MOST).map((account) => checkOne(account, book.of(account.id))),
    );
    return findings;
  } finally {
    book.stop();
  }
}

async function checkOne(
  account: EnabledAccount,
  secrets: Readonly<Record<string, string>> | undefined,
): Promise<Finding> {
  const { id } = account;
  if (secrets === undefined)
    return providers.failed(
      id,
      'it has no secrets',
      `set them in the console, or under "${id}" in INTERLOCK_PROVIDER_SECRETS_FILE`,
    );
  const { result, detail } = await checkAccount({ ...account, secrets }, ASK_MS);
  switch (result) {
    case 'accepted':
      return secrets.webhookSecret === undefined
        ? providers.warning(
            id,
            `${detail}, but no webhook can be verified`,
            'set its webhookSecret as the provider shows it',
          )
        : providers.ok(id, detail);
    case 'refused':
      return providers.failed(id, detail, 'set its secrets anew; the provider does not take these');
    case 'unclear':
      return providers.failed(
        id,
        `${account.baseUrl}: ${detail}`,
        'look whether the provider is reachable from here',
      );
    case 'not_supported':
      return providers.ok(id, `complete; ${detail}`);
  }
}

export async function checkOutside(config: Config, db: Db | undefined): Promise<readonly Finding[]> {
  const { url, finding } = await checkApi(config);
  return [
    finding,
    ...(url.startsWith('https:') || config.timeScale !== 1
      ? []
      : [
          warning(
            'public address',
            `${url} is not https`,
            'put a proxy with a certificate before the API and name it in INTERLOCK_PUBLIC_URL',
          ),
        ]),
    ...(db === undefined ? [] : [...(await checkEndpoints(config, db)), ...(await checkWatch(config, db))]),
    ...(config.auditAnchorFile === undefined ? [] : [checkAnchor(config.auditAnchorFile)]),
  ];
}

async function checkApi({ publicUrl = '', api }: Config): Promise<{ url: string; finding: Finding }> {
  const url = publicUrl === '' ? `http://${api.host}:${api.port}` : publicUrl;
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(ASK_MS) });
    const body = (await response.json().catch(() => ({}))) as { checks?: Record<string, string> };
    const away = Object.entries(body.checks ?? {}).flatMap(([name, state]) => (state === 'ok' ? [] : [name]));
    const finding = response.ok
      ? ok('API', `${url} is ready`)
      : failed(
          'API',
          `${url} answers ${response.status}${away.length > 0 ? `: it does not reach ${away.join(', ')}` : ''}`,
          'see its log, and the findings above',
        );
    return { url, finding };
  } catch (error) {
    const todo =
      'start it (./interlock api), or correct INTERLOCK_PUBLIC_URL: payers and providers come by that address';
    return { url, finding: failed('API', `${url}: ${reasonOf(error)}`, todo) };
  }
}

/** A connection and no more: nothing is sent to a merchant that is not an event. */
async function checkEndpoints({ webhooks }: Config, db: Db): Promise<readonly Finding[]> {
  const endpoints = await db.webhookEndpoint.findMany({
    where: { status: 'enabled' },
    select: { id: true, url: true },
    orderBy: { id: 'asc' },
    take: MOST,
  });
  const rules = { privateTargets: webhooks?.privateTargets ?? false };
  return Promise.all(
    endpoints.map(async ({ id, url }) => {
      const check = `endpoint ${id}`;
      const { protocol, hostname, port } = new URL(url);
      const host = `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`;
      const refusal = judgeTarget(url, rules);
      if (refusal !== undefined)
        return warning(
          check,
          `${host} is not an address that events are sent to (${refusal})`,
          'the merchant has to name a public https address',
        );
      const error = await connects(hostname, Number(port || (protocol === 'https:' ? 443 : 80)));
      return error === undefined
        ? ok(check, `${host} takes connections`)
        : warning(
            check,
            `${host}: ${error}`,
            'tell the merchant; events are kept and tried again for three days',
          );
    }),
  );
}

function connects(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port, timeout: ASK_MS });
    const end = (reason: string | undefined) => {
      socket.destroy();
      resolve(reason);
    };
    socket.once('connect', () => end(undefined));
    socket.once('timeout', () => end('no answer'));
    socket.once('error', (error) => end(reasonOf(error)));
  });
}

/** How things stand by the workers' own looks: whoever installs sees here what somebody would be woken for. */
async function checkWatch({ metrics, canary }: Config, db: Db): Promise<readonly Finding[]> {
  if (metrics === undefined) return [];
  const reader = createAlarmReader(db, true);
  const [{ lookSeconds, canarySeconds }, firing] = await Promise.all([
    reader.watch(),
    reader.list({ limit: MOST }),
  ]);
  const findings: Finding[] = [];
  if (workersAbsent(lookSeconds))
    findings.push(
      failed(
        'last look',
        lookSeconds === undefined ? 'no worker has ever looked' : `${duration(lookSeconds)} ago`,
        'start a worker: ./interlock worker; see docs/runbooks/workers-absent.md',
      ),
    );
  else findings.push(ok('last look', `${duration(lookSeconds ?? 0)} ago`));
  if (typeof canary === 'object') {
    const limit = (3 * canary.everyMs) / 1_000 + 60;
    const detail =
      canarySeconds === undefined
        ? 'none has succeeded yet'
        : `the last one succeeded ${duration(canarySeconds)} ago`;
    findings.push(
      (canarySeconds ?? limit + 1) <= limit
        ? ok('canary', detail)
        : failed('canary', detail, await whyCanary(db)),
    );
  }
  return [
    ...findings,
    ...firing.map(({ name, subject, detail }) =>
      warning(
        `alarm ${name}`,
        `${subject === '' ? '' : `${subject}: `}${detail}`,
        'see its page in docs/runbooks',
      ),
    ),
  ];
}

async function whyCanary(db: Db): Promise<string> {
  const [row] = await query<{ failed_step: string | null; detail: string | null }>(
    poolOf(db),
    Prisma.sql`SELECT failed_step, detail FROM canary_run ORDER BY id DESC LIMIT 1`,
  );
  if (row?.failed_step == null) return 'see docs/runbooks/canary-failing.md';
  return `the last one failed at ${row.failed_step} (${row.detail ?? ''}); see docs/runbooks/canary-failing.md`;
}

function checkAnchor(file: string): Finding {
  try {
    const lines = readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '').length;
    return ok(
      'audit anchor',
      `${lines} lines in ${file}; ./interlock audit verify holds Postgres against them`,
    );
  } catch {
    return warning(
      'audit anchor',
      `${file} is not on this machine, or not written yet`,
      'look on the worker that writes it',
    );
  }
}
