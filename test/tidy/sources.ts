import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Files that git tracks or would track: what is ignored is nobody's style. */
export function trackedFiles(pattern: RegExp): readonly string[] {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
    cwd: ROOT,
    maxBuffer: 64 * 1024 * 1024,
  });
  const names = listed.toString('utf8').split('\0');
  return names.filter(
    (name) => pattern.test(name) && existsSync(join(ROOT, name)) && statSync(join(ROOT, name)).isFile(),
  );
}

export function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

export interface Import {
  readonly specifier: string;
  /** Path from the root, for a relative import. */
  readonly target?: string;
  readonly typeOnly: boolean;
}

/** Static and dynamic imports and re-exports, as the compiler's own parser sees them. */
export function importsOf(path: string): readonly Import[] {
  const source = ts.createSourceFile(path, read(path), ts.ScriptTarget.ES2023, true);
  const found: Import[] = [];
  const add = (specifier: ts.Expression | undefined, typeOnly: boolean) => {
    if (specifier === undefined || !ts.isStringLiteral(specifier)) return;
    const { text } = specifier;
    const target = text.startsWith('.') ? relative(ROOT, join(ROOT, dirname(path), text)) : undefined;
    found.push({ specifier: text, typeOnly, ...(target === undefined ? {} : { target }) });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node))
      add(node.moduleSpecifier, node.importClause?.isTypeOnly === true || allTypes(node));
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0], false);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
      add(node.argument.literal as ts.Expression, true);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function allTypes(node: ts.ImportDeclaration): boolean {
  const bindings = node.importClause?.namedBindings;
  if (node.importClause?.name !== undefined || bindings === undefined || !ts.isNamedImports(bindings))
    return false;
  return bindings.elements.length > 0 && bindings.elements.every((element) => element.isTypeOnly);
}

export interface FunctionSize {
  readonly name: string;
  readonly line: number;
  readonly lines: number;
}

/** Every function with a body, and how many lines it has. */
export function functionsOf(path: string): readonly FunctionSize[] {
  const source = ts.createSourceFile(path, read(path), ts.ScriptTarget.ES2023, true);
  const found: FunctionSize[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body !== undefined) {
      const start = source.getLineAndCharacterOfPosition(node.getStart());
      const end = source.getLineAndCharacterOfPosition(node.getEnd());
      const name = 'name' in node && node.name !== undefined ? (node.name as ts.Node).getText() : 'anonymous';
      found.push({ name, line: start.line + 1, lines: end.line - start.line + 1 });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}
