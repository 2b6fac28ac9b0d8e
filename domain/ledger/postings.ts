import type { Attempt, Payment } from '../payment/payment.ts';
import { MANUAL, type Refund } from '../refund/refund.ts';
import { manualDisbursement, merchantPayable, providerReceivable, suspense } from './chart.ts';

export { manualDisbursement, merchantPayable, providerReceivable, suspense };

/**
 * Double entry for what providers did: debits positive, credits negative, in minor units. A capture makes
 * the provider owe us and us owe the merchant; a late success that goes back never touches the merchant's
 * account and waits in suspense. An authorization moves no money and posts nothing.
 */
export interface LedgerEntry {
  readonly kind:
    | 'capture'
    | 'late_success'
    | 'late_success_undone'
    | 'refund'
    | 'refund_reversed'
    | 'refund_excess'
    | 'external_refund';
  readonly currency: string;
  readonly postings: readonly Posting[];
}

export interface Posting {
  readonly account: string;
  readonly amountMinor: number;
}

/** What one attempt's change means for the books. Sums to zero by construction. */
export function movementOf(payment: Payment, before: Attempt | undefined, after: Attempt): LedgerEntry[] {
  const captured = after.capturedMinor - (before?.capturedMinor ?? 0);
  const refunded = after.refundedMinor - (before?.refundedMinor ?? 0);
  const receivable = providerReceivable(after.accountId);
  const payable = after.undoing ? suspense(payment.merchantId) : merchantPayable(payment.merchantId);
  const entries: LedgerEntry[] = [];
  if (captured !== 0) {
    entries.push({
      kind: after.undoing ? 'late_success' : 'capture',
      currency: payment.currency,
      postings: transfer(receivable, payable, captured),
    });
  }
  if (refunded !== 0) {
    entries.push({
      kind: after.undoing ? 'late_success_undone' : 'external_refund',
      currency: payment.currency,
      postings: transfer(payable, receivable, refunded),
    });
  }
  return entries;
}

/**
 * What others refunded at the merchant's cost, by a step's entries: so the balance counts exactly what the books do. What they
 * gave back of a late success is posted as its undoing, which has reserved it already.
 */
export function refundedByOthersMinor(entries: readonly LedgerEntry[]): number {
  return entries
    .flatMap(({ kind, postings }) => (kind === 'external_refund' ? postings : []))
    .reduce((sum, { amountMinor }) => sum + Math.max(0, amountMinor), 0);
}

/** What a refund's step means for the books: the merchant pays it, and the provider owes us so much less. */
export function movementOfRefund(before: Refund, after: Refund): LedgerEntry[] {
  const payable = merchantPayable(after.merchantId);
  const receivable = providerReceivable(after.step.accountId);
  const made = after.countedOperationId;
  const undone = before.countedOperationId;
  const source = (counted: string) =>
    counted === MANUAL ? manualDisbursement(after.merchantId) : receivable;
  const entry = (kind: LedgerEntry['kind'], postings: Posting[]) => ({
    kind,
    currency: after.currency,
    postings,
  });
  const excess = after.excessMinor - before.excessMinor;
  return [
    ...(made !== undefined && undone === undefined
      ? [entry('refund', transfer(payable, source(made), after.amountMinor))]
      : []),
    ...(undone !== undefined && made === undefined
      ? [entry('refund_reversed', transfer(source(undone), payable, after.amountMinor))]
      : []),
    // Nobody asked for it, so the merchant does not pay it: it waits in suspense for a person.
    ...(excess > 0 ? [entry('refund_excess', transfer(suspense(after.merchantId), receivable, excess))] : []),
  ];
}

function transfer(debit: string, credit: string, amountMinor: number): Posting[] {
  return [
    { account: debit, amountMinor },
    { account: credit, amountMinor: -amountMinor },
  ];
}
