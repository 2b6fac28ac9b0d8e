import { canonical } from '../../domain/canonical.ts';
import { refundSnapshotOf } from '../../domain/refund/refund.ts';
import type { RefundTransition } from '../../domain/refund/transition.ts';
import { Prisma } from '../generated/client.ts';
import { type ResolutionRow, resolutionPart } from '../resolutions.ts';
import {
  type AuditContent,
  auditPart,
  contentOf,
  exceptionParts,
  json,
  ledgerParts,
  operationsPart,
  outboxParts,
  type RequestRow,
  requestParts,
  type Step,
  sha256,
} from '../rows.ts';

export interface RefundRequest extends RequestRow {
  readonly merchantId: string;
  readonly mode: string;
}

/**
 * A refund's step as parts of one SQL statement; each writes only where the statement's `gate` let it through.
 * The caller's statement has a part `balance_row`, which answers with the row that it locked.
 */
export function refundParts(
  transition: RefundTransition,
  content: AuditContent,
  request?: RefundRequest,
  resolution?: ResolutionRow,
): Prisma.Sql {
  const step = stepOfRefund(transition);
  return Prisma.sql`
    operation_rows AS (${operationsPart(step)}),
    ${ledgerParts(step)},
    audit_row AS (${auditPart(step, content)}),
    ${outboxParts(step, Prisma.sql`balance_row`)},
    ${exceptionParts(step)},
    resolution_row AS (${resolutionPart(resolution, step)}),
    ${requestParts(step, request, json({ refund: step.snapshot }), transition.refund.status !== 'pending')}`;
}

function stepOfRefund(transition: RefundTransition): Step {
  const { refund, operations, ...rest } = transition;
  return {
    ...rest,
    ownerId: refund.id,
    paymentId: refund.paymentId,
    merchantId: refund.merchantId,
    mode: refund.mode,
    currency: refund.currency,
    toStatus: refund.status,
    operations: operations.map((operation) => ({
      ...operation,
      attemptId: refund.attemptId,
      attemptNumber: refund.attemptNumber,
    })),
    snapshot: refundSnapshotOf(refund),
  };
}

/** As for payments: the refund itself stands in its audit row as a digest. */
export function refundAuditContent(transition: RefundTransition): AuditContent {
  const { refund, ...rest } = transition;
  const { status, failure = null } = refund;
  return contentOf({ ...rest, status, failure, policyVersion: null, refund: sha256(canonical(refund)) });
}
