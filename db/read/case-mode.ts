import { Prisma } from '../generated/client.ts';

/**
 * Of cases, `exception x`: whether they are of this mode. A case's mode is its payment's, else its account's; one that has neither is
 * about both modes, and is of each.
 */
export function caseOfMode(mode: string): Prisma.Sql {
  return Prisma.sql`coalesce((SELECT mode FROM payment WHERE id = x.payment_id),
    (SELECT mode FROM provider_account WHERE id = x.account_id), ${mode}) = ${mode}`;
}
