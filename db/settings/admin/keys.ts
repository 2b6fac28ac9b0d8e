import type { Mode } from '../../../domain/ids.ts';
import type { Db } from '../../client.ts';
import type { ApiKey } from '../../generated/client.ts';
import { olderThan } from '../../older-than.ts';
import type { KeptOnce, NamedRequest } from '../../requests/once.ts';
import { recordAdminAct } from '../people/admin-audit.ts';
import { type Admin, adminOnce } from './admin.ts';
import { type AdminPage, cursorOf } from './merchants.ts';

/** A merchant's API key, by which it cannot be used. */
export interface AdminKey {
  readonly id: string;
  readonly merchantId: string;
  readonly mode: Mode;
  readonly name: string;
  /** Absent for keys from before this was kept. */
  readonly last4?: string;
  readonly createdAtMs: number;
  readonly revokedAtMs?: number;
}

export interface KeyFilter {
  readonly limit: number;
  readonly merchantId?: string;
  readonly startingAfter?: string;
}

export interface KeyAdministration {
  /** Newest first. */
  list(filter: KeyFilter): Promise<AdminPage<AdminKey>>;
  /** `absent`: there is no such merchant. */
  create(
    admin: Admin,
    request: NamedRequest,
    key: Pick<AdminKey, 'id' | 'merchantId' | 'mode' | 'name'> & {
      readonly last4: string;
      readonly digest: string;
    },
    answer: (made: AdminKey) => object,
  ): Promise<KeptOnce>;
  /** For good. Revoking what is revoked changes nothing. */
  revoke(
    admin: Admin,
    request: NamedRequest,
    id: string,
    answer: (revoked: AdminKey) => object,
  ): Promise<KeptOnce>;
}

export function createKeyAdministration(db: Db, reads: Db): KeyAdministration {
  return {
    list: (filter) => listKeys(reads, filter),
    create: (admin, request, key, answer) =>
      adminOnce(db, admin, request, async (tx) => {
        const merchant = await tx.merchant.findUnique({
          where: { id: key.merchantId },
          select: { id: true },
        });
        if (merchant === null) return undefined;
        const row = await tx.apiKey.create({ data: { ...key, createdBy: admin.actor } });
        const { id, merchantId, mode, name, last4 } = key;
        const details = { merchant: merchantId, mode, name, last4 };
        await recordAdminAct(tx, { ...admin, action: 'key.created', subject: id, details });
        return { subjectId: id, answer: answer(toKey(row)) };
      }),
    revoke: (admin, request, id, answer) =>
      adminOnce(db, admin, request, async (tx) => {
        const { count } = await tx.apiKey.updateMany({
          where: { id, revokedAt: null },
          data: { revokedAt: new Date() },
        });
        const row = await tx.apiKey.findUnique({ where: { id } });
        if (row === null) return undefined;
        const details = { merchant: row.merchantId, mode: row.mode, name: row.name };
        if (count > 0) await recordAdminAct(tx, { ...admin, action: 'key.revoked', subject: id, details });
        return { subjectId: id, answer: answer(toKey(row)) };
      }),
  };
}

async function listKeys(db: Db, filter: KeyFilter): Promise<AdminPage<AdminKey>> {
  const { limit, merchantId, startingAfter } = filter;
  const cursor = await cursorOf(startingAfter, (id) =>
    db.apiKey.findUnique({ where: { id }, select: { id: true, createdAt: true } }),
  );
  if (cursor === null) return { type: 'unknown_cursor' };
  const rows = await db.apiKey.findMany({
    where: {
      ...(merchantId === undefined ? {} : { merchantId }),
      ...(cursor === undefined ? {} : olderThan(cursor)),
    },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    take: limit + 1,
    omit: { digest: true },
  });
  return { type: 'page', rows: rows.slice(0, limit).map(toKey), hasMore: rows.length > limit };
}

function toKey(row: Omit<ApiKey, 'digest'>): AdminKey {
  return {
    id: row.id,
    merchantId: row.merchantId,
    mode: row.mode as Mode,
    name: row.name,
    ...(row.last4 === null ? {} : { last4: row.last4 }),
    createdAtMs: row.createdAt.getTime(),
    ...(row.revokedAt === null ? {} : { revokedAtMs: row.revokedAt.getTime() }),
  };
}
