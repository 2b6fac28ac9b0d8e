import type { Mode } from '../../domain/ids.ts';
import type { CardFunding } from '../../domain/routing/facts.ts';
import type { Db } from '../client.ts';
import type { StoredRequest } from './requests.ts';

export interface NewPaymentMethod {
  readonly request: {
    readonly id: string;
    readonly path: string;
    readonly idempotencyKey: string;
    readonly bodyDigest: string;
    /** JSON kept as the request's answer. */
    readonly answer: { readonly status: number };
  };
  readonly paymentMethod: {
    readonly id: string;
    readonly merchantId: string;
    readonly mode: Mode;
    readonly type: 'card';
    readonly brand: string;
    readonly last4: string;
    readonly bin: string;
    readonly fingerprint: string;
    readonly country?: string;
    readonly funding?: CardFunding;
    readonly expMonth: number;
    readonly expYear: number;
    readonly sealedCard: Uint8Array<ArrayBuffer>;
    readonly sealedCvc?: Uint8Array<ArrayBuffer>;
    readonly cvcExpiresAtMs?: number;
    readonly metadata: Readonly<Record<string, string>>;
    readonly customerId?: string;
  };
}

export interface PaymentMethodWriter {
  /** Answers the request as stored, whoever stored it: `created` says whether it was this call. */
  create(input: NewPaymentMethod): Promise<{ readonly created: boolean; readonly stored: StoredRequest }>;
}

export function createPaymentMethodWriter(db: Db): PaymentMethodWriter {
  return {
    create({ request, paymentMethod }) {
      const { merchantId, mode } = paymentMethod;
      const { cvcExpiresAtMs, ...columns } = paymentMethod;
      return db.$transaction(async (tx) => {
        const now = new Date();
        // The request goes first: a second call with the same key waits here for the first one's commit,
        // inserts nothing, and then reads what the first one promised.
        const inserted = await tx.request.createMany({
          data: [{ ...request, merchantId, mode, subjectId: paymentMethod.id, answeredAt: now }],
          skipDuplicates: true,
        });
        if (inserted.count === 1) {
          await tx.paymentMethod.create({
            data: {
              ...columns,
              ...(cvcExpiresAtMs === undefined ? {} : { cvcExpiresAt: new Date(cvcExpiresAtMs) }),
            },
          });
        }
        const stored = await tx.request.findUniqueOrThrow({
          where: { id: request.id },
          select: { bodyDigest: true, subjectId: true, answer: true },
        });
        return { created: inserted.count === 1, stored };
      });
    },
  };
}
