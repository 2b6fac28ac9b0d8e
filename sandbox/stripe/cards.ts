// Stripe's published test cards (docs.stripe.com/testing) as data: what each card does when it is charged.
import { createHash } from 'node:crypto';
import { CHALLENGED, type Issuer, ownCard } from '../acs/cards.ts';
import { type Brand, brandOf, parseTestFault, passesLuhn, testDirective } from '../test-values.ts';
import { badCard, missing } from './errors.ts';
import { child, type Form, text } from './form.ts';

export interface Decline {
  code: string;
  declineCode: string;
  message: string;
  networkCode: string | null;
  networkAdvice: string | null;
  advice: 'confirm_card_data' | 'do_not_try_again' | 'try_again_later' | null;
  blocked?: boolean;
  /** 3DS failed, so nobody was asked for money. */
  unauthenticated?: boolean;
}

export interface Behaviour {
  /** Strikes when the issuer is asked for money: after 3DS, where that comes first. */
  decline?: Decline;
  /** What the issuer does about 3DS; absent: the card is not enrolled. */
  issuer?: Issuer;
  refund?: 'pending' | 'fails';
  disputed?: boolean;
}

/** A card as the simulator keeps it: never the number, never the CVC. */
export interface CardOnFile {
  brand: Brand;
  last4: string;
  expMonth: number;
  expYear: number;
  fingerprint: string;
  holderName: string | null;
  behaviour: Behaviour;
}

function decline(
  code: string,
  declineCode: string,
  message: string,
  network: [string | null, string | null] = [null, null],
  advice: Decline['advice'] = 'try_again_later',
): Decline {
  const [networkCode, networkAdvice] = network;
  return { code, declineCode, message, networkCode, networkAdvice, advice };
}

const DECLINED = 'Your card was declined.';
const DECLINES = {
  generic_decline: decline('card_declined', 'generic_decline', DECLINED, ['05', null]),
  insufficient_funds: decline('card_declined', 'insufficient_funds', 'Your card has insufficient funds.', [
    '51',
    '02',
  ]),
  lost_card: decline('card_declined', 'lost_card', DECLINED, ['41', '03'], 'do_not_try_again'),
  stolen_card: decline('card_declined', 'stolen_card', DECLINED, ['43', '03'], 'do_not_try_again'),
  expired_card: decline(
    'expired_card',
    'expired_card',
    'Your card has expired.',
    ['54', '01'],
    'confirm_card_data',
  ),
  incorrect_cvc: decline(
    'incorrect_cvc',
    'incorrect_cvc',
    "Your card's security code is incorrect.",
    ['N7', null],
    'confirm_card_data',
  ),
  processing_error: decline(
    'processing_error',
    'processing_error',
    'An error occurred while processing your card. Try again in a little bit.',
    ['96', null],
  ),
  card_velocity_exceeded: decline('card_declined', 'card_velocity_exceeded', DECLINED, ['65', '02']),
  fraudulent: decline('card_declined', 'fraudulent', DECLINED, [null, null], 'do_not_try_again'),
  do_not_honor: decline('card_declined', 'do_not_honor', DECLINED, ['05', null]),
  issuer_not_available: decline('card_declined', 'issuer_not_available', DECLINED, ['91', null]),
  try_again_later: decline('card_declined', 'try_again_later', DECLINED, ['19', null]),
  transaction_not_allowed: decline(
    'card_declined',
    'transaction_not_allowed',
    DECLINED,
    ['57', null],
    'do_not_try_again',
  ),
  pickup_card: decline('card_declined', 'pickup_card', DECLINED, ['04', '03'], 'do_not_try_again'),
  reenter_transaction: decline('card_declined', 'reenter_transaction', DECLINED, ['19', null]),
  withdrawal_count_limit_exceeded: decline('card_declined', 'withdrawal_count_limit_exceeded', DECLINED, [
    '65',
    '02',
  ]),
  authentication_required: decline(
    'authentication_required',
    'authentication_required',
    'Your card was declined. This transaction requires authentication.',
    ['1A', null],
    null,
  ),
} satisfies Record<string, Decline>;

/** The decline of a code. An unknown one declines as itself: mappings have to meet what they don't know. */
export function declineByCode(declineCode: string): Decline {
  const known: Record<string, Decline> = DECLINES;
  const found = Object.hasOwn(known, declineCode) ? known[declineCode] : undefined;
  return found ?? decline('card_declined', declineCode, DECLINED);
}

/** Nobody could be authenticated; the code is an intent's, not a card's. */
export const UNAUTHENTICATED: Decline = {
  ...decline(
    'payment_intent_authentication_failure',
    '',
    'We are unable to authenticate your payment method. Please choose a different payment method and try again.',
  ),
  unauthenticated: true,
};

const BLOCKED: Decline = { ...DECLINES.fraudulent, blocked: true };

const CARDS = new Map<string, Behaviour>([
  ['4000000000000002', { decline: DECLINES.generic_decline }],
  ['4000000000000341', { decline: DECLINES.generic_decline }],
  ['4000000000009995', { decline: DECLINES.insufficient_funds }],
  ['4000000000009987', { decline: DECLINES.lost_card }],
  ['4000000000009979', { decline: DECLINES.stolen_card }],
  ['4000000000000069', { decline: DECLINES.expired_card }],
  ['4000000000000127', { decline: DECLINES.incorrect_cvc }],
  ['4000000000000119', { decline: DECLINES.processing_error }],
  ['4000000000006975', { decline: DECLINES.card_velocity_exceeded }],
  ['4100000000000019', { decline: BLOCKED }],
  ['4000000000004954', { decline: BLOCKED }],
  ['4000002500003155', { issuer: { ...CHALLENGED, unlessSetUp: true } }],
  ['4000002760003184', { issuer: CHALLENGED }],
  ['4000000000003220', { issuer: CHALLENGED }],
  ['4000008400001629', { issuer: CHALLENGED, decline: DECLINES.generic_decline }],
  ['4000008260003178', { issuer: CHALLENGED, decline: DECLINES.insufficient_funds }],
  ['4000008400001280', { issuer: { threeDs: 'always', ares: 'U' }, decline: DECLINES.generic_decline }],
  ['4000000000003055', { issuer: { threeDs: 'on_request', ares: 'C' } }],
  ['4000000000003097', { issuer: { threeDs: 'on_request', ares: 'U' } }],
  ['378282246310005', { issuer: { threeDs: 'unsupported', ares: 'U' } }],
  ['4000000000000259', { disputed: true }],
  ['4000000000002685', { disputed: true }],
  ['4000000000007726', { refund: 'pending' }],
  ['4000000000005126', { refund: 'fails' }],
]);

const PAYMENT_METHODS = new Map<string, string>([
  ['pm_card_visa', '4242424242424242'],
  ['pm_card_visa_debit', '4000056655665556'],
  ['pm_card_mastercard', '5555555555554444'],
  ['pm_card_amex', '378282246310005'],
  ['pm_card_discover', '6011111111111117'],
  ['pm_card_jcb', '3566002020360505'],
  ['pm_card_diners', '3056930009020004'],
  ['pm_card_unionpay', '6200000000000005'],
  ['pm_card_authenticationRequired', '4000002760003184'],
  ['pm_card_authenticationRequiredOnSetup', '4000002500003155'],
  ['pm_card_authenticationRequiredChargeDeclinedInsufficientFunds', '4000008260003178'],
  ['pm_card_threeDSecure2Required', '4000000000003220'],
  ['pm_card_threeDSecureRequiredChargeDeclined', '4000008400001629'],
  ['pm_card_threeDSecureRequiredProcessingError', '4000008400001280'],
  ['pm_card_createDispute', '4000000000000259'],
  ['pm_card_pendingRefund', '4000000000007726'],
  ['pm_card_refundFail', '4000000000005126'],
  ['pm_card_bypassPending', '4000000000000077'],
  ['pm_card_radarBlock', '4100000000000019'],
]);
const DECLINING = [
  ['chargeDeclined', '4000000000000002'],
  ['chargeDeclinedInsufficientFunds', '4000000000009995'],
  ['chargeDeclinedLostCard', '4000000000009987'],
  ['chargeDeclinedStolenCard', '4000000000009979'],
  ['chargeDeclinedExpiredCard', '4000000000000069'],
  ['chargeDeclinedIncorrectCvc', '4000000000000127'],
  ['chargeDeclinedProcessingError', '4000000000000119'],
  ['chargeDeclinedVelocityLimitExceeded', '4000000000006975'],
  ['chargeCustomerFail', '4000000000000341'],
] as const;
for (const [name, number] of DECLINING) {
  PAYMENT_METHODS.set(`pm_card_${name}`, number);
  PAYMENT_METHODS.set(`pm_card_visa_${name}`, number);
}

function behaviourOf(number: string, holderName: string | null): Behaviour {
  const asked = testDirective(holderName, 'decline');
  if (asked !== undefined) return { decline: declineByCode(asked) };
  const issuer = ownCard(number);
  return CARDS.get(number) ?? (issuer === undefined ? {} : { issuer });
}

function fingerprintOf(number: string): string {
  return createHash('sha256').update(`sandbox:${number}`).digest('base64url').slice(0, 16);
}

function cardOnFile(
  number: string,
  expMonth: number,
  expYear: number,
  holderName: string | null,
): CardOnFile {
  return {
    brand: brandOf(number),
    last4: number.slice(-4),
    expMonth,
    expYear,
    fingerprint: fingerprintOf(number),
    holderName,
    behaviour: behaviourOf(number, holderName),
  };
}

/** One of Stripe's ready-made payment methods; undefined for any other id. */
export function publishedPaymentMethod(id: string, holderName: string | null = null): CardOnFile | undefined {
  const number = PAYMENT_METHODS.get(id);
  return number === undefined
    ? undefined
    : cardOnFile(number, 12, new Date().getUTCFullYear() + 5, holderName);
}

function checkNumber(number: string): void {
  if (number === '4242424242424241') {
    throw badCard('incorrect_number', 'Your card number is incorrect.', 'number');
  }
  if (!passesLuhn(number)) {
    throw badCard('invalid_number', 'The card number is not a valid credit card number.', 'number');
  }
}

/** Reads and checks `payment_method_data`. */
export function readCard(data: Form, path = 'payment_method_data'): CardOnFile {
  const card = child(data, 'card');
  const number = text(card, 'number')?.replaceAll(/[\s-]/g, '');
  if (number === undefined) throw missing(`${path}[card][number]`);
  checkNumber(number);
  const month = Number(text(card, 'exp_month') ?? Number.NaN);
  const year = Number(text(card, 'exp_year') ?? Number.NaN);
  if (!Number.isInteger(month) || month < 1 || month > 12) {
    throw badCard('invalid_expiry_month', "Your card's expiration month is invalid.", 'exp_month');
  }
  const fullYear = year < 100 ? 2000 + year : year;
  const now = new Date();
  const past = fullYear * 12 + month < now.getUTCFullYear() * 12 + now.getUTCMonth() + 1;
  if (!Number.isInteger(fullYear) || past) {
    throw badCard('invalid_expiry_year', "Your card's expiration year is invalid.", 'exp_year');
  }
  const cvc = text(card, 'cvc');
  if (cvc !== undefined && !/^\d{3,4}$/.test(cvc)) {
    throw badCard('invalid_cvc', "Your card's security code is invalid.", 'cvc');
  }
  return cardOnFile(number, month, fullYear, text(child(data, 'billing_details'), 'name') ?? null);
}

export function testFaultOf(card: CardOnFile | null) {
  return parseTestFault(card?.holderName);
}
