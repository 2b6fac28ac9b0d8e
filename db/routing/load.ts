import { authenticationRulesSchema } from '../../domain/authentication/rules.ts';
import type { Mode } from '../../domain/ids.ts';
import {
  orLeftOut,
  type StoredAccount,
  type StoredMerchantRouting,
  type StoredPolicy,
} from '../../domain/routing/assemble.ts';
import type { LeftOut } from '../../domain/routing/book.ts';
import { catalogueOverridesSchema } from '../../domain/routing/catalogue/index.ts';
import { policyDocumentSchema } from '../../domain/routing/policy/document.ts';
import { type Db, poolOf } from '../client.ts';
import { Prisma } from '../generated/client.ts';
import { query } from '../sql.ts';
import { runningExperiment } from './experiments.ts';
import { ensurePlatform, PLATFORM } from './platform.ts';

interface Row {
  readonly category: string | null;
  readonly country: string | null;
  readonly authentication_rules: unknown;
  readonly policies: readonly PolicyRow[] | null;
  readonly accounts: readonly (Omit<StoredAccount, 'overrides'> & { readonly overrides: unknown })[] | null;
}

interface PolicyRow {
  readonly merchant: string;
  readonly version: number;
  readonly name: string;
  readonly status: string;
  readonly percent: number | null;
  readonly document: unknown;
}

function configuration(merchantId: string, mode: Mode): Prisma.Sql {
  return Prisma.sql`
    SELECT m.category, m.country, m.authentication_rules,
      (SELECT jsonb_agg(jsonb_build_object('merchant', p.merchant_id, 'version', p.version, 'name', p.name,
          'status', p.status, 'percent', p.canary_percent, 'document', p.document))
        FROM routing_policy p WHERE p.merchant_id IN (m.id, ${PLATFORM}) AND p.mode = ${mode}
          AND p.status IN ('active', 'canary', 'shadow')) AS policies,
      (SELECT jsonb_agg(jsonb_build_object('id', a.id, 'provider', a.provider, 'baseUrl', a.base_url,
          'settings', a.settings, 'enabled', a.enabled, 'overrides', a.catalogue) ORDER BY a.id)
        FROM provider_account a WHERE a.merchant_id = m.id AND a.mode = ${mode}) AS accounts
    FROM merchant m WHERE m.id = ${merchantId}`;
}

/** An experiment holds a version that may be nothing else but validated. */
async function experimentOf(db: Db, merchantId: string, mode: Mode) {
  const experiment = await runningExperiment(db, merchantId, mode);
  if (experiment === undefined) return undefined;
  const treatment = await findRow(db, merchantId, mode, experiment.treatmentVersion);
  return treatment === undefined ? undefined : { ...experiment, treatment };
}

/** Undefined for a merchant that isn't there. */
export async function loadMerchantRouting(
  db: Db,
  merchantId: string,
  mode: Mode,
): Promise<StoredMerchantRouting | undefined> {
  const [[row], experiment] = await Promise.all([
    query<Row>(poolOf(db), configuration(merchantId, mode)),
    experimentOf(db, merchantId, mode),
  ]);
  if (row === undefined) return undefined;
  const policies = row.policies ?? [];
  const own = (status: string) =>
    policies.find((each) => each.merchant !== PLATFORM && each.status === status);
  // A document that this release can't read costs its merchant what is on trial, never the payments.
  const leftOut: LeftOut[] = [];
  const onTrial = (role: LeftOut['role'], found: DocumentRow | undefined) =>
    found === undefined ? undefined : orLeftOut(leftOut, role, found.version, () => toPolicy(found));
  const platform = policies.find(({ merchant, status }) => merchant === PLATFORM && status === 'active');
  const active = own('active');
  const canary = onTrial('canary', own('canary'));
  const shadow = onTrial('shadow', own('shadow'));
  // One against a version that no longer decides is over, though nobody has looked yet.
  const tested = experiment?.controlVersion === active?.version ? experiment : undefined;
  const treatment = onTrial('treatment', tested?.treatment);
  return {
    merchantId,
    mode,
    ...(active === undefined ? {} : { active: toPolicy(active) }),
    ...(canary === undefined ? {} : { canary: { ...canary, percent: own('canary')?.percent ?? 0 } }),
    ...(shadow === undefined ? {} : { shadow }),
    ...(tested === undefined || treatment === undefined ? {} : { experiment: { ...tested, treatment } }),
    ...(leftOut.length === 0 ? {} : { leftOut }),
    platform: platform === undefined ? await ensurePlatform(db, mode) : toPolicy(platform),
    accounts: (row.accounts ?? []).map(({ overrides, ...account }) => ({
      ...account,
      overrides: catalogueOverridesSchema.parse(overrides),
    })),
    ...(row.category === null ? {} : { category: row.category }),
    ...(row.country === null ? {} : { country: row.country }),
    authenticationRules: authenticationRulesSchema.parse(row.authentication_rules),
  };
}

/** Any version that there ever was: what a payment was decided by stays readable. */
export async function findPolicy(
  db: Db,
  merchantId: string,
  mode: Mode,
  version: number,
): Promise<StoredPolicy | undefined> {
  const row = await findRow(db, merchantId, mode, version);
  return row === undefined ? undefined : toPolicy(row);
}

type DocumentRow = Pick<PolicyRow, 'version' | 'name' | 'document'>;

async function findRow(
  db: Db,
  merchantId: string,
  mode: Mode,
  version: number,
): Promise<DocumentRow | undefined> {
  const [row] = await query<DocumentRow>(
    poolOf(db),
    Prisma.sql`SELECT version, name, document FROM routing_policy
      WHERE merchant_id = ${merchantId} AND mode = ${mode} AND version = ${version}`,
  );
  return row;
}

function toPolicy({ version, name, document }: DocumentRow): StoredPolicy {
  return { version, name, document: policyDocumentSchema.parse(document) };
}
