import type {
  BookingFacts,
  LineComparison,
  LinesBeside,
  MatchedBy,
} from '../../../domain/reconciliation/comparison.ts';
import { accountOf } from '../file-facts.ts';
import { type CopyPool, query, type Statement, sql } from '../pool.ts';
import type { Run } from '../runs.ts';
import { hasItsSign, isStopped, wasReleased } from '../settled.ts';
import { bookingJson, lineJson, type StoredLine, toLine } from './shapes.ts';

interface Found {
  readonly line: StoredLine;
  readonly booking: BookingFacts | null;
  readonly matchedBy: MatchedBy | null;
  readonly paymentId: string | null;
  readonly equalBefore: string;
  readonly deliveredBefore: boolean | null;
  readonly count: string;
  readonly sum: string | null;
  readonly countSoFar: string;
  readonly sumSoFar: string | null;
  readonly distinctSum: string | null;
  readonly otherCaptures: readonly string[] | null;
  readonly openChargebacks: string | null;
  readonly reserveHeld: string | null;
}

/**
 * Lines of a file that have no verdict yet, in their order, from after a line on, each with what stands beside it. What
 * stands beside is of this file and those that came earlier, so the answer is the same whatever has come since.
 */
export async function lineComparisons(
  pool: CopyPool,
  run: Run,
  page: { readonly fileId: string; readonly afterLine: number; readonly limit: number },
): Promise<LineComparison[]> {
  const rows = await query<Found>(
    pool,
    sql`
    WITH page AS MATERIALIZED (
      SELECT * FROM settlement_row WHERE file_id = ${page.fileId} AND verdict IS NULL AND line > ${page.afterLine}::int
      ORDER BY line LIMIT ${page.limit}::int),
    this AS (SELECT id, received_at, ${wasReleased(page.fileId)} AS released FROM settlement_file WHERE id = ${page.fileId})
    SELECT ${lineJson} AS line, ${bookingJson} AS booking, r.matched_by AS "matchedBy", pay.id AS "paymentId",
      equal.n AS "equalBefore", equal.delivered AS "deliveredBefore", together.*, captures.names AS "otherCaptures",
      disputes.open AS "openChargebacks", reserves.held AS "reserveHeld"
    FROM page r CROSS JOIN this LEFT JOIN booking b ON b.id = r.booking_id
      CROSS JOIN LATERAL (${paymentOf(run)}) pay
      CROSS JOIN LATERAL (${linesOfBooking(run)}) together
      CROSS JOIN LATERAL (${equalLines(run)}) equal
      CROSS JOIN LATERAL (${capturesOfPayment}) captures
      CROSS JOIN LATERAL (${disputesOfPayment}) disputes
      CROSS JOIN LATERAL (${reservesHeld(run)}) reserves
    ORDER BY r.line`,
  );
  return rows.map((row) => toComparison(run, page.fileId, row));
}

/** One that was stopped and let go comes after what was posted meanwhile. */
const isOfBefore = sql`(NOT ${isStopped} AND ((f.received_at, f.id) < (this.received_at, this.id)
  OR (this.released AND f.status = 'posted' AND f.id <> this.id)))`;
/** Whether a line `o` of a file `f` came before the line `r` of `this` file. */
const isBefore = sql`(${isOfBefore} OR (f.id = this.id AND o.line < r.line))`;
const isNotLater = sql`(${isOfBefore} OR f.id = this.id)`;

/** What is against its type settles nothing, so it is no line of its booking. */
const isOfItsSign = sql`(o.type NOT IN ('capture', 'refund') OR ${hasItsSign(sql`o`)})`;

function linesOfBooking(run: Run): Statement {
  return sql`
    SELECT count(*) AS count, sum(abs(o.gross_minor)) AS sum,
      count(*) FILTER (WHERE o.is_so_far) AS "countSoFar", sum(abs(o.gross_minor)) FILTER (WHERE o.is_so_far) AS "sumSoFar",
      sum(abs(o.gross_minor)) FILTER (WHERE o.copy = 1) AS "distinctSum"
    FROM (
      SELECT o.gross_minor, ${isBefore} OR (f.id = this.id AND o.line = r.line) AS is_so_far,
        row_number() OVER (PARTITION BY o.provider_reference, o.operation_reference, o.currency, o.gross_minor ORDER BY o.line) AS copy
      FROM settlement_row o JOIN settlement_file f ON f.id = o.file_id
      WHERE o.booking_number = r.booking_number AND o.type = r.type AND f.account_id = ${run.accountId} AND ${isNotLater}
        AND ${isOfItsSign}) o`;
}

/** Lines that no booking was found for are looked for by their names. */
function equalLines(run: Run): Statement {
  const same = sql`o.provider_reference IS NOT DISTINCT FROM r.provider_reference
    AND o.operation_reference IS NOT DISTINCT FROM r.operation_reference AND o.type = r.type AND o.currency = r.currency
    AND o.gross_minor = r.gross_minor`;
  return sql`
    SELECT count(*) AS n, bool_or(f.id <> this.id AND ${isSameRecord}) AS delivered
    FROM (
      SELECT o.* FROM settlement_row o WHERE o.booking_number = r.booking_number AND ${same}
      UNION ALL
      SELECT o.* FROM settlement_row o WHERE o.booking_id IS NULL AND o.provider_reference = r.provider_reference AND ${same}
      UNION ALL
      SELECT o.* FROM settlement_row o WHERE o.booking_id IS NULL AND o.provider_reference IS NULL
        AND o.operation_reference = r.operation_reference AND ${same}) o
    JOIN settlement_file f ON f.id = o.file_id
    WHERE f.account_id = ${run.accountId} AND ${isBefore}
      AND coalesce(r.provider_reference, r.operation_reference) IS NOT NULL`;
}

/** Column by column; the columns as they stood are compared where both lines have kept them. */
const isSameRecord = sql`(o.provider_type, o.alternative_reference, o.merchant_reference, o.settlement_currency, o.fee_minor,
    o.net_minor, o.exchange_rate, o.presented_currency, o.presented_minor, o.occurred_at, o.available_on, o.payout_reference,
    o.batch, o.merchant_account, o.description)
  IS NOT DISTINCT FROM (r.provider_type, r.alternative_reference, r.merchant_reference, r.settlement_currency, r.fee_minor,
    r.net_minor, r.exchange_rate, r.presented_currency, r.presented_minor, r.occurred_at, r.available_on, r.payout_reference,
    r.batch, r.merchant_account, r.description)
  AND (o.raw IS NULL OR r.raw IS NULL OR o.raw = r.raw)`;

/** The payment that the line's names lead to, whether or not there is a booking of this effect. */
function paymentOf(run: Run): Statement {
  return sql`
    SELECT coalesce(b.payment_id,
      (SELECT x.payment_id FROM booking x WHERE x.provider_reference IN (r.provider_reference, r.alternative_reference)
        AND x.merchant_id = ${run.merchantId} ORDER BY x.account_id = ${run.accountId} DESC, x.id LIMIT 1),
      (SELECT p.id FROM payment p WHERE p.merchant_id = ${run.merchantId}
        AND p.id = 'pay_' || substring(r.merchant_reference from '^(?:att|op)_([a-z2-7]{26})_'))) AS id`;
}

const capturesOfPayment = sql`
  SELECT array_agg(DISTINCT name ORDER BY name) AS names FROM (
    SELECT x.provider_reference AS name FROM booking x
    WHERE x.payment_id = pay.id AND x.kind = 'capture' AND x.status = 'expected'
    UNION
    SELECT o.provider_reference FROM booking x JOIN settlement_row o ON o.booking_number = x.number JOIN settlement_file f ON f.id = o.file_id
    WHERE x.payment_id = pay.id AND x.kind = 'capture' AND o.type = 'capture' AND ${isBefore}) c
  WHERE name IS NOT NULL AND name IS DISTINCT FROM r.provider_reference AND r.type = 'capture'`;

const disputesOfPayment = sql`
  SELECT sum(CASE o.type WHEN 'chargeback_reversed' THEN -1 ELSE 1 END) AS open
  FROM booking x JOIN settlement_row o ON o.booking_number = x.number JOIN settlement_file f ON f.id = o.file_id
  WHERE x.payment_id = pay.id AND o.type IN ('chargeback', 'second_chargeback', 'chargeback_reversed')
    AND r.type IN ('chargeback', 'second_chargeback', 'chargeback_reversed') AND ${isBefore}`;

/** Held is what was kept back: a line that holds takes from the net, one that releases gives to it. */
function reservesHeld(run: Run): Statement {
  const reserves = sql`o.type IN ('reserve_held', 'reserve_released') AND o.account_id = ${run.accountId}
    AND o.settlement_currency = r.settlement_currency`;
  return sql`
    SELECT -sum(o.net_minor) AS held FROM (
      SELECT o.* FROM settlement_row o WHERE o.verdict <> 'clean' AND ${reserves}
      UNION ALL
      SELECT o.* FROM settlement_row o WHERE o.verdict IS NULL AND o.file_id = r.file_id AND ${reserves}) o
    JOIN settlement_file f ON f.id = o.file_id
    WHERE r.type IN ('reserve_held', 'reserve_released') AND ${isBefore}`;
}

function toComparison(run: Run, fileId: string, row: Found): LineComparison {
  const { booking, matchedBy, paymentId } = row;
  const line = toLine(row.line);
  const isReserve = line.type === 'reserve_held' || line.type === 'reserve_released';
  const beside: LinesBeside = {
    equalBefore: Number(row.equalBefore),
    deliveredBefore: row.deliveredBefore ?? false,
    count: Number(row.count),
    sumMinor: BigInt(row.sum ?? 0),
    countSoFar: Number(row.countSoFar),
    sumSoFarMinor: BigInt(row.sumSoFar ?? 0),
    distinctSumMinor: BigInt(row.distinctSum ?? 0),
    otherCaptures: row.otherCaptures ?? [],
    openChargebacks: Number(row.openChargebacks ?? 0),
    ...(isReserve ? { reserveHeldMinor: BigInt(row.reserveHeld ?? 0) } : {}),
  };
  return {
    compares: 'line',
    account: accountOf(run),
    fileId,
    line,
    ...(booking === null ? {} : { booking }),
    ...(matchedBy === null ? {} : { matchedBy }),
    ...(paymentId === null ? {} : { paymentId }),
    beside,
  };
}
