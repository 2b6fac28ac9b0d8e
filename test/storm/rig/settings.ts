/** What a storm's processes are told: ports, secrets, and an environment that production could have. */
import { randomBytes, randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { choosePort } from '../../../cli/stack/ports.ts';
import type { DemoAccount } from '../../../cli/stack/providers.ts';
import type { ProviderName, StormSettings } from '../evidence-types.ts';

export const PROVIDERS: readonly ProviderName[] = ['stripe', 'adyen'];
export const DATABASE = 'interlock';
export const MERCHANT_ACCOUNT = 'InterlockStormECOM';
const DAY_MS = 86_400_000;

/** How long things take in a storm; unscaled but for what `timeScale` scales. */
export interface Pace {
  readonly timeScale: number;
  readonly providerDeadlineMs: number;
  readonly completeByMs: number;
  readonly apiWaitMs: number;
  /** What one attempt to deliver a webhook may take. */
  readonly webhookDeadlineMs: number;
}

/**
 * A provider's day is seven minutes: longer than any fault, so that a key that is still promised is still
 * known. Deadlines are short enough for a freeze of seconds to outlast an activity's time.
 */
export const DEFAULT_PACE: Pace = {
  timeScale: 0.005,
  providerDeadlineMs: 2_000,
  completeByMs: 20_000,
  apiWaitMs: 5_000,
  webhookDeadlineMs: 1_500,
};

export interface Ports {
  readonly postgres: number;
  readonly temporal: number;
  readonly proxy: number;
  /** Where the merchant's endpoints are. */
  readonly receiver: number;
  readonly apis: readonly number[];
  readonly sandboxes: Readonly<Record<ProviderName, { readonly port: number; readonly adminPort: number }>>;
  /** Where each link listens, by its name. */
  readonly links: Readonly<Record<LinkName, number>>;
}

/** Who speaks to whom through the proxy. */
export const LINKS = [
  'api-postgres',
  'worker-postgres',
  'api-temporal',
  'worker-temporal',
  'worker-stripe',
  'worker-adyen',
  'stripe-api',
  'adyen-api',
] as const;
export type LinkName = (typeof LINKS)[number];

/**
 * Below the range from which systems take the ports of outgoing connections: a process that is away for a
 * moment must find its port free when it comes back.
 */
async function lastingPort(): Promise<number> {
  for (;;) {
    const { port, moved } = await choosePort(randomInt(12_000, 30_000));
    if (!moved) return port;
  }
}

export async function choosePorts(): Promise<Ports> {
  const links = {} as Record<LinkName, number>;
  for (const name of LINKS) links[name] = await lastingPort();
  const sandbox = async () => ({ port: await lastingPort(), adminPort: await lastingPort() });
  return {
    postgres: await lastingPort(),
    temporal: await lastingPort(),
    proxy: await lastingPort(),
    receiver: await lastingPort(),
    apis: [await lastingPort(), await lastingPort()],
    sandboxes: { stripe: await sandbox(), adyen: await sandbox() },
    links,
  };
}

/** The server behind each link. Webhooks go to one API each: a provider knows one address. */
export function upstreamOf(name: LinkName, ports: Ports): number {
  const upstreams: Record<LinkName, number | undefined> = {
    'api-postgres': ports.postgres,
    'worker-postgres': ports.postgres,
    'api-temporal': ports.temporal,
    'worker-temporal': ports.temporal,
    'worker-stripe': ports.sandboxes.stripe.port,
    'worker-adyen': ports.sandboxes.adyen.port,
    'stripe-api': ports.apis[0],
    'adyen-api': ports.apis[1],
  };
  const port = upstreams[name];
  if (port === undefined) throw new Error(`nothing is behind ${name}`);
  return port;
}

export interface Secrets {
  readonly postgresPassword: string;
  readonly apiKeySecret: string;
  readonly codecKeys: string;
  readonly vaultKeys: string;
  readonly digestKey: string;
  readonly providers: Readonly<
    Record<ProviderName, { readonly apiKey: string; readonly webhookSecret: string }>
  >;
}

export function freshSecrets(): Secrets {
  const key = () => randomBytes(32).toString('base64');
  const hex = (bytes: number) => randomBytes(bytes).toString('hex');
  return {
    postgresPassword: hex(12),
    apiKeySecret: randomBytes(18).toString('base64url'),
    codecKeys: `k1:${key()}`,
    vaultKeys: `v1:${key()}`,
    digestKey: key(),
    providers: {
      stripe: { apiKey: `sk_test_${hex(12)}`, webhookSecret: `whsec_${hex(16)}` },
      adyen: { apiKey: `storm${hex(12)}`, webhookSecret: hex(32).toUpperCase() },
    },
  };
}

export const accountId = (provider: ProviderName) => `pa_demo_${provider}`;

/** The accounts as the workers reach them: through the proxy. */
export function accountsOf(ports: Ports, secrets: Secrets): DemoAccount[] {
  return PROVIDERS.map((provider) => ({
    id: accountId(provider),
    provider,
    baseUrl: `http://127.0.0.1:${ports.links[`worker-${provider}`]}`,
    settings: (provider === 'adyen' ? { merchantAccount: MERCHANT_ACCOUNT } : {}) as Record<string, string>,
    secrets: secrets.providers[provider],
  }));
}

type Env = Record<string, string>;

/** For API and worker processes; the two differ in which links they use. */
export function environmentOf(
  role: 'api' | 'worker',
  { ports, secrets, pace, dataDir, bundlePath }: EnvironmentParts,
): Env {
  const secretsPath = join(dataDir, 'provider-secrets.json');
  const content = Object.fromEntries(
    PROVIDERS.map((provider) => [accountId(provider), secrets.providers[provider]]),
  );
  writeFileSync(secretsPath, JSON.stringify(content), { mode: 0o600 });
  const { timeScale, providerDeadlineMs, completeByMs, apiWaitMs, webhookDeadlineMs } = pace;
  return {
    PATH: process.env.PATH ?? '',
    DATABASE_URL: databaseUrl(ports.links[`${role}-postgres`], secrets),
    TEMPORAL_ADDRESS: `127.0.0.1:${ports.links[`${role}-temporal`]}`,
    INTERLOCK_CODEC_KEYS: secrets.codecKeys,
    INTERLOCK_VAULT_KEYS: secrets.vaultKeys,
    INTERLOCK_DIGEST_KEY: secrets.digestKey,
    INTERLOCK_PROVIDER_SECRETS_FILE: secretsPath,
    INTERLOCK_WORKFLOW_BUNDLE: bundlePath,
    INTERLOCK_TIME_SCALE: String(timeScale),
    INTERLOCK_PROVIDER_DEADLINE_MS: String(providerDeadlineMs),
    INTERLOCK_COMPLETE_BY_MS: String(completeByMs),
    INTERLOCK_API_WAIT_MS: String(apiWaitMs),
    INTERLOCK_WEBHOOK_DEADLINE_MS: String(webhookDeadlineMs),
    // The merchant's endpoints are on this machine.
    INTERLOCK_WEBHOOK_PRIVATE_TARGETS: 'allow',
    // Counted while Postgres comes and goes, and never refused: what is refused tells nothing of a payment.
    INTERLOCK_RATE_LIMIT_WRITES: '10000/2s',
    INTERLOCK_RATE_LIMIT_READS: '10000/2s',
    // Payers' browsers know one address, and try again when nobody is there.
    INTERLOCK_PUBLIC_URL: `http://127.0.0.1:${ports.apis[0]}`,
    LOG_LEVEL: 'warn',
  };
}

export interface EnvironmentParts {
  readonly ports: Ports;
  readonly secrets: Secrets;
  readonly pace: Pace;
  readonly dataDir: string;
  readonly bundlePath: string;
}

/** As the schema's owner; processes take the application's role on, as the configuration has it. */
export function databaseUrl(port: number, { postgresPassword }: Secrets): string {
  return `postgres://interlock:${postgresPassword}@127.0.0.1:${port}/${DATABASE}`;
}

export function stormSettings(
  pace: Pace,
  run: {
    readonly seed: number;
    readonly payments: number;
    readonly proxy: string;
    readonly sabotage?: string;
  },
): StormSettings {
  return {
    ...pace,
    ...run,
    merchantId: 'mer_demo',
    accounts: { stripe: accountId('stripe'), adyen: accountId('adyen') },
    keyWindowMs: { stripe: DAY_MS, adyen: 7 * DAY_MS },
  };
}
