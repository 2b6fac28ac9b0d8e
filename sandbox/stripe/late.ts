// Late success: a payment that was declined, lost or never seen turns out to have gone through after all.
import { closeChallenge } from '../acs/challenge.ts';
import type { Transaction } from '../kernel.ts';
import { Refusal, storedAnswers, swallowed } from '../pipeline.ts';
import type { LateSuccess, LateSuccessRequest } from '../provider.ts';
import { authorize, type StripeContext } from './authorize.ts';
import { publishedPaymentMethod } from './cards.ts';
import { fromMinor } from './currencies.ts';
import { parseForm } from './form.ts';
import { createIntent } from './intents.ts';
import {
  FRESH_ROW,
  type IntentRow,
  intents,
  newIntent,
  newPaymentMethod,
  paymentMethods,
} from './objects.ts';

export function lateSuccess(
  ctx: StripeContext,
  tx: Transaction,
  rows: readonly IntentRow[],
  request: LateSuccessRequest,
): LateSuccess {
  if (rows.some(({ intent }) => intent.status === 'succeeded' || intent.status === 'requires_capture')) {
    return 'already_succeeded';
  }
  const lost = ctx.kernel.store.get(swallowed, request.reference);
  if (rows.length === 0 && lost !== undefined) return succeedSwallowed(ctx, tx, request.reference, lost);
  const row = tx.get(intents, rows.at(-1)?.intent.id ?? '') ?? inventRow(request);
  if (row === undefined) return 'not_found';
  approve(ctx, tx, row);
  return 'succeeded';
}

/** The request that a fault swallowed runs now, and its key answers as if it always had. */
function succeedSwallowed(
  ctx: StripeContext,
  tx: Transaction,
  reference: string,
  lost: Record<string, unknown>,
): LateSuccess {
  const form = parseForm('');
  Object.assign(form, lost.form);
  delete form.payment_method_data;
  const key = typeof lost.key === 'string' ? lost.key : null;
  tx.origin = { idempotencyKey: key, requestId: null };
  try {
    const answer = createIntent(ctx, tx, form);
    tx.put(swallowed, reference, null);
    if (key !== null) {
      const record = {
        key,
        fingerprint: String(lost.fingerprint),
        status: 200,
        body: JSON.stringify(answer.body),
      };
      tx.put(storedAnswers, key, { ...record, requestId: 'req_late', createdAt: Date.now() });
    }
    return 'succeeded';
  } catch (error) {
    if (error instanceof Refusal) return 'not_found';
    throw error;
  }
}

function approve(ctx: StripeContext, tx: Transaction, row: IntentRow): void {
  const approved = publishedPaymentMethod('pm_card_visa');
  const card = row.card === null ? approved : { ...row.card, behaviour: {} };
  if (card === undefined) throw new Error('pm_card_visa is a published payment method');
  const method = newPaymentMethod(card);
  row.intent.payment_method = String(method.method.id);
  row.intent.canceled_at = null;
  row.intent.cancellation_reason = null;
  row.card = card;
  tx.put(paymentMethods, String(method.method.id), method);
  closeChallenge(tx, row.challenge);
  authorize(ctx, tx, row, card);
}

/** A payment that never arrived, made up from what the test says about it. */
function inventRow({ reference, amountMinor, currency, capture }: LateSuccessRequest): IntentRow | undefined {
  if (amountMinor === undefined || currency === undefined) return undefined;
  const intent = newIntent({
    amount: fromMinor(amountMinor, currency),
    currency: currency.toLowerCase(),
    captureMethod: capture === true ? 'automatic' : 'manual',
    metadata: { reference },
    description: null,
    statementDescriptor: null,
    statementDescriptorSuffix: null,
    receiptEmail: null,
    setupFutureUsage: null,
  });
  return { ...FRESH_ROW, intent, reference, createdAtMs: Date.now() };
}
