import { publicRefund } from '../../domain/refund/public.ts';
import type { RefundSnapshot } from '../../domain/refund/refund.ts';
import type { Reply } from '../route.ts';
import type { PublicRefund } from './schema.ts';

/** Typed here against the schema that the OpenAPI document is made from. */
export const renderRefund: (refund: RefundSnapshot) => PublicRefund = publicRefund;

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
