import type { ProviderNames } from './names.ts';

/** A file that lists providers, one a line. */
export interface Registry {
  readonly path: string;
  readonly importLine: (names: ProviderNames) => string;
  readonly entryLine: (names: ProviderNames) => string;
}

/** Entries go above this comment, which each registry ends with. */
export const MARKER = '// ./interlock new:provider adds a line above this one.';

export const REGISTRIES: readonly Registry[] = [
  {
    path: 'providers/registry.ts',
    importLine: ({ camel, kebab }) => `import { ${camel} } from './${kebab}/index.ts';`,
    entryLine: ({ camel }) => `  ${camel},`,
  },
  {
    path: 'sandbox/registry.ts',
    importLine: ({ constant, pascal, kebab }) =>
      `import { ${constant}_DEFAULTS, create${pascal} } from './${kebab}/index.ts';`,
    entryLine: ({ kebab, pascal, constant }) =>
      `  ${keyOf(kebab)}: { create: create${pascal}, defaults: ${constant}_DEFAULTS },`,
  },
  {
    path: 'domain/routing/catalogue/providers/index.ts',
    importLine: ({ camel, kebab }) => `import { ${camel}Listing } from './${kebab}.ts';`,
    entryLine: ({ kebab, camel }) => `  ${keyOf(kebab)}: ${camel}Listing,`,
  },
];

/** Quoted only where it must be, as the formatter wants it. */
function keyOf(kebab: string): string {
  return kebab.includes('-') ? `'${kebab}'` : kebab;
}

/** The registry's text with the provider's two lines; the same text where both are there already. */
export function enlisted(text: string, registry: Registry, names: ProviderNames): string {
  const lines = text.split('\n');
  const entry = registry.entryLine(names);
  const marker = lines.findIndex((line) => line.trim() === MARKER);
  if (marker === -1)
    throw new Error(`${registry.path} has lost the line "${MARKER}"; put it back, last in its list`);
  if (!lines.includes(entry)) lines.splice(marker, 0, entry);
  const statement = registry.importLine(names);
  if (!lines.includes(statement)) lines.splice(placeOf(statement, lines), 0, statement);
  return lines.join('\n');
}

/** Imports are sorted by what they name, as the linter wants them; several-line ones end with their path. */
function placeOf(statement: string, lines: readonly string[]): number {
  const pathOf = (line: string) => /^(?:import .*|\} )from '(\.[^']+)';$/.exec(line)?.[1];
  const own = pathOf(statement) ?? '';
  const before = lines.findLastIndex((line) => {
    const path = pathOf(line);
    return path !== undefined && path < own;
  });
  if (before !== -1) return before + 1;
  return lines.findIndex((line) => line.startsWith('import ') && line.includes("from './"));
}
