import { z } from 'zod';
import type { OperationOutcome, UnknownCause } from '../../domain/payment/outcome.ts';
import { declineFor } from '../declines.ts';
import { safeCode } from '../safe-text.ts';
import { fromCheckoutAmount, toCheckoutAmount } from './amounts.ts';
import { factsOf, threeDs } from './authentication.ts';
import { type CheckoutFailure, WORD } from './client.ts';
import { cardError, declineOf } from './declines.ts';

const id = z.string().regex(WORD);
const webAddress = z.object({ href: z.url({ protocol: /^https?$/ }) });

/** What is read of a payment, from POST /payments and from GET alike; the rest is not relied on. */
export const paymentSchema = z.object({
  id,
  status: z.string(),
  reference: z.string().nullish(),
  amount: z.number().int().optional(),
  currency: z.string().optional(),
  response_code: z.string().nullish(),
  scheme_id: z.string().nullish(),
  eci: z.string().nullish(),
  expires_on: z.string().nullish(),
  '3ds': threeDs.nullish().catch(undefined),
  balances: z
    .object({
      total_captured: z.number().int(),
      available_to_capture: z.number().int().optional().catch(undefined),
      total_refunded: z.number().int().optional(),
      total_voided: z.number().int().optional(),
    })
    .nullish()
    .catch(undefined),
  processing: z.object({ partner_merchant_advice_code: z.string().nullish() }).nullish().catch(undefined),
  /** Of GET: what was done, with how it ended. */
  actions: z
    .array(z.object({ type: z.string(), response_code: z.string().nullish() }))
    .nullish()
    .catch(undefined),
  _links: z.object({ redirect: webAddress.nullish().catch(undefined) }).nullish(),
});
export type Payment = z.infer<typeof paymentSchema>;

export const acceptedSchema = z.object({ action_id: id, reference: z.string().nullish() });

/** One of GET /payments/{id}/actions. */
export const actionSchema = z.object({
  id,
  type: z.string(),
  amount: z.number().int(),
  approved: z.boolean().nullish(),
  response_code: z.string().nullish(),
  reference: z.string().nullish(),
});
export type Action = z.infer<typeof actionSchema>;

/** What an answer must agree with before it counts. Amounts in ISO minor units. */
export interface Expected {
  readonly reference: string;
  readonly amountMinor: number;
  readonly currency: string;
}

export function unknown(cause: UnknownCause, detail: string): OperationOutcome {
  return { type: 'unknown', cause, detail };
}

type StatusKind = 'authorized' | 'captured' | 'pending' | 'declined' | 'ended';

/**
 * `status` of a payment. What is missing is unknown, on purpose: Card Verified and Paid (we never ask for them), Retry
 * Scheduled (neither declined for good nor approved), Requested, Active, and whatever Checkout.com adds.
 */
const STATUSES: Readonly<Record<string, StatusKind>> = {
  Authorized: 'authorized',
  'Partially Captured': 'captured',
  Captured: 'captured',
  'Partially Refunded': 'captured',
  Refunded: 'captured',
  Pending: 'pending',
  Declined: 'declined',
  Voided: 'ended',
  Canceled: 'ended',
  Expired: 'ended',
};

/** A payment as the outcome of its authorization. */
export function authorizationOutcome(payment: Payment, expected: Expected): OperationOutcome {
  const kind = STATUSES[payment.status];
  if (kind === undefined) return unknown('unmapped_response', safeCode(payment.status, 'status'));
  if (payment.reference !== expected.reference) return unknown('mismatch', 'reference');
  const { amount, currency } = payment;
  const told = amount !== undefined && currency !== undefined;
  // The answer that sends a payer to 3DS names no money; every other does.
  if (!told && kind !== 'pending') return unknown('unmapped_response', 'no amount');
  if (told && !sameMoney(amount, currency, expected)) return unknown('mismatch', 'amount');
  const providerReference = payment.id;
  switch (kind) {
    case 'authorized':
      return {
        type: 'authorized',
        providerReference,
        amountMinor: expected.amountMinor,
        currency: expected.currency,
        ...captureBefore(payment),
        ...facts(payment),
      };
    case 'captured':
      return capturedOutcome(payment, expected);
    case 'pending':
      return pendingOutcome(payment);
    case 'declined':
      return declinedOutcome(payment);
    case 'ended':
      return { type: 'voided', providerReference };
  }
}

function sameMoney(amount: number, currency: string, expected: Expected): boolean {
  return (
    amount === toCheckoutAmount(expected.amountMinor, expected.currency) && currency === expected.currency
  );
}

/** How much was captured is never guessed: the balances say it, or the status that means all of it. */
function capturedOutcome(payment: Payment, { currency }: Expected): OperationOutcome {
  const whole = payment.status === 'Captured' ? payment.amount : undefined;
  const captured = payment.balances?.total_captured ?? whole;
  if (captured === undefined) return unknown('unmapped_response', 'no amount captured');
  const amountMinor = fromCheckoutAmount(captured, currency);
  if (amountMinor === undefined || amountMinor === 0) return unknown('mismatch', 'amount captured');
  // A final capture of a part leaves the same status as one that is not final: the balances tell them apart.
  const rest = (payment.balances?.available_to_capture ?? 0) > 0 ? ({ restHeld: true } as const) : {};
  return {
    type: 'captured',
    providerReference: payment.id,
    amountMinor,
    currency,
    ...rest,
    ...facts(payment),
  };
}

function pendingOutcome({ id: providerReference, _links }: Payment): OperationOutcome {
  const url = _links?.redirect?.href;
  if (url === undefined) return { type: 'pending', providerReference };
  const nextAction = { type: 'redirect_to_url', url } as const;
  return { type: 'requires_action', providerReference, action: 'redirect', nextAction };
}

function declinedOutcome(payment: Payment): OperationOutcome {
  const authorization = payment.actions?.find(({ type }) => type === 'Authorization');
  const code = payment.response_code ?? authorization?.response_code ?? undefined;
  const authentication = factsOf(payment['3ds'], payment.eci);
  const decline = declineOf(code, payment.processing?.partner_merchant_advice_code ?? undefined);
  // One code for whoever failed 3DS; the status tells apart whom the issuer does not want to be asked about again.
  const rejected = decline.reason === 'authentication_failed' && authentication?.transStatus === 'R';
  return {
    type: 'declined',
    decline: rejected
      ? declineFor('authentication_rejected', { providerCode: decline.providerCode })
      : decline,
    providerReference: payment.id,
    ...(authentication === undefined ? {} : { authentication }),
  };
}

function facts({ scheme_id: schemeId, eci, '3ds': told }: Payment) {
  const authentication = factsOf(told, eci);
  return {
    ...(typeof schemeId === 'string' && /^[A-Za-z0-9]{1,40}$/.test(schemeId)
      ? { networkTransactionId: schemeId }
      : {}),
    ...(authentication === undefined ? {} : { authentication }),
  };
}

function captureBefore({ expires_on: expiresOn }: Payment) {
  const captureBeforeMs = Date.parse(expiresOn ?? '');
  return Number.isNaN(captureBeforeMs) ? {} : { captureBeforeMs };
}

/** A capture, void or refund was taken on. Whether it succeeds is told by the payment's actions. */
export function acceptedOutcome(answer: z.infer<typeof acceptedSchema>, reference: string): OperationOutcome {
  if (answer.reference !== reference) return unknown('mismatch', 'reference');
  return { type: 'pending', providerReference: answer.action_id };
}

/** The reasons for which an action is accepted and then not carried out say nothing that could be acted upon. */
function refused(code: string): OperationOutcome {
  return { type: 'rejected', code, message: 'Checkout.com did not carry the operation out.' };
}

const ACTION_TYPES = { capture: 'Capture', void: 'Void', refund: 'Refund' } as const;
/** Approved, and to be carried out later. */
const DEFERRED = '10200';

/** The action of ours among a payment's; undefined where there is none (yet). */
export function actionOutcome(
  actions: readonly Action[],
  kind: keyof typeof ACTION_TYPES,
  paymentId: string,
  expected: Expected,
): OperationOutcome | undefined {
  const [action, ...others] = actions.filter(
    ({ type, reference }) => type === ACTION_TYPES[kind] && reference === expected.reference,
  );
  if (action === undefined) return undefined;
  // One key makes one action. Which of several is ours nobody can tell, and more may have moved than was asked for.
  if (others.length > 0) return unknown('mismatch', 'several actions');
  const { id: providerReference, approved, response_code: code, amount } = action;
  const { amountMinor, currency } = expected;
  if (kind !== 'void' && amount !== toCheckoutAmount(amountMinor, currency))
    return unknown('mismatch', 'amount');
  if (approved == null || code === DEFERRED) return { type: 'pending', providerReference };
  if (!approved) return refused(safeCode(code, 'declined'));
  if (kind === 'void') return { type: 'voided', providerReference: paymentId };
  if (kind === 'refund') return { type: 'refunded', providerReference, amountMinor };
  return { type: 'captured', providerReference, amountMinor, currency };
}

/**
 * Whether nothing of it moved, by the payment itself: its actions list none of ours, and its balances hold no more than
 * the actions that it does list. That the list is complete is from memory, so it is not believed by itself.
 */
export function isUntouched(
  kind: keyof typeof ACTION_TYPES,
  { status, balances }: Payment,
  actions: readonly Action[],
): boolean {
  if (balances == null) return false;
  if (kind === 'void') return balances.total_voided === 0 && isOpen(status);
  const total = kind === 'capture' ? balances.total_captured : balances.total_refunded;
  const ofKind = actions.filter(({ type, approved }) => type === ACTION_TYPES[kind] && approved === true);
  return total === ofKind.reduce((sum, { amount }) => sum + amount, 0);
}

/** It has not ended, as far as its status can be read. */
function isOpen(status: string): boolean {
  const kind = STATUSES[status];
  return kind !== undefined && kind !== 'ended';
}

/** Answers that Checkout.com gives before anything ran, in the API's own shape. */
const REJECTIONS = new Set([400, 401, 403, 404, 422]);
/** The one type of a 422 that says that the request itself was at fault. */
const INVALID = 'request_invalid';

/**
 * An error answer as an outcome. On a resend no 4xx proves anything: the first send may have executed. Nor does one
 * that is not the API's own, or a 422 of another type: the look-up settles it.
 */
export function errorOutcome(
  { status, errorType, errorCodes }: Pick<CheckoutFailure, 'status' | 'errorType' | 'errorCodes'>,
  request: { readonly resend: boolean },
): OperationOutcome {
  const code = safeCode(errorCodes[0], `http_${status}`);
  if (status >= 500) return unknown('server_error', `http_${status}`);
  // 429 is too many requests, and also a key whose first request is still running: the two can't be told apart.
  if (status === 409 || status === 429) return unknown('conflict', code);
  if (status >= 400 && request.resend) return unknown('rejected_on_resend', code);
  if (!REJECTIONS.has(status) || errorType === undefined)
    return unknown('unmapped_response', `http_${status}`);
  const decline = status === 422 ? cardError(errorCodes) : undefined;
  if (decline !== undefined) return { type: 'declined', decline };
  if (status === 422 && errorType !== INVALID) return unknown('unmapped_response', code);
  const message = `Checkout.com refused the request before executing it (${status}).`;
  return { type: 'rejected', code, message };
}
