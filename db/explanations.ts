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

/** How a payment was decided once: at first, or when a later round of it was routed anew. */
export interface RoutedRound {
  /** Of a later round: the attempt that began it. */
  readonly attemptId?: string;
  /** As it was stored; rows of before have other forms. */
  readonly document: unknown;
  readonly atMs: number;
}

/** All rounds, the first one first; empty for a payment that was not routed. */
export async function loadRounds(
  db: Pick<Db, 'routeExplanation' | 'retryExplanation'>,
  paymentId: string,
): Promise<readonly RoutedRound[]> {
  const where = { paymentId };
  const [first, later] = await Promise.all([
    db.routeExplanation.findUnique({ where }),
    db.retryExplanation.findMany({ where, orderBy: { createdAt: 'asc' } }),
  ]);
  return [
    ...(first === null ? [] : [{ document: first.document, atMs: first.createdAt.getTime() }]),
    ...later.map(({ attemptId, document, createdAt }) => ({
      attemptId,
      document,
      atMs: createdAt.getTime(),
    })),
  ];
}
