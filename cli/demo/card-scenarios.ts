import type { Expectation } from './judge.ts';
import type { PayBody, TestCard } from './merchant.ts';

/**
 * Payments that only a test card steers: the cards and holder names that Stripe (docs.stripe.com/testing),
 * Adyen (docs.adyen.com, result code testing) and Checkout.com (checkout.com/docs, test cards) publish. The demo
 * merchant's policy sends euros and amounts from 1,000.00 to Adyen first, reais and Mexican pesos to Checkout.com,
 * everything else to Stripe.
 */
export interface CardScenario {
  readonly name: string;
  readonly card: TestCard;
  readonly body: PayBody;
  /** What the merchant does once the payment waits for it. */
  readonly commands?: readonly Command[];
  readonly expected: Expectation;
}

export type Command =
  | { readonly verb: 'capture'; readonly amount?: number; readonly final_capture?: boolean }
  | { readonly verb: 'void' }
  | { readonly verb: 'confirm' };

const VISA = '4242424242424242';
const ADYEN_VISA = '4111111111111111';
const ADYEN_MASTERCARD = '5454545454545454';

const STRIPE_SOLD = [['stripe', 'captured']] as const;
const ADYEN_SOLD = [['adyen', 'captured']] as const;
const CHECKOUT_SOLD = [['checkout', 'captured']] as const;
const SOLD = { stripe: STRIPE_SOLD, adyen: ADYEN_SOLD, checkout: CHECKOUT_SOLD } as const;

const usd = (amount: number, more: Partial<PayBody> = {}): PayBody => ({ amount, currency: 'USD', ...more });
const eur = (amount: number, more: Partial<PayBody> = {}): PayBody => ({ amount, currency: 'EUR', ...more });
const brl = (amount: number, more: Partial<PayBody> = {}): PayBody => ({ amount, currency: 'BRL', ...more });
const HELD = { capture_method: 'manual' } as const;

function approved(name: string, number: string, body: PayBody, by: keyof typeof SOLD): CardScenario {
  const attempts = SOLD[by];
  return { name, card: { number }, body, expected: { status: 'succeeded', captured: body.amount, attempts } };
}

const APPROVALS: readonly CardScenario[] = [
  approved('approval, Visa', VISA, usd(1250), 'stripe'),
  approved('approval, Mastercard', '5555555555554444', usd(2099), 'stripe'),
  approved('approval in yen (no minor units)', VISA, { amount: 500, currency: 'JPY' }, 'stripe'),
  approved('3DS offered, not required (frictionless)', '4000000000003055', usd(3100), 'stripe'),
  approved('approval, Visa', ADYEN_VISA, eur(1250), 'adyen'),
  approved('approval, Mastercard', ADYEN_MASTERCARD, eur(7999), 'adyen'),
  approved('approval in reais, Visa', VISA, brl(1250), 'checkout'),
  approved('approval in pesos, Mastercard', ADYEN_MASTERCARD, { amount: 9900, currency: 'MXN' }, 'checkout'),
  approved('large amount, routed by policy', ADYEN_VISA, usd(150_000), 'adyen'),
];

function declined(decline: string, card: TestCard, body: PayBody, by: keyof typeof SOLD): CardScenario {
  const attempts = [[by, 'declined']] as const;
  const expected = { status: 'failed', captured: 0, attempts, decline, failure: 'card_declined' };
  return { name: `decline: ${decline}`, card, body, expected };
}

const stripeDecline = (decline: string, number: string) => declined(decline, { number }, usd(1000), 'stripe');
const adyenDecline = (decline: string, holder: string) =>
  declined(decline, { number: ADYEN_VISA, holder }, eur(1000), 'adyen');
const checkoutDecline = (decline: string, number: string) =>
  declined(decline, { number }, brl(1000), 'checkout');

/** Every reason that the providers' test values can produce; those worth another provider are below. */
const DECLINES: readonly CardScenario[] = [
  stripeDecline('generic_decline', '4000000000000002'),
  stripeDecline('insufficient_funds', '4000000000009995'),
  stripeDecline('lost_or_stolen', '4000000000009987'),
  stripeDecline('lost_or_stolen', '4000000000009979'),
  stripeDecline('expired_card', '4000000000000069'),
  stripeDecline('incorrect_cvc', '4000000000000127'),
  stripeDecline('limit_exceeded', '4000000000006975'),
  stripeDecline('suspected_fraud', '4100000000000019'),
  adyenDecline('generic_decline', 'DECLINED'),
  adyenDecline('do_not_honor', 'REFERRAL'),
  adyenDecline('lost_or_stolen', 'BLOCK_CARD'),
  adyenDecline('expired_card', 'CARD_EXPIRED'),
  adyenDecline('invalid_card_data', 'INVALID_CARD'),
  adyenDecline('not_permitted', 'NOT_SUPPORTED'),
  adyenDecline('authentication_failed', 'NOT_3D_AUTHENTICATED'),
  adyenDecline('insufficient_funds', 'NOT_ENOUGH_BALANCE'),
  adyenDecline('suspected_fraud', 'ACQUIRER_FRAUD'),
  adyenDecline('limit_exceeded', 'WITHDRAWAL_AMOUNT_EXCEEDED'),
  adyenDecline('incorrect_cvc', 'CVC_DECLINED'),
  adyenDecline('stop_payment', 'REVOCATION_OF_AUTH'),
  checkoutDecline('insufficient_funds', '4544249167673670'),
  checkoutDecline('do_not_honor', '4111111111111129'),
  checkoutDecline('lost_or_stolen', '4941202060999329'),
  checkoutDecline('incorrect_cvc', '4734868958733862'),
];

/** Stepped up and asked once more, an issuer that still wants more is taken at its word. */
const STUBBORN: CardScenario = {
  name: 'decline: authentication_required, twice',
  card: { number: ADYEN_VISA, holder: 'AUTHENTICATION_REQUIRED' },
  body: eur(1000),
  expected: {
    status: 'failed',
    captured: 0,
    attempts: [
      ['adyen', 'declined'],
      ['adyen', 'declined'],
    ],
    decline: 'authentication_required',
    failure: 'card_declined',
  },
};

/** The first provider's failure is not the card's, so the second one gets the payment. */
const RETRYABLE_DECLINES: readonly CardScenario[] = [
  {
    name: 'decline: processing_error, other provider',
    card: { number: '4000000000000119' },
    body: usd(1100),
    expected: {
      status: 'succeeded',
      captured: 1100,
      attempts: [
        ['stripe', 'declined'],
        ['adyen', 'captured'],
      ],
      decline: 'processing_error',
    },
  },
  {
    name: 'decline: issuer_unavailable, other provider',
    card: { number: ADYEN_VISA, holder: 'ISSUER_UNAVAILABLE' },
    body: eur(1100),
    expected: {
      status: 'succeeded',
      captured: 1100,
      attempts: [
        ['adyen', 'declined'],
        ['stripe', 'captured'],
      ],
      decline: 'issuer_unavailable',
    },
  },
  {
    name: 'decline: processing_error, other provider',
    card: { number: '4095254802642505' },
    body: brl(1100),
    expected: {
      status: 'succeeded',
      captured: 1100,
      attempts: [
        ['checkout', 'declined'],
        ['stripe', 'captured'],
      ],
      decline: 'processing_error',
    },
  },
];

const COMMANDS: readonly CardScenario[] = [
  {
    name: 'authorize, capture 2000 of 5000',
    card: { number: VISA },
    body: usd(5000, HELD),
    commands: [{ verb: 'capture', amount: 2000 }],
    expected: { status: 'succeeded', captured: 2000, attempts: STRIPE_SOLD },
  },
  {
    name: 'authorize, capture 1500, later the rest',
    card: { number: VISA },
    body: usd(4000, HELD),
    commands: [{ verb: 'capture', amount: 1500, final_capture: false }, { verb: 'capture' }],
    expected: { status: 'succeeded', captured: 4000, attempts: STRIPE_SOLD },
  },
  {
    name: 'authorize, void',
    card: { number: VISA },
    body: usd(700, HELD),
    commands: [{ verb: 'void' }],
    expected: { status: 'canceled', captured: 0, attempts: [['stripe', 'voided']] },
  },
  {
    name: 'authorize, capture 600 of 2500',
    card: { number: ADYEN_VISA },
    body: eur(2500, HELD),
    commands: [{ verb: 'capture', amount: 600 }],
    expected: { status: 'succeeded', captured: 600, attempts: ADYEN_SOLD },
  },
  {
    name: 'authorize, void (settled by webhook)',
    card: { number: ADYEN_VISA },
    body: eur(700, HELD),
    commands: [{ verb: 'void' }],
    expected: { status: 'canceled', captured: 0, attempts: [['adyen', 'voided']] },
  },
  {
    name: 'authorize, capture 900 of 3000',
    card: { number: VISA },
    body: brl(3000, HELD),
    commands: [{ verb: 'capture', amount: 900 }],
    expected: { status: 'succeeded', captured: 900, attempts: CHECKOUT_SOLD },
  },
  {
    name: 'authorize, void (settled by asking)',
    card: { number: VISA },
    body: brl(700, HELD),
    commands: [{ verb: 'void' }],
    expected: { status: 'canceled', captured: 0, attempts: [['checkout', 'voided']] },
  },
  {
    name: 'created first, confirmed later',
    card: { number: VISA },
    body: usd(1300, { confirm: false }),
    commands: [{ verb: 'confirm' }],
    expected: { status: 'succeeded', captured: 1300, attempts: STRIPE_SOLD },
  },
];

export const CARD_SCENARIOS: readonly CardScenario[] = [
  ...APPROVALS,
  ...COMMANDS,
  ...DECLINES,
  STUBBORN,
  ...RETRYABLE_DECLINES,
];
