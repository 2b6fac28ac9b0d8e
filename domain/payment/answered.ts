import { isTerminal } from '../machine.ts';
import { isHolder } from './challenge.ts';
import { PAYMENT_EDGES, type PaymentStatus } from './states.ts';
import type { Transition } from './transition.ts';

/**
 * How a step answered the payer, once in a payment's life: `authorized` where its money is held from now on, to be captured by the
 * merchant's word; else the status in which it ended. A rate of what fails is one of these: held payments end days later,
 * when their captures are made, and among ends alone the few that fail at once would be nearly all.
 */
export function answerOf({
  payment,
  fromStatus,
  operations,
}: Pick<Transition, 'payment' | 'fromStatus' | 'operations'>): PaymentStatus | 'authorized' | undefined {
  const held = payment.attempts.filter(
    ({ undoing, authorizedMinor }) => payment.captureMethod === 'manual' && !undoing && authorizedMinor > 0,
  );
  // An authorization closes once, whatever the payment comes to afterwards: a capture or a void that is refused leaves it held.
  const authorizedNow = new Set(
    operations
      .filter((each) => isHolder(each) && each.status === 'succeeded')
      .map(({ attemptId }) => attemptId),
  );
  if (held.some(({ id }) => !authorizedNow.has(id))) return undefined;
  if (payment.status !== fromStatus && isTerminal(PAYMENT_EDGES, payment.status)) return payment.status;
  return held.length > 0 ? 'authorized' : undefined;
}
