import { createHash } from 'node:crypto';
import { providerKeyFor } from '../domain/ids.ts';
import type { Transition } from '../domain/payment/transition.ts';
import { Prisma } from './generated/client.ts';

/**
 * A transition's rows as parts of one SQL statement. Each part inserts only where the statement's `gate`
 * (the compare-and-set on the payment, or its first insert) let the transition through, so a whole step is
 * one round trip and one atomic write. Inputs travel as one JSON document per table.
 */
export function json(value: unknown): Prisma.Sql {
  return Prisma.sql`${JSON.stringify(value)}::jsonb`;
}

export function attemptsPart(transition: Transition): Prisma.Sql {
  return Prisma.sql`
    INSERT INTO attempt (id, payment_id, number, account_id, provider, connector_version, status,
      provider_reference, authorized_minor, captured_minor, refunded_minor, decline, watched, undoing)
    SELECT a.id, gate.id, a.number, a."accountId", a.provider, a."connectorVersion", a.status,
      a."providerReference", a."authorizedMinor", a."capturedMinor", a."refundedMinor", a.decline, a.watched, a.undoing
    FROM gate, jsonb_to_recordset(${json(transition.attempts)}) AS a(id text, number int, "accountId" text,
      provider text, "connectorVersion" text, status text, "providerReference" text, "authorizedMinor" bigint,
      "capturedMinor" bigint, "refundedMinor" bigint, decline jsonb, watched boolean, undoing boolean)
    ON CONFLICT (id) DO UPDATE SET status = excluded.status, provider_reference = excluded.provider_reference,
      authorized_minor = excluded.authorized_minor, captured_minor = excluded.captured_minor,
      refunded_minor = excluded.refunded_minor, decline = excluded.decline, watched = excluded.watched,
      undoing = excluded.undoing, updated_at = clock_timestamp()`;
}

/**
 * Operations with their permits. Closing one shreds its sealed parameters in the same write: what is
 * resolved is never sent again. `clock_timestamp()` is the database's, as in every claim.
 */
export function operationsPart(transition: Transition): Prisma.Sql {
  const rows = transition.operations.map((operation) => ({
    ...operation,
    providerKey: providerKeyFor({ ...operation, paymentId: transition.paymentId }),
    sendBy: operation.sendByMs === undefined ? null : new Date(operation.sendByMs).toISOString(),
  }));
  return Prisma.sql`
    INSERT INTO operation (id, payment_id, attempt_id, attempt_number, kind, number, cause, status, amount_minor,
      currency, final_capture, provider_key, provider_reference, generation, send_by, closed_at, outcome)
    SELECT o.id, gate.id, o."attemptId", o."attemptNumber", o.kind, o.number, o.cause, o.status, o."amountMinor",
      ${transition.payment.currency}, o."finalCapture", o."providerKey", o."providerReference",
      ${transition.generation}::int, o."sendBy", CASE WHEN o.closed THEN clock_timestamp() END, o.outcome
    FROM gate, jsonb_to_recordset(${json(rows)}) AS o(id text, "attemptId" text, "attemptNumber" int, kind text,
      number int, cause text, status text, "amountMinor" bigint, "finalCapture" boolean, "providerKey" text,
      "providerReference" text, "sendBy" timestamptz, closed boolean, outcome jsonb)
    ON CONFLICT (id) DO UPDATE SET status = excluded.status, provider_reference = excluded.provider_reference,
      outcome = excluded.outcome, closed_at = coalesce(operation.closed_at, excluded.closed_at),
      sealed_parameters = CASE WHEN excluded.closed_at IS NULL THEN operation.sealed_parameters END`;
}

interface AuditContent {
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
  const text = canonical({ ...rest, status, failure, policyVersion, payment: sha256(canonical(payment)) });
  return { text, digest: sha256(text) };
}

/** JSON with sorted keys: the same value is the same text wherever and whenever it is written. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The audit row, chained to the one before: hash = sha256(previous hash, sequence, digest of the content). */
export function auditPart(transition: Transition, content: AuditContent): Prisma.Sql {
  const { sequence, generation, trigger, fromStatus, payment, reason, atMs } = transition;
  return Prisma.sql`
    INSERT INTO audit (payment_id, sequence, generation, trigger, actor, from_status, to_status, reason,
      policy_version, content, content_digest, previous_hash, hash, at)
    SELECT gate.id, ${sequence}::int, ${generation}::int, ${trigger.type}, ${trigger.actor}, ${fromStatus ?? null},
      ${payment.status}, ${reason}, ${payment.policyVersion ?? null}::int, ${content.text}, ${content.digest},
      gate.previous_hash, gate.audit_head, ${new Date(atMs)}::timestamptz
    FROM gate`;
}

/** Must stay in step with auditPart and `audit verify`: one formula, in SQL where the previous hash is. */
export function nextHash(previous: Prisma.Sql, sequence: number, contentDigest: string): Prisma.Sql {
  return Prisma.sql`encode(sha256(convert_to(${previous} || ${`:${sequence}:${contentDigest}`}, 'UTF8')), 'hex')`;
}

export function outboxPart(transition: Transition, events: readonly OutboxRow[]): Prisma.Sql {
  return Prisma.sql`
    INSERT INTO outbox (id, merchant_id, mode, payment_id, sequence, type, payload)
    SELECT e.id, ${transition.payment.merchantId}, ${transition.payment.mode}, gate.id, ${transition.sequence}::int,
      e.type, e.payload
    FROM gate, jsonb_to_recordset(${json(events)}) AS e(id text, type text, payload jsonb)`;
}

export interface OutboxRow {
  readonly id: string;
  readonly type: string;
  readonly payload: unknown;
}
