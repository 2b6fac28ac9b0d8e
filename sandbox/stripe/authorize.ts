// What happens when an intent is confirmed: 3DS, decline, or an authorization (and its capture).
// Every path leaves the intent, its charge, the effects and the events in one transaction.
import { firstAnswer, NOT_ENROLLED } from '../acs/cards.ts';
import { type ChallengeRow, closeChallenge, openChallenge, pageUrl } from '../acs/challenge.ts';
import { type Authentication, authentication, mayAuthorize, type TransStatus } from '../acs/emv.ts';
import { prefixedId } from '../ids.ts';
import type { Kernel, Transaction } from '../kernel.ts';
import type { Answer } from '../provider.ts';
import { type CardOnFile, type Decline, declineByCode, UNAUTHENTICATED } from './cards.ts';
import { newCharge } from './charge.ts';
import { toMinor } from './currencies.ts';
import { errorAnswer } from './errors.ts';
import { emit } from './events.ts';
import { charges, disputes, type IntentRow, intents, paymentMethods, seconds } from './objects.ts';

const DAY_MS = 86_400_000;
const AUTHORIZATION_DAYS = 7;

export interface ConfirmOptions {
  offSession: boolean;
  errorOnRequiresAction: boolean;
}

export interface StripeContext {
  kernel: Kernel;
  account: string;
  publicUrl(): string;
}

export function ok(body: unknown): Answer {
  return { status: 200, body, store: true };
}

function effect(
  tx: Transaction,
  row: IntentRow,
  name: string,
  providerReference: string,
  amount: number,
): void {
  const { intent, reference, idempotencyKey } = row;
  const decided = name === 'authorized' || name === 'declined';
  tx.effect(
    {
      effect: name,
      reference,
      providerReference,
      ...(providerReference === intent.id ? {} : { parentReference: intent.id }),
      amountMinor: toMinor(amount, intent.currency),
      currency: intent.currency.toUpperCase(),
      ...(decided && row.authentication !== null ? { authentication: row.authentication } : {}),
    },
    tx.origin.idempotencyKey ?? idempotencyKey,
  );
}

/** Confirms an intent that has a card, and answers as the endpoint does. */
export function confirm(
  ctx: StripeContext,
  tx: Transaction,
  row: IntentRow,
  options: ConfirmOptions,
): Answer {
  const { card } = row;
  if (card === null) throw new Error(`intent ${row.intent.id} is confirmed without a card`);
  const issuer = card.behaviour.issuer ?? NOT_ENROLLED;
  const softDecline = declineByCode('authentication_required');
  if (options.offSession) {
    const refuses = issuer.softDecline === true || (issuer.threeDs === 'always' && issuer.ares === 'C');
    const setUp = row.threeDs.setUpBy !== null && (issuer.softDecline ?? issuer.unlessSetUp) === true;
    if (refuses && !setUp) return refused(tx, row, card, softDecline);
    return charge(ctx, tx, row, card);
  }
  const ares = firstAnswer({ issuer, asked: row.threeDs.asked });
  if (ares === undefined) {
    if (issuer.softDecline === true) return refused(tx, row, card, softDecline);
    if (issuer.lowRisk === true)
      row.authentication = authentication(card.brand, 'I', { exemption: 'low_risk' });
    return charge(ctx, tx, row, card);
  }
  if (ares === 'C' || issuer.browserFirst === true) {
    if (options.errorOnRequiresAction) return refused(tx, row, card, softDecline);
    return requireAction(ctx, tx, row, card, ares);
  }
  return authenticated(ctx, tx, row, card, authentication(card.brand, ares));
}

/** The issuer is asked for the money. */
function charge(ctx: StripeContext, tx: Transaction, row: IntentRow, card: CardOnFile): Answer {
  const { decline } = card.behaviour;
  if (decline !== undefined) return refused(tx, row, card, decline);
  authorize(ctx, tx, row, card);
  return ok(row.intent);
}

/** What 3DS came to is known: on to the issuer, or back to the merchant for another card. */
export function authenticated(
  ctx: StripeContext,
  tx: Transaction,
  row: IntentRow,
  card: CardOnFile,
  result: Authentication,
): Answer {
  row.authentication = result;
  if (mayAuthorize(result)) return charge(ctx, tx, row, card);
  refused(tx, row, card, UNAUTHENTICATED);
  return ok(row.intent);
}

function requireAction(
  ctx: StripeContext,
  tx: Transaction,
  row: IntentRow,
  card: CardOnFile,
  ares: TransStatus,
): Answer {
  const { intent, reference, returnUrl } = row;
  row.challenge = openChallenge(tx, {
    payment: intent.id,
    reference,
    merchant: String(intent.statement_descriptor_suffix ?? ctx.account),
    amountMinor: toMinor(intent.amount, intent.currency),
    currency: intent.currency.toUpperCase(),
    brand: card.brand,
    last4: card.last4,
    ares,
  });
  const url = pageUrl(ctx, row.challenge);
  intent.status = 'requires_action';
  intent.next_action =
    returnUrl === null
      ? {
          type: 'use_stripe_sdk',
          use_stripe_sdk: { type: 'three_d_secure_redirect', stripe_js: url, source: prefixedId('src') },
        }
      : { type: 'redirect_to_url', redirect_to_url: { return_url: returnUrl, url } };
  effect(tx, row, 'requires_action', intent.id, intent.amount);
  tx.put(intents, intent.id, row);
  emit(tx, 'payment_intent.requires_action', intent);
  return ok(intent);
}

/** A charge that the issuer approved: the intent waits for capture, or is paid. */
export function authorize(ctx: StripeContext, tx: Transaction, row: IntentRow, card: CardOnFile): void {
  const { intent } = row;
  const manual = intent.capture_method === 'manual';
  const expiresAt = Date.now() + AUTHORIZATION_DAYS * DAY_MS * ctx.kernel.timeScale;
  const captureBefore = manual ? seconds(expiresAt) : null;
  const charge = newCharge({ row, card, captureBefore });
  intent.latest_charge = charge.id;
  intent.next_action = null;
  intent.last_payment_error = null;
  effect(tx, row, 'authorized', intent.id, intent.amount);
  if (manual) {
    intent.status = 'requires_capture';
    intent.amount_capturable = intent.amount;
    tx.schedule({ id: prefixedId('task'), dueAt: expiresAt, type: 'expire', payload: { intent: intent.id } });
  } else {
    intent.status = 'succeeded';
    intent.amount_received = intent.amount;
    effect(tx, row, 'captured', charge.id, intent.amount);
  }
  tx.put(charges, charge.id, charge);
  tx.put(intents, intent.id, row);
  emit(tx, 'charge.succeeded', charge);
  if (manual) {
    emit(tx, 'payment_intent.amount_capturable_updated', intent);
  } else {
    emit(tx, 'payment_intent.succeeded', intent);
    if (card.behaviour.disputed === true) dispute(tx, row, charge.id);
  }
}

export function dispute(tx: Transaction, row: IntentRow, chargeId: string): void {
  const charge = tx.get(charges, chargeId);
  if (charge === undefined) return;
  const id = prefixedId('dp');
  const opened = {
    id,
    object: 'dispute',
    amount: charge.amount,
    charge: charge.id,
    created: seconds(),
    currency: charge.currency,
    is_charge_refundable: false,
    livemode: false,
    metadata: {},
    payment_intent: row.intent.id,
    reason: 'fraudulent',
    status: 'needs_response',
  };
  tx.put(charges, charge.id, { ...charge, disputed: true });
  tx.put(disputes, id, opened);
  effect(tx, row, 'disputed', id, charge.amount);
  emit(tx, 'charge.dispute.created', opened);
}

/** A decline: 402 with the intent back at `requires_payment_method`. */
export function refused(tx: Transaction, row: IntentRow, card: CardOnFile, decline: Decline): Answer {
  const { intent } = row;
  const charge = newCharge({ row, card, decline, captureBefore: null });
  const method = tx.get(paymentMethods, intent.payment_method ?? '')?.method;
  const unauthenticated = decline.unauthenticated === true;
  const error = {
    type: unauthenticated ? ('invalid_request_error' as const) : ('card_error' as const),
    code: decline.code,
    ...(unauthenticated ? {} : { decline_code: decline.declineCode }),
    message: decline.message,
    charge: charge.id,
    ...(unauthenticated || decline.advice === null ? {} : { advice_code: decline.advice }),
    ...(decline.networkCode === null ? {} : { network_decline_code: decline.networkCode }),
    ...(decline.networkAdvice === null ? {} : { network_advice_code: decline.networkAdvice }),
    payment_method: method,
  };
  intent.latest_charge = charge.id;
  intent.status = 'requires_payment_method';
  intent.payment_method = null;
  intent.next_action = null;
  intent.last_payment_error = error;
  effect(tx, row, 'declined', intent.id, intent.amount);
  tx.put(charges, charge.id, charge);
  tx.put(intents, intent.id, row);
  if (!unauthenticated) emit(tx, 'charge.failed', charge);
  emit(tx, 'payment_intent.payment_failed', intent);
  return errorAnswer(402, { ...error, payment_intent: intent }, true);
}

/** The issuer's word about a challenge. It counts only while the intent still waits for it. */
export function receiveResult(
  ctx: StripeContext,
  tx: Transaction,
  challenge: ChallengeRow,
  result: Authentication,
): void {
  const row = tx.get(intents, challenge.payment);
  if (row?.intent.status !== 'requires_action' || row.challenge !== challenge.id || row.card === null) return;
  authenticated(ctx, tx, row, row.card, result);
}

/** Ends an uncaptured authorization or an unfinished intent. */
export function cancel(tx: Transaction, row: IntentRow, reason: string | null, effectName: string): void {
  const { intent } = row;
  const released = intent.amount_capturable;
  const charge = tx.get(charges, intent.latest_charge ?? '');
  if (released > 0 && charge !== undefined) {
    const amountRefunded = charge.amount_refunded + released;
    tx.put(charges, charge.id, {
      ...charge,
      amount_refunded: amountRefunded,
      refunded: amountRefunded === charge.amount,
    });
  }
  closeChallenge(tx, row.challenge);
  intent.status = 'canceled';
  intent.amount_capturable = 0;
  intent.next_action = null;
  intent.canceled_at = seconds();
  intent.cancellation_reason = reason;
  // Nothing was held, so nothing is given back: only an authorization is voided or expires.
  effect(tx, row, released > 0 ? effectName : 'canceled', intent.id, released > 0 ? released : intent.amount);
  tx.put(intents, intent.id, row);
  emit(tx, 'payment_intent.canceled', intent);
}

export { effect as journalEffect };
