// Helpers of settlement's tests: days of payments, and files fetched and read as a merchant would.
import { expect } from 'vitest';
import type { Simulator } from './simulator.ts';
import {
  ADYEN_ACCOUNT,
  ADYEN_KEY,
  admin,
  adyenBody,
  adyenRequest,
  effectsOf,
  raw,
  STRIPE_KEY,
  stripePayment,
  stripeRequest,
} from './testing.ts';

export type Row = Record<string, string>;

/** Cells of one CSV record. Strict: what a writer must not do, such as a stray quote, throws. */
function cellsOf(text: string): string[] {
  const cells = text.match(/("(?:[^"]|"")*"|[^",]*)(?:,|$)/g)?.slice(0, text.endsWith(',') ? undefined : -1);
  if (cells === undefined || cells.join('') !== text) throw new Error(`not a CSV record: ${text}`);
  return cells.map((cell) =>
    cell
      .replace(/,$/, '')
      .replace(/^"([\s\S]*)"$/, '$1')
      .replaceAll('""', '"'),
  );
}

export function readCsv(text: string): Row[] {
  const [header = '', ...lines] = text.replace(/\n$/, '').split('\n');
  const names = cellsOf(header);
  return lines.map((line) => {
    const cells = cellsOf(line);
    expect(cells.length, line).toBe(names.length);
    return Object.fromEntries(names.map((name, index) => [name, cells[index] ?? '']));
  });
}

/** Minor units of a decimal with two digits, without the code under test. */
export function cents(text: string | undefined): number {
  if (text === undefined || text === '') return 0;
  const match = /^(-?)(\d+)\.(\d{2})$/.exec(text);
  if (match === null) throw new Error(`not an amount with two decimals: ${text}`);
  return Number(`${match[1]}${match[2]}${match[3]}`);
}

export function stripeCapture(sim: Simulator, reference: string, amount = 1_000, currency = 'eur') {
  return stripePayment(sim, reference, {
    amount: String(amount),
    currency,
    capture_method: 'automatic',
    'metadata[interlock_reference]': reference,
  });
}

export async function stripeRefund(sim: Simulator, payment: string, amount: number, reference: string) {
  const fields = {
    payment_intent: payment,
    amount: String(amount),
    'metadata[interlock_reference]': reference,
  };
  const answer = await stripeRequest(sim, '/v1/refunds', new URLSearchParams(fields), `refund-${reference}`);
  return JSON.parse(answer.body);
}

export async function adyenCapture(
  sim: Simulator,
  reference: string,
  value = 1_000,
  currency = 'EUR',
  holderName?: string,
) {
  const amount = { value, currency };
  const body = adyenBody(reference, { amount }, holderName);
  const paid = await adyenRequest(sim, '/payments', body, `key-${reference}`);
  const payment: string = JSON.parse(paid.body).pspReference;
  const asked = { amount, merchantAccount: ADYEN_ACCOUNT, reference: `${reference}-capture` };
  const captured = await adyenRequest(sim, `/payments/${payment}/captures`, asked, `capture-${reference}`);
  await expect.poll(() => effectsOf(sim, reference), { timeout: 5_000 }).toContain('captured');
  return { payment, capture: JSON.parse(captured.body).pspReference as string };
}

export async function adyenRefund(sim: Simulator, payment: string, value: number, reference: string) {
  const amount = { value, currency: 'EUR' };
  const asked = { amount, merchantAccount: ADYEN_ACCOUNT, reference };
  const answer = await adyenRequest(sim, `/payments/${payment}/refunds`, asked, `refund-${reference}`);
  const refund: string = JSON.parse(answer.body).pspReference;
  await expect
    .poll(async () => (await admin(sim, 'GET', '/journal')).body)
    .toContainEqual(expect.objectContaining({ effect: 'refunded', providerReference: refund }));
  return refund;
}

/** What was planted where, as the admin server answers it. */
export interface Closed {
  businessDate: string;
  file: string;
  batch: number;
  rows: number;
  payout: { reference: string; amountMinor: number; currency: string } | null;
  payouts: { reference: string; traceId: string; amountMinor: number; currency: string }[];
  planted: {
    type: string;
    line?: number;
    reference?: string;
    providerReference?: string;
    operation?: string;
    amountMinor?: number;
    expectedMinor?: number;
    currency?: string;
    detail?: string;
  }[];
  unplanted: { type: string; count: number; why: string }[];
  journal: Record<string, Record<string, number>>;
}

export async function close(sim: Simulator, businessDate: string, more: object = {}): Promise<Closed> {
  const { status, body } = await admin(sim, 'POST', '/settlement', { businessDate, ...more });
  expect(status, JSON.stringify(body)).toBe(200);
  return body;
}

export function adyenReport(sim: Simulator, batch: number | string, headers?: Record<string, string>) {
  const path = `/reports/download/MerchantAccount/${ADYEN_ACCOUNT}/settlement_detail_report_batch_${batch}.csv`;
  return raw(`${sim.apiUrl}${path}`, { headers: headers ?? { 'X-API-Key': ADYEN_KEY } });
}

export function stripeGet(sim: Simulator, pathOrUrl: string) {
  return raw(new URL(pathOrUrl, sim.apiUrl).href, { headers: { Authorization: `Bearer ${STRIPE_KEY}` } });
}

/** Asks for a day's report, waits until it is there, and fetches it. */
export async function stripeReport(sim: Simulator, businessDate: string, columns: string[] = []) {
  const start = Date.parse(businessDate) / 1_000;
  const form = new URLSearchParams({
    report_type: 'payout_reconciliation.itemized.5',
    'parameters[interval_start]': String(start),
    'parameters[interval_end]': String(start + 86_400),
  });
  for (const column of columns) form.append('parameters[columns][]', column);
  const ordered = JSON.parse((await stripeRequest(sim, '/v1/reporting/report_runs', form)).body);
  expect(ordered).toMatchObject({ object: 'reporting.report_run', status: 'pending', result: null });
  const seen = async () => JSON.parse((await stripeGet(sim, `/v1/reporting/report_runs/${ordered.id}`)).body);
  await expect.poll(async () => (await seen()).status).toBe('succeeded');
  const { result } = await seen();
  const file = await stripeGet(sim, result.url);
  expect(file.headers['content-type']).toBe('text/csv');
  expect(Buffer.byteLength(file.body)).toBe(result.size);
  return file.body;
}
