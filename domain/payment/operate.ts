import { isTerminal } from '../machine.ts';
import { OPERATOR_VOID } from './causes.ts';
import { challengedAttempt, endChallenge } from './challenge.ts';
import { isCarriedOut, type Refusal, type Ruling } from './commands.ts';
import { decideOutcome } from './decide.ts';
import {
  addOperation,
  type Decision,
  editAttempt,
  nextRouteStep,
  settle,
  startAttempt,
  withoutRetry,
  withStatus,
} from './edit.ts';
import { leftToUndoMinor } from './late-refund.ts';
import type { OperationOutcome } from './outcome.ts';
import {
  type Attempt,
  allowedCommands,
  attemptOf,
  currentAttempt,
  findOperation,
  type Operation,
  openOperations,
  type Payment,
  routeStepOf,
  waitsForRetry,
} from './payment.ts';
import { PAYMENT_EDGES } from './states.ts';

/**
 * What operators may do about a payment that doesn't go on by itself. They act as the lock's holder, and
 * nothing of this weakens a proof: who was perhaps charged is not canceled and not moved, only asked about,
 * voided, or resolved by two people with evidence.
 */
export interface OperatorOrder {
  /** The request that caused it: one command makes one operation. */
  readonly cause: string;
  readonly operator: string;
  readonly reason: string;
}

function refuse(payment: Payment, code: string, message: string): Ruling {
  return { type: 'refused', refusal: { code, message, status: payment.status } };
}

function decided(after: Payment, order: OperatorOrder, what: string): Ruling {
  return { type: 'decided', decision: { after, reason: `${what} by ${order.operator}: ${order.reason}` } };
}

/** Sends or asks now whatever waits to be sent or asked, and tries again to give back what couldn't be. */
export function decideRetryNow(payment: Payment, order: OperatorOrder): Ruling {
  if (isCarriedOut(payment, `operator_retry_${order.cause}`)) return { type: 'answered' };
  if (waitsForRetry(payment)) {
    // The workflow sets its timer by this, and looks once more what may be tried.
    return decided({ ...payment, nextRetryAtMs: 0 }, order, 'the next try is due now,');
  }
  const stuck = payment.attempts.filter(isStuckUndoing);
  const open = openOperations(payment);
  if (open.length === 0 && stuck.length === 0) {
    return refuse(payment, 'nothing_to_retry', `nothing of a payment that is ${payment.status} is waiting`);
  }
  const undone = stuck.reduce(
    (after, attempt) =>
      addOperation(after, attempt.id, {
        kind: attempt.capturedMinor > 0 ? 'refund' : 'void',
        cause: `operator_retry_${order.cause}`,
        amountMinor: attempt.capturedMinor > 0 ? leftToUndoMinor(attempt) : attempt.authorizedMinor,
      }),
    payment,
  );
  const parked = payment.status === 'requires_review' && open.length > 0;
  return decided(parked ? withStatus(undone, 'processing') : undone, order, 'tried again now');
}

/** A late success whose undoing was refused or taken back: nothing is open, and the money is not back. */
export function isStuckUndoing(attempt: Attempt): boolean {
  return (
    attempt.undoing &&
    (attempt.status === 'authorized' || leftToUndoMinor(attempt) > 0) &&
    attempt.operations.every((operation) => operation.closed)
  );
}

/** Voids what is authorized, or may be: then the void's success proves the unknown authorization dead. */
export function decideOperatorVoid(payment: Payment, order: OperatorOrder): Ruling {
  if (isCarriedOut(payment, `${OPERATOR_VOID}${order.cause}`)) return { type: 'answered' };
  const attempt = currentAttempt(payment);
  if (attempt === undefined || isTerminal(PAYMENT_EDGES, payment.status) || payment.amountCapturedMinor > 0) {
    return refuse(payment, 'nothing_to_void', `nothing is authorized on a payment that is ${payment.status}`);
  }
  if (challengedAttempt(payment) === attempt && attempt.authentication?.status !== 'unknown') {
    const after = endChallenge(payment, attempt, `${OPERATOR_VOID}${order.cause}`);
    return decided(after, order, 'given up while the payer was to authenticate,');
  }
  const open = attempt.operations.filter((each) => !each.closed);
  if (open.some((each) => each.kind !== 'authorize')) {
    const [first] = open.filter((each) => each.kind !== 'authorize');
    return refuse(
      payment,
      'operation_in_progress',
      `a ${first?.kind} is not resolved yet; its outcome says what can be voided`,
    );
  }
  const standing = attempt.status === 'authorized' && allowedOrParked(payment);
  const doubtful =
    open.length > 0 && open.every((each) => each.status === 'unknown' || each.status === 'pending');
  if (!standing && !doubtful) {
    return refuse(payment, 'nothing_to_void', `the attempt at ${attempt.provider} is ${attempt.status}`);
  }
  const step = routeStepOf(payment, attempt.accountId);
  if (attempt.providerReference === undefined && step?.canVoidByReference !== true) {
    return refuse(
      payment,
      'void_not_possible',
      `${attempt.provider} has not named its authorization and voids by its own name only`,
    );
  }
  const voiding = addOperation(payment, attempt.id, {
    kind: 'void',
    cause: `${OPERATOR_VOID}${order.cause}`,
    amountMinor: attempt.authorizedMinor > 0 ? attempt.authorizedMinor : payment.amountMinor,
  });
  return decided(withStatus(voiding, 'processing'), order, 'void asked for');
}

function allowedOrParked(payment: Payment): boolean {
  return allowedCommands(payment).includes('void') || payment.status === 'requires_review';
}

/** Permits that could still be claimed: a cancel or a move must have them revoked first. */
export function revocable(payment: Payment): readonly Operation[] {
  return openOperations(payment).filter((operation) => operation.status === 'created');
}

/** Ends a payment of which it is proven that nothing was charged; `revoked` are the permits taken back for it. */
export function decideOperatorCancel(
  payment: Payment,
  order: OperatorOrder,
  revoked: readonly string[],
): Ruling {
  const cleared = clear(payment, revoked);
  if (cleared === undefined) return refuse(payment, 'may_have_been_charged', notProven(payment));
  const after = { ...withStatus(cleared, 'canceled'), cancellationReason: 'canceled_by_operator' };
  return decided(after, order, 'canceled');
}

/** Goes on at another provider of the stored route, once every attempt so far is proven uncharged. */
export function decideMove(
  payment: Payment,
  order: OperatorOrder & { readonly accountId?: string; readonly sendByMs: number },
  revoked: readonly string[],
): Ruling {
  if (isCarriedOut(payment, `operator_move_${order.cause}`)) return { type: 'answered' };
  if (payment.attempts.length === 0) {
    return refuse(
      payment,
      'payment_unexpected_state',
      `a payment that is ${payment.status} is at no provider yet`,
    );
  }
  const cleared = clear(payment, revoked);
  if (cleared === undefined) return refuse(payment, 'may_have_been_charged', notProven(payment));
  const tried = new Set(payment.attempts.map((attempt) => attempt.accountId));
  const step =
    order.accountId === undefined
      ? nextRouteStep(payment)
      : payment.route.find((each) => each.accountId === order.accountId && !tried.has(each.accountId));
  if (step === undefined) {
    const left = payment.route.filter((each) => !tried.has(each.accountId)).map((each) => each.accountId);
    const names = left.length === 0 ? 'none is left' : `left are ${left.join(', ')}`;
    return refuse(payment, 'no_route', `not an untried provider account of this payment's route; ${names}`);
  }
  const moved = startAttempt(cleared, step, `operator_move_${order.cause}`, order.sendByMs);
  return decided(withStatus(moved, 'processing'), order, `moved to ${step.provider}`);
}

function notProven(payment: Payment): string {
  const doubtful = openOperations(payment).find((operation) => operation.status !== 'created');
  if (isTerminal(PAYMENT_EDGES, payment.status)) return `the payment is ${payment.status}`;
  if (doubtful === undefined) return `the payment is ${payment.status}; void or refund what was charged`;
  return `the ${doubtful.kind} ${doubtful.id} is ${doubtful.status}: void it, or resolve it with evidence`;
}

/** The payment with its revoked operations closed, if that leaves every attempt proven uncharged. */
function clear(payment: Payment, revoked: readonly string[]): Payment | undefined {
  if (isTerminal(PAYMENT_EDGES, payment.status) || payment.amountAuthorizedMinor > 0) return undefined;
  const counting = payment.attempts.filter((attempt) => !attempt.undoing);
  const open = counting.flatMap((attempt) => attempt.operations.filter((each) => !each.closed));
  if (!open.every((operation) => operation.status === 'created' && revoked.includes(operation.id)))
    return undefined;
  const outcome: OperationOutcome = { type: 'not_attempted', proof: 'permit_revoked' };
  const closed = open.reduce(
    (after, operation) => settle(after, operation.id, outcome),
    withoutRetry(payment),
  );
  const dead = ['declined', 'errored', 'voided'];
  return counting.every((attempt) => dead.includes(attempt.status) || attempt.status === 'created')
    ? closed.attempts
        .filter((attempt) => !attempt.undoing && attempt.status === 'created')
        .reduce((after, { id }) => editAttempt(after, id, (each) => ({ ...each, status: 'errored' })), closed)
    : undefined;
}

/** What operators say became of an operation. `succeeded` needs the provider's reference, and names its amount. */
export interface Testimony {
  readonly outcome: 'succeeded' | 'not_executed';
  readonly providerReference?: string;
}

/** The outcome that a testimony amounts to, or the rule that it breaks. */
export function outcomeOfTestimony(
  payment: Payment,
  operationId: string,
  { outcome, providerReference }: Testimony,
):
  | { readonly type: 'outcome'; readonly outcome: OperationOutcome }
  | { readonly type: 'refused'; readonly refusal: Refusal } {
  const operation = findOperation(payment, operationId);
  const refusal = judgeTestimony(payment, operationId);
  if (operation === undefined || refusal !== undefined) {
    return { type: 'refused', refusal: refusal ?? unknownOperation(payment) };
  }
  if (outcome === 'not_executed') return { type: 'outcome', outcome: notExecuted(operation) };
  if (providerReference === undefined && operation.kind !== 'void') {
    const message = `say under which reference ${attemptOf(payment, operationId)?.provider} has it`;
    return { type: 'refused', refusal: { code: 'provider_reference_required', message } };
  }
  return { type: 'outcome', outcome: executed(payment, operation, providerReference ?? '') };
}

function unknownOperation(payment: Payment): Refusal {
  const open = openOperations(payment).map((operation) => operation.id);
  return {
    code: 'operation_unknown',
    message: `no operation of this payment has that id; open are: ${open.join(', ') || 'none'}`,
    status: payment.status,
  };
}

/** Only what is open and may have been sent needs anybody's word; all else is proven or still to be sent. */
export function judgeTestimony(payment: Payment, operationId: string): Refusal | undefined {
  const operation = findOperation(payment, operationId);
  if (operation === undefined) return unknownOperation(payment);
  if (operation.closed) {
    const message = `the ${operation.kind} is ${operation.status} already`;
    return { code: 'operation_resolved', message, status: payment.status };
  }
  if (operation.status === 'created') {
    const message = `the ${operation.kind} has not been sent, as far as is known; cancel the payment or try again now`;
    return { code: 'operation_not_sent', message, status: payment.status };
  }
  return undefined;
}

function notExecuted(operation: Operation): OperationOutcome {
  // What the provider has received was attempted; it came to nothing.
  const received = operation.status === 'pending';
  if ((operation.kind === 'authorize' || operation.kind === 'sale') && !received) {
    return { type: 'not_attempted', proof: 'operators_evidence' };
  }
  return { type: 'rejected', code: 'not_executed', message: 'not executed, as two operators testify' };
}

function executed(payment: Payment, operation: Operation, providerReference: string): OperationOutcome {
  const { amountMinor } = operation;
  const { currency } = payment;
  switch (operation.kind) {
    case 'authorize':
      return { type: 'authorized', providerReference, amountMinor, currency };
    case 'sale':
    case 'capture':
      return { type: 'captured', providerReference, amountMinor, currency };
    case 'void':
      return { type: 'voided', ...(providerReference === '' ? {} : { providerReference }) };
    case 'refund':
      return { type: 'refunded', providerReference, amountMinor };
  }
}

/** The proposal itself changes nothing but the audit: it is on record who says what, and on what evidence. */
export function decideProposal(payment: Payment, operationId: string, order: OperatorOrder): Ruling {
  const refusal = judgeTestimony(payment, operationId);
  if (refusal !== undefined) return { type: 'refused', refusal };
  return decided(payment, order, `resolution of ${operationId} proposed`);
}

/** Carries out what two operators agree on. */
export function decideResolution(
  payment: Payment,
  operationId: string,
  outcome: OperationOutcome,
  order: OperatorOrder & { readonly evidence: string },
  nowMs: number,
): Ruling {
  const refusal = judgeTestimony(payment, operationId);
  if (refusal !== undefined) return { type: 'refused', refusal };
  const decision: Decision | undefined = decideOutcome(payment, operationId, outcome, nowMs);
  if (decision === undefined) {
    return refuse(payment, 'operation_resolved', 'the payment stands as the resolution says already');
  }
  const reason = `${decision.reason}; resolved by ${order.operator}: ${order.reason} (evidence: ${order.evidence})`;
  return { type: 'decided', decision: { ...decision, reason } };
}
