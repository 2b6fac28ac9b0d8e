import { CancelledFailure, Context } from '@temporalio/activity';
import { type ReconciledAccount, reconciledAccount } from '../../db/reconciliation/accounts.ts';
import { type CopyPool, findRun, markStep, type Run } from '../../db/reconciliation/index.ts';
import { AssertionFailure, assert } from '../../domain/machine.ts';
import type { Provider } from '../../providers/provider.ts';
import type { Dependencies } from '../dependencies.ts';

/** What every step of a day is told: it takes whatever of the day is at its turn. */
export interface DayOrder {
  readonly accountId: string;
  readonly businessDate: string;
}

/** What a step has done, in a few words for people. */
export interface Said {
  readonly said: string;
}

const HEARTBEAT_MS = 3_000;

/**
 * Runs a step under the eyes of the server: it hears how far the step is, and that it lives while Postgres works. A step
 * that is canceled, because its worker stops, ends where it next tells.
 */
export async function watched<T>(work: (tell: (details: object) => void) => Promise<T>): Promise<T> {
  const context = Context.current();
  let details: object = {};
  const timer = setInterval(() => context.heartbeat(details), HEARTBEAT_MS);
  context.heartbeat(details);
  try {
    return await work((more) => {
      if (context.cancellationSignal.aborted) throw new CancelledFailure('the worker stops');
      details = more;
    });
  } finally {
    clearInterval(timer);
  }
}

/** The day's run, now at this step. */
export async function runAt(
  { db }: Dependencies,
  { accountId, businessDate }: DayOrder,
  step: string,
): Promise<Run> {
  const run = await findRun(db, accountId, businessDate);
  assert(run !== undefined, 'a day begins before its steps');
  await markStep(db, run.id, step);
  return run;
}

/** Only the API and the Schedules name accounts, and both have looked whether there is one. */
export async function mustFindAccount({ db }: Dependencies, accountId: string): Promise<ReconciledAccount> {
  const account = await reconciledAccount(db, accountId);
  assert(account !== undefined, `there is no provider account ${accountId}`);
  return account;
}

/** Undefined for accounts whose files come by upload alone: no adapter speaks to their provider. */
export function adapterOf(
  { providers }: Dependencies,
  { provider }: ReconciledAccount,
): Provider | undefined {
  try {
    return providers.named(provider);
  } catch (error) {
    if (error instanceof AssertionFailure) return undefined;
    throw error;
  }
}

export function copyPoolOf({ copyPool }: Dependencies): CopyPool {
  assert(copyPool !== undefined, 'this worker was given no connections for whole files');
  return copyPool;
}

export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
