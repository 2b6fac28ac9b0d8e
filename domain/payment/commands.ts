import type { StoredCredential } from '../authentication/authentication.ts';
import type { PlannedAuthentication } from '../authentication/policy.ts';
import { endChallenge } from './challenge.ts';
import {
  addOperation,
  type Decision,
  mustFind,
  rootCause,
  startAttempt,
  withoutRetry,
  withStatus,
} from './edit.ts';
import { captureSendBy, expiryMarginMs } from './expiry.ts';
import type { Decline } from './outcome.ts';
import {
  allowedCommands,
  type Command,
  capturableMinor,
  currentAttempt,
  isHeldForReview,
  lockHolder,
  type Payment,
  type PaymentRetryPlan,
  type RouteStep,
  routeStepOf,
  waitsForRetry,
} from './payment.ts';
import { heldForReview } from './review.ts';

/**
 * The merchant's commands and the payment's own timers. Each is judged twice, when it is accepted and
 * again under the lock; a refusal names the state and what is allowed, and changes nothing.
 */
export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly status?: string;
  readonly allowed?: readonly string[];
}

export type Ruling =
  | { readonly type: 'decided'; readonly decision: Decision }
  /** The command's operation exists: it was carried out before, and is told again what came of it. */
  | { readonly type: 'answered' }
  | { readonly type: 'refused'; readonly refusal: Refusal };

function refuse(payment: Payment, code: string, message: string): Ruling {
  return {
    type: 'refused',
    refusal: { code, message, status: payment.status, allowed: allowedCommands(payment) },
  };
}

/** A new command is a new try: what the last one failed of is told by its audit row. */
function withoutFailure({ failure: _failure, ...payment }: Payment): Payment {
  return payment;
}

function decided(decision: Decision): Ruling {
  return { type: 'decided', decision };
}

/** A workflow that is reset is told its updates again; one cause makes one operation, so it must not start over. */
export function isCarriedOut(payment: Payment, cause: string): boolean {
  return payment.attempts.some((attempt) => attempt.operations.some((each) => each.cause === cause));
}

function refuseUnlessAllowed(payment: Payment, command: Command): Ruling | undefined {
  if (allowedCommands(payment).includes(command)) return undefined;
  const holder = lockHolder(payment);
  const why =
    holder === undefined
      ? `a payment that is ${payment.status} takes no ${command}`
      : `an earlier ${holder.kind} is not resolved yet; ask again when the payment has left ${payment.status}`;
  return refuse(payment, holder === undefined ? 'payment_unexpected_state' : 'operation_in_progress', why);
}

/** Whether a command could be accepted now. The workflow's update validators ask exactly this. */
export function judgeCommand(payment: Payment, command: Command): Refusal | undefined {
  const ruling = refuseUnlessAllowed(payment, command);
  return ruling?.type === 'refused' ? ruling.refusal : undefined;
}

export interface CaptureOrder {
  readonly cause: string;
  readonly amountMinor?: number;
  readonly finalCapture: boolean;
}

export function decideCaptureCommand(payment: Payment, order: CaptureOrder, nowMs: number): Ruling {
  if (isCarriedOut(payment, order.cause)) return { type: 'answered' };
  const refused = refuseUnlessAllowed(payment, 'capture');
  if (refused !== undefined) return refused;
  const capturable = capturableMinor(payment);
  const amountMinor = order.amountMinor ?? capturable;
  if (amountMinor > capturable) {
    return refuse(
      payment,
      'amount_too_large',
      `${amountMinor} is more than the ${capturable} that can be captured`,
    );
  }
  const attempt = mustFind(currentAttempt(payment), 'authorized attempt');
  const step = mustFind(routeStepOf(payment, attempt.accountId), `route step ${attempt.accountId}`);
  const whole = amountMinor === capturable;
  if (!order.finalCapture && !whole && !step.multipleCaptures) {
    return refuse(
      payment,
      'multiple_captures_not_supported',
      `${attempt.provider} captures an authorization once; set final_capture`,
    );
  }
  const expiresAtMs = payment.authorizationExpiresAtMs ?? nowMs + step.authorizationLifetimeMs;
  const after = addOperation(withoutFailure(payment), attempt.id, {
    kind: 'capture',
    cause: order.cause,
    amountMinor,
    finalCapture: order.finalCapture || whole,
    sendByMs: captureSendBy(expiresAtMs, nowMs),
  });
  return decided({ after: withStatus(after, 'processing'), reason: `capture of ${amountMinor} asked for` });
}

export function decideVoidCommand(payment: Payment, cause: string): Ruling {
  if (isCarriedOut(payment, cause)) return { type: 'answered' };
  const refused = refuseUnlessAllowed(payment, 'void');
  if (refused !== undefined) return refused;
  const attempt = currentAttempt(payment);
  if (attempt === undefined || waitsForRetry(payment)) {
    const after = {
      ...withStatus(withoutRetry(payment), 'canceled'),
      cancellationReason: 'requested_by_merchant',
    };
    return decided({ after, reason: `canceled ${whenCanceled(payment)}` });
  }
  if (payment.status === 'requires_action')
    return decided({
      after: endChallenge(withoutFailure(payment), attempt, cause),
      reason: 'given up while the payer was to authenticate',
    });
  return decided({
    after: withStatus(
      addOperation(withoutFailure(payment), attempt.id, {
        kind: 'void',
        cause,
        amountMinor: payment.amountAuthorizedMinor,
      }),
      'processing',
    ),
    reason: 'void asked for',
  });
}

function whenCanceled(payment: Payment): string {
  if (isHeldForReview(payment)) return 'while it was held for a review';
  return waitsForRetry(payment) ? 'before it was tried again' : 'before it was confirmed';
}

export interface Confirmation {
  readonly cause: string;
  readonly paymentMethodId: string;
  readonly completeByMs: number;
  readonly route: readonly RouteStep[];
  readonly policyVersion?: number;
  readonly returnUrl?: string;
  readonly authentication?: PlannedAuthentication;
  readonly storedCredential?: StoredCredential;
  readonly customerId?: string;
  readonly retryPlan?: PaymentRetryPlan;
  readonly review?: readonly string[];
  readonly refused?: Decline;
  readonly outage?: boolean;
}

export function decideConfirmCommand(payment: Payment, confirmation: Confirmation): Ruling {
  const refused = refuseUnlessAllowed(payment, 'confirm');
  if (refused !== undefined) return refused;
  const { customerId = confirmation.customerId } = payment;
  if (customerId !== (confirmation.customerId ?? customerId))
    return refuse(payment, 'customer_mismatch', 'the payment is of another customer');
  const { cause, route, review, refused: unasked, outage: _outage, ...facts } = confirmation;
  const how = {
    ...(review === undefined ? {} : { review }),
    ...(unasked === undefined ? {} : { refused: unasked }),
  };
  return decided(routed({ ...payment, ...facts, route }, cause, how));
}

/** What the routing said beside the order of providers. */
export interface RoutedHow {
  /** The rules that want a person to look before anything is sent. */
  readonly review?: readonly string[];
  /** The payer has taken their consent back, or the card's network allows no try: nobody is asked. */
  readonly refused?: Decline;
}

/** The first attempt of a routed payment, a wait for a person, or its end where nobody can or may take it. */
export function routed(payment: Payment, cause: string, { review, refused }: RoutedHow = {}): Decision {
  if (refused !== undefined) {
    const failure = { code: 'card_declined' as const, message: refused.message, decline: refused };
    return {
      after: { ...withStatus(payment, 'processing'), failure },
      reason: `nobody is asked: ${refused.message}`,
    };
  }
  const first = payment.route[0];
  if (first === undefined) {
    // Through `processing`, so that a payment that fails has been tried as far as it could be.
    return {
      after: {
        ...withStatus(payment, 'processing'),
        failure: { code: 'no_route', message: 'no provider account can take this payment' },
      },
      reason: 'no candidate is left by the routing policy',
    };
  }
  if (review !== undefined && review.length > 0) return heldForReview(payment, review);
  return {
    after: withStatus(startAttempt(payment, first, cause), 'processing'),
    reason: `routed to ${first.provider}`,
  };
}

/** A payment that nobody confirmed in time, or that has no route: what its next transition is. */
export function decideUnsent(payment: Payment): Decision | undefined {
  if (payment.status === 'requires_confirmation' || payment.status === 'requires_payment_method') {
    return {
      after: { ...withStatus(payment, 'canceled'), cancellationReason: 'not_confirmed_in_time' },
      reason: 'not confirmed in time',
    };
  }
  if (payment.status === 'processing' && payment.attempts.length === 0) {
    const reason = payment.failure?.message ?? 'no provider account can take this payment';
    return { after: withStatus(payment, 'failed'), reason };
  }
  return undefined;
}

/** When the authorization's own timer acts: a margin before the provider lets it lapse. */
export function expiryTimerMs(payment: Payment, fromMs: number): number | undefined {
  const expiresAtMs = payment.authorizationExpiresAtMs;
  if (expiresAtMs === undefined) return undefined;
  if (payment.status !== 'requires_capture' && payment.status !== 'partially_captured') return undefined;
  return expiresAtMs - expiryMarginMs(expiresAtMs, fromMs);
}

const EXPIRY_CAUSE = 'authorization_expiry';

export function decideAuthorizationExpiry(payment: Payment): Decision | undefined {
  const attempt = currentAttempt(payment);
  if (attempt === undefined || lockHolder(payment) !== undefined) return undefined;
  if (payment.status === 'partially_captured') {
    return {
      after: withStatus(payment, 'succeeded'),
      reason: 'the authorization lapses; what was captured stands',
    };
  }
  if (payment.status !== 'requires_capture') return undefined;
  if (attempt.operations.some((each) => rootCause(each) === EXPIRY_CAUSE)) {
    const summary = `${attempt.provider} refused to void an authorization that lapses; see whether it is gone`;
    return {
      after: withStatus(payment, 'requires_review'),
      reason: summary,
      exceptions: [{ kind: 'void_failed', subjectId: attempt.id, summary }],
    };
  }
  const after = addOperation(payment, attempt.id, {
    kind: 'void',
    cause: EXPIRY_CAUSE,
    amountMinor: payment.amountAuthorizedMinor,
  });
  return {
    after: withStatus(after, 'processing'),
    reason: 'the authorization expires uncaptured; voiding it',
  };
}
