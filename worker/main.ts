/**
 * worker/: the composition root of the worker process. What lives here: putting activities together with
 * Postgres, the vault, the providers and the door; the sweeper; the health page. What may not: rules.
 * Nothing imports this room.
 */
import { fileURLToPath } from 'node:url';
import {
  DefaultLogger,
  makeTelemetryFilterString,
  NativeConnection,
  Runtime,
  Worker,
  type WorkerOptions,
} from '@temporalio/worker';
import { type Logger, pino } from 'pino';
import { type Activities, createActivities, type Dependencies } from '../activities/index.ts';
import { createDataConverter } from '../client/codec/index.ts';
import {
  connectClient,
  connectionOptions,
  createDeliveriesDoor,
  createDoor,
  keepCanary,
  keepSchedules,
} from '../client/index.ts';
import { type Config, loadConfig } from '../config/env.ts';
import { openDb } from '../db/client.ts';
import { openCopyPool } from '../db/reconciliation/index.ts';
import { refusePrivateTargetsForRealAccounts, refuseScaledTimeForRealAccounts } from '../db/time-scale.ts';
import { startTracing } from '../telemetry/index.ts';
import { createWorkMetrics } from '../telemetry/metrics.ts';
import { createVault } from '../vault/index.ts';
import { startAuditAnchor } from './audit-anchor.ts';
import { startProviders } from './providers.ts';
import { startRoutingBook } from './routing-book.ts';
import { startSweeper } from './sweeper.ts';
import { tracing } from './tracing.ts';
import { type SdkMetrics, sdkMetrics, startWatch } from './watch.ts';

/** Grace around the longest call, so that a shutdown lets a send that has begun come to its answer. */
const SHUTDOWN_MARGIN_MS = 5_000;
const MINUTE = 60_000;

export interface RunningWorker {
  /** Stops polling, lets what is in flight finish, and closes every connection. */
  stop(): Promise<void>;
  /** Rejects if the worker fails. */
  readonly done: Promise<void>;
}

/** `sdk`: where Temporal's own metrics are; a process has one runtime, so only main knows. */
export async function startWorker(config: Config, log: Logger, sdk?: SdkMetrics): Promise<RunningWorker> {
  const metrics = createWorkMetrics();
  const dataConverter = createDataConverter(config.keys.codec);
  const connection = await NativeConnection.connect(connectionOptions(config.temporal));
  const client = await connectClient(config.temporal, dataConverter);
  const db = openDb(config.databaseUrl);
  await refuseScaledTimeForRealAccounts(db, config.timeScale);
  await refusePrivateTargetsForRealAccounts(db, config.webhooks?.privateTargets ?? false);
  const { taskQueue } = config.temporal;
  const door = createDoor({ client, db, taskQueue });
  const events = createDeliveriesDoor({ client, db, taskQueue });
  const { timeScale } = config;
  const copyPool = openCopyPool(config.databaseUrl);
  const routing = startRoutingBook({
    db,
    onError: (error) => log.warn({ err: error }, 'the routing book is behind; trying again'),
  });
  const vault = createVault({ keys: config.keys.vault, digestKey: config.keys.digest });
  const { providers, stop: stopProviders } = await startProviders(config, { db, vault, log });
  const meter = config.metrics === undefined ? {} : { meter: metrics.meter };
  const activities = composeActivities(config, {
    ...{ db, vault, copyPool, door, events, routing, providers, ...meter },
  });
  const workers = await createWorkers(config, { connection, dataConverter, activities });
  const schedules = keepSchedules({ client, db, taskQueue }, (error) =>
    log.warn({ err: error }, 'Schedules of accounts could not be kept; trying again'),
  );
  const canaries = keepCanary({ client, taskQueue }, everyOf(config), (error) =>
    log.warn({ err: error }, 'the Schedule of canary payments could not be kept; trying again'),
  );
  const sweeper = startSweeper({
    db,
    client,
    door,
    deliveries: events,
    taskQueue,
    log,
    intervalMs: Math.max(500, MINUTE * timeScale),
    idleMs: Math.max(5_000, MINUTE * timeScale),
    letterDelayMs: Math.max(1_000, 5_000 * timeScale),
  });
  const { auditAnchorFile: file } = config;
  const anchor =
    file === undefined
      ? undefined
      : startAuditAnchor({
          db,
          file,
          key: config.keys.digest,
          intervalMs: Math.max(1_000, MINUTE * timeScale),
          log,
        });
  const watch = startWatch({
    ...{ config, db, client, worker: workers[0], sweeper, anchor, log, metrics },
    ...(sdk === undefined ? {} : { sdkMetricsUrl: sdk.url }),
  });
  const done = Promise.all(workers.map((each) => each.run())).then(() => undefined);
  let stopping: Promise<void> | undefined;
  const stop = async () => {
    await Promise.all([sweeper.stop(), schedules.stop(), canaries.stop(), watch.stop()]);
    events.close();
    for (const each of workers) if (each.getState() === 'RUNNING') each.shutdown();
    await done.catch(() => undefined);
    await routing.stop();
    stopProviders();
    // Last, so that the final steps of what was in flight are anchored too.
    await anchor?.stop();
    await Promise.all([connection.close(), client.connection.close(), db.$disconnect(), copyPool.end()]);
  };
  return {
    done,
    stop() {
      stopping ??= stop();
      return stopping;
    },
  };
}

function composeActivities(
  config: Config,
  parts: Pick<
    Dependencies,
    'db' | 'vault' | 'copyPool' | 'door' | 'events' | 'routing' | 'providers' | 'meter'
  >,
): Activities {
  const { timeScale, providerDeadlineMs, webhooks, publicUrl, countTestDeclines = false, canary } = config;
  return createActivities({
    ...parts,
    ...(canary === undefined || canary === 'off' ? {} : { canary }),
    countTestDeclines,
    ...(webhooks === undefined ? {} : { webhooks }),
    settings: { timeScale, providerDeadlineMs, ...(publicUrl === undefined ? {} : { publicUrl }) },
  });
}

function everyOf({ canary }: Config): number | 'off' | undefined {
  return typeof canary === 'object' ? canary.everyMs : canary;
}

type WorkerParts = Pick<WorkerOptions, 'connection' | 'dataConverter'> & { readonly activities: Activities };

/** The one for payments, which has the workflows of all, and two whose activities hold nothing that a payment waits for. */
async function createWorkers(config: Config, parts: WorkerParts): Promise<[Worker, Worker, Worker]> {
  const { providerDeadlineMs } = config;
  const { taskQueue, namespace } = config.temporal;
  const worker = await Worker.create({
    ...parts,
    namespace,
    taskQueue,
    ...workflowSource(config.workflowBundle),
    ...tracing(config.workflowBundle === undefined ? [TRACING_MODULE] : []),
    ...TUNING,
    shutdownGraceTime: providerDeadlineMs + SHUTDOWN_MARGIN_MS,
    shutdownForceTime: providerDeadlineMs + 2 * SHUTDOWN_MARGIN_MS,
  });
  return [worker, await createDeliveryWorker(config, parts), await createReconciliationWorker(config, parts)];
}

/** Endpoints that hang hold slots of their own, never one that a payment waits for. */
function createDeliveryWorker({ temporal, webhooks }: Config, parts: WorkerParts): Promise<Worker> {
  const { activities, ...rest } = parts;
  return Worker.create({
    ...rest,
    namespace: temporal.namespace,
    taskQueue: `${temporal.taskQueue}-deliveries`,
    activities: { deliverDue: activities.deliverDue },
    maxConcurrentActivityTaskExecutions: 200,
    shutdownForceTime: 2 * SHUTDOWN_MARGIN_MS + (webhooks?.deadlineMs ?? 0),
  });
}

/** A big file holds slots, and connections, of its own. What is stopped within a step is taken up by the next worker. */
function createReconciliationWorker({ temporal }: Config, parts: WorkerParts): Promise<Worker> {
  return Worker.create({
    ...parts,
    namespace: temporal.namespace,
    taskQueue: `${temporal.taskQueue}-reconciliation`,
    ...tracing([]),
    maxConcurrentActivityTaskExecutions: 2,
    shutdownForceTime: 2 * SHUTDOWN_MARGIN_MS,
  });
}

/** As measured for two cores (anchors in bench/): enough slots to keep both busy, few enough to stay fair. */
const TUNING = {
  maxConcurrentWorkflowTaskExecutions: 40,
  maxConcurrentActivityTaskExecutions: 200,
  maxConcurrentLocalActivityExecutions: 100,
  maxCachedWorkflows: 500,
} satisfies Partial<WorkerOptions>;

/** The part of tracing that runs inside of workflows. A bundle that was built beforehand has it. */
const TRACING_MODULE = fileURLToPath(new URL('../workflows/tracing.ts', import.meta.url));

/** Production names a bundle that was built beforehand; else the sources are bundled at start. */
function workflowSource(
  codePath: string | undefined,
): Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath'> {
  if (codePath !== undefined) return { workflowBundle: { codePath } };
  return { workflowsPath: fileURLToPath(new URL('../workflows/index.ts', import.meta.url)) };
}

/** What the SDK warns of where a worker has no workflows: the one for deliveries is meant to have none. */
const ONLY_ACTIVITIES = /^No workflows registered/;

/** Temporal's own logs go through pino, so that one line has one form. */
function installLogger(log: Logger, sdk: SdkMetrics | undefined): void {
  const levels = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;
  Runtime.install({
    logger: new DefaultLogger('INFO', ({ level, message, meta }) => {
      if (ONLY_ACTIVITIES.test(message)) return;
      const { error, ...rest } = meta ?? {};
      // Errors of ours may quote what they were given; the SDK's own core quotes ids and states only.
      const core =
        rest.sdkComponent === 'core' && typeof error === 'string' ? { error: error.slice(0, 500) } : {};
      log[levels[level]]({ ...rest, ...core }, message);
    }),
    telemetryOptions: {
      logging: { filter: makeTelemetryFilterString({ core: 'WARN' }), forward: {} },
      ...(sdk === undefined ? {} : { metrics: sdk.options }),
    },
    shutdownSignals: [],
  });
}

async function main(): Promise<void> {
  const config = loadConfig(process.env);
  const log = pino({ level: config.logLevel, base: { process: 'worker', pid: process.pid } });
  const sdk = config.metrics === undefined ? undefined : await sdkMetrics();
  installLogger(log, sdk);
  const traces = startTracing('interlock-worker', config.traces, log);
  const worker = await startWorker(config, log, sdk);
  const stop = () =>
    void worker
      .stop()
      .then(() => traces.stop())
      .then(() => process.exit(0));
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.stdout.write(`${JSON.stringify({ ready: true, taskQueue: config.temporal.taskQueue })}\n`);
  await worker.done;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  main().catch((error: unknown) => {
    process.stderr.write(
      `worker: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    process.exitCode = 1;
    process.exit();
  });
}
