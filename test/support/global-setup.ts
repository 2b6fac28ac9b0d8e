/**
 * Before any test file: Temporal and Postgres servers of this run's own, on free ports, in a temporary folder; a
 * template database with all migrations. After the last: everything ends and the folder goes, also when the run
 * fails. Test files reach what was started through harness.ts only.
 *
 * Each of the files that run at once has a Postgres of its own. Databases do not keep neighbours apart: what was
 * written is told of once the oldest transaction of the whole server is past it, and there are tests that freeze a
 * process in the midst of one.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { buildConsoleApart, consoleIsStale } from '../../cli/stack/console-build.ts';
import { migrate } from '../../cli/stack/migrate.ts';
import { freePort } from '../../cli/stack/ports.ts';
import { ensureDatabase, startPostgres } from '../../cli/stack/postgres.ts';
import { findPostgresHome, removePostgres } from '../../cli/stack/postgres-home.ts';
import { ProcessGroup } from '../../cli/stack/processes.ts';
import { startTemporal } from '../../cli/stack/temporal.ts';
import { obtainTemporalBinary } from '../../cli/stack/temporal-binary.ts';
import { buildWorkflowBundleApart, bundleIsStale, bundlePath } from '../../cli/stack/workflow-bundle.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** One for each file that runs at once. */
    postgresAdminUrls: string[];
    templateDatabase: string;
    temporalAddress: string;
    workflowBundle: string;
  }
}

const TEMPLATE = 'interlock_template';

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = mkdtempSync(join(tmpdir(), 'interlock-test-'));
  const group = await ProcessGroup.open(dataDir, ({ kind, detail }) =>
    console.error(`test stack: ${kind}: ${detail}`),
  );
  const count = project.vitest.config.maxWorkers;
  const clusters = Array.from({ length: count }, (_, index) => join(dataDir, String(index + 1)));
  for (const dir of clusters) mkdirSync(dir);
  // Postgres's user passes through; what lies inside has modes of its own.
  for (const dir of [dataDir, ...clusters]) chmodSync(dir, 0o755);
  const outside = clusters.flatMap((dir) => findPostgresHome(dir).outsideDir ?? []);
  // Also when the run is killed: the watchdog ends the servers and removes what they wrote.
  group.discardAtEnd([...outside, dataDir]);
  const tearDown = async () => {
    await group.stopAll();
    for (const dir of clusters) removePostgres(dir);
    rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    const temporalPort = await freePort();
    const [postgresAdminUrls, temporalAddress] = await Promise.all([
      Promise.all(clusters.map((dir, index) => startCluster(group, dir, `postgres-${index + 1}`))),
      obtainTemporalBinary({
        env: process.env,
        onProgress: (line) => console.error(`Temporal: ${line}`),
      }).then((binary) => startTemporal({ group, binary, port: temporalPort })),
      // Once for all files: each would bundle the same sources for itself.
      bundleIsStale() ? buildWorkflowBundleApart() : undefined,
      consoleIsStale() ? buildConsoleApart() : undefined,
    ]);
    project.provide('postgresAdminUrls', postgresAdminUrls);
    project.provide('templateDatabase', TEMPLATE);
    project.provide('temporalAddress', temporalAddress);
    project.provide('workflowBundle', bundlePath());
  } catch (error) {
    await tearDown();
    throw error;
  }
  return tearDown;
}

/** A server with the template database, and the URL of its superuser. */
async function startCluster(group: ProcessGroup, dataDir: string, name: string): Promise<string> {
  const port = await freePort();
  const { urlOf } = await startPostgres({ group, name, dataDir, port, password: 'test', throwaway: true });
  await ensureDatabase(urlOf('postgres'), TEMPLATE);
  await migrate(urlOf(TEMPLATE));
  return urlOf('postgres');
}
