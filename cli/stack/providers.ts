/**
 * Which provider accounts the demo merchant has: the simulators', or the real test accounts whose keys the
 * environment holds. Only this file knows the names of those variables.
 */
import { createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StackKeys } from './keys.ts';

type Env = Record<string, string | undefined>;

export type DemoAccount = {
  /** Stable, so that webhooks and stored payments of an earlier start still find it. */
  id: string;
  provider: 'stripe' | 'adyen' | 'checkout';
  baseUrl: string;
  settings: Record<string, string>;
  secrets: Record<string, string>;
  /** Absent when the account is real. */
  sandbox?: {
    port: number;
    adminPort: number;
    args: string[] /** Where not its provider's. */;
    name?: string;
  };
};

export type SandboxPorts = Record<DemoAccount['provider'], { port: number; adminPort: number }>;

const DEMO_MERCHANT_ACCOUNT = 'InterlockDemoECOM';
const REAL_STRIPE_URL = 'https://api.stripe.com';
const REAL_ADYEN_URL = 'https://checkout-test.adyen.com';
const REAL_CHECKOUT_URL = 'https://api.sandbox.checkout.com';
const DEMO_ENTITY = 'ent_interlock_demo';

export function demoAccounts(env: Env, keys: StackKeys, ports: SandboxPorts): DemoAccount[] {
  return [
    stripeAccount(env, keys, ports.stripe),
    adyenAccount(env, keys, ports.adyen),
    checkoutAccount(env, keys, ports.checkout),
  ];
}

export function hasRealAccount(env: Env): boolean {
  return Boolean(env.STRIPE_SECRET_KEY || env.ADYEN_API_KEY || env.CHECKOUT_SECRET_KEY);
}

function stripeAccount(env: Env, keys: StackKeys, at: { port: number; adminPort: number }): DemoAccount {
  const common = { id: 'pa_demo_stripe', provider: 'stripe' as const, settings: {} };
  if (env.STRIPE_SECRET_KEY) {
    // Without its secret no webhook can be verified; payments are then settled by asking.
    const webhook = env.STRIPE_WEBHOOK_SECRET ? { webhookSecret: env.STRIPE_WEBHOOK_SECRET } : {};
    return { ...common, baseUrl: REAL_STRIPE_URL, secrets: { apiKey: env.STRIPE_SECRET_KEY, ...webhook } };
  }
  const { stripeApiKey: apiKey, stripeWebhookSecret: webhookSecret } = keys.sandboxSecrets;
  return {
    ...common,
    baseUrl: `http://127.0.0.1:${at.port}`,
    secrets: { apiKey, webhookSecret },
    sandbox: { ...at, args: ['--api-key', apiKey, '--webhook-secret', webhookSecret] },
  };
}

function adyenAccount(env: Env, keys: StackKeys, at: { port: number; adminPort: number }): DemoAccount {
  const common = { id: 'pa_demo_adyen', provider: 'adyen' as const };
  if (env.ADYEN_API_KEY) {
    const {
      ADYEN_API_KEY: apiKey,
      ADYEN_MERCHANT_ACCOUNT: merchantAccount,
      ADYEN_HMAC_KEY: webhookSecret,
    } = env;
    if (!merchantAccount || !webhookSecret) {
      // Adyen settles captures and cancels by webhook only: without its key they would never end.
      throw new Error('ADYEN_API_KEY is set; ADYEN_MERCHANT_ACCOUNT and ADYEN_HMAC_KEY must be set with it.');
    }
    return {
      ...common,
      baseUrl: REAL_ADYEN_URL,
      settings: { merchantAccount },
      secrets: { apiKey, webhookSecret },
    };
  }
  const { adyenApiKey: apiKey, adyenHmacKey: webhookSecret } = keys.sandboxSecrets;
  const merchantAccount = DEMO_MERCHANT_ACCOUNT;
  const args = [
    '--api-key',
    apiKey,
    '--webhook-secret',
    webhookSecret,
    '--merchant-account',
    merchantAccount,
  ];
  return {
    ...common,
    baseUrl: `http://127.0.0.1:${at.port}`,
    settings: { merchantAccount },
    secrets: { apiKey, webhookSecret },
    sandbox: { ...at, args },
  };
}

function checkoutAccount(env: Env, keys: StackKeys, at: { port: number; adminPort: number }): DemoAccount {
  const common = { id: 'pa_demo_checkout', provider: 'checkout' as const };
  if (env.CHECKOUT_SECRET_KEY) {
    const { CHECKOUT_PROCESSING_CHANNEL: processingChannelId, CHECKOUT_WEBHOOK_KEY: webhookSecret } = env;
    return {
      ...common,
      // An account's own address begins with its prefix.
      baseUrl: env.CHECKOUT_API_URL || REAL_CHECKOUT_URL,
      settings: processingChannelId ? { processingChannelId } : {},
      // Without its key no webhook can be verified; payments are then settled by asking.
      secrets: { apiKey: env.CHECKOUT_SECRET_KEY, ...(webhookSecret ? { webhookSecret } : {}) },
    };
  }
  // Follows from the stack's own secret: what earlier starts wrote into keys.json knows nothing of this provider.
  const made = (what: string) =>
    createHmac('sha256', keys.digestKey).update(`interlock/demo-checkout/${what}`).digest('hex');
  const [apiKey, webhookSecret] = [`sk_sbox_${made('api-key').slice(0, 32)}`, made('webhook')];
  const args = ['--api-key', apiKey, '--webhook-secret', webhookSecret, '--merchant-account', DEMO_ENTITY];
  return {
    ...common,
    baseUrl: `http://127.0.0.1:${at.port}`,
    settings: { merchantAccount: DEMO_ENTITY },
    secrets: { apiKey, webhookSecret },
    sandbox: { ...at, args },
  };
}

/** The file that INTERLOCK_PROVIDER_SECRETS_FILE names, readable by its owner only. Answers its path. */
export function writeProviderSecrets(dataDir: string, accounts: readonly DemoAccount[]): string {
  const path = join(dataDir, 'provider-secrets.json');
  const content = Object.fromEntries(accounts.map((account) => [account.id, account.secrets]));
  writeFileSync(path, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  return path;
}
