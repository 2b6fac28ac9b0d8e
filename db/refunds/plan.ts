import type { Refusal } from '../../domain/payment/commands.ts';
import type { Payment } from '../../domain/payment/payment.ts';
import type { Balance } from '../../domain/refund/commands.ts';
import type { Refund } from '../../domain/refund/refund.ts';
import type { RefundTransition } from '../../domain/refund/transition.ts';
import { loadPayment } from '../aggregate.ts';
import type { Db } from '../client.ts';
import { Prisma } from '../generated/client.ts';
import { json, nextHash } from '../rows.ts';
import { loadRefund } from './aggregate.ts';
import { type RefundRequest, refundAuditContent, refundParts } from './rows.ts';

export type { RefundRequest } from './rows.ts';

export type PlannedRefund =
  | {
      readonly type: 'refund';
      readonly refund: Refund;
      readonly created: boolean;
      readonly bodyDigest: string;
    }
  | { readonly type: 'refused'; readonly refusal: Refusal; readonly bodyDigest: string }
  | { readonly type: 'no_payment' };

/** The same judgement as at the door, asked again under the lock. */
export type JudgeRefund = (
  payment: Payment,
  balance: Balance,
) =>
  | { readonly type: 'decided'; readonly transition: RefundTransition }
  | { readonly type: 'refused'; readonly refusal: Refusal };

/**
 * Get-or-create of a refund with its reservation. The balance's row is locked first, so refunds of one payment
 * are judged one after another, each against all that others hold; whoever comes second gets the first one's
 * refund, or its refusal.
 */
export async function storeRefund(
  db: Db,
  wanted: { readonly refundId: string; readonly paymentId: string; readonly request: RefundRequest },
  judge: JudgeRefund,
): Promise<PlannedRefund> {
  const { refundId, paymentId, request } = wanted;
  return db.$transaction(async (tx) => {
    const balance = await lockBalance(tx, paymentId);
    if (balance === undefined) return { type: 'no_payment' };
    const stored = await tx.request.findUnique({ where: { id: request.id } });
    const bodyDigest = stored?.bodyDigest ?? request.bodyDigest;
    const refund = await loadRefund(tx, refundId);
    if (refund !== undefined) return { type: 'refund', refund, created: false, bodyDigest };
    const refusal = (stored?.answer as { refusal?: Refusal } | null | undefined)?.refusal;
    if (refusal !== undefined) return { type: 'refused', refusal, bodyDigest };
    const payment = await loadPayment(tx, paymentId);
    if (payment === undefined) return { type: 'no_payment' };
    const ruling = judge(payment, balance);
    if (ruling.type === 'refused') {
      await storeRefusal(tx, refundId, request, ruling.refusal);
      return { type: 'refused', refusal: ruling.refusal, bodyDigest };
    }
    await insertRefund(tx, ruling.transition, request);
    return { type: 'refund', refund: ruling.transition.refund, created: true, bodyDigest };
  });
}

/** Refuses a refund for good, unless it exists: an answer for a workflow that ended before it planned. */
export function refuseRefund(
  db: Db,
  wanted: Parameters<typeof storeRefund>[1],
  refusal: Refusal,
): Promise<PlannedRefund> {
  return storeRefund(db, wanted, () => ({ type: 'refused', refusal }));
}

/** The balance as it stands, unlocked: enough to refuse on sight. */
export async function readBalance(
  db: Pick<Db, 'paymentBalance'>,
  paymentId: string,
): Promise<Balance | undefined> {
  const row = await db.paymentBalance.findUnique({ where: { paymentId } });
  if (row === null) return undefined;
  return {
    capturedMinor: Number(row.capturedMinor),
    reservedMinor: Number(row.refundReservedMinor),
    externalRefundedMinor: Number(row.externalRefundedMinor),
    chargedBackMinor: Number(row.chargedBackMinor),
  };
}

type Transaction = Parameters<Parameters<Db['$transaction']>[0]>[0];

async function lockBalance(tx: Transaction, paymentId: string): Promise<Balance | undefined> {
  await tx.$queryRaw(Prisma.sql`SELECT 1 FROM payment_balance WHERE payment_id = ${paymentId} FOR UPDATE`);
  return readBalance(tx, paymentId);
}

/** Kept, so that the same key is refused in the same words whatever has become of the balance. */
async function storeRefusal(
  tx: Transaction,
  refundId: string,
  request: RefundRequest,
  refusal: Refusal,
): Promise<void> {
  await tx.$executeRaw(Prisma.sql`
    INSERT INTO request (id, merchant_id, mode, path, idempotency_key, body_digest, subject_id, answer, answered_at)
    VALUES (${request.id}, ${request.merchantId}, ${request.mode}, ${request.path}, ${request.idempotencyKey},
      ${request.bodyDigest}, ${refundId}, ${json({ refusal })}, clock_timestamp())
    ON CONFLICT DO NOTHING`);
}

/**
 * Of what we reserve, the bound itself stands in the balance's CHECK: a reservation too many fails the whole transaction.
 * Chargebacks and others' refunds are facts that may come after a reservation, so of those only the judgement knows.
 */
async function insertRefund(
  tx: Transaction,
  transition: RefundTransition,
  request: RefundRequest,
): Promise<void> {
  const { refund } = transition;
  const content = refundAuditContent(transition);
  await tx.$queryRaw(Prisma.sql`
    WITH gate AS (
      INSERT INTO refund (id, payment_id, merchant_id, mode, attempt_id, attempt_number, account_id, provider, status,
        sequence, generation, amount_minor, currency, reason, reference, metadata, failure, step, audit_head, created_at)
      VALUES (${refund.id}, ${refund.paymentId}, ${refund.merchantId}, ${refund.mode}, ${refund.attemptId},
        ${refund.attemptNumber}::int, ${refund.step.accountId}, ${refund.step.provider}, ${refund.status},
        ${transition.sequence}::int, ${refund.generation}::int, ${refund.amountMinor}::bigint, ${refund.currency},
        ${refund.reason ?? null}, ${refund.reference ?? null}, ${json(refund.metadata)},
        ${refund.failure === undefined ? null : JSON.stringify(refund.failure)}::jsonb, ${json(refund.step)},
        ${nextHash(Prisma.sql`${refund.id}::text`, transition.sequence, content.digest)},
        ${new Date(refund.createdAtMs)}::timestamptz)
      RETURNING id, payment_id, audit_head, id AS previous_hash),
    reservation AS (
      INSERT INTO refund_reservation (subject_id, payment_id, amount_minor)
      SELECT gate.id, gate.payment_id, ${refund.amountMinor}::bigint FROM gate),
    balance_row AS (
      UPDATE payment_balance b SET refund_reserved_minor = b.refund_reserved_minor + ${refund.amountMinor}::bigint
      FROM gate WHERE b.payment_id = gate.payment_id RETURNING b.payment_id),
    ${refundParts(transition, content, request)}
    SELECT count(*) FROM gate`);
}
