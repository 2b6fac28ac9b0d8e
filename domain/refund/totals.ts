import type { Evidence } from '../payment/outcome.ts';
import { MANUAL, type Refund } from './refund.ts';

/** Whether evidence tells what was refunded of a payment in total, whoever did it, and names no refund. */
export function isTotal({ kind, outcome }: Evidence): boolean {
  return kind === 'refund' && outcome.type === 'refunded' && outcome.providerReference === '';
}

/**
 * A provider's total as the books count: what people refunded by hand is in them, and the provider knows nothing of
 * it. Without it a refund by hand would hide as much that somebody refunded at the provider.
 */
export function asBooksCount(evidence: Evidence, byHandMinor: number): Evidence {
  const { outcome } = evidence;
  if (outcome.type !== 'refunded' || !isTotal(evidence)) return evidence;
  return { ...evidence, outcome: { ...outcome, amountMinor: outcome.amountMinor + byHandMinor } };
}

/** What people refunded by hand of an attempt, among some of its payment's refunds. */
export function byHandMinor(
  refunds: readonly Pick<Refund, 'attemptId' | 'countedOperationId' | 'amountMinor'>[],
  attemptId: string,
): number {
  return refunds
    .filter((refund) => refund.attemptId === attemptId && refund.countedOperationId === MANUAL)
    .reduce((sum, { amountMinor }) => sum + amountMinor, 0);
}
