import { type AuthenticationRules, authenticationRulesSchema } from '../domain/authentication/rules.ts';
import type { Mode } from '../domain/ids.ts';
import { type CircuitState, type RoutingPolicy, routingPolicySchema } from '../domain/routing/policy.ts';
import type { Db } from './client.ts';
import { Prisma } from './generated/client.ts';

/** What a plan needs of a merchant: its accounts with their health, its active policy, the card's facts. */
export interface MerchantConfiguration {
  readonly policy: RoutingPolicy;
  readonly policyVersion: number;
  readonly accounts: readonly ConfiguredAccount[];
  readonly authenticationRules: AuthenticationRules;
}

export interface ConfiguredAccount {
  readonly id: string;
  readonly provider: string;
  readonly baseUrl: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly enabled: boolean;
  readonly circuit: CircuitState;
  readonly probeDue: boolean;
}

export interface CardFacts {
  readonly brand: string;
  readonly country?: string;
  /** The latest consent of its holder to be charged without being there. */
  readonly mandate?: Mandate;
}

export interface Mandate {
  readonly usage: 'recurring' | 'unscheduled';
  readonly networkTransactionId: string;
}

interface ConfigurationRow {
  readonly policy: unknown;
  readonly policy_version: number | null;
  readonly accounts: readonly ConfiguredAccount[] | null;
  readonly card: { readonly brand: string; readonly country: string | null } | null;
  readonly mandate: Mandate | null;
  readonly rules: unknown;
}

/** One read for everything. Answers no card where the payment method is not this merchant's. */
export async function loadConfiguration(
  db: Db,
  merchantId: string,
  mode: Mode,
  paymentMethodId: string | undefined,
): Promise<{
  readonly configuration: MerchantConfiguration | undefined;
  readonly card: CardFacts | undefined;
}> {
  const rows = await db.$queryRaw<ConfigurationRow[]>(Prisma.sql`
    SELECT
      (SELECT document FROM routing_policy WHERE merchant_id = ${merchantId} AND mode = ${mode} AND active
        ORDER BY version DESC LIMIT 1) AS policy,
      (SELECT version FROM routing_policy WHERE merchant_id = ${merchantId} AND mode = ${mode} AND active
        ORDER BY version DESC LIMIT 1) AS policy_version,
      (SELECT jsonb_agg(jsonb_build_object('id', a.id, 'provider', a.provider, 'baseUrl', a.base_url, 'settings', a.settings, 'enabled', a.enabled,
          'circuit', coalesce(c.state, 'closed'), 'probeDue', coalesce(c.probe_after <= clock_timestamp(), false)) ORDER BY a.id)
        FROM provider_account a LEFT JOIN circuit c ON c.account_id = a.id
        WHERE a.merchant_id = ${merchantId} AND a.mode = ${mode}) AS accounts,
      (SELECT jsonb_build_object('brand', m.brand, 'country', m.country) FROM payment_method m
        WHERE m.id = ${paymentMethodId ?? null} AND m.merchant_id = ${merchantId} AND m.mode = ${mode}) AS card,
      (SELECT jsonb_build_object('usage', n.usage, 'networkTransactionId', n.network_transaction_id) FROM mandate n
        WHERE n.payment_method_id = ${paymentMethodId ?? null} AND n.merchant_id = ${merchantId} AND n.mode = ${mode}
          AND n.status = 'active' ORDER BY n.created_at DESC LIMIT 1) AS mandate,
      (SELECT authentication_rules FROM merchant WHERE id = ${merchantId}) AS rules`);
  const row = rows[0];
  const card = row?.card ?? undefined;
  return {
    configuration:
      row === undefined || row.policy_version === null
        ? undefined
        : {
            policy: routingPolicySchema.parse(row.policy),
            policyVersion: row.policy_version,
            accounts: row.accounts ?? [],
            authenticationRules: authenticationRulesSchema.parse(row.rules ?? {}),
          },
    card:
      card === undefined
        ? undefined
        : {
            brand: card.brand,
            ...(card.country === null ? {} : { country: card.country }),
            ...(row?.mandate === null || row?.mandate === undefined ? {} : { mandate: row.mandate }),
          },
  };
}
