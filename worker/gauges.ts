import type { Client } from '@temporalio/client';
import proto from '@temporalio/proto';
import type { Logger } from 'pino';
import {
  changeAlarms,
  createFactsReader,
  forgetAlarms,
  isAway,
  noteLook,
  type StoredLook,
} from '../db/alarms/index.ts';
import type { Db } from '../db/client.ts';
import {
  ALARMS,
  type CanaryFacts,
  canaryLimitSeconds,
  judge,
  type Look,
  type QueueFacts,
  scaleOf,
} from '../domain/alarms/index.ts';
import type { FactGauges } from '../telemetry/gauges.ts';

/**
 * Looks at how things stand every few seconds: what it finds becomes gauges for Prometheus, and alarms for the console. Each
 * worker looks, since each has a page; one at a time judges. A look that fails is told, and the next one tries again.
 */
export interface GaugeOptions {
  readonly db: Db;
  readonly client: Client;
  /** Who this worker is to its own alarms: its machine, and which one there. */
  readonly worker: string;
  readonly taskQueues: readonly Pick<QueueFacts, 'queue' | 'kind'>[];
  readonly log: Logger;
  readonly timeScale: number;
  readonly gauges: FactGauges;
  /** Absent: this worker anchors nothing. */
  readonly anchor?: { standing(): Promise<{ readonly ageSeconds: number; readonly disowned: number }> };
  /** Null: none are made, on purpose. Absent: this worker was told nothing of them. */
  readonly canaryEverySeconds?: number | null;
  /** What this process's sweeper has found, by kind. */
  swept(): Readonly<Record<string, number>>;
}

const INTERVAL_MS = 15_000;
/** However fast time goes: looks cost what payments could have. */
const LEAST_INTERVAL_MS = 2_000;
const FORGET_MS = 3_600_000;

export function startGauges(options: GaugeOptions): { stop(): Promise<void> } {
  const intervalMs = Math.min(INTERVAL_MS, Math.max(LEAST_INTERVAL_MS, INTERVAL_MS * options.timeScale));
  const look = createLook(options);
  let stopped = false;
  let timer: NodeJS.Timeout;
  let running: Promise<void> = Promise.resolve();
  const next = (afterMs: number) => {
    timer = setTimeout(() => {
      running = look().finally(() => {
        if (!stopped) next(intervalMs);
      });
    }, afterMs);
    timer.unref();
  };
  next(0);
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}

function createLook(options: GaugeOptions): () => Promise<void> {
  const { db, gauges, log } = options;
  const read = createFactsReader(db);
  // By a clock that nobody sets: only the skew is asked of the other.
  const startedMs = performance.now();
  let awaySinceMs: number | undefined;
  let forgotMs = Number.NEGATIVE_INFINITY;
  const failed = (what: string, error: unknown) =>
    log.warn(
      { what, error: error instanceof Error ? error.name : typeof error },
      'no look at how things stand',
    );
  const known = <T>(what: string, work: Promise<T>) =>
    work.catch((error: unknown) => {
      failed(what, error);
      return undefined;
    });
  return async () => {
    gauges.swept(options.swept());
    // Each may be away without the other.
    const queues = await readQueues(options).catch(() => undefined);
    gauges.reached('temporal', queues !== undefined);
    awaySinceMs = queues === undefined ? (awaySinceMs ?? performance.now()) : undefined;
    const temporalAwaySeconds = awaySinceMs === undefined ? 0 : (performance.now() - awaySinceMs) / 1_000;
    // First, and whatever comes of the rest: that somebody looks is what WorkersAbsent asks.
    await known('look', noteLook(db));
    try {
      const askedMs = performance.now();
      const stored = await read();
      const clockSkewSeconds = skewOf(askedMs, stored.nowMs);
      gauges.reached('postgres', true);
      for (const { question, error } of stored.failures) failed(question, error);
      const { anchor } = options;
      const look: Look = {
        ...stored.facts,
        clockSkewSeconds,
        temporalAwaySeconds,
        queues,
        anchor: anchor === undefined ? null : await known('anchor', anchor.standing()),
        canary: canaryOf(options, stored, (performance.now() - startedMs) / 1_000),
      };
      gauges.show(look);
      await known('alarms', evaluate(options, look));
      if (performance.now() - forgotMs > FORGET_MS) {
        await forgetAlarms(db);
        forgotMs = performance.now();
      }
    } catch (error) {
      gauges.reached('postgres', !isAway(error));
      failed('postgres', error);
    }
  };
}

/**
 * Where nothing is known of any canary, this worker can only count from when it began, and says nothing until that is too long:
 * one that has just begun must not end what one that has waited for an hour knows.
 */
export function canaryOf(
  { canaryEverySeconds: everySeconds }: Pick<GaugeOptions, 'canaryEverySeconds'>,
  { canarySeconds }: Pick<StoredLook, 'canarySeconds'>,
  livedSeconds: number,
): CanaryFacts | null | undefined {
  if (everySeconds === undefined || everySeconds === null) return everySeconds;
  if (typeof canarySeconds === 'number') return { lastSuccessSeconds: canarySeconds, everySeconds };
  const isTooLong = canarySeconds === null && livedSeconds > canaryLimitSeconds(everySeconds);
  return isTooLong ? { lastSuccessSeconds: livedSeconds, everySeconds } : undefined;
}

/** Postgres told its time within the first moments of its transaction: what the connection took is not skew. */
function skewOf(askedMs: number, toldMs: number): number {
  const lateMs = performance.now() - askedMs;
  const skewMs = Date.now() - toldMs;
  if (skewMs < 0) return skewMs / 1_000;
  return Math.max(0, skewMs - lateMs) / 1_000;
}

async function evaluate({ db, timeScale, worker, log }: GaugeOptions, look: Look): Promise<void> {
  const scale = scaleOf(timeScale);
  const changes = await changeAlarms(db, (standing, nowMs) =>
    judge(ALARMS, look, standing, { nowMs, scale, worker }),
  );
  for (const change of changes) {
    if (change.type === 'end' || !change.fires) continue;
    const { alarm, holding } = change;
    log.warn({ alarm: alarm.name, subject: holding.subject, detail: holding.detail }, 'an alarm fires');
  }
}

const { TaskQueueType } = proto.temporal.api.enums.v1;
const KINDS = {
  workflow: TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
  activity: TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
} as const;
const ASK_MS = 2_000;

async function readQueues({ client, taskQueues }: GaugeOptions): Promise<readonly QueueFacts[]> {
  const { namespace } = client.options;
  const asked = taskQueues.map(({ queue, kind }) =>
    client.withDeadline(Date.now() + ASK_MS, async () => {
      const answer = await client.workflowService.describeTaskQueue({
        namespace,
        taskQueue: { name: queue },
        taskQueueType: KINDS[kind],
        reportStats: true,
      });
      const { approximateBacklogCount: count, approximateBacklogAge: age } = answer.stats ?? {};
      return {
        queue,
        kind,
        backlog: Number(count ?? 0),
        backlogSeconds: Number(age?.seconds ?? 0) + (age?.nanos ?? 0) / 1e9,
        pollers: answer.pollers?.length ?? 0,
      };
    }),
  );
  return Promise.all(asked);
}
