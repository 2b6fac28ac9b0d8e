import { Prisma } from '../../generated/client.ts';

/** One way in which a text may be the name of something: rows of a table, and the payment that each leads to. */
export interface Branch {
  readonly matched: string;
  readonly value: Prisma.Sql;
  readonly payment: Prisma.Sql;
  readonly from: Prisma.Sql;
  readonly target?: { readonly type: string; readonly id: Prisma.Sql };
  readonly limit: number;
}

export function branch({ matched, value, payment, from, target, limit }: Branch): Prisma.Sql {
  return Prisma.sql`
    SELECT ${matched}::text AS matched, ${value}::text AS value, ${payment}::text AS payment_id,
      ${target?.type ?? null}::text AS target_type, ${target?.id ?? Prisma.sql`NULL`}::text AS target_id
    FROM ${from} LIMIT ${limit}::int`;
}
