import type { RefundSnapshot } from '../../domain/refund/refund.ts';
import { unixSeconds } from '../payments/render.ts';
import type { Reply } from '../route.ts';
import type { PublicRefund } from './schema.ts';

/** The one place that turns a refund into the API's JSON and its HTTP status. */
export function renderRefund(refund: RefundSnapshot): PublicRefund {
  return {
    id: refund.id,
    object: 'refund',
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

/**
 * A refund that the provider refused is an object that says so, not an error: it was made, and it has its
 * events. 202 while nobody knows whether it was carried out; its amount stays reserved until that is proven.
 */
export function replyWithRefund(refund: RefundSnapshot, success: 200 | 201): Reply {
  return refund.outcomeUnknown ? refundInTheDark(refund) : { status: success, body: renderRefund(refund) };
}

export function refundInTheDark(refund: RefundSnapshot): Reply {
  return { status: 202, body: renderRefund(refund), headers: { Location: `/v1/refunds/${refund.id}` } };
}
