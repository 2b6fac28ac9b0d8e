import type { Context } from '@marcbachmann/cel-js';
import { arithmeticIn, countNodes, type Refusal, refusalOf } from './bounds.ts';
import { MAX_DEPTH, MAX_NODES, type Node, parseGuarded, parseWritten } from './cel.ts';
import { certainly } from './certain.ts';
import { suggestion } from './problem.ts';
import { OPTIONAL_NAMES, VARIABLE_NAMES } from './variables.ts';

/** A condition, ready to be asked. */
export interface Condition {
  readonly text: string;
  readonly tree: Node;
  /** How much of it there is; the time it takes follows. */
  readonly nodes: number;
  /** How many of its operations may fail, which is dear. */
  readonly arithmetic: number;
  /** Throws where it can't be computed (a division by zero, an overflow). */
  readonly holds: (context: Context) => boolean;
}

export type ConditionAnswer =
  | { readonly ok: true; readonly condition: Condition }
  | { readonly ok: false; readonly refusal: Refusal };

/**
 * Programs by their text: each worker compiles a merchant's policies anew at each change of one rule, and most
 * merchants of a platform ask for the same things. Bounded by characters, which a program's size follows; the
 * oldest goes. Refusals aren't kept: who sends nonsense fills no memory with it.
 */
const compiled = new Map<string, ConditionAnswer>();
const MAX_KEPT_CHARACTERS = 500_000;
let keptCharacters = 0;

export function compileCondition(text: string): ConditionAnswer {
  const held = compiled.get(text);
  if (held !== undefined) return held;
  const answer = compile(text);
  if (!answer.ok) return answer;
  compiled.set(text, answer);
  keptCharacters += text.length;
  for (const oldest of compiled.keys()) {
    if (keptCharacters <= MAX_KEPT_CHARACTERS) break;
    compiled.delete(oldest);
    keptCharacters -= oldest.length;
  }
  return answer;
}

function compile(text: string): ConditionAnswer {
  try {
    const written = parseWritten(text);
    const refusal = refusalOf(written.ast);
    if (refusal !== undefined) return { ok: false, refusal };
    const { type, error } = written.check();
    if (error !== undefined) return { ok: false, refusal: explained(error) };
    if (type !== 'bool')
      return refusedWhole(
        `it is of type ${type}, and a condition is true or false`,
        'Compare it with something.',
      );
    const program = parseGuarded(certainly(written.ast));
    // Checked now, so that the first payment doesn't pay for it; what was well typed stays so.
    const guarded = program.check();
    if (guarded.error !== undefined) throw guarded.error;
    const holds = (context: Context): boolean => program(context) === true;
    const { ast: tree } = written;
    const sizes = { nodes: countNodes(tree), arithmetic: arithmeticIn(tree) };
    return { ok: true, condition: { text, tree, ...sizes, holds } };
  } catch (error) {
    return { ok: false, refusal: explained(error) };
  }
}

function refusedWhole(message: string, hint: string): ConditionAnswer {
  return { ok: false, refusal: { message, hint, offset: 0 } };
}

/** CEL's own errors have a code, a sentence and a range; a stack that is used up has none, and is a bomb all the same. */
interface CelError {
  readonly code: string;
  readonly summary: string;
  readonly range?: { readonly start: number };
}

function isCelError(error: unknown): error is CelError {
  return error instanceof Error && 'code' in error && 'summary' in error;
}

function explained(error: unknown): Refusal {
  if (!isCelError(error))
    return { message: 'it is nested too deeply', hint: 'Split it into several rules.', offset: 0 };
  const offset = error.range?.start;
  const at = offset === undefined ? {} : { offset };
  const unknown = /^Unknown variable: (.+)$/.exec(error.summary)?.[1];
  if (unknown !== undefined)
    return {
      message: `there is no variable \`${unknown}\``,
      hint: suggestion(unknown, VARIABLE_NAMES, 'variables'),
      ...at,
    };
  const key = /^No such key: (.+)$/.exec(error.summary)?.[1];
  if (key !== undefined)
    return { message: `\`known\` has no \`${key}\``, hint: suggestion(key, OPTIONAL_NAMES, 'names'), ...at };
  if (error.code === 'limit_exceeded')
    return {
      message: `it is too large: ${error.summary}`,
      hint: `At most ${MAX_NODES} values and operators, nested at most ${MAX_DEPTH} deep; split it into several rules.`,
      ...at,
    };
  return { message: error.summary, hint: hintFor(error), ...at };
}

function hintFor({ code, summary }: CelError): string {
  if (/double [<>=!]=? int|int [<>=!]=? double/.test(summary))
    return 'Write whole numbers: amounts are minor units.';
  if (code === 'no_such_overload')
    return 'Both sides must be of one type: texts in quotes, amounts as whole numbers.';
  if (code === 'no_matching_overload') return 'See the list of functions in docs/routing.md.';
  if (code === 'unexpected_token' || code === 'expected_token')
    return 'Conditions are CEL: a == "b" && (c > 1 || d in ["e"]).';
  if (code === 'unterminated_string') return 'Close the text with the quote that it began with.';
  return 'See the conditions in docs/routing.md.';
}
