import { join } from 'node:path';
import { canaryKey } from './canary.ts';
import { consolePath } from './console-build.ts';
import type { StackKeys } from './keys.ts';
import { choosePort } from './ports.ts';
import { hasRealAccount, type SandboxPorts } from './providers.ts';
import { bundlePath } from './workflow-bundle.ts';

export type Env = Record<string, string | undefined>;

export const DATABASE = 'interlock';
/** The simulators count a provider's days in minutes: everything that waits is over while one watches. */
const DEMO_TIME_SCALE = '0.02';

export type Ports = {
  api: number;
  postgres: number;
  temporal: number;
  ui: number;
  codec: number;
  workerHealth: number;
  apiMetrics: number;
  /** The canary's own simulator. */
  canary: { port: number; adminPort: number };
  sandboxes: SandboxPorts;
};

export async function choosePorts(apiPort: number, notes: string[]): Promise<Ports> {
  const choose = async (what: string, preferred: number) => {
    const { port, moved } = await choosePort(preferred);
    if (moved) notes.push(`Port ${preferred} is busy: ${what} is on ${port}.`);
    return port;
  };
  return {
    api: await choose('the API', apiPort),
    postgres: await choose('Postgres', 54_320),
    temporal: await choose('Temporal', 7233),
    ui: await choose('the Temporal Web UI', 8233),
    codec: await choose('the codec server', 8234),
    workerHealth: await choose("the worker's health check", 3010),
    apiMetrics: await choose("the API's metrics", 3011),
    canary: {
      port: await choose("the canary's sandbox", 4191),
      adminPort: await choose("the canary's sandbox's admin", 4192),
    },
    sandboxes: {
      stripe: {
        port: await choose('the Stripe sandbox', 4101),
        adminPort: await choose("the Stripe sandbox's admin", 4102),
      },
      adyen: {
        port: await choose('the Adyen sandbox', 4111),
        adminPort: await choose("the Adyen sandbox's admin", 4112),
      },
      checkout: {
        port: await choose('the Checkout.com sandbox', 4121),
        adminPort: await choose("the Checkout.com sandbox's admin", 4122),
      },
    },
  };
}

/** The environment of every Interlock process, complete: config/env.ts accepts it before anything is started. */
export function composeEnvironment(
  options: { env: Env; dataDir: string },
  ports: Ports,
  keys: StackKeys,
  secretsPath: string,
): Env {
  const { env, dataDir } = options;
  const foreignTemporal = Boolean(env.TEMPORAL_ADDRESS);
  return {
    LOG_LEVEL: 'info',
    INTERLOCK_CODEC_KEYS: keys.codecKeys,
    INTERLOCK_VAULT_KEYS: keys.vaultKeys,
    INTERLOCK_DIGEST_KEY: keys.digestKey,
    INTERLOCK_PROVIDER_SECRETS_FILE: secretsPath,
    INTERLOCK_TIME_SCALE: hasRealAccount(env) ? '1' : DEMO_TIME_SCALE,
    // Where there is nothing but sandboxes, a merchant's endpoint is most likely on this machine, too.
    INTERLOCK_WEBHOOK_PRIVATE_TARGETS: hasRealAccount(env) ? 'refuse' : 'allow',
    WORKER_HEALTH_PORT: String(ports.workerHealth),
    API_METRICS_PORT: String(ports.apiMetrics),
    INTERLOCK_CANARY_KEY: canaryKey(keys),
    // The API's process serves the codec too, so that the Web UI can show what histories hold.
    CODEC_SERVER_PORT: String(ports.codec),
    CODEC_SERVER_TOKEN: keys.codecServerToken,
    ...(foreignTemporal ? {} : { TEMPORAL_UI_URL: `http://127.0.0.1:${ports.ui}` }),
    INTERLOCK_WORKFLOW_BUNDLE: bundlePath(),
    INTERLOCK_CONSOLE_DIR: consolePath(),
    INTERLOCK_DATA_DIR: dataDir,
    INTERLOCK_AUDIT_ANCHOR_FILE: join(dataDir, 'audit-anchor.jsonl'),
    ...env,
    API_HOST: '127.0.0.1',
    API_PORT: String(ports.api),
    DATABASE_URL:
      env.DATABASE_URL ||
      `postgres://interlock:${keys.postgresPassword}@127.0.0.1:${ports.postgres}/${DATABASE}`,
    TEMPORAL_ADDRESS: env.TEMPORAL_ADDRESS || `127.0.0.1:${ports.temporal}`,
  };
}
