/**
 * Waits between new operations after a proven not-attempted: the provider could not be reached, so the
 * first retries are quick and the later ones leave it alone. Unscaled milliseconds.
 */
const LADDER_MS = [500, 1_000, 2_000, 5_000, 15_000, 60_000] as const;

export function backoffMs(triesSoFar: number): number {
  return LADDER_MS[Math.min(triesSoFar, LADDER_MS.length) - 1] ?? LADDER_MS[0];
}
