import { isTerminal } from '../machine.ts';
import { type Decision, nextRouteStep, startAttempt, withStatus } from './edit.ts';
import type { Payment } from './payment.ts';
import { PAYMENT_EDGES } from './states.ts';

export interface Ending {
  readonly mayFailOver: boolean;
  readonly failure: NonNullable<Payment['failure']>;
}

/**
 * After an attempt that is proven uncharged: the next provider while the time allows, else the end. Past
 * `completeBy` nobody is charged any more, so a payment with nothing open is canceled, not failed.
 */
export function goOn(payment: Payment, reason: string, nowMs: number, ending: Ending): Decision {
  if (isTerminal(PAYMENT_EDGES, payment.status)) return { after: payment, reason };
  const late = nowMs >= payment.completeByMs;
  const next = ending.mayFailOver && !late ? nextRouteStep(payment) : undefined;
  if (next !== undefined) {
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
  return { after: { ...withStatus(payment, 'failed'), failure: ending.failure }, reason };
}
