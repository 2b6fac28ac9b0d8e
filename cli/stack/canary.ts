/**
 * The canary's merchant: payments of our own that go the whole way. It has a simulator to itself, so that its money is in
 * nobody's settlement file, its webhooks in nobody's inbox, and its luck in nobody's routing.
 */
import { createHmac } from 'node:crypto';
import pg from 'pg';
import { apiKeyDigest } from '../api-key-digest.ts';
import type { StackKeys } from './keys.ts';
import type { DemoAccount } from './providers.ts';

const MERCHANT_ID = 'mer_canary';
const ACCOUNT_ID = 'pa_canary_stripe';

/** The same at every start of one stack, and another in each. */
function derived({ digestKey }: Pick<StackKeys, 'digestKey'>, what: string): string {
  return createHmac('sha256', digestKey).update(`interlock/canary/${what}`).digest('hex').slice(0, 32);
}

export function canaryKey(keys: Pick<StackKeys, 'digestKey'>): string {
  return `sk_test_${derived(keys, 'key')}`;
}

export function canaryAccount(
  keys: Pick<StackKeys, 'digestKey'>,
  at: { port: number; adminPort: number },
): DemoAccount {
  const apiKey = `sk_test_${derived(keys, 'provider')}`;
  const webhookSecret = `whsec_${derived(keys, 'webhook')}`;
  return {
    id: ACCOUNT_ID,
    provider: 'stripe',
    baseUrl: `http://127.0.0.1:${at.port}`,
    settings: {},
    secrets: { apiKey, webhookSecret },
    sandbox: { ...at, name: 'canary', args: ['--api-key', apiKey, '--webhook-secret', webhookSecret] },
  };
}

/** Run at every start; its account follows the port of its simulator. */
export async function seedCanary(options: {
  /** As the schema's owner. */
  databaseUrl: string;
  account: DemoAccount;
  apiKey: string;
  digestKey: Buffer;
}): Promise<void> {
  const { id, provider, baseUrl, settings } = options.account;
  const client = new pg.Client({ connectionString: options.databaseUrl });
  await client.connect();
  try {
    await client.query('BEGIN');
    await client.query(`INSERT INTO merchant (id, name) VALUES ($1, 'Canary') ON CONFLICT DO NOTHING`, [
      MERCHANT_ID,
    ]);
    await client.query(
      `INSERT INTO api_key (id, merchant_id, mode, digest, name) VALUES ('key_canary', $1, 'test', $2, 'canary')
       ON CONFLICT (id) DO UPDATE SET digest = excluded.digest`,
      [MERCHANT_ID, apiKeyDigest(options.apiKey, options.digestKey)],
    );
    await client.query(
      `INSERT INTO provider_account (id, merchant_id, mode, provider, base_url, settings)
       VALUES ($1, $2, 'test', $3, $4, $5)
       ON CONFLICT (id) DO UPDATE SET base_url = excluded.base_url, settings = excluded.settings`,
      [id, MERCHANT_ID, provider, baseUrl, JSON.stringify(settings)],
    );
    await client.query('COMMIT');
  } finally {
    await client.end();
  }
}
