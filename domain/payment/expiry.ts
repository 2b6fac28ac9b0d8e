/** A capture must be on its way a margin before the authorization lapses: a hundredth of what is left. */
export function captureSendBy(expiresAtMs: number, nowMs: number): number {
  return expiresAtMs - expiryMarginMs(expiresAtMs, nowMs);
}

export function expiryMarginMs(expiresAtMs: number, fromMs: number): number {
  return Math.max(0, Math.floor((expiresAtMs - fromMs) / 100));
}

/**
 * The `complete_by` of a charge that nobody waits for: a merchant-initiated one is as good tomorrow. A date, since
 * the column takes no number that JavaScript could write for infinity.
 */
export const NEVER_TOO_LATE_MS = Date.UTC(9999, 11, 31);
