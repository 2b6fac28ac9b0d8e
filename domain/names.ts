/**
 * Names that follow from other names by spelling alone. They stand apart from ids.ts because workflows use
 * them: what hashes is evaluated anew for every workflow, and none of it is needed there.
 */
export type Mode = 'test' | 'live';
export type OperationKind = 'authorize' | 'sale' | 'capture' | 'void' | 'refund';

function stem(paymentId: string): string {
  return paymentId.slice('pay_'.length);
}

/** Whose operations, letters and audit rows: a payment's, or a refund's, which is an aggregate of its own. */
export function isRefundId(ownerId: string): boolean {
  return ownerId.startsWith('ref_');
}

export function attemptIdFor(paymentId: string, attemptNumber: number): string {
  return `att_${stem(paymentId)}_${attemptNumber}`;
}

/** `number` is fixed by the operation's cause when its row is made, never counted when it is sent. */
export function operationIdFor(
  paymentId: string,
  attemptNumber: number,
  kind: OperationKind,
  number: number,
): string {
  return `op_${stem(paymentId)}_${attemptNumber}_${kind}_${number}`;
}

/** A refund's operation names its payment first, so that a stray reference finds both. */
export function refundOperationIdFor(paymentId: string, refundId: string, number: number): string {
  return `op_${stem(paymentId)}_${refundId.slice('ref_'.length)}_${number}`;
}

/**
 * Payments and refunds have stems of one space: both are digests, so no two events meet. What no step of theirs wrote is
 * named by the event's own number and what it came of.
 */
export function eventIdFor(ownerId: string, sequence: number, ordinal: number | 'chargeback'): string {
  return `evt_${ownerId.slice(ownerId.indexOf('_') + 1)}_${sequence}_${ordinal}`;
}

/**
 * Our references travel to the provider and come back in webhooks and settlement files. Both an
 * attempt's and an operation's contain the payment's stem, so a stray reference finds its payment
 * without a look-up. Answers undefined for a reference that is not ours.
 */
export function paymentIdOfReference(reference: string): string | undefined {
  const match = /^(?:att|op)_([a-z2-7]{26})_/.exec(reference);
  return match?.[1] === undefined ? undefined : `pay_${match[1]}`;
}

/** The refund that a reference names, or undefined where it names a payment's own operation. */
export function refundIdOfReference(reference: string): string | undefined {
  const match = /^op_[a-z2-7]{26}_([a-z2-7]{26})_\d+$/.exec(reference);
  return match?.[1] === undefined ? undefined : `ref_${match[1]}`;
}

/** The workflow of one generation of a refund. */
export function refundWorkflowId(refundId: string, generation: number): string {
  return `refund/${refundId}/g${generation}`;
}

/** The workflow of one generation of a payment. */
export function paymentWorkflowId(paymentId: string, generation: number): string {
  return `payment/${paymentId}/g${generation}`;
}

/** Where a payer's browser comes back to. The token is a keyed digest of the attempt: nobody else can name it. */
export function returnPath(paymentId: string, attemptNumber: number, token: string): string {
  return `/v1/returns/${paymentId}/${attemptNumber}/${token}`;
}

/** The token of an attempt: the first characters of a digest that only who has the key can make. */
export function returnToken(attemptId: string, keyedDigest: (text: string) => string): string {
  return keyedDigest(`return:${attemptId}`).slice(0, RETURN_TOKEN_LENGTH);
}

export const RETURN_TOKEN_LENGTH = 32;

/** The workflow of one attempt's challenge; generations of the payment share it. */
export function challengeWorkflowId(paymentId: string, attemptNumber: number): string {
  return `challenge/${paymentId}/${attemptNumber}`;
}

/** The workflow of one generation of whatever the id names. */
export function workflowIdOf(ownerId: string, generation: number): string {
  return isRefundId(ownerId) ? refundWorkflowId(ownerId, generation) : paymentWorkflowId(ownerId, generation);
}

/** The workflow that looks after one webhook endpoint. */
export function deliveryWorkflowId(endpointId: string): string {
  return `delivery/${endpointId}`;
}

/** The workflow that looks after one exception. */
export function caseWorkflowId(exceptionId: string): string {
  return `case/${exceptionId}`;
}

/** Why a payment was canceled that came while another one of its reference was open or had succeeded. */
export function duplicateOf(paymentId: string): string {
  return `duplicate_of_${paymentId}`;
}

/** The payment that such a reason names. */
export function duplicatedBy(cancellationReason: string | undefined): string | undefined {
  return /^duplicate_of_(pay_[a-z2-7]{26})$/.exec(cancellationReason ?? '')?.[1];
}
