import { type RefundSnapshot, refundSnapshotOf } from '../../domain/refund/refund.ts';
import type { RefundStatus } from '../../domain/refund/states.ts';
import type { Db } from '../client.ts';
import { Prisma } from '../generated/client.ts';
import { loadRefund, loadRefunds } from '../refunds/aggregate.ts';
import type { Owner } from './payments.ts';

export interface RefundFilter {
  readonly limit: number;
  readonly paymentId?: string;
  readonly status?: RefundStatus;
  readonly startingAfter?: string;
}

/** Newest first. `unknown_cursor`: the refund that the page should start at isn't the owner's. */
export type RefundPage =
  | { readonly type: 'page'; readonly refunds: readonly RefundSnapshot[]; readonly hasMore: boolean }
  | { readonly type: 'unknown_cursor' };

export interface RefundReader {
  find(owner: Owner, refundId: string): Promise<RefundSnapshot | undefined>;
  list(owner: Owner, filter: RefundFilter): Promise<RefundPage>;
}

export function createRefundReader(db: Db): RefundReader {
  return {
    async find({ merchantId, mode }, refundId) {
      const refund = await loadRefund(db, refundId);
      return refund?.merchantId === merchantId && refund.mode === mode ? refundSnapshotOf(refund) : undefined;
    },
    list: (owner, filter) => listRefunds(db, owner, filter),
  };
}

async function listRefunds(db: Db, { merchantId, mode }: Owner, filter: RefundFilter): Promise<RefundPage> {
  const conditions = [Prisma.sql`r.merchant_id = ${merchantId}`, Prisma.sql`r.mode = ${mode}`];
  if (filter.paymentId !== undefined) conditions.push(Prisma.sql`r.payment_id = ${filter.paymentId}`);
  if (filter.status !== undefined) conditions.push(Prisma.sql`r.status = ${filter.status}`);
  if (filter.startingAfter !== undefined) {
    const cursor = await db.refund.findFirst({
      where: { id: filter.startingAfter, merchantId, mode },
      select: { createdAt: true },
    });
    if (cursor === null) return { type: 'unknown_cursor' };
    conditions.push(Prisma.sql`(r.created_at, r.id) < (${cursor.createdAt}, ${filter.startingAfter})`);
  }
  const refunds = await loadRefunds(
    db,
    Prisma.join(conditions, ' AND '),
    Prisma.sql`ORDER BY r.created_at DESC, r.id DESC LIMIT ${filter.limit + 1}`,
  );
  return {
    type: 'page',
    refunds: refunds.slice(0, filter.limit).map(refundSnapshotOf),
    hasMore: refunds.length > filter.limit,
  };
}
