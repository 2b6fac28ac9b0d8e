import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import {
  causeOfStuck,
  type DeliveriesDoor,
  endStuck,
  openGeneration,
  PAYMENT_WORKFLOW,
  REFUND_WORKFLOW,
  replaceStuck,
  startBacktests,
  startCases,
  startExperiments,
  startRollup,
} from '../client/index.ts';
import type { Db } from '../db/client.ts';
import { type DueLetter, giveUpLetter, takeDueLetters } from '../db/letters.ts';
import {
  asOnlySweeper,
  finishedAmong,
  openStuckException,
  restingOwners,
  shredExpired,
} from '../db/sweep.ts';
import { enabledEndpoints } from '../db/webhooks/index.ts';
import type { NewsDoor } from '../domain/door.ts';
import { deliveryWorkflowId, workflowIdOf } from '../domain/ids.ts';

/**
 * Looks from outside Temporal for what nobody looks after: payments and refunds that are not finished
 * and have no open workflow (terminated by hand, restored from a backup), webhook endpoints without one, letters that
 * no workflow read, and secrets past their time. Everything it does goes through the same door as any other news.
 */
export interface SweeperOptions {
  readonly db: Db;
  readonly client: Client;
  readonly door: NewsDoor;
  /** Absent: endpoints' workflows are not looked after. */
  readonly deliveries?: DeliveriesDoor;
  readonly taskQueue: string;
  readonly log: Logger;
  readonly intervalMs: number;
  /** A payment that moved more recently than this is left alone. */
  readonly idleMs: number;
  /** A letter's first repeat; each later one waits twice as long. */
  readonly letterDelayMs: number;
}

/** What one sweep found, and why it was there to be found. */
export interface SweepFindings {
  /** Payments and refunds that are not finished and rest. */
  readonly looked: number;
  /**
   * Of these, without a workflow that goes on: closed (terminated, or failed), forgotten (retention, a restored
   * server), or stuck (its workflow task fails again and again).
   */
  readonly reopened: { readonly closed: number; readonly forgotten: number; readonly stuck: number };
  /** Of what is finished: workflows that could not close, for the same reason as `stuck`. */
  readonly ended: number;
  /** Enabled webhook endpoints that nobody delivered to. */
  readonly endpoints: number;
  /** Letters that no workflow had read: told again, or given to a person. */
  readonly letters: { readonly told: number; readonly givenUp: number };
  /** Secrets past their time. */
  readonly shredded: number;
}

const NOTHING: SweepFindings = {
  looked: 0,
  reopened: { closed: 0, forgotten: 0, stuck: 0 },
  ended: 0,
  endpoints: 0,
  letters: { told: 0, givenUp: 0 },
  shredded: 0,
};

export function isIdle({ reopened, ended, endpoints, letters }: SweepFindings): boolean {
  const { closed, forgotten, stuck } = reopened;
  return closed + forgotten + stuck + ended + endpoints + letters.told + letters.givenUp === 0;
}

function sum(a: SweepFindings, b: SweepFindings): SweepFindings {
  return {
    looked: a.looked + b.looked,
    reopened: {
      closed: a.reopened.closed + b.reopened.closed,
      forgotten: a.reopened.forgotten + b.reopened.forgotten,
      stuck: a.reopened.stuck + b.reopened.stuck,
    },
    ended: a.ended + b.ended,
    endpoints: a.endpoints + b.endpoints,
    letters: { told: a.letters.told + b.letters.told, givenUp: a.letters.givenUp + b.letters.givenUp },
    shredded: a.shredded + b.shredded,
  };
}

const PAGE = 100;
const FINISHED_AT_ONCE = 1_000;
const LETTERS_A_BATCH = 500;
/** After so many signals that found no payment, a letter is a person's. */
const LETTER_TRIES = 5;
/** Also a letter whose payment exists and rests, when asking the provider about it has come to nothing so often. */
const LETTER_TRIES_AT_MOST = 12;
const SWEEP_TIMEOUT_MS = 120_000;

export interface Sweeper {
  stop(): Promise<void>;
  /** Since this process started; only one worker sweeps at a time. */
  totals(): SweepFindings & { readonly sweeps: number };
}

export function startSweeper(options: SweeperOptions): Sweeper {
  let totals = NOTHING;
  let sweeps = 0;
  let running: Promise<void> = Promise.resolve();
  let stopped = false;
  let timer: NodeJS.Timeout;
  const next = () => {
    timer = setTimeout(() => {
      running = once().finally(() => {
        if (!stopped) next();
      });
    }, options.intervalMs);
    timer.unref();
  };
  const once = async () => {
    try {
      const found = await asOnlySweeper(options.db, () => sweep(options), SWEEP_TIMEOUT_MS);
      if (found === undefined) return;
      sweeps += 1;
      totals = sum(totals, found);
      if (!isIdle(found)) options.log.info(found, 'swept');
    } catch (error) {
      options.log.error(
        { error: error instanceof Error ? error.name : typeof error },
        'sweep failed; trying again',
      );
    }
  };
  next();
  return {
    totals: () => ({ sweeps, ...totals }),
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}

export async function sweep(options: SweeperOptions): Promise<SweepFindings> {
  const shredded = await shredExpired(options.db);
  const letters = await sweepLetters(options);
  const running = await runningWorkflows(options.client);
  const endpoints = await startDeliveries(options, running);
  await startCases(options, running);
  await startBacktests(options, running);
  await startExperiments(options, running);
  await startRollup(options, running);
  const ended = await endStuckOfFinished(options, running);
  let looked = 0;
  const reopened = { closed: 0, forgotten: 0, stuck: 0 };
  let afterId = '';
  for (;;) {
    const page = await restingOwners(options.db, options.idleMs, afterId, PAGE);
    for (const { ownerId, generation, underWay } of page) {
      const waits = running.has(workflowIdOf(ownerId, generation)) && !underWay;
      if (waits) continue;
      const { was } = await openGeneration(options, ownerId, generation);
      if (was === 'closed') reopened.closed += 1;
      if (was === 'unknown') reopened.forgotten += 1;
      if (was === 'stuck' && (await unstick(options, ownerId, generation))) reopened.stuck += 1;
    }
    looked += page.length;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE)
      return { looked, reopened, ended, endpoints, letters, shredded };
    afterId = last.ownerId;
  }
}

/** Absence from the listing may be its lag; then the start finds the one that runs, and only wakes it. */
async function startDeliveries(
  { db, deliveries }: SweeperOptions,
  running: ReadonlySet<string>,
): Promise<number> {
  if (deliveries === undefined) return 0;
  const alone = (await enabledEndpoints(db)).filter((id) => !running.has(deliveryWorkflowId(id)));
  for (const id of alone) await deliveries.pokeEndpoint(id);
  return alone.length;
}

/** After so many generations of one owner nothing is gained by another: a person must look. */
const GENERATIONS_AT_MOST = 10;

async function unstick(options: SweeperOptions, ownerId: string, generation: number): Promise<boolean> {
  await tellOfStuck(options, ownerId, generation);
  if (generation >= GENERATIONS_AT_MOST) return false;
  await replaceStuck(options, ownerId, generation);
  return true;
}

async function tellOfStuck(options: SweeperOptions, ownerId: string, generation: number): Promise<void> {
  const cause = await causeOfStuck(options.client, workflowIdOf(ownerId, generation));
  options.log.error({ ownerId, generation, cause }, 'a workflow task fails again and again');
  await openStuckException(options.db, ownerId, generation, cause);
}

/** Most that is listed closes while we look, or waits for a merchant; what is finished and still there is asked about. */
async function endStuckOfFinished(options: SweeperOptions, running: ReadonlySet<string>): Promise<number> {
  const owners = new Map<string, { readonly workflowId: string; readonly generation: number }>();
  for (const workflowId of running) {
    const [kind, ownerId = '', generation = ''] = workflowId.split('/');
    if (kind === PAYMENT_WORKFLOW || kind === REFUND_WORKFLOW)
      owners.set(ownerId, { workflowId, generation: Number(generation.slice(1)) });
  }
  let ended = 0;
  const ids = [...owners.keys()];
  for (let from = 0; from < ids.length; from += FINISHED_AT_ONCE) {
    const finished = await finishedAmong(
      options.db,
      ids.slice(from, from + FINISHED_AT_ONCE),
      options.idleMs,
    );
    for (const ownerId of finished) {
      const { workflowId = '', generation = 1 } = owners.get(ownerId) ?? {};
      if (!(await endStuck(options, workflowId))) continue;
      await tellOfStuck(options, ownerId, generation);
      ended += 1;
    }
  }
  return ended;
}

/**
 * One listing instead of a question for each payment. Visibility lags, so absence from it only earns the
 * real question (`describe`), which decides.
 */
async function runningWorkflows(client: Client): Promise<ReadonlySet<string>> {
  const query = `WorkflowType IN ('payment', 'refund', 'delivery', 'case', 'backtest', 'experiment', 'rollup') AND ExecutionStatus = 'Running'`;
  const ids = new Set<string>();
  // Raw, because the SDK's listing decodes every memo: one under a retired key would end the whole sweep.
  let nextPageToken: Uint8Array | undefined;
  do {
    const page = await client.workflowService.listWorkflowExecutions({
      namespace: client.options.namespace,
      query,
      pageSize: 1_000,
      ...(nextPageToken === undefined ? {} : { nextPageToken }),
    });
    for (const { execution } of page.executions ?? [])
      if (execution?.workflowId) ids.add(execution.workflowId);
    nextPageToken = page.nextPageToken?.length ? page.nextPageToken : undefined;
  } while (nextPageToken !== undefined);
  return ids;
}

/** In batches until none is due; each look postpones a letter, so the loop ends. */
async function sweepLetters(options: SweeperOptions): Promise<SweepFindings['letters']> {
  const found = { told: 0, givenUp: 0 };
  for (;;) {
    const due = await takeDueLetters(options.db, options.letterDelayMs, LETTERS_A_BATCH);
    const givenUp = await tell(options, due);
    found.givenUp += givenUp;
    found.told += due.length - givenUp;
    if (due.length < LETTERS_A_BATCH) return found;
  }
}

/** Answers how many became a person's. */
async function tell(options: SweeperOptions, due: readonly DueLetter[]): Promise<number> {
  let givenUp = 0;
  const told = new Map<string, Awaited<ReturnType<NewsDoor['news']>>>();
  for (const { inboxId, ownerId, signals } of due) {
    if (ownerId !== null && !told.has(ownerId)) told.set(ownerId, await options.door.news(ownerId));
    const unknown = ownerId === null || told.get(ownerId) === 'no_such_owner';
    const enough = (unknown && signals >= LETTER_TRIES) || signals >= LETTER_TRIES_AT_MOST;
    if (enough && (await giveUpLetter(options.db, inboxId))) givenUp += 1;
  }
  return givenUp;
}
