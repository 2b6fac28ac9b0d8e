import { z } from 'zod';

/**
 * A merchant's routing policy, first form: ordered rules, the first that matches gives the order of
 * providers. The workflow knows only `evaluate`'s answer (an order and its explanation), so a richer
 * language can take this file's place without touching a payment in flight.
 */
const conditionSchema = z.strictObject({
  countries: z.array(z.string().length(2)).optional(),
  currencies: z.array(z.string().length(3)).optional(),
  brands: z.array(z.string()).optional(),
  minAmountMinor: z.number().int().nonnegative().optional(),
  maxAmountMinor: z.number().int().nonnegative().optional(),
});

export const routingPolicySchema = z.strictObject({
  rules: z.array(
    z.strictObject({
      name: z.string().min(1),
      when: conditionSchema,
      /** Provider names or account ids, best first. */
      order: z.array(z.string()).min(1),
    }),
  ),
  /** The order where no rule matches. */
  otherwise: z.array(z.string()).min(1),
});

export type RoutingPolicy = z.infer<typeof routingPolicySchema>;
export type RoutingCondition = z.infer<typeof conditionSchema>;

export interface RoutingFacts {
  readonly amountMinor: number;
  readonly currency: string;
  /** The card's country, where known. */
  readonly country?: string;
  readonly brand?: string;
}

export interface Candidate {
  readonly accountId: string;
  readonly provider: string;
  readonly enabled: boolean;
  readonly circuit: CircuitState;
}

export type CircuitState = 'closed' | 'open' | 'half_open';

/** What was looked at and why the order is as it is; stored with the payment and shown in its timeline. */
export interface RouteExplanation {
  readonly policyVersion: number;
  readonly facts: RoutingFacts;
  readonly rules: readonly { readonly name: string; readonly matched: boolean; readonly because: string }[];
  readonly chosenRule: string;
  readonly candidates: readonly {
    readonly accountId: string;
    readonly provider: string;
    readonly circuit: CircuitState;
    readonly verdict: 'candidate' | 'last_resort' | 'disabled' | 'not_in_order';
  }[];
  readonly order: readonly string[];
}

/** Why a condition does not hold, or undefined when it does. An unknown fact never matches a condition on it. */
function mismatch(when: RoutingCondition, facts: RoutingFacts): string | undefined {
  const { countries, currencies, brands, minAmountMinor, maxAmountMinor } = when;
  if (countries !== undefined && !(facts.country !== undefined && countries.includes(facts.country))) {
    return `country ${facts.country ?? 'unknown'} is not one of ${countries.join(', ')}`;
  }
  if (currencies !== undefined && !currencies.includes(facts.currency)) {
    return `currency ${facts.currency} is not one of ${currencies.join(', ')}`;
  }
  if (brands !== undefined && !(facts.brand !== undefined && brands.includes(facts.brand))) {
    return `brand ${facts.brand ?? 'unknown'} is not one of ${brands.join(', ')}`;
  }
  if (minAmountMinor !== undefined && facts.amountMinor < minAmountMinor) {
    return `amount ${facts.amountMinor} is under ${minAmountMinor}`;
  }
  if (maxAmountMinor !== undefined && facts.amountMinor > maxAmountMinor) {
    return `amount ${facts.amountMinor} is over ${maxAmountMinor}`;
  }
  return undefined;
}

export interface Routing {
  readonly order: readonly string[];
  readonly explanation: RouteExplanation;
}

/**
 * The order of accounts for one payment. An account whose circuit is open goes to the end, not away: when
 * all are unhealthy, trying is better than refusing, and a refused connection charges nobody.
 */
export function evaluate(
  policy: RoutingPolicy,
  policyVersion: number,
  facts: RoutingFacts,
  candidates: readonly Candidate[],
): Routing {
  const rules = policy.rules.map((rule) => {
    const because = mismatch(rule.when, facts);
    return { name: rule.name, matched: because === undefined, because: because ?? 'all conditions hold' };
  });
  const index = rules.findIndex((rule) => rule.matched);
  const chosen = policy.rules[index];
  const wanted = chosen?.order ?? policy.otherwise;
  const ranked = wanted.flatMap((name) =>
    candidates.filter((each) => each.accountId === name || each.provider === name),
  );
  const usable = [...new Set(ranked)].filter((each) => each.enabled);
  const healthy = usable.filter((each) => each.circuit !== 'open');
  const order = [...healthy, ...usable.filter((each) => each.circuit === 'open')].map(
    (each) => each.accountId,
  );
  return {
    order,
    explanation: {
      policyVersion,
      facts,
      rules: index === -1 ? rules : rules.slice(0, index + 1),
      chosenRule: chosen?.name ?? 'otherwise',
      candidates: candidates.map(({ accountId, provider, circuit, enabled }) => ({
        accountId,
        provider,
        circuit,
        verdict: !enabled
          ? 'disabled'
          : !order.includes(accountId)
            ? 'not_in_order'
            : circuit === 'open'
              ? 'last_resort'
              : 'candidate',
      })),
      order,
    },
  };
}
