import type { StoredRouting } from '../domain/routing/choose.ts';
import type { StatedFacts } from '../domain/routing/stated.ts';
import type { Db } from './client.ts';

/**
 * What the merchant said of a payment for its policy's sake, as its first routing stored it: a later one goes by the
 * same. Nothing for payments whose explanation has the first form.
 */
export async function loadStatedFacts(
  db: Db,
  paymentId: string,
): Promise<{ readonly stated: StatedFacts; readonly risk?: 'normal' | 'elevated' | 'highest' }> {
  const row = await db.routeExplanation.findUnique({ where: { paymentId }, select: { document: true } });
  const facts = (row?.document as Partial<StoredRouting> | undefined)?.inputs?.facts;
  if (facts === undefined) return { stated: {} };
  const { buyerCountry, channel, riskScore, risk } = facts;
  return {
    risk,
    stated: {
      ...(buyerCountry === undefined ? {} : { billingCountry: buyerCountry }),
      ...(channel === undefined ? {} : { channel }),
      ...(riskScore === undefined ? {} : { riskScore }),
    },
  };
}
