import { type Variable, variableNamed } from '../variables.ts';

/**
 * Sets of values that one variable can have: texts (listed, or all but some), whole numbers (as intervals), and
 * whether "not known" is among them. All that the search for unreachable rules computes with.
 */
export interface ValueSet {
  readonly unknown: boolean;
  readonly known: Texts | Numbers;
}

export interface Texts {
  readonly kind: 'texts';
  /** All but these, rather than these. */
  readonly except: boolean;
  readonly values: ReadonlySet<string>;
}

/** Sorted, apart from each other, both ends inclusive. */
export interface Numbers {
  readonly kind: 'numbers';
  readonly intervals: readonly (readonly [from: number, to: number])[];
}

/** `amount` against `minor(n, currency)`: a variable of its own, in ten-thousandths of a major unit. */
export const MAJOR_AMOUNT = 'amount in major units';
export const MAJOR_SCALE = 10_000;
const METADATA = 'metadata ';

export function metadataVariable(key: string): string {
  return `${METADATA}${key}`;
}

export function texts(values: Iterable<string>, except = false): Texts {
  return { kind: 'texts', except, values: new Set(values) };
}

/** In ascending order; those without a number are left out. A list, never arguments: of those there is an end. */
export function numbers(intervals: readonly (readonly [number, number])[]): Numbers {
  return { kind: 'numbers', intervals: intervals.filter(([from, to]) => from <= to) };
}

/** How many values or intervals it is written with. */
export function sizeOf({ known }: ValueSet): number {
  return known.kind === 'texts' ? known.values.size : known.intervals.length;
}

export const NO_TEXTS: Texts = texts([]);

const cached = new Map<string, ValueSet>();

/** All that a variable can be. */
export function universeOf(name: string): ValueSet {
  const held = cached.get(name);
  if (held !== undefined) return held;
  const variable = variableNamed(name);
  // Metadata's keys are the authors' own; there is no end of them to keep.
  if (variable === undefined && name !== MAJOR_AMOUNT) return { unknown: true, known: texts([], true) };
  const universe = { unknown: variable?.optional === true, known: knownValues(variable) };
  cached.set(name, universe);
  return universe;
}

function knownValues(variable: Variable | undefined): Texts | Numbers {
  if (variable === undefined) return numbers([[0, Number.POSITIVE_INFINITY]]);
  const { type, values, min, max } = variable;
  if (type === 'int') return numbers([[min ?? Number.NEGATIVE_INFINITY, max ?? Number.POSITIVE_INFINITY]]);
  if (type === 'bool') return texts(['true', 'false']);
  return values === undefined ? texts([], true) : texts(values);
}

export function isEmpty({ unknown, known }: ValueSet): boolean {
  if (unknown) return false;
  return known.kind === 'texts' ? !known.except && known.values.size === 0 : known.intervals.length === 0;
}

export function intersected(a: ValueSet, b: ValueSet): ValueSet {
  return { unknown: a.unknown && b.unknown, known: intersectedKnown(a.known, b.known) };
}

/** What of the universe is not in the set. */
export function complemented(name: string, set: ValueSet): ValueSet {
  const universe = universeOf(name);
  return {
    unknown: universe.unknown && !set.unknown,
    known: intersectedKnown(universe.known, complementedKnown(set.known)),
  };
}

export function complementedKnown(set: Texts | Numbers): Texts | Numbers {
  if (set.kind === 'texts') return { ...set, except: !set.except };
  let from = Number.NEGATIVE_INFINITY;
  const gaps: [number, number][] = [];
  for (const [start, end] of set.intervals) {
    gaps.push([from, start - 1]);
    from = end + 1;
  }
  gaps.push([from, Number.POSITIVE_INFINITY]);
  // An interval without an end leaves no gap behind it: infinity has no successor.
  return numbers(
    gaps.filter(([start, end]) => start !== Number.POSITIVE_INFINITY && end !== Number.NEGATIVE_INFINITY),
  );
}

export function intersectedKnown(a: Texts | Numbers, b: Texts | Numbers): Texts | Numbers {
  if (a.kind === 'texts' && b.kind === 'texts') return intersectedTexts(a, b);
  if (a.kind === 'numbers' && b.kind === 'numbers') return numbers(merged(a.intervals, b.intervals));
  // Conditions are type-checked before: one variable is never both.
  return NO_TEXTS;
}

type Intervals = Numbers['intervals'];

/** What each interval has in common with those of the other that it meets; both are in ascending order. */
function merged(a: Intervals, b: Intervals): Intervals {
  const common: (readonly [number, number])[] = [];
  for (let i = 0, j = 0; ; ) {
    const [one, other] = [a[i], b[j]];
    if (one === undefined || other === undefined) return common;
    common.push([Math.max(one[0], other[0]), Math.min(one[1], other[1])]);
    // Whichever ends first meets nothing that comes later.
    if (one[1] < other[1]) i++;
    else j++;
  }
}

function doMeet(a: Intervals, b: Intervals): boolean {
  for (let i = 0, j = 0; ; ) {
    const [one, other] = [a[i], b[j]];
    if (one === undefined || other === undefined) return false;
    if (one[0] <= other[1] && other[0] <= one[1]) return true;
    if (one[1] < other[1]) i++;
    else j++;
  }
}

function intersectedTexts(a: Texts, b: Texts): Texts {
  if (a.except && b.except) return texts([...a.values, ...b.values], true);
  const [listed, other] = a.except ? [b, a] : [a, b];
  return texts([...listed.values].filter((value) => other.values.has(value) !== other.except));
}

/** Whether they have a value in common; without making the set of them, for it is asked a million times. */
export function overlap(a: ValueSet, b: ValueSet): boolean {
  if (a.unknown && b.unknown) return true;
  if (a.known.kind === 'texts' && b.known.kind === 'texts') return textsOverlap(a.known, b.known);
  if (a.known.kind !== 'numbers' || b.known.kind !== 'numbers') return false;
  return doMeet(a.known.intervals, b.known.intervals);
}

function textsOverlap(a: Texts, b: Texts): boolean {
  // Of texts there is no end: two lists of exceptions always leave some.
  if (a.except && b.except) return true;
  const isLonger = !b.except && b.values.size < a.values.size;
  const [listed, other] = a.except || isLonger ? [b, a] : [a, b];
  for (const value of listed.values) if (other.values.has(value) !== other.except) return true;
  return false;
}

/** Whether all of `inner` is in `outer`. */
export function includes(outer: ValueSet, inner: ValueSet): boolean {
  if (inner.unknown && !outer.unknown) return false;
  return !overlap(
    { unknown: false, known: inner.known },
    { unknown: false, known: complementedKnown(outer.known) },
  );
}
