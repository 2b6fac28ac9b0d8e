import { undoLateSuccess } from './decide-undo.ts';
import type { Decision } from './edit.ts';
import type { Captured, OperationOutcome } from './outcome.ts';
import { type Attempt, attemptOf, findOperation, type Operation, type Payment } from './payment.ts';

/**
 * An authorization that the provider had confirmed to be given up, by our void or by its own clock. Its own success
 * message may still be in the mail and is no news; that its money was taken is.
 */
export function isGivenUp({ status, authorizedMinor }: Attempt): boolean {
  return (status === 'voided' || status === 'expired') && authorizedMinor > 0;
}

/** Whether an outcome says that what was given up has been captured all the same: by our name, amount and currency. */
export function isCapturedAfterAll(
  payment: Payment,
  operationId: string,
  outcome: OperationOutcome,
): boolean {
  const attempt = attemptOf(payment, operationId);
  const operation = findOperation(payment, operationId);
  if (attempt === undefined || operation?.closed !== true || outcome.type !== 'captured') return false;
  return (
    isGivenUp(attempt) &&
    attempt.capturedMinor === 0 &&
    outcome.currency === payment.currency &&
    outcome.amountMinor === askedMinor(attempt, operation)
  );
}

/** How much a capture that this operation names would have taken; undefined where none can have followed from it. */
function askedMinor(
  { authorizedMinor }: Attempt,
  { kind, status, amountMinor }: Operation,
): number | undefined {
  switch (kind) {
    case 'authorize':
    case 'sale':
      return authorizedMinor;
    case 'capture':
      // One that was declined may have been taken back after it was done: letters overtake each other, a person judges.
      return status === 'succeeded' || status === 'declined' ? undefined : amountMinor;
    case 'void':
    case 'refund':
      return undefined;
  }
}

/** The money goes back, as that of every late success. A capture has a name of its own, so the attempt keeps its. */
export function undoLateCapture(payment: Payment, attempt: Attempt, outcome: Captured): Decision {
  const { providerReference = outcome.providerReference } = attempt;
  return undoLateSuccess(payment, attempt, { ...outcome, providerReference });
}
