import { existsSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { runQuietly } from '../install.mjs';
import { newestChangeMs } from './newest-change.ts';
import { ROOT } from './paths.ts';

/** What can end up in the console's files. Its generated types cannot: they are gone once it is compiled. */
const SOURCES = [
  'console/index.html',
  'console/vite.config.ts',
  'console/public',
  'console/src',
  'package-lock.json',
];
const TYPES = join(ROOT, 'console/src/api/schema.d.ts');

export function consolePath(): string {
  return join(ROOT, 'dist/console');
}

export function consoleIsStale(): boolean {
  const index = join(consolePath(), 'index.html');
  if (!existsSync(index)) return true;
  const builtMs = statSync(index).mtimeMs;
  return SOURCES.some((name) => newestChangeMs(join(ROOT, name), (path) => path === TYPES) > builtMs);
}

/** Builds the console and compresses its files. Written beside and renamed: nobody is ever served half of it. */
export async function buildConsole(): Promise<{ files: number; gzipBytes: number }> {
  const beside = `${consolePath()}.new-${process.pid}`;
  // Loaded only here: the bundler costs a process more memory than all the rest of the command line.
  const { build } = await import('vite');
  try {
    await build({
      configFile: join(ROOT, 'console/vite.config.ts'),
      logLevel: 'warn',
      build: { outDir: beside },
    });
    const compressed = await Promise.all(filesIn(beside).map(compress));
    rmSync(consolePath(), { recursive: true, force: true });
    renameSync(beside, consolePath());
    return {
      files: compressed.length,
      gzipBytes: compressed.reduce((sum, { gzipBytes }) => sum + gzipBytes, 0),
    };
  } finally {
    rmSync(beside, { recursive: true, force: true });
  }
}

/** Writes the types that the console's sources are checked with, from the API's own document. */
export function generateConsoleTypes(): Promise<void> {
  const args = ['--import', 'tsx', join(ROOT, 'console/generate.ts')];
  return runQuietly("generating the console's types", process.execPath, args, { cwd: ROOT });
}

/** The same in a process of its own, for a caller that lives on and shouldn't keep the bundler's memory. */
export function buildConsoleApart(): Promise<void> {
  const args = [join(ROOT, 'interlock'), 'build', '--console'];
  return runQuietly('building the console', process.execPath, args, { cwd: ROOT });
}

function filesIn(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

async function compress(path: string): Promise<{ gzipBytes: number }> {
  const bytes = await readFile(path);
  const [zipped, brotli] = await Promise.all([
    promisify(gzip)(bytes, { level: 9 }),
    promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 10 } }),
  ]);
  writeFileSync(`${path}.gz`, zipped);
  writeFileSync(`${path}.br`, brotli);
  return { gzipBytes: zipped.byteLength };
}
