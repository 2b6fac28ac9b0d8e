import { startRun } from '../../db/reconciliation/index.ts';
import { dateAt, dayBefore } from '../../domain/reconciliation/day.ts';
import type { Dependencies } from '../dependencies.ts';
import { type DayOrder, mustFindAccount, type Said } from './day.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Unscaled: how long a file is waited for (the next day's turn comes after a day), and how often it is asked for. */
const WINDOW_MS = 20 * HOUR_MS;
const FIRST_WAIT_MS = 5 * MINUTE_MS;
const LONGEST_WAIT_MS = HOUR_MS;

export interface DayTerms extends Said {
  readonly windowMs: number;
  readonly firstWaitMs: number;
  readonly longestWaitMs: number;
}

/** Opens the day's run, or the one that was closed again. */
export function createBeginReconciliation(deps: Dependencies) {
  return async function beginReconciliation({ accountId, businessDate }: DayOrder): Promise<DayTerms> {
    const { timeZone } = await mustFindAccount(deps, accountId);
    await startRun(deps.db, accountId, businessDate);
    const { timeScale } = deps.settings;
    return {
      said: `a day of ${timeZone}`,
      windowMs: WINDOW_MS * timeScale,
      firstWaitMs: Math.max(100, FIRST_WAIT_MS * timeScale),
      longestWaitMs: Math.max(100, LONGEST_WAIT_MS * timeScale),
    };
  };
}

export interface DateOrder {
  readonly accountId: string;
  readonly atMs: number;
}

/** The day that is over by then where the account is. */
export function createBusinessDateOf(deps: Dependencies) {
  return async function businessDateOf({ accountId, atMs }: DateOrder): Promise<{ businessDate: string }> {
    const { timeZone } = await mustFindAccount(deps, accountId);
    return { businessDate: dayBefore(dateAt(atMs, timeZone)) };
  };
}
