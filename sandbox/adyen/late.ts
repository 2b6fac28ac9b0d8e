// Late success: a payment that was refused, lost or never seen turns out to have gone through after all.
import { closeChallenge } from '../acs/challenge.ts';
import type { Transaction } from '../kernel.ts';
import { Refusal, storedAnswers, swallowed } from '../pipeline.ts';
import type { LateSuccess, LateSuccessRequest } from '../provider.ts';
import { fromMinor } from './currencies.ts';
import { type PaymentRow, payments } from './objects.ts';
import { type AdyenContext, authorise, captureAll, finish } from './payments.ts';
import { buildPayment, type Json, object, string } from './request.ts';

// Stands in for a card that wasn't kept. Adyen publishes it for tests.
const TEST_CARD = { type: 'scheme', number: '4111111111111111', expiryMonth: '03', expiryYear: '2030' };

export function lateSuccess(
  ctx: AdyenContext,
  tx: Transaction,
  rows: readonly PaymentRow[],
  request: LateSuccessRequest,
): LateSuccess {
  if (rows.some(({ state }) => state === 'authorised')) return 'already_succeeded';
  const existing = tx.get(payments, rows.at(-1)?.pspReference ?? '');
  if (existing !== undefined) {
    closeChallenge(tx, existing.challenge);
    authorise(ctx, tx, existing);
    if (request.capture === true) captureAll(tx, existing);
    return 'succeeded';
  }
  const lost = ctx.kernel.store.get(swallowed, request.reference);
  const body = lost === undefined ? inventBody(ctx, request) : object(lost.body);
  return body === undefined ? 'not_found' : run(ctx, tx, body, lost);
}

/** A request that never got through, or never came, runs now; its key answers as if it always had. */
function run(
  ctx: AdyenContext,
  tx: Transaction,
  body: Json,
  lost: Record<string, unknown> | undefined,
): LateSuccess {
  const key = string(lost?.key) ?? null;
  try {
    const answer = finish(ctx, tx, buildPayment({ ...body, paymentMethod: TEST_CARD }, key));
    if (key !== null) {
      const stored = { key, fingerprint: String(lost?.fingerprint), status: 200, requestId: 'late' };
      tx.put(storedAnswers, key, { ...stored, body: JSON.stringify(answer.body), createdAt: Date.now() });
    }
    tx.put(swallowed, String(body.reference), null);
    return 'succeeded';
  } catch (error) {
    if (error instanceof Refusal) return 'not_found';
    throw error;
  }
}

function inventBody(ctx: AdyenContext, request: LateSuccessRequest): Json | undefined {
  const { reference, amountMinor, currency, capture } = request;
  if (amountMinor === undefined || currency === undefined) return undefined;
  return {
    reference,
    amount: { value: fromMinor(amountMinor, currency), currency },
    returnUrl: 'https://merchant.example/return',
    merchantAccount: ctx.account,
    ...(capture === true ? { captureDelayHours: 0 } : {}),
  };
}
