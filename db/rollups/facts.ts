import { HARD_DECLINES } from '../../domain/figures/declines.ts';
import { LAG_BOUNDS_MS } from '../../domain/figures/histogram.ts';
import type { AttemptMeasure, PaymentMeasure } from '../../domain/figures/measures.ts';
import { PAID_STATUSES } from '../../domain/payment/states.ts';
import { LATENCY_BOUNDS_MS } from '../../domain/routing/learning/latency.ts';
import { raw, type Statement, sql } from './sql.ts';

/** One hour of one merchant in one mode: what is computed anew as a whole. */
export interface Unit {
  readonly merchantId: string;
  readonly mode: string;
  readonly hour: Date;
}

/**
 * Which attempts were approved, whatever became of the money since: an authorization that was voided, or had lapsed, was
 * approved too.
 */
const APPROVED = `(a.status IN ('authorized', 'captured', 'refunded', 'expired') OR a.authorized_minor > 0)`;

const SUCCEEDED = `('${PAID_STATUSES.join(`', '`)}')`;

/**
 * Everything that is counted of the payments that were made in the given hours, one row a payment: `rollup_payment_fact` of the
 * statement that adds them up. Each payment's rows are looked up by their keys: the hours may hold ten payments or a million,
 * and what else there is makes no difference.
 */
export function paymentFacts(units: readonly Unit[]): Statement {
  return sql`
    SELECT p.id, p.merchant_id, p.mode, u.hour, p.status, p.currency, p.amount_minor, p.amount_authorized_minor,
      p.amount_captured_minor, coalesce(m.country, '') AS issuer_country, coalesce(m.brand, '') AS brand, coalesce(m.type, '') AS method,
      coalesce(b.refunded_minor + b.external_refunded_minor, 0) AS refunded_minor, coalesce(b.charged_back_minor, 0) AS charged_back_minor,
      coalesce(t.account_id, '') AS account_id, coalesce(t.provider, '') AS provider,
      p.status IN ${raw(SUCCEEDED)} AS succeeded, t.elsewhere, t.again, t.won_elsewhere, t.won_again, t.captured,
      d.chosen_fee, d.best_fee, d.blind_fee, d.chosen_rate, d.best_rate, s.fee_minor AS settled_fee, s.lag_ms
    FROM ${unitsOf(units)} CROSS JOIN LATERAL (
        SELECT * FROM payment p WHERE p.merchant_id = u.merchant_id AND p.mode = u.mode
          AND p.created_at >= u.hour AND p.created_at < u.hour + interval '1 hour') p
      LEFT JOIN payment_method m ON m.id = p.payment_method_id
      LEFT JOIN payment_balance b ON b.payment_id = p.id
      LEFT JOIN LATERAL (${tries}) t ON true
      LEFT JOIN LATERAL (${decision}) d ON t.account_id IS NOT NULL
      LEFT JOIN LATERAL (${settlement}) s ON t.captured`;
}

/**
 * The account that took the payment, else the one that was asked last; whether another than the first was asked, at
 * once (`elsewhere`) or in a later round (`again`), and whether it was that one which took it.
 */
const tries = sql`
  SELECT w.account_id, w.provider, w.captured_minor > 0 AS captured, w.elsewhere, w.again,
    w.approved AND w.again AND w.number >= w.round AS won_again,
    w.approved AND w.account_id <> w.first_account AND NOT (w.again AND w.number >= w.round) AS won_elsewhere
  FROM (SELECT a.account_id, a.provider, a.number, a.captured_minor, ${raw(APPROVED)} AND NOT a.undoing AS approved,
      first_value(a.account_id) OVER (ORDER BY a.number) AS first_account,
      bool_or(a.number > 1 AND r.attempt_id IS NULL) OVER () AS elsewhere,
      bool_or(r.attempt_id IS NOT NULL) OVER () AS again,
      coalesce(min(a.number) FILTER (WHERE r.attempt_id IS NOT NULL) OVER (), 0) AS round
    FROM attempt a LEFT JOIN retry_explanation r ON r.attempt_id = a.id
    WHERE a.payment_id = p.id) w
  ORDER BY w.approved DESC, w.number DESC LIMIT 1`;

/**
 * What the stored decision expected: the fee of the account that took the payment beside the lowest, and the mean, of
 * those that could have taken it; and what success was expected of the first choice beside the best. Decisions of the
 * first form are not read.
 */
const decision = sql`
  SELECT max(c."feeMinor") FILTER (WHERE c."accountId" = t.account_id) AS chosen_fee,
    min(c."feeMinor") AS best_fee, round(avg(c."feeMinor"))::bigint AS blind_fee,
    max(i.rate) FILTER (WHERE c."accountId" = e.document->'order'->>0) AS chosen_rate, max(i.rate) AS best_rate
  FROM route_explanation e
    CROSS JOIN LATERAL jsonb_to_recordset(e.document->'explanation'->'candidates')
      AS c("accountId" text, verdict text, "feeMinor" bigint)
    LEFT JOIN LATERAL (
      SELECT (n.success->>'ratePpm')::bigint * (n.health->>'weightPpm')::bigint / 1000000 AS rate
      FROM jsonb_to_recordset(e.document->'inputs'->'candidates') AS n("accountId" text, success jsonb, health jsonb)
      WHERE n."accountId" = c."accountId") i ON true
  WHERE e.payment_id = p.id AND e.document->>'format' = '2'
    AND (c.verdict = 'candidate' OR c."accountId" = t.account_id OR c."accountId" = e.document->'order'->>0)`;

/**
 * What booked settlement files say of the payment: all its fees, where the provider took them in the payment's own
 * currency, and how long after its first settled capture was booked the file was here that settled it. A line that was
 * delivered twice keeps its booking and was paid once: the ledger has nothing of the second, and neither has this.
 */
const settlement = sql`
  SELECT sum(r.fee_minor) FILTER (WHERE r.settlement_currency = p.currency)::bigint AS fee_minor,
    (extract(epoch FROM (array_agg(f.received_at - k.booked_at ORDER BY k.booked_at, f.received_at)
      FILTER (WHERE k.kind = 'capture'))[1]) * 1000)::bigint AS lag_ms
  FROM booking k JOIN settlement_row r ON r.booking_number = k.number AND r.booking_id = k.id AND r.type = k.kind
      AND r.action IS DISTINCT FROM 'ignore_duplicate'
    JOIN settlement_file f ON f.id = r.file_id AND f.posted_at IS NOT NULL
  WHERE k.payment_id = p.id`;

/** The attempts of those payments, one row each: `rollup_attempt_fact`. */
export const attemptFacts = sql`
  SELECT p.merchant_id, p.mode, p.hour, p.currency, p.issuer_country, p.brand, p.method, a.account_id, a.provider, a.status,
    ${raw(APPROVED)} AS approved, o.status AS operation_status, o.latency_ms,
    a.authentication->>'status' AS authentication, a.authentication ? 'challengedAtMs' AS challenged,
    CASE WHEN a.status = 'declined' THEN coalesce(a.decline->>'reason', '') END AS reason,
    ${isHard()} AS hard, p.succeeded,
    EXISTS (SELECT FROM attempt l WHERE l.payment_id = p.id AND l.number > a.number) AS followed
  FROM rollup_payment_fact p JOIN attempt a ON a.payment_id = p.id
    LEFT JOIN LATERAL (
      SELECT n.status, round(extract(epoch FROM n.closed_at - n.first_sent_at) * 1000)::float8 AS latency_ms
      FROM operation n WHERE n.attempt_id = a.id AND n.kind IN ('authorize', 'sale')
      ORDER BY n.number DESC LIMIT 1) o ON true`;

/** As `declineClass` has it, of attempts `a`. */
function isHard(): Statement {
  const { reasons, adviceCodes, networkCodes } = HARD_DECLINES;
  return sql`coalesce(a.decline->>'reason' = ANY(${[...reasons]}::text[])
    OR lower(trim(a.decline->>'adviceCode')) = ANY(${[...adviceCodes]}::text[])
    OR regexp_replace(upper(trim(a.decline->>'networkCode')), '^(\\d)$', '0\\1') = ANY(${[...networkCodes]}::text[]), false)`;
}

function unitsOf(units: readonly Unit[]): Statement {
  return sql`unnest(${units.map(({ merchantId }) => merchantId)}::text[], ${units.map(({ mode }) => mode)}::text[],
    ${units.map(({ hour }) => hour)}::timestamptz[]) AS u(merchant_id, mode, hour)`;
}

/** Of a row of `rollup_payment_fact` f. Booleans count as one. */
export const PAYMENT_MEASURES: Readonly<Record<PaymentMeasure, string>> = {
  payments: 'true',
  payments_succeeded: 'f.succeeded',
  payments_failed: `f.status = 'failed'`,
  payments_canceled: `f.status IN ('canceled', 'expired')`,
  failed_over: 'f.elsewhere',
  recovered_by_failover: 'f.succeeded AND f.won_elsewhere',
  retried: 'f.again',
  recovered_by_retry: 'f.succeeded AND f.won_again',
  fee_payments: 'f.captured AND coalesce(f.settled_fee, f.chosen_fee) IS NOT NULL',
  fee_settled: 'f.captured AND f.settled_fee IS NOT NULL',
  fee_compared: 'f.captured AND f.chosen_fee IS NOT NULL',
  routed: 'f.chosen_rate IS NOT NULL',
  routed_best: 'f.chosen_rate >= f.best_rate',
  amount_minor: 'f.amount_minor',
  authorized_minor: 'f.amount_authorized_minor',
  captured_minor: 'f.amount_captured_minor',
  refunded_minor: 'f.refunded_minor',
  charged_back_minor: 'f.charged_back_minor',
  fee_minor: 'CASE WHEN f.captured THEN coalesce(f.settled_fee, f.chosen_fee) END',
  fee_captured_minor:
    'CASE WHEN f.captured AND coalesce(f.settled_fee, f.chosen_fee) IS NOT NULL THEN f.amount_captured_minor END',
  fee_paid_minor: 'f.settled_fee',
  fee_estimated_minor: 'CASE WHEN f.captured THEN f.chosen_fee END',
  fee_best_minor: 'CASE WHEN f.captured AND f.chosen_fee IS NOT NULL THEN f.best_fee END',
  fee_blind_minor: 'CASE WHEN f.captured AND f.chosen_fee IS NOT NULL THEN f.blind_fee END',
  chosen_rate_ppm: 'f.chosen_rate',
  best_rate_ppm: 'CASE WHEN f.chosen_rate IS NOT NULL THEN f.best_rate END',
};

/** Of a row of `rollup_attempt_fact` f. */
export const ATTEMPT_MEASURES: Readonly<Record<AttemptMeasure, string>> = {
  attempts: 'true',
  approved: 'f.approved',
  soft_declined: `NOT f.approved AND f.status = 'declined' AND NOT f.hard`,
  hard_declined: `NOT f.approved AND f.status = 'declined' AND f.hard`,
  unknown: `NOT f.approved AND f.status = 'unknown'`,
  not_attempted: `NOT f.approved AND f.status = 'errored' AND f.operation_status = 'not_attempted'`,
  rejected: `NOT f.approved AND f.status = 'errored' AND f.operation_status IS DISTINCT FROM 'not_attempted'`,
  authentications: 'f.authentication IS NOT NULL',
  auth_exempted: `f.authentication = 'exempted'`,
  auth_not_performed: `f.authentication = 'not_performed'`,
  auth_frictionless: `f.authentication = 'frictionless' AND NOT f.challenged`,
  auth_challenged: 'f.challenged',
  auth_challenge_succeeded: `f.challenged AND f.authentication IN ('challenged', 'completed_without_return', 'frictionless')`,
  auth_abandoned: `f.authentication IN ('abandoned', 'timed_out')`,
  auth_failed: `f.authentication IN ('failed', 'rejected')`,
};

/** The bucket of each histogram that a row counts in, from 1; null: in none. */
export const HISTOGRAMS = {
  // A refused connection is quick, and says nothing of how long answers take.
  latency: bucket(`CASE WHEN f.operation_status <> 'not_attempted' THEN f.latency_ms END`, LATENCY_BOUNDS_MS),
  settlement_lag: bucket('f.lag_ms::float8', LAG_BOUNDS_MS),
} as const;

/** A bound belongs to its bucket, which `width_bucket` has the other way round; values are whole. */
function bucket(expression: string, bounds: readonly number[]): string {
  return `width_bucket((${expression}) - 0.5, ARRAY[${bounds.join(', ')}]::float8[]) + 1`;
}
