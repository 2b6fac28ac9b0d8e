import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ProviderNames, renamed } from './names.ts';

/** The provider that new ones are made from: compiled, linted and contract-tested where it lies. */
const TEMPLATE_PATH = 'cli/new-provider/template';
const TEMPLATE_DIR = fileURLToPath(new URL('./template', import.meta.url));

/** Where the template's parts go, by the beginning of their paths. */
function destinations({ kebab }: ProviderNames): readonly (readonly [from: string, to: string])[] {
  return [
    ['provider/', `providers/${kebab}/`],
    ['sandbox/', `sandbox/${kebab}/`],
    ['contract.test.ts', `test/contract/${kebab}.test.ts`],
    ['catalogue.ts', `domain/routing/catalogue/providers/${kebab}.ts`],
  ];
}

export interface NewFile {
  /** From the root. */
  readonly path: string;
  readonly content: string;
}

/** The template's files in the new provider's name, their imports pointing from where they will lie. */
export function newFiles(names: ProviderNames): readonly NewFile[] {
  const destinationOf = (path: string): string => {
    const [from, to] = destinations(names).find(([start]) => path.startsWith(start)) ?? ['', ''];
    if (to === '') throw new Error(`the template's ${path} has no place to go`);
    return `${to}${path.slice(from.length)}`;
  };
  return listed('').map((file) => {
    const path = destinationOf(file);
    const text = readFileSync(join(TEMPLATE_DIR, file), 'utf8');
    return { path, content: renamed(rewired(text, file, path, destinationOf), names) };
  });
}

function listed(folder: string): readonly string[] {
  return readdirSync(join(TEMPLATE_DIR, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = posix.join(folder, entry.name);
    return entry.isDirectory() ? listed(path) : [path];
  });
}

/** Each relative import, resolved from the template's place and written down again from the new one. */
function rewired(text: string, file: string, path: string, destinationOf: (file: string) => string): string {
  return text.replace(/(\bfrom )'(\.[^']+)'/g, (_match, from: string, specifier: string) => {
    const target = posix.join(TEMPLATE_PATH, dirname(file), specifier);
    const inside = target.startsWith(`${TEMPLATE_PATH}/`);
    const there = inside ? destinationOf(target.slice(TEMPLATE_PATH.length + 1)) : target;
    const relative = posix.relative(dirname(path), there);
    return `${from}'${relative.startsWith('.') ? relative : `./${relative}`}'`;
  });
}
