import { duplicateOf, type Mode } from '../domain/names.ts';
import type { Payment } from '../domain/payment/payment.ts';
import { type Transition, transitionOf } from '../domain/payment/transition.ts';
import type { StoredRouting } from '../domain/routing/choose.ts';
import { loadPayment } from './aggregate.ts';
import type { Db } from './client.ts';
import { Prisma } from './generated/client.ts';
import { referenceHolder, referenceParts } from './references.ts';
import {
  attemptsPart,
  auditContent,
  auditPart,
  exceptionParts,
  json,
  nextHash,
  operationsPart,
  optional,
  outboxParts,
  type RequestRow,
  stepOf,
} from './rows.ts';

export interface Planned {
  /** The payment as stored: ours, or the one that an earlier run wrote. */
  readonly payment: Payment;
  readonly created: boolean;
  /** The digest of the body that made it, which a repeat is compared with. */
  readonly bodyDigest: string;
}

/**
 * Get-or-create of a whole payment: request, payment, first attempt and operation, balance, explanation,
 * audit and event in one statement. Whoever comes second, with whatever other route, gets the first one's.
 */
export async function storePlan(
  db: Db,
  transition: Transition,
  request: RequestRow,
  explanation: StoredRouting | undefined,
): Promise<Planned> {
  const { payment } = transition;
  const content = auditContent(transition);
  const genesis = Prisma.sql`${payment.id}::text`;
  const step = stepOf(transition);
  const { claim, free } = referenceParts(payment);
  const rows = await db.$queryRaw<{ created: boolean }[]>(Prisma.sql`
    WITH gate AS (
      INSERT INTO payment (id, merchant_id, mode, status, sequence, generation, amount_minor, currency, capture_method,
        payment_method_id, reference, description, metadata, return_url, policy_version, route, failure,
        cancellation_reason, complete_by, authentication, stored_credential, customer_id, retry_plan, reference_claim, audit_head, created_at)
      SELECT ${payment.id}, ${payment.merchantId}, ${payment.mode}, ${payment.status}, ${payment.sequence}::int,
        ${payment.generation}::int, ${payment.amountMinor}::bigint, ${payment.currency}, ${payment.captureMethod},
        ${payment.paymentMethodId ?? null}, ${payment.reference ?? null}, ${payment.description ?? null},
        ${json(payment.metadata)}, ${payment.returnUrl ?? null}, ${payment.policyVersion ?? null}::int,
        ${json(payment.route)}, ${payment.failure === undefined ? null : JSON.stringify(payment.failure)}::jsonb,
        ${payment.cancellationReason ?? null}, ${new Date(payment.completeByMs)}::timestamptz,
        ${optional(payment.authentication)}, ${optional(payment.storedCredential)}, ${payment.customerId ?? null},
        ${optional(payment.retryPlan)}, ${claim},
        ${nextHash(genesis, payment.sequence, content.digest)}, ${new Date(payment.createdAtMs)}::timestamptz
      WHERE ${free}
      ON CONFLICT DO NOTHING
      RETURNING id, audit_head, id AS previous_hash),
    request_row AS (
      INSERT INTO request (id, merchant_id, mode, path, idempotency_key, body_digest, subject_id)
      SELECT ${request.id}, ${payment.merchantId}, ${payment.mode}, ${request.path}, ${request.idempotencyKey},
        ${request.bodyDigest}, gate.id FROM gate
      ON CONFLICT DO NOTHING),
    balance_row AS (
      INSERT INTO payment_balance (payment_id, currency) SELECT gate.id, ${payment.currency} FROM gate RETURNING payment_id),
    explanation_row AS (
      INSERT INTO route_explanation (payment_id, document)
      SELECT gate.id, ${json(explanation ?? null)} FROM gate WHERE ${explanation !== undefined}::boolean),
    attempt_rows AS (${attemptsPart(transition)}),
    operation_rows AS (${operationsPart(step)}),
    ${step.exceptions.length === 0 ? Prisma.empty : Prisma.sql`${exceptionParts(step)},`}
    audit_row AS (${auditPart(step, content)}),
    ${outboxParts(step, Prisma.sql`balance_row`)}
    SELECT count(*) > 0 AS created FROM gate`);
  if (rows[0]?.created === true) return { payment, created: true, bodyDigest: request.bodyDigest };
  return (await readBack(db, payment.id, request)) ?? storeDuplicate(db, transition, request, explanation);
}

async function readBack(db: Db, paymentId: string, request: RequestRow): Promise<Planned | undefined> {
  const [payment, stored] = await Promise.all([
    loadPayment(db, paymentId),
    db.request.findUnique({ where: { id: request.id }, select: { bodyDigest: true } }),
  ]);
  if (payment === undefined) return undefined;
  return { payment, created: false, bodyDigest: stored?.bodyDigest ?? request.bodyDigest };
}

/**
 * Neither written nor there: another payment holds the reference. This one is canceled before it began, and says
 * which. Should the other have come to nothing meanwhile, the reference is free, and this one is planned after all.
 */
async function storeDuplicate(
  db: Db,
  transition: Transition,
  request: RequestRow,
  explanation: StoredRouting | undefined,
): Promise<Planned> {
  const { payment, trigger, atMs } = transition;
  const { reference } = payment;
  if (reference === undefined) throw new Error(`payment ${payment.id} could neither be written nor read`);
  const holder = await referenceHolder(db, { ...payment, reference });
  if (holder === undefined) return storePlan(db, transition, request, explanation);
  const { authentication: _planned, storedCredential: _kept, ...draft } = payment;
  const refused: Payment = {
    ...draft,
    sequence: payment.sequence - 1,
    status: 'canceled',
    route: [],
    attempts: [],
    cancellationReason: duplicateOf(holder),
  };
  const decision = {
    after: refused,
    reason: `${holder} has the same reference, and is open or has succeeded`,
  };
  return storePlan(db, transitionOf(refused, decision, trigger, atMs), request, undefined);
}

/** The digest of the body that a request was first made with, to compare a repeat with. */
export async function storedDigest(db: Db, requestId: string): Promise<string | undefined> {
  const row = await db.request.findUnique({ where: { id: requestId }, select: { bodyDigest: true } });
  return row?.bodyDigest;
}

/** What a shell keeps of an order whose workflow was ended before it wrote anything. */
export interface ShellOrder {
  readonly merchantId: string;
  readonly mode: Mode;
  readonly request: {
    readonly requestId: string;
    readonly path: string;
    readonly idempotencyKey: string;
    readonly bodyDigest: string;
  };
  readonly amountMinor: number;
  readonly currency: string;
  readonly captureMethod: 'automatic' | 'manual';
  readonly paymentMethodId?: string;
  readonly completeByMs: number;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * A canceled payment at generation 2, for a workflow that was terminated before `plan`: a plan that comes
 * late after all reads it back, sees another generation, and stops unsent.
 */
export async function insertShell(db: Db, paymentId: string, order: ShellOrder): Promise<Payment> {
  const { request, ...asked } = order;
  const shell: Payment = {
    ...asked,
    id: paymentId,
    generation: 2,
    sequence: 0,
    status: 'canceled',
    amountAuthorizedMinor: 0,
    amountCapturedMinor: 0,
    amountRefundedMinor: 0,
    route: [],
    attempts: [],
    createdAtMs: Date.now(),
    cancellationReason: 'ended_before_it_began',
  };
  const transition = transitionOf(
    shell,
    { after: shell, reason: 'its workflow was ended before anything was written' },
    { type: 'shell', actor: `request:${request.requestId}` },
    Date.now(),
  );
  const { requestId, path, idempotencyKey, bodyDigest } = request;
  const { payment } = await storePlan(
    db,
    transition,
    { id: requestId, path, idempotencyKey, bodyDigest },
    undefined,
  );
  return payment;
}
