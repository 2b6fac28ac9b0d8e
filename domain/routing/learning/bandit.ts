import type { HealthInputs, SuccessEstimate } from '../decision.ts';
import { derivedDraw, drawnWithin, normalDraw } from './draw.ts';

export interface BanditCandidate {
  readonly accountId: string;
  readonly success: SuccessEstimate;
  readonly health: Pick<HealthInputs, 'weightPpm'>;
}

export interface BanditOptions {
  /** The share of payments that may be spent on learning. */
  readonly explorePpm: number;
  /** How much less than the ordered list's first an exploring payment may expect. */
  readonly guardRailPpm: number;
  /** The order without any learning; it also breaks ties. Accounts that it doesn't list come after those that it does. */
  readonly orderedFallback: readonly string[];
}

/** The numbers that one account was ranked by. */
export interface BanditNumbers {
  readonly accountId: string;
  readonly ratePpm: number;
  readonly weightPpm: number;
  /** Rate times weight: what is expected of it now. */
  readonly expectedPpm: number;
  /** Where this payment explores: what was drawn from what is believed of the account. */
  readonly drawnPpm?: number;
}

export interface RankedBySuccess {
  /** Account ids, best first. */
  readonly order: readonly string[];
  /** In the order of `order`. */
  readonly numbers: readonly BanditNumbers[];
  /** The first place was given away to learn: who had it, and what that costs in expectation. */
  readonly exploration?: { readonly instead: string; readonly marginPpm: number };
  /** The best draw was of an account below the guard rail, so nobody explored. */
  readonly heldBack?: { readonly accountId: string; readonly belowPpm: number };
}

/**
 * The order by expected success, with a bounded share of payments spent on learning.
 *
 * Most payments go to the account that is expected to do best. Of an `explorePpm` share, decided by the payment's own draw,
 * each account is given a rate drawn from what is believed of it (Thompson sampling: few samples, wide belief), and the
 * best draw goes first, unless less is expected of it than of the ordered list's first by more than the guard rail. So an
 * explored payment costs at most the guard rail against the fixed order, and any other costs nothing by what is known.
 */
export function rankBySuccess(
  candidates: readonly BanditCandidate[],
  draw: number,
  options: BanditOptions,
): RankedBySuccess {
  const place = new Map(options.orderedFallback.map((accountId, index) => [accountId, index]));
  const placeOf = ({ accountId }: BanditNumbers) => place.get(accountId) ?? place.size;
  const ranked = candidates
    .map(numbersOf)
    .sort((a, b) => b.expectedPpm - a.expectedPpm || placeOf(a) - placeOf(b) || byId(a, b));
  const [best] = ranked;
  if (best === undefined) return { order: [], numbers: [] };
  if (!drawnWithin(derivedDraw(draw, 'explore'), options.explorePpm)) return answer(ranked);

  const drawn = withDraws(ranked, candidates, draw);
  const pick = drawn.reduce((first, each) => ((each.drawnPpm ?? 0) > (first.drawnPpm ?? 0) ? each : first));
  if (pick.accountId === best.accountId) return answer(drawn);
  const listed = ranked.filter((each) => place.has(each.accountId));
  const first = listed.sort((a, b) => placeOf(a) - placeOf(b))[0] ?? best;
  const belowPpm = first.expectedPpm - pick.expectedPpm;
  if (belowPpm > options.guardRailPpm) {
    return { ...answer(drawn), heldBack: { accountId: pick.accountId, belowPpm } };
  }
  return {
    ...answer([pick, ...drawn.filter((each) => each !== pick)]),
    exploration: { instead: best.accountId, marginPpm: best.expectedPpm - pick.expectedPpm },
  };
}

function answer(numbers: readonly BanditNumbers[]): RankedBySuccess {
  return { order: numbers.map(({ accountId }) => accountId), numbers };
}

/** How likely it is to succeed now: what it used to, times what that counts for while it is degraded. */
export function expectedPpm({ success, health }: Pick<BanditCandidate, 'success' | 'health'>): number {
  return Math.round((success.ratePpm * health.weightPpm) / 1_000_000);
}

function numbersOf(candidate: BanditCandidate): BanditNumbers {
  const { accountId, success, health } = candidate;
  return {
    accountId,
    ratePpm: success.ratePpm,
    weightPpm: health.weightPpm,
    expectedPpm: expectedPpm(candidate),
  };
}

/** What a rate is worth in answers where it rests on nothing but its parents. */
const BELIEF_WORTH = 10;

/**
 * The belief in a rate is a Beta distribution; its normal approximation is drawn from, because a square root is exact
 * everywhere. The weight is applied to the draw: an account in trouble isn't explored for its good past.
 */
function withDraws(
  ranked: readonly BanditNumbers[],
  candidates: readonly BanditCandidate[],
  draw: number,
): BanditNumbers[] {
  const samples = new Map(candidates.map(({ accountId, success }) => [accountId, success.samples]));
  return ranked.map((numbers) => {
    const rate = numbers.ratePpm / 1_000_000;
    const worth = (samples.get(numbers.accountId) ?? 0) + BELIEF_WORTH;
    const deviation = Math.sqrt((rate * (1 - rate)) / (worth + 1));
    const drawn = Math.min(1, Math.max(0, rate + deviation * normalDraw(draw, numbers.accountId)));
    return { ...numbers, drawnPpm: Math.round(drawn * numbers.weightPpm) };
  });
}

function byId(a: BanditNumbers, b: BanditNumbers): number {
  return a.accountId < b.accountId ? -1 : 1;
}
