import type { RoutingFacts } from './facts.ts';

/**
 * What goes into a routing decision and what comes out: plain values, safe in JSON, stored whole with the payment.
 * `evaluate` is a pure function of policy, catalogue and inputs, so the same inputs give the same decision for ever.
 * Shares and probabilities are integers in parts per million (`...Ppm`); money is integer minor units.
 */
export interface RoutingInputs {
  /** Which document decides: the active one, or the canary's. */
  readonly policyVersion: number;
  /** The platform's document as of then, which the merchant's may inherit; rows of before it was kept have none. */
  readonly platformVersion?: number;
  /** How the document was read, so that it is read so again; rows of before it was kept have none: the first. */
  readonly edition?: PolicyEdition;
  /** Names the immutable catalogue document that the numbers were looked up in. */
  readonly catalogueId: string;
  readonly facts: RoutingFacts;
  /** Every account of the merchant and mode, by id. */
  readonly candidates: readonly CandidateInputs[];
  /** One number for all that is drawn: 0 to 2^32 - 1, made from the payment's id. Strategies derive theirs from it. */
  readonly draw: number;
}

/**
 * Of how policies are read (policy/compile.ts). In the first all conditions had the merchant's clock, eliminations of one
 * name one answer, and the platform's document, deciding itself, stood twice unless it said `inherit: false`.
 */
export type PolicyEdition = 1 | 2;

export interface CandidateInputs {
  readonly accountId: string;
  readonly provider: string;
  readonly connectorVersion: string;
  readonly enabled: boolean;
  readonly health: HealthInputs;
  readonly success: SuccessEstimate;
  /** Authorized today (UTC) through this account in the payment's currency, minor units, as of the last look. */
  readonly authorizedTodayMinor: number;
}

export type CircuitState = 'closed' | 'open' | 'half_open';

export interface HealthInputs {
  readonly circuit: CircuitState;
  /** What its success counts for while it is degraded: 1,000,000 is well. */
  readonly weightPpm: number;
  /** Of the window; absent without samples. */
  readonly latencyP95Ms?: number;
  readonly unknownPpm: number;
  /** What the weight rests on; rows of before it was kept have none. */
  readonly attempts?: number;
}

/** How often this account approves payments like this one, and how that is known. */
export interface SuccessEstimate {
  readonly ratePpm: number;
  /** Attempts that the rate rests on; 0: nothing but the prior. */
  readonly samples: number;
  /** The cell that had enough samples, coarser where the exact one had few: `brand+country+currency` ... `account`, `prior`. */
  readonly cell: StatisticsCell;
  readonly windowMs: number;
}

export type StatisticsCell = 'brand+country+currency' | 'brand+currency' | 'currency' | 'account' | 'prior';

/** What a payment is sent with because a policy says so. */
export type Requirement = 'authenticate' | 'challenge' | 'review';

export interface RetryPlan {
  /** Sends of one round, the first included. What was proven not attempted counts for none. */
  readonly maxAttempts: number;
  /** Declines after which another provider is asked: reasons of domain/payment/outcome.ts. */
  readonly failOverAfter: readonly string[];
  /**
   * For merchant-initiated payments: how long after the first decline that may pass to try once more, ascending. Unscaled
   * milliseconds. Each begins a round of its own, with `maxAttempts` sends at most.
   */
  readonly laterMs: readonly number[];
}

export interface RoutingDecision {
  /** Account ids, best first; last resorts (an open circuit) at the end. Empty: nobody can take it. */
  readonly order: readonly string[];
  readonly requirements: readonly Requirement[];
  readonly retries: RetryPlan;
  readonly explanation: RouteExplanation;
}

/** Why the order is as it is: enough for a person, and checked by evaluating again. */
export interface RouteExplanation {
  /** Of this shape. Rows of the first form (without `format`) stay readable. */
  readonly format: 2;
  readonly rules: readonly RuleVerdict[];
  readonly chosenRule: string;
  readonly strategy: StrategyName;
  readonly requirements: readonly {
    readonly name: string;
    readonly matched: boolean;
    readonly require: Requirement;
  }[];
  readonly candidates: readonly CandidateVerdict[];
  readonly order: readonly string[];
  /** One sentence: why the first of the order is first. */
  readonly because: string;
  /** Where the first place was given away to learn, or an experiment chose the policy. */
  readonly exploration?: { readonly instead: string; readonly marginPpm: number };
}

export type StrategyName = 'order' | 'split' | 'lowest_cost' | 'best_success' | 'weighted';

export interface RuleVerdict {
  readonly name: string;
  readonly matched: boolean;
  /** The condition as written; with `error` where it could not be evaluated, which counts as no match. */
  readonly when: string;
  readonly error?: string;
}

export interface CandidateVerdict {
  readonly accountId: string;
  readonly provider: string;
  readonly verdict: CandidateOutcome;
  /** Absent where the account is not among the rule's choice. */
  readonly rank?: number;
  /** Expected fee in minor units of the payment's currency, and how it was computed. */
  readonly feeMinor?: number;
  readonly feeParts?: readonly { readonly kind: string; readonly amountMinor: number }[];
  /** What the strategy compared; its meaning is the strategy's. */
  readonly score?: number;
  readonly expectedValueMinor?: number;
  /** Which elimination took it out, in words. */
  readonly because?: string;
}

export type CandidateOutcome =
  | 'candidate'
  | 'last_resort'
  | 'not_chosen'
  | 'disabled'
  | 'unhealthy'
  | 'degraded'
  | 'over_limit'
  | 'ticket_size'
  | 'unlicensed'
  | 'country_not_supported'
  | 'currency_not_supported'
  | 'method_not_supported'
  | 'connector_retired'
  | 'eliminated_by_rule';
