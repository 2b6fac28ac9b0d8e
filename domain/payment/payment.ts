import type { Authentication, StoredCredential } from '../authentication/authentication.ts';
import type { PlannedAuthentication } from '../authentication/policy.ts';
import type { Mode, OperationKind } from '../names.ts';
import type { RetryPlan } from '../routing/decision.ts';
import type { Decline, OperationOutcome } from './outcome.ts';
import type { AttemptStatus, OperationStatus, PaymentStatus } from './states.ts';

/**
 * A payment as the workflow holds it and Postgres projects it: plain values, safe in JSON. Amounts are
 * minor units of `currency`; instants are epoch milliseconds. `decide.ts` makes the next one from the last.
 */
export interface Payment {
  readonly id: string;
  readonly merchantId: string;
  readonly mode: Mode;
  readonly generation: number;
  /** One more with every recorded transition; what writers compare and set. */
  readonly sequence: number;
  readonly status: PaymentStatus;
  readonly amountMinor: number;
  readonly currency: string;
  readonly captureMethod: 'automatic' | 'manual';
  readonly paymentMethodId?: string;
  /** Totals of what counts for the merchant; a late success that is being undone does not. */
  readonly amountAuthorizedMinor: number;
  readonly amountCapturedMinor: number;
  /** Ours and outsiders' as of the last reading: refunds have workflows of their own, and write it without this one. */
  readonly amountRefundedMinor: number;
  /** What the payer's bank took back, less what was won again, as of the last reading; absent: nothing. */
  readonly amountChargedBackMinor?: number;
  /** Refunds that somebody made at the provider, each recorded once. */
  readonly externalRefunds?: readonly ExternalRefund[];
  readonly policyVersion?: number;
  /** The candidates in order, as decided once by the plan. Attempt n went to some step of it. */
  readonly route: readonly RouteStep[];
  readonly attempts: readonly Attempt[];
  readonly failure?: PaymentFailure;
  readonly cancellationReason?: string;
  readonly completeByMs: number;
  readonly authorizationExpiresAtMs?: number;
  readonly createdAtMs: number;
  readonly reference?: string;
  readonly description?: string;
  readonly returnUrl?: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** How its attempts are to be authenticated, as decided once by the plan. Absent: as the provider does by itself. */
  readonly authentication?: PlannedAuthentication;
  readonly storedCredential?: StoredCredential;
  readonly customerId?: string;
  /** What follows a decline, as its policy says. Absent in payments from before policies said so: the reason decides. */
  readonly retryPlan?: PaymentRetryPlan;
  /** While a merchant-initiated payment waits for its next try: when that is. */
  readonly nextRetryAtMs?: number;
}

/** A policy's retry plan, with what it needs to know of its payment. */
export interface PaymentRetryPlan extends RetryPlan {
  /** What `laterMs`, and the waits that networks ask for, are multiplied by. */
  readonly timeScale: number;
  /** How many more declines the card's network allows, as of the last routing. Absent: it sets no limit. */
  readonly declinesLeft?: number;
  /** Times of `laterMs` that came while nobody could take the payment: they left no attempt, and are over. */
  readonly timesSkipped?: number;
}

export interface ExternalRefund {
  readonly providerReference: string;
  readonly amountMinor: number;
}

/** One candidate with the adapter's declared facts, pinned when the route was stored. Waits are scaled. */
export interface RouteStep {
  readonly accountId: string;
  readonly provider: string;
  readonly connectorVersion: string;
  readonly automaticCapture: 'sale' | 'authorize_then_capture';
  readonly multipleCaptures: boolean;
  readonly authorizationLifetimeMs: number;
  readonly replaysByKey: boolean;
  /** Where `successes`, it is sent again only once it was not found. Absent, as in old rows: everything. */
  readonly replays?: 'everything' | 'successes';
  readonly keyWindowMs: number;
  readonly visibilityHorizonMs: number;
  readonly canLookup: boolean;
  readonly canVoidByReference: boolean;
  readonly canRefund: boolean;
  /** It goes on with a challenge only when it is given what the browser brought back. Absent in old rows: no. */
  readonly completesReturns?: boolean;
  /** How long a payer is waited for. Absent in old rows: challenge.ts says. */
  readonly challengeWindowMs?: number;
  /** Of an earlier round's route, kept for the attempts that went there: nobody is sent to it any more. */
  readonly kept?: boolean;
}

export interface Attempt {
  readonly id: string;
  readonly number: number;
  readonly accountId: string;
  readonly provider: string;
  readonly connectorVersion: string;
  readonly status: AttemptStatus;
  readonly providerReference?: string;
  readonly authorizedMinor: number;
  readonly capturedMinor: number;
  readonly refundedMinor: number;
  readonly decline?: Decline;
  /** Proven uncharged by absence (`not found`), so watched until settlement. */
  readonly watched: boolean;
  /** It succeeded after we had gone on without it: its money goes back, and never to the merchant's account. */
  readonly undoing: boolean;
  readonly authentication?: Authentication;
  /** The network's own name of the authorization. */
  readonly networkTransactionId?: string;
  readonly operations: readonly Operation[];
}

export interface Operation {
  readonly id: string;
  readonly kind: OperationKind;
  readonly number: number;
  /** The request, timer or rule that caused it; one cause makes one operation. */
  readonly cause: string;
  readonly status: OperationStatus;
  readonly amountMinor: number;
  readonly finalCapture: boolean;
  readonly providerReference?: string;
  /** Epoch milliseconds after which it must not be sent first; absent: may always be sent. */
  readonly sendByMs?: number;
  /** Backoff before a retry's first send. */
  readonly notBeforeMs?: number;
  readonly closed: boolean;
  /** Claimed by an earlier run or generation: it may have been sent, so it is resolved, never sent first. */
  readonly claimed: boolean;
  readonly outcome?: OperationOutcome;
}

export interface PaymentFailure {
  readonly code:
    | 'card_declined'
    | 'authentication_required'
    | 'authentication_abandoned'
    | 'provider_unavailable'
    | 'provider_rejected'
    | 'no_route'
    | 'capture_failed'
    | 'void_failed';
  readonly message: string;
  readonly decline?: Decline;
}

/** What outsiders see of a payment. The same shape answers an update, a query and a row's reader. */
export interface PaymentSnapshot {
  readonly id: string;
  readonly merchantId: string;
  readonly mode: Mode;
  readonly status: PaymentStatus;
  readonly sequence: number;
  readonly amountMinor: number;
  readonly currency: string;
  readonly captureMethod: 'automatic' | 'manual';
  readonly paymentMethodId?: string;
  readonly amountAuthorizedMinor: number;
  readonly amountCapturableMinor: number;
  readonly amountCapturedMinor: number;
  readonly amountRefundedMinor: number;
  readonly amountChargedBackMinor?: number;
  readonly failure?: PaymentFailure;
  readonly cancellationReason?: string;
  readonly authorizationExpiresAtMs?: number;
  readonly createdAtMs: number;
  readonly reference?: string;
  readonly description?: string;
  readonly returnUrl?: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly customerId?: string;
  readonly storedCredential?: StoredCredential;
  readonly nextRetryAtMs?: number;
  readonly attempts: readonly AttemptSnapshot[];
  /** What the payer must do; only while the payment is `requires_action`. */
  readonly nextAction?: { readonly type: 'redirect_to_url'; readonly url: string };
  /** Commands that the machine would accept now. */
  readonly allowed: readonly Command[];
}

export interface AttemptSnapshot {
  readonly id: string;
  readonly provider: string;
  readonly status: AttemptStatus;
  readonly providerReference?: string;
  readonly decline?: Decline;
  readonly authentication?: Authentication;
}

export type Command = 'confirm' | 'capture' | 'void';

export function currentAttempt(payment: Payment): Attempt | undefined {
  return payment.attempts.at(-1);
}

export function attemptOf(payment: Payment, operationId: string): Attempt | undefined {
  return payment.attempts.find((attempt) => attempt.operations.some((each) => each.id === operationId));
}

export function findOperation(payment: Payment, operationId: string): Operation | undefined {
  return attemptOf(payment, operationId)?.operations.find((each) => each.id === operationId);
}

export function openOperations(payment: Payment): readonly Operation[] {
  return payment.attempts.flatMap((attempt) => attempt.operations.filter((each) => !each.closed));
}

export function routeStepOf(payment: Payment, accountId: string): RouteStep | undefined {
  return payment.route.find((step) => step.accountId === accountId);
}

/**
 * The operation that holds the payment's lock: an authorization, capture or void of the attempt that
 * counts. The undoing of a late success runs beside it and holds nothing.
 */
export function lockHolder(payment: Payment): Operation | undefined {
  return payment.attempts
    .filter((attempt) => !attempt.undoing)
    .flatMap((attempt) => attempt.operations)
    .find((each) => !each.closed && each.kind !== 'refund');
}

export function capturableMinor(payment: Payment): number {
  const open = payment.status === 'requires_capture' || payment.status === 'partially_captured';
  return open ? payment.amountAuthorizedMinor - payment.amountCapturedMinor : 0;
}

/** Exhaustive by type: what a merchant may command in each status, once no operation holds the lock. */
const COMMANDS: Readonly<Record<PaymentStatus, readonly Command[]>> = {
  requires_payment_method: ['confirm', 'void'],
  requires_confirmation: ['confirm', 'void'],
  requires_action: ['void'],
  processing: [],
  requires_capture: ['capture', 'void'],
  partially_captured: ['capture'],
  requires_review: [],
  succeeded: [],
  failed: [],
  canceled: [],
  expired: [],
};

/** Nothing is under way, and the next try has its time. */
export function waitsForRetry({ status, nextRetryAtMs }: Payment): boolean {
  return status === 'processing' && nextRetryAtMs !== undefined;
}

/** A policy wants a person to look before anything is sent. What is reviewed later has been at a provider. */
export function isHeldForReview({ status, attempts }: Payment): boolean {
  return status === 'requires_review' && attempts.length === 0;
}

export function allowedCommands(payment: Payment): readonly Command[] {
  if (isHeldForReview(payment)) return ['void'];
  if (waitsForRetry(payment) && lockHolder(payment) === undefined) return ['void'];
  // While the payer is waited for, the authorization is open, and may be given up all the same.
  const free = lockHolder(payment) === undefined || payment.status === 'requires_action';
  return free ? COMMANDS[payment.status] : [];
}

export function snapshotOf(payment: Payment): PaymentSnapshot {
  const {
    route: _route,
    attempts,
    generation: _generation,
    policyVersion: _version,
    completeByMs: _by,
    externalRefunds: _external,
    authentication: _authentication,
    retryPlan: _plan,
    ...rest
  } = payment;
  const redirectUrl = currentAttempt(payment)?.authentication?.redirectUrl;
  return {
    ...rest,
    ...(payment.status === 'requires_action' && redirectUrl !== undefined
      ? { nextAction: { type: 'redirect_to_url', url: redirectUrl } }
      : {}),
    amountCapturableMinor: capturableMinor(payment),
    allowed: allowedCommands(payment),
    attempts: attempts.map(({ id, provider, status, providerReference, decline, authentication }) => ({
      id,
      provider,
      status,
      ...(providerReference === undefined ? {} : { providerReference }),
      ...(decline === undefined ? {} : { decline }),
      ...(authentication === undefined ? {} : { authentication }),
    })),
  };
}
