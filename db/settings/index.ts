/**
 * db/settings/: what merchants and operators configured, as the edges need it: who owns a bearer key, which provider
 * account a webhook is addressed to, where a merchant hears of events. What may not live here: secrets. A bearer key is
 * known by its keyed digest only, an endpoint's secrets are sealed, and providers' are outside Postgres altogether.
 */
import type { Mode } from '../../domain/ids.ts';
import type { Db } from '../client.ts';

export {
  createDeliveryRegister,
  type DeliveryFilter,
  type DeliveryPage,
  type DeliveryRegister,
  type Replayed,
  type ReplaySelection,
  type StoredDelivery,
} from './deliveries.ts';
export {
  createEndpointRegister,
  type EndpointChange,
  type EndpointDecision,
  type EndpointRegister,
  type EndpointRequest,
  type Kept,
  MAX_ENDPOINTS,
  type NewEndpoint,
  type StoredEndpoint,
} from './endpoints.ts';
export {
  createMandateRegister,
  type MandateFilter,
  type MandateRegister,
  type StoredMandate,
} from './mandates.ts';
export { createMerchantRegister, type MerchantRegister, type MerchantSettings } from './merchant.ts';
export {
  createOperatorRegister,
  type OperatorIdentity,
  type OperatorRegister,
  type RefusedCommand,
} from './operators.ts';

export interface ApiKeyOwner {
  readonly keyId: string;
  readonly merchantId: string;
  readonly mode: Mode;
}

export interface WebhookAccount {
  readonly id: string;
  readonly merchantId: string;
  readonly mode: Mode;
  readonly provider: string;
}

export interface SettingsReader {
  /** Undefined for an unknown or a revoked key. */
  apiKeyOwner(digest: string): Promise<ApiKeyOwner | undefined>;
  /** Also a disabled account: it takes no new payments, yet its webhooks tell of old ones. */
  webhookAccount(accountId: string): Promise<WebhookAccount | undefined>;
}

export function createSettingsReader(db: Db): SettingsReader {
  return {
    async apiKeyOwner(digest) {
      const row = await db.apiKey.findFirst({
        where: { digest, revokedAt: null },
        select: { id: true, merchantId: true, mode: true },
      });
      return row === null ? undefined : { keyId: row.id, merchantId: row.merchantId, mode: row.mode as Mode };
    },
    async webhookAccount(accountId) {
      const row = await db.providerAccount.findUnique({
        where: { id: accountId },
        select: { id: true, merchantId: true, mode: true, provider: true },
      });
      return row === null ? undefined : { ...row, mode: row.mode as Mode };
    },
  };
}
