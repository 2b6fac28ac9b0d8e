import type { OperationOutcome } from '../../domain/payment/outcome.ts';

/** What a provider keeps of one authorization under our reference: the simulation's only oracle of money. */
export interface Charge {
  readonly attemptId: string;
  readonly attemptNumber: number;
  readonly accountId: string;
  readonly providerReference: string;
  readonly amountMinor: number;
  readonly sale: boolean;
  readonly createdAtMs: number;
  state: 'declined' | 'challenge' | 'pending' | 'authorized' | 'captured' | 'canceled' | 'expired';
  /** It came to life after the provider had proven, by its own rules, that it never would. */
  late: boolean;
  /** Whether the payer's money was ever held or taken. */
  real: boolean;
  capturedMinor: number;
  refundedMinor: number;
  readonly captures: Map<string, Effect>;
  readonly refunds: Map<string, RefundEffect>;
  /** Refunds that somebody made without us, by the provider's reference. */
  readonly outside: Map<string, number>;
}

/** One capture or refund by our operation's reference. `undone`: it succeeded, and was taken back. */
export interface Effect {
  readonly amountMinor: number;
  state: 'pending' | 'done' | 'refused' | 'undone';
}

export interface RefundEffect extends Effect {
  /** The refund's id, or the payment's where a late success is undone. */
  readonly ownerId: string;
  readonly providerReference: string;
  /** It was made after the provider had said, or proven by its own rules, that it never would be. */
  late: boolean;
  /** Whether the payer ever had the money. */
  made: boolean;
}

export interface Request {
  readonly kind: 'authorize' | 'sale' | 'capture' | 'void' | 'refund';
  readonly key: string;
  readonly operationId: string;
  readonly ownerId: string;
  readonly attemptId: string;
  readonly attemptNumber: number;
  readonly amountMinor: number;
  readonly finalCapture: boolean;
  readonly byReference: boolean;
}

export interface Answer {
  readonly outcome: OperationOutcome;
  /** An HTTP 4xx. */
  readonly refused: boolean;
}

export type LookupAnswer =
  | { readonly type: 'found'; readonly outcome: OperationOutcome }
  | { readonly type: 'not_found' }
  | { readonly type: 'failed' };

export function netMinor(charge: Charge): number {
  return charge.capturedMinor - charge.refundedMinor;
}

/** Whether the payer's money is with a provider, or held by one. */
export function isUnreversed(charge: Charge): boolean {
  return netMinor(charge) > 0 || (charge.state === 'authorized' && charge.capturedMinor === 0);
}

/** Whether it could still become a charge without anybody asking for it again. */
export function isAlive(charge: Charge): boolean {
  return isUnreversed(charge) || charge.state === 'pending' || charge.state === 'challenge';
}

/** All that a provider ever took under it, taken back later or not. */
export function takenMinor(charge: Charge): number {
  if (charge.captures.size === 0) return charge.capturedMinor;
  let total = 0;
  for (const { state, amountMinor } of charge.captures.values())
    if (state === 'done' || state === 'undone') total += amountMinor;
  return Math.max(total, charge.capturedMinor);
}
