import { caseLimitsSchema, type MerchantLimits } from '../../../domain/cases/limits.ts';
import { type MerchantRateLimits, readMerchantRateLimits } from '../../../domain/rate-limits.ts';
import type { Db } from '../../client.ts';
import type { Prisma, Merchant as Row } from '../../generated/client.ts';
import { olderThan } from '../../older-than.ts';
import type { KeptOnce, NamedRequest } from '../../requests/once.ts';
import { recordAdminAct } from '../people/admin-audit.ts';
import { type Admin, adminOnce } from './admin.ts';
import { type LoosenedRule, ownProposalUnder } from './two-people.ts';

/** A merchant with everything that only its operators set. */
export interface AdminMerchant {
  readonly id: string;
  readonly name: string;
  readonly country?: string;
  readonly category?: string;
  readonly returnOrigins: readonly string[];
  readonly rateLimits: MerchantRateLimits;
  readonly caseLimits: MerchantLimits;
  readonly routingApproval: boolean;
  readonly duplicateReferenceGuard: boolean;
  readonly createdAtMs: number;
}

export type MerchantChange = Partial<Omit<AdminMerchant, 'id' | 'createdAtMs' | 'country' | 'category'>> & {
  /** Null: no longer known. */
  readonly country?: string | null;
  readonly category?: string | null;
};

export interface MerchantFilter {
  readonly limit: number;
  /** Part of the name, or the id. */
  readonly search?: string;
  readonly startingAfter?: string;
}

export type AdminPage<T> =
  | { readonly type: 'page'; readonly rows: readonly T[]; readonly hasMore: boolean }
  | { readonly type: 'unknown_cursor' };

export interface MerchantAdministration {
  find(id: string): Promise<AdminMerchant | undefined>;
  /** Newest first. */
  list(filter: MerchantFilter): Promise<AdminPage<AdminMerchant>>;
  create(
    admin: Admin,
    request: NamedRequest,
    merchant: MerchantChange & { readonly id: string; readonly name: string },
    answer: (made: AdminMerchant) => object,
  ): Promise<KeptOnce>;
  change(
    admin: Admin,
    request: NamedRequest,
    id: string,
    change: MerchantChange,
    parts: {
      answer(changed: AdminMerchant): object;
      /** Throws: a proposal of the administrator's own waits under a rule that the change would loosen. */
      refuse(rule: LoosenedRule): never;
    },
  ): Promise<KeptOnce>;
}

export function createMerchantAdministration(db: Db, reads: Db): MerchantAdministration {
  return {
    async find(id) {
      const row = await db.merchant.findUnique({ where: { id } });
      return row === null ? undefined : toMerchant(row);
    },
    list: (filter) => listMerchants(reads, filter),
    create: (admin, request, { id, name, ...rest }, answer) =>
      adminOnce(db, admin, request, async (tx) => {
        const row = await tx.merchant.create({ data: { ...dataOf(rest), id, name } });
        const details = { name, ...rest };
        await recordAdminAct(tx, { ...admin, action: 'merchant.created', subject: id, details });
        return { subjectId: id, answer: answer(toMerchant(row)) };
      }),
    change: (admin, request, id, change, { answer, refuse }) =>
      adminOnce(db, admin, request, async (tx) => {
        const found = await tx.merchant.findUnique({ where: { id } });
        if (found === null) return undefined;
        const before = toMerchant(found);
        const changed = toMerchant(await tx.merchant.update({ where: { id }, data: dataOf(change) }));
        const rule = await ownProposalUnder(tx, admin, before, changed);
        if (rule !== undefined) refuse(rule);
        const details = changedMembers(before, changed);
        await recordAdminAct(tx, { ...admin, action: 'merchant.changed', subject: id, details });
        return { subjectId: id, answer: answer(changed) };
      }),
  };
}

/** What an act changed, by name: from what to what. */
export function changedMembers(before: object, after: object): Record<string, unknown> {
  const was = new Map<string, unknown>(Object.entries(before));
  const is = new Map<string, unknown>(Object.entries(after));
  const names = [...new Set([...was.keys(), ...is.keys()])];
  return Object.fromEntries(
    names
      .map((name) => [name, was.get(name) ?? null, is.get(name) ?? null] as const)
      .filter(([, from, to]) => JSON.stringify(from) !== JSON.stringify(to))
      .map(([name, from, to]) => [name, { from, to }]),
  );
}

async function listMerchants(db: Db, filter: MerchantFilter): Promise<AdminPage<AdminMerchant>> {
  const { limit, search, startingAfter } = filter;
  const cursor = await cursorOf(startingAfter, (id) =>
    db.merchant.findUnique({ where: { id }, select: { id: true, createdAt: true } }),
  );
  if (cursor === null) return { type: 'unknown_cursor' };
  const conditions: Prisma.MerchantWhereInput[] = [];
  if (search !== undefined)
    conditions.push({ OR: [{ id: search }, { name: { contains: search, mode: 'insensitive' } }] });
  if (cursor !== undefined) conditions.push(olderThan(cursor));
  const rows = await db.merchant.findMany({
    where: { AND: conditions },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    take: limit + 1,
  });
  return { type: 'page', rows: rows.slice(0, limit).map(toMerchant), hasMore: rows.length > limit };
}

/** Undefined: from the beginning. Null: the row that the page should go on after isn't there. */
export async function cursorOf<T>(
  startingAfter: string | undefined,
  find: (id: string) => Promise<T | null>,
): Promise<T | null | undefined> {
  return startingAfter === undefined ? undefined : find(startingAfter);
}

function dataOf({ returnOrigins, rateLimits, caseLimits, ...rest }: MerchantChange) {
  return {
    ...rest,
    ...(returnOrigins === undefined ? {} : { returnOrigins: [...returnOrigins] }),
    ...(rateLimits === undefined ? {} : { rateLimits: rateLimits as Prisma.InputJsonObject }),
    ...(caseLimits === undefined ? {} : { caseLimits: caseLimits as Prisma.InputJsonObject }),
  };
}

function toMerchant(row: Row): AdminMerchant {
  const limits = caseLimitsSchema.safeParse(row.caseLimits);
  return {
    id: row.id,
    name: row.name,
    ...(row.country === null ? {} : { country: row.country }),
    ...(row.category === null ? {} : { category: row.category }),
    returnOrigins: row.returnOrigins,
    rateLimits: readMerchantRateLimits(row.rateLimits),
    caseLimits: limits.success ? limits.data : caseLimitsSchema.parse(undefined),
    routingApproval: row.routingApproval,
    duplicateReferenceGuard: row.duplicateReferenceGuard,
    createdAtMs: row.createdAt.getTime(),
  };
}
