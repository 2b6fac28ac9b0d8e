import { steppedUp } from '../authentication/policy.ts';
import { isTerminal, unreachable } from '../machine.ts';
import { adopt } from './adopt.ts';
import { AUTHENTICATION_REQUIRED, CHALLENGE_ENDED } from './causes.ts';
import { challengeGivenUp, challengeRequired, isPayerAwaited } from './challenge.ts';
import {
  addOperation,
  type Decision,
  editAttempt,
  editOperation,
  mustFind,
  rootCause,
  settle,
  startAttempt,
  withStatus,
} from './edit.ts';
import { goOn } from './go-on.ts';
import type { Authorized, Captured, NotAttemptedProof, OperationOutcome } from './outcome.ts';
import { type Attempt, type Operation, type Payment, routeStepOf } from './payment.ts';
import { mayFailOver, mayStepUp } from './retry.ts';
import { PAYMENT_EDGES } from './states.ts';

/** What follows from an authorization's or a sale's outcome. See decide.ts. */
export function decideAuthorization(
  payment: Payment,
  attempt: Attempt,
  operation: Operation,
  outcome: OperationOutcome,
  nowMs: number,
  voidDecides: () => boolean,
): Decision {
  const settled = settle(payment, operation.id, outcome);
  switch (outcome.type) {
    case 'authorized':
      return authorized(settled, attempt, outcome, nowMs, voidDecides);
    case 'captured':
      return sold(settled, attempt, outcome);
    case 'pending':
      return {
        after: withStatus(pendingAttempt(settled, attempt, outcome.providerReference), 'processing'),
        reason: `${attempt.provider} will say later`,
      };
    case 'requires_action':
      return outcome.nextAction !== undefined && attempt.authentication !== undefined
        ? challengeRequired(settled, attempt, outcome)
        : requiresAction(settled, attempt, outcome);
    case 'declined':
    case 'rejected':
    case 'not_attempted':
    case 'voided':
    case 'refunded':
      return uncharged(payment, attempt, operation, outcome, nowMs);
    case 'unknown':
      return {
        after: withStatus(
          editAttempt(settled, attempt.id, (each) => ({ ...each, status: 'unknown' })),
          'processing',
        ),
        reason: `outcome unknown at ${attempt.provider}: ${outcome.cause}`,
      };
    default:
      return unreachable(outcome);
  }
}

/** Absence, and people's word: enough to go on, and watched until settlement. */
const WATCHED: readonly NotAttemptedProof[] = ['not_found_confirmed', 'operators_evidence'];

type Uncharged = Extract<
  OperationOutcome,
  { type: 'declined' | 'rejected' | 'not_attempted' | 'voided' | 'refunded' }
>;

/** Proven uncharged, in one way or another: how it is written down, and whether somebody else may be asked. */
function uncharged(
  payment: Payment,
  attempt: Attempt,
  operation: Operation,
  outcome: Uncharged,
  nowMs: number,
): Decision {
  const settled = settle(payment, operation.id, outcome);
  const { provider } = attempt;
  switch (outcome.type) {
    case 'declined': {
      const after = editAttempt(withoutStrayVoids(settled, attempt), attempt.id, (each) => ({
        ...each,
        status: 'declined',
        decline: outcome.decline,
        ...(outcome.providerReference === undefined ? {} : { providerReference: outcome.providerReference }),
      }));
      const reason = `declined by ${provider}: ${outcome.decline.reason}`;
      const again = mayStepUp(after, outcome.decline) ? stepUp(after, attempt, reason, nowMs) : undefined;
      if (again !== undefined) return again;
      return goOn(after, reason, nowMs, {
        mayFailOver: mayFailOver(payment, outcome.decline),
        failure: { code: 'card_declined', message: outcome.decline.message, decline: outcome.decline },
      });
    }
    case 'rejected':
      return goOn(
        dead(settled, attempt, 'errored'),
        `refused by ${provider} before executing: ${outcome.code}`,
        nowMs,
        {
          mayFailOver: true,
          failure: {
            code: 'provider_rejected',
            message: `${provider} refused the request: ${outcome.code}`,
          },
        },
      );
    case 'not_attempted':
      return goOn(
        dead(settled, attempt, 'errored', WATCHED.includes(outcome.proof)),
        `proven not attempted at ${provider}: ${outcome.proof}`,
        nowMs,
        {
          mayFailOver: true,
          unreached: true,
          failure: {
            code: 'provider_unavailable',
            message: 'no provider could be reached; nothing was charged',
          },
        },
      );
    case 'voided':
    case 'refunded':
      if (isPayerAwaited(attempt))
        return {
          after: challengeGivenUp(
            dead(settle(payment, operation.id, outcome, 'rejected'), attempt, 'voided'),
            attempt,
          ),
          reason: `the challenge is gone at ${provider}, proven`,
        };
      return goOn(
        dead(settle(payment, operation.id, outcome, 'rejected'), attempt, 'voided'),
        `undone at ${provider}, proven`,
        nowMs,
        {
          mayFailOver: true,
          failure: { code: 'provider_unavailable', message: 'the attempt was voided; nothing was charged' },
        },
      );
    default:
      return unreachable(outcome);
  }
}

/**
 * A soft decline: the issuer would authorize an authenticated payer. The same provider is asked once more, with a
 * challenge, where the payer is there to take it.
 */
function stepUp(payment: Payment, attempt: Attempt, reason: string, nowMs: number): Decision | undefined {
  const planned = payment.authentication;
  const step = routeStepOf(payment, attempt.accountId);
  const challenged = attempt.authentication?.asked.request === 'challenge';
  if (planned === undefined || planned.offSession || challenged || step === undefined) return undefined;
  if (nowMs >= payment.completeByMs || isTerminal(PAYMENT_EDGES, payment.status)) return undefined;
  const cause = `step_up_after_${payment.attempts.length}`;
  return {
    after: withStatus(
      startAttempt(payment, step, cause, payment.completeByMs, steppedUp(planned)),
      'processing',
    ),
    reason: `${reason}; once more with a challenge`,
  };
}

function pendingAttempt(payment: Payment, attempt: Attempt, providerReference: string): Payment {
  return editAttempt(payment, attempt.id, (each) => ({ ...each, status: 'pending', providerReference }));
}

function dead(payment: Payment, attempt: Attempt, status: 'errored' | 'voided', watched = false): Payment {
  return editAttempt(payment, attempt.id, (each) => ({ ...each, status, watched: each.watched || watched }));
}

function authorized(
  payment: Payment,
  attempt: Attempt,
  outcome: Authorized,
  nowMs: number,
  voidDecides: () => boolean,
): Decision {
  const step = mustFind(routeStepOf(payment, attempt.accountId), `route step ${attempt.accountId}`);
  const expiresAtMs = outcome.captureBeforeMs ?? nowMs + step.authorizationLifetimeMs;
  const marked: Payment = {
    ...editAttempt(withoutStrayVoids(payment, attempt), attempt.id, (each) => ({
      ...each,
      status: 'authorized',
      providerReference: outcome.providerReference,
      authorizedMinor: outcome.amountMinor,
      ...networkName(payment, outcome),
    })),
    amountAuthorizedMinor: outcome.amountMinor,
    authorizationExpiresAtMs: expiresAtMs,
  };
  const reason = `authorized by ${attempt.provider}`;
  // The payer was too late, or unexpected, and what cancels the intent is on its way: that says whether the authorization stands.
  if (isBeingEnded(attempt) || (isBeingRefused(attempt) && voidDecides()))
    return { after: withStatus(marked, 'processing'), reason: `${reason}, while it was being canceled` };
  return adopt(marked, attempt, reason, nowMs);
}

function isBeingEnded({ authentication, operations }: Attempt): boolean {
  return (
    authentication?.status === 'unknown' && operations.some((each) => each.kind === 'void' && !each.closed)
  );
}

/** It asked for something that we can't show the payer, who was shown it all the same. */
function isBeingRefused({ operations }: Attempt): boolean {
  return operations.some((each) => !each.closed && rootCause(each) === AUTHENTICATION_REQUIRED);
}

/**
 * A void by reference that was to end the doubt, or the one that ends a challenge, and has not been sent: whether its
 * permit is still unclaimed is looked at before anything else, which takes it back.
 */
function withoutStrayVoids(payment: Payment, attempt: Attempt): Payment {
  return attempt.operations
    .filter((each) => !each.closed && each.status === 'created')
    .filter(({ cause }) => cause.startsWith('resolve_') || cause.startsWith(CHALLENGE_ENDED))
    .reduce((after, { id }) => editOperation(after, id, (each) => ({ ...each, status: 'unknown' })), payment);
}

/** Kept only where a later payment may refer to it. */
function networkName(
  { storedCredential }: Payment,
  { networkTransactionId }: Authorized | Captured,
): { readonly networkTransactionId?: string } {
  return storedCredential === undefined || networkTransactionId === undefined ? {} : { networkTransactionId };
}

function sold(payment: Payment, attempt: Attempt, outcome: Captured): Decision {
  const after: Payment = {
    ...editAttempt(payment, attempt.id, (each) => ({
      ...each,
      status: 'captured',
      providerReference: outcome.providerReference,
      authorizedMinor: outcome.amountMinor,
      capturedMinor: outcome.amountMinor,
      ...networkName(payment, outcome),
    })),
    amountAuthorizedMinor: outcome.amountMinor,
    amountCapturedMinor: outcome.amountMinor,
  };
  return { after: withStatus(after, 'succeeded'), reason: `charged by ${attempt.provider}` };
}

/**
 * An intent that asks for something that we can't show the payer is canceled at the provider,
 * proven, and then fails. The authorization stays open meanwhile: it could still be completed.
 */
function requiresAction(
  payment: Payment,
  attempt: Attempt,
  outcome: Extract<OperationOutcome, { type: 'requires_action' }>,
): Decision {
  const marked = editAttempt(payment, attempt.id, (each) => ({
    ...each,
    status: 'requires_action',
    ...(outcome.providerReference === undefined ? {} : { providerReference: outcome.providerReference }),
  }));
  const voiding = addOperation(marked, attempt.id, {
    kind: 'void',
    cause: AUTHENTICATION_REQUIRED,
    amountMinor: payment.amountMinor,
  });
  return {
    after: withStatus(voiding, 'processing'),
    reason: `${attempt.provider} asks for ${outcome.action}; canceling the intent`,
  };
}
