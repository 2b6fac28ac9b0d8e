// The providers as the kit meets them: their simulators' accounts, and their published test cards.
import { adyen } from '../../providers/adyen/index.ts';
import { checkout } from '../../providers/checkout/index.ts';
import type { CardData } from '../../providers/provider.ts';
import { stripe } from '../../providers/stripe/index.ts';
import type { ContractSubject } from './parts.ts';
import { type RigOptions, startRig } from './rig.ts';

export function card(number: string, change: Partial<CardData> = {}): CardData {
  return { number, expMonth: 3, expYear: 2030, cvc: '737', holderName: 'Ada Lovelace', ...change };
}

function named(holderName: string): CardData {
  return card('4111111111111111', { holderName });
}

export const stripeRig: RigOptions = {
  provider: stripe,
  apiKey: 'sk_test_contract',
  webhookSecret: 'whsec_contract',
};

/** docs.stripe.com/testing */
export const stripeSubject: ContractSubject = {
  name: 'stripe',
  start: () => startRig(stripeRig),
  approved: card('4242424242424242'),
  challenged: card('4000002760003184'),
  exempted: { card: card('4000000003000074'), exemption: 'transaction_risk_analysis' },
  declines: [
    { card: card('4000000000000002'), reason: 'generic_decline', code: 'generic_decline' },
    { card: card('4000000000009995'), reason: 'insufficient_funds', code: 'insufficient_funds' },
    { card: card('4000000000009987'), reason: 'lost_or_stolen', code: 'lost_card' },
    { card: card('4000000000009979'), reason: 'lost_or_stolen', code: 'stolen_card' },
    { card: card('4000000000000069'), reason: 'expired_card', code: 'expired_card' },
    { card: card('4000000000000127'), reason: 'incorrect_cvc', code: 'incorrect_cvc' },
    { card: card('4000000000000119'), reason: 'processing_error', code: 'processing_error' },
    { card: card('4000000000006975'), reason: 'limit_exceeded', code: 'card_velocity_exceeded' },
    { card: card('4100000000000019'), reason: 'suspected_fraud', code: 'fraudulent' },
    { card: card('4242424242424241'), reason: 'invalid_card_data', code: 'incorrect_number' },
  ],
  amounts: [
    { amountMinor: 1_234, currency: 'JPY' },
    { amountMinor: 5_120, currency: 'KWD' },
    { amountMinor: 700, currency: 'ISK' },
    { amountMinor: 500, currency: 'UGX' },
    { amountMinor: 12_300, currency: 'MGA' },
  ],
  impossible: [
    { amountMinor: 5_124, currency: 'KWD' },
    { amountMinor: 12_345, currency: 'MGA' },
  ],
};

export const adyenRig: RigOptions = {
  provider: adyen,
  settings: { merchantAccount: 'ContractECOM' },
  apiKey: 'adyen_contract',
  webhookSecret: '44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056',
};

/** docs.adyen.com/development-resources/testing/result-codes */
export const adyenSubject: ContractSubject = {
  name: 'adyen',
  start: () => startRig(adyenRig),
  approved: named('Ada Lovelace'),
  challenged: card('4212345678910006'),
  exempted: {
    card: named('Ada Lovelace'),
    request: { request: 'automatic', exemption: 'low_value' },
    exemption: 'low_value',
  },
  declines: [
    { card: named('DECLINED'), reason: 'generic_decline', code: '2' },
    { card: named('ERROR'), reason: 'processing_error', code: '4' },
    { card: named('BLOCK_CARD'), reason: 'lost_or_stolen', code: '5' },
    { card: named('CARD_EXPIRED'), reason: 'expired_card', code: '6' },
    { card: named('ISSUER_UNAVAILABLE'), reason: 'issuer_unavailable', code: '9' },
    { card: named('NOT_3D_AUTHENTICATED'), reason: 'authentication_failed', code: '11' },
    { card: named('NOT_ENOUGH_BALANCE'), reason: 'insufficient_funds', code: '12' },
    { card: named('ACQUIRER_FRAUD'), reason: 'suspected_fraud', code: '14' },
    { card: named('CVC_DECLINED'), reason: 'incorrect_cvc', code: '24' },
    { card: named('AUTHENTICATION_REQUIRED'), reason: 'authentication_required', code: '38' },
    { card: card('4111111111111112'), reason: 'invalid_card_data', code: '101' },
  ],
  amounts: [
    { amountMinor: 1_234, currency: 'JPY' },
    { amountMinor: 5_124, currency: 'KWD' },
    { amountMinor: 700, currency: 'ISK' },
    { amountMinor: 900, currency: 'CLP' },
    { amountMinor: 1_500_000, currency: 'IDR' },
  ],
  impossible: [{ amountMinor: 1_500_001, currency: 'IDR' }],
};

export const checkoutRig: RigOptions = {
  provider: checkout,
  apiKey: 'sk_sbox_contract',
  webhookSecret: 'cko-contract',
};

/** checkout.com/docs/developer-resources/testing/test-cards */
export const checkoutSubject: ContractSubject = {
  name: 'checkout',
  start: () => startRig(checkoutRig),
  approved: card('4242424242424242'),
  challenged: card('4000000003000082'),
  exempted: {
    card: card('4242424242424242'),
    request: { request: 'automatic', exemption: 'low_value' },
    exemption: 'low_value',
  },
  untold: ['challengeCancel'],
  declines: [
    { card: card('4544249167673670'), reason: 'insufficient_funds', code: '20051' },
    { card: card('4111111111111129'), reason: 'do_not_honor', code: '20001' },
    { card: card('4941202060999329'), reason: 'lost_or_stolen', code: '30041' },
    { card: card('4539253655711767'), reason: 'lost_or_stolen', code: '30043' },
    { card: card('4024007162185267'), reason: 'invalid_account', code: '30015' },
    { card: card('4485381577182090'), reason: 'invalid_account', code: '20014' },
    { card: card('4151512736305999'), reason: 'not_permitted', code: '20057' },
    { card: card('4897453568485113'), reason: 'suspected_fraud', code: '20059' },
    { card: card('4556294593757189'), reason: 'limit_exceeded', code: '20061' },
    { card: card('4095254802642505'), reason: 'processing_error', code: '20068' },
    { card: card('4734868958733862'), reason: 'incorrect_cvc', code: '200N7' },
    { card: card('4500622868341387'), reason: 'authentication_required', code: '20154' },
    { card: card('4242424242424241'), reason: 'invalid_card_data', code: 'card_number_invalid' },
  ],
  amounts: [
    { amountMinor: 1_234, currency: 'JPY' },
    { amountMinor: 5_120, currency: 'KWD' },
    { amountMinor: 700, currency: 'ISK' },
    { amountMinor: 900, currency: 'CLP' },
    { amountMinor: 500, currency: 'UGX' },
  ],
  impossible: [
    { amountMinor: 5_124, currency: 'KWD' },
    { amountMinor: 1_000_000_000, currency: 'EUR' },
  ],
};
