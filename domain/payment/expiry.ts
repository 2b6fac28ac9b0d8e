/** A capture must be on its way a margin before the authorization lapses: a hundredth of what is left. */
export function captureSendBy(expiresAtMs: number, nowMs: number): number {
  return expiresAtMs - expiryMarginMs(expiresAtMs, nowMs);
}

export function expiryMarginMs(expiresAtMs: number, fromMs: number): number {
  return Math.max(0, Math.floor((expiresAtMs - fromMs) / 100));
}
