import { expect, test } from 'vitest';
import type { Simulator } from '../simulator.ts';
import { raw, simulator } from '../testing.ts';
import { adyenCapture, close, stripeCapture } from '../testing-settlement.ts';

const DAY = '2026-11-20';
const NEXT_DAY = '2026-11-21';

function statement(sim: Simulator, date: string, format: string) {
  return raw(`${sim.adminUrl}/bank/statements/${date}?format=${format}`);
}

const all = (text: string, tag: string) =>
  [...text.matchAll(new RegExp(`<${tag}(?: [^>]*)?>([^<]*)</${tag}>`, 'g'))].map((match) => match[1]);

test('a payout reaches the bank on its day, under its reference, and balances run on', async () => {
  const sim = await simulator('stripe');
  await stripeCapture(sim, 'p1', 10_000);
  const first = await close(sim, DAY);
  await stripeCapture(sim, 'p2', 5_000);
  const second = await close(sim, NEXT_DAY);
  const xml = (await statement(sim, NEXT_DAY, 'camt053')).body;
  // 100.00 less 3.20, then 50.00 less 1.75.
  expect(all(xml, 'Amt')).toEqual(['96.80', '145.05', '48.25']);
  expect(all(xml, 'Cd').slice(0, 2)).toEqual(['OPBD', 'CLBD']);
  expect(all(xml, 'EndToEndId')).toEqual([second.payout?.reference]);
  expect(all(xml, 'Ustrd')).toEqual([`STRIPE ${second.payouts[0]?.traceId} ${second.payout?.reference}`]);
  expect(xml).not.toContain(first.payout?.reference);
  const before = (await statement(sim, DAY, 'camt053')).body;
  expect(all(before, 'Amt')).toEqual(['0.00', '96.80', '96.80']);
  expect((await statement(sim, '2026-11-01', 'camt053')).status).toBe(404);
  expect((await statement(sim, DAY, 'pdf')).status).toBe(400);
  expect((await statement(sim, 'yesterday', 'camt053')).status).toBe(400);
});

test('mt940 says the same, each currency in a message of its own', async () => {
  const sim = await simulator('adyen');
  await adyenCapture(sim, 'p1', 10_000);
  await adyenCapture(sim, 'p2', 1_200, 'JPY');
  const { payouts } = await close(sim, DAY);
  const answer = await statement(sim, DAY, 'mt940');
  expect(answer.headers['content-type']).toMatch(/^text\/plain/);
  const [euro = '', yen = '', rest] = answer.body.split('-\r\n');
  expect(rest).toBe('');
  const [eur, jpy] = payouts;
  expect(euro.split('\r\n')).toEqual([
    ':20:SB261120EUR',
    ':25:NL59SAND0000000034',
    ':28C:00324/001',
    ':60F:C261120EUR0,00',
    // 0.13, and 0.60 of 100.00.
    expect.stringMatching(new RegExp(`^:61:2611201120C99,27NTRF${eur?.reference}//SB\\d{12}$`)),
    expect.stringMatching(
      new RegExp(`^:86:/EREF/${eur?.reference}/NAME/ADYEN NV/REMI/${eur?.reference} batch 1`),
    ),
    expect.stringMatching(/SandboxECOM$/),
    ':62F:C261120EUR99,27',
    '',
  ]);
  // 13 euro cents are 21 yen; 0.6% of 1200 is 7.
  expect(jpy).toMatchObject({ currency: 'JPY', amountMinor: 1_172 });
  expect(yen).toContain('C1172,NTRF');
});

test('a credit is short, another comes back, and one nobody knows', async () => {
  const sim = await simulator('adyen');
  await adyenCapture(sim, 'p1', 10_000);
  await adyenCapture(sim, 'p2', 10_000, 'USD');
  const { planted, payouts } = await close(sim, DAY, {
    breaks: [{ type: 'PAYOUT_BANK_MISMATCH', count: 2 }, { type: 'UNIDENTIFIED_BANK_CREDIT' }],
  });
  const [euros, dollars] = payouts.map(({ amountMinor }) => amountMinor);
  expect(planted).toMatchObject([
    { type: 'PAYOUT_BANK_MISMATCH', amountMinor: (euros ?? 0) - 250, expectedMinor: euros, detail: 'short' },
    { type: 'PAYOUT_BANK_MISMATCH', amountMinor: 0, expectedMinor: dollars, detail: 'returned' },
    { type: 'UNIDENTIFIED_BANK_CREDIT', amountMinor: 12_345, currency: 'EUR' },
  ]);
  const xml = (await statement(sim, DAY, 'camt053')).body;
  const [euroStatement = '', dollarStatement = ''] = xml.split('</Stmt>');
  expect(all(euroStatement, 'Amt')).toEqual(['0.00', '220.22', '96.77', '123.45']);
  expect(all(euroStatement, 'Nm')).toContain('Unknown Sender BV');
  expect(all(euroStatement, 'EndToEndId')).toContain('NOTPROVIDED');
  expect(all(dollarStatement, 'Amt').slice(0, 2)).toEqual(['0.00', '0.00']);
  expect(all(dollarStatement, 'CdtDbtInd').slice(2)).toEqual(['CRDT', 'DBIT']);
  expect(all(dollarStatement, 'RvslInd')).toEqual(['true']);
  expect((await statement(sim, DAY, 'mt940')).body).toMatch(/:61:2611201120RC\d+,\d\dNTRF/);
});
