import type { Node } from './cel.ts';
import { FUNCTIONS } from './variables.ts';

/**
 * What of CEL a condition may use. Everything allowed costs time in proportion to what is written: no macros, which
 * loop over lists; no regular expressions, which can backtrack for ever; no conversions, whose failures are slow.
 */
export interface Refusal {
  readonly message: string;
  readonly hint: string;
  /** Characters into the text. */
  readonly offset?: number;
}

/** A failing operation (an overflow, a division by zero) makes an error with a trace, a thousand times dearer than a value. */
export const MAX_ARITHMETIC = 12;
/** Of all conditions of a document: each failure costs some ten microseconds, and a payment waits for all. */
export const MAX_ARITHMETIC_IN_ALL = 100;
export const MAX_LITERAL_CHARACTERS = 256;

const METHODS: ReadonlySet<string> = new Set(namesOf('method'));
const CALLS: ReadonlySet<string> = new Set(namesOf('call'));
const MACROS = new Set(['all', 'exists', 'exists_one', 'map', 'filter', 'bind']);
const ALLOWED = `Allowed are operators, lists, ${[...METHODS].join(', ')} and minor(amount, currency).`;

function namesOf(form: 'call' | 'method'): string[] {
  return FUNCTIONS.filter((each) => each.form === form).map(({ name }) => name);
}

/** The first thing in it that is not allowed. */
export function refusalOf(root: Node): Refusal | undefined {
  let arithmetic = 0;
  const visit = (node: Node): Refusal | undefined => {
    if (isArithmetic(node)) arithmetic++;
    if (arithmetic > MAX_ARITHMETIC)
      return refused(
        node,
        `more than ${MAX_ARITHMETIC} arithmetic operations`,
        'Compute the number, and write it.',
      );
    const own = refusalOfNode(node);
    if (own !== undefined) return own;
    for (const child of childrenOf(node)) {
      const refusal = visit(child);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  };
  return visit(root);
}

function refusalOfNode(node: Node): Refusal | undefined {
  switch (node.op) {
    case 'rcall':
      return METHODS.has(node.args[0]) ? undefined : refusedCall(node, node.args[0]);
    case 'call':
      return CALLS.has(node.args[0]) ? undefined : refusedCall(node, node.args[0]);
    case 'map':
    case '.?':
    case '[?]':
      return refused(node, 'maps and optional access are not part of conditions', ALLOWED);
    case 'value':
      return refusalOfLiteral(node, node.args);
    default:
      return undefined;
  }
}

function refusedCall(node: Node, name: string): Refusal {
  if (name === 'matches')
    return refused(
      node,
      'regular expressions are not part of conditions, for what they cost has no bound',
      'Use startsWith, endsWith, contains or `in [...]`.',
    );
  if (name === 'has')
    return refused(node, 'has() is not part of conditions', 'Use known.<variable>, or "key" in metadata.');
  if (MACROS.has(name))
    return refused(node, `${name}() loops, and conditions don't`, 'Use `in [...]`, && and ||.');
  return refused(node, `${name}() is not a function of conditions`, ALLOWED);
}

function refusalOfLiteral(node: Node, value: unknown): Refusal | undefined {
  const isText = typeof value === 'string';
  if (isText && value.length > MAX_LITERAL_CHARACTERS)
    return refused(node, `a text of more than ${MAX_LITERAL_CHARACTERS} characters`, 'Shorten it.');
  if (isText || ['bigint', 'number', 'boolean'].includes(typeof value)) return undefined;
  return refused(
    node,
    `${String(node.input.slice(node.start, node.end))} is not a value of conditions`,
    ALLOWED,
  );
}

function refused(node: Node, message: string, hint: string): Refusal {
  return { message, hint, offset: node.start };
}

function isArithmetic(node: Node): boolean {
  if (['+', '-', '*', '/', '%', '-_'].includes(node.op)) return !isNegativeLiteral(node);
  return false;
}

export function arithmeticIn(node: Node): number {
  return childrenOf(node).reduce((sum, child) => sum + arithmeticIn(child), isArithmetic(node) ? 1 : 0);
}

function isNegativeLiteral(node: Node): boolean {
  return node.op === '-_' && node.args.op === 'value';
}

export function childrenOf(node: Node): readonly Node[] {
  switch (node.op) {
    case 'value':
    case 'id':
      return [];
    case '.':
    case '.?':
      return [node.args[0]];
    case 'call':
      return node.args[1];
    case 'rcall':
      return [node.args[1], ...node.args[2]];
    case 'map':
      return node.args.flat();
    case '!_':
    case '-_':
      return [node.args];
    default:
      return node.args;
  }
}

export function countNodes(node: Node): number {
  return childrenOf(node).reduce((sum, child) => sum + countNodes(child), 1);
}
