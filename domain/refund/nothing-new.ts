import type { Evidence } from '../payment/outcome.ts';
import type { Operation } from '../payment/payment.ts';
import { operationOf, type Refund } from './refund.ts';

interface Names {
  readonly reference?: string;
  readonly providerReference?: string;
}

/** The operation that a letter names: by our reference, else by the provider's own. */
export function findByLetter(refund: Refund, letter: Names): Operation | undefined {
  const named = letter.reference === undefined ? undefined : operationOf(refund, letter.reference);
  if (named !== undefined || letter.providerReference === undefined) return named;
  return refund.operations.find((each) => each.providerReference === letter.providerReference);
}

export function speaksOf(
  refund: Refund,
  letter: { readonly amountMinor?: number; readonly currency?: string },
): boolean {
  return (
    (letter.amountMinor === undefined || letter.amountMinor === refund.amountMinor) &&
    (letter.currency === undefined || letter.currency === refund.currency)
  );
}

/**
 * Whether a letter only repeats what the refund has recorded, as domain/payment/nothing-new.ts says of
 * payments. Only what agrees is put away, so a letter that could matter never is.
 */
export function refundSaysNothingNew(refund: Refund, evidence: Evidence | undefined): boolean {
  const operation = evidence === undefined ? undefined : findByLetter(refund, namesIn(evidence));
  if (evidence === undefined || operation === undefined) return false;
  switch (evidence.outcome.type) {
    case 'refunded':
      return (
        operation.closed && (operation.status === 'succeeded' || refund.countedOperationId === operation.id)
      );
    case 'declined':
    case 'rejected':
      // A refund that is reversed has its operation succeeded, counted no more.
      return operation.closed && refund.countedOperationId !== operation.id;
    case 'pending':
      return operation.closed || operation.status === 'pending';
    default:
      return false;
  }
}

/** Evidence may name the payment's attempt alone; then what it says of the refund names it as the provider does. */
function namesIn({ reference, outcome }: Evidence): Names {
  const named = 'providerReference' in outcome && outcome.providerReference !== undefined;
  return { reference, ...(named ? { providerReference: outcome.providerReference } : {}) };
}
