import type { CardData } from '../../../providers/provider.ts';
import { contractKit } from '../../../test/contract/kit.ts';
import { startRig } from '../../../test/contract/rig.ts';
import { acmePay } from './provider/index.ts';
import { ACME_PAY_DEFAULTS, createAcmePay } from './sandbox/index.ts';

function card(change: Partial<CardData> = {}): CardData {
  return {
    number: '4111111111111111',
    expMonth: 3,
    expYear: 2030,
    cvc: '737',
    holderName: 'Ada Lovelace',
    ...change,
  };
}

/** A payment that the simulator declines with this code. */
function declined(code: string): CardData {
  return card({ holderName: `SANDBOX decline ${code}` });
}

contractKit({
  name: 'acme-pay',
  start: () =>
    startRig({
      provider: acmePay,
      simulator: { create: createAcmePay, defaults: ACME_PAY_DEFAULTS },
      apiKey: 'acme_pay_contract',
      webhookSecret: 'acme_pay_contract_webhooks',
    }),
  approved: card(),
  challenged: card({ number: '4000000003000082' }),
  exempted: {
    card: card(),
    request: { request: 'automatic', exemption: 'low_value' },
    exemption: 'low_value',
  },
  declines: [
    { card: declined('do_not_honor'), reason: 'do_not_honor', code: 'do_not_honor' },
    { card: declined('insufficient_funds'), reason: 'insufficient_funds', code: 'insufficient_funds' },
    { card: declined('limit_exceeded'), reason: 'limit_exceeded', code: 'limit_exceeded' },
    { card: declined('lost_card'), reason: 'lost_or_stolen', code: 'lost_card' },
    { card: declined('expired_card'), reason: 'expired_card', code: 'expired_card' },
    { card: declined('incorrect_cvc'), reason: 'incorrect_cvc', code: 'incorrect_cvc' },
    { card: declined('suspected_fraud'), reason: 'suspected_fraud', code: 'suspected_fraud' },
    { card: declined('issuer_unavailable'), reason: 'issuer_unavailable', code: 'issuer_unavailable' },
    { card: declined('processing_error'), reason: 'processing_error', code: 'processing_error' },
    { card: declined('a_new_code'), reason: 'generic_decline', code: 'a_new_code' },
    {
      card: card({ number: '4111111111111112' }),
      reason: 'invalid_card_data',
      code: 'invalid_card_number',
    },
  ],
  amounts: [
    { amountMinor: 1_234, currency: 'JPY' },
    { amountMinor: 5_124, currency: 'KWD' },
    { amountMinor: 700, currency: 'ISK' },
  ],
  impossible: [],
});
