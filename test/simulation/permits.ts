import type { OperationKind } from '../../domain/names.ts';

/**
 * The permit's row and its claims: the twin of db/permits.ts, condition by condition, in its order. Here
 * each function is atomic because nothing else runs meanwhile; there, because it is one statement.
 */
export interface PermitRow {
  readonly id: string;
  /** The payment's or refund's. */
  readonly ownerId: string;
  readonly kind: OperationKind;
  readonly attemptId: string;
  readonly attemptNumber: number;
  readonly amountMinor: number;
  readonly finalCapture: boolean;
  readonly sendByMs?: number;
  /** In which step it was written: hydration reads operations in this order. */
  readonly createdWith: number;
  generation: number;
  firstSentAtMs?: number;
  lastSentAtMs?: number;
  keyExpiresAtMs?: number;
  sends: number;
  /** When the sealed parameters must be gone; absent once they are, or were never there. */
  parametersExpireAtMs?: number;
  revokedAtMs?: number;
  closedAtMs?: number;
}

export type Claim =
  | { readonly type: 'claimed' }
  | { readonly type: 'already_sent' }
  | { readonly type: 'superseded' }
  | { readonly type: 'revoked'; readonly why: 'permit_revoked' | 'too_late' };

export interface FirstClaim {
  readonly generation: number;
  readonly parametersExpireAtMs: number;
  readonly keyWindowMs: number;
}

export function claimFirstSend(row: PermitRow, claim: FirstClaim, databaseMs: number): Claim {
  const unsent =
    row.firstSentAtMs === undefined && row.revokedAtMs === undefined && row.closedAtMs === undefined;
  const inTime = row.sendByMs === undefined || row.sendByMs > databaseMs;
  if (unsent && row.generation === claim.generation && inTime) {
    row.firstSentAtMs = databaseMs;
    row.lastSentAtMs = databaseMs;
    row.sends = 1;
    row.parametersExpireAtMs = claim.parametersExpireAtMs;
    row.keyExpiresAtMs = databaseMs + Math.floor(claim.keyWindowMs * 0.9);
    return { type: 'claimed' };
  }
  if (row.firstSentAtMs === undefined && row.generation === claim.generation) row.revokedAtMs ??= databaseMs;
  if (row.firstSentAtMs !== undefined) return { type: 'already_sent' };
  if (row.generation > claim.generation) return { type: 'superseded' };
  return { type: 'revoked', why: inTime ? 'permit_revoked' : 'too_late' };
}

/** Answers whether the same request may be sent again under the same key. */
export function claimResend(
  row: PermitRow,
  generation: number,
  totalDeadlineMs: number,
  databaseMs: number,
): boolean {
  const charging = row.kind === 'authorize' || row.kind === 'sale';
  const permitted =
    row.generation === generation &&
    row.firstSentAtMs !== undefined &&
    row.closedAtMs === undefined &&
    row.keyExpiresAtMs !== undefined &&
    row.keyExpiresAtMs > databaseMs + totalDeadlineMs &&
    (!charging || row.sendByMs === undefined || row.sendByMs > databaseMs);
  // The database's trigger refuses a clock that went back: the statement fails, and nothing is sent.
  if (!permitted || databaseMs < (row.lastSentAtMs ?? 0)) return false;
  row.lastSentAtMs = databaseMs;
  row.sends += 1;
  return true;
}

export function revokePermit(row: PermitRow, databaseMs: number): 'revoked' | 'already_sent' {
  if (row.firstSentAtMs !== undefined) return 'already_sent';
  row.revokedAtMs ??= databaseMs;
  return 'revoked';
}
