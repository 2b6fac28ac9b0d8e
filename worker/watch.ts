import { createServer as createHttpServer, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { hostname } from 'node:os';
import type { Client } from '@temporalio/client';
import type { TelemetryOptions, Worker } from '@temporalio/worker';
import type { Logger } from 'pino';
import type { Config } from '../config/env.ts';
import type { Db } from '../db/client.ts';
import type { WorkMeter } from '../domain/meter.ts';
import { createFactGauges } from '../telemetry/gauges.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { answerMetrics, asksForMetrics } from '../telemetry/metrics-page.ts';
import type { AuditAnchor } from './audit-anchor.ts';
import { startGauges } from './gauges.ts';
import type { Sweeper } from './sweeper.ts';

/** How a worker is watched: its health and its metrics on one port, and its look at how things stand. */
export interface WatchParts {
  readonly config: Config;
  readonly db: Db;
  readonly client: Client;
  readonly worker: Worker;
  readonly sweeper: Sweeper;
  readonly anchor: AuditAnchor | undefined;
  readonly log: Logger;
  readonly metrics: Metrics<WorkMeter>;
  /** Where Temporal's SDK shows its own metrics; absent: it doesn't. */
  readonly sdkMetricsUrl?: string;
}

export function startWatch(parts: WatchParts): { stop(): Promise<void> } {
  const gauges = parts.config.metrics === undefined ? undefined : startLook(parts);
  const page = startPage(parts);
  return {
    async stop() {
      await gauges?.stop();
      page?.close();
    },
  };
}

function startLook(parts: WatchParts) {
  const { config, db, client, sweeper, anchor, log, metrics } = parts;
  const { taskQueue } = config.temporal;
  return startGauges({
    db,
    client,
    worker: workerName(config),
    taskQueues: [
      { queue: taskQueue, kind: 'workflow' },
      { queue: taskQueue, kind: 'activity' },
      { queue: `${taskQueue}-deliveries`, kind: 'activity' },
      { queue: `${taskQueue}-reconciliation`, kind: 'activity' },
    ],
    log,
    timeScale: config.timeScale,
    gauges: createFactGauges(metrics.registry),
    ...(anchor === undefined ? {} : { anchor }),
    ...canaryEvery(config),
    swept: () => findingsOf(sweeper),
  });
}

/** The same after a restart where its port says which of its machine's workers it is; names that nobody has any more go. */
function workerName({ workerHealthPort: port }: Config): string {
  return `${hostname()}:${port === undefined || port === 0 ? `pid-${process.pid}` : port}`;
}

function canaryEvery({ canary }: Config): { readonly canaryEverySeconds?: number | null } {
  if (canary === undefined) return {};
  return { canaryEverySeconds: canary === 'off' ? null : canary.everyMs / 1_000 };
}

function findingsOf(sweeper: Sweeper): Readonly<Record<string, number>> {
  const { reopened, ended, endpoints, letters, shredded } = sweeper.totals();
  return {
    reopened_closed: reopened.closed,
    reopened_forgotten: reopened.forgotten,
    reopened_stuck: reopened.stuck,
    ended,
    endpoints,
    letters_told: letters.told,
    letters_given_up: letters.givenUp,
    shredded,
  };
}

function startPage({ config, worker, sweeper, metrics, sdkMetricsUrl }: WatchParts) {
  const { workerHealthPort: port } = config;
  const host = config.metrics?.host ?? '127.0.0.1';
  if (port === undefined) return undefined;
  const health = (response: ServerResponse) => {
    const state = worker.getState();
    response.writeHead(state === 'RUNNING' ? 200 : 503, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ state, swept: sweeper.totals() }));
  };
  return createHttpServer((request, response) => {
    if (config.metrics === undefined || !asksForMetrics(request)) return health(response);
    answerMetrics(response, metrics.registry, sdkMetricsUrl).catch(() => response.destroy());
  }).listen(port, host);
}

export interface SdkMetrics {
  readonly url: string;
  readonly options: NonNullable<TelemetryOptions['metrics']>;
}

/**
 * The SDK serves its metrics itself and can't say on which port, so a free one of this machine's is taken for it; the worker's
 * own page has them too.
 */
export async function sdkMetrics(): Promise<SdkMetrics> {
  const bindAddress = `127.0.0.1:${await freePort()}`;
  return {
    url: `http://${bindAddress}/metrics`,
    options: {
      prometheus: {
        bindAddress,
        countersTotalSuffix: true,
        unitSuffix: true,
        useSecondsForDurations: true,
      },
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
