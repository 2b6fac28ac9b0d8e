import { existsSync, mkdirSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { failureConverterPath } from '../../client/codec/index.ts';
import { runQuietly } from '../install.mjs';
import { ROOT } from './paths.ts';

/** What can end up inside the bundle: workflows, the pure code they import, and the lockfile's versions. */
const SOURCES = ['workflows', 'domain', 'client/codec', 'package-lock.json'];

export function bundlePath(): string {
  return join(ROOT, 'dist/workflow-bundle.js');
}

function newestChangeMs(path: string): number {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  const inside = readdirSync(path).map((name) => newestChangeMs(join(path, name)));
  return Math.max(stat.mtimeMs, ...inside);
}

export function bundleIsStale(): boolean {
  if (!existsSync(bundlePath())) return true;
  const builtMs = statSync(bundlePath()).mtimeMs;
  return SOURCES.map((name) => join(ROOT, name)).some(
    (path) => existsSync(path) && newestChangeMs(path) > builtMs,
  );
}

/** Bundles the workflows. Written beside and renamed: a worker never loads half a bundle. */
export async function buildWorkflowBundle(): Promise<{ bytes: number }> {
  const workflowsPath = join(ROOT, 'workflows/index.ts');
  // Loaded only here: the bundler costs a process more memory than all the rest of the command line.
  const { bundleWorkflowCode, DefaultLogger } = await import('@temporalio/worker');
  const { code } = await bundleWorkflowCode({
    workflowsPath,
    failureConverterPath,
    logger: new DefaultLogger('WARN'),
  });
  mkdirSync(dirname(bundlePath()), { recursive: true });
  writeFileSync(`${bundlePath()}.new`, code);
  renameSync(`${bundlePath()}.new`, bundlePath());
  return { bytes: Buffer.byteLength(code) };
}

/** The same in a process of its own, for a caller that lives on and shouldn't keep the bundler's memory. */
export function buildWorkflowBundleApart(): Promise<void> {
  return runQuietly('bundling the workflows', process.execPath, [join(ROOT, 'interlock'), 'build'], {
    cwd: ROOT,
  });
}
