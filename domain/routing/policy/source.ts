import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  LineCounter,
  type Node,
  type ParsedNode,
  parseDocument,
  visit,
} from 'yaml';
import { z } from 'zod';
import { STRATEGY_KEYS } from './choose.ts';
import { MAX_SOURCE_BYTES, type PolicyDocument, policyDocumentSchema } from './document.ts';
import type { DocumentPath, Finding, PolicyProblem } from './problem.ts';
import { quoted, suggestion } from './problem.ts';

/** Knows where in a text each value of a document stands. */
export interface PolicySource {
  locate(finding: Finding): PolicyProblem;
}

export type ParsedPolicy =
  | { readonly ok: true; readonly document: PolicyDocument; readonly source: PolicySource }
  | { readonly ok: false; readonly problems: readonly PolicyProblem[] };

/** Where a document came without its text: its findings still have a path. */
export const NO_SOURCE: PolicySource = {
  locate: ({ path, message, hint }) => ({ line: 0, column: 0, path: path.join('.'), message, hint }),
};

/** YAML or JSON (which is YAML) to a document of the right shape; what it says is judged by `validatePolicy`. */
export function parsePolicy(text: string): ParsedPolicy {
  if (new TextEncoder().encode(text).length > MAX_SOURCE_BYTES)
    return refused(
      `a policy has at most ${MAX_SOURCE_BYTES / 1024} KiB`,
      'Write lists instead of a rule for each value.',
    );
  if (isNestedDeeply(text)) return refused(TOO_DEEP.message, TOO_DEEP.hint);
  const lines = new LineCounter();
  let yaml: Document.Parsed;
  try {
    yaml = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      version: '1.2',
      merge: false,
      uniqueKeys: false,
    });
  } catch {
    return refused(TOO_DEEP.message, TOO_DEEP.hint);
  }
  const problems = [...syntaxProblems(yaml, lines), ...forbiddenProblems(yaml, lines)];
  if (problems.length > 0) return { ok: false, problems: problems.slice(0, MAX_PROBLEMS) };
  const source = sourceOf(yaml, lines);
  const parsed = policyDocumentSchema.safeParse(yaml.toJS({ maxAliasCount: 0 }), { reportInput: true });
  if (parsed.success) return { ok: true, document: parsed.data, source };
  return { ok: false, problems: located(parsed.error.issues.flatMap(findingsOf), source) };
}

function located(findings: readonly Finding[], source: PolicySource): PolicyProblem[] {
  return findings.slice(0, MAX_PROBLEMS).map((each) => source.locate(each));
}

/** What comes after the first few is mostly their consequence. */
const MAX_PROBLEMS = 50;
const MAX_NESTING = 60;
const TOO_DEEP = {
  message: 'it is nested too deeply',
  hint: 'A policy has lists of rules, and hardly anything deeper.',
};

/** Parsers recurse. Brackets in texts count as well, which a text of balanced ones doesn't mind. */
function isNestedDeeply(text: string): boolean {
  let depth = 0;
  for (const character of text) {
    if (character === '[' || character === '{') depth++;
    if (character === ']' || character === '}') depth--;
    if (depth > MAX_NESTING) return true;
  }
  // Lists in lists without brackets: `- - - -`.
  return /(?:[-?] ){60}/.test(text);
}

function refused(message: string, hint: string): ParsedPolicy {
  return { ok: false, problems: [{ line: 1, column: 1, path: '', message, hint }] };
}

function syntaxProblems(yaml: Document.Parsed, lines: LineCounter): PolicyProblem[] {
  return [...yaml.errors, ...yaml.warnings].map(({ pos, message, code }) => ({
    ...place(lines, pos[0]),
    path: '',
    message: message.split('\n')[0] ?? code,
    hint: HINTS[code] ?? 'Check the indentation and the quotes of this line and the one before.',
  }));
}

const HINTS: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'Indent with spaces.',
  BAD_INDENT: 'Indent with two spaces a level, and lists like their key or deeper.',
  MULTIPLE_DOCS: 'One policy a text: remove the line of three dashes and what follows it.',
  TAG_RESOLVE_FAILED: 'Tags (`!name`) are not part of policies.',
  BLOCK_AS_IMPLICIT_KEY: 'A text with a colon, or one that begins with a quote, goes into quotes as a whole.',
};

/**
 * A few hundred bytes of aliases can stand for gigabytes, and nobody needs them here. Keys that come twice are looked
 * for here as well, since the parser compares each with each.
 */
function forbiddenProblems(yaml: Document.Parsed, lines: LineCounter): PolicyProblem[] {
  const problems: PolicyProblem[] = [];
  const found = (node: Node, message: string, hint: string) => {
    problems.push({ ...place(lines, node.range?.[0] ?? 0), path: '', message, hint });
  };
  visit(yaml, {
    Node(_key, node) {
      if (isAlias(node) || node.anchor !== undefined)
        found(node, 'anchors (`&`) and aliases (`*`) are not part of policies', 'Write the value out.');
    },
  });
  // A visit calls the nearest visitor of a node alone: maps have one of their own.
  visit(yaml, {
    Map(_key, { items }) {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        if (seen.has(key.value))
          found(key, `the key ${quoted(String(key.value))} is there twice`, 'Remove one of the two.');
        seen.add(key.value);
      }
    },
  });
  return problems;
}

function place(lines: LineCounter, offset: number): { line: number; column: number } {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

function sourceOf(yaml: Document.Parsed, lines: LineCounter): PolicySource {
  return {
    locate({ path, message, hint, offset, isKey }) {
      const node = nodeAt(yaml, path, isKey === true);
      const start = node?.range?.[0] ?? 0;
      return { ...place(lines, start + within(node, offset)), path: path.join('.'), message, hint };
    },
  };
}

/** The node at a path, or whatever encloses what isn't there. */
function nodeAt(yaml: Document.Parsed, path: DocumentPath, isKey: boolean): ParsedNode | undefined {
  const found = path.length === 0 ? yaml.contents : yaml.getIn(path, true);
  if (found === undefined) return nodeAt(yaml, path.slice(0, -1), false);
  return ((isKey ? keyAt(yaml, path) : undefined) ?? found ?? undefined) as ParsedNode | undefined;
}

function keyAt(yaml: Document.Parsed, path: DocumentPath): unknown {
  const parent = path.length === 1 ? yaml.contents : yaml.getIn(path.slice(0, -1), true);
  if (!isMap(parent)) return undefined;
  return parent.items.find(({ key }) => isScalar(key) && key.value === path.at(-1))?.key;
}

/** Characters from a value's start to what is meant in it, where its text stands in the source as it is. */
function within(node: ParsedNode | undefined, offset: number | undefined): number {
  if (offset === undefined || !isScalar(node)) return 0;
  if (node.type === 'PLAIN') return node.source?.includes('\n') === true ? 0 : offset;
  const isQuoted = node.type === 'QUOTE_SINGLE' || node.type === 'QUOTE_DOUBLE';
  const length = (node.range?.[1] ?? 0) - (node.range?.[0] ?? 0);
  // Escapes make the source longer than the text, and the offset a guess.
  return isQuoted && length === String(node.value).length + 2 ? offset + 1 : 0;
}

function findingsOf(issue: z.core.$ZodIssue): Finding[] {
  const path = issue.path as DocumentPath;
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(policyDocumentSchema, path);
    return issue.keys.map((key) => ({
      path: [...path, key],
      message: `unknown key ${quoted(key)}`,
      hint: suggestion(key, known, 'keys here'),
      isKey: true,
    }));
  }
  const key = path.at(-1);
  if (issue.code === 'invalid_type' && issue.input === undefined && typeof key === 'string')
    return [{ path, message: `${quoted(key)} is missing`, hint: `Add ${key}: …` }];
  return [{ path, message: sentence(issue.message), hint: hintFor(issue, key) }];
}

function sentence(message: string): string {
  return message
    .replace(/^Invalid (input|option): expected/, 'must be')
    .replace(/^Too (small|big): expected \w+ to (be|have)/, 'must $2');
}

function hintFor(issue: z.core.$ZodIssue, key: PropertyKey | undefined): string {
  if (key === 'when') return 'A condition is a text; put it in quotes: when: "true".';
  if (issue.code === 'invalid_value')
    return suggestion(String(issue.input), issue.values.map(String), 'values');
  return 'See docs/routing.md for what may stand here.';
}

/** The keys that a schema has at a path; a choice's are told by its strategy. */
function keysAt(schema: z.core.$ZodType, path: DocumentPath): string[] {
  if (schema instanceof z.ZodOptional) return keysAt(schema.unwrap(), path);
  const [first, ...rest] = path;
  if (schema instanceof z.ZodArray) return first === undefined ? [] : keysAt(schema.element, rest);
  if (schema instanceof z.ZodObject) {
    if (first === undefined) return Object.keys(schema.shape);
    const next: unknown = schema.shape[String(first)];
    return next instanceof z.ZodType ? keysAt(next, rest) : [];
  }
  return [
    ...STRATEGY_KEYS,
    'at_most_points_less_success',
    'explore_percent',
    'guard_rail_points',
    'among',
    'margin_percent',
  ];
}
