import { createHash } from 'node:crypto';
import { canonical } from '../domain/canonical.ts';
import { eventIdFor, providerKeyFor } from '../domain/ids.ts';
import type { LedgerEntry } from '../domain/ledger/postings.ts';
import type { ExceptionKind, OpenedException } from '../domain/payment/edit.ts';
import { snapshotOf } from '../domain/payment/payment.ts';
import type { OperationRow, Transition, Trigger } from '../domain/payment/transition.ts';
import { Prisma } from './generated/client.ts';

/**
 * A transition's rows as parts of one SQL statement. Each part inserts only where the statement's `gate`
 * (the compare-and-set on the payment, or its first insert) let the transition through, so a whole step is
 * one round trip and one atomic write. Inputs travel as one JSON document per table.
 */
export function json(value: unknown): Prisma.Sql {
  return Prisma.sql`${JSON.stringify(value)}::jsonb`;
}

/** JSON where there is something, SQL's NULL where there isn't. */
export function optional(value: unknown): Prisma.Sql {
  return Prisma.sql`${value === undefined ? null : JSON.stringify(value)}::jsonb`;
}

export function attemptsPart(transition: Transition): Prisma.Sql {
  return Prisma.sql`
    INSERT INTO attempt (id, payment_id, number, account_id, provider, connector_version, status,
      provider_reference, authorized_minor, captured_minor, refunded_minor, decline, watched, undoing, authentication, network_transaction_id)
    SELECT a.id, gate.id, a.number, a."accountId", a.provider, a."connectorVersion", a.status,
      a."providerReference", a."authorizedMinor", a."capturedMinor", a."refundedMinor", a.decline, a.watched, a.undoing, a.authentication,
      a."networkTransactionId"
    FROM gate, jsonb_to_recordset(${json(transition.attempts)}) AS a(id text, number int, "accountId" text,
      provider text, "connectorVersion" text, status text, "providerReference" text, "authorizedMinor" bigint,
      "capturedMinor" bigint, "refundedMinor" bigint, decline jsonb, watched boolean, undoing boolean, authentication jsonb, "networkTransactionId" text)
    ON CONFLICT (id) DO UPDATE SET status = excluded.status, provider_reference = excluded.provider_reference,
      authorized_minor = excluded.authorized_minor, captured_minor = excluded.captured_minor,
      refunded_minor = excluded.refunded_minor, decline = excluded.decline, watched = excluded.watched,
      undoing = excluded.undoing, authentication = excluded.authentication,
      network_transaction_id = coalesce(excluded.network_transaction_id, attempt.network_transaction_id), updated_at = clock_timestamp()`;
}

/** One recorded step of whoever owns it, payment or refund: what all their statements have in common. */
export interface Step {
  readonly ownerId: string;
  readonly paymentId: string;
  readonly merchantId: string;
  readonly mode: string;
  readonly currency: string;
  readonly generation: number;
  readonly sequence: number;
  readonly trigger: Trigger;
  readonly fromStatus?: string;
  readonly toStatus: string;
  readonly reason: string;
  readonly policyVersion?: number;
  readonly atMs: number;
  readonly operations: readonly OperationRow[];
  readonly ledger: readonly LedgerEntry[];
  readonly events: readonly string[];
  /** The owner as merchants see it: what every event of the step carries. */
  readonly snapshot: unknown;
  readonly exceptions: readonly OpenedException[];
  /** Kinds of the owner's own exceptions that the step closes. */
  readonly settles: readonly ExceptionKind[];
}

export function stepOf(transition: Transition): Step {
  const { payment, ...rest } = transition;
  return {
    ...rest,
    ownerId: payment.id,
    merchantId: payment.merchantId,
    mode: payment.mode,
    currency: payment.currency,
    toStatus: payment.status,
    ...(payment.policyVersion === undefined ? {} : { policyVersion: payment.policyVersion }),
    snapshot: snapshotOf(payment),
    // Whoever leaves a review, whichever way, has been looked at.
    settles: payment.status === 'requires_review' ? [] : ['payment_review'],
  };
}

/**
 * Operations with their permits. Closing one shreds its sealed parameters in the same write: what is
 * resolved is never sent again. `clock_timestamp()` is the database's, as in every claim.
 */
export function operationsPart(step: Step): Prisma.Sql {
  const rows = step.operations.map((operation) => ({
    ...operation,
    providerKey: providerKeyFor({ ...operation, ownerId: step.ownerId }),
    sendBy: operation.sendByMs === undefined ? null : new Date(operation.sendByMs).toISOString(),
  }));
  return Prisma.sql`
    INSERT INTO operation (id, owner_id, payment_id, attempt_id, attempt_number, kind, number, cause, status, amount_minor,
      currency, final_capture, provider_key, provider_reference, generation, send_by, closed_at, outcome)
    SELECT o.id, gate.id, ${step.paymentId}, o."attemptId", o."attemptNumber", o.kind, o.number, o.cause, o.status,
      o."amountMinor", ${step.currency}, o."finalCapture", o."providerKey", o."providerReference",
      ${step.generation}::int, o."sendBy", CASE WHEN o.closed THEN clock_timestamp() END, o.outcome
    FROM gate, jsonb_to_recordset(${json(rows)}) AS o(id text, "attemptId" text, "attemptNumber" int, kind text,
      number int, cause text, status text, "amountMinor" bigint, "finalCapture" boolean, "providerKey" text,
      "providerReference" text, "sendBy" timestamptz, closed boolean, outcome jsonb)
    ON CONFLICT (id) DO UPDATE SET status = excluded.status, provider_reference = excluded.provider_reference,
      outcome = excluded.outcome, closed_at = coalesce(operation.closed_at, excluded.closed_at),
      sealed_parameters = CASE WHEN excluded.closed_at IS NULL THEN operation.sealed_parameters END`;
}

/** Postings of the step, as named parts of the statement. */
export function ledgerParts(step: Step): Prisma.Sql {
  const { ownerId, sequence } = step;
  const entries = step.ledger.map((entry, index) => ({
    ...entry,
    id: `ltx_${ownerId.slice(ownerId.indexOf('_') + 1)}_${sequence}_${index}`,
  }));
  const postings = entries.flatMap((entry) =>
    entry.postings.map((posting) => ({ ...posting, transactionId: entry.id, currency: entry.currency })),
  );
  return Prisma.sql`
    ledger_transaction_rows AS (
      INSERT INTO ledger_transaction (id, payment_id, owner_id, sequence, kind)
      SELECT t.id, ${step.paymentId}, gate.id, ${sequence}::int, t.kind
      FROM gate, jsonb_to_recordset(${json(entries)}) AS t(id text, kind text)),
    ledger_posting_rows AS (
      INSERT INTO ledger_posting (transaction_id, account, currency, amount_minor)
      SELECT l."transactionId", l.account, l.currency, l."amountMinor"
      FROM gate, jsonb_to_recordset(${json(postings)})
        AS l("transactionId" text, account text, currency text, "amountMinor" bigint))`;
}

/**
 * Exceptions that the step opens (again), and those that it closes: its owner's own of the kinds it settles,
 * and what was open about an operation that is resolved now.
 */
export function exceptionParts(step: Step): Prisma.Sql {
  const resolved = step.operations.filter((operation) => operation.closed).map((operation) => operation.id);
  return Prisma.sql`
    exception_rows AS (
      INSERT INTO exception (id, kind, subject_id, payment_id, merchant_id, summary)
      SELECT 'exc_' || e.kind || '_' || e."subjectId", e.kind, e."subjectId", ${step.paymentId}, ${step.merchantId}, e.summary
      FROM gate, jsonb_to_recordset(${json(step.exceptions)}) AS e(kind text, "subjectId" text, summary text)
      ON CONFLICT (kind, subject_id) DO UPDATE SET closed_at = NULL, resolution = NULL, summary = excluded.summary),
    exception_closings AS (
      UPDATE exception x SET closed_at = clock_timestamp(), resolution = ${step.reason} FROM gate
      WHERE x.closed_at IS NULL AND (
        (x.subject_id = ANY(${resolved}::text[]) AND x.kind IN ('unknown_outcome_parked', 'pending_overdue'))
        OR (x.subject_id = gate.id AND x.kind = ANY(${[...step.settles]}::text[]))))`;
}

/** A merchant's request as it is promised: same key, same answer; another body, refused. */
export interface RequestRow {
  readonly id: string;
  readonly path: string;
  readonly idempotencyKey: string;
  readonly bodyDigest: string;
  /** Whose promise it is, where not the owner's merchant's: an operator's. */
  readonly merchantId?: string;
  readonly mode?: string;
}

/**
 * The command that the step answers to, and its answer. While what came of it is not known (`final` is false) a request has
 * none; the step that ends that gives it to all that still wait.
 */
export function requestParts(
  step: Step,
  request: RequestRow | undefined,
  answer: Prisma.Sql,
  final: boolean,
): Prisma.Sql {
  return Prisma.sql`
    request_row AS (
      INSERT INTO request (id, merchant_id, mode, path, idempotency_key, body_digest, subject_id, answer, answered_at)
      SELECT ${request?.id ?? ''}, ${request?.merchantId ?? step.merchantId}, ${request?.mode ?? step.mode}, ${request?.path ?? ''},
        ${request?.idempotencyKey ?? ''}, ${request?.bodyDigest ?? ''}, gate.id,
        CASE WHEN ${final}::boolean THEN ${answer} END, CASE WHEN ${final}::boolean THEN clock_timestamp() END
      FROM gate WHERE ${request !== undefined}::boolean
      ON CONFLICT DO NOTHING),
    answer_rows AS (
      UPDATE request SET answer = ${answer}, answered_at = clock_timestamp() FROM gate
      WHERE request.subject_id = gate.id AND request.answered_at IS NULL AND ${final}::boolean)`;
}

export interface AuditContent {
  readonly text: string;
  readonly digest: string;
}

/**
 * What the audit row says, keys in a fixed order, and its digest: what idempotence compares and the chain
 * holds. The payment itself stands in it as a digest, so the row stays small and still commits to all of it.
 */
export function auditContent(transition: Transition): AuditContent {
  const { payment, ...rest } = transition;
  const { status, failure = null, policyVersion = null } = payment;
  return contentOf({ ...rest, status, failure, policyVersion, payment: sha256(canonical(payment)) });
}

export function contentOf(content: Readonly<Record<string, unknown>>): AuditContent {
  const text = canonical(content);
  return { text, digest: sha256(text) };
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The audit row, chained to the one before: hash = sha256(previous hash, sequence, digest of the content). */
export function auditPart(step: Step, content: AuditContent): Prisma.Sql {
  const { sequence, generation, trigger, fromStatus, reason, atMs } = step;
  return Prisma.sql`
    INSERT INTO audit (owner_id, payment_id, sequence, generation, trigger, actor, from_status, to_status, reason,
      policy_version, content, content_digest, previous_hash, hash, at)
    SELECT gate.id, ${step.paymentId}, ${sequence}::int, ${generation}::int, ${trigger.type}, ${trigger.actor},
      ${fromStatus ?? null}, ${step.toStatus}, ${reason}, ${step.policyVersion ?? null}::int, ${content.text},
      ${content.digest}, gate.previous_hash, gate.audit_head, ${new Date(atMs)}::timestamptz
    FROM gate`;
}

/** Must stay in step with auditPart and `audit verify`: one formula, in SQL where the previous hash is. */
export function nextHash(previous: Prisma.Sql, sequence: number, contentDigest: string): Prisma.Sql {
  return Prisma.sql`encode(sha256(convert_to(${previous} || ${`:${sequence}:${contentDigest}`}, 'UTF8')), 'hex')`;
}

/**
 * Events for merchants, as named parts of the statement. They take the payment's next numbers from its counter, whose
 * row is locked until the commit: a refund's step and its payment's come one after the other, and leave no gap. `after`
 * is the part that writes the balance, which whoever needs both rows locks first. The counter's transaction is the
 * highest that wrote of this payment, so that a payment's events stand in the order of (transaction_id, position) too.
 */
export function outboxParts(
  step: Step,
  after: Prisma.Sql,
  payload: Prisma.Sql = json(step.snapshot),
): Prisma.Sql {
  const events = step.events.map((type, index) => ({
    id: eventIdFor(step.ownerId, step.sequence, index),
    type,
    place: index + 1,
  }));
  const count = events.length;
  return Prisma.sql`
    counter_row AS (${eventNumbers(Prisma.sql`
      SELECT ${step.paymentId}, ${count}::int FROM gate WHERE ${count > 0}::boolean AND (SELECT count(*) FROM ${after}) >= 0`)}),
    outbox_rows AS (
      INSERT INTO outbox (id, merchant_id, mode, payment_id, owner_id, sequence, type, payload, event_sequence, transaction_id)
      SELECT e.id, ${step.merchantId}, ${step.mode}, ${step.paymentId}, gate.id, ${step.sequence}::int, e.type, ${payload},
        counter_row.last - ${count}::int + e.place, counter_row.transaction_id
      FROM gate, counter_row, jsonb_to_recordset(${json(events)}) AS e(id text, type text, place int)
      ORDER BY e.place)`;
}

/** Takes the next numbers of payments' events, so many as `wanted` says (payment, count): answers with the last of each. */
export function eventNumbers(wanted: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`
    INSERT INTO event_counter (payment_id, last, transaction_id)
    SELECT w.payment_id, w.count, pg_current_xact_id()::text::bigint FROM (${wanted}) AS w(payment_id, count)
    ON CONFLICT (payment_id) DO UPDATE SET last = event_counter.last + excluded.last,
      transaction_id = greatest(event_counter.transaction_id, excluded.transaction_id)
    RETURNING payment_id, last, transaction_id`;
}
