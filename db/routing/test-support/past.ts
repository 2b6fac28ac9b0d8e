import type pg from 'pg';
import { type Catalogue, catalogueId, resolveCatalogue } from '../../../domain/routing/catalogue/index.ts';
import type { StoredRouting } from '../../../domain/routing/choose.ts';
import type { RoutingInputs } from '../../../domain/routing/decision.ts';
import { evaluate } from '../../../domain/routing/evaluate/index.ts';
import { compilePolicy, parsePolicy } from '../../../domain/routing/policy/index.ts';

/** A merchant's past, made set-wise: as many payments as one likes, decided by a real policy with real inputs. */
export interface Past {
  readonly merchantId: string;
  readonly accounts: readonly PastAccount[];
  /** The text of the policy that decided it; version 1, and active. */
  readonly policy: string;
  readonly payments: number;
  readonly firstMs: number;
  readonly everyMs: number;
}

export interface PastAccount {
  readonly id: string;
  readonly provider: string;
  /** What it really approves, of a million. */
  readonly approvesPpm: number;
  /** What was thought of it at the time. */
  readonly estimatedPpm: number;
  readonly samples: number;
}

/** Different payments among all: amounts, currencies, brands and countries. */
const KINDS = 240;
const CURRENCIES = ['EUR', 'USD', 'GBP'];
const BRANDS = ['visa', 'mastercard'];
const COUNTRIES = ['DE', 'FR', 'US', 'GB'];

/** Which of a list the i-th payment has; each list at a pace of its own. */
const among = (list: readonly string[], index: number) => list[index % list.length] ?? '';

function inputsOf(past: Past, catalogue: string, kind: number): RoutingInputs {
  return {
    policyVersion: 1,
    platformVersion: 1,
    catalogueId: catalogue,
    facts: {
      merchantId: past.merchantId,
      amountMinor: 500 + 137 * kind,
      currency: among(CURRENCIES, kind),
      method: 'card',
      atMs: past.firstMs,
      buyerCountry: among(COUNTRIES, Math.floor(kind / 3)),
      issuerCountry: among(COUNTRIES, Math.floor(kind / 5)),
      brand: among(BRANDS, Math.floor(kind / 2)),
      risk: 'normal',
      merchantInitiated: false,
      recurring: false,
      metadata: { order: `order ${kind}` },
    },
    candidates: past.accounts.map(({ id, provider, estimatedPpm, samples }) => ({
      accountId: id,
      provider,
      connectorVersion: `${provider}-1`,
      enabled: true,
      health: { circuit: 'closed', weightPpm: 1_000_000, latencyP95Ms: 420, unknownPpm: 0 },
      success: { ratePpm: estimatedPpm, samples, cell: 'brand+currency', windowMs: 3_600_000 },
      authorizedTodayMinor: 0,
    })),
    draw: (kind * 2_654_435_761) % 2 ** 32,
  };
}

/** One stored decision for each kind of payment, and the catalogue that they name. */
export function pastDecisions(past: Past): {
  readonly catalogue: Catalogue;
  readonly decisions: readonly StoredRouting[];
} {
  const parsed = parsePolicy(past.policy);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const policy = compilePolicy(parsed.document);
  const catalogue = resolveCatalogue(past.accounts);
  const id = catalogueId(catalogue);
  const decisions = Array.from({ length: KINDS }, (_, kind) => {
    const inputs = inputsOf(past, id, kind);
    return { format: 2 as const, inputs, ...evaluate(policy, catalogue, inputs) };
  });
  return { catalogue, decisions };
}

/** Merchant, accounts, catalogue and payments. The approvals are drawn from each payment's number: the same each time. */
export async function seedPast(owner: pg.ClientBase, past: Past): Promise<void> {
  const { catalogue, decisions } = pastDecisions(past);
  await owner.query(`INSERT INTO merchant (id, name) VALUES ($1, 'Past') ON CONFLICT DO NOTHING`, [
    past.merchantId,
  ]);
  for (const { id, provider } of past.accounts)
    await owner.query(
      `INSERT INTO provider_account (id, merchant_id, mode, provider, base_url, settings)
       VALUES ($1, $2, 'test', $3, 'http://127.0.0.1:1', '{}') ON CONFLICT DO NOTHING`,
      [id, past.merchantId, provider],
    );
  await owner.query('INSERT INTO routing_catalogue (id, document) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
    catalogueId(catalogue),
    JSON.stringify(catalogue),
  ]);
  // Foreign keys, and what a payment's rows must say of each other, hold by how they are made.
  await owner.query('SET session_replication_role = replica');
  await owner.query(
    `CREATE TEMP TABLE past AS
     SELECT i, lpad(translate(to_hex(i), '0189', 'xyzw'), 26, 'q') AS body, k.document, k.document->'order'->>0 AS account_id,
       (k.document->'inputs'->'facts'->>'amountMinor')::bigint AS amount, k.document->'inputs'->'facts'->>'currency' AS currency,
       a.provider, (hashint8(i)::bigint & 1048575) * 1000000 / 1048576 < a."approvesPpm" AS approved,
       to_timestamp(($3 + i * $4) / 1000.0) AS at
     FROM generate_series(1::bigint, $1::bigint) AS i
     JOIN jsonb_array_elements($2::jsonb) WITH ORDINALITY AS k (document, at) ON k.at = 1 + i % $5
     JOIN jsonb_to_recordset($6::jsonb) AS a (id text, provider text, "approvesPpm" bigint) ON a.id = k.document->'order'->>0`,
    [
      past.payments,
      JSON.stringify(decisions),
      past.firstMs,
      past.everyMs,
      KINDS,
      JSON.stringify(past.accounts),
    ],
  );
  for (const statement of STATEMENTS)
    await owner.query(statement.replace('MERCHANT', `'${past.merchantId}'`));
  await owner.query('DROP TABLE past');
  await owner.query('RESET session_replication_role');
  await owner.query('ANALYZE payment, attempt, route_explanation');
}

const STATEMENTS: readonly string[] = [
  `INSERT INTO payment (id, merchant_id, mode, status, sequence, generation, amount_minor, currency, capture_method,
     amount_authorized_minor, amount_captured_minor, policy_version, complete_by, audit_head, created_at, updated_at)
   SELECT 'pay_' || body, MERCHANT, 'test', CASE WHEN approved THEN 'succeeded' ELSE 'failed' END, 2, 1, amount, currency,
     'automatic', CASE WHEN approved THEN amount ELSE 0 END, CASE WHEN approved THEN amount ELSE 0 END, 1, at, body, at, at FROM past`,
  `INSERT INTO attempt (id, payment_id, number, account_id, provider, connector_version, status, authorized_minor, captured_minor,
     decline, created_at, updated_at)
   SELECT 'att_' || body || '_1', 'pay_' || body, 1, account_id, provider, '1',
     CASE WHEN approved THEN 'captured' ELSE 'declined' END, CASE WHEN approved THEN amount ELSE 0 END,
     CASE WHEN approved THEN amount ELSE 0 END, CASE WHEN approved THEN NULL ELSE '{"reason":"generic_decline"}'::jsonb END, at, at
   FROM past`,
  `INSERT INTO route_explanation (payment_id, document, created_at) SELECT 'pay_' || body, document, at FROM past`,
];
