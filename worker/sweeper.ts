import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import { openGeneration } from '../client/index.ts';
import type { Db } from '../db/client.ts';
import { type DueLetter, openLetterException, takeDueLetters } from '../db/letters.ts';
import { asOnlySweeper, restingPayments, shredExpired } from '../db/sweep.ts';
import type { NewsDoor } from '../domain/door.ts';
import { paymentWorkflowId } from '../domain/ids.ts';

/**
 * Looks from outside Temporal for what nobody looks after: payments and operations that are not finished
 * and have no open workflow (terminated by hand, restored from a backup), letters that no workflow read,
 * and secrets past their time. Everything it does goes through the same door as any other news.
 */
export interface SweeperOptions {
  readonly db: Db;
  readonly client: Client;
  readonly door: NewsDoor;
  readonly taskQueue: string;
  readonly log: Logger;
  readonly intervalMs: number;
  /** A payment that moved more recently than this is left alone. */
  readonly idleMs: number;
  /** A letter's first repeat; each later one waits twice as long. */
  readonly letterDelayMs: number;
}

export interface SweepFindings {
  readonly looked: number;
  readonly reopened: number;
  readonly letters: number;
  readonly shredded: number;
}

const PAGE = 100;
const LETTERS_A_BATCH = 500;
/** After so many signals that found no payment, a letter is a person's. */
const LETTER_TRIES = 5;
/** Also a letter whose payment exists, when asking the provider about it has come to nothing so often. */
const LETTER_TRIES_AT_MOST = 12;
const SWEEP_TIMEOUT_MS = 120_000;

export function startSweeper(options: SweeperOptions): { stop(): Promise<void> } {
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
      if (found !== undefined && found.reopened + found.letters > 0) options.log.info(found, 'swept');
    } catch (error) {
      options.log.error(
        { error: error instanceof Error ? error.name : typeof error },
        'sweep failed; trying again',
      );
    }
  };
  next();
  return {
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
  let looked = 0;
  let reopened = 0;
  let afterId = '';
  for (;;) {
    const page = await restingPayments(options.db, options.idleMs, afterId, PAGE);
    for (const { paymentId, generation } of page) {
      if (running.has(paymentWorkflowId(paymentId, generation))) continue;
      if ((await openGeneration(options, paymentId, generation)) !== generation) reopened += 1;
    }
    looked += page.length;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return { looked, reopened, letters, shredded };
    afterId = last.paymentId;
  }
}

/**
 * One listing instead of a question for each payment. Visibility lags, so absence from it only earns the
 * real question (`describe`), which decides.
 */
async function runningWorkflows(client: Client): Promise<ReadonlySet<string>> {
  const query = `WorkflowType = 'payment' AND ExecutionStatus = 'Running'`;
  const ids = new Set<string>();
  for await (const { workflowId } of client.workflow.list({ query, pageSize: 1_000 })) ids.add(workflowId);
  return ids;
}

/** In batches until none is due; each look postpones a letter, so the loop ends. */
async function sweepLetters(options: SweeperOptions): Promise<number> {
  for (let total = 0; ; ) {
    const due = await takeDueLetters(options.db, options.letterDelayMs, LETTERS_A_BATCH);
    await tell(options, due);
    total += due.length;
    if (due.length < LETTERS_A_BATCH) return total;
  }
}

async function tell(options: SweeperOptions, due: readonly DueLetter[]): Promise<void> {
  const told = new Map<string, Awaited<ReturnType<NewsDoor['news']>>>();
  for (const { inboxId, paymentId, signals } of due) {
    if (paymentId !== null && !told.has(paymentId)) told.set(paymentId, await options.door.news(paymentId));
    const unknown = paymentId === null || told.get(paymentId) === 'no_such_payment';
    if ((unknown && signals >= LETTER_TRIES) || signals >= LETTER_TRIES_AT_MOST)
      await openLetterException(options.db, inboxId);
  }
}
