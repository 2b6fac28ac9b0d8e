import type { OperationOutcome } from '../payment/outcome.ts';

/**
 * What an outcome says about a provider's health. A decline is a healthy answer; what counts against a
 * provider is not answering. Exhaustive by type.
 */
export type HealthSign = 'good' | 'bad' | 'none';

const SIGNS: Readonly<Record<OperationOutcome['type'], HealthSign>> = {
  authorized: 'good',
  captured: 'good',
  voided: 'good',
  refunded: 'good',
  pending: 'good',
  requires_action: 'good',
  declined: 'good',
  rejected: 'none',
  not_attempted: 'bad',
  unknown: 'bad',
};

export function healthSign(outcome: OperationOutcome): HealthSign {
  // A permit that was too late or revoked says nothing of the provider.
  if (outcome.type === 'not_attempted' && outcome.proof !== 'no_byte_sent') return 'none';
  if (outcome.type === 'unknown' && (outcome.cause === 'already_sent' || outcome.cause === 'mismatch'))
    return 'none';
  return SIGNS[outcome.type];
}

/** Bad answers in a row that open the circuit, and how long it stays open before one probe is let through. */
export const CIRCUIT_FAILURES_TO_OPEN = 5;
const CIRCUIT_OPEN_MS = 10_000;
/** A probe that fails waits as long as the circuit has been open, up to so many times the first wait. */
export const CIRCUIT_LONGEST_WAIT = 32;
/** A circuit that closes faster than payments come would never be seen open. */
const CIRCUIT_OPEN_MIN_MS = 1_000;

export function circuitOpenMs(timeScale: number): number {
  return Math.max(CIRCUIT_OPEN_MIN_MS, CIRCUIT_OPEN_MS * timeScale);
}
