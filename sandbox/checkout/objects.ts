// The rows behind Checkout.com's API: a payment, and the actions that were taken on it.
import type { Authentication } from '../acs/emv.ts';
import { table } from '../kernel.ts';
import type { Brand, TestFault } from '../test-values.ts';
import type { ThreeDsPlan } from './three-d-secure.ts';

/** A card as the simulator keeps it: neither number nor CVV. */
export interface CardOnFile {
  id: string;
  scheme: Brand;
  bin: string;
  last4: string;
  expiryMonth: number;
  expiryYear: number;
  name: string | null;
}

/** What the payment itself says; that some of it was captured or refunded follows from its amounts. */
export type PaymentState = 'pending' | 'authorized' | 'declined' | 'canceled' | 'voided' | 'expired';

export interface PaymentRow {
  id: string;
  reference: string | null;
  /** As on the wire. */
  amount: number;
  currency: string;
  state: PaymentState;
  /** `10000` where it was approved; what the issuer will say is known from the start, because the card decides it. */
  responseCode: string;
  paymentType: string;
  capture: boolean;
  captured: number;
  refunded: number;
  /** No more of it can be captured: a final capture was made. */
  finallyCaptured: boolean;
  card: CardOnFile;
  authCode: string;
  /** The scheme's own name for the payment; later ones of the same card refer to it. */
  schemeId: string;
  threeDs: ThreeDsPlan;
  /** What 3DS came to, once it has. */
  authentication: Authentication | null;
  /** The challenge on the issuer's page that the payment waits for, or has waited for. */
  challenge: string | null;
  sessionId: string;
  successUrl: string | null;
  failureUrl: string | null;
  metadata: Record<string, unknown>;
  description: string | null;
  descriptor: string | null;
  requestedAt: number;
  expiresAt: number | null;
  idempotencyKey: string | null;
  /** `SANDBOX capture_declined` or `refund_declined`: accepted, and declined when it is carried out. */
  fails: 'capture' | 'refund' | null;
  testFault: TestFault | null;
}

export type ActionType = 'Authorization' | 'Capture' | 'Void' | 'Refund';

export interface ActionRow {
  id: string;
  payment: string;
  type: ActionType;
  amount: number;
  reference: string | null;
  /** Of a capture: whether the rest of the authorization is given up. */
  final: boolean;
  /** Null until it is carried out, and not shown before. */
  responseCode: string | null;
  processedAt: number | null;
  idempotencyKey: string | null;
}

export const payments = table<PaymentRow>('payment');
export const actions = table<ActionRow>('action');

export function isApproved(responseCode: string | null): boolean {
  return responseCode?.startsWith('10') === true;
}

/** The word of `status`. */
export function statusOf({ state, amount, captured, refunded }: PaymentRow): string {
  if (state === 'pending') return 'Pending';
  if (state === 'declined') return 'Declined';
  if (state === 'canceled') return 'Canceled';
  if (refunded > 0) return refunded < captured ? 'Partially Refunded' : 'Refunded';
  if (captured > 0) return captured < amount ? 'Partially Captured' : 'Captured';
  return state === 'voided' ? 'Voided' : state === 'expired' ? 'Expired' : 'Authorized';
}
