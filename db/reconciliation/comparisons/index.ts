import type { Comparison } from '../../../domain/reconciliation/comparison.ts';
import type { Policy } from '../../../domain/reconciliation/tolerance.ts';
import { explainBreaks } from '../explain.ts';
import { type CopyPool, query, sql } from '../pool.ts';
import type { Run } from '../runs.ts';
import { markStopped } from '../settled.ts';
import { linkByReference, openPayouts, unlinkedBankLines } from './bank.ts';
import { markMissing, missingBookings } from './bookings.ts';
import { copiesOf } from './copies.ts';
import { lineComparisons } from './lines.ts';

const PAGE = 500;

/**
 * Whatever of the day is not clean, a page at a time: lines of its staged files, and bookings whose time is over. First
 * it closes what has been explained since, by bookings that are there now.
 */
export async function* comparisonsOf(
  pool: CopyPool,
  run: Run,
  policy: Policy,
): AsyncGenerator<readonly Comparison[]> {
  await explainBreaks(pool, run);
  const copies = await copiesOf(pool, run);
  if (copies.length > 0) yield copies;
  const files = await query<{ id: string }>(
    pool,
    sql`
    SELECT id FROM settlement_file WHERE account_id = ${run.accountId} AND business_date = ${run.businessDate}::date
      AND status = 'staged' ORDER BY received_at, id`,
  );
  for (const { id: fileId } of files) {
    for (let afterLine = 0; ; ) {
      const page = await lineComparisons(pool, run, { fileId, afterLine, limit: PAGE });
      if (page.length > 0) yield page;
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) break;
      afterLine = last.line.line;
    }
    await markStopped(pool, fileId);
  }
  await markMissing(pool, run, policy);
  yield* pagesById(
    (page) => missingBookings(pool, run, page),
    ({ booking }) => booking.id,
  );
}

/** The third side: bank lines without a payout, then payouts that the bank has not confirmed. */
export async function* bankComparisonsOf(pool: CopyPool, run: Run): AsyncGenerator<readonly Comparison[]> {
  await linkByReference(pool, run);
  yield* pagesById(
    (page) => unlinkedBankLines(pool, run, page),
    ({ bank }) => bank.id,
  );
  yield* pagesById(
    (page) => openPayouts(pool, run, page),
    ({ payout }) => payout.id,
  );
}

async function* pagesById<T>(
  read: (page: { afterId: string; limit: number }) => Promise<readonly T[]>,
  idOf: (each: T) => string,
): AsyncGenerator<readonly T[]> {
  for (let afterId = ''; ; ) {
    const page = await read({ afterId, limit: PAGE });
    if (page.length > 0) yield page;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    afterId = idOf(last);
  }
}
