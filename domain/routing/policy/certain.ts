import { serialize } from '@marcbachmann/cel-js/serialize';
import { childrenOf } from './bounds.ts';
import type { Node } from './cel.ts';
import { variableNamed } from './variables.ts';

/**
 * The condition that holds exactly when the written one is *known* to hold. Logic of three values, made of two:
 * negations are pushed down to the comparisons, and each comparison is preceded by a guard that asks whether what it
 * compares is known. So `buyer_country != "US"` and `!(buyer_country == "US")` are both false for a payment of which
 * nobody said from where it is bought, and no condition becomes true by what isn't there. It costs no exceptions,
 * which CEL's own way to unknowns (an error that && and || may absorb) would.
 */
export function certainly(node: Node): string {
  return holds(node);
}

function holds(node: Node): string {
  switch (node.op) {
    case '&&':
    case '||':
      return joined(chainOf(node, node.op).map(holds), node.op);
    case '!_':
      return fails(node.args);
    case '?:':
      return chosen(node, holds);
    default:
      return guarded(node, serialize(node));
  }
}

/** That it is known not to hold. */
function fails(node: Node): string {
  switch (node.op) {
    case '&&':
    case '||':
      return joined(chainOf(node, node.op).map(fails), node.op === '&&' ? '||' : '&&');
    case '!_':
      return holds(node.args);
    case '?:':
      return chosen(node, fails);
    default:
      return guarded(node, `!(${serialize(node)})`);
  }
}

/** `c ? a : b`, with all of `c` known; each part is written once, or nested ones would double at each level. */
function chosen(node: Node & { op: '?:' }, side: (node: Node) => string): string {
  const [condition, then, otherwise] = node.args;
  return guarded(condition, `((${serialize(condition)}) ? (${side(then)}) : (${side(otherwise)}))`);
}

function guarded(node: Node, text: string): string {
  const guards = [...guardsOf(node)];
  return guards.length === 0 ? text : joined([...guards, text], '&&');
}

/** The parts of `a && b && c`, which CEL nests: written back so, a long chain would be too deep to parse. */
function chainOf(node: Node, operator: '&&' | '||'): readonly Node[] {
  const parts: Node[] = [];
  let rest = node;
  while (rest.op === operator) {
    parts.unshift(rest.args[1]);
    rest = rest.args[0];
  }
  return [rest, ...parts];
}

function joined(parts: readonly string[], operator: '&&' | '||'): string {
  return `(${parts.map((part) => `(${part})`).join(` ${operator} `)})`;
}

/** What must be known before this can be computed. A key of metadata is known where it is there. */
export function guardsOf(node: Node, found: Set<string> = new Set()): Set<string> {
  const key = metadataKeyOf(node);
  if (key !== undefined) {
    if (typeof key !== 'string') guardsOf(key, found);
    found.add(`${typeof key === 'string' ? JSON.stringify(key) : `(${serialize(key)})`} in metadata`);
    return found;
  }
  if (isKnown(node)) return found;
  if (node.op === 'id' && variableNamed(node.args)?.optional === true) found.add(`known.${node.args}`);
  for (const child of childrenOf(node)) guardsOf(child, found);
  return found;
}

/** `known.<name>`: the name, which asks for nothing that may be missing. */
export function isKnown(node: Node): node is Node & { op: '.' } {
  return node.op === '.' && node.args[0].op === 'id' && node.args[0].args === 'known';
}

/** Of `metadata["key"]` or `metadata.key`: the key, as text where it is written so. */
export function metadataKeyOf(node: Node): string | Node | undefined {
  if (node.op !== '.' && node.op !== '[]') return undefined;
  const [of, key] = node.args;
  if (of.op !== 'id' || of.args !== 'metadata') return undefined;
  if (typeof key === 'string') return key;
  return key.op === 'value' && typeof key.args === 'string' ? key.args : key;
}
