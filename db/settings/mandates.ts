import type { Mode } from '../../domain/ids.ts';
import type { Db } from '../client.ts';
import type { Mandate } from '../generated/client.ts';
import { olderThan } from '../older-than.ts';
import type { Owner } from '../read/payments.ts';
import { doOnce, type KeptOnce, type NamedRequest } from '../requests/once.ts';

/** A payer's consent to be charged without being there. The payment that made it wrote it; only revoking changes it. */
export interface StoredMandate {
  readonly id: string;
  readonly mode: Mode;
  readonly customerId?: string;
  readonly paymentMethodId: string;
  readonly paymentId: string;
  readonly provider: string;
  readonly usage: 'recurring' | 'unscheduled';
  readonly networkTransactionId: string;
  readonly status: 'active' | 'revoked';
  readonly createdAtMs: number;
  readonly revokedAtMs?: number;
}

export interface MandateFilter {
  readonly limit: number;
  readonly paymentMethodId?: string;
  readonly customerId?: string;
  readonly startingAfter?: string;
}

/** Newest first. `unknown_cursor`: the mandate that the page should start at isn't the owner's. */
export type MandatePage =
  | { readonly type: 'page'; readonly mandates: readonly StoredMandate[]; readonly hasMore: boolean }
  | { readonly type: 'unknown_cursor' };

export interface MandateRegister {
  find(owner: Owner, mandateId: string): Promise<StoredMandate | undefined>;
  list(owner: Owner, filter: MandateFilter): Promise<MandatePage>;
  /** For good. Revoking what is revoked changes nothing. */
  revoke(
    owner: Owner,
    request: NamedRequest,
    mandateId: string,
    answer: (revoked: StoredMandate) => object,
  ): Promise<KeptOnce>;
}

export function createMandateRegister(db: Db): MandateRegister {
  return {
    async find({ merchantId, mode }, id) {
      const row = await db.mandate.findFirst({ where: { id, merchantId, mode } });
      return row === null ? undefined : toMandate(row);
    },
    async list({ merchantId, mode }, { limit, startingAfter, ...asked }) {
      const mine = { merchantId, mode };
      const cursor =
        startingAfter === undefined
          ? undefined
          : await db.mandate.findFirst({
              where: { id: startingAfter, ...mine },
              select: { id: true, createdAt: true },
            });
      if (cursor === null) return { type: 'unknown_cursor' };
      const rows = await db.mandate.findMany({
        where: { ...mine, ...asked, ...(cursor === undefined ? {} : olderThan(cursor)) },
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        take: limit + 1,
      });
      return { type: 'page', mandates: rows.slice(0, limit).map(toMandate), hasMore: rows.length > limit };
    },
    revoke: (owner, request, id, answer) =>
      doOnce(db, owner, request, async (tx) => {
        const { merchantId, mode } = owner;
        await tx.mandate.updateMany({
          where: { id, merchantId, mode, status: 'active' },
          data: { status: 'revoked', revokedAt: new Date() },
        });
        const row = await tx.mandate.findFirst({ where: { id, merchantId, mode } });
        return row === null ? undefined : { subjectId: id, answer: answer(toMandate(row)) };
      }),
  };
}

function toMandate(row: Mandate): StoredMandate {
  return {
    id: row.id,
    mode: row.mode as Mode,
    ...(row.customerId === null ? {} : { customerId: row.customerId }),
    paymentMethodId: row.paymentMethodId,
    paymentId: row.paymentId,
    provider: row.provider,
    // The table's checks allow these words and no others.
    usage: row.usage as StoredMandate['usage'],
    networkTransactionId: row.networkTransactionId,
    status: row.status as StoredMandate['status'],
    createdAtMs: row.createdAt.getTime(),
    ...(row.revokedAt === null ? {} : { revokedAtMs: row.revokedAt.getTime() }),
  };
}
