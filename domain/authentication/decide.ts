import type { OperationOutcome } from '../payment/outcome.ts';
import type { Authentication, AuthenticationFacts } from './authentication.ts';
import { type AuthenticationStatus, isWaiting } from './states.ts';

/**
 * What an authorization's outcome says of its authentication. Pure: the record before, the outcome and the
 * time give the record after. The provider's word counts, never the browser's; a record that has ended stays.
 */
export function authenticationAfter(
  before: Authentication,
  outcome: OperationOutcome,
  { nowMs, windowMs }: { readonly nowMs: number; readonly windowMs: number },
): Authentication {
  if (before.status !== 'requested' && !isWaiting(before.status)) return before;
  const facts = factsOf(outcome);
  const told = facts === undefined ? before : { ...before, facts: { ...before.facts, ...facts } };
  switch (outcome.type) {
    case 'requires_action':
      return outcome.nextAction === undefined
        ? told
        : challenged(told, outcome.nextAction.url, nowMs, windowMs);
    case 'authorized':
    case 'captured':
      return ended(told, statusOfSuccess(told), nowMs);
    case 'declined':
      return ended(told, statusOfDecline(told, outcome.decline.reason), nowMs);
    case 'voided':
    case 'refunded':
    case 'not_attempted':
    case 'rejected':
      return ended(told, isWaiting(before.status) ? 'abandoned' : 'not_performed', nowMs);
    case 'pending':
    case 'unknown':
      return told;
  }
}

function factsOf(outcome: OperationOutcome): AuthenticationFacts | undefined {
  return 'authentication' in outcome ? outcome.authentication : undefined;
}

/** Asked once more while it waits, the provider repeats the challenge; the payer's time does not begin anew. */
function challenged(
  before: Authentication,
  redirectUrl: string,
  nowMs: number,
  windowMs: number,
): Authentication {
  // While it is being canceled, that it still waits is no news.
  if (before.status === 'unknown') return before;
  return {
    ...before,
    status: 'challenge_required',
    redirectUrl,
    challengedAtMs: before.challengedAtMs ?? nowMs,
    challengeEndsAtMs: before.challengeEndsAtMs ?? nowMs + windowMs,
  };
}

function ended(before: Authentication, status: AuthenticationStatus, nowMs: number): Authentication {
  const { redirectUrl: _url, ...rest } = before;
  return { ...rest, status, endedAtMs: nowMs };
}

/** The payer acted; whether the browser came back to say so is a matter of its own. */
function statusOfChallenge({ returnedAtMs }: Authentication): AuthenticationStatus {
  return returnedAtMs === undefined ? 'completed_without_return' : 'challenged';
}

function statusOfSuccess(told: Authentication): AuthenticationStatus {
  const { transStatus, exemption, flow } = told.facts;
  // The provider went on against the issuer's word. It is written down as it was; decide.ts of payments opens an exception.
  if (transStatus === 'R') return 'rejected';
  if (isWaiting(told.status) || flow === 'challenge')
    return flow === 'frictionless' ? 'frictionless' : statusOfChallenge(told);
  if (exemption !== undefined || transStatus === 'I') return 'exempted';
  // Out of the rules' scope, and not every provider repeats that it was.
  if (told.asked.exemption === 'merchant_initiated' && transStatus === undefined) return 'exempted';
  if (transStatus === 'Y' || transStatus === 'A') return 'frictionless';
  return flow === 'frictionless' && transStatus === undefined ? 'frictionless' : 'not_performed';
}

function statusOfDecline(told: Authentication, reason: string): AuthenticationStatus {
  const { transStatus, transStatusReason, challengeCancel } = told.facts;
  if (transStatus === 'R' || reason === 'authentication_rejected') return 'rejected';
  const timedOut = transStatusReason === TIMED_OUT || TIMED_OUT_BY_CANCEL.includes(challengeCancel ?? '');
  if (timedOut) return 'timed_out';
  if (transStatus === 'N' || reason === 'authentication_failed') return 'failed';
  // The issuer knows the payer by now, and declines for another reason.
  if (isWaiting(told.status) || told.facts.flow === 'challenge') return statusOfChallenge(told);
  return transStatus === 'Y' || transStatus === 'A' ? 'frictionless' : 'not_performed';
}

/** EMV 3DS transStatusReason 14: transaction timed out at the ACS. */
const TIMED_OUT = '14';
/** EMV 3DS challengeCancel 04 and 05: timed out at the ACS, with other challenges and with the first. */
const TIMED_OUT_BY_CANCEL: readonly string[] = ['04', '05'];
