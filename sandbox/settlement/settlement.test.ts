import { expect, test } from 'vitest';
import {
  ADYEN_KEY,
  admin,
  receiver,
  simulator,
  stripePayment,
  stripeRequest,
  temporaryDirectory,
} from '../testing.ts';
import {
  adyenCapture,
  adyenRefund,
  adyenReport,
  cents,
  close,
  readCsv,
  stripeCapture,
  stripeGet,
  stripeRefund,
  stripeReport,
} from '../testing-settlement.ts';

const DAY = '2026-11-20';
const NEXT_DAY = '2026-11-21';

test('stripe: a day is a report of charges, refunds and fees that ends with the payout of their net', async () => {
  const sim = await simulator('stripe');
  const paid = JSON.parse((await stripeCapture(sim, 'p1', 10_05)).body);
  await stripeCapture(sim, 'p2', 1_200, 'jpy');
  const refund = await stripeRefund(sim, paid.id, 400, 'p1-r1');
  await stripePayment(sim, 'only-authorized');

  const closed = await close(sim, DAY);
  expect(closed).toMatchObject({ businessDate: DAY, batch: 1, rows: 5, planted: [], unplanted: [] });
  const rows = readCsv(await stripeReport(sim, DAY));
  // 2.9% of 10.05 is 29.145 cents.
  expect(rows[0]).toMatchObject({
    reporting_category: 'charge',
    currency: 'eur',
    gross: '10.05',
    fee: '0.59',
    net: '9.46',
    payment_intent_id: paid.id,
    charge_id: paid.latest_charge,
    source_id: paid.latest_charge,
    'payment_metadata[interlock_reference]': 'p1',
    customer_facing_amount: '10.05',
    customer_facing_currency: 'eur',
  });
  // 34.8 yen and 30.
  expect(rows[1]).toMatchObject({ currency: 'jpy', gross: '1200', fee: '65', net: '1135' });
  expect(rows[2]).toMatchObject({
    reporting_category: 'refund',
    source_id: refund.id,
    payment_intent_id: paid.id,
    'payment_metadata[interlock_reference]': 'p1',
    'refund_metadata[interlock_reference]': 'p1-r1',
    gross: '-4.00',
    fee: '0.00',
    net: '-4.00',
  });
  const payouts = rows.slice(3);
  expect(payouts.map((row) => [row.reporting_category, row.currency, row.gross, row.fee, row.net])).toEqual([
    ['payout', 'eur', '-5.46', '0.00', '-5.46'],
    ['payout', 'jpy', '-1135', '0', '-1135'],
  ]);
  expect(closed.payout).toMatchObject({
    reference: payouts[0]?.source_id,
    amountMinor: 546,
    currency: 'EUR',
  });
  expect(closed.payouts[1]).toMatchObject({ amountMinor: 1_135, currency: 'JPY' });
  for (const row of rows) {
    const payout = row.currency === 'eur' ? payouts[0] : payouts[1];
    expect(row.automatic_payout_id).toBe(payout?.source_id);
  }
});

test('adyen: a day is a batch under its number, announced by webhook, with fees in their parts', async () => {
  const endpoint = await receiver();
  const sim = await simulator('adyen', { webhookUrl: endpoint.url });
  const first = await adyenCapture(sim, 'p1', 1_000);
  const refund = await adyenRefund(sim, first.payment, 250, 'p1-refund');
  const closed = await close(sim, DAY);
  expect(closed).toMatchObject({ batch: 1, file: 'settlement_detail_report_batch_1.csv', rows: 3 });

  const reports = () =>
    endpoint.deliveries
      .map(({ body }) => JSON.parse(body).notificationItems[0].NotificationRequestItem)
      .filter((item) => item.eventCode === 'REPORT_AVAILABLE');
  await expect.poll(() => reports().length).toBe(1);
  const url = `${sim.apiUrl}/reports/download/MerchantAccount/SandboxECOM/${closed.file}`;
  expect(reports()[0]).toMatchObject({ pspReference: closed.file, reason: url, success: 'true' });

  const [settled, refunded, payout] = readCsv((await adyenReport(sim, 1)).body);
  // 0.13; 0.6% of 10.00 is 6 cents: 3 interchange, 1 scheme, the rest markup.
  expect(settled).toMatchObject({
    Type: 'Settled',
    'Merchant Account': 'SandboxECOM',
    'Psp Reference': first.payment,
    'Modification Reference': first.capture,
    'Merchant Reference': 'p1',
    'Modification Merchant Reference': 'p1-capture',
    'Payment Method': 'visa',
    'Gross Currency': 'EUR',
    'Gross Debit (GC)': '',
    'Gross Credit (GC)': '10.00',
    'Exchange Rate': '1',
    'Net Currency': 'EUR',
    'Net Credit (NC)': '9.81',
    'Commission (NC)': '0.13',
    'Markup (NC)': '0.02',
    'Scheme Fees (NC)': '0.01',
    'Interchange (NC)': '0.03',
    'Batch Number': '1',
  });
  expect(settled?.TimeZone).toMatch(/^CES?T$/);
  expect(settled?.['Creation Date']).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
  expect(refunded).toMatchObject({
    Type: 'Refunded',
    'Psp Reference': first.payment,
    'Modification Reference': refund,
    'Modification Merchant Reference': 'p1-refund',
    'Gross Debit (GC)': '2.50',
    'Net Debit (NC)': '2.50',
    'Markup (NC)': '',
  });
  const name = closed.payout?.reference;
  expect(name).toMatch(/^TX\d{10}XT$/);
  expect(payout).toMatchObject({
    Type: 'MerchantPayout',
    'Psp Reference': '',
    'Modification Reference': `${name} batch 1, SandboxECOM batch 1, SandboxECOM`,
    'Gross Credit (GC)': '',
    'Net Debit (NC)': '7.31',
  });
});

test('adyen: reports need a key or a report user, count up, and end with a 404', async () => {
  const sim = await simulator('adyen');
  await adyenCapture(sim, 'p1');
  await close(sim, DAY);
  await close(sim, NEXT_DAY);
  const basic = (user: string) => ({ Authorization: `Basic ${Buffer.from(user).toString('base64')}` });
  expect((await adyenReport(sim, 1, basic(`report@Company.Sandbox:${ADYEN_KEY}`))).status).toBe(200);
  expect((await adyenReport(sim, 1, basic('report@Company.Sandbox:wrong'))).status).toBe(401);
  expect((await adyenReport(sim, 1, {})).status).toBe(401);
  expect((await adyenReport(sim, 2)).status).toBe(200);
  expect((await adyenReport(sim, 3)).status).toBe(404);
  expect((await adyenReport(sim, '1/../2')).status).toBe(404);
});

test('a business date is closed once, and each effect is settled once', async () => {
  const sim = await simulator('stripe');
  await stripeCapture(sim, 'p1');
  const first = await close(sim, DAY);
  await stripeCapture(sim, 'p2');
  expect(await close(sim, DAY, { breaks: [{ type: 'AMOUNT_OVER' }] })).toEqual(first);
  expect((await admin(sim, 'GET', `/settlement/${DAY}`)).body).toEqual(first);
  const second = await close(sim, NEXT_DAY);
  expect((await admin(sim, 'GET', '/settlement')).body).toEqual([first, second]);
  const references = async (day: string) =>
    readCsv(await stripeReport(sim, day)).map((row) => row['payment_metadata[interlock_reference]']);
  expect(await references(DAY)).toEqual(['p1', '']);
  expect(await references(NEXT_DAY)).toEqual(['p2', '']);
});

test('until: what was executed later stays for the next file', async () => {
  const sim = await simulator('adyen');
  await adyenCapture(sim, 'early');
  const [line] = (await admin(sim, 'GET', '/journal')).body.slice(-1);
  await expect.poll(() => Date.now()).toBeGreaterThan(Date.parse(line.at));
  await adyenCapture(sim, 'late');
  expect((await close(sim, DAY, { until: line.at })).rows).toBe(2);
  expect((await close(sim, NEXT_DAY)).rows).toBe(2);
  expect(readCsv((await adyenReport(sim, 2)).body)[0]).toMatchObject({ 'Merchant Reference': 'late' });
});

test('closed days outlive the process', async () => {
  const dataDir = await temporaryDirectory();
  const before = await simulator('adyen', { dataDir });
  await adyenCapture(before, 'p1');
  const closed = await close(before, DAY);
  const file = (await adyenReport(before, 1)).body;
  await before.close();
  const after = await simulator('adyen', { dataDir });
  expect(await close(after, DAY)).toEqual(closed);
  expect((await adyenReport(after, 1)).body).toBe(file);
  expect((await close(after, NEXT_DAY)).rows).toBe(0);
});

test('stripe: a report is refused before its day is closed, and for what is not simulated', async () => {
  const sim = await simulator('stripe');
  await stripeCapture(sim, 'p1');
  const start = Date.parse(DAY) / 1_000;
  const order = async (overrides: Record<string, string>) => {
    const form = new URLSearchParams({
      report_type: 'payout_reconciliation.itemized.5',
      'parameters[interval_start]': String(start),
      'parameters[interval_end]': String(start + 86_400),
      ...overrides,
    });
    const { status, body } = await stripeRequest(sim, '/v1/reporting/report_runs', form);
    return { status, error: JSON.parse(body).error };
  };
  const unclosed = await order({});
  expect(unclosed).toMatchObject({ status: 400, error: { param: 'parameters[interval_end]' } });
  await close(sim, DAY);
  expect(await order({})).toMatchObject({ status: 200 });
  expect(await order({ report_type: 'balance.summary.1' })).toMatchObject({
    error: { param: 'report_type' },
  });
  expect(await order({ 'parameters[interval_end]': String(start) })).toMatchObject({ status: 400 });
  expect(await order({ 'parameters[payout]': 'po_1' })).toMatchObject({ status: 400 });
  expect((await stripeGet(sim, '/v1/reporting/report_runs/frr_1')).status).toBe(404);
  expect((await stripeGet(sim, '/v1/files/file_1/contents')).status).toBe(404);
  const unknown = await stripeRequest(sim, '/v1/files/file_1/contents');
  expect(unknown.status).toBe(404);

  const chosen = ['net', 'payment_metadata[interlock_reference]', 'reporting_category'];
  const csv = await stripeReport(sim, DAY, chosen);
  expect(csv.split('\n').slice(0, 2)).toEqual([chosen.join(','), '9.41,p1,charge']);
});

test('the journal adds up: what was executed is settled, less fees, and paid out', async () => {
  const sim = await simulator('adyen');
  const { payment } = await adyenCapture(sim, 'p1', 10_000);
  await adyenCapture(sim, 'p2', 777);
  await adyenRefund(sim, payment, 1_234, 'p1-refund');
  await close(sim, DAY);
  await adyenCapture(sim, 'p3', 555);
  const rows = readCsv((await adyenReport(sim, 1)).body);
  const { executed, settled, unsettled } = (await admin(sim, 'GET', '/settlement/journal')).body;
  expect(executed.EUR).toMatchObject({ captures: 11_332, refunds: -1_234, fees: 0 });
  expect(unsettled.EUR).toMatchObject({ captures: 555, refunds: 0 });
  const feeColumns = ['Commission (NC)', 'Markup (NC)', 'Scheme Fees (NC)', 'Interchange (NC)'];
  const fees = rows.flatMap((row) => feeColumns.map((column) => cents(row[column])));
  const feesMinor = fees.reduce((total, fee) => total + fee, 0);
  const paid = cents(rows.at(-1)?.['Net Debit (NC)']);
  expect(settled.EUR).toMatchObject({ captures: 10_777, refunds: -1_234, fees: -feesMinor, payouts: -paid });
  expect(10_777 - 1_234 - feesMinor).toBe(paid);
  expect(settled.EUR.net).toBe(0);
});

test('a capture that failed before its file is in none; one that failed afterwards is reversed', async () => {
  const sim = await simulator('adyen');
  const failures = async () => {
    const lines: { effect: string; reference: string }[] = (await admin(sim, 'GET', '/journal')).body;
    return lines.filter(({ effect }) => effect === 'capture_failed').map(({ reference }) => reference);
  };
  await adyenCapture(sim, 'early', 1_000, 'EUR', 'SANDBOX capture_failed');
  await expect.poll(failures).toEqual(['early']);
  expect((await close(sim, DAY)).rows).toBe(0);

  // The failure takes as long as the settings say when the capture settles: long enough to close a day.
  await admin(sim, 'POST', '/settings', { settleDelayMs: 2_000 });
  await adyenCapture(sim, 'later', 1_000, 'EUR', 'SANDBOX capture_failed');
  expect((await close(sim, NEXT_DAY)).rows).toBe(2);
  await expect.poll(failures, { timeout: 5_000 }).toEqual(['early', 'later']);
  await close(sim, '2026-11-22');
  const [reversed] = readCsv((await adyenReport(sim, 3)).body);
  expect(reversed).toMatchObject({
    Type: 'SettledReversed',
    'Gross Debit (GC)': '10.00',
    'Net Debit (NC)': '10.00',
  });
});
