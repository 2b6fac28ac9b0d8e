// Captures, cancels, refunds and reversals. Each answers `received` at once and settles a little later, told
// by a webhook whose `success` is the real answer: money moves when it settles, not when it is received.
import { closeChallenge } from '../acs/challenge.ts';
import { prefixedId, pspReference } from '../ids.ts';
import type { Transaction } from '../kernel.ts';
import type { Answer } from '../provider.ts';
import { toMinor } from './currencies.ts';
import { invalid } from './errors.ts';
import { notify } from './notifications.ts';
import {
  type Amount,
  type ModificationRow,
  type ModificationType,
  modifications,
  type PaymentRow,
  payments,
} from './objects.ts';
import { CANCELLED } from './outcomes.ts';
import { type AdyenContext, journalPayment } from './payments.ts';
import { checkAmount, checkFields, type Json, string } from './request.ts';

/** How long after authorization a cancel by the merchant's own reference works. Before time scale. */
const TECHNICAL_CANCEL_WINDOW_MS = 86_400_000;

const CANCEL_FIELDS = new Set(['applicationInfo', 'merchantAccount', 'reference']);
const FIELDS: Readonly<Record<ModificationType, ReadonlySet<string>>> = {
  capture: new Set(
    `amount applicationInfo enhancedSchemeData lineItems merchantAccount platformChargebackLogic
    reference splits subMerchants`.split(/\s+/),
  ),
  cancel: CANCEL_FIELDS,
  technical_cancel: new Set([...CANCEL_FIELDS, 'paymentReference']),
  refund: new Set(
    `amount applicationInfo capturePspReference enhancedSchemeData lineItems merchantAccount
    merchantRefundReason reference splits store`.split(/\s+/),
  ),
  reversal: CANCEL_FIELDS,
};

interface Asked {
  type: ModificationType;
  payment: string | null;
  paymentReference: string | null;
}

/** Accepts a modification: durable before it is answered, settled by a task. */
export function receiveModification(ctx: AdyenContext, tx: Transaction, body: Json, asked: Asked): Answer {
  checkFields('ModificationRequest', body, FIELDS[asked.type]);
  const payment = asked.payment === null ? undefined : tx.get(payments, asked.payment);
  if (asked.payment !== null && payment === undefined) {
    throw invalid('167', 'Original pspReference required for this operation');
  }
  if (asked.type === 'technical_cancel' && asked.paymentReference === null) {
    throw invalid('130', "Required field 'paymentReference' is not provided.");
  }
  const amount = asked.type === 'capture' || asked.type === 'refund' ? checkAmount(body) : null;
  const row: ModificationRow = {
    pspReference: pspReference(),
    ...asked,
    amount,
    reference: string(body.reference) ?? null,
    idempotencyKey: tx.origin.idempotencyKey,
  };
  tx.put(modifications, row.pspReference, row);
  tx.schedule({
    id: prefixedId('task'),
    dueAt: Date.now() + ctx.kernel.settleDelayMs,
    type: 'modify',
    payload: { modification: row.pspReference },
  });
  const answer = {
    ...(amount === null ? {} : { amount }),
    merchantAccount: ctx.account,
    ...(asked.payment === null
      ? { paymentReference: asked.paymentReference }
      : { paymentPspReference: asked.payment }),
    pspReference: row.pspReference,
    ...(row.reference === null ? {} : { reference: row.reference }),
    status: 'received',
  };
  return { status: 201, body: answer, store: true };
}

interface Settlement {
  ctx: AdyenContext;
  tx: Transaction;
  row: ModificationRow;
}

type Verdict = { success: true } | { success: false; reason: string };

const WRONG_STATE: Verdict = { success: false, reason: 'Transaction in wrong state' };
const TOO_MUCH: Verdict = { success: false, reason: 'Insufficient balance on payment' };

/** A received modification comes to its end. */
export function settleModification(
  ctx: AdyenContext,
  tx: Transaction,
  id: string,
  byReference: (reference: string) => PaymentRow[],
): void {
  const row = tx.get(modifications, id);
  if (row === undefined) return;
  const settlement = { ctx, tx, row };
  if (row.type === 'technical_cancel') {
    settleTechnicalCancel(settlement, byReference(row.paymentReference ?? ''));
    return;
  }
  const payment = tx.get(payments, row.payment ?? '');
  if (payment === undefined) return;
  if (row.type === 'capture') tell(settlement, payment, 'CAPTURE', capture(settlement, payment));
  else if (row.type === 'cancel') tell(settlement, payment, 'CANCELLATION', release(settlement, payment));
  else if (row.type === 'refund')
    tell(settlement, payment, 'REFUND', refund(settlement, payment, row.amount));
  else reverse(settlement, payment);
}

function journal({ tx, row }: Settlement, payment: PaymentRow, effect: string, value: number): void {
  const { currency } = payment.amount;
  tx.effect(
    {
      effect,
      reference: payment.reference,
      operationReference: row.reference,
      providerReference: row.pspReference,
      parentReference: payment.pspReference,
      amountMinor: toMinor(value, currency) ?? value,
      currency,
    },
    row.idempotencyKey,
  );
}

function capture(settlement: Settlement, payment: PaymentRow): Verdict {
  const { tx, row, ctx } = settlement;
  const value = row.amount?.value ?? 0;
  if (payment.state !== 'authorised' || row.amount?.currency !== payment.amount.currency) return WRONG_STATE;
  if (payment.captured + value > payment.amount.value) return TOO_MUCH;
  payment.captured += value;
  tx.put(payments, payment.pspReference, payment);
  journal(settlement, payment, 'captured', value);
  if (payment.fails === 'capture') takeBack(ctx, tx, row, 'capture_fails');
  return { success: true };
}

function release(settlement: Settlement, payment: PaymentRow): Verdict {
  if (payment.state !== 'authorised' || payment.captured > 0) return WRONG_STATE;
  payment.state = 'cancelled';
  settlement.tx.put(payments, payment.pspReference, payment);
  journal(settlement, payment, 'voided', payment.amount.value);
  return { success: true };
}

function refund(settlement: Settlement, payment: PaymentRow, amount: Amount | null): Verdict {
  const { tx, row, ctx } = settlement;
  const value = amount?.value ?? payment.captured - payment.refunded;
  if (payment.captured === 0 || (amount !== null && amount.currency !== payment.amount.currency))
    return WRONG_STATE;
  if (value <= 0 || payment.refunded + value > payment.captured) return TOO_MUCH;
  payment.refunded += value;
  tx.put(payments, payment.pspReference, payment);
  journal(settlement, payment, 'refunded', value);
  if (payment.fails === 'refund') takeBack(ctx, tx, row, 'refund_fails');
  if (payment.fails === 'reversal') takeBack(ctx, tx, row, 'refund_is_reversed');
  return { success: true };
}

/** Cancel or refund, whichever the payment's state allows. */
function reverse(settlement: Settlement, payment: PaymentRow): void {
  const action = payment.captured > 0 ? 'refund' : 'cancel';
  const verdict = action === 'refund' ? refund(settlement, payment, null) : release(settlement, payment);
  tell(settlement, payment, 'CANCEL_OR_REFUND', verdict, { 'modification.action': action });
}

/**
 * Every open authorization under the merchant's reference is released. A challenge that nobody finished is
 * closed as well, so that it can't become a charge later.
 */
function settleTechnicalCancel(settlement: Settlement, found: readonly PaymentRow[]): void {
  const { ctx, tx, row } = settlement;
  const oldest = Date.now() - TECHNICAL_CANCEL_WINDOW_MS * ctx.kernel.timeScale;
  const recent = found.filter((payment) => payment.createdAt >= oldest);
  const open = recent.filter(
    ({ state, captured }) => (state === 'authorised' && captured === 0) || state === 'challenge',
  );
  for (const { pspReference: id } of open) {
    const payment = tx.get(payments, id);
    if (payment === undefined) continue;
    if (payment.state === 'challenge') {
      payment.state = 'cancelled';
      payment.outcome = CANCELLED;
      closeChallenge(tx, payment.challenge);
      tx.put(payments, id, payment);
      journalPayment(tx, payment, 'canceled');
    } else {
      release(settlement, payment);
    }
    tell(settlement, payment, 'TECHNICAL_CANCEL', { success: true });
  }
  if (open.length > 0) return;
  const last = recent.at(-1);
  if (last !== undefined) {
    tell(settlement, last, 'TECHNICAL_CANCEL', WRONG_STATE);
    return;
  }
  notify(ctx, tx, {
    eventCode: 'TECHNICAL_CANCEL',
    amount: { value: 0, currency: 'EUR' },
    merchantReference: row.paymentReference ?? '',
    pspReference: row.pspReference,
    success: false,
    reason: 'Transaction not found',
    additionalData: modificationReference(row),
  });
}

function modificationReference(row: ModificationRow): Record<string, string> {
  return row.reference === null ? {} : { modificationMerchantReferences: row.reference };
}

function tell(
  { ctx, tx, row }: Settlement,
  payment: PaymentRow,
  eventCode: string,
  verdict: Verdict,
  additionalData: Record<string, string> = {},
): void {
  notify(ctx, tx, {
    eventCode,
    amount: row.amount ?? payment.amount,
    merchantReference: payment.reference,
    pspReference: row.pspReference,
    originalReference: payment.pspReference,
    success: verdict.success,
    reason: verdict.success ? '' : verdict.reason,
    paymentMethod: payment.card.brand,
    additionalData: { ...modificationReference(row), ...additionalData },
  });
}

function takeBack(ctx: AdyenContext, tx: Transaction, row: ModificationRow, type: string): void {
  const dueAt = Date.now() + ctx.kernel.settleDelayMs;
  tx.schedule({ id: prefixedId('task'), dueAt, type, payload: { modification: row.pspReference } });
}

const TAKEN_BACK = {
  capture: 'CAPTURE_FAILED',
  refund: 'REFUND_FAILED',
  reversal: 'REFUNDED_REVERSED',
} as const;

/** A capture or refund that succeeded is undone by the scheme afterwards. */
export function failAfterwards(
  ctx: AdyenContext,
  tx: Transaction,
  id: string,
  what: keyof typeof TAKEN_BACK,
): void {
  const row = tx.get(modifications, id);
  const payment = tx.get(payments, row?.payment ?? '');
  if (row === undefined || payment === undefined) return;
  const value = row.amount?.value ?? payment.amount.value;
  if (what === 'capture') payment.captured -= value;
  else payment.refunded -= value;
  const settlement = { ctx, tx, row };
  tx.put(payments, payment.pspReference, payment);
  journal(settlement, payment, what === 'capture' ? 'capture_failed' : 'refund_failed', value);
  tell(settlement, payment, TAKEN_BACK[what], { success: true });
}

/** What is still held when an authorization runs out goes back. */
export function expire(ctx: AdyenContext, tx: Transaction, id: string): void {
  const payment = tx.get(payments, id);
  if (payment === undefined || payment.state !== 'authorised' || payment.captured === payment.amount.value)
    return;
  const held = payment.amount.value - payment.captured;
  payment.state = 'expired';
  tx.put(payments, id, payment);
  journalPayment(tx, payment, 'expired', held);
  notify(ctx, tx, {
    eventCode: 'EXPIRE',
    amount: { value: held, currency: payment.amount.currency },
    merchantReference: payment.reference,
    pspReference: pspReference(),
    originalReference: payment.pspReference,
    success: true,
    paymentMethod: payment.card.brand,
  });
}
