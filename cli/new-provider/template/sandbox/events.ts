// Webhooks: each queued in the transaction that caused it, signed when it is sent.
import { createHmac } from 'node:crypto';
import { prefixedId } from '../../../../sandbox/ids.ts';
import type { Transaction, WebhookRow } from '../../../../sandbox/kernel.ts';
import { describeOperation, type OperationRow, type PaymentRow } from './objects.ts';

export function notifyPayment(tx: Transaction, row: PaymentRow, data: object): void {
  notify(tx, `payment.${row.status}`, data);
}

export function notifyOperation(tx: Transaction, row: OperationRow): void {
  notify(tx, `${row.type}.succeeded`, describeOperation(row));
}

function notify(tx: Transaction, type: string, data: object): void {
  const createdAt = Date.now();
  const id = prefixedId('evt');
  tx.notify({ id, createdAt, payload: { id, type, created: new Date(createdAt).toISOString(), data } });
}

/** Body and `Acme-Pay-Signature: t=…,v1=…`, an HMAC-SHA256 over `t.body`. */
export function renderWebhook(row: WebhookRow, secret: string) {
  const body = JSON.stringify(row.payload);
  const timestamp = Math.floor(Date.now() / 1_000);
  const signature = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
  return { headers: { 'Acme-Pay-Signature': `t=${timestamp},v1=${signature}` }, body };
}
