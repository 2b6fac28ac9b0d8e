// Late success: a payment that was declined, lost or never seen turns out to have gone through after all.
import { closeChallenge } from '../../../../sandbox/acs/challenge.ts';
import type { Transaction } from '../../../../sandbox/kernel.ts';
import { Refusal, storedAnswers, swallowed } from '../../../../sandbox/pipeline.ts';
import type { LateSuccess, LateSuccessRequest } from '../../../../sandbox/provider.ts';
import { type PaymentRow, payments } from './objects.ts';
import { authorize, type Context, createPayment } from './payments.ts';
import { object, string } from './request.ts';

/** Stands in for a card that wasn't kept. */
const TEST_CARD = { number: '4111111111111111', expiry_month: 3, expiry_year: 2099 };

export function lateSuccess(
  ctx: Context,
  tx: Transaction,
  rows: readonly PaymentRow[],
  request: LateSuccessRequest,
): LateSuccess {
  if (rows.some(({ status }) => status === 'authorized' || status === 'captured')) return 'already_succeeded';
  const existing = tx.get(payments, rows.at(-1)?.id ?? '');
  if (existing !== undefined) {
    closeChallenge(tx, existing.challenge);
    authorize(ctx, tx, existing);
    return 'succeeded';
  }
  const lost = tx.get(swallowed, request.reference);
  const { reference, amountMinor: amount, currency, capture } = request;
  const invented = amount === undefined ? undefined : { reference, amount, currency, capture };
  const body = object(lost?.body) ?? invented;
  if (body === undefined) return 'not_found';
  try {
    const key = string(lost?.key) ?? null;
    tx.origin = { idempotencyKey: key, requestId: null };
    const answer = createPayment(ctx, tx, { ...body, card: TEST_CARD });
    tx.put(swallowed, reference, null);
    if (key === null) return 'succeeded';
    // The lost request's key answers as if it always had.
    const stored = { key, fingerprint: String(lost?.fingerprint), status: answer.status, requestId: 'late' };
    tx.put(storedAnswers, key, { ...stored, body: JSON.stringify(answer.body), createdAt: Date.now() });
    return 'succeeded';
  } catch (error) {
    if (error instanceof Refusal) return 'not_found';
    throw error;
  }
}
