import type { Node } from '../cel.ts';
import { type Box, boxesOverlap, boxIncludes, EVERYTHING, without } from './box.ts';
import { type Region, regionOf } from './region.ts';

/** What reaches each of a list of rules, where the first that matches takes a payment from the rest. */
export interface Reach {
  readonly rules: readonly RuleReach[];
  /** What may be left where no rule matches. */
  readonly left: readonly Box[];
}

export interface RuleReach {
  /** What may come to it and match. Empty: it can never decide. */
  readonly reached: readonly Box[];
  /** Its condition can't hold for any payment, whatever the rules before it take. */
  readonly isImpossible: boolean;
  /** The rules before it, by their place, that leave it nothing; empty where something is left. */
  readonly takers: readonly number[];
}

/**
 * What is split further than this is given up, and counts as reached: the search may overlook a rule that a great many
 * others cover together, and never accuses one that can match. One rule that covers another is always found.
 */
const MAX_PIECES = 64;
/** Of all rules together, about a second's worth; each has its share. */
const MAX_STEPS = 150_000;
const MAX_STEPS_EACH = 10_000;

export function reachOf(conditions: readonly (Node | undefined)[]): Reach {
  const regions = conditions.map(
    (tree): Region => (tree === undefined ? { inner: [], outer: [EVERYTHING] } : regionOf(tree)),
  );
  const takers: Taker[] = [];
  const steps = Math.min(MAX_STEPS_EACH, Math.ceil(MAX_STEPS / (regions.length + 1)));
  const rules = regions.map(({ inner, outer }, at): RuleReach => {
    const { left, by } = remainder(outer, takers, steps);
    takers.push(...inner.map((box) => ({ box, at })));
    return { reached: left, isImpossible: outer.length === 0, takers: left.length === 0 ? by : [] };
  });
  return { rules, left: remainder([EVERYTHING], takers, steps).left };
}

interface Taker {
  readonly box: Box;
  readonly at: number;
}

/** What of the boxes nobody takes for certain, and who took of them. */
function remainder(
  boxes: readonly Box[],
  takers: readonly Taker[],
  maxSteps: number,
): { readonly left: readonly Box[]; readonly by: readonly number[] } {
  const by = new Set<number>();
  let pieces = boxes.filter((box) => {
    const whole = takers.find((taker) => boxIncludes(taker.box, box));
    if (whole !== undefined) by.add(whole.at);
    return whole === undefined;
  });
  let steps = maxSteps;
  for (const { box, at } of takers) {
    if (pieces.length === 0 || steps < 0) break;
    const isHit = pieces.map((piece) => boxesOverlap(piece, box));
    if (!isHit.includes(true)) continue;
    // Only what is split costs much: looking whether it must be is cheap.
    steps -= pieces.length;
    const next = pieces.flatMap((piece, index) => (isHit[index] === true ? without(piece, box) : [piece]));
    if (next.length > MAX_PIECES) break;
    by.add(at);
    pieces = next;
  }
  return { left: pieces, by: [...by].toSorted((a, b) => a - b) };
}
