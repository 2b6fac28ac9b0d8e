import type { BookingComparison, BookingFacts } from '../../../domain/reconciliation/comparison.ts';
import { boundsOf } from '../../../domain/reconciliation/day.ts';
import type { Policy } from '../../../domain/reconciliation/tolerance.ts';
import { accountOf } from '../file-facts.ts';
import { type CopyPool, execute, query, type Statement, sql, transaction } from '../pool.ts';
import type { Run } from '../runs.ts';
import { isSettled } from '../settled.ts';
import { bookingJson } from './shapes.ts';

/** When the day that is reconciled is over: ages are counted until then, so that they are the same whenever it is run. */
export function dayEnd(run: Run): Date {
  return new Date(boundsOf(run.businessDate, run.timeZone).toMs);
}

/**
 * Finds what should be in a file by now and is in none. Each booking is looked at once, when its time is over; from then
 * on it is known to be missing, until a file has it.
 */
export async function markMissing(pool: CopyPool, run: Run, policy: Policy): Promise<void> {
  const end = dayEnd(run).getTime();
  const until = (slaMs: number) => sql`${new Date(end - slaMs).toISOString()}::timestamptz`;
  const earliest = until(Math.max(policy.captureSlaMs, policy.refundSlaMs));
  await transaction(pool, async (client) => {
    await execute(
      client,
      sql`
      UPDATE booking b SET missing_since = ${run.businessDate}::date
      WHERE b.account_id = ${run.accountId} AND b.status = 'expected' AND b.missing_since IS NULL
        AND b.booked_at > coalesce((SELECT max(missing_until) FROM reconciliation_run
          WHERE account_id = ${run.accountId} AND business_date < ${run.businessDate}::date), '-infinity')
        AND b.booked_at <= ${until(Math.min(policy.captureSlaMs, policy.refundSlaMs))}
        AND b.booked_at <= CASE b.kind WHEN 'capture' THEN ${until(policy.captureSlaMs)} ELSE ${until(policy.refundSlaMs)} END
        AND NOT ${isSettled(sql`b`)}`,
    );
    await execute(
      client,
      sql`
      UPDATE booking b SET missing_since = NULL
      WHERE b.account_id = ${run.accountId} AND b.missing_since IS NOT NULL AND (b.status <> 'expected' OR ${isSettled(sql`b`)})`,
    );
    await execute(
      client,
      sql`UPDATE reconciliation_run SET missing_until = ${earliest} WHERE id = ${run.id}`,
    );
  });
}

interface Found {
  readonly booking: BookingFacts;
  readonly ageMs: string;
}

export async function missingBookings(
  pool: CopyPool,
  run: Run,
  page: { readonly afterId: string; readonly limit: number },
): Promise<BookingComparison[]> {
  const rows = await query<Found>(
    pool,
    sql`
    SELECT ${bookingJson} AS booking, ${ageOf(run)} AS "ageMs"
    FROM booking b WHERE b.account_id = ${run.accountId} AND b.missing_since IS NOT NULL AND b.id > ${page.afterId}
    ORDER BY b.id LIMIT ${page.limit}::int`,
  );
  return rows.map(({ booking, ageMs }) => ({
    compares: 'booking',
    account: accountOf(run),
    booking,
    ageMs: Number(ageMs),
  }));
}

function ageOf(run: Run): Statement {
  return sql`greatest(0, floor(extract(epoch FROM ${dayEnd(run).toISOString()}::timestamptz - b.booked_at) * 1000))::bigint`;
}
