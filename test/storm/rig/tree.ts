/**
 * A tree: a copy of the sources with a few lines changed, from which a storm's processes run. Production code
 * has no hooks; where a test needs one, it is patched into the copy. A patch whose text is no longer there,
 * or there twice, is an error: it would otherwise silently test nothing.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { runQuietly } from '../../../cli/install.mjs';
import { ROOT } from '../../../cli/stack/paths.ts';

export interface Patch {
  /** From the root of the sources. */
  readonly file: string;
  /** Occurs exactly once. */
  readonly find: string;
  readonly replace: string;
}

export interface Tree {
  readonly dir: string;
  readonly migrationsDir: string;
  readonly bundlePath: string;
}

export interface TreeOptions {
  readonly dir: string;
  readonly patches: readonly Patch[];
  /** Another checkout than this one. */
  readonly source?: string;
}

/** What the processes and the bundler read. Tests, docs and consoles stay behind. */
const PARTS = [
  'activities',
  'api',
  'cli',
  'client',
  'config',
  'db',
  'domain',
  'interlock',
  'package-lock.json',
  'package.json',
  'prisma',
  'providers',
  'sandbox',
  'telemetry',
  'tsconfig.json',
  'vault',
  'worker',
  'workflows',
];
const LEFT_OUT = /\.test\.ts$/;

export class StalePatchError extends Error {
  constructor(patch: Patch, found: number) {
    const where = `"${patch.find.trim().split('\n')[0]}" in ${patch.file}`;
    super(
      `A patch is stale: ${where} occurs ${found} times instead of once. Adapt it to what the file says now.`,
    );
    this.name = 'StalePatchError';
  }
}

export function patched(text: string, patch: Patch): string {
  const pieces = text.split(patch.find);
  if (pieces.length !== 2) throw new StalePatchError(patch, pieces.length - 1);
  return pieces.join(patch.replace);
}

/** Copies, patches, and bundles the workflows of the copy. */
export async function plantTree(options: TreeOptions): Promise<Tree> {
  const { dir, patches, source = ROOT } = options;
  mkdirSync(dir, { recursive: true });
  for (const part of PARTS) {
    const from = join(source, part);
    if (!existsSync(from)) continue;
    const filter = (path: string) => !LEFT_OUT.test(path) && basename(path) !== 'histories';
    cpSync(from, join(dir, part), { recursive: true, filter });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(dir, 'node_modules'), 'dir');
  for (const patch of patches) {
    const path = join(dir, patch.file);
    writeFileSync(path, patched(readFileSync(path, 'utf8'), patch));
  }
  await runQuietly(
    'bundling the workflows',
    process.execPath,
    [
      '--import',
      'tsx',
      '-e',
      `import('./cli/stack/workflow-bundle.ts').then((m) => m.buildWorkflowBundle())`,
    ],
    { cwd: dir },
  );
  return {
    dir,
    migrationsDir: join(dir, 'prisma/migrations'),
    bundlePath: join(dir, 'dist/workflow-bundle.js'),
  };
}
