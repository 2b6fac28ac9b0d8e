import type { Mode } from '../../domain/ids.ts';
import type { Db } from '../client.ts';
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
  readonly expMonth: number;
  readonly expYear: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly createdAtMs: number;
}

export interface PaymentMethodReader {
  find(owner: Owner, paymentMethodId: string): Promise<StoredPaymentMethod | undefined>;
  owns(owner: Owner, paymentMethodId: string): Promise<boolean>;
}

export function createPaymentMethodReader(db: Db): PaymentMethodReader {
  return {
    async find({ merchantId, mode }, id) {
      const row = await db.paymentMethod.findFirst({
        where: { id, merchantId, mode },
        omit: { sealedCard: true, sealedCvc: true, cvcExpiresAt: true },
      });
      if (row === null) return undefined;
      const { country, createdAt, metadata, ...rest } = row;
      return {
        ...rest,
        mode,
        ...(country === null ? {} : { country }),
        metadata: metadata as Record<string, string>,
        createdAtMs: createdAt.getTime(),
      };
    },
    async owns({ merchantId, mode }, id) {
      const row = await db.paymentMethod.findFirst({ where: { id, merchantId, mode }, select: { id: true } });
      return row !== null;
    },
  };
}
