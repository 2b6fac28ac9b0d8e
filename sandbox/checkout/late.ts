// Late success: a payment that was declined, lost or never seen turns out to have gone through after all.
import { closeChallenge } from '../acs/challenge.ts';
import type { Transaction } from '../kernel.ts';
import { Refusal, storedAnswers, swallowed } from '../pipeline.ts';
import type { LateSuccess, LateSuccessRequest } from '../provider.ts';
import { fromMinor } from './currencies.ts';
import { type PaymentRow, payments } from './objects.ts';
import { authorize, type CheckoutContext, captureAll, createPayment } from './payments.ts';
import { type Json, object, string } from './request.ts';

// Stands in for a card that wasn't kept.
const TEST_CARD = { type: 'card', number: '4242424242424242', expiry_month: 3, expiry_year: 2030 };

export function lateSuccess(
  ctx: CheckoutContext,
  tx: Transaction,
  rows: readonly PaymentRow[],
  request: LateSuccessRequest,
): LateSuccess {
  if (rows.some(({ state }) => state === 'authorized')) return 'already_succeeded';
  const existing = tx.get(payments, rows.at(-1)?.id ?? '');
  if (existing !== undefined) {
    closeChallenge(tx, existing.challenge);
    const automatic = existing.capture;
    authorize(ctx, tx, existing);
    if (request.capture === true && !automatic) captureAll(ctx, tx, existing);
    return 'succeeded';
  }
  const lost = ctx.kernel.store.get(swallowed, request.reference);
  const body = lost === undefined ? inventBody(request) : object(lost.body);
  return body === undefined ? 'not_found' : run(ctx, tx, body, lost);
}

/** A request that never got through, or never came, runs now; its key answers as if it always had. */
function run(
  ctx: CheckoutContext,
  tx: Transaction,
  body: Json,
  lost: Record<string, unknown> | undefined,
): LateSuccess {
  const key = string(lost?.key) ?? null;
  tx.origin = { idempotencyKey: key, requestId: null };
  try {
    const answer = createPayment(ctx, tx, { ...body, source: TEST_CARD, '3ds': { enabled: false } });
    if (key !== null) {
      const stored = { key, fingerprint: String(lost?.fingerprint), status: 201, requestId: 'late' };
      tx.put(storedAnswers, key, { ...stored, body: JSON.stringify(answer.body), createdAt: Date.now() });
    }
    tx.put(swallowed, String(body.reference), null);
    return 'succeeded';
  } catch (error) {
    if (error instanceof Refusal) return 'not_found';
    throw error;
  }
}

function inventBody({ reference, amountMinor, currency, capture }: LateSuccessRequest): Json | undefined {
  if (amountMinor === undefined || currency === undefined) return undefined;
  return { reference, amount: fromMinor(amountMinor, currency), currency, capture: capture === true };
}
