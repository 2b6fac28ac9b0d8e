// POST /payments: from a request to an authorization, a decline, or a payer who must be sent to 3DS.
import { type ChallengeRow, closeChallenge, openChallenge, pageUrl } from '../acs/challenge.ts';
import { type Authentication, authentication, mayAuthorize, type TransStatus } from '../acs/emv.ts';
import { base32Id } from '../ids.ts';
import type { Transaction } from '../kernel.ts';
import type { Answer } from '../provider.ts';
import { carryOut, newAction } from './actions.ts';
import {
  APPROVED,
  AUTHENTICATION_REQUIRED,
  NOT_ENROLLED_IN_3DS,
  SESSION_EXPIRED,
  UNAUTHENTICATED,
} from './cards.ts';
import { toMinor } from './currencies.ts';
import { type Notifier, notifyPayment } from './events.ts';
import { type ActionRow, actions, isApproved, type PaymentRow, payments } from './objects.ts';
import { buildPayment, type Json } from './request.ts';
import { journalled } from './three-d-secure.ts';
import { requested, type Viewer } from './views.ts';

const DAY_MS = 86_400_000;
const AUTHORIZATION_DAYS = 7;
/** How long a payer has from the request until 3DS must have ended. Before time scale. */
const SESSION_MS = 15 * 60_000;
/** However much waits are scaled, a browser needs some time to follow a redirect. */
const SHORTEST_SESSION_MS = 3_000;

export interface CheckoutContext extends Notifier {
  account: string;
  publicUrl(): string;
}

/** Where the payer of a payment must go; undefined where nobody must. */
export function redirectOf(ctx: CheckoutContext, row: PaymentRow): string | undefined {
  return row.state === 'pending' && row.challenge !== null ? pageUrl(ctx, row.challenge) : undefined;
}

export function createPayment(ctx: CheckoutContext, tx: Transaction, body: Json): Answer {
  const row = buildPayment(body, tx.origin.idempotencyKey);
  const { ares, softDeclined, unsupported } = row.threeDs;
  if (ares !== null) return awaitPayer(ctx, tx, row, ares);
  if (unsupported) row.responseCode = NOT_ENROLLED_IN_3DS;
  else if (softDeclined) row.responseCode = AUTHENTICATION_REQUIRED;
  return decided(ctx, tx, row);
}

function answerWith(status: number, body: Json): Answer {
  return { status, body, store: true };
}

function awaitPayer(ctx: CheckoutContext, tx: Transaction, row: PaymentRow, ares: TransStatus): Answer {
  const { card, amount, currency, reference, id } = row;
  row.challenge = openChallenge(tx, {
    payment: id,
    reference,
    merchant: row.descriptor ?? ctx.account,
    amountMinor: toMinor(amount, currency) ?? amount,
    currency,
    brand: card.scheme,
    last4: card.last4,
    ares,
  });
  journalPayment(tx, row, 'requires_action');
  tx.put(payments, id, row);
  const waitMs = Math.max(SESSION_MS * ctx.kernel.challengeTimeScale, SHORTEST_SESSION_MS);
  const task = { id: base32Id('task'), dueAt: Date.now() + waitMs, type: 'session_expires' };
  tx.schedule({ ...task, payload: { payment: id } });
  notifyPayment(ctx, tx, 'payment_pending', row, undefined);
  return answerWith(202, requested(reading(ctx, tx), row, redirectOf(ctx, row)));
}

/** The issuer's word is journalled, told by webhook, and answered. */
function decided(ctx: CheckoutContext, tx: Transaction, row: PaymentRow): Answer {
  decide(ctx, tx, row);
  return answerWith(201, requested(reading(ctx, tx), row, undefined));
}

/** Answers are made inside the transaction: its own rows are not in the store yet. */
export function reading(ctx: CheckoutContext, tx: Transaction): Viewer {
  const written = tx.drafts.flatMap((draft) =>
    draft.kind === 'state' && draft.table === actions.name ? [draft.value as ActionRow] : [],
  );
  const ids = new Set(written.map(({ id }) => id));
  const actionRows = () => [...ctx.kernel.store.values(actions).filter(({ id }) => !ids.has(id)), ...written];
  return { actionRows, publicUrl: ctx.publicUrl };
}

export function decide(ctx: CheckoutContext, tx: Transaction, row: PaymentRow): void {
  if (isApproved(row.responseCode)) authorize(ctx, tx, row);
  else decline(ctx, tx, row, 'payment_declined');
}

function record(tx: Transaction, row: PaymentRow): ActionRow {
  const action = newAction(row, 'Authorization', { amount: row.amount, reference: row.reference });
  action.responseCode = row.responseCode;
  action.processedAt = Date.now();
  tx.put(actions, action.id, action);
  return action;
}

function decline(ctx: CheckoutContext, tx: Transaction, row: PaymentRow, event: string): void {
  row.state = 'declined';
  journalPayment(tx, row, 'declined');
  tx.put(payments, row.id, row);
  notifyPayment(ctx, tx, event, row, record(tx, row));
}

/** Money is held from here on, until it is captured, voided or expires. */
export function authorize(ctx: CheckoutContext, tx: Transaction, row: PaymentRow): void {
  row.state = 'authorized';
  row.responseCode = APPROVED;
  row.expiresAt = Date.now() + AUTHORIZATION_DAYS * DAY_MS * ctx.kernel.timeScale;
  journalPayment(tx, row, 'authorized');
  tx.put(payments, row.id, row);
  notifyPayment(ctx, tx, 'payment_approved', row, record(tx, row));
  const payload = { payment: row.id };
  tx.schedule({ id: base32Id('task'), dueAt: row.expiresAt, type: 'expire', payload });
  if (row.capture) captureAll(ctx, tx, row);
}

/** As `capture: true` does: in full, without a reference of its own. */
export function captureAll(ctx: CheckoutContext, tx: Transaction, row: PaymentRow): void {
  const action = newAction(row, 'Capture', { amount: row.amount, reference: row.reference });
  tx.put(actions, action.id, action);
  carryOut(ctx, tx, action.id);
}

/** The issuer's report about a challenge. It counts only while the payment still waits for it. */
export function receiveResult(
  ctx: CheckoutContext,
  tx: Transaction,
  challenge: ChallengeRow,
  result: Authentication,
): void {
  const row = tx.get(payments, challenge.payment);
  if (row?.state !== 'pending' || row.challenge !== challenge.id) return;
  row.authentication = result;
  if (mayAuthorize(result)) {
    decide(ctx, tx, row);
    return;
  }
  row.responseCode = result.transStatusReason === '14' ? SESSION_EXPIRED : UNAUTHENTICATED;
  decline(ctx, tx, row, 'payment_authentication_failed');
}

/** Nobody came back from 3DS in time. */
export function expireSession(ctx: CheckoutContext, tx: Transaction, id: string): void {
  const row = tx.get(payments, id);
  if (row?.state !== 'pending') return;
  closeChallenge(tx, row.challenge);
  row.authentication = authentication(row.card.scheme, 'N', { flow: 'challenge', transStatusReason: '14' });
  row.responseCode = SESSION_EXPIRED;
  decline(ctx, tx, row, 'payment_authentication_failed');
}

/** What is still held when an authorization runs out goes back. */
export function expire(ctx: CheckoutContext, tx: Transaction, id: string): void {
  const row = tx.get(payments, id);
  if (row?.state !== 'authorized' || row.finallyCaptured || row.captured === row.amount) return;
  row.state = 'expired';
  journalPayment(tx, row, 'expired', row.amount - row.captured);
  tx.put(payments, id, row);
  notifyPayment(ctx, tx, 'payment_expired', row, undefined);
}

export function journalPayment(tx: Transaction, row: PaymentRow, effect: string, amount = row.amount): void {
  const told = effect === 'authorized' || effect === 'declined' ? journalled(row) : undefined;
  tx.effect(
    {
      effect,
      reference: row.reference,
      providerReference: row.id,
      amountMinor: toMinor(amount, row.currency) ?? amount,
      currency: row.currency,
      ...(told === undefined ? {} : { authentication: told }),
    },
    tx.origin.idempotencyKey ?? row.idempotencyKey,
  );
}
