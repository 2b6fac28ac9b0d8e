import { limitsFor, type MerchantLimits } from '../../../domain/cases/limits.ts';
import { Prisma } from '../../generated/client.ts';
import type { Transaction } from '../../requests/once.ts';
import type { Admin } from './admin.ts';

/** What a merchant has set of where two people are wanted. */
export interface TwoPeopleRules {
  readonly id: string;
  readonly routingApproval: boolean;
  readonly caseLimits: MerchantLimits;
}

/** Which rule the person would be rid of whose own proposal waits under it. */
export type LoosenedRule = 'routing_approval' | 'case_limits';

/**
 * Whoever has proposed something may not meanwhile lift the rule by which somebody else has to approve it. Undefined: no
 * rule is loosened, or nothing of theirs waits under it.
 */
export async function ownProposalUnder(
  tx: Transaction,
  { actor, operatorId }: Admin,
  before: TwoPeopleRules,
  after: TwoPeopleRules,
): Promise<LoosenedRule | undefined> {
  const { id } = before;
  if (before.routingApproval && !after.routingApproval) {
    const waits = Prisma.sql`
      SELECT 1 FROM routing_policy p WHERE p.merchant_id = ${id} AND p.proposal IS NOT NULL
        AND (p.author = ${actor} OR p.proposal ->> 'by' = ${actor} OR EXISTS (
          SELECT 1 FROM api_key k WHERE k.created_by = ${actor} AND 'key:' || k.id IN (p.author, p.proposal ->> 'by')))
      LIMIT 1`;
    if (await isAny(tx, waits)) return 'routing_approval';
  }
  if (isRaised(before.caseLimits, after.caseLimits)) {
    const waits = Prisma.sql`
      SELECT 1 FROM exception WHERE merchant_id = ${id} AND closed_at IS NULL
        AND disposition ->> 'status' = 'proposed' AND disposition ->> 'proposedBy' = ${operatorId} LIMIT 1`;
    if (await isAny(tx, waits)) return 'case_limits';
  }
  return undefined;
}

async function isAny(tx: Transaction, statement: Prisma.Sql): Promise<boolean> {
  return (await tx.$queryRaw<unknown[]>(statement)).length > 0;
}

/** A currency that is no longer named has the platform's limit, which may be the higher one. */
function isRaised(before: MerchantLimits, after: MerchantLimits): boolean {
  const currencies = [...Object.keys(before.four_eyes), ...Object.keys(after.four_eyes)];
  return currencies.some(
    (currency) => limitsFor(currency, after).fourEyesMinor > limitsFor(currency, before).fourEyesMinor,
  );
}
