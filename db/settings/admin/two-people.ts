import { isSecondPerson } from '../../../domain/access/two-people.ts';
import { limitsFor, type MerchantLimits } from '../../../domain/cases/limits.ts';
import { Prisma } from '../../generated/client.ts';
import type { Transaction } from '../../requests/once.ts';
import { makersOf } from '../people/makers.ts';
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
    const hands = await handsInWaitingPolicies(tx, id);
    if (!isSecondPerson(actor, hands, await makersOf(tx, hands))) return 'routing_approval';
  }
  if (isRaised(before.caseLimits, after.caseLimits)) {
    // Operators alone propose these, by their own names.
    const waits = await tx.$queryRaw<unknown[]>(Prisma.sql`
      SELECT 1 FROM exception WHERE merchant_id = ${id} AND closed_at IS NULL
        AND disposition ->> 'status' = 'proposed' AND disposition ->> 'proposedBy' = ${operatorId} LIMIT 1`);
    if (waits.length > 0) return 'case_limits';
  }
  return undefined;
}

/** Who wrote and who proposed what waits for a second person. */
async function handsInWaitingPolicies(tx: Transaction, merchantId: string): Promise<readonly string[]> {
  const rows = await tx.$queryRaw<{ hand: string }[]>(Prisma.sql`
    SELECT DISTINCT h.hand FROM routing_policy p CROSS JOIN LATERAL (VALUES (p.author), (p.proposal ->> 'by')) h(hand)
    WHERE p.merchant_id = ${merchantId} AND p.proposal IS NOT NULL`);
  return rows.map(({ hand }) => hand);
}

/** A currency that is no longer named has the platform's limit, which may be the higher one. */
function isRaised(before: MerchantLimits, after: MerchantLimits): boolean {
  const currencies = [...Object.keys(before.four_eyes), ...Object.keys(after.four_eyes)];
  return currencies.some(
    (currency) => limitsFor(currency, after).fourEyesMinor > limitsFor(currency, before).fourEyesMinor,
  );
}
