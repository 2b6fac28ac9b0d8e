import { type Decision, editAttempt, editOperation, withStatus } from './edit.ts';
import type { Captured, OperationOutcome } from './outcome.ts';
import {
  type Attempt,
  attemptOf,
  findOperation,
  type Operation,
  type Payment,
  routeStepOf,
} from './payment.ts';

/**
 * A capture that nobody here expects, of an authorization that counts and rests: somebody captured at the provider, or
 * a capture that we hold for refused or not made was made. The merchant may have that money, so where nothing is
 * captured it is adopted; where something is, nobody can tell whether it is the same money, and a person looks.
 */
export function decideUnexpectedCapture(
  payment: Payment,
  attempt: Attempt,
  operation: Operation,
  outcome: Captured,
): Decision | undefined {
  if (!rests(attempt) || !isNews(attempt, operation, outcome)) return undefined;
  return fits(payment, attempt, operation, outcome)
    ? adopted(payment, attempt, operation, outcome)
    : contradiction(payment, attempt, operation, outcome);
}

export function isUnexpectedCapture(
  payment: Payment,
  operationId: string,
  outcome: OperationOutcome,
): boolean {
  const attempt = attemptOf(payment, operationId);
  const operation = findOperation(payment, operationId);
  if (outcome.type !== 'captured' || attempt === undefined || operation?.closed !== true) return false;
  return decideUnexpectedCapture(payment, attempt, operation, outcome) !== undefined;
}

/** Authorized or captured for the merchant, and nothing of it is under way whose own answer would say more. */
export function rests({ status, undoing, operations }: Attempt): boolean {
  return (
    !undoing && (status === 'authorized' || status === 'captured') && operations.every((each) => each.closed)
  );
}

/** Whether the capture that a closed operation stands for was made, by whatever it was closed with. */
export function isCaptureMade({ status, outcome }: Operation): boolean {
  return status === 'succeeded' || outcome?.type === 'captured';
}

/** What is told under the authorization's name is the total; under a capture's, that capture. */
function isNews({ capturedMinor }: Attempt, operation: Operation, { amountMinor }: Captured): boolean {
  switch (operation.kind) {
    case 'authorize':
    case 'sale':
      return operation.status === 'succeeded' && amountMinor > capturedMinor;
    case 'capture':
      // One that was declined may have been taken back after it was done, and told in reverse.
      return !isCaptureMade(operation) && operation.status !== 'declined';
    case 'void':
    case 'refund':
      return false;
  }
}

function fits(
  payment: Payment,
  attempt: Attempt,
  operation: Operation,
  { amountMinor, currency }: Captured,
): boolean {
  return (
    payment.status === 'requires_capture' &&
    attempt.status === 'authorized' &&
    attempt.capturedMinor === 0 &&
    currency === payment.currency &&
    amountMinor <= attempt.authorizedMinor &&
    (operation.kind !== 'capture' || amountMinor === operation.amountMinor)
  );
}

/**
 * A closed operation's status stays what it was closed with; its outcome says what is so. Where the provider says that it
 * still holds the rest, and captures more than once, that stays capturable until the authorization lapses.
 */
function adopted(payment: Payment, attempt: Attempt, operation: Operation, outcome: Captured): Decision {
  const { amountMinor, providerReference } = outcome;
  const { failure: _refused, ...standing } = payment;
  const ofCapture = operation.kind === 'capture';
  const capturable =
    outcome.restHeld === true && routeStepOf(payment, attempt.accountId)?.multipleCaptures === true;
  const last = ofCapture ? operation.finalCapture : !capturable;
  const done = last || amountMinor >= attempt.authorizedMinor;
  const told = ofCapture
    ? editOperation(standing, operation.id, (each) => ({ ...each, outcome, providerReference }))
    : standing;
  const after: Payment = {
    ...editAttempt(told, attempt.id, (each) => ({
      ...each,
      status: done ? 'captured' : each.status,
      capturedMinor: amountMinor,
    })),
    amountCapturedMinor: amountMinor,
  };
  return {
    after: withStatus(after, done ? 'succeeded' : 'partially_captured'),
    reason: ofCapture
      ? `captured ${amountMinor} by ${attempt.provider} after all`
      : `captured ${amountMinor} at ${attempt.provider}, without us`,
  };
}

function contradiction(
  payment: Payment,
  attempt: Attempt,
  operation: Operation,
  { amountMinor, currency }: Captured,
): Decision {
  const summary = `${attempt.provider} says that ${amountMinor} ${currency} is captured, where we know of ${attempt.capturedMinor}`;
  return {
    after: payment,
    reason: summary,
    exceptions: [{ kind: 'contradiction', subjectId: operation.id, summary }],
  };
}
