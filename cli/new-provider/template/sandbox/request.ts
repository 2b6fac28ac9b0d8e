// Reading a request as the provider does: its checks, in its order, with its error codes.
import { firstAnswer, type Issuer, NOT_ENROLLED, ownCard } from '../../../../sandbox/acs/cards.ts';
import type { TransStatus } from '../../../../sandbox/acs/emv.ts';
import { isoExponent } from '../../../../sandbox/currencies.ts';
import { digits, prefixedId } from '../../../../sandbox/ids.ts';
import { Refusal } from '../../../../sandbox/pipeline.ts';
import type { Answer } from '../../../../sandbox/provider.ts';
import { brandOf, parseTestFault, passesLuhn, testDirective } from '../../../../sandbox/test-values.ts';
import type { PaymentRow } from './objects.ts';

export type Json = Record<string, unknown>;

export function object(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

export function string(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** No idempotency key remembers an error: only what was executed is. */
export function errorAnswer(status: number, code: string): Answer {
  return { status, body: { error: { code, message: code.replaceAll('_', ' ') } }, store: false };
}

export function refuse(code: string): Refusal {
  return new Refusal(errorAnswer(422, code));
}

export function readMoney(body: Json): { amount: number; currency: string } {
  const { amount, currency } = body;
  if (typeof currency !== 'string' || isoExponent(currency) === undefined) throw refuse('invalid_currency');
  if (!Number.isSafeInteger(amount) || Number(amount) <= 0) throw refuse('invalid_amount');
  return { amount: Number(amount), currency };
}

const EXEMPTIONS = ['low_value', 'transaction_risk_analysis', 'trusted_beneficiary', 'secure_corporate'];

/** How a payment will be authenticated: known from the start, because the card decides it. */
export interface ThreeDsPlan {
  /** The issuer's first answer; null where 3DS isn't tried. */
  readonly ares: TransStatus | null;
  readonly browserFirst: boolean;
}

export interface NewPayment {
  readonly row: PaymentRow;
  readonly plan: ThreeDsPlan;
}

/** `lifetimeMs`: how long it can be captured, scaled. */
export function readPayment(body: Json, idempotencyKey: string | null, lifetimeMs: number): NewPayment {
  const money = readMoney(body);
  const reference = string(body.reference);
  if (reference === undefined) throw refuse('missing_reference');
  const card = object(body.card) ?? {};
  const number = string(card.number) ?? '';
  if (!passesLuhn(number)) throw refuse('invalid_card_number');
  const [month, year] = [Number(card.expiry_month), Number(card.expiry_year)];
  if (!(month >= 1 && month <= 12) || !(year >= 2000 && year <= 9999)) throw refuse('invalid_expiry');
  const brand = brandOf(number);
  const cvcLength = brand === 'amex' ? 4 : 3;
  if (card.cvc !== undefined && !new RegExp(`^\\d{${cvcLength}}$`).test(String(card.cvc)))
    throw refuse('invalid_cvc');
  const holderName = string(card.holder_name) ?? '';
  const now = new Date();
  const expired = year * 12 + month < now.getUTCFullYear() * 12 + now.getUTCMonth() + 1;
  const threeDs = planThreeDs(body, ownCard(number) ?? NOT_ENROLLED);
  const asked = testDirective(holderName, 'decline') ?? (expired ? 'expired_card' : undefined);
  return {
    plan: threeDs,
    row: {
      ...money,
      id: prefixedId('pay'),
      reference,
      status: 'requires_action',
      capture: body.capture === true,
      captured: 0,
      refunded: 0,
      card: { brand, last4: number.slice(-4) },
      decline: threeDs.softDeclined ? 'authentication_required' : (asked ?? null),
      authentication: null,
      exemption: threeDs.exemption,
      challenge: null,
      returnUrl: string(body.return_url) ?? null,
      networkTransactionId: digits(15),
      captureBefore: now.getTime() + lifetimeMs,
      idempotencyKey,
      testFault: parseTestFault(holderName) ?? null,
    },
  };
}

function planThreeDs(body: Json, issuer: Issuer) {
  const none = { ares: null, browserFirst: false, exemption: null, softDeclined: false };
  const credential = object(body.stored_credential);
  if (credential?.initiator === 'merchant') {
    // Nobody can be challenged. The issuer accepts it for a card whose first payment is named.
    const strict = issuer.softDecline === true || (issuer.threeDs === 'always' && issuer.ares === 'C');
    return { ...none, softDeclined: strict && string(credential.network_transaction_id) === undefined };
  }
  const { request, exemption: claimed } = object(body.authentication) ?? {};
  const asked = request === 'any' || request === 'challenge' ? request : 'automatic';
  const ares = firstAnswer({ issuer, asked });
  if (ares !== undefined) return { ...none, ares, browserFirst: issuer.browserFirst === true };
  const granted = EXEMPTIONS.includes(String(claimed)) ? String(claimed) : null;
  const exemption = granted ?? (issuer.lowRisk === true ? 'transaction_risk_analysis' : null);
  return { ...none, exemption, softDeclined: issuer.softDecline === true };
}
