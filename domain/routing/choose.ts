import type { MerchantRouting, PolicyComparison, VersionedPolicy } from './book.ts';
import type { CandidateInputs, RoutingDecision, RoutingInputs } from './decision.ts';
import { drawOf, isCanarys } from './draw.ts';
import { evaluate } from './evaluate/index.ts';
import { versionFor } from './experiment/assign.ts';
import type { RoutingFacts } from './facts.ts';

/** What is stored of a decision: enough to evaluate it again and to say why. */
export interface StoredRouting extends RoutingDecision {
  readonly format: 2;
  readonly inputs: RoutingInputs;
}

/**
 * One payment decided by whichever version it falls to, with all that went into it. A version on trial that can't be
 * evaluated stops nobody's payment: the active one decides.
 */
export function choose(
  routing: MerchantRouting,
  paymentId: string,
  facts: RoutingFacts,
  candidates: readonly CandidateInputs[],
): StoredRouting {
  const { active } = routing;
  const deciding = decidingVersion(routing, paymentId, facts.atMs);
  if (deciding !== active) {
    const tried = tryBy(deciding, routing, paymentId, facts, candidates);
    if (tried !== undefined) return tried;
  }
  return decideBy(active, routing, paymentId, facts, candidates);
}

function decideBy(
  { version, policy }: VersionedPolicy,
  { catalogue, catalogueId, platformVersion }: MerchantRouting,
  paymentId: string,
  facts: RoutingFacts,
  candidates: readonly CandidateInputs[],
): StoredRouting {
  const inputs = {
    policyVersion: version,
    platformVersion,
    edition: policy.edition,
    catalogueId,
    facts,
    candidates,
    draw: drawOf(paymentId),
  };
  return { format: 2, inputs, ...evaluate(policy, catalogue, inputs) };
}

/** Undefined where it can't be: for versions that a payment can do without. */
function tryBy(
  version: VersionedPolicy,
  routing: MerchantRouting,
  paymentId: string,
  facts: RoutingFacts,
  candidates: readonly CandidateInputs[],
): StoredRouting | undefined {
  try {
    return decideBy(version, routing, paymentId, facts, candidates);
  } catch (error) {
    routing.failed?.(version.version, error);
    return undefined;
  }
}

/** A running experiment whose time is not up divides the payments between its two versions; else the canary has its share of them. */
export function decidingVersion(
  { active, canary, experiment }: MerchantRouting,
  paymentId: string,
  atMs: number,
): VersionedPolicy {
  if (experiment !== undefined && atMs < experiment.endsByMs)
    return versionFor(paymentId, experiment) === experiment.treatmentVersion ? experiment.treatment : active;
  return canary !== undefined && isCanarys(paymentId, canary.version, canary.percent) ? canary : active;
}

/**
 * What others would have answered to the same inputs: the shadow beside whichever decided, and the active one where the
 * canary or an experiment's treatment did. A version isn't compared with itself: the shadow may be the treatment.
 */
export function comparisonsOf(
  routing: MerchantRouting,
  paymentId: string,
  { inputs, order, requirements }: StoredRouting,
): readonly PolicyComparison[] {
  const { active, shadow, merchantId, mode } = routing;
  const others = [...(shadow === undefined ? [] : [shadow]), active].filter(
    ({ version }) => version !== inputs.policyVersion,
  );
  return others.flatMap((other) => {
    const wouldHave = tryBy(other, routing, paymentId, inputs.facts, inputs.candidates);
    if (wouldHave === undefined) return [];
    return [
      {
        merchantId,
        mode,
        paymentId,
        deciding: inputs.policyVersion,
        compared: other.version,
        decided: { order, requirements },
        wouldHave: { order: wouldHave.order, requirements: wouldHave.requirements },
      },
    ];
  });
}
