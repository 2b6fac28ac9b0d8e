import type { StoredDelivery, StoredEndpoint } from '../../db/settings/index.ts';
import { unixSeconds } from '../payments/render.ts';
import type { PublicDelivery, PublicEndpoint } from './schema.ts';

/** The one place that turns endpoints and deliveries into the API's JSON. No secret passes through here. */
export function renderEndpoint(endpoint: StoredEndpoint): PublicEndpoint {
  return {
    id: endpoint.id,
    object: 'webhook_endpoint',
    url: endpoint.url,
    description: endpoint.description ?? null,
    event_types: [...endpoint.eventTypes],
    status: endpoint.status,
    disabled_reason: endpoint.disabledReason ?? null,
    created: unixSeconds(endpoint.createdAtMs),
    livemode: endpoint.mode === 'live',
  };
}

export function renderDelivery(endpointId: string, delivery: StoredDelivery): PublicDelivery {
  return {
    object: 'webhook_delivery',
    endpoint: endpointId,
    event: delivery.eventId,
    type: delivery.eventType,
    payment: delivery.paymentId,
    sequence: delivery.eventSequence,
    status: delivery.status,
    attempts: delivery.attempts,
    next_attempt_at: secondsOrNull(delivery.nextAttemptAtMs),
    last_attempt_at: secondsOrNull(delivery.lastAttemptAtMs),
    last_status_code: delivery.lastStatusCode ?? null,
    last_error: delivery.lastError ?? null,
    delivered_at: secondsOrNull(delivery.deliveredAtMs),
    created: unixSeconds(delivery.createdAtMs),
  };
}

function secondsOrNull(instantMs: number | undefined): number | null {
  return instantMs === undefined ? null : unixSeconds(instantMs);
}
