/**
 * db/refunds/: rows of merchants' refunds. What lives here: making one under the balance's lock, writing each
 * of its steps in one statement, reading it back whole. What may not: deciding (domain/refund does), and the
 * undoing of late successes, which belongs to the payment.
 */
import type { Mode } from '../../domain/ids.ts';
import type { RouteStep } from '../../domain/payment/payment.ts';
import type { Refund, RefundFailure, RefundReason } from '../../domain/refund/refund.ts';
import type { RefundStatus } from '../../domain/refund/states.ts';
import { type OperationJson, toOperation } from '../aggregate.ts';
import type { Db } from '../client.ts';
import { Prisma } from '../generated/client.ts';
import { present } from '../present.ts';

/** Reads a refund back whole: what a workflow hydrates from, and what readers take their snapshot of. */
export async function loadRefund(db: Pick<Db, '$queryRaw'>, refundId: string): Promise<Refund | undefined> {
  const [refund] = await loadRefunds(db, Prisma.sql`r.id = ${refundId}`);
  return refund;
}

/** Refunds that a condition on `refund r` names, in the order and number that `tail` says. */
export async function loadRefunds(
  db: Pick<Db, '$queryRaw'>,
  condition: Prisma.Sql,
  tail: Prisma.Sql = Prisma.empty,
): Promise<readonly Refund[]> {
  const rows = await db.$queryRaw<{ refund: RefundRow; operations: OperationJson[] }[]>(Prisma.sql`
    SELECT to_jsonb(r) AS refund,
      (SELECT coalesce(jsonb_agg(to_jsonb(o) - 'sealed_parameters' ORDER BY o.number), '[]')
        FROM operation o WHERE o.owner_id = r.id) AS operations
    FROM refund r WHERE ${condition} ${tail}`);
  return rows.map(({ refund, operations }) => toRefund(refund, operations));
}

/** A row as `to_jsonb` gives it: snake case, numbers, ISO instants. */
interface RefundRow {
  readonly id: string;
  readonly payment_id: string;
  readonly merchant_id: string;
  readonly mode: Mode;
  readonly attempt_id: string;
  readonly attempt_number: number;
  readonly status: RefundStatus;
  readonly sequence: number;
  readonly generation: number;
  readonly amount_minor: number;
  readonly currency: string;
  readonly reason: RefundReason | null;
  readonly reference: string | null;
  readonly metadata: Record<string, string>;
  readonly failure: RefundFailure | null;
  readonly step: RouteStep;
  readonly counted_operation_id: string | null;
  readonly outside_bound: boolean;
  readonly excess_minor: number;
  readonly created_at: string;
}

function toRefund(row: RefundRow, operations: readonly OperationJson[]): Refund {
  return {
    id: row.id,
    paymentId: row.payment_id,
    merchantId: row.merchant_id,
    mode: row.mode,
    generation: row.generation,
    sequence: row.sequence,
    status: row.status,
    amountMinor: row.amount_minor,
    currency: row.currency,
    ...present('reason', row.reason),
    ...present('reference', row.reference),
    metadata: row.metadata,
    attemptId: row.attempt_id,
    attemptNumber: row.attempt_number,
    step: row.step,
    operations: operations.map(toOperation),
    ...present('failure', row.failure),
    ...present('countedOperationId', row.counted_operation_id),
    outsideBound: row.outside_bound,
    excessMinor: row.excess_minor,
    createdAtMs: Date.parse(row.created_at),
  };
}
