// The rows behind Adyen's API: a payment, and the modifications asked of it.
import type { Authentication } from '../acs/emv.ts';
import { table } from '../kernel.ts';
import type { Brand, TestFault } from '../test-values.ts';
import type { Outcome } from './outcomes.ts';
import type { ThreeDsPlan } from './three-d-secure.ts';

export interface Amount {
  value: number;
  currency: string;
}

/** A card as the simulator keeps it: neither number nor CVC. */
export interface CardOnFile {
  brand: string;
  bin: string;
  last4: string;
  expiry: string;
  holderName: string;
  scheme: Brand;
}

export type PaymentState = 'challenge' | 'received' | 'authorised' | 'refused' | 'cancelled' | 'expired';

export interface PaymentRow {
  pspReference: string;
  reference: string;
  amount: Amount;
  state: PaymentState;
  captured: number;
  refunded: number;
  card: CardOnFile;
  authCode: string;
  createdAt: number;
  /** What the issuer will say; known from the start because the test values decide it. */
  outcome: Outcome;
  threeDs: ThreeDsPlan;
  /** What 3DS came to, once it has. */
  authentication: Authentication | null;
  /** The challenge on the issuer's page that the payment waits for, or has waited for. */
  challenge: string | null;
  /** The merchant has sent what the browser brought back; the issuer's word is still under way. */
  detailsGiven: boolean;
  /** The scheme's own name for the payment; later ones of the same card refer to it. */
  networkTxReference: string;
  returnUrl: string;
  /** Hours after authorization; null leaves the capture to the merchant. */
  captureDelayHours: number | null;
  idempotencyKey: string | null;
  /** `SANDBOX capture_failed`, `refund_failed` or `refund_reversed`: succeeds, then is taken back. */
  fails: 'capture' | 'refund' | 'reversal' | null;
  testFault: TestFault | null;
}

export type ModificationType = 'capture' | 'cancel' | 'technical_cancel' | 'refund' | 'reversal';

export interface ModificationRow {
  pspReference: string;
  type: ModificationType;
  /** The payment; for a technical cancel it is looked for when the cancel runs. */
  payment: string | null;
  paymentReference: string | null;
  amount: Amount | null;
  reference: string | null;
  idempotencyKey: string | null;
}

export const payments = table<PaymentRow>('payment');
export const modifications = table<ModificationRow>('modification');

const PSP_BRANDS: Readonly<Record<string, string>> = { mastercard: 'mc', unionpay: 'cup' };

export function pspBrand(brand: string): string {
  return PSP_BRANDS[brand] ?? brand;
}
