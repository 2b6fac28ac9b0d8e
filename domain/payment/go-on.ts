import { isTerminal } from '../machine.ts';
import { type Decision, nextRouteStep, startAttempt, withStatus } from './edit.ts';
import type { Payment } from './payment.ts';
import { budgetUsedUp, hasTriesLeft, nextRetryMs } from './retry.ts';
import { PAYMENT_EDGES } from './states.ts';

export interface Ending {
  readonly mayFailOver: boolean;
  readonly failure: NonNullable<Payment['failure']>;
  /** Proven that no provider was reached: an outage, which passes. */
  readonly unreached?: boolean;
}

/**
 * After an attempt that is proven uncharged: the next provider while the time, the plan and the card's network allow,
 * else a later try where nobody waits, else the end. Past `completeBy` nobody is charged any more, so a payment with
 * nothing open is canceled, not failed.
 */
export function goOn(payment: Payment, reason: string, nowMs: number, ending: Ending): Decision {
  if (isTerminal(PAYMENT_EDGES, payment.status)) return { after: payment, reason };
  const late = nowMs >= payment.completeByMs;
  const next = ending.mayFailOver && !late && hasTriesLeft(payment) ? nextRouteStep(payment) : undefined;
  const refused = next === undefined ? undefined : budgetUsedUp(payment);
  if (next !== undefined && refused === undefined) {
    const cause = `failover_after_${payment.attempts.length}`;
    return {
      after: withStatus(startAttempt(payment, next, cause), 'processing'),
      reason: `${reason}; going on to ${next.provider}`,
    };
  }
  if (late && ending.mayFailOver) {
    return {
      after: { ...withStatus(payment, 'canceled'), cancellationReason: 'complete_by_passed' },
      reason: `${reason}; too late to go on`,
    };
  }
  const retryAtMs = nextRetryMs(payment, ending, nowMs);
  if (retryAtMs !== undefined) {
    return {
      after: { ...withStatus(payment, 'processing'), nextRetryAtMs: retryAtMs },
      reason: `${reason}; trying again later, as its policy says`,
    };
  }
  if (next !== undefined && refused !== undefined) {
    const failure = { code: 'card_declined' as const, message: refused.message, decline: refused };
    return {
      after: { ...withStatus(payment, 'failed'), failure },
      reason: `${reason}; ${next.provider} is not asked: ${refused.message}`,
    };
  }
  return { after: { ...withStatus(payment, 'failed'), failure: ending.failure }, reason };
}
