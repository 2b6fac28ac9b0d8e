import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { runQuietly, withLock } from '../install.mjs';
import { newestChangeMs } from './newest-change.ts';
import { ROOT } from './paths.ts';

/** What can end up in the console's files. Its generated types cannot: they are gone once it is compiled. */
export const SOURCES = [
  'console/index.html',
  'console/vite.config.ts',
  'console/runbooks.ts',
  'console/public',
  'console/src',
  'docs/runbooks',
  'package-lock.json',
];
const INDEX = 'index.html';
const TYPES = join(ROOT, 'console/src/api/schema.d.ts');

export function consolePath(): string {
  return join(ROOT, 'dist/console');
}

export function consoleIsStale(folder = consolePath()): boolean {
  const builtMs = beganMs(folder);
  return SOURCES.some((name) => newestChangeMs(join(ROOT, name), (path) => path === TYPES) > builtMs);
}

/** When the build of what stands there began, which its front page is stamped with; nothing there: never. */
function beganMs(folder: string): number {
  return statSync(join(folder, INDEX), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

interface Built {
  readonly files: number;
  readonly gzipBytes: number;
}

/**
 * Builds the console and compresses its files. One builder at a time, in whatever process: who had to wait takes what the other
 * one made, if it is of today's sources.
 */
export async function buildConsole(folder = consolePath()): Promise<Built> {
  mkdirSync(dirname(folder), { recursive: true });
  const before = beganMs(folder);
  return withLock(`${folder}.lock`, async () => {
    const isMadeMeanwhile = beganMs(folder) !== before && !consoleIsStale(folder);
    if (!isMadeMeanwhile) await buildInto(folder);
    const zipped = filesIn(folder).filter((path) => path.endsWith('.gz'));
    return {
      files: zipped.length,
      gzipBytes: zipped.reduce((sum, path) => sum + statSync(path).size, 0),
    };
  });
}

async function buildInto(folder: string): Promise<void> {
  const beside = `${folder}.new-${process.pid}`;
  // What is saved while the bundler reads may be in or not: it counts as changed afterwards.
  const began = new Date();
  // Loaded only here: the bundler costs a process more memory than all the rest of the command line.
  const { build } = await import('vite');
  try {
    await build({
      configFile: join(ROOT, 'console/vite.config.ts'),
      logLevel: 'warn',
      build: { outDir: beside },
    });
    await Promise.all(filesIn(beside).map(compress));
    utimesSync(join(beside, INDEX), began, began);
    replaceFiles(beside, folder);
  } finally {
    rmSync(beside, { recursive: true, force: true });
  }
}

/**
 * Puts a finished build where the old one stands, file by file, so that a running API has a whole console to serve at every moment:
 * first what the new front page will ask for (files are named by their content), then that page, then the old files go.
 */
export function replaceFiles(from: string, to: string): void {
  const isFront = (name: string) => name.startsWith(INDEX);
  const namesOf = (folder: string) => filesIn(folder).map((path) => relative(folder, path));
  const fresh = namesOf(from);
  const old = existsSync(to) ? namesOf(to) : [];
  // The stamped page itself comes last of all: whoever stops halfway leaves a build that counts as stale.
  const inOrder = [
    ...fresh.filter((name) => !isFront(name)),
    ...fresh.filter((name) => isFront(name) && name !== INDEX),
    INDEX,
  ];
  for (const name of inOrder) {
    mkdirSync(dirname(join(to, name)), { recursive: true });
    renameSync(join(from, name), join(to, name));
  }
  for (const name of old) if (!fresh.includes(name)) rmSync(join(to, name));
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

async function compress(path: string): Promise<void> {
  const bytes = await readFile(path);
  const [zipped, brotli] = await Promise.all([
    promisify(gzip)(bytes, { level: 9 }),
    promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 10 } }),
  ]);
  writeFileSync(`${path}.gz`, zipped);
  writeFileSync(`${path}.br`, brotli);
}
