import type { OperationOutcome } from '../payment/outcome.ts';
import { declineClass } from './declines/index.ts';
import type { ObservedResult } from './learning/index.ts';

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
