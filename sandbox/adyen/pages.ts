// The cardholder's side of a redirect to the issuer: a page with two buttons, and the way back.
import type { Transaction } from '../kernel.ts';
import type { ApiRequest, Page } from '../provider.ts';
import { redirectResult } from './challenge.ts';
import { payments } from './objects.ts';

const PATH = /^\/3ds\/([0-9A-Z]{16})$/;

function html(status: number, body: string): Page {
  return { status, headers: { 'Content-Type': 'text/html; charset=utf-8' }, body: `<!doctype html>${body}` };
}

export function challengePage(request: ApiRequest, tx: Transaction): Page | undefined {
  const id = PATH.exec(request.path)?.[1];
  if (id === undefined) return undefined;
  const row = tx.get(payments, id);
  if (row === undefined || row.state !== 'challenge') {
    return html(404, '<title>3DS</title><p>No challenge is waiting here.</p>');
  }
  if (request.method !== 'POST') {
    const button = (outcome: string, label: string) =>
      `<button name="outcome" value="${outcome}">${label}</button>`;
    const form = `<form method="post">${button('succeeded', 'Complete')} ${button('failed', 'Fail')}</form>`;
    return html(200, `<title>3DS test page</title><h1>3D Secure 2 test page</h1>${form}`);
  }
  const succeeded = new URLSearchParams(request.rawBody).get('outcome') === 'succeeded';
  const back = new URL(row.returnUrl);
  back.searchParams.set('redirectResult', redirectResult(row, succeeded));
  return { status: 303, headers: { Location: back.toString() }, body: '' };
}
