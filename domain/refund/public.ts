import { unixSeconds } from '../payment/public.ts';
import type { RefundSnapshot } from './refund.ts';

/** A refund as merchants get it: in answers, events and the bodies of webhooks alike. */
export function publicRefund(refund: RefundSnapshot) {
  return {
    id: refund.id,
    object: 'refund' as const,
    payment: refund.paymentId,
    amount: refund.amountMinor,
    currency: refund.currency,
    status: refund.status,
    reason: refund.reason ?? null,
    reference: refund.reference ?? null,
    failure: refund.failure === undefined ? null : { ...refund.failure },
    provider: refund.provider,
    provider_reference: refund.providerReference ?? null,
    created: unixSeconds(refund.createdAtMs),
    metadata: { ...refund.metadata },
    livemode: refund.mode === 'live',
    allowed: [...refund.allowed],
  };
}
