import { Prisma } from '../../generated/client.ts';
import { branch } from './branch.ts';

/** What begins with the text, where nothing is called exactly so. */
export function prefixBranches(asked: string, limit: number): Prisma.Sql[] {
  const pattern = `${asked.replace(/[\\%_]/g, '\\$&')}%`;
  const starts = (matched: string, table: string, name: string, paymentColumn: string) => {
    const value = Prisma.raw(`t."${name}"`);
    return branch({
      matched,
      value,
      payment: Prisma.raw(`t."${paymentColumn}"`),
      from: Prisma.sql`${Prisma.raw(`"${table}"`)} t WHERE ${value} LIKE ${pattern}`,
      limit,
    });
  };
  const lower = pattern.toLowerCase();
  const customer = (matched: string, name: 'email' | 'name') =>
    branch({
      matched,
      value: Prisma.raw(`c."${name}"`),
      payment: Prisma.sql`p.id`,
      from: Prisma.sql`(SELECT * FROM customer c WHERE lower(${Prisma.raw(`c."${name}"`)}) LIKE ${lower}
          AND ${Prisma.raw(`c."${name}"`)} IS NOT NULL LIMIT ${limit}::int) c
        LEFT JOIN LATERAL (SELECT id FROM payment WHERE customer_id = c.id ORDER BY created_at DESC LIMIT 3) p ON true`,
      target: { type: 'customer', id: Prisma.sql`c.id` },
      limit,
    });
  return [
    ...(/^pay_[a-z2-7]{3,26}$/.test(asked) ? [paymentPrefix(asked, limit)] : []),
    starts('order_reference', 'payment', 'reference', 'id'),
    starts('provider_reference', 'attempt', 'provider_reference', 'payment_id'),
    starts('provider_reference', 'operation', 'provider_reference', 'payment_id'),
    starts('refund_reference', 'refund', 'reference', 'payment_id'),
    customer('customer_email', 'email'),
    customer('customer_name', 'name'),
  ];
}

/** A range of the primary key: ids are letters and digits, so that it is the same in every collation. */
function paymentPrefix(asked: string, limit: number): Prisma.Sql {
  return branch({
    matched: 'payment',
    value: Prisma.sql`t.id`,
    payment: Prisma.sql`t.id`,
    from: Prisma.sql`payment t WHERE t.id BETWEEN ${asked} AND ${asked.padEnd(31, 'z')} AND starts_with(t.id, ${asked})`,
    limit,
  });
}
