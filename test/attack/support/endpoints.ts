/** Merchants' endpoints as rows, for attacks on delivery itself; the API's own tests make them by HTTP. */
import { randomBytes } from 'node:crypto';
import { createVault, type WebhookSecrets } from '../../../vault/index.ts';
import type { System } from '../../support/system.ts';

export function freshSecret(): string {
  return `whsec_${randomBytes(24).toString('base64')}`;
}

export interface EndpointOptions {
  readonly eventTypes?: readonly string[];
  readonly secrets?: Omit<WebhookSecrets, 'current'>;
}

/** Enabled, hearing of everything from now on. Gives its id. */
export async function addEndpoint(
  { config, sql }: System,
  url: string,
  secret: string,
  { eventTypes = [], secrets = {} }: EndpointOptions = {},
): Promise<string> {
  const id = `we_${randomBytes(16).toString('hex').slice(0, 26)}`;
  const vault = createVault({ keys: config.keys.vault, digestKey: config.keys.digest });
  await sql(
    `INSERT INTO webhook_endpoint (id, merchant_id, mode, url, event_types, sealed_secrets)
     SELECT $1, merchant_id, mode, $2, $3, $4 FROM api_key ORDER BY created_at LIMIT 1`,
    [id, url, [...eventTypes], Buffer.from(vault.sealSecret({ current: secret, ...secrets }, id))],
  );
  return id;
}
