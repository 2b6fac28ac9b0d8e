/**
 * checker/: judges a storm from what it left behind, and from nothing else: the simulators' journals, the
 * merchant's log, the API's answers, the rows and the histories. What lives here: one file an invariant, pure
 * functions of the evidence. What may not: asking a running system, and believing a row that a journal
 * contradicts.
 */
import type { StormEvidence } from '../evidence-types.ts';
import { checkAcknowledged } from './acknowledged.ts';
import { checkAudit } from './audit.ts';
import { checkChallenges } from './challenges.ts';
import { checkDeliveries } from './deliveries.ts';
import { FINDING_KINDS, type Finding, type FindingKind } from './finding.ts';
import { checkLedger } from './ledger.ts';
import { checkLiveness } from './liveness.ts';
import { checkLost } from './lost.ts';
import { checkMonotone } from './monotone.ts';
import { checkOnce } from './once.ts';
import { checkOverlap } from './overlap.ts';
import { checkPhantom } from './phantom.ts';
import { checkReplay } from './replay.ts';
import { checkSecrets } from './secrets.ts';
import { checkSends } from './sends.ts';
import { viewOf } from './view.ts';
import { checkWebhooks } from './webhooks.ts';

export { FINDING_KINDS, type Finding, type FindingKind } from './finding.ts';

const CHECKS = [
  checkOnce,
  checkSends,
  checkLost,
  checkPhantom,
  checkOverlap,
  checkLedger,
  checkMonotone,
  checkAudit,
  checkAcknowledged,
  checkLiveness,
  checkReplay,
  checkSecrets,
  checkWebhooks,
  checkChallenges,
  checkDeliveries,
] as const;

/** Everything that the evidence shows to be broken; none means that nothing was. */
export function check(evidence: StormEvidence): readonly Finding[] {
  const view = viewOf(evidence);
  return CHECKS.flatMap((judge) => judge(view));
}

/** How often each was broken, those that were not included. */
export function countByKind(findings: readonly Finding[]): Readonly<Record<FindingKind, number>> {
  const counts = Object.fromEntries(FINDING_KINDS.map((kind) => [kind, 0])) as Record<FindingKind, number>;
  for (const { invariant } of findings) counts[invariant] += 1;
  return counts;
}
