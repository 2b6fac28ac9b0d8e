import { randomBytes } from 'node:crypto';
import { chmodSync, createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { ActivityNotFoundError, type Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { NEWS_VERDICTS } from '../../activities/reconciliation/letters.ts';
import { type Files, writeFiles } from '../../bench/reconciliation/files.ts';
import { planFor } from '../../bench/reconciliation/plan.ts';
import { seedPayments } from '../../bench/reconciliation/seed.ts';
import { ACCOUNT, DATE } from '../../bench/reconciliation/world.ts';
import { migrate } from '../../cli/stack/migrate.ts';
import { freePort } from '../../cli/stack/ports.ts';
import { ensureDatabase, startPostgres } from '../../cli/stack/postgres.ts';
import { findPostgresHome, removePostgres } from '../../cli/stack/postgres-home.ts';
import { ProcessGroup } from '../../cli/stack/processes.ts';
import { startTemporal } from '../../cli/stack/temporal.ts';
import { obtainTemporalBinary } from '../../cli/stack/temporal-binary.ts';
import { createDataConverter } from '../../client/codec/index.ts';
import { connectClient } from '../../client/index.ts';
import { createReconciliationsDoor } from '../../client/reconciliations.ts';
import type { Config } from '../../config/env.ts';
import { openDb } from '../../db/client.ts';
import { receiveFile } from '../../db/reconciliation/index.ts';
import { reconciliationId } from '../../domain/reconciliation/day.ts';
import { type Report, withoutTiming } from '../../domain/reconciliation/report.ts';
import { createNamespaceOrTaskQueue, temporalAddress, waitFor, workflowBundle } from '../support/harness.ts';
import { closeGate } from './support/postgres-gate.ts';
import { type WorkerFactory, type WorkerProcess, workerProcesses } from './support/worker-process.ts';

/**
 * One day of a provider's file, with every type of break in it, run twice on equal databases: once in peace, and once with
 * a worker killed in each of its steps, Temporal killed as it is told of one, and Postgres and Temporal crashed at once.
 * Both must come to the same report, cases and ledger.
 */
const ROWS = 3_000;
const LONG = 60_000;

/** Of its own, because they crash: the run's Postgres and Temporal serve other tests at the same time. */
let group: ProcessGroup;
let ownerUrlOf: (database: string) => string;
let ownTemporal: string;
let files: Files;
let undo: () => void = () => undefined;

beforeAll(async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'interlock-crash-'));
  chmodSync(dataDir, 0o755);
  // That it ended is what is tried here.
  group = await ProcessGroup.open(dataDir);
  const { outsideDir } = findPostgresHome(dataDir);
  group.discardAtEnd(outsideDir ? [outsideDir, dataDir] : [dataDir]);
  undo = () => {
    removePostgres(dataDir);
    rmSync(dataDir, { recursive: true, force: true });
  };
  const [postgresPort, temporalPort] = [await freePort(), await freePort()];
  const binary = await obtainTemporalBinary({ env: process.env, onProgress: () => undefined });
  const [postgres, address] = await Promise.all([
    startPostgres({ group, dataDir, port: postgresPort, password: 'crash' }),
    startTemporal({ group, binary, port: temporalPort, dbPath: join(dataDir, 'temporal.db') }),
  ]);
  ownerUrlOf = postgres.urlOf;
  ownTemporal = address;
  await ensureDatabase(ownerUrlOf('postgres'), 'seeded');
  await migrate(ownerUrlOf('seeded'));
  // These payments are rows alone: none would read a letter, and the day would wait for that.
  const plan = planFor(ROWS, 1, NEWS_VERDICTS);
  await asOwner('seeded', (owner) => seedPayments(owner, plan));
  for (const name of ['calm', 'stormy'])
    await asOwner('postgres', (owner) => owner.query(`CREATE DATABASE ${name} TEMPLATE seeded`));
  files = await writeFiles(dataDir, plan);
});
afterAll(async () => {
  await group?.stopAll();
  undo();
});

async function asOwner<T>(database: string, work: (owner: pg.Client) => Promise<T>): Promise<T> {
  const owner = new pg.Client({ connectionString: ownerUrlOf(database) });
  owner.on('error', () => undefined);
  await owner.connect();
  try {
    return await work(owner);
  } finally {
    await owner.end().catch(() => undefined);
  }
}

interface Day {
  readonly client: Client;
  readonly workers: WorkerFactory;
  /** What the day has come to, once its workflow is over. */
  outcome(): Promise<Outcome>;
  close(): Promise<void>;
}

interface Outcome {
  readonly report: Omit<Report, 'timing'>;
  readonly exceptions: readonly object[];
  readonly postings: readonly object[];
}

/** The files are there and the day's workflow is started; no worker is. */
async function openDay(database: string, address: string): Promise<Day> {
  const ring = () => ({ activeId: 'k1', keys: { k1: randomBytes(32) } });
  const config: Config = {
    databaseUrl: `${ownerUrlOf(database)}?options=${encodeURIComponent('-c role=interlock_app')}`,
    temporal: { address, ...createNamespaceOrTaskQueue() },
    keys: { codec: ring(), vault: ring(), digest: randomBytes(32) },
    providerSecrets: {},
    timeScale: 0.005,
    providerDeadlineMs: 3_000,
    completeByMs: 30_000,
    apiWaitMs: 10_000,
    api: { host: '127.0.0.1', port: 0 },
    workflowBundle: workflowBundle(),
    logLevel: 'silent',
  };
  const workers = await workerProcesses({ config });
  const db = openDb(config.databaseUrl);
  const client = await connectClient(config.temporal, createDataConverter(config.keys.codec));
  const day = { accountId: ACCOUNT, businessDate: DATE };
  for (const [path, format] of [
    [files.big, 'adyen'],
    [files.broken, 'adyen'],
    [files.statement, 'mt940'],
  ] as const) {
    const arrival = { ...day, format, source: 'uploaded' as const, name: basename(path) };
    await receiveFile(db, arrival, createReadStream(path));
  }
  const door = createReconciliationsDoor({ client, db, taskQueue: config.temporal.taskQueue });
  await door.run(ACCOUNT, DATE);
  return {
    client,
    workers,
    async outcome() {
      await door.result(ACCOUNT, DATE);
      return asOwner(database, outcomeOf);
    },
    async close() {
      await workers.close();
      await Promise.all([db.$disconnect(), client.connection.close()]);
    },
  };
}

async function outcomeOf(owner: pg.Client): Promise<Outcome> {
  const rowsOf = async (text: string) => (await owner.query<Record<string, unknown>>(text)).rows;
  const [run] = await rowsOf('SELECT report FROM reconciliation_run');
  return {
    report: withoutTiming(run?.report as Report),
    exceptions: await rowsOf(
      "SELECT id, kind, closed_at IS NULL AS open, details->>'cause' AS cause FROM exception ORDER BY id",
    ),
    postings: await rowsOf(
      `SELECT transaction_id, account, currency, amount_minor FROM ledger_posting ORDER BY transaction_id, account, currency`,
    ),
  };
}

/** Holds a table; whoever wants it waits, and is seen waiting. */
async function holdTable(database: string, table: string) {
  const holder = new pg.Client({ connectionString: ownerUrlOf(database) });
  // Postgres crashes while it is held.
  holder.on('error', () => undefined);
  await holder.connect();
  await holder.query(`BEGIN; LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`);
  return {
    reached: () =>
      waitFor(
        () =>
          asOwner(database, async (owner) => {
            const { rows } = await owner.query(
              'SELECT 1 FROM pg_locks WHERE relation = $1::regclass AND NOT granted',
              [table],
            );
            return rows.length > 0;
          }),
        { what: `a step to come to ${table}`, timeoutMs: LONG },
      ),
    release: () => holder.end().catch(() => undefined),
  };
}

/**
 * The server takes a step back from a dead worker when its heartbeat has been missing for half a minute. Here it is told at
 * once, in the same words: that attempt failed, and the next one is due.
 */
async function takeBack(client: Client): Promise<void> {
  const workflowId = reconciliationId(ACCOUNT, DATE);
  const { raw } = await client.workflow.getHandle(workflowId).describe();
  for (const { activityId } of raw.pendingActivities ?? []) {
    const failed = ApplicationFailure.retryable('the worker was killed', 'Killed');
    await client.activity
      .fail({ workflowId, activityId: activityId ?? '' }, failed)
      .catch((error: unknown) => {
        if (!(error instanceof ActivityNotFoundError)) throw error;
      });
  }
}

/** Kills who holds the step, and has another ready before. */
async function replace({ client, workers }: Day, old: WorkerProcess): Promise<WorkerProcess> {
  const next = await workers.start();
  await old.kill();
  await takeBack(client);
  return next;
}

/** kill -9. Its group starts it again, with what it had written. */
function crash(name: 'postgres' | 'temporal'): void {
  process.kill(group.pidOf(name) ?? 0, 'SIGKILL');
}

async function inPeace(): Promise<Outcome> {
  const day = await openDay('calm', temporalAddress());
  try {
    await day.workers.start();
    return await day.outcome();
  } finally {
    await day.close();
  }
}

async function throughCrashes(): Promise<Outcome> {
  const url = ownerUrlOf('stormy');
  const copied = await holdTable('stormy', 'payout');
  const classified = await closeGate(url, { table: 'exception', event: 'INSERT' });
  const posted = await closeGate(url, { table: 'settlement_group', event: 'INSERT' });
  const day = await openDay('stormy', ownTemporal);
  try {
    let worker = await day.workers.start();
    // Copied, and about to be held against what came before.
    await copied.reached();
    worker = await replace(day, worker);
    const matched = await holdTable('stormy', 'booking');
    await copied.release();
    await matched.reached();
    worker = await replace(day, worker);
    // The step ends while there is nobody to tell.
    crash('temporal');
    await matched.release();
    // Verdicts are on their lines, not committed, and the first case is being opened.
    await classified.reached();
    worker = await replace(day, worker);
    await classified.remove();
    // The ledger has the file's transactions, not committed.
    await posted.reached();
    await replace(day, worker);
    const bank = await holdTable('stormy', 'bank_statement_line');
    await posted.remove();
    await bank.reached();
    crash('temporal');
    crash('postgres');
    await bank.release();
    await waitFor(() => day.client.workflowService.describeNamespace({ namespace: 'default' }), {
      what: 'Temporal to be back',
    });
    return await day.outcome();
  } finally {
    await day.close();
  }
}

it('comes to the same, whatever is killed on the way', async () => {
  const calm = await inPeace();
  expect(calm.report.rows.total).toBe(ROWS);
  expect(calm.report.rows.broken).toBeGreaterThan(15);
  expect(calm.report.files.map(({ status }) => status).sort()).toEqual(['posted', 'posted', 'refused']);
  const stormy = await throughCrashes();
  expect(stormy).toEqual(calm);
}, 180_000);
