// The cardholder's side of a 3DS challenge: a page with two buttons, and the way back to the merchant.
import type { Transaction } from '../kernel.ts';
import type { ApiRequest, Page } from '../provider.ts';
import { completeChallenge, type StripeContext } from './authorize.ts';
import { intents } from './objects.ts';

const PATH = /^\/3ds\/(pi_[0-9A-Za-z]+)$/;

function html(status: number, body: string): Page {
  return { status, headers: { 'Content-Type': 'text/html; charset=utf-8' }, body: `<!doctype html>${body}` };
}

export function challengePage(ctx: StripeContext, request: ApiRequest, tx: Transaction): Page | undefined {
  const id = PATH.exec(request.path)?.[1];
  if (id === undefined) return undefined;
  const row = tx.get(intents, id);
  if (row === undefined || row.intent.status !== 'requires_action') {
    return html(404, '<title>3DS</title><p>No challenge is waiting here.</p>');
  }
  if (request.method !== 'POST') {
    const button = (outcome: string, label: string) =>
      `<button name="outcome" value="${outcome}">${label}</button>`;
    const form = `<form method="post">${button('succeeded', 'Complete')} ${button('failed', 'Fail')}</form>`;
    return html(200, `<title>3DS test page</title><h1>3D Secure 2 test page</h1>${form}`);
  }
  completeChallenge(ctx, tx, row, new URLSearchParams(request.rawBody).get('outcome') === 'succeeded');
  if (row.returnUrl === null) return html(200, '<title>3DS</title><p>Done. You can close this page.</p>');
  const back = new URL(row.returnUrl);
  back.searchParams.set('payment_intent', id);
  back.searchParams.set('payment_intent_client_secret', String(row.intent.client_secret));
  return { status: 303, headers: { Location: back.toString() }, body: '' };
}
