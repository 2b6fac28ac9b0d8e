import type { AuthenticationRules } from '../authentication/rules.ts';
import type { Mode } from '../names.ts';
import type { Circuit, LeftOut, MerchantRouting, RoutingAccount, VersionedPolicy } from './book.ts';
import { type CatalogueOverrides, catalogueId, resolveCatalogue } from './catalogue/index.ts';
import type { CandidateInputs } from './decision.ts';
import type { RunningExperiment } from './experiment/assign.ts';
import type { RoutingFacts } from './facts.ts';
import type { Windows } from './learning/index.ts';
import { compilePlatform, compilePolicy, type PolicyDocument } from './policy/index.ts';

/**
 * From what is stored to what `evaluate` takes: the same steps for a payment (worker/routing-book.ts) and for a
 * hypothetical one (the API's simulation), so that the two can't disagree.
 */
export interface StoredMerchantRouting {
  readonly merchantId: string;
  readonly mode: Mode;
  /** Its own; absent where it has none, and the platform's decides. */
  readonly active?: StoredPolicy;
  readonly canary?: StoredPolicy & { readonly percent: number };
  readonly shadow?: StoredPolicy;
  readonly experiment?: RunningExperiment & { readonly treatment: StoredPolicy };
  readonly platform: StoredPolicy;
  /** On trial, with a document that couldn't be read. */
  readonly leftOut?: readonly LeftOut[];
  readonly accounts: readonly StoredAccount[];
  readonly category?: string;
  readonly country?: string;
  readonly authenticationRules: AuthenticationRules;
}

export interface StoredPolicy {
  readonly version: number;
  readonly name: string;
  readonly document: PolicyDocument;
}

export interface StoredAccount extends Omit<RoutingAccount, 'connectorVersion'> {
  /** What differs from its provider's entry in the catalogue. */
  readonly overrides: CatalogueOverrides;
}

/** The version that stands for the platform's document where a merchant has none of its own. */
export const PLATFORM_DECIDES = 0;

/** Without its active version and the platform's nothing can be decided; without one on trial everything can. */
export function assembleRouting(stored: StoredMerchantRouting): MerchantRouting {
  const { merchantId, mode, active, experiment, platform } = stored;
  const catalogue = catalogueOf(stored);
  const compiled = ({ version, document }: StoredPolicy): VersionedPolicy => ({
    version,
    policy: compilePolicy(document, platform.document),
  });
  const leftOut: LeftOut[] = [...(stored.leftOut ?? [])];
  const onTrial = (role: LeftOut['role'], policy: StoredPolicy | undefined) =>
    policy === undefined ? undefined : orLeftOut(leftOut, role, policy.version, () => compiled(policy));
  const canary = onTrial('canary', stored.canary);
  const shadow = onTrial('shadow', stored.shadow);
  const treatment = onTrial('treatment', experiment?.treatment);
  return {
    merchantId,
    mode,
    active:
      active === undefined
        ? { version: PLATFORM_DECIDES, policy: compilePlatform(platform.document) }
        : compiled(active),
    ...(canary === undefined ? {} : { canary: { ...canary, percent: stored.canary?.percent ?? 0 } }),
    ...(shadow === undefined ? {} : { shadow }),
    ...(experiment === undefined || treatment === undefined
      ? {}
      : { experiment: { ...experiment, treatment } }),
    platformVersion: platform.version,
    accounts: stored.accounts.map(({ overrides: _overrides, ...account }) => ({
      ...account,
      connectorVersion: catalogue.accounts[account.id]?.connector.active ?? '',
    })),
    catalogue,
    catalogueId: catalogueId(catalogue),
    ...(stored.category === undefined ? {} : { merchantCategory: stored.category }),
    ...(stored.country === undefined ? {} : { merchantCountry: stored.country }),
    authenticationRules: stored.authenticationRules,
    ...(leftOut.length === 0 ? {} : { leftOut }),
  };
}

/** What `read` makes of a version on trial; where it can't, it is put down and left out. */
export function orLeftOut<T>(
  leftOut: LeftOut[],
  role: LeftOut['role'],
  version: number,
  read: () => T,
): T | undefined {
  try {
    return read();
  } catch (error) {
    leftOut.push({ role, version, error });
    return undefined;
  }
}

/** The numbers that count for a merchant's accounts, in the environment that they are in. */
export function catalogueOf({ accounts, mode }: Pick<StoredMerchantRouting, 'accounts' | 'mode'>) {
  return resolveCatalogue(accounts.map(({ id, provider, overrides }) => ({ id, provider, mode, overrides })));
}

/** What was learnt and who is well, as of now. */
export interface RoutingNumbers {
  readonly windows: Pick<Windows, 'estimateSuccess' | 'healthOf' | 'authorizedToday'>;
  circuitOf(accountId: string): Circuit['state'];
}

/** Every account with its numbers for a payment like this one. */
export function candidatesOf(
  { accounts }: Pick<MerchantRouting, 'accounts'>,
  facts: RoutingFacts,
  { windows, circuitOf }: RoutingNumbers,
  nowMs: number,
): readonly CandidateInputs[] {
  return accounts.map(({ id, provider, connectorVersion, enabled }) => ({
    accountId: id,
    provider,
    connectorVersion,
    enabled,
    health: { circuit: circuitOf(id), ...windows.healthOf(id, nowMs) },
    success: windows.estimateSuccess(id, facts, nowMs),
    authorizedTodayMinor: windows.authorizedToday(id, facts.currency, nowMs),
  }));
}
