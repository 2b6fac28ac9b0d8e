/**
 * Names that follow from other names by spelling alone. They stand apart from ids.ts because workflows use
 * them: what hashes is evaluated anew for every workflow, and none of it is needed there.
 */
export type Mode = 'test' | 'live';
export type OperationKind = 'authorize' | 'sale' | 'capture' | 'void' | 'refund';

function stem(paymentId: string): string {
  return paymentId.slice('pay_'.length);
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

export function eventIdFor(paymentId: string, sequence: number, ordinal: number): string {
  return `evt_${stem(paymentId)}_${sequence}_${ordinal}`;
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

/** The workflow of one generation of a payment. */
export function paymentWorkflowId(paymentId: string, generation: number): string {
  return `payment/${paymentId}/g${generation}`;
}
