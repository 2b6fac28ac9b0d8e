import { currencies, exponentOf } from '../../domain/money/currency.ts';
import { type CopyClient, type CopyPool, execute, join, query, type Statement, sql } from './pool.ts';

/** What counts as settled, wherever lines and bookings are held together. */

/**
 * Of a file `f`: a line of it stops it, and nobody has decided about that yet. Nothing of it is booked, so its lines count
 * nowhere; once it is let go it is staged anew, after those that were posted meanwhile.
 */
export const isStopped = sql`(f.status = 'classified')`;

/** Of a capture's or refund's line: the opposite of `isAgainstItsType` in the domain. */
export function hasItsSign(line: Statement): Statement {
  return sql`(CASE ${line}.type WHEN 'refund' THEN ${line}.gross_minor <= 0 ELSE ${line}.gross_minor >= 0 END)`;
}

/** Whether a capture's or refund's line counts for its booking. */
export function countsFor(line: Statement): Statement {
  return sql`(${hasItsSign(line)}
    AND NOT EXISTS (SELECT 1 FROM settlement_file f WHERE f.id = ${line}.file_id AND ${isStopped}))`;
}

/** `booking`: the alias of a row of booking. */
export function isSettled(booking: Statement): Statement {
  return sql`EXISTS (SELECT 1 FROM settlement_row s
    WHERE s.booking_number = ${booking}.number AND s.type = ${booking}.kind AND ${countsFor(sql`s`)})`;
}

/** Open cases that say that nothing of the file may be posted. */
export async function openStops(client: CopyClient, fileId: string): Promise<readonly string[]> {
  const rows = await query<{ id: string }>(
    client,
    sql`SELECT x.id FROM exception x WHERE x.file_id = ${fileId} AND ${stopsNow} ORDER BY x.id`,
  );
  return rows.map(({ id }) => id);
}

const stops = sql`(x.details->>'stops')::boolean`;
const stopsNow = sql`(x.closed_at IS NULL AND ${stops})`;

/** Whether a file, by its id, was stopped once and has been let go. A copy's case names it too, and never stopped it. */
export function wasReleased(fileId: string): Statement {
  return sql`EXISTS (SELECT 1 FROM exception x WHERE x.file_id = ${fileId} AND x.closed_at IS NOT NULL AND ${stops}
    AND (x.line IS NOT NULL OR x.subject_id = x.file_id))`;
}

/** As soon as all its lines are judged, so that files of the same day that stand in for it don't meet its lines. */
export async function markStopped(pool: CopyPool, fileId: string): Promise<void> {
  await execute(
    pool,
    sql`
    UPDATE settlement_file f SET status = 'classified' WHERE f.id = ${fileId} AND f.status = 'staged'
      AND EXISTS (SELECT 1 FROM exception x WHERE x.file_id = f.id AND ${stopsNow})`,
  );
}

/**
 * Of a line `i`: over an exchange its net and fee are its gross at its own rate, to the unit. What is off by no more than a
 * rate in few decimals (exchange.ts in the domain) is not seen here, but where it is looked at one by one.
 */
export const isAtItsRate = sql`(i.currency = i.settlement_currency OR i.exchange_rate IS NULL OR abs(
    i.gross_minor * i.exchange_rate * power(10::numeric, ${exponent(sql`i.settlement_currency`)} - ${exponent(sql`i.currency`)})
    - i.net_minor - i.fee_minor) <= 1)`;

function exponent(column: Statement): Statement {
  const others = [0, 1, 3, 4].map((decimals) => {
    const codes = currencies().filter((code) => exponentOf(code) === decimals);
    return sql`WHEN ${column} = ANY(${codes}::text[]) THEN ${decimals}::int`;
  });
  return sql`CASE ${join(others, ' ')} ELSE 2 END`;
}
