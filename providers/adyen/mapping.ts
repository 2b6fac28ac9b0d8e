import { z } from 'zod';
import type {
  Declined,
  DeclineReason,
  OperationOutcome,
  UnknownCause,
} from '../../domain/payment/outcome.ts';
import { reasonOfNetworkCode } from '../../domain/routing/declines/index.ts';
import { type DeclineCodes, declineFor } from '../declines.ts';
import { safeCode } from '../safe-text.ts';
import { toAdyenAmount } from './amounts.ts';
import { factsOf, redirectOf } from './authentication.ts';

const amountSchema = z.object({ value: z.number().int(), currency: z.string() });
const reference = z.string().min(1).max(80);

/** What is read of a /payments answer; the rest is not relied on. */
export const paymentSchema = z.object({
  resultCode: z.string(),
  pspReference: reference.optional(),
  merchantReference: z.string().optional(),
  amount: amountSchema.optional(),
  refusalReasonCode: z.string().optional(),
  action: z
    .object({
      type: z.string().optional(),
      method: z.string().optional(),
      url: z
        .url({ protocol: /^https?$/ })
        .optional()
        .catch(undefined),
    })
    .optional(),
  additionalData: z.record(z.string(), z.unknown()).optional(),
});
export type Payment = z.infer<typeof paymentSchema>;

/** What is read of an answer to a capture, cancel or refund. */
export const modificationSchema = z.object({
  status: z.string(),
  pspReference: reference,
  paymentPspReference: z.string().optional(),
  paymentReference: z.string().optional(),
  merchantAccount: z.string(),
  reference: z.string().optional(),
  amount: amountSchema.optional(),
});
export type Modification = z.infer<typeof modificationSchema>;

/** What is read of an answer to /paymentMethods: that it is one. */
export const paymentMethodsSchema = z.object({ paymentMethods: z.array(z.object({})) });

/** What an answer must agree with before it counts. Amounts in ISO minor units. */
export interface Expected {
  readonly reference: string;
  readonly amountMinor: number;
  readonly currency: string;
}

function unknown(cause: UnknownCause, detail: string): OperationOutcome {
  return { type: 'unknown', cause, detail };
}

function sameMoney(amount: z.infer<typeof amountSchema> | undefined, expected: Expected): boolean {
  return (
    amount?.value === toAdyenAmount(expected.amountMinor, expected.currency) &&
    amount?.currency === expected.currency
  );
}

type ResultKind = 'authorized' | 'refused' | 'pending' | 'action';

/**
 * docs.adyen.com/online-payments/build-your-integration/payment-result-codes. What is missing is unknown, on
 * purpose: PartiallyAuthorised (we never ask for it), AuthenticationFinished and AuthenticationNotRequired
 * (no authorization happened, and none was refused), Success, and whatever Adyen adds.
 */
const RESULT_CODES: Readonly<Record<string, ResultKind>> = {
  Authorised: 'authorized',
  Refused: 'refused',
  Cancelled: 'refused',
  Error: 'refused',
  Received: 'pending',
  Pending: 'pending',
  RedirectShopper: 'action',
  IdentifyShopper: 'action',
  ChallengeShopper: 'action',
  PresentToShopper: 'action',
};

/** A /payments answer as the outcome of an authorization. */
export function authorizationOutcome(payment: Payment, expected: Expected): OperationOutcome {
  const kind = RESULT_CODES[payment.resultCode];
  const { pspReference, merchantReference } = payment;
  if (kind === undefined) return unknown('unmapped_response', safeCode(payment.resultCode, 'resultCode'));
  // A challenge carries no reference yet; everything else that names one must name ours.
  const named = merchantReference ?? (kind === 'action' ? expected.reference : undefined);
  if (named !== expected.reference) return unknown('mismatch', 'reference');
  if (payment.amount !== undefined && !sameMoney(payment.amount, expected))
    return unknown('mismatch', 'amount');
  if (kind === 'action') {
    const action = safeCode(payment.action?.type, payment.resultCode);
    return {
      type: 'requires_action',
      action,
      ...redirectOf(payment.action),
      ...(pspReference === undefined ? {} : { providerReference: pspReference }),
    };
  }
  if (kind === 'refused') return refusalOutcome(payment);
  if (pspReference === undefined) return unknown('unmapped_response', 'no pspReference');
  if (kind === 'pending') return { type: 'pending', providerReference: pspReference };
  if (payment.amount === undefined) return unknown('unmapped_response', 'no amount');
  const data = payment.additionalData ?? {};
  const networkReference = data.networkTxReference;
  const authentication = factsOf(data, true);
  return {
    type: 'authorized',
    providerReference: pspReference,
    amountMinor: expected.amountMinor,
    currency: expected.currency,
    ...(typeof networkReference === 'string' && /^[A-Za-z0-9]{1,40}$/.test(networkReference)
      ? { networkTransactionId: networkReference }
      : {}),
    ...(authentication === undefined ? {} : { authentication }),
  };
}

function refusalOutcome(payment: Payment): OperationOutcome {
  const { resultCode, refusalReasonCode: code = '', pspReference } = payment;
  const known = REFUSALS[code];
  // `Error` without a reason says that processing failed, not where: the AUTHORISATION webhook decides.
  if (resultCode === 'Error' && known === undefined) return unknown('unmapped_response', 'Error');
  const data = payment.additionalData ?? {};
  const codes = { providerCode: code === '' ? resultCode : code, ...networkCodes(data) };
  const reason = known?.reason ?? reasonOfNetworkCode(codes.networkCode) ?? 'generic_decline';
  return {
    ...declinedWith(reason, codes, data),
    ...(pspReference === undefined ? {} : { providerReference: pspReference }),
  };
}

/** A decline with what is told of 3DS. Adyen has one reason for N and R alike; the transStatus tells them apart. */
export function declinedWith(
  reason: DeclineReason,
  codes: DeclineCodes,
  data: Readonly<Record<string, unknown>>,
): Declined {
  const authentication = factsOf(data, false);
  const rejected = reason === 'authentication_failed' && authentication?.transStatus === 'R';
  return {
    type: 'declined',
    decline: declineFor(rejected ? 'authentication_rejected' : reason, codes),
    ...(authentication === undefined ? {} : { authentication }),
  };
}

/** `refusalReasonRaw` and `merchantAdviceCode` read like `51 : Insufficient funds`; the code is what counts. */
export function networkCodes(additionalData: Readonly<Record<string, unknown>>) {
  const leading = (value: unknown) => /^\s*([0-9A-Z]{1,3})\s*(?::|$)/.exec(String(value ?? ''))?.[1];
  return {
    networkCode: leading(additionalData.refusalReasonRaw),
    adviceCode: leading(additionalData.merchantAdviceCode),
  };
}

interface Refusal {
  /** Adyen's `refusalReason`, which webhooks carry (as `reason`) instead of the code. */
  readonly text: string;
  readonly reason: DeclineReason;
}

/** docs.adyen.com/development-resources/refusal-reasons. 0 means none. */
const REFUSALS: Readonly<Record<string, Refusal>> = {
  2: { text: 'Refused', reason: 'generic_decline' },
  3: { text: 'Referral', reason: 'do_not_honor' },
  4: { text: 'Acquirer Error', reason: 'processing_error' },
  5: { text: 'Blocked Card', reason: 'lost_or_stolen' },
  6: { text: 'Expired Card', reason: 'expired_card' },
  7: { text: 'Invalid Amount', reason: 'generic_decline' },
  8: { text: 'Invalid Card Number', reason: 'invalid_card_data' },
  9: { text: 'Issuer Unavailable', reason: 'issuer_unavailable' },
  10: { text: 'Not supported', reason: 'not_permitted' },
  11: { text: '3D Not Authenticated', reason: 'authentication_failed' },
  12: { text: 'Not enough balance', reason: 'insufficient_funds' },
  14: { text: 'Acquirer Fraud', reason: 'suspected_fraud' },
  15: { text: 'Cancelled', reason: 'generic_decline' },
  16: { text: 'Shopper Cancelled', reason: 'generic_decline' },
  17: { text: 'Invalid Pin', reason: 'authentication_failed' },
  18: { text: 'Pin tries exceeded', reason: 'limit_exceeded' },
  19: { text: 'Pin validation not possible', reason: 'issuer_unavailable' },
  20: { text: 'FRAUD', reason: 'suspected_fraud' },
  21: { text: 'Not Submitted', reason: 'processing_error' },
  22: { text: 'FRAUD-CANCELLED', reason: 'suspected_fraud' },
  23: { text: 'Transaction Not Permitted', reason: 'not_permitted' },
  24: { text: 'CVC Declined', reason: 'incorrect_cvc' },
  25: { text: 'Restricted Card', reason: 'suspected_fraud' },
  26: { text: 'Revocation Of Auth', reason: 'stop_payment' },
  27: { text: 'Declined Non Generic', reason: 'do_not_honor' },
  28: { text: 'Withdrawal amount exceeded', reason: 'limit_exceeded' },
  29: { text: 'Withdrawal count exceeded', reason: 'limit_exceeded' },
  31: { text: 'Issuer Suspected Fraud', reason: 'suspected_fraud' },
  32: { text: 'AVS Declined', reason: 'invalid_card_data' },
  33: { text: 'Card requires online pin', reason: 'authentication_required' },
  34: { text: 'No checking account available on Card', reason: 'invalid_account' },
  35: { text: 'No savings account available on Card', reason: 'invalid_account' },
  36: { text: 'Mobile pin required', reason: 'authentication_required' },
  38: { text: 'Authentication required', reason: 'authentication_required' },
  39: { text: 'RReq not received from DS', reason: 'authentication_failed' },
  42: { text: '3DS Authentication Error', reason: 'authentication_failed' },
  // Adyen stopped it before the scheme would charge for one retry too many.
  46: { text: 'Transaction blocked by Adyen to prevent excessive retry fees', reason: 'not_permitted' },
};

const BY_TEXT: ReadonlyMap<string, { readonly code: string; readonly reason: DeclineReason }> = new Map(
  Object.entries(REFUSALS).map(([code, { text, reason }]) => [text.toLowerCase(), { code, reason }]),
);

/** A webhook's `reason` as Adyen's refusal code and ours; undefined for a text that the table doesn't know. */
export function refusalByText(
  text: string,
): { readonly code: string; readonly reason: DeclineReason } | undefined {
  return BY_TEXT.get(text.trim().toLowerCase());
}

export interface ExpectedModification {
  readonly reference: string;
  readonly merchantAccount: string;
  /** The payment as Adyen knows it, or for a cancel by reference as we do. */
  readonly payment: { readonly pspReference: string } | { readonly reference: string };
  readonly money?: Expected;
}

/** Adyen accepted a capture, cancel or refund. Whether it succeeds is told by webhook, so it is pending. */
export function modificationOutcome(answer: Modification, expected: ExpectedModification): OperationOutcome {
  if (answer.status !== 'received') return unknown('unmapped_response', safeCode(answer.status, 'status'));
  const { payment } = expected;
  const samePayment =
    'pspReference' in payment
      ? answer.paymentPspReference === payment.pspReference
      : answer.paymentReference === payment.reference;
  if (!samePayment || answer.merchantAccount !== expected.merchantAccount)
    return unknown('mismatch', 'payment');
  if (answer.reference !== expected.reference) return unknown('mismatch', 'reference');
  if (expected.money !== undefined && !sameMoney(answer.amount, expected.money))
    return unknown('mismatch', 'amount');
  return { type: 'pending', providerReference: answer.pspReference };
}

/** docs.adyen.com/development-resources/error-codes: the cardholder's input, refused before any processing. */
const CARD_ERRORS: Readonly<Record<string, DeclineReason>> = {
  101: 'invalid_card_data',
  102: 'invalid_card_data',
  103: 'incorrect_cvc',
  129: 'invalid_card_data',
  140: 'invalid_card_data',
  141: 'invalid_card_data',
  153: 'incorrect_cvc',
};

/** Answers that Adyen gives before anything ran. */
const REJECTIONS = new Set([400, 401, 403, 404, 422]);

/** The rate limit, which turns a request away before it is processed. */
const THROTTLED = 429;

/** "request already processed or in progress": a key that is busy, or was used for another request. */
const KEY_CONFLICT = '704';

export interface ErrorAnswer {
  readonly status: number;
  readonly errorCode: string | undefined;
  readonly transient: boolean;
}

/** An error answer as an outcome. On a resend no 4xx proves anything: the first send may have executed. */
export function errorOutcome(answer: ErrorAnswer, request: { resend: boolean }): OperationOutcome {
  const { status, errorCode } = answer;
  const code = safeCode(errorCode, `http_${status}`);
  if (status >= 500) return unknown('server_error', `http_${status}`);
  if (errorCode === KEY_CONFLICT || status === 409 || answer.transient) return unknown('conflict', code);
  if (status >= 400 && request.resend) return unknown('rejected_on_resend', code);
  if (status === THROTTLED) return { type: 'not_attempted', proof: 'throttled' };
  if (!REJECTIONS.has(status)) return unknown('unmapped_response', `http_${status}`);
  const cardError = status === 422 ? CARD_ERRORS[code] : undefined;
  if (cardError !== undefined)
    return { type: 'declined', decline: declineFor(cardError, { providerCode: code }) };
  return { type: 'rejected', code, message: `Adyen refused the request before executing it (${status}).` };
}
