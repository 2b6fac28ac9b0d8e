import { type PaymentSnapshot, snapshotOf } from '../../domain/payment/payment.ts';
import { type RefundSnapshot, refundSnapshotOf } from '../../domain/refund/refund.ts';
import { loadPayment } from '../aggregate.ts';
import type { Db } from '../client.ts';
import { loadRefund } from '../refunds/aggregate.ts';
import { loadResolution, type StoredResolution } from '../resolutions.ts';

/** What operators see: any merchant's payments, with what is open about them. */
export interface OperatorReader {
  payment(paymentId: string): Promise<PaymentSnapshot | undefined>;
  refund(refundId: string): Promise<RefundSnapshot | undefined>;
  resolution(id: string): Promise<StoredResolution | undefined>;
  about(ownerId: string): Promise<AboutOwner>;
  openExceptions(limit: number): Promise<readonly ExceptionEntry[]>;
}

export interface AboutOwner {
  readonly operations: readonly OperationEntry[];
  readonly exceptions: readonly ExceptionEntry[];
  readonly resolutions: readonly StoredResolution[];
}

export interface OperationEntry {
  readonly id: string;
  readonly kind: string;
  readonly status: string;
  readonly amountMinor: number;
  readonly providerReference?: string;
  readonly sends: number;
  readonly firstSentAt?: Date;
  readonly closed: boolean;
}

export interface ExceptionEntry {
  readonly id: string;
  readonly kind: string;
  readonly subjectId: string;
  readonly paymentId?: string;
  readonly summary: string;
  readonly openedAt: Date;
}

export function createOperatorReader(db: Db): OperatorReader {
  return {
    async payment(paymentId) {
      const payment = await loadPayment(db, paymentId);
      return payment === undefined ? undefined : snapshotOf(payment);
    },
    async refund(refundId) {
      const refund = await loadRefund(db, refundId);
      return refund === undefined ? undefined : refundSnapshotOf(refund);
    },
    resolution: (id) => loadResolution(db, id),
    async about(ownerId) {
      const operations = await db.operation.findMany({
        where: { ownerId },
        orderBy: { createdAt: 'asc' },
        omit: { sealedParameters: true, providerKey: true },
      });
      const subjects = [ownerId, ...operations.flatMap(({ id, attemptId }) => [id, attemptId])];
      const [exceptions, resolutions] = await Promise.all([
        db.exception.findMany({
          where: { closedAt: null, subjectId: { in: subjects } },
          orderBy: { openedAt: 'asc' },
        }),
        db.resolution.findMany({
          where: { ownerId },
          orderBy: { proposedAt: 'asc' },
          select: { id: true },
        }),
      ]);
      const stored = await Promise.all(resolutions.map(({ id }) => loadResolution(db, id)));
      return {
        operations: operations.map((row) => ({
          id: row.id,
          kind: row.kind,
          status: row.status,
          amountMinor: Number(row.amountMinor),
          ...(row.providerReference === null ? {} : { providerReference: row.providerReference }),
          sends: row.sends,
          ...(row.firstSentAt === null ? {} : { firstSentAt: row.firstSentAt }),
          closed: row.closedAt !== null,
        })),
        exceptions: exceptions.map(toEntry),
        resolutions: stored.filter((each) => each !== undefined),
      };
    },
    async openExceptions(limit) {
      const rows = await db.exception.findMany({
        where: { closedAt: null },
        orderBy: { openedAt: 'asc' },
        take: limit,
      });
      return rows.map(toEntry);
    },
  };
}

function toEntry(row: {
  id: string;
  kind: string;
  subjectId: string;
  paymentId: string | null;
  summary: string;
  openedAt: Date;
}): ExceptionEntry {
  const { id, kind, subjectId, paymentId, summary, openedAt } = row;
  return { id, kind, subjectId, ...(paymentId === null ? {} : { paymentId }), summary, openedAt };
}
