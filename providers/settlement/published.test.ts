/** What the simulators publish, who share no code with the layouts, is what the layouts read. */
import { expect, test } from 'vitest';
import type { Simulator } from '../../sandbox/simulator.ts';
import { admin, raw, simulator } from '../../sandbox/testing.ts';
import {
  adyenCapture,
  adyenRefund,
  adyenReport,
  close,
  stripeCapture,
  stripeRefund,
  stripeReport,
} from '../../sandbox/testing-settlement.ts';
import { type BankFormat, parseBankStatement } from './bank/parse.ts';
import { pieces, readWhole, type WholeFile } from './test-support/read.ts';

const DAY = '2026-11-20';
/** Breaks that leave a file's sums right. */
const BREAKS = ['CHARGEBACK_NEW', 'RESERVE_MOVEMENT', 'UNEXPECTED_FEE_TYPE', 'BATCH_FEE_UNALLOCATED'];

function netByCurrency({ rows }: WholeFile): Record<string, number> {
  const nets: Record<string, number> = {};
  for (const { settlementCurrency, netMinor, type } of rows) {
    if (type !== 'payout') nets[settlementCurrency] = (nets[settlementCurrency] ?? 0) + netMinor;
  }
  return nets;
}

async function statement(sim: Simulator, format: BankFormat) {
  const { body } = await raw(`${sim.adminUrl}/bank/statements/${DAY}?format=${format}`);
  const credits: (readonly [string | undefined, number, string])[] = [];
  for await (const parsed of parseBankStatement(pieces(Buffer.from(body), 100), format)) {
    if (parsed.type === 'end') {
      expect(parsed.warnings).toEqual([]);
      continue;
    }
    const { endToEndId, amountMinor, currency, bookedOn } = parsed.line;
    expect(bookedOn).toBe(DAY);
    credits.push([endToEndId, amountMinor, currency]);
  }
  return credits.sort();
}

async function check(sim: Simulator, whole: WholeFile, closed: Awaited<ReturnType<typeof close>>) {
  expect(closed.unplanted).toEqual([]);
  expect(whole.rows).toHaveLength(closed.rows);
  expect(whole.end.warnings).toEqual([]);
  const paid = Object.fromEntries(closed.payouts.map(({ currency, amountMinor }) => [currency, amountMinor]));
  expect(netByCurrency(whole)).toEqual(paid);
  expect(
    whole.end.payouts.map(({ reference, amountMinor, currency }) => [reference, amountMinor, currency]),
  ).toEqual(closed.payouts.map(({ reference, amountMinor, currency }) => [reference, amountMinor, currency]));
  const types = whole.rows.map(({ type }) => type);
  for (const type of ['capture', 'refund', 'chargeback', 'fee', 'unknown', 'payout'])
    expect(types).toContain(type);
  expect(types.some((type) => type === 'reserve_held' || type === 'reserve_released')).toBe(true);
  // The simulator's books: what its files have settled is what was read from them.
  const { settled } = (await admin(sim, 'GET', '/settlement/journal')).body;
  for (const [currency, amountMinor] of Object.entries(paid)) {
    expect(settled[currency]).toMatchObject({ payouts: -amountMinor, net: 0 });
  }
  const credits = closed.payouts.map(({ reference, amountMinor, currency }) => [
    reference,
    amountMinor,
    currency,
  ]);
  expect(await statement(sim, 'camt053')).toEqual(credits.sort());
  expect(await statement(sim, 'mt940')).toEqual(credits.sort());
}

test('of Stripe', async () => {
  const sim = await simulator('stripe');
  const paid = JSON.parse((await stripeCapture(sim, 'p1', 10_05)).body);
  for (let at = 2; at < 8; at += 1) await stripeCapture(sim, `p${at}`, 5_000 + at);
  await stripeCapture(sim, 'yen', 1_200, 'jpy');
  const refund = await stripeRefund(sim, paid.id, 400, 'p1-r1');
  const closed = await close(sim, DAY, { breaks: BREAKS.map((type) => ({ type })), seed: 4 });
  const whole = await readWhole('stripe', await stripeReport(sim, DAY));
  await check(sim, whole, closed);
  expect(whole.rows.find(({ merchantReference }) => merchantReference === 'p1')).toMatchObject({
    type: 'capture',
    providerReference: paid.id,
    alternativeReference: paid.latest_charge,
    grossMinor: 10_05,
    feeMinor: 59,
  });
  expect(whole.rows.find(({ type }) => type === 'refund')).toMatchObject({
    providerReference: paid.id,
    operationReference: refund.id,
    merchantReference: 'p1-r1',
    grossMinor: -400,
  });
});

test('of Adyen', async () => {
  const sim = await simulator('adyen');
  const first = await adyenCapture(sim, 'p1', 1_000);
  for (let at = 2; at < 8; at += 1) await adyenCapture(sim, `p${at}`, 5_000 + at);
  await adyenCapture(sim, 'yen', 1_200, 'JPY');
  const refund = await adyenRefund(sim, first.payment, 250, 'p1-refund');
  const closed = await close(sim, DAY, { breaks: BREAKS.map((type) => ({ type })), seed: 4 });
  const whole = await readWhole('adyen', (await adyenReport(sim, 1)).body);
  await check(sim, whole, closed);
  expect(whole.rows.find(({ merchantReference }) => merchantReference === 'p1')).toMatchObject({
    type: 'capture',
    providerReference: first.payment,
    operationReference: first.capture,
    grossMinor: 1_000,
    feeMinor: 19,
    merchantAccount: 'SandboxECOM',
    batch: '1',
  });
  expect(whole.rows.find(({ type }) => type === 'refund')).toMatchObject({
    providerReference: first.payment,
    operationReference: refund,
    merchantReference: 'p1-refund',
    grossMinor: -250,
  });
});
