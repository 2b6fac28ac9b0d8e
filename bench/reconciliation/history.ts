import { createReadStream, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import pg from 'pg';
import { NEWS_VERDICTS } from '../../activities/reconciliation/letters.ts';
import { freePort } from '../../cli/stack/ports.ts';
import { readRunningStack } from '../../cli/stack/stack-file.ts';
import { bringUp } from '../../cli/stack/up.ts';
import { createDataConverter } from '../../client/codec/index.ts';
import { connectClient } from '../../client/index.ts';
import { createReconciliationsDoor } from '../../client/reconciliations.ts';
import { loadConfig } from '../../config/env.ts';
import { openDb } from '../../db/client.ts';
import { receiveFile } from '../../db/reconciliation/index.ts';
import { reconciliationId } from '../../domain/reconciliation/day.ts';
import type { SuiteContext } from '../lib/suite.ts';
import { neutralEnvironment, temporaryGroup } from '../payments/stack.ts';
import { writeFiles } from './files.ts';
import { planFor } from './plan.ts';
import { seedPayments } from './seed.ts';
import { ACCOUNT, DATE } from './world.ts';

/** A step takes all of the day's files however long they are, so a short one tells the history of any. */
const ROWS = 10_000;

/** The events that the history of one day has, run by the real workflow on a whole Interlock. */
export async function measureHistory(context: SuiteContext, seed: number): Promise<number> {
  const { dataDir, group } = await temporaryGroup(context);
  const env = { ...neutralEnvironment(), INTERLOCK_DATA_DIR: dataDir, INTERLOCK_TIME_SCALE: '1' };
  await bringUp({ group, dataDir, env, progress: context.progress, apiPort: await freePort() });
  const stack = readRunningStack(env);
  if (stack === undefined) throw new Error('the stack that was just started left no stack.json');
  const config = loadConfig(stack.env);
  // Letters would wake payments that are rows alone, and the day would wait for them to be read.
  const plan = planFor(ROWS, seed, NEWS_VERDICTS);
  const folder = join(dataDir, 'settlement-files');
  mkdirSync(folder);
  const files = await writeFiles(folder, plan);
  const ownerUrl = new URL(config.databaseUrl);
  ownerUrl.search = '';
  const owner = new pg.Client({ connectionString: ownerUrl.href });
  await owner.connect();
  await seedPayments(owner, plan);
  await owner.end();
  const db = openDb(config.databaseUrl);
  const client = await connectClient(config.temporal, createDataConverter(config.keys.codec));
  for (const [path, format] of [
    [files.broken, 'adyen'],
    [files.big, 'adyen'],
    [files.statement, 'mt940'],
  ] as const) {
    const day = { accountId: ACCOUNT, businessDate: DATE };
    const arrival = { ...day, format, source: 'uploaded' as const, name: basename(path) };
    await receiveFile(db, arrival, createReadStream(path));
  }
  const door = createReconciliationsDoor({ client, db, taskQueue: config.temporal.taskQueue });
  await context.progress.step(`a day of ${ROWS} lines by its workflow`, async () => {
    await door.run(ACCOUNT, DATE);
    await door.result(ACCOUNT, DATE);
  });
  const { historyLength } = await client.workflow.getHandle(reconciliationId(ACCOUNT, DATE)).describe();
  await Promise.all([client.connection.close(), db.$disconnect()]);
  await group.stopAll();
  return historyLength;
}
