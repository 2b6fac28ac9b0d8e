// Adyen's standard webhooks: one item a request, signed by HMAC-SHA256 over eight of its fields.
import { createHmac } from 'node:crypto';
import { prefixedId } from '../ids.ts';
import type { Kernel, Transaction, WebhookRow } from '../kernel.ts';
import type { Amount, PaymentRow } from './objects.ts';
import { threeDsData } from './three-d-secure.ts';

export interface NotificationItem {
  additionalData: Record<string, string>;
  amount: Amount;
  eventCode: string;
  eventDate: string;
  merchantAccountCode: string;
  merchantReference: string;
  originalReference?: string;
  pspReference: string;
  success: 'true' | 'false';
  reason: string;
  paymentMethod?: string;
  operations?: string[];
}

export interface NewNotification {
  eventCode: string;
  amount: Amount;
  merchantReference: string;
  pspReference: string;
  originalReference?: string | undefined;
  success: boolean;
  reason?: string | undefined;
  paymentMethod?: string | undefined;
  operations?: string[] | undefined;
  additionalData?: Record<string, string> | undefined;
}

export interface Notifier {
  kernel: Kernel;
  account: string;
}

function buildItem(notifier: Notifier, fields: NewNotification): NotificationItem {
  const { originalReference, paymentMethod, operations } = fields;
  return {
    additionalData: { ...fields.additionalData },
    amount: fields.amount,
    eventCode: fields.eventCode,
    eventDate: new Date().toISOString().replace(/\.\d+Z$/, '+00:00'),
    merchantAccountCode: notifier.account,
    merchantReference: fields.merchantReference,
    ...(originalReference === undefined ? {} : { originalReference }),
    pspReference: fields.pspReference,
    success: fields.success ? 'true' : 'false',
    reason: fields.reason ?? '',
    ...(paymentMethod === undefined ? {} : { paymentMethod }),
    ...(operations === undefined ? {} : { operations }),
  };
}

/** Queues a notification that leaves as soon as the transaction is durable. */
export function notify(notifier: Notifier, tx: Transaction, fields: NewNotification): void {
  notifyItem(tx, buildItem(notifier, fields));
}

export function notifyItem(tx: Transaction, item: unknown): void {
  tx.notify({ id: prefixedId('webhook'), createdAt: Date.now(), payload: item });
}

/** Queues a notification to leave after the settle delay, so that it usually follows the answer. */
function notifyLater(notifier: Notifier, tx: Transaction, fields: NewNotification): void {
  const item = buildItem(notifier, fields);
  const dueAt = Date.now() + notifier.kernel.settleDelayMs;
  tx.schedule({ id: prefixedId('task'), dueAt, type: 'notify', payload: { item } });
}

/** The AUTHORISATION event: with refusals too, and evidence enough to adopt a payment nobody answered for. */
export function notifyAuthorisation(notifier: Notifier, tx: Transaction, row: PaymentRow): void {
  const { card, outcome, authCode } = row;
  const success = outcome.resultCode === 'Authorised';
  const approval = `${authCode}:${card.last4}:${card.expiry}`;
  notifyLater(notifier, tx, {
    eventCode: 'AUTHORISATION',
    amount: row.amount,
    merchantReference: row.reference,
    pspReference: row.pspReference,
    success,
    reason: success ? approval : outcome.refusalReason,
    paymentMethod: card.brand,
    operations: success ? ['CANCEL', 'CAPTURE', 'REFUND'] : undefined,
    additionalData: {
      authCode: success ? authCode : '',
      cardBin: card.bin,
      cardHolderName: card.holderName,
      cardSummary: card.last4,
      expiryDate: card.expiry,
      refusalReasonRaw: outcome.raw,
      ...threeDsData(row),
      ...(outcome.merchantAdviceCode === undefined ? {} : { merchantAdviceCode: outcome.merchantAdviceCode }),
    },
  });
}

/** The signed string. Fields stand as they are: Adyen's own library escapes nothing in standard webhooks. */
export function signedString(item: NotificationItem): string {
  return [
    item.pspReference,
    item.originalReference ?? '',
    item.merchantAccountCode,
    item.merchantReference,
    item.amount.value,
    item.amount.currency,
    item.eventCode,
    item.success,
  ].join(':');
}

export function renderWebhook(row: WebhookRow, hexKey: string) {
  const item = row.payload as NotificationItem;
  const hmacSignature = createHmac('sha256', Buffer.from(hexKey, 'hex'))
    .update(signedString(item))
    .digest('base64');
  const signed = { ...item, additionalData: { ...item.additionalData, hmacSignature } };
  const body = JSON.stringify({ live: 'false', notificationItems: [{ NotificationRequestItem: signed }] });
  return { headers: { 'User-Agent': 'Adyen HttpClient 1.0', Protocol: 'HTTP/1.1' }, body };
}
