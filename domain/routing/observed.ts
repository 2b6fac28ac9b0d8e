import type { OperationOutcome } from '../payment/outcome.ts';
import type { Attempt } from '../payment/payment.ts';
import type { AttemptStatus } from '../payment/states.ts';
import { declineClass } from './declines/index.ts';
import type { LateApproval, ObservedResult } from './learning/index.ts';

/**
 * What routing learns of an account by one authorization or sale. Undefined where it says nothing of the account: the
 * payer is to act first, the provider will say later, or nothing could be asked for a reason of our own.
 */
export function observedResult(outcome: OperationOutcome): ObservedResult | undefined {
  switch (outcome.type) {
    case 'authorized':
    case 'captured':
      return 'approved';
    case 'declined':
      return declineClass(outcome.decline) === 'hard' ? 'hard_decline' : 'soft_decline';
    case 'not_attempted':
      return outcome.proof === 'no_byte_sent' ? 'not_attempted' : undefined;
    case 'unknown':
      return outcome.cause === 'already_sent' || outcome.cause === 'mismatch' ? undefined : 'unknown';
    default:
      return undefined;
  }
}

/** Of an attempt whose answer is still to come: the payer has to act, the provider to say, or nobody knows. */
export const OPEN_STATUSES = ['requires_action', 'pending', 'unknown'] as const satisfies AttemptStatus[];
export type OpenStatus = (typeof OPEN_STATUSES)[number];

export function isOpen(status: string): boolean {
  return OPEN_STATUSES.some((each) => each === status);
}

/**
 * What routing learns when an open attempt is settled, whoever found it: a look-up, a webhook, the payer's return. What
 * nobody knew is counted as that already, so that only its money is left to count.
 */
export function foundResult(
  was: OpenStatus,
  { status, decline }: Pick<Attempt, 'status' | 'decline'>,
): ObservedResult | LateApproval | undefined {
  const isApproved = status === 'authorized' || status === 'captured';
  if (was === 'unknown') return isApproved ? 'late_approval' : undefined;
  if (isApproved) return 'approved';
  return status === 'declined' && decline !== undefined
    ? observedResult({ type: 'declined', decline })
    : undefined;
}
