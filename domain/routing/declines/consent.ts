import type { Decline } from '../../payment/outcome.ts';

/** What a payment without its payer fails with when nobody's consent stands behind it any more: R1 is the networks' word for it. */
export function consentDecline(): Decline {
  return {
    reason: 'stop_payment',
    providerCode: 'mandate_revoked',
    message:
      'Not sent to any provider: the payment method has no active mandate, and the payer is not there.',
  };
}
