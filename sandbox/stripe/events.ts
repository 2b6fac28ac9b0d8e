// Stripe's events: each is kept for GET /v1/events and queued as a webhook in the transaction that caused it.
import { createHmac } from 'node:crypto';
import { prefixedId } from '../ids.ts';
import type { Kernel, Transaction, WebhookRow } from '../kernel.ts';
import { events, type StripeEvent, seconds } from './objects.ts';

export const API_VERSION = '2026-10-28.endive';

export function emit(tx: Transaction, type: string, object: unknown): void {
  const event: StripeEvent = {
    id: prefixedId('evt'),
    object: 'event',
    api_version: API_VERSION,
    created: seconds(),
    data: { object },
    livemode: false,
    pending_webhooks: 1,
    request: { id: tx.origin.requestId, idempotency_key: tx.origin.idempotencyKey },
    type,
  };
  tx.put(events, event.id, event);
  // The payload is the event itself, which is stored once already.
  tx.notify({ id: event.id, createdAt: Date.now(), payload: null });
}

/** Body and `Stripe-Signature: t=…,v1=…`, an HMAC-SHA256 over `t.body`. */
export function renderWebhook(kernel: Kernel, row: WebhookRow, secret: string) {
  const body = JSON.stringify(kernel.store.get(events, row.id) ?? {}, null, 2);
  const timestamp = seconds();
  const signature = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
  const headers = {
    'Stripe-Signature': `t=${timestamp},v1=${signature}`,
    'User-Agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
  };
  return { headers, body };
}
