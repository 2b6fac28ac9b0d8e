// Reading POST /payments as Checkout.com does: what is missing or wrong is named in `error_codes`.
import { base32Id, digits } from '../ids.ts';
import { brandOf, parseTestFault, passesLuhn, testDirective } from '../test-values.ts';
import { responseCodeOf } from './cards.ts';
import { isCurrency, problemOf } from './currencies.ts';
import { invalid } from './errors.ts';
import type { CardOnFile, PaymentRow } from './objects.ts';
import { planThreeDs } from './three-d-secure.ts';

export type Json = Record<string, unknown>;

const PAYMENT_TYPES = ['Regular', 'Recurring', 'MOTO', 'Installment', 'Unscheduled'];
const LONGEST_REFERENCE = 80;

export function object(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

export function string(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function readMoney(body: Json): { amount: number; currency: string } {
  const currency = string(body.currency);
  if (currency === undefined) throw invalid('currency_required');
  if (!isCurrency(currency)) throw invalid('currency_invalid');
  if (typeof body.amount !== 'number') throw invalid('amount_required');
  const problem = problemOf(body.amount, currency);
  if (problem !== undefined) throw invalid(problem);
  return { amount: body.amount, currency };
}

function readCard(body: Json): { card: CardOnFile; number: string; expired: boolean } {
  const source = object(body.source);
  if (source === undefined) throw invalid('payment_source_required');
  if (source.type !== 'card') throw invalid('source_type_not_supported');
  const number = string(source.number)?.replaceAll(' ', '');
  if (number === undefined) throw invalid('card_number_required');
  if (!passesLuhn(number)) throw invalid('card_number_invalid');
  const [month, year] = [source.expiry_month, source.expiry_year];
  if (typeof month !== 'number' || month < 1 || month > 12) throw invalid('card_expiry_month_invalid');
  if (typeof year !== 'number' || year < 2000 || year > 9999) throw invalid('card_expiry_year_invalid');
  const scheme = brandOf(number);
  const cvv = string(source.cvv);
  if (cvv !== undefined && !new RegExp(`^\\d{${scheme === 'amex' ? 4 : 3}}$`).test(cvv)) {
    throw invalid('cvv_invalid');
  }
  const card = {
    id: base32Id('src'),
    scheme,
    bin: number.slice(0, 6),
    last4: number.slice(-4),
    expiryMonth: month,
    expiryYear: year,
    name: string(source.name) ?? null,
  };
  const now = new Date();
  return { card, number, expired: year * 12 + month < now.getUTCFullYear() * 12 + now.getUTCMonth() + 1 };
}

function urlIn(body: Json, name: string): string | null {
  const url = string(body[name]);
  if (url === undefined) return null;
  if (!URL.canParse(url)) throw invalid(`${name}_invalid`);
  return url;
}

function referenceIn(body: Json): string | null {
  const reference = string(body.reference);
  if (reference !== undefined && reference.length > LONGEST_REFERENCE) throw invalid('reference_invalid');
  return reference ?? null;
}

function checkUse(body: Json): string {
  const paymentType = string(body.payment_type) ?? 'Regular';
  if (!PAYMENT_TYPES.includes(paymentType)) throw invalid('payment_type_invalid');
  // A merchant initiates what was agreed before: a series, or whenever something is due.
  if (body.merchant_initiated === true && paymentType === 'Regular') throw invalid('payment_type_invalid');
  return paymentType;
}

export function buildPayment(body: Json, idempotencyKey: string | null): PaymentRow {
  const money = readMoney(body);
  const reference = referenceIn(body);
  const { card, number, expired } = readCard(body);
  const paymentType = checkUse(body);
  const directives = { capture: 'capture_declined', refund: 'refund_declined' } as const;
  const fails = (['capture', 'refund'] as const).find(
    (name) => testDirective(card.name, directives[name]) !== undefined,
  );
  return {
    id: base32Id('pay'),
    reference,
    ...money,
    state: 'pending',
    responseCode: responseCodeOf({ number, holderName: card.name, amount: money.amount, expired }),
    paymentType,
    capture: body.capture !== false,
    captured: 0,
    refunded: 0,
    finallyCaptured: false,
    card,
    authCode: digits(6),
    schemeId: digits(15),
    threeDs: planThreeDs(body, number),
    authentication: null,
    challenge: null,
    sessionId: base32Id('sid'),
    successUrl: urlIn(body, 'success_url'),
    failureUrl: urlIn(body, 'failure_url'),
    metadata: object(body.metadata) ?? {},
    description: string(body.description) ?? null,
    descriptor: string(object(body.billing_descriptor)?.name) ?? null,
    requestedAt: Date.now(),
    expiresAt: null,
    idempotencyKey,
    fails: fails ?? null,
    testFault: parseTestFault(card.name) ?? null,
  };
}
