import type { Attempt, Payment } from '../payment/payment.ts';

/**
 * Double entry for what providers did: debits positive, credits negative, in minor units. A capture makes
 * the provider owe us and us owe the merchant; a late success that goes back never touches the merchant's
 * account and waits in suspense. An authorization moves no money and posts nothing.
 */
export interface LedgerEntry {
  readonly kind: 'capture' | 'refund' | 'late_success' | 'late_success_undone';
  readonly currency: string;
  readonly postings: readonly Posting[];
}

export interface Posting {
  readonly account: string;
  readonly amountMinor: number;
}

export function providerReceivable(accountId: string): string {
  return `provider_receivable/${accountId}`;
}

export function merchantPayable(merchantId: string): string {
  return `merchant_payable/${merchantId}`;
}

export function suspense(merchantId: string): string {
  return `suspense/${merchantId}`;
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
      kind: after.undoing ? 'late_success_undone' : 'refund',
      currency: payment.currency,
      postings: transfer(payable, receivable, refunded),
    });
  }
  return entries;
}

function transfer(debit: string, credit: string, amountMinor: number): Posting[] {
  return [
    { account: debit, amountMinor },
    { account: credit, amountMinor: -amountMinor },
  ];
}
