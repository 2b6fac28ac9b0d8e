/**
 * Before any test file: a Postgres and a Temporal server of this run's own, on free ports, in a temporary
 * folder; a template database with all migrations. After the last: everything ends and the folder goes, also
 * when the run fails. Test files reach what was started through harness.ts only.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
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
    postgresAdminUrl: string;
    templateDatabase: string;
    temporalAddress: string;
    workflowBundle: string;
  }
}

const TEMPLATE = 'interlock_template';

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = mkdtempSync(join(tmpdir(), 'interlock-test-'));
  // Postgres's user passes through; what lies inside has modes of its own.
  chmodSync(dataDir, 0o755);
  const group = await ProcessGroup.open(dataDir, ({ kind, detail }) =>
    console.error(`test stack: ${kind}: ${detail}`),
  );
  // Also when the run is killed: the watchdog ends the servers and removes what they wrote.
  const { outsideDir } = findPostgresHome(dataDir);
  group.discardAtEnd(outsideDir ? [outsideDir, dataDir] : [dataDir]);
  const tearDown = async () => {
    await group.stopAll();
    removePostgres(dataDir);
    rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    const [postgresPort, temporalPort] = [await freePort(), await freePort()];
    const [postgres, temporalAddress] = await Promise.all([
      startPostgres({ group, dataDir, port: postgresPort, password: 'test', throwaway: true }),
      obtainTemporalBinary({
        env: process.env,
        onProgress: (line) => console.error(`Temporal: ${line}`),
      }).then((binary) => startTemporal({ group, binary, port: temporalPort })),
      // Once for all files: each would bundle the same sources for itself.
      bundleIsStale() ? buildWorkflowBundleApart() : undefined,
      consoleIsStale() ? buildConsoleApart() : undefined,
    ]);
    await ensureDatabase(postgres.urlOf('postgres'), TEMPLATE);
    await migrate(postgres.urlOf(TEMPLATE));
    project.provide('postgresAdminUrl', postgres.urlOf('postgres'));
    project.provide('templateDatabase', TEMPLATE);
    project.provide('temporalAddress', temporalAddress);
    project.provide('workflowBundle', bundlePath());
  } catch (error) {
    await tearDown();
    throw error;
  }
  return tearDown;
}
