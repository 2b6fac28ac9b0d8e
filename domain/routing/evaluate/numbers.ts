import type { Catalogue } from '../catalogue/index.ts';
import type { CandidateInputs, RouteExplanation, RoutingInputs } from '../decision.ts';
import { estimateFee, type FeeEstimate, UnknownRate } from '../fees/index.ts';

/** An order, best first, with the numbers it was made of. */
export interface Ranking {
  readonly order: readonly CandidateInputs[];
  /** Why the first is first. */
  readonly because: string;
  readonly numbers: ReadonlyMap<string, CandidateNumbers>;
  readonly exploration?: NonNullable<RouteExplanation['exploration']>;
}

export interface CandidateNumbers {
  readonly fee?: FeeEstimate;
  readonly score?: number;
  readonly expectedValueMinor?: number;
}

/** What strategies look at. `listed` are the accounts that may be chosen, in the order in which the choice names them. */
export interface Question {
  readonly listed: readonly CandidateInputs[];
  readonly inputs: RoutingInputs;
  readonly catalogue: Catalogue;
  /** Last resorts are for when nothing else went: nobody learns from them. */
  readonly mayExplore: boolean;
}

/** Undefined where nobody said what it charges, or in a currency that has no rate. */
export function feeOf(
  { accountId }: CandidateInputs,
  { facts }: RoutingInputs,
  { accounts, rates }: Catalogue,
): FeeEstimate | undefined {
  const entry = accounts[accountId];
  if (entry === undefined) return undefined;
  try {
    return estimateFee(entry.fees, facts, rates);
  } catch (error) {
    if (error instanceof UnknownRate) return undefined;
    throw error;
  }
}
