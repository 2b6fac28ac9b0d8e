import { assert } from '../domain/machine.ts';
import type { Db } from './client.ts';
import { Prisma } from './generated/client.ts';

/**
 * The claims of send permits: the one place where the database says whether an operation may be sent.
 * Judged on the database's clock, in one statement each; see DESIGN.md, point 4.
 */
export type Claim =
  | { readonly type: 'claimed'; readonly sentAtMs: number }
  /** Sent before, by whoever: nobody knows the outcome yet. */
  | { readonly type: 'already_sent' }
  /** An older generation asks. */
  | { readonly type: 'superseded' }
  /** Revoked, or past `send_by` (which revokes it here and now): proven not attempted. */
  | { readonly type: 'revoked'; readonly why: 'permit_revoked' | 'too_late' };

export interface FirstClaim {
  readonly operationId: string;
  readonly generation: number;
  /** The exact request, sealed, committed with the claim and so before the first byte. */
  readonly sealedParameters: Uint8Array;
  readonly parametersExpireAtMs: number;
  /** How long the provider replays this key; the claim stores its end less a tenth. */
  readonly keyWindowMs: number;
}

export async function claimFirstSend(db: Db, claim: FirstClaim): Promise<Claim> {
  const rows = await db.$queryRaw<{ first_sent_at: Date }[]>(Prisma.sql`
    UPDATE operation SET first_sent_at = clock_timestamp(), last_sent_at = clock_timestamp(), sends = 1,
      sealed_parameters = ${claim.sealedParameters}, parameters_expire_at = ${new Date(claim.parametersExpireAtMs)}::timestamptz,
      key_expires_at = clock_timestamp() + ${Math.floor(claim.keyWindowMs * 0.9)} * interval '1 millisecond'
    WHERE id = ${claim.operationId} AND first_sent_at IS NULL AND revoked_at IS NULL AND closed_at IS NULL
      AND generation = ${claim.generation}::int AND (send_by IS NULL OR send_by > clock_timestamp())
    RETURNING first_sent_at`);
  const row = rows[0];
  if (row !== undefined) return { type: 'claimed', sentAtMs: row.first_sent_at.getTime() };
  return whyUnclaimed(db, claim.operationId, claim.generation);
}

/** Judged in this order: already sent, superseded, revoked or too late. A late one is revoked on the spot. */
async function whyUnclaimed(db: Db, operationId: string, generation: number): Promise<Claim> {
  const rows = await db.$queryRaw<{ sent: boolean; current: number; late: boolean }[]>(Prisma.sql`
    UPDATE operation SET revoked_at = CASE
        WHEN first_sent_at IS NULL AND generation = ${generation}::int THEN coalesce(revoked_at, clock_timestamp())
        ELSE revoked_at END
    WHERE id = ${operationId}
    RETURNING first_sent_at IS NOT NULL AS sent, generation AS current,
      coalesce(send_by <= clock_timestamp(), false) AS late`);
  const row = rows[0];
  if (row === undefined)
    throw new Error(`operation ${operationId} has no row; nothing may be sent without one`);
  if (row.sent) return { type: 'already_sent' };
  if (row.current > generation) return { type: 'superseded' };
  assert(
    row.current === generation,
    `operation ${operationId} belongs to generation ${row.current}, not yet ${generation}`,
  );
  return { type: 'revoked', why: row.late ? 'too_late' : 'permit_revoked' };
}

/** The resolver's claim for sending again under the same key. Answers the time of the claim, or undefined. */
export async function claimResend(
  db: Db,
  operationId: string,
  generation: number,
  totalDeadlineMs: number,
): Promise<number | undefined> {
  const rows = await db.$queryRaw<{ last_sent_at: Date }[]>(Prisma.sql`
    UPDATE operation SET last_sent_at = clock_timestamp(), sends = sends + 1
    WHERE id = ${operationId} AND generation = ${generation}::int AND first_sent_at IS NOT NULL AND closed_at IS NULL
      AND key_expires_at > clock_timestamp() + ${totalDeadlineMs} * interval '1 millisecond'
      AND (kind NOT IN ('authorize', 'sale') OR send_by IS NULL OR send_by > clock_timestamp())
    RETURNING last_sent_at`);
  return rows[0]?.last_sent_at.getTime();
}

/**
 * Takes back every unclaimed permit of a payment's operation. What comes back was never sent and never
 * will be; an operation that is missing from the answer was claimed first, and must be resolved.
 */
export async function revokePermit(db: Db, operationId: string): Promise<'revoked' | 'already_sent'> {
  const rows = await db.$queryRaw<{ sent: boolean }[]>(Prisma.sql`
    UPDATE operation SET revoked_at = CASE WHEN first_sent_at IS NULL THEN coalesce(revoked_at, clock_timestamp()) END
    WHERE id = ${operationId} RETURNING first_sent_at IS NOT NULL AS sent`);
  return rows[0]?.sent === false ? 'revoked' : 'already_sent';
}
