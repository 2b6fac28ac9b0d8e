import type { Node } from '../cel.ts';
import { type Box, boxesOverlap, boxIncludes, costOfWithout, EVERYTHING, weightOf, without } from './box.ts';
import { type Region, regionOf } from './region.ts';
import { Steps } from './steps.ts';

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
 * others cover together, and never accuses one that can match. The same goes for whatever its steps don't suffice for.
 */
const MAX_PIECES = 64;
/** Boxes that rules take for certain, of all rules together; what is beyond counts as not taken. */
const MAX_TAKERS = 4_000;

export function reachOf(conditions: readonly (Node | undefined)[], steps = new Steps()): Reach {
  const takers: Taker[] = [];
  const rules = conditions.map((tree, at): RuleReach => {
    // One more than there are: something remains for what comes after the rules.
    steps.share(conditions.length - at + 1);
    const { inner, outer }: Region =
      tree === undefined ? { inner: [], outer: [EVERYTHING] } : regionOf(tree, steps);
    const { left, by } = remainder(outer, takers, steps);
    for (const box of inner) if (takers.length < MAX_TAKERS) takers.push({ box, at });
    return { reached: left, isImpossible: outer.length === 0, takers: left.length === 0 ? by : [] };
  });
  steps.share(2);
  return { rules, left: remainder([EVERYTHING], takers, steps).left };
}

interface Taker {
  readonly box: Box;
  readonly at: number;
}

interface Remainder {
  readonly left: readonly Box[];
  readonly by: readonly number[];
}

/** What of the boxes nobody takes for certain, and who took of them. */
function remainder(boxes: readonly Box[], takers: readonly Taker[], steps: Steps): Remainder {
  const by = new Set<number>();
  const hitting = new Set<Taker>();
  let pieces = boxes.filter((box) => {
    const whole = takerOfAll(box, takers, hitting, steps);
    if (whole !== undefined) by.add(whole.at);
    return whole === undefined;
  });
  // Whoever missed a box misses each piece of it.
  for (const taker of takers) {
    if (pieces.length === 0) break;
    if (!hitting.has(taker)) continue;
    const next = splitBy(taker.box, pieces, steps);
    if (next === undefined) break;
    if (next !== pieces) by.add(taker.at);
    pieces = next;
  }
  return { left: pieces, by: [...by].toSorted((a, b) => a - b) };
}

/** The one that takes the whole box; those that take of it are noted. */
function takerOfAll(
  box: Box,
  takers: readonly Taker[],
  hitting: Set<Taker>,
  steps: Steps,
): Taker | undefined {
  for (const taker of takers) {
    const look = weightOf(box) + weightOf(taker.box);
    if (!steps.spend(look)) return undefined;
    if (!boxesOverlap(box, taker.box)) continue;
    if (!steps.spend(look)) return undefined;
    if (boxIncludes(taker.box, box)) return taker;
    hitting.add(taker);
  }
  return undefined;
}

/** The pieces without the box, or the same where it hits none; undefined where that would be too many, or too dear. */
function splitBy(box: Box, pieces: Box[], steps: Steps): Box[] | undefined {
  const next: Box[] = [];
  let isHit = false;
  for (const piece of pieces) {
    if (!steps.spend(weightOf(piece) + weightOf(box))) return undefined;
    if (!boxesOverlap(piece, box)) {
      next.push(piece);
      continue;
    }
    if (!steps.spend(costOfWithout(piece, box))) return undefined;
    isHit = true;
    for (const part of without(piece, box)) next.push(part);
    if (next.length > MAX_PIECES) return undefined;
  }
  return isHit ? next : pieces;
}
