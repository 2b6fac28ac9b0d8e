// POST /payments and /payments/details: from a request to an authorization, a refusal or a challenge.
import { type ChallengeRow, openChallenge, pageUrl } from '../acs/challenge.ts';
import { type Authentication, authentication, mayAuthorize, type TransStatus } from '../acs/emv.ts';
import { prefixedId } from '../ids.ts';
import type { Transaction } from '../kernel.ts';
import type { Answer } from '../provider.ts';
import { readDetails, redirectedFrom, sealToken } from './challenge.ts';
import { toMinor } from './currencies.ts';
import { invalid } from './errors.ts';
import { type Notifier, notifyAuthorisation } from './notifications.ts';
import { type PaymentRow, payments } from './objects.ts';
import { AUTHENTICATION_REQUIRED, NOT_AUTHENTICATED } from './outcomes.ts';
import { buildPayment, type Json, object, string } from './request.ts';
import { journalled, threeDsData } from './three-d-secure.ts';

const DAY_MS = 86_400_000;
const AUTHORISATION_DAYS = 28;
const HOUR_MS = 3_600_000;

export interface AdyenContext extends Notifier {
  publicUrl(): string;
}

export function createPayment(ctx: AdyenContext, tx: Transaction, body: Json): Answer {
  const row = buildPayment(body, tx.origin.idempotencyKey);
  const { ares, browserFirst, softDeclined } = row.threeDs;
  if (ares === null) {
    if (softDeclined) row.outcome = AUTHENTICATION_REQUIRED;
    return finish(ctx, tx, row);
  }
  const native = object(object(body.authenticationData)?.threeDSRequestData)?.nativeThreeDS !== 'disabled';
  if (!native && ares !== 'C' && !browserFirst) {
    row.authentication = authentication(row.card.scheme, ares);
    return finish(ctx, tx, row);
  }
  journalPayment(tx, row, 'requires_action');
  if (!native) return redirect(ctx, tx, row, ares, string(body.shopperStatement));
  tx.put(payments, row.pspReference, row);
  // Without browser data there is nothing to fingerprint: the challenge comes at once.
  return threeDsAction(
    row,
    ares === 'C' && object(body.browserInfo) === undefined ? 'challenge' : 'fingerprint',
  );
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

/** The answer names no payment yet: its reference comes with the answer to the details. */
function redirect(
  ctx: AdyenContext,
  tx: Transaction,
  row: PaymentRow,
  ares: TransStatus,
  statement: string | undefined,
): Answer {
  const { card, amount, reference, pspReference } = row;
  row.challenge = openChallenge(tx, {
    payment: pspReference,
    reference,
    merchant: statement ?? ctx.account,
    amountMinor: toMinor(amount.value, amount.currency) ?? amount.value,
    currency: amount.currency,
    brand: card.scheme,
    last4: card.last4,
    ares,
  });
  tx.put(payments, pspReference, row);
  const url = pageUrl(ctx, row.challenge);
  const action = { paymentMethodType: 'scheme', url, method: 'GET', type: 'redirect' };
  return answerWith({ resultCode: 'RedirectShopper', action });
}

export function submitDetails(ctx: AdyenContext, tx: Transaction, body: Json): Answer {
  const details = object(body.details);
  if (details === undefined) throw invalid('100', "Required object 'details' is not provided.");
  const challenge = redirectedFrom(tx, body);
  const { result, token } = readDetails(body);
  const row = tx.get(payments, challenge?.payment ?? string(token?.payment) ?? '');
  if (row === undefined) throw invalid('14_002', 'Invalid payment details');
  if (row.state !== 'challenge') return answerWith(describe(row));
  if (challenge !== undefined) return returned(ctx, tx, row);
  // A redirect is ended by what its browser brought back, not by tokens of a native challenge.
  if (row.challenge !== null) throw invalid('14_002', 'Invalid payment details');
  const { ares } = row.threeDs;
  if (token?.step === 'fingerprint' && ares === 'C') return threeDsAction(row, 'challenge');
  const said = string(result?.transStatus) === 'N' ? 'N' : 'Y';
  const native = ares === null || ares === 'C' ? 'challenge' : 'frictionless';
  const status = native === 'challenge' ? said : (ares ?? said);
  row.authentication = authentication(row.card.scheme, status, { flow: native });
  return finish(ctx, tx, row);
}

/** The browser is back from the issuer's page. Only the issuer's own report says what happened there. */
function returned(ctx: AdyenContext, tx: Transaction, row: PaymentRow): Answer {
  if (row.authentication !== null) return finish(ctx, tx, row);
  row.detailsGiven = true;
  tx.put(payments, row.pspReference, row);
  const { pspReference, reference, amount } = row;
  return answerWith({ resultCode: 'Pending', pspReference, merchantReference: reference, amount });
}

/**
 * The issuer's report. A failure ends the payment at once; a success waits until the merchant has sent what
 * the browser brought back.
 */
export function receiveResult(
  ctx: AdyenContext,
  tx: Transaction,
  challenge: ChallengeRow,
  result: Authentication,
): void {
  const row = tx.get(payments, challenge.payment);
  if (row?.state !== 'challenge' || row.challenge !== challenge.id) return;
  row.authentication = result;
  if (row.detailsGiven || !mayAuthorize(result)) finish(ctx, tx, row);
  else tx.put(payments, row.pspReference, row);
}

/** The issuer's word: journalled, answered, and told by webhook. */
export function finish(ctx: AdyenContext, tx: Transaction, row: PaymentRow): Answer {
  const { authentication: result } = row;
  if (result !== null && !mayAuthorize(result)) row.outcome = NOT_AUTHENTICATED;
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
  const told = effect === 'authorized' || effect === 'declined' ? journalled(row) : undefined;
  tx.effect(
    {
      effect,
      reference: row.reference,
      providerReference: row.pspReference,
      amountMinor: toMinor(value, row.amount.currency) ?? value,
      currency: row.amount.currency,
      ...(told === undefined ? {} : { authentication: told }),
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
    ...threeDsData(row),
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
    networkTxReference: row.networkTxReference,
  });
  return { ...common, additionalData };
}
