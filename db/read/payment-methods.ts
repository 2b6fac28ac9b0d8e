import type { Mode } from '../../domain/ids.ts';
import type { CardFunding } from '../../domain/routing/facts.ts';
import type { Db } from '../client.ts';
import type { PaymentMethod } from '../generated/client.ts';
import { olderThan } from '../older-than.ts';
import type { Owner } from './payments.ts';

/** A payment method without anything sealed. */
export interface StoredPaymentMethod {
  readonly id: string;
  readonly merchantId: string;
  readonly mode: Mode;
  readonly type: string;
  readonly brand: string;
  readonly last4: string;
  readonly bin: string;
  readonly fingerprint: string;
  readonly country?: string;
  readonly funding?: CardFunding;
  readonly expMonth: number;
  readonly expYear: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly customerId?: string;
  readonly createdAtMs: number;
}

export interface PaymentMethodFilter {
  readonly limit: number;
  readonly customerId?: string;
  readonly startingAfter?: string;
}

/** Newest first. `unknown_cursor`: what the page should start at isn't the owner's. */
export type PaymentMethodPage =
  | {
      readonly type: 'page';
      readonly paymentMethods: readonly StoredPaymentMethod[];
      readonly hasMore: boolean;
    }
  | { readonly type: 'unknown_cursor' };

/** What a payment has to know of the method that it is made with. */
export interface PayableMethod {
  readonly customerId?: string;
  /** Whether its holder has agreed to be charged without being there. */
  readonly hasMandate: boolean;
}

export interface PaymentMethodReader {
  find(owner: Owner, paymentMethodId: string): Promise<StoredPaymentMethod | undefined>;
  /** Undefined where it isn't the owner's. */
  payable(owner: Owner, paymentMethodId: string): Promise<PayableMethod | undefined>;
  list(owner: Owner, filter: PaymentMethodFilter): Promise<PaymentMethodPage>;
}

const UNSEALED = { sealedCard: true, sealedCvc: true, cvcExpiresAt: true } as const;

export function createPaymentMethodReader(db: Db): PaymentMethodReader {
  return {
    async find({ merchantId, mode }, id) {
      const row = await db.paymentMethod.findFirst({ where: { id, merchantId, mode }, omit: UNSEALED });
      return row === null ? undefined : toPaymentMethod(row);
    },
    async payable({ merchantId, mode }, id) {
      const rows = await db.$queryRaw<{ customer_id: string | null; has_mandate: boolean }[]>`
        SELECT m.customer_id, EXISTS (SELECT 1 FROM mandate n WHERE n.payment_method_id = m.id
          AND n.merchant_id = m.merchant_id AND n.mode = m.mode AND n.status = 'active') AS has_mandate
        FROM payment_method m WHERE m.id = ${id} AND m.merchant_id = ${merchantId} AND m.mode = ${mode}`;
      const row = rows[0];
      if (row === undefined) return undefined;
      return {
        hasMandate: row.has_mandate,
        ...(row.customer_id === null ? {} : { customerId: row.customer_id }),
      };
    },
    list: (owner, filter) => listPaymentMethods(db, owner, filter),
  };
}

async function listPaymentMethods(
  db: Db,
  { merchantId, mode }: Owner,
  { limit, customerId, startingAfter }: PaymentMethodFilter,
): Promise<PaymentMethodPage> {
  const mine = { merchantId, mode };
  const cursor =
    startingAfter === undefined
      ? undefined
      : await db.paymentMethod.findFirst({
          where: { id: startingAfter, ...mine },
          select: { id: true, createdAt: true },
        });
  if (cursor === null) return { type: 'unknown_cursor' };
  const rows = await db.paymentMethod.findMany({
    where: {
      ...mine,
      ...(customerId === undefined ? {} : { customerId }),
      ...(cursor === undefined ? {} : olderThan(cursor)),
    },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    take: limit + 1,
    omit: UNSEALED,
  });
  return {
    type: 'page',
    paymentMethods: rows.slice(0, limit).map(toPaymentMethod),
    hasMore: rows.length > limit,
  };
}

function toPaymentMethod(row: Omit<PaymentMethod, keyof typeof UNSEALED>): StoredPaymentMethod {
  const { country, funding, createdAt, metadata, customerId, mode, ...rest } = row;
  return {
    ...rest,
    mode: mode as Mode,
    ...(country === null ? {} : { country }),
    ...(funding === null ? {} : { funding: funding as CardFunding }),
    ...(customerId === null ? {} : { customerId }),
    metadata: metadata as Record<string, string>,
    createdAtMs: createdAt.getTime(),
  };
}
