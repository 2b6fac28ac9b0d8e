import type { Mode } from '../names.ts';
import { isRefundId } from '../names.ts';
import type { PaymentSnapshot } from '../payment/payment.ts';
import { publicPayment, unixSeconds } from '../payment/public.ts';
import { publicRefund } from '../refund/public.ts';
import type { RefundSnapshot } from '../refund/refund.ts';

/** The version of the form of events, as merchants see it. */
export const EVENT_API_VERSION = '2026-11-21';

/** An event as it was written: `payload` is the payment or refund as its owner stood then. */
export interface WrittenEvent {
  readonly id: string;
  readonly mode: Mode;
  readonly paymentId: string;
  /** The payment or refund that it tells of. */
  readonly ownerId: string;
  /** 1, 2, 3... of the payment, its refunds' events among them. */
  readonly eventSequence: number;
  readonly type: string;
  readonly payload: unknown;
  readonly createdAtMs: number;
}

/**
 * The event as the API, the stream and the webhooks' bodies have it. Made from what never changes, in a fixed order,
 * so its JSON is the same on every retry.
 */
export function publicEvent(event: WrittenEvent) {
  return {
    id: event.id,
    object: 'event' as const,
    type: event.type,
    created: unixSeconds(event.createdAtMs),
    api_version: EVENT_API_VERSION,
    livemode: event.mode === 'live',
    payment: event.paymentId,
    sequence: event.eventSequence,
    data: {
      object: isRefundId(event.ownerId)
        ? publicRefund(event.payload as RefundSnapshot)
        : publicPayment(event.payload as PaymentSnapshot),
    },
  };
}
