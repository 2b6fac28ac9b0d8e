// A charge as Stripe shows it right after an attempt: its outcome, and the card it was made with.
import { digits, prefixedId } from '../ids.ts';
import type { CardOnFile, Decline } from './cards.ts';
import { billingDetails, type Charge, type IntentRow, seconds } from './objects.ts';
import { threeDSecure } from './three-d-secure.ts';

const APPROVED = {
  advice_code: null,
  network_advice_code: null,
  network_decline_code: null,
  network_status: 'approved_by_network',
  reason: null,
  risk_level: 'normal',
  risk_score: 20,
  seller_message: 'Payment complete.',
  type: 'authorized',
};

/** The issuer was never asked for money. */
const NOT_SENT = {
  ...APPROVED,
  network_status: 'not_sent_to_network',
  seller_message: 'The cardholder was not authenticated.',
  type: 'invalid',
};

function outcomeOf(decline: Decline | undefined): Record<string, unknown> {
  if (decline === undefined) return APPROVED;
  if (decline.unauthenticated === true) return NOT_SENT;
  const blocked = decline.blocked === true;
  return {
    advice_code: decline.advice,
    network_advice_code: decline.networkAdvice,
    network_decline_code: decline.networkCode,
    network_status: blocked ? 'not_sent_to_network' : 'declined_by_network',
    reason: blocked ? 'highest_risk_level' : decline.declineCode,
    risk_level: blocked ? 'highest' : 'normal',
    risk_score: blocked ? 92 : 20,
    seller_message: blocked
      ? 'Stripe blocked this payment as too risky.'
      : 'The bank returned the decline code.',
    type: blocked ? 'blocked' : 'issuer_declined',
  };
}

export interface NewCharge {
  row: IntentRow;
  card: CardOnFile;
  decline?: Decline | undefined;
  captureBefore: number | null;
}

export function newCharge({ row, card, decline, captureBefore }: NewCharge): Charge {
  const { intent } = row;
  const ok = decline === undefined;
  const captured = ok && intent.capture_method !== 'manual';
  return {
    id: prefixedId('ch'),
    object: 'charge',
    amount: intent.amount,
    amount_captured: captured ? intent.amount : 0,
    amount_refunded: 0,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    balance_transaction: captured ? prefixedId('txn') : null,
    billing_details: billingDetails(card),
    calculated_statement_descriptor: 'SANDBOX',
    captured,
    created: seconds(),
    currency: intent.currency,
    customer: null,
    description: intent.description ?? null,
    disputed: false,
    failure_balance_transaction: null,
    failure_code: decline?.code ?? null,
    failure_message: decline?.message ?? null,
    fraud_details: {},
    livemode: false,
    metadata: intent.metadata,
    on_behalf_of: null,
    outcome: outcomeOf(decline),
    paid: ok,
    payment_intent: intent.id,
    payment_method: intent.payment_method,
    payment_method_details: { card: chargedCard(row, card, captureBefore, ok), type: 'card' },
    receipt_email: null,
    receipt_number: null,
    receipt_url: null,
    refunded: false,
    review: null,
    shipping: null,
    source_transfer: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: ok ? 'succeeded' : 'failed',
    transfer_data: null,
    transfer_group: null,
  };
}

function chargedCard(row: IntentRow, card: CardOnFile, captureBefore: number | null, approved: boolean) {
  return {
    amount_authorized: row.intent.amount,
    authorization_code: digits(6),
    brand: card.brand,
    ...(captureBefore === null ? {} : { capture_before: captureBefore }),
    checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: 'pass' },
    country: 'US',
    exp_month: card.expMonth,
    exp_year: card.expYear,
    extended_authorization: { status: 'disabled' },
    fingerprint: card.fingerprint,
    funding: 'credit',
    incremental_authorization: { status: 'unavailable' },
    installments: null,
    last4: card.last4,
    mandate: null,
    multicapture: { status: row.multicapture ? 'available' : 'unavailable' },
    network: card.brand,
    network_token: { used: false },
    // Declined transactions carry none.
    ...(approved ? { network_transaction_id: digits(15) } : {}),
    overcapture: { maximum_amount_capturable: row.intent.amount, status: 'unavailable' },
    regulated_status: 'unregulated',
    three_d_secure: row.authentication === null ? null : threeDSecure(row.authentication),
    wallet: null,
  };
}
