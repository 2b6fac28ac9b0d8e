import { rolesWith } from '../../domain/access/roles.ts';
import type { CaseCommand, CaseFile } from '../../domain/cases/case.ts';
import type { CaseFacts } from '../../domain/cases/decide.ts';
import { caseLimitsSchema, limitsFor } from '../../domain/cases/limits.ts';
import { isFeeKind, type TargetFacts } from '../../domain/cases/money.ts';
import { Prisma } from '../generated/client.ts';
import { type Connection, query } from '../sql.ts';
import type { CaseRow } from './row.ts';
import { stakesOf } from './stakes.ts';

/** All that a command is judged by, read while the case's row is held. */
export async function factsFor(
  session: Connection,
  row: CaseRow,
  file: CaseFile,
  command: CaseCommand,
): Promise<CaseFacts> {
  const [limits, stakes] = [await limitsOf(session, file), await stakesOf(session, row)];
  const owner = command.type === 'assign' ? command.owner : undefined;
  const name = targetNamed(file, command);
  const target = name === undefined ? undefined : await targetFacts(session, file, name);
  return {
    limits,
    stakes,
    ...(owner === undefined ? {} : { mayOwn: await mayOwn(session, owner) }),
    ...(target === undefined ? {} : { target }),
  };
}

async function limitsOf(session: Connection, { merchantId, currency = '' }: CaseFile) {
  const rows = await query<{ limits: unknown }>(
    session,
    Prisma.sql`SELECT case_limits AS limits FROM merchant WHERE id = ${merchantId ?? ''}`,
  );
  return limitsFor(currency, caseLimitsSchema.parse(rows[0]?.limits ?? {}));
}

/** Whoever owns a case has to be able to act on it: by a key that works or a password, and with a role that may. */
async function mayOwn(session: Connection, id: string): Promise<boolean> {
  const rows = await query<unknown>(
    session,
    Prisma.sql`SELECT 1 FROM operator WHERE id = ${id} AND disabled_at IS NULL AND role = ANY(${[...rolesWith('act')]})
      AND (password_hash IS NOT NULL OR (digest IS NOT NULL AND revoked_at IS NULL))`,
  );
  return rows.length > 0;
}

function targetNamed({ decision }: CaseFile, command: CaseCommand): string | undefined {
  if (command.type === 'propose' || command.type === 'dispose') return command.target;
  return command.type === 'approve' ? decision?.target : undefined;
}

/** Where a name could be of several things, the first of this order; a name of nothing of ours is `other`. */
async function targetFacts(
  session: Connection,
  { merchantId }: CaseFile,
  name: string,
): Promise<TargetFacts> {
  if (isFeeKind(name)) return { type: 'fee_kind' };
  // Another merchant's are as absent as those that never were; a case whose merchant nobody knows may name any.
  const mine = Prisma.sql`(${merchantId ?? null}::text IS NULL OR m.merchant_id = ${merchantId ?? null})`;
  const rows = await query<{
    type: TargetFacts['type'];
    account: string | null;
    payment: string | null;
    succeeded: boolean | null;
  }>(
    session,
    Prisma.sql`
    SELECT 'account' AS type, m.id AS account, NULL AS payment, NULL::boolean AS succeeded FROM provider_account m
      WHERE m.id = ${name} AND ${mine}
    UNION ALL SELECT 'refund', m.account_id, m.payment_id, m.status = 'succeeded' FROM refund m WHERE m.id = ${name} AND ${mine}
    UNION ALL SELECT 'payment', NULL, m.id, NULL FROM payment m WHERE m.id = ${name} AND ${mine}
    UNION ALL SELECT 'booking', m.account_id, m.payment_id, NULL FROM booking m WHERE m.id = ${name} AND ${mine}
    UNION ALL SELECT 'payout', p.account_id, NULL, NULL FROM payout p JOIN provider_account m ON m.id = p.account_id
      WHERE p.id = ${name} AND ${mine}
    UNION ALL SELECT 'bank_line', NULL, NULL, NULL FROM bank_statement_line m WHERE m.id = ${name} AND ${mine}`,
  );
  const found = rows[0];
  if (found === undefined) return { type: 'other' };
  return {
    type: found.type,
    ...(found.account === null ? {} : { accountId: found.account }),
    ...(found.payment === null ? {} : { paymentId: found.payment }),
    ...(found.succeeded === null ? {} : { succeeded: found.succeeded }),
  };
}
