import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  ActivityFailure,
  condition,
  continueAsNew,
  executeChild,
  isCancellation,
  ParentClosePolicy,
  patched,
  setCurrentDetails,
  setHandler,
  WorkflowIdReusePolicy,
  workflowInfo,
} from '@temporalio/workflow';
import { reconciliationId } from '../../domain/reconciliation/day.ts';
import { PATCHES } from '../versions.ts';
import { asking, dating, step } from './activities.ts';
import {
  fileArrivedSignal,
  progressQuery,
  type ReconciliationInput,
  type ReconciliationProgress,
  type ReconciliationResult,
  type ScheduledDayInput,
  type ScheduledDayResult,
} from './messages.ts';

/** Of at most 500 that a day may have; a pass over a day that is complete takes about 120. */
const LONG_HISTORY = 250;
/** Of the steps that are over. */
const DONE_SHOWN = 16;
/** How often, each time after twice the wait, it is asked whether payments have taken their news in. */
const NEWS_LOOKS = 8;

/**
 * One business day of one provider account. Where it stands is in Postgres alone, every step goes on where it was, and
 * a step takes all of the day's files: so the history is short whatever their size, the run continues as new anywhere,
 * and running a day that is closed changes nothing.
 */
export async function reconciliation(input: ReconciliationInput): Promise<ReconciliationResult> {
  let arrived = false;
  const { accountId, businessDate, eventsARun = LONG_HISTORY } = input;
  const day = new Day(accountId, businessDate);
  setHandler(fileArrivedSignal, () => {
    arrived = true;
  });
  setHandler(progressQuery, () => day.progress);
  const terms = await day.begin();
  const deadlineMs = input.deadlineMs ?? Date.now() + terms.windowMs;
  for (let waitMs = terms.firstWaitMs; ; waitMs = Math.min(2 * waitMs, terms.longestWaitMs)) {
    if (workflowInfo().historyLength > eventsARun || workflowInfo().continueAsNewSuggested)
      await continueAsNew<typeof reconciliation>({ ...input, deadlineMs });
    arrived = false;
    const fault = await day.fetch();
    const { held, refused, waiting } = await day.verify();
    // With a file in hand nobody waits for a provider who is away; its own comes with the next day's.
    const missing = held > refused ? undefined : (fault ?? (held === 0 ? 'no file came' : undefined));
    const isLast = missing === undefined || Date.now() >= deadlineMs;
    if (waiting > 0 || isLast) await day.book();
    if (arrived) continue;
    if (isLast) {
      const result = await day.close(missing);
      if (!arrived) return result;
      continue;
    }
    day.show(`wait for a file: ${missing}`);
    await condition(() => arrived, Math.max(1, Math.min(waitMs, deadlineMs - Date.now())));
  }
}

/** The steps of a day, and what they have said so far: in the Web UI, and to whoever asks. */
class Day {
  progress: ReconciliationProgress = { step: 'begin', fetches: 0, done: [] };
  readonly #order: { readonly accountId: string; readonly businessDate: string };

  constructor(accountId: string, businessDate: string) {
    this.#order = { accountId, businessDate };
  }

  show(name: string): void {
    const { accountId, businessDate } = this.#order;
    this.progress = { ...this.progress, step: name };
    setCurrentDetails([`**${name}** · ${accountId}, ${businessDate}`, ...this.progress.done].join('\n\n'));
  }

  begin() {
    return this.#perform('begin', () => step('open the day').beginReconciliation(this.#order));
  }

  /** Asks the provider for files, which are stored as they come. Answers what kept it from answering. */
  async fetch(): Promise<string | undefined> {
    this.progress = { ...this.progress, fetches: this.progress.fetches + 1 };
    return this.#try('fetch', () => asking('ask the provider for its files').fetchSettlements(this.#order));
  }

  verify() {
    return this.#perform('verify', () =>
      step('are they what they say they are').verifySettlements(this.#order),
    );
  }

  async book(): Promise<void> {
    await this.#compare();
    await this.#perform('post', () => step('to the ledger').postSettlements(this.#order));
    await this.#perform('bank', () => step('payouts beside the bank').postBankLines(this.#order));
    const news = await this.#perform('resolve', () =>
      step('news to payments').bringSettlementNews(this.#order),
    );
    // What has come of the news explains breaks.
    if (news.brought + news.letters > 0 && (await this.#takenIn(news.waitMs))) await this.#compare();
    // The day is closed without an answer, too: what could not be asked is asked by a later run.
    if (patched(PATCHES.providerAsked))
      await this.#try('ask', () => asking('ask the provider about what is missing').askProvider(this.#order));
  }

  async close(missing: string | undefined): Promise<ReconciliationResult> {
    const order = { ...this.#order, ...(missing === undefined ? {} : { missing }) };
    const { status, posted } = await this.#perform('close', () =>
      step('write the report').closeReconciliation(order),
    );
    return { status, posted };
  }

  async #compare(): Promise<void> {
    const order = this.#order;
    await this.#perform('bookings', () => step('what we expect to be settled').refreshBookings(order));
    await this.#perform('stage', () => step('read the files beside the bookings').stageSettlements(order));
    await this.#perform('classify', () => step('what did not match').classifySettlements(order));
  }

  /** Payments act on their own; the day waits a while, so that its report shows what has come of the news. */
  async #takenIn(firstWaitMs: number): Promise<boolean> {
    for (let look = 0, waitMs = firstWaitMs; look < NEWS_LOOKS; look += 1, waitMs *= 2) {
      const { open } = await this.#perform('news', () =>
        step('what has come of the news').checkSettlementNews(this.#order),
      );
      if (open === 0) return true;
      await condition(() => false, waitMs);
    }
    return false;
  }

  /** A step that needs the provider. Answers what kept it from being done. */
  async #try(name: string, act: () => Promise<{ readonly said: string }>): Promise<string | undefined> {
    try {
      await this.#perform(name, act);
      return undefined;
    } catch (error) {
      if (!(error instanceof ActivityFailure) || isCancellation(error)) throw error;
      const fault = `the provider could not be asked (${error.cause?.message ?? error.message})`;
      this.#say(`${name}: ${fault}`);
      return fault;
    }
  }

  async #perform<T extends { readonly said: string }>(name: string, act: () => Promise<T>): Promise<T> {
    this.show(name);
    const result = await act();
    this.#say(`${name}: ${result.said}`);
    return result;
  }

  #say(line: string): void {
    this.progress = { ...this.progress, done: [...this.progress.done, line].slice(-DONE_SHOWN) };
    this.show(this.progress.step);
  }
}

/**
 * What the Schedule of an account starts, at a time. It waits for the day's workflow, so that days of one account come
 * one after another; a day that somebody has started already is told instead.
 */
export async function scheduledReconciliation({ accountId }: ScheduledDayInput): Promise<ScheduledDayResult> {
  const { businessDate } = await dating().businessDateOf({ accountId, atMs: scheduledMs() });
  const workflowId = reconciliationId(accountId, businessDate);
  setCurrentDetails(`looks after **${workflowId}**`);
  try {
    await executeChild(reconciliation, {
      workflowId,
      args: [{ accountId, businessDate }],
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      parentClosePolicy: ParentClosePolicy.ABANDON,
      staticSummary: `${accountId}, ${businessDate}`,
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    // It asks the provider by itself.
    return { status: 'under_way', workflowId };
  }
  return { status: 'reconciled', workflowId };
}

/** When the Schedule meant to start this, which may be days ago: it catches up. */
function scheduledMs(): number {
  const { searchAttributes, startTime } = workflowInfo();
  const [scheduled] = searchAttributes.TemporalScheduledStartTime ?? [];
  return scheduled instanceof Date ? scheduled.getTime() : startTime.getTime();
}
