import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UserError } from '../install.mjs';
import { namesOf, type ProviderNames } from './names.ts';
import { enlisted, REGISTRIES } from './registries.ts';
import { newFiles } from './template-files.ts';

export interface NewProvider {
  readonly names: ProviderNames;
  readonly made: readonly string[];
  readonly edited: readonly string[];
}

/**
 * Makes a provider below `root`. Everything is worked out before the first byte is written, so what is refused
 * leaves the tree as it was.
 */
export function makeProvider(root: string, name: string): NewProvider {
  const names = namesOf(name);
  const files = newFiles(names);
  const there = [`providers/${name}`, `sandbox/${name}`, ...files.map(({ path }) => path)].find((path) =>
    existsSync(join(root, path)),
  );
  if (there !== undefined) throw new UserError(`${there} is there already; nothing was changed`);
  const edits = REGISTRIES.map((registry) => {
    const content = enlisted(readFileSync(join(root, registry.path), 'utf8'), registry, names);
    return { path: registry.path, content };
  });
  for (const { path, content } of files) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    // `wx`: whoever makes the same provider at the same time is not overwritten.
    writeFileSync(join(root, path), content, { flag: 'wx' });
  }
  for (const { path, content } of edits) writeFileSync(join(root, path), content);
  const made = files.map(({ path }) => path);
  const edited = edits.map(({ path }) => path);
  format(root, [...made, ...edited]);
  return { names, made, edited };
}

/** Another name has another length: lines break elsewhere, and imports sort otherwise. */
function format(root: string, paths: readonly string[]): void {
  const biome = join(root, 'node_modules/.bin/biome');
  const sources = paths.filter((path) => path.endsWith('.ts'));
  // A copy of the tree need not be a clone: what git ignores does not matter here.
  const args = ['check', '--write', '--vcs-enabled=false', ...sources];
  const { status, stderr } = spawnSync(biome, args, { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new UserError(`the provider was made, but could not be formatted:\n${stderr}`);
}

/** What the author does now, in the order in which it is cheapest to be wrong. */
export function nextSteps({ names, made, edited }: NewProvider): string {
  const { kebab, constant } = names;
  return [
    `Made ${made.length} files and added a line to ${edited.join(', ')}.`,
    '',
    'It works as it stands, against its own simulator:',
    `  npx vitest run test/contract/${kebab}.test.ts`,
    `  ./interlock sandbox ${kebab}`,
    '',
    'Now bend it toward the real API, in this order (docs/adding-a-provider.md says why):',
    `  1. providers/${kebab}/index.ts: how an unknown outcome is proven (key, look-up, void by reference), and whether`,
    '     webhooks are evidence or hints.',
    `  2. sandbox/${kebab}: the simulator, from the provider's documents alone; it must not share the adapter's code.`,
    `  3. providers/${kebab}/{client,mapping,webhook,config}.ts, until the contract test passes again.`,
    `  4. test/contract/${kebab}.test.ts: the published test cards, and amounts in currencies with a convention of their own.`,
    `  5. domain/routing/catalogue/providers/${kebab}.ts: what it can take, and for what price.`,
    `  6. Settlement: a layout in providers/settlement/layouts, a settler for the simulator, fetchSettlement.`,
    `  7. An account: a row of provider_account with provider '${kebab}'; secrets under its id (${constant}_… in the`,
    '     environment is yours to name); for the demo, cli/stack/providers.ts.',
  ].join('\n');
}
