/**
 * db/settings/: what merchants and operators configured, as the edges need it: who owns a bearer key, which provider
 * account a webhook is addressed to, where a merchant hears of events. What may not live here: secrets. A bearer key is
 * known by its keyed digest only, and endpoints' and providers' secrets are sealed.
 */
import type { Mode } from '../../domain/ids.ts';
import { type MerchantRateLimits, readMerchantRateLimits } from '../../domain/rate-limits.ts';
import type { Db } from '../client.ts';
import { Prisma } from '../generated/client.ts';
import type { OperatorIdentity } from './operators.ts';

export * from './admin/index.ts';
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
export * from './people/index.ts';

export {
  type Backtest,
  type BacktestRegister,
  createBacktestRegister,
  createExperimentRegister,
  createPolicyRegister,
  createRoutingReader,
  type ExperimentRegister,
  type KeptPolicy,
  type ListedPolicy,
  type NewPolicy,
  type OwnedExperiment,
  type PolicyEvent,
  type PolicyOrder,
  type PolicyOwner,
  type PolicyRegister,
  type RollBackRefusal,
  type RoutedRound,
  type RoutingReader,
  type StoredCircuit,
  type StoredComparison,
  type ToldPolicy,
} from './routing/index.ts';

export interface ApiKeyOwner {
  /** `operator:<id>` where a person looks at the merchant through the console. */
  readonly keyId: string;
  /** That person. */
  readonly operator?: OperatorIdentity;
  /** Where the merchant has limits of its own. */
  readonly rateLimits?: MerchantRateLimits;
  readonly merchantId: string;
  readonly mode: Mode;
}

interface KeyRow extends Omit<ApiKeyOwner, 'rateLimits'> {
  readonly rateLimits: unknown;
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
      // With its merchant's limits: they are wanted whenever the key is.
      const [row] = await db.$queryRaw<KeyRow[]>(Prisma.sql`
        SELECT k.id AS "keyId", k.merchant_id AS "merchantId", k.mode, m.rate_limits AS "rateLimits"
        FROM api_key k LEFT JOIN merchant m ON m.id = k.merchant_id
        WHERE k.digest = ${digest} AND k.revoked_at IS NULL`);
      return row === undefined ? undefined : { ...row, rateLimits: readMerchantRateLimits(row.rateLimits) };
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
