// The payment intent endpoints that change something: create, confirm, capture, cancel.
import { createHash } from 'node:crypto';
import { closeChallenge } from '../acs/challenge.ts';
import { prefixedId } from '../ids.ts';
import type { Transaction } from '../kernel.ts';
import type { Answer } from '../provider.ts';
import { cancel, confirm, dispute, journalEffect, ok, type StripeContext } from './authorize.ts';
import { type CardOnFile, publishedPaymentMethod, readCard } from './cards.ts';
import { checkChargeAmount, checkCurrency, checkPartAmount } from './currencies.ts';
import { invalid, missing, notFound, unexpectedState } from './errors.ts';
import { emit } from './events.ts';
import { child, type Form, flag, list, metadataOf, text } from './form.ts';
import {
  charges,
  FRESH_ROW,
  type IntentRow,
  intents,
  newIntent,
  newPaymentMethod,
  type PaymentIntent,
  paymentMethods,
  referenceIn,
} from './objects.ts';
import { showAsked, threeDsIn } from './three-d-secure.ts';

const CREATE_PARAMETERS = new Set(
  `amount amount_details application_fee_amount automatic_payment_methods capture_method confirm
  confirmation_method confirmation_token currency customer description error_on_requires_action expand
  mandate mandate_data metadata off_session on_behalf_of payment_method payment_method_data
  payment_method_options payment_method_types payment_details radar_options receipt_email return_url
  setup_future_usage shipping statement_descriptor statement_descriptor_suffix transfer_data
  transfer_group use_stripe_sdk`.split(/\s+/),
);
const CONFIRM_PARAMETERS = new Set(
  `amount_details capture_method client_secret confirmation_token error_on_requires_action expand
  mandate mandate_data off_session payment_method payment_method_data payment_method_options
  payment_method_types radar_options receipt_email return_url setup_future_usage shipping
  use_stripe_sdk`.split(/\s+/),
);
const CAPTURE_PARAMETERS = new Set(
  `amount_details amount_to_capture application_fee_amount expand final_capture metadata
  payment_details statement_descriptor statement_descriptor_suffix transfer_data`.split(/\s+/),
);
const CANCEL_PARAMETERS = new Set(['cancellation_reason', 'expand']);
const CANCELLATION_REASONS = ['duplicate', 'fraudulent', 'requested_by_customer', 'abandoned'];
const CANCELABLE =
  'requires_payment_method, requires_capture, requires_confirmation, requires_action, processing';

export function checkParameters(form: Form, allowed: ReadonlySet<string>): void {
  const unknown = Object.keys(form).find((name) => !allowed.has(name));
  if (unknown !== undefined) {
    throw invalid(`Received unknown parameter: ${unknown}`, unknown, 'parameter_unknown');
  }
}

/** The object, with what `expand[]` asks for in place of its id. */
export function expanded(tx: Transaction, intent: PaymentIntent, form: Form): Record<string, unknown> {
  const wanted = new Set(list(form, 'expand'));
  const copy: Record<string, unknown> = { ...intent };
  if (wanted.has('latest_charge') && intent.latest_charge !== null) {
    copy.latest_charge = tx.get(charges, intent.latest_charge) ?? null;
  }
  if (wanted.has('payment_method') && intent.payment_method !== null) {
    copy.payment_method = tx.get(paymentMethods, intent.payment_method)?.method ?? null;
  }
  return copy;
}

function expandAnswer(tx: Transaction, answer: Answer, intent: PaymentIntent, form: Form): Answer {
  return answer.status === 200 ? { ...answer, body: expanded(tx, intent, form) } : answer;
}

/** The card a request brings: inline data, or a payment method made before or published for tests. */
export function cardIn(
  read: (id: string) => CardOnFile | undefined,
  form: Form,
): { card: CardOnFile; id?: string } | null {
  const data = child(form, 'payment_method_data');
  if (data !== undefined) {
    const type = text(data, 'type');
    if (type === undefined) throw missing('payment_method_data[type]');
    if (type !== 'card')
      throw invalid(`Unsupported payment method type: ${type}`, 'payment_method_data[type]');
    return { card: readCard(data) };
  }
  const id = text(form, 'payment_method');
  if (id === undefined) return null;
  const card = read(id) ?? publishedPaymentMethod(id);
  if (card === undefined) throw notFound('PaymentMethod', id, 'payment_method');
  return { card, id };
}

function attachCard(tx: Transaction, row: IntentRow, form: Form): void {
  const found = cardIn((id) => tx.get(paymentMethods, id)?.card, form);
  if (found === null) return;
  const published = found.id === undefined || tx.get(paymentMethods, found.id) === undefined;
  // A published test method becomes a method of its own at each use, as at Stripe.
  const method = published ? newPaymentMethod(found.card, prefixedId('pm')) : undefined;
  if (method !== undefined) tx.put(paymentMethods, String(method.method.id), method);
  row.card = found.card;
  row.intent.payment_method = method === undefined ? (found.id ?? null) : String(method.method.id);
}

function captureMethodIn(form: Form): PaymentIntent['capture_method'] | undefined {
  const value = text(form, 'capture_method');
  if (value === undefined || value === 'automatic' || value === 'automatic_async' || value === 'manual')
    return value;
  throw invalid(
    'Invalid capture_method: must be one of automatic, automatic_async, or manual',
    'capture_method',
  );
}

function wantsMulticapture(form: Form): boolean {
  const card = child(child(form, 'payment_method_options'), 'card');
  return text(card, 'request_multicapture') === 'if_available';
}

function returnUrlIn(form: Form): string | undefined {
  const url = text(form, 'return_url');
  if (url !== undefined && !URL.canParse(url)) throw invalid('Not a valid URL', 'return_url', 'url_invalid');
  return url;
}

function confirmOptions(form: Form) {
  const offSession = text(form, 'off_session');
  return {
    offSession: offSession !== undefined && offSession !== 'false',
    errorOnRequiresAction: flag(form, 'error_on_requires_action') === true,
  };
}

export function createIntent(ctx: StripeContext, tx: Transaction, form: Form): Answer {
  checkParameters(form, CREATE_PARAMETERS);
  const currency = checkCurrency(text(form, 'currency'));
  const amount = checkChargeAmount(text(form, 'amount'), currency);
  const metadata = metadataOf(form);
  const intent = newIntent({
    amount,
    currency,
    captureMethod: captureMethodIn(form) ?? 'automatic_async',
    metadata,
    description: text(form, 'description') ?? null,
    statementDescriptor: text(form, 'statement_descriptor') ?? null,
    statementDescriptorSuffix: text(form, 'statement_descriptor_suffix') ?? null,
    receiptEmail: text(form, 'receipt_email') ?? null,
    setupFutureUsage: text(form, 'setup_future_usage') ?? null,
  });
  const row: IntentRow = {
    ...FRESH_ROW,
    intent,
    reference: referenceIn(metadata),
    createdAtMs: Date.now(),
    returnUrl: returnUrlIn(form) ?? null,
    multicapture: wantsMulticapture(form),
    threeDs: threeDsIn(form),
    idempotencyKey: tx.origin.idempotencyKey,
  };
  showAsked(row);
  attachCard(tx, row, form);
  if (flag(form, 'confirm') !== true) {
    intent.status = row.card === null ? 'requires_payment_method' : 'requires_confirmation';
    tx.put(intents, intent.id, row);
    emit(tx, 'payment_intent.created', intent);
    return ok(expanded(tx, intent, form));
  }
  if (row.card === null) throw missing('payment_method');
  emit(tx, 'payment_intent.created', intent);
  return expandAnswer(tx, confirm(ctx, tx, row, confirmOptions(form)), intent, form);
}

export function findIntent(tx: Transaction, id: string): IntentRow {
  const row = tx.get(intents, id);
  if (row === undefined) throw notFound('payment_intent', id);
  return row;
}

export function confirmIntent(ctx: StripeContext, tx: Transaction, id: string, form: Form): Answer {
  checkParameters(form, CONFIRM_PARAMETERS);
  const row = findIntent(tx, id);
  const { intent } = row;
  if (!['requires_payment_method', 'requires_confirmation', 'requires_action'].includes(intent.status)) {
    const message = `You cannot confirm this PaymentIntent because it has already ${
      intent.status === 'canceled' ? 'been canceled' : 'succeeded after being previously confirmed'
    }.`;
    throw unexpectedState(message, intent);
  }
  attachCard(tx, row, form);
  row.returnUrl = returnUrlIn(form) ?? row.returnUrl;
  row.multicapture ||= wantsMulticapture(form);
  if (child(form, 'payment_method_options') !== undefined) row.threeDs = threeDsIn(form);
  showAsked(row);
  closeChallenge(tx, row.challenge);
  row.authentication = null;
  row.idempotencyKey = tx.origin.idempotencyKey ?? row.idempotencyKey;
  intent.capture_method = captureMethodIn(form) ?? intent.capture_method;
  if (row.card === null || intent.payment_method === null) {
    const message = 'You cannot confirm this PaymentIntent because it’s missing a payment method.';
    throw unexpectedState(message, intent);
  }
  return expandAnswer(tx, confirm(ctx, tx, row, confirmOptions(form)), intent, form);
}

export function captureIntent(tx: Transaction, id: string, form: Form): Answer {
  checkParameters(form, CAPTURE_PARAMETERS);
  const row = findIntent(tx, id);
  const { intent, card } = row;
  const final = flag(form, 'final_capture') ?? true;
  const smallest = final && intent.amount_received > 0 ? 0 : 1;
  const asked = checkPartAmount(
    text(form, 'amount_to_capture'),
    intent.currency,
    'amount_to_capture',
    smallest,
  );
  if (intent.status !== 'requires_capture') {
    const why = `This PaymentIntent could not be captured because it has a status of ${intent.status}.`;
    const which =
      'Only a PaymentIntent with one of the following statuses may be captured: requires_capture.';
    throw unexpectedState(`${why} ${which}`, intent);
  }
  const amount = asked ?? intent.amount_capturable;
  if (amount > intent.amount_capturable) {
    const most = intent.amount_capturable;
    const message = `The amount_to_capture ${amount} is greater than the amount that can be captured ${most}.`;
    throw invalid(message, 'amount_to_capture', 'amount_too_large');
  }
  if (!final && !row.multicapture) {
    throw invalid('This PaymentIntent does not support multiple captures.', 'final_capture');
  }
  const charge = tx.get(charges, intent.latest_charge ?? '');
  if (charge === undefined || card === null) throw new Error(`intent ${id} awaits capture without a charge`);
  const remaining = final ? 0 : intent.amount_capturable - amount;
  intent.amount_received += amount;
  intent.amount_capturable = remaining;
  intent.status = remaining === 0 ? 'succeeded' : 'requires_capture';
  Object.assign(intent.metadata, metadataOf(form));
  charge.amount_captured += amount;
  charge.captured = true;
  charge.balance_transaction = prefixedId('txn');
  // What a final capture leaves out goes back to the cardholder.
  if (remaining === 0) charge.amount_refunded = charge.amount - charge.amount_captured;
  if (amount > 0) journalEffect(tx, row, 'captured', charge.id, amount);
  tx.put(charges, charge.id, charge);
  tx.put(intents, intent.id, row);
  emit(tx, 'charge.captured', charge);
  emit(tx, remaining === 0 ? 'payment_intent.succeeded' : 'payment_intent.amount_capturable_updated', intent);
  if (remaining === 0 && card.behaviour.disputed === true) dispute(tx, row, charge.id);
  return ok(expanded(tx, intent, form));
}

export function cancelIntent(tx: Transaction, id: string, form: Form): Answer {
  checkParameters(form, CANCEL_PARAMETERS);
  const row = findIntent(tx, id);
  const { intent } = row;
  const reason = text(form, 'cancellation_reason') ?? null;
  if (reason !== null && !CANCELLATION_REASONS.includes(reason)) {
    const message = `Invalid cancellation_reason: must be one of ${CANCELLATION_REASONS.join(', ')}`;
    throw invalid(message, 'cancellation_reason');
  }
  if (intent.status === 'succeeded' || intent.status === 'canceled') {
    const why = `You cannot cancel this PaymentIntent because it has a status of ${intent.status}.`;
    const which = `Only a PaymentIntent with one of the following statuses may be canceled: ${CANCELABLE}.`;
    throw unexpectedState(`${why} ${which}`, intent);
  }
  cancel(tx, row, reason, 'voided');
  return ok(expanded(tx, intent, form));
}

/** What identifies a request to its idempotency key. Keyed, so that it gives no card number away. */
export function fingerprintOf(secret: string, method: string, path: string, body: string): string {
  return createHash('sha256').update(`${secret}\n${method}\n${path}\n${body}`).digest('hex');
}
