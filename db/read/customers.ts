import type { Mode } from '../../domain/ids.ts';
import type { Db } from '../client.ts';
import type { Customer } from '../generated/client.ts';
import { olderThan } from '../older-than.ts';
import type { Owner } from './payments.ts';

/** A merchant's payer, whose cards may be kept. */
export interface StoredCustomer {
  readonly id: string;
  readonly mode: Mode;
  readonly name?: string;
  readonly email?: string;
  readonly reference?: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly createdAtMs: number;
}

export interface CustomerFilter {
  readonly limit: number;
  readonly email?: string;
  readonly reference?: string;
  readonly startingAfter?: string;
}

/** Newest first. `unknown_cursor`: the customer that the page should start at isn't the owner's. */
export type CustomerPage =
  | { readonly type: 'page'; readonly customers: readonly StoredCustomer[]; readonly hasMore: boolean }
  | { readonly type: 'unknown_cursor' };

export interface CustomerReader {
  find(owner: Owner, customerId: string): Promise<StoredCustomer | undefined>;
  owns(owner: Owner, customerId: string): Promise<boolean>;
  list(owner: Owner, filter: CustomerFilter): Promise<CustomerPage>;
}

export function createCustomerReader(db: Db): CustomerReader {
  return {
    async find({ merchantId, mode }, id) {
      const row = await db.customer.findFirst({ where: { id, merchantId, mode } });
      return row === null ? undefined : toCustomer(row);
    },
    async owns({ merchantId, mode }, id) {
      const row = await db.customer.findFirst({ where: { id, merchantId, mode }, select: { id: true } });
      return row !== null;
    },
    list: (owner, filter) => listCustomers(db, owner, filter),
  };
}

async function listCustomers(
  db: Db,
  { merchantId, mode }: Owner,
  { limit, startingAfter, ...asked }: CustomerFilter,
): Promise<CustomerPage> {
  const mine = { merchantId, mode };
  const cursor =
    startingAfter === undefined
      ? undefined
      : await db.customer.findFirst({
          where: { id: startingAfter, ...mine },
          select: { id: true, createdAt: true },
        });
  if (cursor === null) return { type: 'unknown_cursor' };
  const rows = await db.customer.findMany({
    where: { ...mine, ...asked, ...(cursor === undefined ? {} : olderThan(cursor)) },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    take: limit + 1,
  });
  return { type: 'page', customers: rows.slice(0, limit).map(toCustomer), hasMore: rows.length > limit };
}

function toCustomer({ id, mode, name, email, reference, metadata, createdAt }: Customer): StoredCustomer {
  return {
    id,
    mode: mode as Mode,
    ...(name === null ? {} : { name }),
    ...(email === null ? {} : { email }),
    ...(reference === null ? {} : { reference }),
    metadata: metadata as Record<string, string>,
    createdAtMs: createdAt.getTime(),
  };
}
