import type { RefundTransition } from '../../domain/refund/transition.ts';
import type { Db } from '../client.ts';
import { Prisma } from '../generated/client.ts';
import { type Recorded, whyNotRecorded } from '../record.ts';
import type { ResolutionRow } from '../resolutions.ts';
import { nextHash } from '../rows.ts';
import type { RefundRequest } from './plan.ts';
import { refundAuditContent, refundParts } from './rows.ts';

export interface RefundRecordExtras {
  /** The command that this step answers to, stored with it. */
  readonly request?: RefundRequest;
  readonly resolution?: ResolutionRow;
}

/**
 * Writes one step of a refund in one statement: projection, operations, the balance, postings, audit row,
 * events, exceptions and answers. Nothing happens unless the compare-and-set on (sequence, generation) found
 * its row.
 */
export async function recordRefundTransition(
  db: Db,
  transition: RefundTransition,
  extras: RefundRecordExtras,
): Promise<Recorded> {
  const { refund, sequence, generation, balance } = transition;
  const content = refundAuditContent(transition);
  const rows = await db.$queryRaw<{ recorded: boolean }[]>(Prisma.sql`
    WITH before AS (SELECT audit_head FROM refund WHERE id = ${refund.id}),
    gate AS (
      UPDATE refund r SET status = ${refund.status}, sequence = ${sequence}::int,
        failure = ${refund.failure === undefined ? null : JSON.stringify(refund.failure)}::jsonb,
        counted_operation_id = ${refund.countedOperationId ?? null}, outside_bound = ${refund.outsideBound}::boolean,
        excess_minor = ${refund.excessMinor}::bigint,
        audit_head = ${nextHash(Prisma.sql`before.audit_head`, sequence, content.digest)},
        updated_at = clock_timestamp()
      FROM before
      WHERE r.id = ${refund.id} AND r.sequence = ${sequence - 1}::int AND r.generation = ${generation}::int
      RETURNING r.id, r.payment_id, r.audit_head, before.audit_head AS previous_hash),
    released AS (
      UPDATE refund_reservation v SET released_at = clock_timestamp() FROM gate
      WHERE ${balance.release}::boolean AND v.subject_id = gate.id AND v.released_at IS NULL
      RETURNING v.amount_minor),
    balance_row AS (
      UPDATE payment_balance b SET refunded_minor = b.refunded_minor + ${balance.refundedMinor}::bigint,
        external_refunded_minor = b.external_refunded_minor + ${balance.externalMinor}::bigint,
        refund_reserved_minor = b.refund_reserved_minor - (SELECT coalesce(sum(amount_minor), 0) FROM released)
      FROM gate WHERE b.payment_id = gate.payment_id
        AND ${balance.refundedMinor !== 0 || balance.externalMinor !== 0 || balance.release}::boolean
      RETURNING b.payment_id),
    ${refundParts(transition, content, extras.request, extras.resolution)}
    SELECT count(*) > 0 AS recorded FROM gate`);
  return rows[0]?.recorded === true
    ? { type: 'recorded' }
    : whyNotRecorded(db, { ownerId: refund.id, sequence, generation, contentDigest: content.digest }, () =>
        db.refund.findUnique({ where: { id: refund.id }, select: { generation: true } }),
      );
}
