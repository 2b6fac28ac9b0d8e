// POST /payments and /payments/details: from a request to an authorization, a refusal or a challenge.
import { prefixedId } from '../ids.ts';
import type { Transaction } from '../kernel.ts';
import type { Answer } from '../provider.ts';
import { readDetails, sealToken } from './challenge.ts';
import { toMinor } from './currencies.ts';
import { invalid } from './errors.ts';
import { type Notifier, notifyAuthorisation } from './notifications.ts';
import { type PaymentRow, payments } from './objects.ts';
import { NOT_AUTHENTICATED } from './outcomes.ts';
import { buildPayment, type Json, object, string } from './request.ts';

const DAY_MS = 86_400_000;
const AUTHORISATION_DAYS = 28;
const HOUR_MS = 3_600_000;

export interface AdyenContext extends Notifier {
  publicUrl(): string;
}

export function createPayment(ctx: AdyenContext, tx: Transaction, body: Json): Answer {
  const row = buildPayment(body, tx.origin.idempotencyKey);
  if (row.threeDs === null) return finish(ctx, tx, row, true);
  journalPayment(tx, row, 'requires_action');
  tx.put(payments, row.pspReference, row);
  const native = object(object(body.authenticationData)?.threeDSRequestData)?.nativeThreeDS;
  if (native === 'disabled') return redirectAction(ctx, row);
  // Without browser data there is nothing to fingerprint: the challenge comes at once.
  const step =
    row.threeDs === 'challenge' && object(body.browserInfo) === undefined ? 'challenge' : 'fingerprint';
  return threeDsAction(row, step);
}

function answerWith(body: Json): Answer {
  return { status: 200, body, store: true };
}

function threeDsAction(row: PaymentRow, step: 'fingerprint' | 'challenge'): Answer {
  return answerWith({
    resultCode: step === 'fingerprint' ? 'IdentifyShopper' : 'ChallengeShopper',
    action: {
      paymentData: sealToken(row, { step }),
      paymentMethodType: 'scheme',
      authorisationToken: sealToken(row, { step }),
      subtype: step,
      token: Buffer.from(JSON.stringify({ threeDSServerTransID: row.pspReference })).toString('base64'),
      type: 'threeDS2',
    },
  });
}

function redirectAction(ctx: AdyenContext, row: PaymentRow): Answer {
  const url = `${ctx.publicUrl()}/3ds/${row.pspReference}`;
  const action = { paymentMethodType: 'scheme', url, method: 'GET', type: 'redirect' };
  return answerWith({ pspReference: row.pspReference, resultCode: 'RedirectShopper', action });
}

export function submitDetails(ctx: AdyenContext, tx: Transaction, body: Json): Answer {
  if (object(body.details) === undefined) throw invalid('100', "Required object 'details' is not provided.");
  const { result, token } = readDetails(body);
  const row = tx.get(payments, string(token?.payment) ?? '');
  if (row === undefined) throw invalid('14_002', 'Invalid payment details');
  if (row.state !== 'challenge') return answerWith(describe(row));
  if (token?.step === 'fingerprint' && row.threeDs === 'challenge') return threeDsAction(row, 'challenge');
  const status = string(result?.transStatus) ?? 'Y';
  return finish(ctx, tx, row, ['Y', 'A'].includes(status));
}

/** The issuer's word: journalled, answered, and told by webhook. */
export function finish(ctx: AdyenContext, tx: Transaction, row: PaymentRow, authenticated: boolean): Answer {
  if (!authenticated) row.outcome = NOT_AUTHENTICATED;
  if (row.outcome.resultCode === 'Received') {
    row.state = 'received';
    journalPayment(tx, row, 'pending');
    const dueAt = Date.now() + ctx.kernel.settleDelayMs;
    tx.schedule({ id: prefixedId('task'), dueAt, type: 'approve', payload: { payment: row.pspReference } });
  } else if (row.outcome.resultCode === 'Authorised') {
    authorise(ctx, tx, row);
  } else {
    row.state = 'refused';
    journalPayment(tx, row, 'declined');
    notifyAuthorisation(ctx, tx, row);
  }
  tx.put(payments, row.pspReference, row);
  return answerWith(describe(row));
}

/** Money is held from here on, until it is captured, cancelled or expires. */
export function authorise(ctx: AdyenContext, tx: Transaction, row: PaymentRow): void {
  row.state = 'authorised';
  row.outcome = { resultCode: 'Authorised', raw: 'AUTHORISED' };
  journalPayment(tx, row, 'authorized');
  notifyAuthorisation(ctx, tx, row);
  const payload = { payment: row.pspReference };
  const expiresAt = Date.now() + AUTHORISATION_DAYS * DAY_MS * ctx.kernel.timeScale;
  tx.schedule({ id: prefixedId('task'), dueAt: expiresAt, type: 'expire', payload });
  if (row.captureDelayHours === 0) captureAll(tx, row);
  else if (row.captureDelayHours !== null) {
    const dueAt = Date.now() + row.captureDelayHours * HOUR_MS * ctx.kernel.timeScale;
    tx.schedule({ id: prefixedId('task'), dueAt, type: 'capture_all', payload });
  }
  tx.put(payments, row.pspReference, row);
}

export function captureAll(tx: Transaction, row: PaymentRow): void {
  if (row.state !== 'authorised' || row.captured > 0) return;
  row.captured = row.amount.value;
  journalPayment(tx, row, 'captured');
  tx.put(payments, row.pspReference, row);
}

export function journalPayment(
  tx: Transaction,
  row: PaymentRow,
  effect: string,
  value = row.amount.value,
): void {
  tx.effect(
    {
      effect,
      reference: row.reference,
      providerReference: row.pspReference,
      amountMinor: toMinor(value, row.amount.currency) ?? value,
      currency: row.amount.currency,
    },
    tx.origin.idempotencyKey ?? row.idempotencyKey,
  );
}

/** The payment as /payments answers it. */
function describe(row: PaymentRow): Json {
  const { card, outcome, amount } = row;
  const authorised = outcome.resultCode === 'Authorised';
  const common = {
    pspReference: row.pspReference,
    resultCode: row.state === 'cancelled' ? 'Cancelled' : outcome.resultCode,
    merchantReference: row.reference,
    amount,
    paymentMethod: { brand: card.brand, type: 'scheme' },
  };
  const additionalData: Record<string, string> = {
    cardBin: card.bin,
    cardSummary: card.last4,
    cardHolderName: card.holderName,
    expiryDate: card.expiry,
    paymentMethod: card.brand,
    merchantReference: row.reference,
    refusalReasonRaw: outcome.raw,
    ...(outcome.merchantAdviceCode === undefined ? {} : { merchantAdviceCode: outcome.merchantAdviceCode }),
  };
  if (!authorised) {
    const { refusalReason, refusalReasonCode } = outcome;
    const refusal = refusalReason === undefined ? {} : { refusalReason, refusalReasonCode };
    return { ...common, ...refusal, additionalData };
  }
  Object.assign(additionalData, {
    acquirerCode: 'TestPmmAcquirer',
    acquirerReference: row.pspReference.slice(0, 11),
    authCode: row.authCode,
    authorisedAmountCurrency: amount.currency,
    authorisedAmountValue: String(amount.value),
    avsResult: '4 AVS not supported for this card type',
    cvcResult: '1 Matches',
    networkTxReference: row.pspReference,
  });
  return { ...common, additionalData };
}
