import type { Authentication } from '../authentication/authentication.ts';
import type { PlannedAuthentication } from '../authentication/policy.ts';
import { AssertionFailure } from '../machine.ts';
import { attemptIdFor, type OperationKind, operationIdFor } from '../names.ts';
import { OPERATOR_RELEASE, SCHEDULED_RETRY } from './causes.ts';
import type { OperationOutcome } from './outcome.ts';
import type { Attempt, Operation, Payment, RouteStep } from './payment.ts';
import type { OperationStatus, PaymentStatus } from './states.ts';

/** Small pure edits of a payment, from which the decisions are composed. None of them decides anything. */

/** What needs a person, of a payment or a refund. */
export type ExceptionKind =
  | 'capture_failed'
  | 'void_failed'
  | 'undo_failed'
  | 'unknown_outcome_parked'
  | 'pending_overdue'
  | 'late_success'
  | 'contradiction'
  | 'manual_refund'
  | 'refund_reversed'
  | 'external_refund'
  | 'refund_excess'
  /** A policy wants it looked at before anything is sent. */
  | 'payment_review';

/** What a decision leaves: the payment after it, why, and what a person must look at. */
export interface Decision {
  readonly after: Payment;
  readonly reason: string;
  readonly exceptions?: readonly OpenedException[];
}

export interface OpenedException {
  readonly kind: ExceptionKind;
  readonly subjectId: string;
  readonly summary: string;
}

/** Only what is `processing` can wait for its next try: whatever ends that, or has a person look, ends the wait. */
export function withStatus(payment: Payment, status: PaymentStatus): Payment {
  return { ...(status === 'processing' ? payment : withoutRetry(payment)), status };
}

export function editAttempt(
  payment: Payment,
  attemptId: string,
  edit: (attempt: Attempt) => Attempt,
): Payment {
  return {
    ...payment,
    attempts: payment.attempts.map((attempt) => (attempt.id === attemptId ? edit(attempt) : attempt)),
  };
}

export function editOperation(
  payment: Payment,
  operationId: string,
  edit: (operation: Operation) => Operation,
): Payment {
  return {
    ...payment,
    attempts: payment.attempts.map((attempt) => ({
      ...attempt,
      operations: attempt.operations.map((each) => (each.id === operationId ? edit(each) : each)),
    })),
  };
}

/** Which outcomes settle an operation, and as what. Exhaustive: `undefined` leaves it open. */
const SETTLED: Readonly<Record<OperationOutcome['type'], OperationStatus>> = {
  authorized: 'succeeded',
  captured: 'succeeded',
  voided: 'succeeded',
  refunded: 'succeeded',
  pending: 'pending',
  requires_action: 'pending',
  declined: 'declined',
  rejected: 'rejected',
  not_attempted: 'not_attempted',
  unknown: 'unknown',
};

/** An operation with its outcome written onto it; a settled one is closed. */
export function settled(operation: Operation, outcome: OperationOutcome, as?: OperationStatus): Operation {
  const status = as ?? SETTLED[outcome.type];
  return {
    ...operation,
    status,
    closed: status !== 'pending' && status !== 'unknown' && status !== 'created',
    outcome,
    ...('providerReference' in outcome && outcome.providerReference !== undefined
      ? { providerReference: outcome.providerReference }
      : {}),
  };
}

export function settle(
  payment: Payment,
  operationId: string,
  outcome: OperationOutcome,
  as?: OperationStatus,
): Payment {
  return editOperation(payment, operationId, (operation) => settled(operation, outcome, as));
}

export interface NewOperation {
  readonly kind: OperationKind;
  readonly cause: string;
  readonly amountMinor: number;
  readonly finalCapture?: boolean;
  readonly sendByMs?: number;
  readonly notBeforeMs?: number;
}

/** Adds an operation to an attempt, or returns the payment unchanged if its cause already has one. */
export function addOperation(payment: Payment, attemptId: string, wanted: NewOperation): Payment {
  return editAttempt(payment, attemptId, (attempt) => {
    const ofKind = attempt.operations.filter((each) => each.kind === wanted.kind);
    if (ofKind.some((each) => each.cause === wanted.cause)) return attempt;
    const number = ofKind.length + 1;
    const operation: Operation = {
      id: operationIdFor(payment.id, attempt.number, wanted.kind, number),
      kind: wanted.kind,
      number,
      cause: wanted.cause,
      status: 'created',
      amountMinor: wanted.amountMinor,
      finalCapture: wanted.finalCapture ?? true,
      closed: false,
      claimed: false,
      ...(wanted.sendByMs === undefined ? {} : { sendByMs: wanted.sendByMs }),
      ...(wanted.notBeforeMs === undefined ? {} : { notBeforeMs: wanted.notBeforeMs }),
    };
    return { ...attempt, operations: [...attempt.operations, operation] };
  });
}

/** The next attempt at the next step of the route, with its authorization or sale. */
export function startAttempt(
  payment: Payment,
  step: RouteStep,
  cause: string,
  sendByMs = payment.completeByMs,
  planned = payment.authentication,
): Payment {
  const number = payment.attempts.length + 1;
  const attempt: Attempt = {
    id: attemptIdFor(payment.id, number),
    number,
    accountId: step.accountId,
    provider: step.provider,
    connectorVersion: step.connectorVersion,
    status: 'created',
    authorizedMinor: 0,
    capturedMinor: 0,
    refundedMinor: 0,
    watched: false,
    undoing: false,
    ...(planned === undefined ? {} : { authentication: newAuthentication(planned) }),
    operations: [],
  };
  const sale = payment.captureMethod === 'automatic' && step.automaticCapture === 'sale';
  const begun = { ...withoutRetry(payment), attempts: [...payment.attempts, attempt] };
  return addOperation(begun, attempt.id, {
    kind: sale ? 'sale' : 'authorize',
    cause,
    amountMinor: payment.amountMinor,
    sendByMs,
  });
}

function newAuthentication({ asked, reasons }: PlannedAuthentication): Authentication {
  return { status: 'requested', asked, reasons, facts: {} };
}

/** What waited for its next try waits no more. */
export function withoutRetry({ nextRetryAtMs: _at, ...payment }: Payment): Payment {
  return payment;
}

/** The first step of the route that has not been tried in this round. */
export function nextRouteStep(payment: Payment): RouteStep | undefined {
  const tried = new Set(roundOf(payment).map((attempt) => attempt.accountId));
  return payment.route.find((step) => step.kept !== true && !tried.has(step.accountId));
}

/** The attempts since the payment was last routed: a scheduled retry begins anew, at whichever provider. */
export function roundOf({ attempts }: Payment): readonly Attempt[] {
  return attempts.slice(Math.max(0, attempts.findLastIndex(beginsRound)));
}

export function beginsRound({ operations }: Attempt): boolean {
  return operations.some((each) => each.cause.startsWith(SCHEDULED_RETRY));
}

/** Whether its route was made anew for it: the explanation of that is its own, and not the payment's first. */
export function isRerouted(attempt: Attempt): boolean {
  return beginsRound(attempt) || attempt.operations.some((each) => each.cause.startsWith(OPERATOR_RELEASE));
}

export function mustFind<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new AssertionFailure(`${what} is not there`);
  return value;
}

/** Why the operation was first wanted. A retry keeps its cause, numbered, because that says what success means. */
export function rootCause(operation: Operation): string {
  return operation.cause.replace(/#\d+$/, '');
}

export function retryCause(operation: Operation): string {
  return `${rootCause(operation)}#${operation.number + 1}`;
}
