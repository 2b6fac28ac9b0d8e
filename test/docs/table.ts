import ts from 'typescript';
import { read } from '../tidy/sources.ts';

/** The page's tables, as this test reads them: what stands in `code` is what is compared. */
export interface FaultRow {
  readonly fault: string;
  /** In order; each with its alternatives ("`201` or `202`"). */
  readonly merchant: readonly (readonly string[])[];
  /** Kinds of open exceptions. */
  readonly exceptions: readonly string[];
  /** What the books say, up to the first full stop. */
  readonly money: string;
  readonly test: { readonly file: string; readonly name: string };
}

const COLUMNS = ['Fault', 'What happens', 'The merchant sees', 'An operator sees', 'The money', 'Test'];

export function faultRows(page: string): readonly FaultRow[] {
  const lines = page.split('\n').filter((line) => line.startsWith('|'));
  return lines.map(cellsOf).flatMap((cells) => {
    if (cells[0] === COLUMNS[0] || /^-+$/.test(cells[0] ?? '')) return [];
    return [rowOf(cells)];
  });
}

export function headingsOf(page: string): readonly (readonly string[])[] {
  return page
    .split('\n')
    .filter((line) => line.startsWith(`| ${COLUMNS[0]} `))
    .map(cellsOf);
}

export { COLUMNS };

function cellsOf(line: string): string[] {
  return line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
}

function rowOf(cells: readonly string[]): FaultRow {
  const [fault = '', , merchant = '', operator = '', money = '', test = ''] = cells;
  const named = /^`([^`]+)` › (.+)$/.exec(test);
  if (cells.length !== COLUMNS.length || named === null) throw new Error(`not a row: ${cells.join(' | ')}`);
  return {
    fault,
    merchant: [...merchant.matchAll(/`[^`]+`(?: or `[^`]+`)*/g)].map(([group]) => wordsIn(group)),
    exceptions: wordsIn(operator),
    money: money.split('.')[0] ?? '',
    test: { file: named[1] ?? '', name: named[2] ?? '' },
  };
}

function wordsIn(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
}

/** The names of a file's tests, as the runner shows them; of a table's tests the first columns are filled in. */
export function testNames(file: string): ReadonlySet<string> {
  const source = ts.createSourceFile(file, read(file), ts.ScriptTarget.ES2023, true);
  const names = new Set<string>();
  const visit = (node: ts.Node): void => {
    const name = ts.isCallExpression(node) ? node.arguments[0] : undefined;
    if (ts.isCallExpression(node) && name !== undefined && ts.isStringLiteralLike(name) && isTest(node)) {
      for (const each of filledIn(name.text, node.expression)) names.add(each);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return names;
}

function isTest({ expression }: ts.CallExpression): boolean {
  return /^(it|test)\b/.test(expression.getText());
}

function filledIn(name: string, callee: ts.Expression): readonly string[] {
  const table = ts.isCallExpression(callee) ? arrayIn(callee.arguments[0]) : undefined;
  if (table === undefined) return [name];
  return table.elements.map((row) => {
    const cells = ts.isArrayLiteralExpression(row) ? [...row.elements] : [row];
    const texts = cells.filter(ts.isStringLiteralLike).map(({ text }) => text);
    return texts.reduce((filled, text) => filled.replace('%s', text), name);
  });
}

/** The table of `it.each`, with or without `as const`. */
function arrayIn(node: ts.Expression | undefined): ts.ArrayLiteralExpression | undefined {
  const inner = node !== undefined && ts.isAsExpression(node) ? node.expression : node;
  return inner !== undefined && ts.isArrayLiteralExpression(inner) ? inner : undefined;
}
