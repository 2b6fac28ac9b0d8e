import type { Authentication } from '../authentication/authentication.ts';
import { authenticationAfter } from '../authentication/decide.ts';
import { isWaiting } from '../authentication/states.ts';
import { CHALLENGE_ENDED, isCompletion, OPERATOR_VOID, returnedCause } from './causes.ts';
import { addOperation, type Decision, editAttempt, editOperation, settled, withStatus } from './edit.ts';
import type { OperationOutcome, RequiresAction } from './outcome.ts';
import { type Attempt, currentAttempt, type Operation, type Payment, routeStepOf } from './payment.ts';

/**
 * A payment while its payer authenticates. The challenge's own workflow (workflows/challenge) keeps the time and
 * asks; what follows from a return, an answer or the end of the time is decided here, and only the provider's
 * word moves money or ends a challenge.
 */

/** Ten minutes to open the issuer's page, and the ten that EMV 3DS (2.2.0, section 5.5) then gives it. Unscaled. */
export const CHALLENGE_WINDOW_MS = 20 * 60 * 1_000;

export function isPayerAwaited({ authentication }: Attempt): boolean {
  return authentication !== undefined && isWaiting(authentication.status);
}

/** The attempt whose payer is being waited for. */
export function challengedAttempt(payment: Payment): Attempt | undefined {
  const attempt = currentAttempt(payment);
  return attempt !== undefined && isPayerAwaited(attempt) ? attempt : undefined;
}

/**
 * Writes onto the attempt what an outcome says of its authentication. Its one writer: every decision about an
 * authorization, or about the void that ends one, passes here.
 */
export function withAuthentication(
  decision: Decision,
  attemptId: string,
  operation: Operation,
  outcome: OperationOutcome,
  nowMs: number,
): Decision {
  const closed = withoutCompletions(decision, attemptId);
  return authenticated(closed, attemptId, operation, outcome, nowMs);
}

/**
 * What completes an authorization is done with when that is: whatever came of it, the authorization has told. So is
 * the void of a challenge whose charge has been captured, which nothing voids any more.
 */
function withoutCompletions(decision: Decision, attemptId: string): Decision {
  const attempt = decision.after.attempts.find((each) => each.id === attemptId);
  const holder = attempt?.operations.find(isHolder);
  if (attempt === undefined || holder?.closed !== true) return decision;
  const charged = attempt.capturedMinor > 0 && attempt.authentication !== undefined;
  const isOver = (each: Operation) => isCompletion(each) || (charged && each.kind === 'void');
  const open = attempt.operations.filter((each) => !each.closed && isOver(each));
  const status = holder.status === 'succeeded' ? 'succeeded' : 'rejected';
  const after = open.reduce(
    (payment, { id, kind }) =>
      editOperation(payment, id, (each) => ({
        ...each,
        status: kind === 'void' ? 'rejected' : status,
        closed: true,
      })),
    decision.after,
  );
  return open.length === 0 ? decision : { ...decision, after };
}

function authenticated(
  decision: Decision,
  attemptId: string,
  operation: Operation,
  outcome: OperationOutcome,
  nowMs: number,
): Decision {
  const attempt = decision.after.attempts.find((each) => each.id === attemptId);
  const before = attempt?.authentication;
  if (attempt === undefined || before === undefined || !concerns(operation, attempt, outcome))
    return decision;
  const windowMs = routeStepOf(decision.after, attempt.accountId)?.challengeWindowMs ?? CHALLENGE_WINDOW_MS;
  const authentication = authenticationAfter(before, outcome, { nowMs, windowMs });
  if (authentication === before) return decision;
  const after = editAttempt(decision.after, attemptId, (each) => ({ ...each, authentication }));
  // The issuer's R asks that nothing be authorized; a provider that did so all the same is for a person to see.
  const wentOn = outcome.type === 'authorized' || outcome.type === 'captured';
  if (authentication.facts.transStatus !== 'R' || !wentOn) return { ...decision, after };
  const summary = `${attempt.provider} went on to ${outcome.type} although the issuer had rejected the authentication`;
  const exceptions = [
    ...(decision.exceptions ?? []),
    { kind: 'contradiction' as const, subjectId: operation.id, summary },
  ];
  return { ...decision, after, exceptions };
}

function concerns(operation: Operation, attempt: Attempt, { type }: OperationOutcome): boolean {
  // What completes nothing says nothing of the challenge; decideCompletion has seen to it.
  if (isCompletion(operation))
    return ['authorized', 'captured', 'declined', 'voided', 'refunded'].includes(type);
  if (operation.kind === 'authorize' || operation.kind === 'sale') return true;
  return operation.kind === 'void' && attempt.status === 'voided' && attempt.authorizedMinor === 0;
}

/** The provider waits for the payer: the authorization stays open, and the payment says where to go. */
export function challengeRequired(payment: Payment, attempt: Attempt, outcome: RequiresAction): Decision {
  const marked = editAttempt(payment, attempt.id, (each) => ({
    ...each,
    status: 'requires_action',
    ...(outcome.providerReference === undefined ? {} : { providerReference: outcome.providerReference }),
  }));
  // While it is being canceled the payer is shown no way any more.
  const ending = attempt.authentication?.status === 'unknown';
  return {
    after: withStatus(marked, ending ? payment.status : 'requires_action'),
    reason: `${attempt.provider} asks for ${outcome.action}`,
  };
}

/** That the challenge still waits, where it is known to wait, tells nothing. */
export function stillWaits(attempt: Attempt, outcome: OperationOutcome): boolean {
  if (outcome.type !== 'requires_action') return false;
  const status = attempt.authentication?.status;
  return (status === 'challenge_required' && attempt.status === 'requires_action') || status === 'unknown';
}

/**
 * The payer's browser came back. It proves nothing: the provider is asked, or, where it goes on only when it is
 * given what the browser brought, that is sent under a permit of its own. `letterId` is the return's letter.
 */
export function decideReturned(
  payment: Payment,
  attemptId: string,
  letterId: string,
  nowMs: number,
): Decision | undefined {
  const attempt = challengedAttempt(payment);
  if (attempt?.id !== attemptId || attempt.authentication === undefined) return undefined;
  const cause = returnedCause(letterId);
  if (attempt.operations.some((each) => each.cause === cause)) return undefined;
  const { authentication } = attempt;
  // A return while the intent is being canceled is written down; what became of it the void tells.
  const ending = authentication.status === 'unknown';
  const { redirectUrl: _url, ...rest } = authentication;
  const returned: Authentication = ending
    ? { ...authentication, returnedAtMs: authentication.returnedAtMs ?? nowMs }
    : { ...rest, status: 'returned', returnedAtMs: authentication.returnedAtMs ?? nowMs };
  const marked = editAttempt(payment, attemptId, (each) => ({ ...each, authentication: returned }));
  const completes = routeStepOf(payment, attempt.accountId)?.completesReturns === true;
  if (ending) {
    if (authentication.returnedAtMs !== undefined) return undefined;
    return { after: marked, reason: 'the payer came back, after their time' };
  }
  const after = completes
    ? addOperation(marked, attemptId, {
        kind: 'authorize',
        cause,
        amountMinor: payment.amountMinor,
        ...(authentication.challengeEndsAtMs === undefined
          ? {}
          : { sendByMs: authentication.challengeEndsAtMs }),
      })
    : marked;
  return {
    after: withStatus(after, 'processing'),
    reason: `the payer came back; asking ${attempt.provider} what the issuer said`,
  };
}

/**
 * What a completion comes to is what the authorization comes to. Refused or never sent, it completes nothing, and
 * the payer may come back once more; unknown, it is sent again under its key.
 */
export function decideCompletion(
  payment: Payment,
  attempt: Attempt,
  completion: Operation,
  outcome: OperationOutcome,
  decideHolder: (payment: Payment, holder: Operation) => Decision,
): Decision {
  const holder = attempt.operations.find((each) => !each.closed && isHolder(each));
  switch (outcome.type) {
    case 'unknown':
    case 'pending':
    case 'requires_action':
    case 'rejected':
    case 'not_attempted': {
      const after = editOperation(payment, completion.id, (each) =>
        settled(
          each,
          outcome,
          outcome.type === 'requires_action' || isForeign(outcome) ? 'rejected' : undefined,
        ),
      );
      const ended = isForeign(outcome) || (outcome.type !== 'unknown' && outcome.type !== 'pending');
      const what = isForeign(outcome)
        ? 'refused, the browser brought what is of another payment'
        : outcome.type;
      const reason = `completing the challenge at ${attempt.provider}: ${what}`;
      return ended ? { after: waitsAgain(after, attempt), reason } : { after, reason };
    }
    case 'authorized':
    case 'captured':
    case 'declined':
    case 'voided':
    case 'refunded': {
      const after = editOperation(payment, completion.id, (each) => settled(each, outcome));
      return holder === undefined
        ? { after, reason: `completed at ${attempt.provider}` }
        : decideHolder(after, holder);
    }
  }
}

/** The provider answered for another payment: somebody else's return was brought to ours, and it completes nothing. */
function isForeign(outcome: OperationOutcome): boolean {
  return outcome.type === 'unknown' && outcome.cause === 'mismatch';
}

export function isHolder(operation: Operation): boolean {
  return (operation.kind === 'authorize' || operation.kind === 'sale') && !isCompletion(operation);
}

function waitsAgain(payment: Payment, { id, authentication }: Attempt): Payment {
  if (authentication?.status !== 'returned') return payment;
  const waiting = editAttempt(payment, id, (each) => ({
    ...each,
    authentication: { ...authentication, status: 'challenge_required' as const },
  }));
  return withStatus(waiting, 'requires_action');
}

/** When the payer's time ends, epoch milliseconds; undefined while nobody is waited for. */
export function challengeTimerMs(payment: Payment): number | undefined {
  const authentication = challengedAttempt(payment)?.authentication;
  return authentication?.status === 'unknown' ? undefined : authentication?.challengeEndsAtMs;
}

/** The payer's time is over: the intent is canceled at the provider. Only that proves the challenge abandoned. */
export function decideChallengeEnd(payment: Payment, nowMs: number): Decision | undefined {
  const endsAtMs = challengeTimerMs(payment);
  const attempt = challengedAttempt(payment);
  if (attempt === undefined || endsAtMs === undefined || nowMs < endsAtMs) return undefined;
  return {
    after: endChallenge(payment, attempt, CHALLENGE_ENDED),
    reason: `the payer's time is over; canceling the intent at ${attempt.provider}`,
  };
}

/** Cancels the intent that waits for the payer, whoever wants it: the time, the merchant, an operator. */
export function endChallenge(payment: Payment, attempt: Attempt, cause: string): Payment {
  const { authentication } = attempt;
  if (authentication === undefined) return payment;
  const { redirectUrl: _url, ...rest } = authentication;
  const ending = editAttempt(payment, attempt.id, (each) => ({
    ...each,
    authentication: { ...rest, status: 'unknown' as const },
  }));
  return withStatus(
    addOperation(ending, attempt.id, { kind: 'void', cause, amountMinor: payment.amountMinor }),
    'processing',
  );
}

/**
 * The intent that waited for the payer is gone at the provider. Nobody is there to be charged elsewhere, so the payment
 * ends: as whoever gave it up wanted, else as abandoned.
 */
export function challengeGivenUp(payment: Payment, attempt: Attempt): Payment {
  const cause = attempt.operations.findLast((each) => each.kind === 'void')?.cause;
  if (cause === undefined || cause.startsWith(CHALLENGE_ENDED)) {
    const message = 'the payer did not authenticate in time; nothing was charged';
    return { ...withStatus(payment, 'failed'), failure: { code: 'authentication_abandoned', message } };
  }
  const byOperator = cause.startsWith(OPERATOR_VOID);
  const cancellationReason = byOperator ? 'voided_by_operator' : 'requested_by_merchant';
  return { ...withStatus(payment, 'canceled'), cancellationReason };
}

/**
 * Whether nothing is to be asked about an authorization for now: the payer is being waited for (the challenge's
 * workflow asks from time to time), or another operation will tell.
 */
export function waitsForPayer(attempt: Attempt, operation: Operation): boolean {
  const status = attempt.authentication?.status;
  if (operation.kind === 'void' || isCompletion(operation) || status === undefined) return false;
  if (status === 'challenge_required' && operation.status === 'pending') return true;
  return isWaiting(status) && attempt.operations.some((each) => !each.closed && isCompletion(each));
}
