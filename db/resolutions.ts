import type { RefundTestimony } from '../domain/refund/operate.ts';
import type { Db } from './client.ts';
import { Prisma } from './generated/client.ts';
import { json, type Step } from './rows.ts';

/**
 * What operators say became of an operation that nobody else can tell about. One proposes with evidence, another
 * approves; the database refuses a resolution approved by its proposer, whoever asks.
 */
export type ResolutionRow =
  | { readonly type: 'proposed'; readonly proposal: Proposal }
  | { readonly type: 'approved'; readonly id: string; readonly approvedBy: string };

export interface Proposal {
  readonly id: string;
  /** Absent for a refund that its provider cannot make. */
  readonly operationId?: string;
  readonly outcome: RefundTestimony;
  readonly evidence: string;
  readonly reason: string;
  readonly proposedBy: string;
}

/** Written with the step of its owner that it belongs to. */
export function resolutionPart(row: ResolutionRow | undefined, step: Step): Prisma.Sql {
  if (row === undefined) return Prisma.sql`SELECT 1`;
  const at = Prisma.sql`${new Date(step.atMs)}::timestamptz`;
  if (row.type === 'approved') {
    return Prisma.sql`
      UPDATE resolution s SET status = 'approved', approved_by = ${row.approvedBy}, approved_at = ${at}
      FROM gate WHERE s.id = ${row.id} AND s.owner_id = gate.id AND s.status = 'proposed'`;
  }
  const { id, operationId, outcome, evidence, reason, proposedBy } = row.proposal;
  return Prisma.sql`
    INSERT INTO resolution (id, owner_id, payment_id, operation_id, outcome, evidence, reason, status, proposed_by, proposed_at)
    SELECT ${id}, gate.id, ${step.paymentId}, ${operationId ?? null}, ${json(outcome)}, ${evidence}, ${reason},
      'proposed', ${proposedBy}, ${at} FROM gate
    ON CONFLICT (id) DO NOTHING`;
}

export interface StoredResolution extends Proposal {
  readonly ownerId: string;
  readonly paymentId: string;
  readonly status: 'proposed' | 'approved' | 'superseded';
  readonly proposedAtMs: number;
  readonly approvedBy?: string;
  readonly approvedAtMs?: number;
}

export async function loadResolution(db: Db, id: string): Promise<StoredResolution | undefined> {
  const row = await db.resolution.findUnique({ where: { id } });
  if (row === null) return undefined;
  return {
    id: row.id,
    ownerId: row.ownerId,
    paymentId: row.paymentId,
    ...(row.operationId === null ? {} : { operationId: row.operationId }),
    // Written by `resolutionPart` from a value of the type.
    outcome: row.outcome as unknown as RefundTestimony,
    evidence: row.evidence,
    reason: row.reason,
    status: row.status as StoredResolution['status'],
    proposedBy: row.proposedBy,
    proposedAtMs: row.proposedAt.getTime(),
    ...(row.approvedBy === null ? {} : { approvedBy: row.approvedBy }),
    ...(row.approvedAt === null ? {} : { approvedAtMs: row.approvedAt.getTime() }),
  };
}
