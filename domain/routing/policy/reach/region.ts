import type { Node } from '../cel.ts';
import { isKnown, metadataKeyOf } from '../certain.ts';
import { variableNamed } from '../variables.ts';
import { type Box, EVERYTHING, productOf } from './box.ts';
import type { Steps } from './steps.ts';
import {
  complementedKnown,
  intersectedKnown,
  isEmpty,
  MAJOR_AMOUNT,
  MAJOR_SCALE,
  metadataVariable,
  NO_TEXTS,
  type Numbers,
  numbers,
  sizeOf,
  type Texts,
  texts,
  universeOf,
  type ValueSet,
} from './values.ts';

/**
 * Which payments a condition wants, as unions of boxes. `inner` are certainly all wanted, `outer` is all that may be:
 * the same, but for what the fragment can't express. The fragment: &&, || and ! over comparisons (==, !=, <, <=, >,
 * >=, in) of one variable with literals, bool variables, `known.<name>`, metadata by a literal key, and `amount`
 * with minor(whole number, currency).
 */
export interface Region {
  readonly inner: readonly Box[];
  readonly outer: readonly Box[];
}

/** More alternatives than people write; beyond it nothing is claimed of a condition. */
const MAX_BOXES = 64;
const NOTHING: Region = { inner: [], outer: [] };
const ALL: Region = { inner: [EVERYTHING], outer: [EVERYTHING] };
const UNSAID: Region = { inner: [], outer: [EVERYTHING] };

export function regionOf(node: Node, steps: Steps, holds = true): Region {
  switch (node.op) {
    case '&&':
    case '||': {
      const [left, right] = node.args.map((each) => regionOf(each, steps, holds));
      if (left === undefined || right === undefined) return UNSAID;
      return (node.op === '&&') === holds ? both(left, right, steps) : either(left, right, steps);
    }
    case '!_':
      return regionOf(node.args, steps, !holds);
    case 'value':
      return (node.args === true) === holds ? ALL : NOTHING;
    default:
      return regionOfComparison(node, holds, steps);
  }
}

function both(left: Region, right: Region, steps: Steps): Region {
  const inner = productOf(left.inner, right.inner, MAX_BOXES, steps) ?? [];
  return { inner, outer: productOf(left.outer, right.outer, MAX_BOXES, steps) ?? [EVERYTHING] };
}

function either(left: Region, right: Region, steps: Steps): Region {
  if (!steps.spend(left.inner.length + right.inner.length + left.outer.length + right.outer.length))
    return UNSAID;
  const outer = [...left.outer, ...right.outer];
  return {
    inner: [...left.inner, ...right.inner].slice(0, MAX_BOXES),
    outer: outer.length > MAX_BOXES ? [EVERYTHING] : outer,
  };
}

function regionOfComparison(node: Node, holds: boolean, steps: Steps): Region {
  const said = comparisonOf(node);
  if (said === undefined) return UNSAID;
  const { name, values } = said;
  const universe = universeOf(name);
  const size = values === 'known' ? 0 : sizeOf({ unknown: false, known: values });
  if (!steps.spend(2 + 2 * (size + sizeOf(universe)))) return UNSAID;
  // What isn't known neither fulfils a comparison nor its opposite; only `known` itself is about that.
  const set: ValueSet =
    values === 'known'
      ? holds
        ? { unknown: false, known: universe.known }
        : { unknown: universe.unknown, known: nothingOf(universe.known) }
      : {
          unknown: false,
          known: intersectedKnown(universe.known, holds ? values : complementedKnown(values)),
        };
  if (isEmpty(set)) return NOTHING;
  const box: Box = new Map([[name, set]]);
  return { inner: [box], outer: [box] };
}

function nothingOf(known: Texts | Numbers): Texts | Numbers {
  return known.kind === 'texts' ? NO_TEXTS : numbers([]);
}

interface Comparison {
  readonly name: string;
  /** The values that fulfil it. */
  readonly values: Texts | Numbers | 'known';
}

/** One variable against literals; undefined for whatever else. */
export function comparisonOf(node: Node): Comparison | undefined {
  if (isKnown(node)) return { name: String(node.args[1]), values: 'known' };
  if (node.op === 'id') return { name: node.args, values: texts(['true']) };
  if (node.op === 'in') return membershipOf(node.args[0], node.args[1]);
  if (node.op !== '==' && node.op !== '!=' && MIRRORED[node.op] === undefined) return undefined;
  const [left, right] = (node as Node & { op: '==' }).args;
  return comparedWith(left, node.op, right) ?? comparedWith(right, MIRRORED[node.op] ?? node.op, left);
}

/** The operator where the sides change places. */
const MIRRORED: Readonly<Record<string, string>> = { '<': '>', '<=': '>=', '>': '<', '>=': '<=' };

function membershipOf(of: Node, among: Node): Comparison | undefined {
  if (among.op === 'id' && among.args === 'metadata')
    return of.op === 'value' && typeof of.args === 'string'
      ? { name: metadataVariable(of.args), values: 'known' }
      : undefined;
  const name = nameOf(of);
  if (name === undefined || among.op !== 'list') return undefined;
  const literals = among.args.map(literalOf);
  if (literals.every((each) => typeof each === 'string')) return { name, values: texts(literals) };
  if (!literals.every((each) => typeof each === 'number')) return undefined;
  const sorted = [...new Set(literals)].toSorted((a, b) => a - b);
  return { name, values: numbers(sorted.map((each) => [each, each] as const)) };
}

function comparedWith(of: Node, operator: string, to: Node): Comparison | undefined {
  const major = of.op === 'id' && of.args === 'amount' ? majorOf(to) : undefined;
  const name = major === undefined ? nameOf(of) : MAJOR_AMOUNT;
  const literal = major ?? literalOf(to);
  if (name === undefined || literal === undefined) return undefined;
  if (typeof literal === 'number') {
    const values = interval(operator, literal);
    return values === undefined ? undefined : { name, values };
  }
  // Texts have an order too, but nobody's rules rest on it.
  if (operator !== '==' && operator !== '!=') return undefined;
  return { name, values: texts([String(literal)], operator === '!=') };
}

function interval(operator: string, literal: number): Numbers | undefined {
  const [least, most] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  if (operator === '==') return numbers([[literal, literal]]);
  if (operator === '!=')
    return numbers([
      [least, literal - 1],
      [literal + 1, most],
    ]);
  if (operator === '<') return numbers([[least, literal - 1]]);
  if (operator === '<=') return numbers([[least, literal]]);
  if (operator === '>') return numbers([[literal + 1, most]]);
  return operator === '>=' ? numbers([[literal, most]]) : undefined;
}

function nameOf(node: Node): string | undefined {
  if (node.op === 'id') return variableNamed(node.args) === undefined ? undefined : node.args;
  const key = metadataKeyOf(node);
  return typeof key === 'string' ? metadataVariable(key) : undefined;
}

function literalOf(node: Node): string | number | boolean | undefined {
  if (node.op === '-_') {
    const positive = literalOf(node.args);
    return typeof positive === 'number' ? -positive : undefined;
  }
  if (node.op !== 'value') return undefined;
  if (typeof node.args === 'string' || typeof node.args === 'boolean') return node.args;
  if (typeof node.args !== 'bigint') return undefined;
  const number = Number(node.args);
  return Number.isSafeInteger(number * MAJOR_SCALE) ? number : undefined;
}

/** Of `minor(n, currency)` with a whole n: n, scaled. Fractions are rounded by currency, so they say less. */
function majorOf(node: Node): number | undefined {
  if (node.op !== 'call' || node.args[0] !== 'minor') return undefined;
  const [major, currency] = node.args[1];
  if (major === undefined || currency?.op !== 'id' || currency.args !== 'currency') return undefined;
  const literal = literalOf(major);
  return typeof literal === 'number' ? literal * MAJOR_SCALE : undefined;
}
