// Captures, voids and refunds. Each is accepted with 202 and carried out a little later: only then is it listed among
// the payment's actions, and told by a webhook. What cannot be carried out at all is refused at once.
import { closeChallenge } from '../acs/challenge.ts';
import { base32Id } from '../ids.ts';
import type { Transaction } from '../kernel.ts';
import type { Answer } from '../provider.ts';
import { ACTION_DECLINED, APPROVED } from './cards.ts';
import { problemOf, toMinor } from './currencies.ts';
import { invalid, notAllowed, notFound } from './errors.ts';
import { notifyAction, notifyPayment } from './events.ts';
import {
  type ActionRow,
  type ActionType,
  actions,
  isApproved,
  type PaymentRow,
  payments,
} from './objects.ts';
import { type CheckoutContext, journalPayment } from './payments.ts';
import { type Json, string } from './request.ts';

export type Asked = Exclude<ActionType, 'Authorization'>;

export function newAction(
  row: PaymentRow,
  type: ActionType,
  fields: { amount: number; reference: string | null; final?: boolean; idempotencyKey?: string | null },
): ActionRow {
  const { amount, reference, final = true, idempotencyKey = row.idempotencyKey } = fields;
  const fresh = { responseCode: null, processedAt: null };
  return { id: base32Id('act'), payment: row.id, type, amount, reference, final, idempotencyKey, ...fresh };
}

/** The amount asked for, or what is left. */
function amountIn(body: Json, left: number, currency: string, tooMuch: string): number {
  if (body.amount === undefined) return left;
  if (typeof body.amount !== 'number' || problemOf(body.amount, currency) !== undefined)
    throw invalid('amount_invalid');
  if (body.amount > left) throw invalid(tooMuch);
  return body.amount;
}

/** What is asked for and not carried out yet counts, so that two at once can't take more than there is. */
function inProgress(ctx: CheckoutContext, row: PaymentRow, type: Asked): number {
  const waiting = ctx.kernel.store
    .values(actions)
    .filter((each) => each.payment === row.id && each.type === type && each.processedAt === null);
  return waiting.reduce((sum, { amount }) => sum + amount, 0);
}

function allowed(ctx: CheckoutContext, row: PaymentRow, type: Asked, body: Json): number {
  const { currency } = row;
  if (type === 'Void') {
    const open = row.state === 'pending' || (row.state === 'authorized' && row.captured === 0);
    if (!open || inProgress(ctx, row, 'Capture') > 0) throw notAllowed('void_not_allowed');
    return row.amount;
  }
  if (type === 'Capture') {
    if (row.state !== 'authorized' || row.finallyCaptured) throw notAllowed('capture_not_allowed');
    const left = row.amount - row.captured - inProgress(ctx, row, type);
    return amountIn(body, left, currency, 'capture_value_greater_than_remaining_authorized');
  }
  const left = row.captured - row.refunded - inProgress(ctx, row, type);
  if (row.captured === 0) throw notAllowed('refund_not_allowed');
  return amountIn(body, left, currency, 'refund_amount_exceeds_balance');
}

/** Accepts an action: durable before it is answered, carried out by a task. */
export function acceptAction(
  ctx: CheckoutContext,
  tx: Transaction,
  id: string,
  type: Asked,
  body: Json,
): Answer {
  const row = tx.get(payments, id);
  if (row === undefined) throw notFound();
  const action = newAction(row, type, {
    amount: allowed(ctx, row, type, body),
    reference: string(body.reference) ?? null,
    final: body.capture_type !== 'NonFinal',
    idempotencyKey: tx.origin.idempotencyKey,
  });
  tx.put(actions, action.id, action);
  const dueAt = Date.now() + ctx.kernel.settleDelayMs;
  tx.schedule({ id: base32Id('task'), dueAt, type: 'act', payload: { action: action.id } });
  const answer = {
    action_id: action.id,
    ...(action.reference === null ? {} : { reference: action.reference }),
    _links: { payment: { href: `${ctx.publicUrl()}/payments/${id}` } },
  };
  return { status: 202, body: answer, store: true };
}

/** An accepted action comes to its end. */
export function carryOut(ctx: CheckoutContext, tx: Transaction, id: string): void {
  const action = tx.get(actions, id);
  const row = tx.get(payments, action?.payment ?? '');
  if (action === undefined || row === undefined || action.processedAt !== null) return;
  const outcome = { Capture: capture, Void: release, Refund: refund, Authorization: () => APPROVED };
  action.responseCode = outcome[action.type](tx, row, action);
  action.processedAt = Date.now();
  tx.put(actions, id, action);
  tx.put(payments, row.id, row);
  if (action.type === 'Void' && row.state === 'canceled')
    notifyPayment(ctx, tx, 'payment_canceled', row, action);
  else notifyAction(ctx, tx, row, action);
}

function journal(tx: Transaction, row: PaymentRow, action: ActionRow, effect: string): void {
  tx.effect(
    {
      effect,
      reference: row.reference,
      operationReference: action.reference,
      providerReference: action.id,
      parentReference: row.id,
      amountMinor: toMinor(action.amount, row.currency) ?? action.amount,
      currency: row.currency,
    },
    action.idempotencyKey,
  );
}

function capture(tx: Transaction, row: PaymentRow, action: ActionRow): string {
  const open = row.state === 'authorized' && row.captured + action.amount <= row.amount;
  if (row.fails === 'capture' || !open) return ACTION_DECLINED;
  row.captured += action.amount;
  row.finallyCaptured = action.final || row.captured === row.amount;
  journal(tx, row, action, 'captured');
  return APPROVED;
}

/** An authorization is given back; a payment that waits for its payer is ended before anything was held. */
function release(tx: Transaction, row: PaymentRow, action: ActionRow): string {
  if (row.state === 'pending') {
    closeChallenge(tx, row.challenge);
    row.state = 'canceled';
    journalPayment(tx, row, 'canceled');
    return APPROVED;
  }
  if (row.state !== 'authorized' || row.captured > 0) return ACTION_DECLINED;
  row.state = 'voided';
  journal(tx, row, action, 'voided');
  return APPROVED;
}

function refund(tx: Transaction, row: PaymentRow, action: ActionRow): string {
  if (row.fails === 'refund' || row.refunded + action.amount > row.captured) return ACTION_DECLINED;
  row.refunded += action.amount;
  journal(tx, row, action, 'refunded');
  return APPROVED;
}

/** A refund that had been made comes back: the scheme could not deliver it. */
export function takeRefundBack(tx: Transaction, id: string): boolean {
  const action = tx.get(actions, id);
  const row = tx.get(payments, action?.payment ?? '');
  if (action?.type !== 'Refund' || row === undefined || !isApproved(action.responseCode)) return false;
  row.refunded -= action.amount;
  action.responseCode = ACTION_DECLINED;
  tx.put(payments, row.id, row);
  tx.put(actions, id, action);
  journal(tx, row, action, 'refund_failed');
  return true;
}
