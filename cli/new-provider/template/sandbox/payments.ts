// What happens to payments: authorized or declined, challenged, captured, voided, refunded, expired.
import {
  type ChallengeRow,
  closeChallenge,
  openChallenge,
  pageUrl,
} from '../../../../sandbox/acs/challenge.ts';
import { type Authentication, authentication, mayAuthorize } from '../../../../sandbox/acs/emv.ts';
import { prefixedId } from '../../../../sandbox/ids.ts';
import type { Kernel, Transaction } from '../../../../sandbox/kernel.ts';
import type { Answer } from '../../../../sandbox/provider.ts';
import { notifyOperation, notifyPayment } from './events.ts';
import {
  describeOperation,
  describePayment,
  type OperationRow,
  type OperationType,
  operations,
  type PaymentRow,
  payments,
} from './objects.ts';
import { type Json, readMoney, readPayment, refuse, string } from './request.ts';

export const AUTHORIZATION_LIFETIME_MS = 7 * 86_400_000;

export interface Context {
  readonly kernel: Kernel;
  readonly account: string;
  publicUrl(): string;
}

export function shown(ctx: Context, row: PaymentRow): Json {
  return describePayment(row, row.challenge === null ? null : pageUrl(ctx, row.challenge));
}

export function createPayment(ctx: Context, tx: Transaction, body: Json): Answer {
  const lifetimeMs = AUTHORIZATION_LIFETIME_MS * ctx.kernel.timeScale;
  const { row, plan } = readPayment(body, tx.origin.idempotencyKey, lifetimeMs);
  const { ares, browserFirst } = plan;
  if (ares === null) finish(ctx, tx, row);
  else if (ares !== 'C' && !browserFirst) {
    row.authentication = authentication(row.card.brand, ares);
    finish(ctx, tx, row);
  } else {
    const { id: payment, reference, amount: amountMinor, currency, card } = row;
    const page = { payment, reference, merchant: ctx.account, amountMinor, currency, ares, ...card };
    row.challenge = openChallenge(tx, page);
    journal(tx, row, 'requires_action');
    tx.put(payments, row.id, row);
  }
  return { status: 201, body: shown(ctx, row), store: true };
}

/** The issuer's report about a challenge. The payment may have been canceled meanwhile. */
export function receiveResult(
  ctx: Context,
  tx: Transaction,
  challenge: ChallengeRow,
  result: Authentication,
): void {
  const row = tx.get(payments, challenge.payment);
  if (row?.status !== 'requires_action') return;
  row.authentication = result;
  finish(ctx, tx, row);
}

/** The issuer's word: money is held, or it is not. */
export function finish(ctx: Context, tx: Transaction, row: PaymentRow): void {
  const { authentication: told } = row;
  if (told !== null && !mayAuthorize(told))
    row.decline = told.transStatus === 'R' ? 'authentication_rejected' : 'authentication_failed';
  if (row.decline === null) {
    authorize(ctx, tx, row);
    return;
  }
  row.status = 'declined';
  journal(tx, row, 'declined');
  tx.put(payments, row.id, row);
  notifyPayment(tx, row, shown(ctx, row));
}

export function authorize(ctx: Context, tx: Transaction, row: PaymentRow): void {
  row.status = 'authorized';
  row.decline = null;
  journal(tx, row, 'authorized');
  if (row.capture) {
    row.status = 'captured';
    row.captured = row.amount;
    journal(tx, row, 'captured');
  } else {
    const payload = { payment: row.id };
    tx.schedule({ id: prefixedId('task'), dueAt: row.captureBefore, type: 'expire', payload });
  }
  tx.put(payments, row.id, row);
  notifyPayment(tx, row, shown(ctx, row));
}

/** What was not captured in time goes back to the cardholder. */
export function expire(ctx: Context, tx: Transaction, id: string): void {
  const row = tx.get(payments, id);
  if (row?.status !== 'authorized') return;
  row.status = row.captured > 0 ? 'captured' : 'expired';
  journal(tx, row, 'expired', row.amount - row.captured);
  tx.put(payments, row.id, row);
  notifyPayment(tx, row, shown(ctx, row));
}

/** How each operation changes its payment; throws where it cannot be done. */
const CHANGES: Readonly<Record<OperationType, (tx: Transaction, row: PaymentRow, body: Json) => number>> = {
  capture: (_tx, row, body) => {
    const amount = amountOf(row, body);
    if (row.status !== 'authorized') throw refuse('wrong_state');
    if (amount > row.amount - row.captured) throw refuse('amount_too_large');
    row.captured += amount;
    if (body.final !== false || row.captured === row.amount) row.status = 'captured';
    return amount;
  },
  void: (tx, row) => {
    const held = row.status === 'authorized' && row.captured === 0;
    if (!held && row.status !== 'requires_action') throw refuse('wrong_state');
    closeChallenge(tx, row.challenge);
    row.status = 'voided';
    return row.amount;
  },
  refund: (_tx, row, body) => {
    const amount = amountOf(row, body);
    if (amount > row.captured - row.refunded) throw refuse('amount_too_large');
    row.refunded += amount;
    return amount;
  },
};

const EFFECTS = { capture: 'captured', void: 'voided', refund: 'refunded' } as const;

function amountOf(row: PaymentRow, body: Json): number {
  const { amount, currency } = readMoney(body);
  if (currency !== row.currency) throw refuse('wrong_currency');
  return amount;
}

export function operate(
  ctx: Context,
  tx: Transaction,
  { type, payment, body }: { type: OperationType; payment: string; body: Json },
): Answer {
  const row = tx.get(payments, payment);
  const reference = string(body.reference);
  if (row === undefined) throw refuse('no_such_payment');
  if (reference === undefined) throw refuse('missing_reference');
  const challenged = row.status === 'requires_action';
  const amount = CHANGES[type](tx, row, body);
  const { id, currency } = row;
  const made: OperationRow = { id: prefixedId('op'), type, payment: id, reference, amount, currency };
  tx.put(payments, id, row);
  tx.put(operations, made.id, made);
  tx.effect({
    effect: challenged ? 'canceled' : EFFECTS[type],
    reference: row.reference,
    operationReference: reference,
    providerReference: made.id,
    parentReference: id,
    amountMinor: amount,
    currency,
  });
  notifyOperation(tx, made);
  if (type !== 'refund') notifyPayment(tx, row, shown(ctx, row));
  return { status: 201, body: describeOperation(made), store: true };
}

function journal(tx: Transaction, row: PaymentRow, effect: string, amountMinor = row.amount): void {
  const { reference, id: providerReference, currency, authentication: told, exemption } = row;
  const decided = effect === 'authorized' || effect === 'declined';
  const tried = told ?? (exemption === null ? undefined : { exemption });
  tx.effect(
    {
      effect,
      reference,
      providerReference,
      amountMinor,
      currency,
      ...(decided && tried !== undefined ? { authentication: tried } : {}),
    },
    tx.origin.idempotencyKey ?? row.idempotencyKey,
  );
}
