import { isTerminal } from '../machine.ts';
import type { Payment } from './payment.ts';
import { PAYMENT_EDGES, type PaymentStatus } from './states.ts';

/**
 * How a step answered the payer, once in a payment's life: `authorized` where its money is held from now on, to be captured by the
 * merchant's word; else the status in which it ended. A rate of what fails is one of these: held payments end days later,
 * when their captures are made, and among ends alone the few that fail at once would be nearly all.
 */
export function answerOf(
  payment: Payment,
  fromStatus: PaymentStatus | undefined,
): PaymentStatus | 'authorized' | undefined {
  if (payment.status === fromStatus) return undefined;
  const ours = payment.attempts.filter(({ undoing }) => !undoing);
  if (payment.status === 'requires_capture') {
    // After a capture or a void that was refused it is back, and was counted before.
    const isBack = ours.some(({ operations }) =>
      operations.some(({ kind }) => kind === 'capture' || kind === 'void'),
    );
    return isBack ? undefined : 'authorized';
  }
  if (!isTerminal(PAYMENT_EDGES, payment.status)) return undefined;
  const wasHeld =
    payment.captureMethod === 'manual' && ours.some(({ authorizedMinor }) => authorizedMinor > 0);
  return wasHeld ? undefined : payment.status;
}
