import { setTimeout as delay } from 'node:timers/promises';
import type { Db } from '../client.ts';

/** `open`: more may be posted. `in_flight`: what was posted in time may not be committed yet; ask again in a moment. */
export type PeriodState = 'settled' | 'open' | 'in_flight';

/**
 * For the clock of a database that is set back, or of another that takes over: a posting that then bears an earlier
 * time must still come before the period counts as over.
 */
export const GRACE_MS = 60_000;

const WAIT = { waitMs: 1_000, pollMs: 20, graceMs: GRACE_MS };

/**
 * Whether everything that bears a time before `untilMs` can be read. Who writes to ledger_transaction holds a lock on it
 * from before the time is read (interlock_post) until after the commit is seen by all. So once those who hold it now,
 * after the end, hold it no more, nothing of the period can still appear; whoever comes later bears a later time.
 */
export async function periodState(db: Db, untilMs: number, options = WAIT): Promise<PeriodState> {
  const { waitMs, pollMs, graceMs } = options;
  if (!(await isOver(db, untilMs + graceMs))) return 'open';
  // Asked after the clock was: in one statement nobody says which comes first.
  let posting = await writers(db);
  const deadlineMs = performance.now() + waitMs;
  while (posting.length > 0) {
    if (performance.now() > deadlineMs) return 'in_flight';
    await delay(pollMs);
    const still = new Set(await writers(db));
    posting = posting.filter((each) => still.has(each));
  }
  return 'settled';
}

async function isOver(db: Db, ms: number): Promise<boolean> {
  const [row] = await db.$queryRaw<{ readonly over: boolean }[]>`
    SELECT clock_timestamp() >= ${new Date(ms)}::timestamptz AS over`;
  return row?.over === true;
}

/** The running transactions that have written to the ledger, or are about to, by the name that each has once. */
async function writers(db: Db): Promise<readonly string[]> {
  const rows = await db.$queryRaw<{ readonly name: string }[]>`
    SELECT l.virtualtransaction AS name FROM pg_locks l
    WHERE l.locktype = 'relation' AND l.relation = 'ledger_transaction'::regclass AND l.mode = 'RowExclusiveLock'
      AND l.granted AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
  return rows.map(({ name }) => name);
}
