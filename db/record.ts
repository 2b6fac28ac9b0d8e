import { eventIdFor } from '../domain/ids.ts';
import { snapshotOf } from '../domain/payment/payment.ts';
import type { Transition } from '../domain/payment/transition.ts';
import type { RouteExplanation } from '../domain/routing/policy.ts';
import type { Db } from './client.ts';
import { Prisma } from './generated/client.ts';
import type { RequestRow } from './plan.ts';
import { attemptsPart, auditContent, auditPart, json, nextHash, operationsPart, outboxPart } from './rows.ts';

export type Recorded =
  | { readonly type: 'recorded' }
  /** The same content stands there already: an earlier try of this very step got through. */
  | { readonly type: 'already_recorded' }
  /** The payment has another generation now: the caller stops, writes nothing, sends nothing. */
  | { readonly type: 'superseded'; readonly generation: number }
  /** Another step took this sequence number: the caller is behind and hydrates again. */
  | { readonly type: 'behind' };

export interface RecordExtras {
  /** The command that this step answers to, stored with it. */
  readonly request?: RequestRow;
  readonly explanation?: RouteExplanation;
}

/**
 * Writes one step of a payment in one statement: projection, attempts, permits' rows, balanced postings,
 * audit row, events, reservations, exceptions, and the answers that the step makes final. The first part
 * is the compare-and-set on (sequence, generation); nothing else happens unless it found its row.
 */
export async function recordTransition(
  db: Db,
  transition: Transition,
  extras: RecordExtras,
): Promise<Recorded> {
  const { payment, sequence } = transition;
  const content = auditContent(transition);
  const rows = await db.$queryRaw<{ recorded: boolean }[]>(Prisma.sql`
    WITH before AS (SELECT audit_head FROM payment WHERE id = ${payment.id}),
    gate AS (${gatePart(transition, content.digest)}),
    attempt_rows AS (${attemptsPart(transition)}),
    operation_rows AS (${operationsPart(transition)}),
    ${moneyParts(transition)},
    audit_row AS (${auditPart(transition, content)}),
    outbox_rows AS (${outboxPart(transition, eventRows(transition))}),
    exception_rows AS (${exceptionsPart(transition)}),
    ${requestParts(transition, extras)},
    cvc_row AS (
      UPDATE payment_method SET sealed_cvc = NULL, cvc_expires_at = NULL FROM gate
      WHERE ${transition.authorizationResolved}::boolean AND payment_method.id = ${payment.paymentMethodId ?? null}
        AND sealed_cvc IS NOT NULL)
    SELECT count(*) > 0 AS recorded FROM gate`);
  return rows[0]?.recorded === true
    ? { type: 'recorded' }
    : whyNot(db, payment.id, sequence, transition.generation, content.digest);
}

function gatePart(transition: Transition, contentDigest: string): Prisma.Sql {
  const { payment, sequence, generation } = transition;
  return Prisma.sql`
    UPDATE payment p SET status = ${payment.status}, sequence = ${sequence}::int,
      amount_authorized_minor = ${payment.amountAuthorizedMinor}::bigint,
      amount_captured_minor = ${payment.amountCapturedMinor}::bigint,
      amount_refunded_minor = ${payment.amountRefundedMinor}::bigint,
      payment_method_id = ${payment.paymentMethodId ?? null}, policy_version = ${payment.policyVersion ?? null}::int,
      route = ${json(payment.route)}, return_url = ${payment.returnUrl ?? null},
      failure = ${payment.failure === undefined ? null : JSON.stringify(payment.failure)}::jsonb,
      cancellation_reason = ${payment.cancellationReason ?? null},
      complete_by = ${new Date(payment.completeByMs)}::timestamptz,
      authorization_expires_at = ${payment.authorizationExpiresAtMs === undefined ? null : new Date(payment.authorizationExpiresAtMs)}::timestamptz,
      audit_head = ${nextHash(Prisma.sql`before.audit_head`, sequence, contentDigest)},
      updated_at = clock_timestamp()
    FROM before
    WHERE p.id = ${payment.id} AND p.sequence = ${sequence - 1}::int AND p.generation = ${generation}::int
    RETURNING p.id, p.audit_head, before.audit_head AS previous_hash`;
}

function moneyParts(transition: Transition): Prisma.Sql {
  const { payment, sequence } = transition;
  const entries = transition.ledger.map((entry, index) => ({
    ...entry,
    id: `ltx_${payment.id.slice(4)}_${sequence}_${index}`,
  }));
  const postings = entries.flatMap((entry) =>
    entry.postings.map((posting) => ({ ...posting, transactionId: entry.id, currency: entry.currency })),
  );
  const reserved = transition.reservations.reduce((sum, each) => sum + each.amountMinor, 0);
  return Prisma.sql`
    ledger_transaction_rows AS (
      INSERT INTO ledger_transaction (id, payment_id, sequence, kind)
      SELECT t.id, gate.id, ${sequence}::int, t.kind
      FROM gate, jsonb_to_recordset(${json(entries)}) AS t(id text, kind text)),
    ledger_posting_rows AS (
      INSERT INTO ledger_posting (transaction_id, account, currency, amount_minor)
      SELECT l."transactionId", l.account, l.currency, l."amountMinor"
      FROM gate, jsonb_to_recordset(${json(postings)})
        AS l("transactionId" text, account text, currency text, "amountMinor" bigint)),
    reservation_rows AS (
      INSERT INTO refund_reservation (operation_id, payment_id, amount_minor)
      SELECT r."operationId", gate.id, r."amountMinor"
      FROM gate, jsonb_to_recordset(${json(transition.reservations)}) AS r("operationId" text, "amountMinor" bigint)),
    balance_row AS (
      UPDATE payment_balance b SET captured_minor = b.captured_minor + ${transition.capturedDeltaMinor}::bigint,
        refund_reserved_minor = b.refund_reserved_minor + ${reserved}::bigint
      FROM gate WHERE b.payment_id = gate.id AND (${transition.capturedDeltaMinor}::bigint <> 0 OR ${reserved}::bigint <> 0))`;
}

function eventRows(transition: Transition) {
  return transition.events.map((type, index) => ({
    id: eventIdFor(transition.paymentId, transition.sequence, index),
    type,
    payload: snapshotOf(transition.payment),
  }));
}

function exceptionsPart(transition: Transition): Prisma.Sql {
  return Prisma.sql`
    INSERT INTO exception (id, kind, subject_id, payment_id, merchant_id, summary)
    SELECT 'exc_' || e.kind || '_' || e."subjectId", e.kind, e."subjectId", gate.id, ${transition.payment.merchantId}, e.summary
    FROM gate, jsonb_to_recordset(${json(transition.exceptions)}) AS e(kind text, "subjectId" text, summary text)
    ON CONFLICT (kind, subject_id) DO UPDATE SET closed_at = NULL, summary = excluded.summary`;
}

/** While a payment is `processing` its requests have no final answer; the step that ends that gives it to all. */
function requestParts(transition: Transition, extras: RecordExtras): Prisma.Sql {
  const { payment } = transition;
  const { request, explanation } = extras;
  const final = payment.status !== 'processing';
  const answer = JSON.stringify({ payment: snapshotOf(payment) });
  return Prisma.sql`
    request_row AS (
      INSERT INTO request (id, merchant_id, mode, path, idempotency_key, body_digest, subject_id, answer, answered_at)
      SELECT ${request?.id ?? ''}, ${payment.merchantId}, ${payment.mode}, ${request?.path ?? ''},
        ${request?.idempotencyKey ?? ''}, ${request?.bodyDigest ?? ''}, gate.id,
        CASE WHEN ${final}::boolean THEN ${answer}::jsonb END, CASE WHEN ${final}::boolean THEN clock_timestamp() END
      FROM gate WHERE ${request !== undefined}::boolean
      ON CONFLICT DO NOTHING),
    answer_rows AS (
      UPDATE request SET answer = ${answer}::jsonb, answered_at = clock_timestamp() FROM gate
      WHERE request.subject_id = gate.id AND request.answered_at IS NULL AND ${final}::boolean),
    explanation_row AS (
      INSERT INTO route_explanation (payment_id, document)
      SELECT gate.id, ${json(explanation ?? null)} FROM gate WHERE ${explanation !== undefined}::boolean
      ON CONFLICT DO NOTHING)`;
}

async function whyNot(
  db: Db,
  paymentId: string,
  sequence: number,
  generation: number,
  contentDigest: string,
): Promise<Recorded> {
  const [payment, audit] = await Promise.all([
    db.payment.findUnique({ where: { id: paymentId }, select: { generation: true } }),
    db.audit.findUnique({
      where: { paymentId_sequence: { paymentId, sequence } },
      select: { contentDigest: true },
    }),
  ]);
  if (payment !== null && payment.generation > generation)
    return { type: 'superseded', generation: payment.generation };
  return audit?.contentDigest === contentDigest ? { type: 'already_recorded' } : { type: 'behind' };
}
