import { type ASTNode, Environment } from '@marcbachmann/cel-js';
import { exponentOf } from '../../money/currency.ts';
import { OPTIONAL_NAMES, VARIABLES } from './variables.ts';

/**
 * The CEL that conditions are written in: its variables and its one function of ours. What of CEL's own a
 * condition may use is decided in bounds.ts.
 */
export type Node = ASTNode;

/** Bounds of what is written, kept by CEL's parser. Evaluation visits each node once, so they bound time too. */
export const MAX_NODES = 600;
export const MAX_DEPTH = 24;

/** Which optional facts are known: `known.<name>` in a condition, and in the guards that we put before comparisons. */
export class Known {
  [name: string]: boolean;
}

const WRITTEN = environment({ maxAstNodes: MAX_NODES, maxDepth: MAX_DEPTH });
/** Guarded text is our own, a small multiple of what was written: the same language with wider bounds. */
const GUARDED = environment({ maxAstNodes: MAX_NODES * 8, maxDepth: MAX_DEPTH * 8 });

export function parseWritten(text: string) {
  return WRITTEN.parse(text);
}

export function parseGuarded(text: string) {
  return GUARDED.parse(text);
}

function environment(limits: { readonly maxAstNodes: number; readonly maxDepth: number }): Environment {
  const created = new Environment({
    limits: { ...limits, maxListElements: MAX_NODES, maxCallArguments: 2, maxMapEntries: 1 },
  })
    .registerType('Known', {
      ctor: Known,
      fields: Object.fromEntries(OPTIONAL_NAMES.map((name) => [name, 'bool'])),
    })
    .registerVariable('known', 'Known')
    .registerFunction('minor(int, string): int', (major: bigint, currency: string) =>
      minorOf(Number(major), currency),
    )
    .registerFunction('minor(double, string): int', minorOf);
  for (const { name, type } of VARIABLES) created.registerVariable(name, type);
  return created;
}

/** Halves up, on the decimal that was written: 1.005 in a currency of two decimals is 101, whatever binary makes of it. */
function minorOf(major: number, currency: string): bigint {
  const exponent = exponentOf(currency);
  if (exponent === undefined) throw new Error(`${currency} is not a currency`);
  const shifted = Number(`${major}e${exponent}`);
  if (!Number.isSafeInteger(Math.round(shifted))) throw new Error(`${major} ${currency} is no amount`);
  return BigInt(Math.round(shifted));
}
