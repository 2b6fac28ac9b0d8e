import { isStuckUndoing } from '../payment/operate.ts';
import type { Attempt, Payment } from '../payment/payment.ts';
import { isNotBackYet } from '../payment/retry.ts';
import { providerName } from './words.ts';

/** How far giving back what was charged late has come: its money is with the payer, on its way, or nobody moves it. */
type Undoing = 'back' | 'under_way' | 'stuck';

const SHORTLY: Readonly<Record<Undoing, string>> = {
  back: 'gave it back',
  under_way: 'is giving it back',
  stuck: 'could not give it back',
};

const AT_LENGTH: Readonly<Record<Undoing, string>> = {
  back: 'went back, so the payer does not pay twice',
  under_way: 'is being given back, and is not with the payer yet',
  stuck: 'could not be given back: the payer has paid it until a person sees to it',
};

function undoingOf(attempt: Attempt): Undoing {
  if (!isNotBackYet(attempt)) return 'back';
  return isStuckUndoing(attempt) ? 'stuck' : 'under_way';
}

/** A late success beside other attempts, e.g. `Stripe charged it too late, and gave it back`. */
export function lateWords(attempt: Attempt): string {
  return `${providerName(attempt.provider)} charged it too late, and ${SHORTLY[undoingOf(attempt)]}`;
}

/** A sentence on each late success. */
export function lateSentences({ attempts }: Payment): string[] {
  return attempts
    .filter((each) => each.undoing)
    .map(
      (each) =>
        `Late success: ${providerName(each.provider)} charged the payer after the payment had gone on without it; that money ${AT_LENGTH[undoingOf(each)]}.`,
    );
}
