import type { Catalogue } from '../catalogue/index.ts';
import type { CandidateInputs, RoutingInputs } from '../decision.ts';
import { evaluate } from '../evaluate/index.ts';
import { estimateFee, UnknownRate } from '../fees/index.ts';
import { PARENT_WORTH } from '../learning/index.ts';
import type { CompiledPolicy } from '../policy/index.ts';
import type { PastPayment, SkipReason } from './past.ts';

const PPM = 1_000_000;

/** One side of the comparison: who gets the payment, what that costs if it succeeds. */
export interface Side {
  /** `none`: the draft finds nobody who could take it. */
  readonly provider: string;
  /** Undefined where nobody can say what it costs. */
  readonly feeMinor?: number;
}

/** What would have become of a payment. */
export interface Elsewhere extends Side {
  /** That the draft's first choice approves it. */
  readonly ratePpm: number;
  /** Standard deviation of that rate, from the samples that it rests on. */
  readonly uncertaintyPpm: number;
  /** Payments of one group rest on the same samples, so they err together. */
  readonly group: string;
}

export type Judged =
  | { readonly type: 'skipped'; readonly reason: SkipReason }
  | {
      readonly type: 'compared';
      readonly amountMinor: number;
      readonly currency: string;
      readonly approved: boolean;
      readonly actual: Side;
      /** Absent where the draft sends it to the same account: then what came of it stands. */
      readonly elsewhere?: Elsewhere;
      readonly requirementsDiffer: boolean;
    };

/** The draft's answer to one payment of the past, beside what happened. */
export function judgePayment(
  policy: CompiledPolicy,
  catalogue: Catalogue | undefined,
  { inputs, accountId, outcome }: PastPayment,
  decidedRequirements: readonly string[] = [],
): Judged {
  if (inputs === undefined) return { type: 'skipped', reason: 'old_form' };
  if (accountId === undefined) return { type: 'skipped', reason: 'never_sent' };
  if (outcome === 'open') return { type: 'skipped', reason: 'undecided' };
  const candidate = inputs.candidates.find((each) => each.accountId === accountId);
  if (catalogue === undefined || candidate === undefined)
    return { type: 'skipped', reason: 'unknown_account' };
  const { order, requirements } = evaluate(policy, catalogue, inputs);
  const chosen = inputs.candidates.find((each) => each.accountId === order[0]);
  const { amountMinor, currency } = inputs.facts;
  return {
    type: 'compared',
    amountMinor,
    currency,
    approved: outcome === 'approved',
    actual: sideOf(candidate, inputs, catalogue),
    requirementsDiffer: !sameSet(requirements, decidedRequirements),
    ...(chosen?.accountId === accountId ? {} : { elsewhere: elsewhere(chosen, inputs, catalogue) }),
  };
}

function elsewhere(
  chosen: CandidateInputs | undefined,
  inputs: RoutingInputs,
  catalogue: Catalogue,
): Elsewhere {
  // Nobody to send it to is a refusal, and that is certain.
  if (chosen === undefined) return { provider: 'none', ratePpm: 0, uncertaintyPpm: 0, group: 'none' };
  const { success, health } = chosen;
  return {
    ...sideOf(chosen, inputs, catalogue),
    // As strategies take it: degraded accounts count for less.
    ratePpm: Math.round((success.ratePpm * health.weightPpm) / PPM),
    uncertaintyPpm: posteriorDeviation(success.ratePpm, effectiveSamples(success)),
    group: groupOf(chosen, inputs),
  };
}

function sideOf(candidate: CandidateInputs, { facts }: RoutingInputs, { accounts, rates }: Catalogue): Side {
  const { accountId, provider } = candidate;
  const entry = accounts[accountId];
  if (entry === undefined) return { provider };
  try {
    return { provider, feeMinor: estimateFee(entry.fees, facts, rates).totalMinor };
  } catch (error) {
    if (error instanceof UnknownRate) return { provider };
    throw error;
  }
}

/**
 * Of a rate that was seen in `samples` attempts, as a Beta distribution with one imagined approval and decline more:
 * what rests on few attempts, or on none, is wide, and none is certain.
 */
export function posteriorDeviation(ratePpm: number, samples: number): number {
  const rate = ((ratePpm / PPM) * samples + 1) / (samples + 2);
  return PPM * Math.sqrt((rate * (1 - rate)) / (samples + 3));
}

/**
 * An estimate that fell back to a coarser cell says little of the finer one, however many samples the coarser has: it is
 * worth what the shrinkage (../learning/success.ts) takes it for.
 */
export function effectiveSamples({ cell, samples }: CandidateInputs['success']): number {
  return cell === 'brand+country+currency' ? samples : Math.min(samples, PARENT_WORTH);
}

/** The cell whose samples the estimate was made of. */
function groupOf({ accountId, success }: CandidateInputs, { facts }: RoutingInputs): string {
  const { brand = '', issuerCountry = '', currency } = facts;
  const names = { brand, country: issuerCountry, currency };
  const own = success.cell
    .split('+')
    .map((part) => names[part as keyof typeof names] ?? '')
    .join('/');
  return `${accountId}/${success.cell}/${own}`;
}

function sameSet(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((each) => other.includes(each));
}
