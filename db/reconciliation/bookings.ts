import { type CopyPool, execute, lockAccount, query, type Statement, sql, transaction } from './pool.ts';
import type { Run } from './runs.ts';

/**
 * Keeps `booking`, what we expect to be settled, from what is recorded: of an attempt what it captured by itself (a
 * sale), each of its captures, each refund, the undoing of a late success among them, and refunds that others made. It
 * reads what has changed since the account's last day, a little of it again, and writes what is new: however often it
 * runs, the bookings are the same.
 */
export async function refreshBookings(pool: CopyPool, run: Run): Promise<{ readonly changed: number }> {
  return transaction(pool, async (client) => {
    await lockAccount(client, run.accountId);
    const [marks] = await query<{ since: string; until: string }>(
      client,
      sql`
      SELECT coalesce(max(bookings_until) - interval '15 minutes', '-infinity'::timestamptz)::text AS since,
        clock_timestamp()::text AS until
      FROM reconciliation_run WHERE account_id = ${run.accountId} AND business_date < ${run.businessDate}::date`,
    );
    const changed = await execute(client, upsert(run, marks?.since ?? '-infinity'));
    await execute(
      client,
      sql`UPDATE reconciliation_run SET bookings_until = ${marks?.until}::timestamptz WHERE id = ${run.id}`,
    );
    if (changed > ENOUGH_TO_PLAN_ANEW) await client.query('ANALYZE booking');
    return { changed };
  });
}

const ENOUGH_TO_PLAN_ANEW = 10_000;

/**
 * What is known to be missing is looked at on every day; what is not, once its time is over. So a booking whose money
 * turns out to have moved after its time was looked at is missing from the start.
 */
function upsert(run: Run, since: string): Statement {
  const late = sql`
    CASE WHEN s.status = 'expected' AND s.booked_at <= (SELECT max(missing_until) FROM reconciliation_run
      WHERE account_id = ${run.accountId} AND business_date < ${run.businessDate}::date)
    THEN ${run.businessDate}::date END`;
  return sql`
    WITH ${changedParts(run, since)},
    source AS (${ofAttempts} UNION ALL ${ofCaptures} UNION ALL ${ofRefunds} UNION ALL ${ofOthersRefunds(run)})
    INSERT INTO booking AS b (id, account_id, merchant_id, payment_id, owner_id, attempt_id, kind, status,
      provider_reference, operation_reference, merchant_reference, currency, amount_minor, booked_at, presentable_until,
      agreed_rate, dcc, reversed, missing_since)
    SELECT s.id, ${run.accountId}, ${run.merchantId}, s.payment_id, s.owner_id, s.attempt_id, s.kind, s.status,
      nullif(s.provider_reference, ''), nullif(s.operation_reference, ''), s.merchant_reference, s.currency, s.amount_minor,
      s.booked_at, s.presentable_until, (${JSON.stringify(run.agreedRates)}::jsonb ->> s.currency)::numeric, s.dcc,
      s.reversed, ${late}
    FROM source s WHERE s.status IS NOT NULL
    ON CONFLICT (id) DO UPDATE SET status = excluded.status, provider_reference = excluded.provider_reference,
      operation_reference = excluded.operation_reference, amount_minor = excluded.amount_minor,
      reversed = excluded.reversed, presentable_until = excluded.presentable_until,
      booked_at = CASE WHEN b.status = excluded.status THEN b.booked_at ELSE excluded.booked_at END,
      missing_since = CASE WHEN b.status = excluded.status THEN b.missing_since ELSE excluded.missing_since END
    WHERE (b.status, b.provider_reference, b.operation_reference, b.amount_minor, b.reversed, b.presentable_until)
      IS DISTINCT FROM (excluded.status, excluded.provider_reference, excluded.operation_reference,
        excluded.amount_minor, excluded.reversed, excluded.presentable_until)`;
}

/** Every step of a payment or refund moves its `updated_at`; it commits later than it says, hence the margin above. */
function changedParts(run: Run, since: string): Statement {
  return sql`
    changed AS MATERIALIZED (
      SELECT id FROM payment WHERE updated_at >= ${since}::timestamptz
      UNION SELECT payment_id FROM refund WHERE account_id = ${run.accountId} AND updated_at >= ${since}::timestamptz),
    tried AS MATERIALIZED (
      SELECT a.id, a.payment_id, a.status, a.provider_reference, a.authorized_minor, a.captured_minor, a.updated_at,
        a.undoing, p.currency, p.amount_minor, p.authorization_expires_at, p.metadata->>'dcc' = 'true' AS dcc,
        (jsonb_path_query_first(p.route, '$[*] ? (@.accountId == $account).authorizationLifetimeMs',
          jsonb_build_object('account', a.account_id)) #>> '{}')::bigint * interval '1 millisecond' AS lifetime
      FROM changed c JOIN payment p ON p.id = c.id JOIN attempt a ON a.payment_id = p.id
      WHERE a.account_id = ${run.accountId}),
    done AS MATERIALIZED (
      SELECT o.id, o.owner_id, o.attempt_id, o.kind, o.status, o.amount_minor, o.provider_reference, o.closed_at,
        o.created_at, o.outcome->>'type' AS came_to, (o.outcome->>'amountMinor')::bigint AS outcome_minor
      FROM tried t JOIN operation o ON o.attempt_id = t.id WHERE o.kind <> 'void')`;
}

/**
 * An attempt's own capture is what it captured beyond its captures. One that has captures, and nothing of its own,
 * is replaced by them. What was proven absent is `unknown` here: a line would prove more.
 */
const ofAttempts = sql`
  SELECT t.id, t.payment_id, t.payment_id AS owner_id, t.id AS attempt_id, 'capture' AS kind,
    CASE
      WHEN t.captured_minor > coalesce(d.captured_apart, 0) THEN 'expected'
      WHEN d.captures > 0 THEN 'replaced'
      WHEN t.status IN ('voided', 'expired') THEN 'void'
      WHEN t.status = 'declined' OR (t.status = 'errored' AND d.rejected) THEN 'declined'
      ELSE 'unknown' END AS status,
    t.provider_reference, NULL AS operation_reference, t.id AS merchant_reference, t.currency,
    CASE WHEN t.captured_minor > coalesce(d.captured_apart, 0) THEN t.captured_minor - coalesce(d.captured_apart, 0)
      ELSE coalesce(nullif(t.authorized_minor, 0), t.amount_minor) END AS amount_minor,
    coalesce(d.authorized_at, t.updated_at) AS booked_at,
    -- A sale has no authorization that expires: it is presented as if it had one.
    coalesce(t.authorization_expires_at, d.authorized_at + t.lifetime) AS presentable_until,
    coalesce(t.dcc, false) AS dcc, false AS reversed
  FROM tried t LEFT JOIN (
    SELECT attempt_id, count(*) FILTER (WHERE kind = 'capture') AS captures,
      sum(coalesce(outcome_minor, amount_minor)) FILTER (WHERE kind = 'capture' AND (status = 'succeeded' OR came_to = 'captured')) AS captured_apart,
      bool_or(status = 'rejected') FILTER (WHERE kind IN ('authorize', 'sale')) AS rejected,
      max(closed_at) FILTER (WHERE kind IN ('authorize', 'sale') AND status = 'succeeded') AS authorized_at
    FROM done GROUP BY attempt_id) d ON d.attempt_id = t.id`;

/** A capture was made where it succeeded, and where its outcome says so though it had been closed as not made. */
const ofCaptures = sql`
  SELECT o.id, t.payment_id, t.payment_id, t.id, 'capture',
    CASE WHEN o.status = 'succeeded' OR o.came_to = 'captured' THEN 'expected'
      WHEN o.status IN ('declined', 'rejected') THEN 'declined' ELSE 'unknown' END,
    t.provider_reference, nullif(o.provider_reference, t.provider_reference), o.id, t.currency,
    CASE WHEN o.status = 'succeeded' OR o.came_to = 'captured' THEN coalesce(o.outcome_minor, o.amount_minor)
      ELSE o.amount_minor END,
    coalesce(o.closed_at, o.created_at), t.authorization_expires_at, coalesce(t.dcc, false), false
  FROM tried t JOIN done o ON o.attempt_id = t.id WHERE o.kind = 'capture'`;

/**
 * A refund was made where it succeeded, and where its outcome says so though it had been proven not made. Taken back
 * since, its line is still right: nothing counts for the refund any more, or the undoing's outcome says so.
 */
const ofRefunds = sql`
  SELECT o.id, t.payment_id, o.owner_id, t.id, 'refund',
    CASE WHEN o.status = 'succeeded' OR o.came_to = 'refunded' THEN 'expected'
      WHEN o.status IN ('declined', 'rejected') THEN 'declined' ELSE 'unknown' END,
    t.provider_reference, nullif(o.provider_reference, t.provider_reference), o.id, t.currency, o.amount_minor,
    coalesce(o.closed_at, o.created_at), NULL::timestamptz, coalesce(t.dcc, false),
    coalesce((o.status = 'succeeded' OR o.came_to = 'refunded')
      AND CASE WHEN f.id IS NULL THEN o.came_to = 'declined' ELSE f.counted_operation_id IS NULL END, false)
  FROM tried t JOIN done o ON o.attempt_id = t.id LEFT JOIN refund f ON f.id = o.owner_id WHERE o.kind = 'refund'`;

/** They are recorded of a payment and an account: of its attempts there, the one whose money it must have been. */
function ofOthersRefunds(run: Run): Statement {
  return sql`
    SELECT x.id, x.payment_id, x.payment_id, t.id, 'refund', 'expected', t.provider_reference,
      nullif(x.provider_reference, t.provider_reference), NULL, x.currency, x.amount_minor, x.observed_at,
      NULL::timestamptz, coalesce(t.dcc, false), false
    FROM external_refund x JOIN LATERAL (
      SELECT * FROM tried WHERE tried.payment_id = x.payment_id ORDER BY captured_minor > 0 DESC, id DESC LIMIT 1) t ON true
    WHERE x.account_id = ${run.accountId} AND x.payment_id IN (SELECT id FROM changed)`;
}
