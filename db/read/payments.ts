import type { Mode } from '../../domain/ids.ts';
import { type PaymentSnapshot, snapshotOf } from '../../domain/payment/payment.ts';
import type { PaymentStatus } from '../../domain/payment/states.ts';
import { loadPayment, loadPayments } from '../aggregate.ts';
import type { Db } from '../client.ts';
import { Prisma } from '../generated/client.ts';
import { referenceHolder } from '../references.ts';

/** Whose rows are asked for. */
export interface Owner {
  readonly merchantId: string;
  readonly mode: Mode;
}

export interface PaymentFilter {
  readonly limit: number;
  readonly startingAfter?: string;
  readonly endingBefore?: string;
  readonly status?: PaymentStatus;
  readonly currency?: string;
  readonly reference?: string;
  /** Epoch milliseconds, inclusive. */
  readonly createdFromMs?: number;
  /** Epoch milliseconds, exclusive. */
  readonly createdBeforeMs?: number;
}

/** Newest first. `unknown_cursor`: the payment that the page should start at isn't the owner's. */
export type PaymentPage =
  | { readonly type: 'page'; readonly payments: readonly PaymentSnapshot[]; readonly hasMore: boolean }
  | { readonly type: 'unknown_cursor' };

export interface PaymentReader {
  find(owner: Owner, paymentId: string): Promise<PaymentSnapshot | undefined>;
  owns(owner: Owner, paymentId: string): Promise<boolean>;
  /** Another payment of the reference that is open or has succeeded. */
  aliveWith(owner: Owner, reference: string, exceptPaymentId: string): Promise<string | undefined>;
  list(owner: Owner, filter: PaymentFilter): Promise<PaymentPage>;
}

export function createPaymentReader(db: Db): PaymentReader {
  return {
    async find({ merchantId, mode }, paymentId) {
      const payment = await loadPayment(db, paymentId);
      if (payment === undefined || payment.merchantId !== merchantId || payment.mode !== mode)
        return undefined;
      return snapshotOf(payment);
    },
    async owns({ merchantId, mode }, paymentId) {
      const row = await db.payment.findFirst({
        where: { id: paymentId, merchantId, mode },
        select: { id: true },
      });
      return row !== null;
    },
    aliveWith: ({ merchantId, mode }, reference, exceptPaymentId) =>
      referenceHolder(db, { id: exceptPaymentId, merchantId, mode, reference }),
    list: (owner, filter) => listPayments(db, owner, filter),
  };
}

async function listPayments(db: Db, owner: Owner, filter: PaymentFilter): Promise<PaymentPage> {
  const backwards = filter.endingBefore !== undefined;
  const cursorId = filter.startingAfter ?? filter.endingBefore;
  const conditions = conditionsOf(owner, filter);
  if (cursorId !== undefined) {
    const cursor = await db.payment.findFirst({
      where: { id: cursorId, merchantId: owner.merchantId, mode: owner.mode },
      select: { createdAt: true },
    });
    if (cursor === null) return { type: 'unknown_cursor' };
    // A row comparison, so that the index on (merchant, mode, created, id) is entered right at the cursor.
    conditions.push(
      backwards
        ? Prisma.sql`(p.created_at, p.id) > (${cursor.createdAt}, ${cursorId})`
        : Prisma.sql`(p.created_at, p.id) < (${cursor.createdAt}, ${cursorId})`,
    );
  }
  const order = backwards ? Prisma.sql`p.created_at ASC, p.id ASC` : Prisma.sql`p.created_at DESC, p.id DESC`;
  const rows = await loadPayments(
    db,
    Prisma.join(conditions, ' AND '),
    Prisma.sql`ORDER BY ${order} LIMIT ${filter.limit + 1}`,
  );
  const payments = rows.slice(0, filter.limit).map(snapshotOf);
  return {
    type: 'page',
    payments: backwards ? payments.reverse() : payments,
    hasMore: rows.length > filter.limit,
  };
}

function conditionsOf({ merchantId, mode }: Owner, filter: PaymentFilter): Prisma.Sql[] {
  const conditions = [Prisma.sql`p.merchant_id = ${merchantId}`, Prisma.sql`p.mode = ${mode}`];
  if (filter.status !== undefined) conditions.push(Prisma.sql`p.status = ${filter.status}`);
  if (filter.currency !== undefined) conditions.push(Prisma.sql`p.currency = ${filter.currency}`);
  if (filter.reference !== undefined) conditions.push(Prisma.sql`p.reference = ${filter.reference}`);
  if (filter.createdFromMs !== undefined) {
    conditions.push(Prisma.sql`p.created_at >= ${new Date(filter.createdFromMs)}`);
  }
  if (filter.createdBeforeMs !== undefined) {
    conditions.push(Prisma.sql`p.created_at < ${new Date(filter.createdBeforeMs)}`);
  }
  return conditions;
}
