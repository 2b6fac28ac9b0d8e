// Stripe's objects as they appear on the wire, the rows that keep them, and how a fresh one looks.
import type { Authentication } from '../acs/emv.ts';
import { digits, prefixedId } from '../ids.ts';
import { table } from '../kernel.ts';
import type { CardOnFile } from './cards.ts';

export type IntentStatus =
  | 'requires_payment_method'
  | 'requires_confirmation'
  | 'requires_action'
  | 'requires_capture'
  | 'succeeded'
  | 'canceled';

export interface PaymentIntent {
  id: string;
  object: 'payment_intent';
  amount: number;
  amount_capturable: number;
  amount_received: number;
  capture_method: 'automatic' | 'automatic_async' | 'manual';
  created: number;
  currency: string;
  latest_charge: string | null;
  metadata: Record<string, string>;
  payment_method: string | null;
  status: IntentStatus;
  last_payment_error: unknown;
  next_action: unknown;
  canceled_at: number | null;
  cancellation_reason: string | null;
  [key: string]: unknown;
}

export interface Charge {
  id: string;
  object: 'charge';
  amount: number;
  amount_captured: number;
  amount_refunded: number;
  captured: boolean;
  currency: string;
  disputed: boolean;
  paid: boolean;
  refunded: boolean;
  payment_intent: string;
  status: 'succeeded' | 'failed';
  [key: string]: unknown;
}

export interface Refund {
  id: string;
  object: 'refund';
  amount: number;
  charge: string;
  created: number;
  currency: string;
  metadata: Record<string, string>;
  payment_intent: string;
  status: 'pending' | 'succeeded' | 'failed' | 'canceled';
  [key: string]: unknown;
}

/** An intent with what Stripe knows about it but doesn't show. */
export interface IntentRow {
  intent: PaymentIntent;
  card: CardOnFile | null;
  reference: string | null;
  createdAtMs: number;
  returnUrl: string | null;
  multicapture: boolean;
  /** `request_three_d_secure`, and the network's id of the payment with which the card was saved. */
  threeDs: { asked: 'automatic' | 'any' | 'challenge'; setUpBy: string | null };
  /** What 3DS came to, once it has. */
  authentication: Authentication | null;
  /** The challenge that the intent waits for, or has waited for. */
  challenge: string | null;
  /** What refunds have taken; a charge's own figure also counts what a capture released. */
  refunded: number;
  /** The key that asked for the authorization: late effects carry it too. */
  idempotencyKey: string | null;
}

export interface PaymentMethodRow {
  method: Record<string, unknown>;
  card: CardOnFile;
}

export interface StripeEvent {
  id: string;
  object: 'event';
  created: number;
  type: string;
  [key: string]: unknown;
}

export const intents = table<IntentRow>('payment_intent');
export const charges = table<Charge>('charge');
export const refunds = table<Refund>('refund');
export const paymentMethods = table<PaymentMethodRow>('payment_method');
export const disputes = table<Record<string, unknown>>('dispute');
export const events = table<StripeEvent>('event');

export function seconds(epochMs = Date.now()): number {
  return Math.floor(epochMs / 1_000);
}

// Which metadata key carries the merchant's reference is the merchant's choice; these are looked for first.
const REFERENCE_KEYS = [
  'reference',
  'merchant_reference',
  'ref',
  'attempt_id',
  'attempt',
  'payment_reference',
  'order_id',
];

/** The merchant's own reference: a well-known metadata key, else the first one there is. */
export function referenceIn(metadata: Record<string, string>): string | null {
  const named = REFERENCE_KEYS.find((key) => metadata[key] !== undefined);
  return (named === undefined ? Object.values(metadata)[0] : metadata[named]) ?? null;
}

/** What a fresh row holds besides its intent. */
export const FRESH_ROW = {
  card: null,
  returnUrl: null,
  multicapture: false,
  threeDs: { asked: 'automatic', setUpBy: null },
  authentication: null,
  challenge: null,
  refunded: 0,
  idempotencyKey: null,
} satisfies Partial<IntentRow>;

export interface NewIntent {
  amount: number;
  currency: string;
  captureMethod: PaymentIntent['capture_method'];
  metadata: Record<string, string>;
  description: string | null;
  statementDescriptor: string | null;
  statementDescriptorSuffix: string | null;
  receiptEmail: string | null;
  setupFutureUsage: string | null;
}

export function newIntent(fields: NewIntent): PaymentIntent {
  const id = prefixedId('pi');
  return {
    id,
    object: 'payment_intent',
    amount: fields.amount,
    amount_capturable: 0,
    amount_details: { tip: {} },
    amount_received: 0,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods: null,
    canceled_at: null,
    cancellation_reason: null,
    capture_method: fields.captureMethod,
    client_secret: `${id}_secret_${digits(16)}`,
    confirmation_method: 'automatic',
    created: seconds(),
    currency: fields.currency,
    customer: null,
    description: fields.description,
    last_payment_error: null,
    latest_charge: null,
    livemode: false,
    metadata: fields.metadata,
    next_action: null,
    on_behalf_of: null,
    payment_method: null,
    payment_method_configuration_details: null,
    payment_method_options: {
      card: { installments: null, mandate_options: null, network: null, request_three_d_secure: 'automatic' },
    },
    payment_method_types: ['card'],
    processing: null,
    receipt_email: fields.receiptEmail,
    review: null,
    setup_future_usage: fields.setupFutureUsage,
    shipping: null,
    statement_descriptor: fields.statementDescriptor,
    statement_descriptor_suffix: fields.statementDescriptorSuffix,
    status: 'requires_payment_method',
    transfer_data: null,
    transfer_group: null,
  };
}

export function billingDetails(card: CardOnFile) {
  const address = { city: null, country: null, line1: null, line2: null, postal_code: null, state: null };
  return { address, email: null, name: card.holderName, phone: null, tax_id: null };
}

export function newPaymentMethod(card: CardOnFile, id = prefixedId('pm')): PaymentMethodRow {
  const { brand, last4, expMonth, expYear, fingerprint } = card;
  const method = {
    id,
    object: 'payment_method',
    allow_redisplay: 'unspecified',
    billing_details: billingDetails(card),
    card: {
      brand,
      checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: 'unchecked' },
      country: 'US',
      display_brand: brand,
      exp_month: expMonth,
      exp_year: expYear,
      fingerprint,
      funding: 'credit',
      generated_from: null,
      last4,
      networks: { available: [brand], preferred: null },
      three_d_secure_usage: { supported: true },
      wallet: null,
    },
    created: seconds(),
    customer: null,
    livemode: false,
    metadata: {},
    type: 'card',
  };
  return { method, card };
}
