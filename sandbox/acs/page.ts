// The cardholder's side of a challenge: the bank's page. Plain HTML that works without script: three buttons,
// and a fourth way, which is to close it.
import { isoExponent } from '../currencies.ts';
import type { Transaction } from '../kernel.ts';
import type { ApiRequest, Page } from '../provider.ts';
import type { Brand } from '../test-values.ts';
import {
  type ChallengeHost,
  type ChallengeRow,
  challenges,
  complete,
  isOpen,
  request,
  show,
} from './challenge.ts';
import type { ChallengeOutcome } from './emv.ts';
import { STYLES } from './styles.ts';

/** `/3ds/<id>`: the provider's redirect. `/acs/<id>`: the issuer's own page. */
const PATH = /^\/(3ds|acs)\/([A-Za-z0-9_-]{22})$/;
const FORM_ID = /^\/(?:3ds|acs)\//;

const OUTCOMES: Readonly<Record<string, ChallengeOutcome>> = {
  approve: 'approved',
  fail: 'failed',
  cancel: 'canceled',
};

/** Undefined for a path that belongs to no page. */
export function challengePage(host: ChallengeHost, asked: ApiRequest, tx: Transaction): Page | undefined {
  if (!FORM_ID.test(asked.path)) return undefined;
  const [, side, id = ''] = PATH.exec(asked.path) ?? [];
  const row = tx.get(challenges, id);
  if (row === undefined) return html(404, notice('Nothing to confirm', 'No payment is waiting here.'));
  if (asked.method === 'POST') return decide(host, tx, row, asked.rawBody);
  if (asked.method !== 'GET') return { ...html(405, notice('Not possible', 'Open this page in a browser.')) };
  if (side === '3ds') return enter(host, tx, row);
  if (!isOpen(row)) return over(host, tx, row);
  request(host, tx, row);
  if (!isOpen(row)) return over(host, tx, row);
  show(host, tx, row);
  return html(200, challenge(host, row));
}

/** The provider's redirect: AReq, and on to the issuer, or straight back where no challenge is wanted. */
function enter(host: ChallengeHost, tx: Transaction, row: ChallengeRow): Page {
  request(host, tx, row);
  if (isOpen(row)) return seeOther(`${host.publicUrl()}/acs/${row.id}`);
  const back = row.ares === 'C' ? null : host.returnTo(tx, row);
  return back === null ? over(host, tx, row) : seeOther(back);
}

/** The result goes to the provider first; the browser is sent back afterwards, each time that it asks. */
function decide(host: ChallengeHost, tx: Transaction, row: ChallengeRow, body: string): Page {
  const outcome = OUTCOMES[new URLSearchParams(body).get('outcome') ?? ''];
  if (outcome === undefined) return html(400, notice('Not understood', 'Choose one of the buttons.'));
  const late = row.deadlineAt !== null && Date.now() >= row.deadlineAt;
  if (isOpen(row) && !late) {
    request(host, tx, row);
    complete(host, tx, row, outcome);
  } else if (row.state !== 'answered' && row.state !== 'reported') {
    return over(host, tx, row);
  }
  const back = host.returnTo(tx, row);
  return back === null ? over(host, tx, row) : seeOther(back);
}

function over(host: ChallengeHost, tx: Transaction, row: ChallengeRow): Page {
  const back = host.returnTo(tx, row);
  const link =
    back === null ? '' : `<a class="button" href="${escaped(back)}">Back to ${escaped(row.merchant)}</a>`;
  if (row.state === 'closed') {
    const text = 'The merchant cancelled this payment. Nothing was charged, and nothing is left to confirm.';
    return html(410, notice('Payment cancelled', text, link));
  }
  const timedOut = row.result?.transStatusReason === '14' || (isOpen(row) && row.deadlineAt !== null);
  if (timedOut) return html(410, notice('Time ran out', 'You were not authenticated in time.', link));
  return html(200, notice('All done', 'Your answer was recorded. You can close this page.', link));
}

function seeOther(location: string): Page {
  return { status: 303, headers: { Location: location, 'Cache-Control': 'no-store' }, body: '' };
}

function html(status: number, body: string): Page {
  const headers = {
    'Content-Type': 'text/html; charset=utf-8',
    'Cache-Control': 'no-store',
    'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'",
    'Referrer-Policy': 'no-referrer',
  };
  return { status, headers, body };
}

export function escaped(text: string): string {
  const entities: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? '');
}

/** An amount as a cardholder reads it, without floats. */
export function money(amountMinor: number, currency: string): string {
  const exponent = isoExponent(currency) ?? 2;
  const digits = String(amountMinor).padStart(exponent + 1, '0');
  const whole = digits.slice(0, digits.length - exponent).replace(/\B(?=(\d{3})+$)/g, ',');
  return `${currency} ${whole}${exponent === 0 ? '' : `.${digits.slice(-exponent)}`}`;
}

const SCHEMES: Partial<Record<Brand, string>> = {
  visa: 'Visa Secure',
  mastercard: 'Mastercard ID Check',
  amex: 'American Express SafeKey',
};

const SHIELD =
  '<svg width="28" height="28" viewBox="0 0 24 24" fill="none" aria-hidden="true"><path d="M12 2 4 5v6c0 5 3.4 9.3 8 11 4.6-1.7 8-6 8-11V5l-8-3Z" fill="#fff" fill-opacity=".2" stroke="#fff" stroke-width="1.5" stroke-linejoin="round"/><path d="m8.5 12 2.4 2.4 4.6-4.8" stroke="#fff" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"/></svg>';

function layout(title: string, scheme: string, content: string, below = ''): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)} · Sandbox Bank</title><style>${STYLES}</style></head>
<body><main><div class="card"><header><span class="bank">${SHIELD}Sandbox Bank</span>${
    scheme === '' ? '' : `<span class="scheme">${escaped(scheme)}</span>`
  }</header>${content}</div>${below}</main></body></html>`;
}

function notice(title: string, text: string, more = ''): string {
  return layout(title, '', `<section><h1>${escaped(title)}</h1><p>${escaped(text)}</p>${more}</section>`);
}

function row(name: string, value: string, kind = ''): string {
  return `<div${kind === '' ? '' : ` class="${kind}"`}><dt>${name}</dt><dd>${escaped(value)}</dd></div>`;
}

function challenge(
  host: ChallengeHost,
  { merchant, amountMinor, currency, brand, last4, ...rest }: ChallengeRow,
) {
  const date = new Date(rest.createdAt).toISOString().slice(0, 16).replace('T', ' ');
  const details = [
    row('Merchant', merchant),
    row('Amount', money(amountMinor, currency), 'amount'),
    row('Card', `•••• ${last4}`),
    row('Date', `${date} UTC`),
  ].join('');
  const content = `<section><h1>Confirm your payment</h1>
<p>Your bank wants to be sure that it is you who is paying.</p><dl>${details}</dl>
<form method="post" action="/acs/${rest.id}"><button class="approve" name="outcome" value="approve">Confirm payment</button>
<button name="outcome" value="fail">Fail authentication</button><button name="outcome" value="cancel">Cancel</button></form></section>
<footer>Never confirm a payment that you have not made yourself. Your bank will not ask for your password by phone.</footer>`;
  const seconds = Math.round(((rest.deadlineAt ?? 0) - Date.now()) / 1_000);
  const limit = seconds >= 120 ? `${Math.round(seconds / 60)} minutes` : `${seconds} seconds`;
  const scale = host.kernel.challengeTimeScale === 1 ? '' : ' (scaled)';
  const below = `<p class="sandbox"><b>Sandbox</b>No money moves. Close this page to walk away: the bank gives up after ${limit}${scale}.</p>`;
  return layout('Confirm your payment', SCHEMES[brand] ?? '3-D Secure', content, below);
}
