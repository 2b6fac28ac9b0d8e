import type { Steps } from './steps.ts';
import {
  complemented,
  includes,
  intersected,
  isEmpty,
  overlap,
  sizeOf,
  universeOf,
  type ValueSet,
} from './values.ts';

/** Payments told by what each variable may be; a variable that isn't there may be anything. */
export type Box = ReadonlyMap<string, ValueSet>;

export const EVERYTHING: Box = new Map();

const weights = new WeakMap<Box, number>();

/** How much there is to look at. Boxes don't change once made. */
export function weightOf(box: Box): number {
  const held = weights.get(box);
  if (held !== undefined) return held;
  let weight = 1;
  for (const set of box.values()) weight += 1 + sizeOf(set);
  weights.set(box, weight);
  return weight;
}

/** Undefined where they have nothing in common. */
export function meet(a: Box, b: Box): Box | undefined {
  const [small, large] = a.size <= b.size ? [a, b] : [b, a];
  const met = new Map(large);
  for (const [name, set] of small) {
    const other = large.get(name);
    const common = other === undefined ? set : intersected(set, other);
    if (isEmpty(common)) return undefined;
    met.set(name, common);
  }
  return met;
}

/** Whether some payment is in both. */
export function boxesOverlap(a: Box, b: Box): boolean {
  for (const [name, set] of a) {
    const other = b.get(name);
    if (other !== undefined && !overlap(set, other)) return false;
  }
  return true;
}

/** Whether all of `inner` is in `outer`. */
export function boxIncludes(outer: Box, inner: Box): boolean {
  for (const [name, set] of outer) if (!includes(set, inner.get(name) ?? universeOf(name))) return false;
  return true;
}

/** As `without` goes: the rest is copied for each variable, and each one's universe divided. */
export function costOfWithout(a: Box, b: Box): number {
  let cost = 2 * b.size * (weightOf(a) + weightOf(b));
  for (const name of b.keys()) cost += sizeOf(universeOf(name));
  return cost;
}

/** What of `a` is not in `b`, in pieces apart from each other. */
export function without(a: Box, b: Box): Box[] {
  const pieces: Box[] = [];
  let rest = new Map(a);
  for (const [name, set] of b) {
    const before = rest.get(name) ?? universeOf(name);
    const outside = intersected(before, complemented(name, set));
    if (!isEmpty(outside)) pieces.push(new Map(rest).set(name, outside));
    const inside = intersected(before, set);
    if (isEmpty(inside)) return pieces;
    rest = new Map(rest).set(name, inside);
  }
  return pieces;
}

/** Each of the one with each of the other; undefined where that would be more than `limit`, or too dear. */
export function productOf(
  left: readonly Box[],
  right: readonly Box[],
  limit: number,
  steps: Steps,
): Box[] | undefined {
  if (left.length * right.length > limit) return undefined;
  const weightOfAll = (boxes: readonly Box[]) => boxes.reduce((sum, box) => sum + weightOf(box), 0);
  if (!steps.spend(2 * (right.length * weightOfAll(left) + left.length * weightOfAll(right))))
    return undefined;
  return left.flatMap((a) =>
    right.flatMap((b) => {
      const met = meet(a, b);
      return met === undefined ? [] : [met];
    }),
  );
}
