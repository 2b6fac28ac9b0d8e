import { existsSync, mkdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { failureConverterPath } from '../../client/codec/index.ts';
import { runQuietly } from '../install.mjs';
import { newestChangeMs } from './newest-change.ts';
import { ROOT } from './paths.ts';

/** What can end up inside the bundle: workflows, the pure code they import, and the lockfile's versions. */
const SOURCES = ['workflows', 'domain', 'client/codec', 'package-lock.json'];

export function bundlePath(): string {
  return join(ROOT, 'dist/workflow-bundle.js');
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
    workflowInterceptorModules: [join(ROOT, 'workflows/tracing.ts')],
    logger: new DefaultLogger('WARN'),
  });
  mkdirSync(dirname(bundlePath()), { recursive: true });
  writeFileSync(`${bundlePath()}.new`, code);
  renameSync(`${bundlePath()}.new`, bundlePath());
  return { bytes: Buffer.byteLength(code) };
}

/** The same in a process of its own, for a caller that lives on and shouldn't keep the bundler's memory. */
export function buildWorkflowBundleApart(): Promise<void> {
  return runQuietly(
    'bundling the workflows',
    process.execPath,
    [join(ROOT, 'interlock'), 'build', '--workflows'],
    {
      cwd: ROOT,
    },
  );
}
