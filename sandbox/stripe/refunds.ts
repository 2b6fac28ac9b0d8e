// Refunds: immediate for most cards, later for the two test cards that say so.
import { prefixedId } from '../ids.ts';
import type { Task, Transaction } from '../kernel.ts';
import { Refusal } from '../pipeline.ts';
import type { Answer } from '../provider.ts';
import { ok, type StripeContext } from './authorize.ts';
import { checkPartAmount, toMinor } from './currencies.ts';
import { errorAnswer, invalid, missing, notFound } from './errors.ts';
import { emit } from './events.ts';
import { type Form, list, metadataOf, text } from './form.ts';
import { checkParameters } from './intents.ts';
import { type Charge, charges, type IntentRow, intents, type Refund, refunds, seconds } from './objects.ts';

const PARAMETERS = new Set(
  `amount charge currency customer expand instructions_email metadata origin payment_intent reason
  refund_application_fee reverse_transfer`.split(/\s+/),
);
const REASONS = ['duplicate', 'fraudulent', 'requested_by_customer'];

function findCharge(tx: Transaction, form: Form): { charge: Charge; row: IntentRow } {
  const intentId = text(form, 'payment_intent');
  const chargeId = text(form, 'charge');
  if (intentId === undefined && chargeId === undefined) throw missing('payment_intent');
  const row = intentId === undefined ? undefined : tx.get(intents, intentId);
  if (intentId !== undefined && row === undefined)
    throw notFound('payment_intent', intentId, 'payment_intent');
  const charge = tx.get(charges, chargeId ?? row?.intent.latest_charge ?? '');
  if (charge === undefined && chargeId !== undefined) throw notFound('charge', chargeId, 'charge');
  const owner = row ?? tx.get(intents, charge?.payment_intent ?? '');
  if (charge === undefined || owner === undefined || charge.amount_captured === 0) {
    throw invalid(
      `This PaymentIntent (${intentId}) does not have a successful charge to refund.`,
      'payment_intent',
    );
  }
  return { charge, row: owner };
}

export function createRefund(ctx: StripeContext, tx: Transaction, form: Form): Answer {
  checkParameters(form, PARAMETERS);
  const { charge, row } = findCharge(tx, form);
  const reason = text(form, 'reason') ?? null;
  if (reason !== null && !REASONS.includes(reason)) throw invalid(`Invalid reason: ${reason}`, 'reason');
  const left = charge.amount_captured - row.refunded;
  if (left === 0) {
    const message = `Charge ${charge.id} has already been refunded.`;
    const fields = { type: 'invalid_request_error' as const, code: 'charge_already_refunded', message };
    throw new Refusal(errorAnswer(400, fields, true));
  }
  if (charge.disputed) {
    throw invalid(
      `Charge ${charge.id} has been charged back; cannot issue a refund.`,
      'charge',
      'charge_disputed',
    );
  }
  const amount = checkPartAmount(text(form, 'amount'), charge.currency, 'amount') ?? left;
  if (amount > left) {
    const message = `Refund amount (${amount}) is greater than unrefunded amount on charge (${left})`;
    throw invalid(message, 'amount');
  }
  const behaviour = row.card?.behaviour.refund;
  const refund = newRefund(charge, amount, reason, metadataOf(form));
  refund.status = behaviour === 'pending' ? 'pending' : 'succeeded';
  journal(tx, row, refund, behaviour === 'pending' ? 'refund_pending' : 'refunded');
  charge.amount_refunded += amount;
  row.refunded += amount;
  charge.refunded = charge.amount_refunded === charge.amount;
  tx.put(refunds, refund.id, refund);
  tx.put(charges, charge.id, charge);
  tx.put(intents, row.intent.id, row);
  emit(tx, 'charge.refunded', charge);
  emit(tx, 'refund.created', refund);
  if (behaviour !== undefined) {
    const payload = { refund: refund.id, key: tx.origin.idempotencyKey };
    const dueAt = Date.now() + ctx.kernel.settleDelayMs;
    const type = behaviour === 'pending' ? 'refund_succeeds' : 'refund_fails';
    tx.schedule({ id: prefixedId('task'), dueAt, type, payload });
  }
  return ok(withExpanded(tx, refund, form));
}

function withExpanded(tx: Transaction, refund: Refund, form: Form): Record<string, unknown> {
  const wanted = new Set(list(form, 'expand'));
  const copy: Record<string, unknown> = { ...refund };
  if (wanted.has('charge')) copy.charge = tx.get(charges, refund.charge);
  if (wanted.has('payment_intent')) copy.payment_intent = tx.get(intents, refund.payment_intent)?.intent;
  return copy;
}

function newRefund(
  charge: Charge,
  amount: number,
  reason: string | null,
  metadata: Record<string, string>,
): Refund {
  return {
    id: prefixedId('re'),
    object: 'refund',
    amount,
    balance_transaction: prefixedId('txn'),
    charge: charge.id,
    created: seconds(),
    currency: charge.currency,
    destination_details: {
      card: { reference_status: 'pending', reference_type: 'acquirer_reference_number', type: 'refund' },
      type: 'card',
    },
    metadata,
    payment_intent: charge.payment_intent,
    reason,
    receipt_number: null,
    source_transfer_reversal: null,
    status: 'succeeded',
    transfer_reversal: null,
  };
}

function journal(
  tx: Transaction,
  row: IntentRow,
  refund: Refund,
  name: string,
  key = tx.origin.idempotencyKey,
): void {
  tx.effect(
    {
      effect: name,
      reference: row.reference,
      operationReference: Object.values(refund.metadata)[0] ?? null,
      providerReference: refund.id,
      parentReference: row.intent.id,
      amountMinor: toMinor(refund.amount, refund.currency),
      currency: refund.currency.toUpperCase(),
    },
    key,
  );
}

/** A refund reaches its end after the answer was given. */
export function settleRefund(tx: Transaction, task: Task): void {
  const refund = tx.get(refunds, String(task.payload.refund));
  const charge = tx.get(charges, refund?.charge ?? '');
  const row = tx.get(intents, refund?.payment_intent ?? '');
  if (refund === undefined || charge === undefined || row === undefined) return;
  const key = typeof task.payload.key === 'string' ? task.payload.key : null;
  if (task.type === 'refund_succeeds') {
    refund.status = 'succeeded';
    journal(tx, row, refund, 'refunded', key);
  } else {
    refund.status = 'failed';
    refund.failure_reason = 'expired_or_canceled_card';
    refund.failure_balance_transaction = prefixedId('txn');
    charge.amount_refunded -= refund.amount;
    charge.refunded = false;
    row.refunded -= refund.amount;
    tx.put(intents, row.intent.id, row);
    journal(tx, row, refund, 'refund_failed', key);
    tx.put(charges, charge.id, charge);
  }
  tx.put(refunds, refund.id, refund);
  emit(tx, 'refund.updated', refund);
  emit(tx, 'charge.refund.updated', refund);
  if (refund.status === 'failed') emit(tx, 'refund.failed', refund);
}

export function retrieveRefund(tx: Transaction, id: string, form: Form): Answer {
  const refund = tx.get(refunds, id);
  if (refund === undefined) throw notFound('refund', id, 'id');
  return ok(withExpanded(tx, refund, form));
}
