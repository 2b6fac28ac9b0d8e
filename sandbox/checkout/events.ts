// Checkout.com's webhooks: one event a request, `Cko-Signature` is the HMAC-SHA256 of the raw body in hexadecimal.
import { createHmac } from 'node:crypto';
import { base32Id } from '../ids.ts';
import type { Kernel, Transaction, WebhookRow } from '../kernel.ts';
import { summaryOf } from './cards.ts';
import { type ActionRow, isApproved, type PaymentRow } from './objects.ts';
import type { Json } from './request.ts';
import { shownThreeDs } from './three-d-secure.ts';
import { balancesOf } from './views.ts';

export interface Notifier {
  kernel: Kernel;
}

/** Queued to leave after the settle delay, so that it usually follows the answer. */
export function notify({ kernel }: Notifier, tx: Transaction, type: string, data: Json): void {
  const event = {
    id: base32Id('evt'),
    type,
    version: '1.0.33',
    created_on: new Date().toISOString(),
    data,
  };
  const dueAt = Date.now() + kernel.settleDelayMs;
  tx.schedule({ id: base32Id('task'), dueAt, type: 'notify', payload: { event } });
}

export function notifyEvent(tx: Transaction, event: unknown): void {
  tx.notify({ id: base32Id('webhook'), createdAt: Date.now(), payload: event });
}

function paymentData(row: PaymentRow): Json {
  const threeDs = shownThreeDs(row);
  return {
    id: row.id,
    ...(row.reference === null ? {} : { reference: row.reference }),
    amount: row.amount,
    currency: row.currency,
    payment_type: row.paymentType,
    ...(threeDs === undefined ? {} : { '3ds': { ...threeDs, eci: row.authentication?.eci } }),
    source: { id: row.card.id, type: 'card', last_4: row.card.last4, bin: row.card.bin },
    balances: balancesOf(row),
    metadata: row.metadata,
  };
}

export function notifyPayment(
  notifier: Notifier,
  tx: Transaction,
  type: string,
  row: PaymentRow,
  action: ActionRow | undefined,
): void {
  const code = action?.responseCode ?? null;
  notify(notifier, tx, type, {
    ...paymentData(row),
    ...(action === undefined ? {} : { action_id: action.id }),
    ...(code === null ? {} : { response_code: code, response_summary: summaryOf(code) }),
    ...(isApproved(code) ? { auth_code: row.authCode, scheme_id: row.schemeId } : {}),
    processed_on: new Date().toISOString(),
  });
}

const ENDED = { Authorization: 'approved', Capture: 'captured', Void: 'voided', Refund: 'refunded' } as const;
const DECLINED = {
  Authorization: 'declined',
  Capture: 'capture_declined',
  Void: 'void_declined',
  Refund: 'refund_declined',
} as const;

/** An action was carried out: its own amount and reference, and the payment that it belongs to. */
export function notifyAction(notifier: Notifier, tx: Transaction, row: PaymentRow, action: ActionRow): void {
  const word = (isApproved(action.responseCode) ? ENDED : DECLINED)[action.type];
  notify(notifier, tx, `payment_${word}`, {
    id: row.id,
    action_id: action.id,
    ...(action.reference === null ? {} : { reference: action.reference }),
    amount: action.amount,
    currency: row.currency,
    response_code: action.responseCode,
    response_summary: summaryOf(String(action.responseCode)),
    processed_on: new Date(action.processedAt ?? 0).toISOString(),
    balances: balancesOf(row),
    metadata: row.metadata,
  });
}

export function renderWebhook({ payload }: WebhookRow, secret: string) {
  const body = JSON.stringify(payload);
  const signature = createHmac('sha256', secret).update(body).digest('hex');
  return { headers: { 'Cko-Signature': signature, 'User-Agent': 'Cko-webhooks/2.0' }, body };
}
