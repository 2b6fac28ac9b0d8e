import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../../test/tidy/sources.ts';
import type { SettlementLayout } from './layout.ts';
import { layoutNamed } from './registry.ts';
import { codesOf, readWhole, refusalOf } from './test-support/read.ts';

function csv(...records: readonly string[]): string {
  return records.map((record) => `${record}\n`).join('');
}

const STRIPE =
  'balance_transaction_id,automatic_payout_id,created,available_on,currency,gross,fee,net,reporting_category,' +
  'source_id,charge_id,payment_intent_id,customer_facing_amount,customer_facing_currency,' +
  'payment_metadata[interlock_reference],refund_metadata[interlock_reference]';

describe('Stripe', () => {
  const of = (...records: readonly string[]) => readWhole('stripe', csv(STRIPE, ...records));
  const AT = '2026-01-30 10:11:12,2026-02-01 00:00:00';

  test('a charge in another currency is in the currency that the payer was charged in', async () => {
    const { rows, end } = await of(
      `t1,po_1,${AT},usd,10.87,0.62,10.25,charge,ch_1,ch_1,pi_1,1000,jpy,att_1,`,
    );
    expect(rows[0]).toMatchObject({
      line: 2,
      type: 'capture',
      providerReference: 'pi_1',
      alternativeReference: 'ch_1',
      operationReference: 'ch_1',
      merchantReference: 'att_1',
      currency: 'JPY',
      grossMinor: 1000,
      settlementCurrency: 'USD',
      feeMinor: 62,
      netMinor: 1025,
      fees: [{ kind: 'processing', amountMinor: 62 }],
      presented: { amountMinor: 1000, currency: 'JPY' },
      occurredAt: '2026-01-30T10:11:12.000Z',
      availableOn: '2026-02-01T00:00:00.000Z',
      payoutReference: 'po_1',
    });
    expect(end.totals.capture).toEqual({
      JPY: { count: 1, grossMinor: 1000n, feeMinor: 0n, netMinor: 0n },
      USD: { count: 0, grossMinor: 0n, feeMinor: 62n, netMinor: 1025n },
    });
  });

  test('a payout pays, whichever sign it has, unless the lines before it come to as large a debt', async () => {
    const refund = `t1,po_1,${AT},usd,-10.00,0,-10.00,refund,re_1,ch_1,pi_1,-10.00,usd,att_1,op_1`;
    const payout = (sign: string) => `t9,po_1,${AT},usd,${sign}10.00,0,${sign}10.00,payout,po_1,,,,,,`;
    const charge = `t1,po_1,${AT},usd,10.00,0,10.00,charge,ch_1,ch_1,pi_1,10.00,usd,att_1,`;
    for (const sign of ['', '-']) {
      const paid = await of(charge, payout(sign));
      expect([paid.rows[1]?.netMinor, paid.end.warnings]).toEqual([-1000, []]);
      const collected = await of(refund, payout(sign));
      expect([collected.rows[1]?.netMinor, collected.end.warnings]).toEqual([1000, []]);
    }
  });

  test('a refund carries its own reference, a dispute its fee, and reserves go both ways', async () => {
    const { rows } = await of(
      `t1,po_1,${AT},usd,-10.00,0,-10.00,refund,re_1,ch_1,pi_1,-10.00,usd,att_1,op_1`,
      `t2,po_1,${AT},usd,-10.00,15.00,-25.00,dispute,du_1,ch_1,pi_1,,,att_1,`,
      `t3,po_1,${AT},usd,-3,0,-3,risk_reserved_funds,,,,,,,`,
      `t4,po_1,${AT},usd,3,0,3,risk_reserved_funds,,,,,,,`,
    );
    expect(rows.map(({ type }) => type)).toEqual([
      'refund',
      'chargeback',
      'reserve_held',
      'reserve_released',
    ]);
    expect(rows[0]).toMatchObject({ merchantReference: 'op_1', operationReference: 're_1' });
    expect(rows[1]?.fees).toEqual([{ kind: 'dispute', amountMinor: 1500 }]);
    // A row that names nothing still has a name of its own.
    expect(rows[2]?.operationReference).toBe('t3');
  });

  test('a payout is negative however the report shows it, and is held against its lines', async () => {
    const charge = `t1,po_1,${AT},usd,25,0.95,24.05,charge,ch_1,ch_1,pi_1,25,usd,,`;
    const payout = (amount: string) => `t9,po_1,${AT},usd,${amount},0,${amount},payout,po_1,,,,,,`;
    for (const amount of ['24.05', '-24.05']) {
      const whole = await of(charge, payout(amount));
      expect(whole.rows[1]).toMatchObject({ type: 'payout', grossMinor: -2405, payoutReference: 'po_1' });
      expect(whole.end.payouts).toEqual([{ line: 3, reference: 'po_1', currency: 'USD', amountMinor: 2405 }]);
      expect(codesOf(whole)).toEqual([]);
    }
    expect(codesOf(await of(charge, payout('-24.06')))).toEqual(['batch_not_balanced']);
    expect(codesOf(await of(charge))).toEqual(['payout_line_missing']);
  });

  test('every category of the specification has a type; others are unknown, and never dropped', async () => {
    const map = layoutNamed('stripe')?.types.map ?? {};
    expect(Object.keys(map).length).toBeGreaterThanOrEqual(37);
    const { rows } = await of(`t1,po_1,${AT},usd,-1.00,0,-1.00,terminal_surcharge,,,,,,,`);
    expect(rows[0]).toMatchObject({ type: 'unknown', providerType: 'terminal_surcharge', netMinor: -100 });
  });
});

const ADYEN =
  'Company Account,Merchant Account,Psp Reference,Merchant Reference,Payment Method,Creation Date,TimeZone,Type,' +
  'Modification Reference,Gross Currency,Gross Debit (GC),Gross Credit (GC),Exchange Rate,Net Currency,' +
  'Net Debit (NC),Net Credit (NC),Commission (NC),Markup (NC),Scheme Fees (NC),Interchange (NC),' +
  'Payment Method Variant,Modification Merchant Reference,Batch Number,Reserved4';

describe('Adyen', () => {
  const of = (...records: readonly string[]) => readWhole('adyen', csv(ADYEN, ...records));

  test('a batch that comes to nothing is paid out, and nothing of it came back', async () => {
    for (const [debit, credit] of [
      ['0.00', ''],
      ['', '0.00'],
    ]) {
      const { rows } = await of(
        `Shop,ShopEU,,,,2026-07-02 09:00:00,CEST,MerchantPayout,"TX1XT batch 7, ShopEU",EUR,,,,EUR,${debit},${credit},,,,,,,7,`,
      );
      expect(rows).toMatchObject([{ type: 'payout', netMinor: 0, batch: '7' }]);
    }
  });

  test('a settled line in another currency: its rate, its fees by kind, its time in UTC', async () => {
    const whole = await of(
      'Shop,ShopEU,P1,att_1,visa,2026-07-01 00:30:00,Europe/Amsterdam,Settled,M1,GBP,,100.00,1.1745,EUR,,116.15,0.10,0.20,0.30,0.70,visa,,7,',
      'Shop,ShopEU,,,,2026-07-02 09:00:00,CEST,MerchantPayout,"TX1111111111XT batch 7, ShopEU batch 7, ShopEU",EUR,,,,EUR,116.15,,,,,,,,7,',
    );
    expect(whole.rows[0]).toMatchObject({
      type: 'capture',
      providerReference: 'P1',
      operationReference: 'M1',
      merchantReference: 'att_1',
      currency: 'GBP',
      grossMinor: 10_000,
      settlementCurrency: 'EUR',
      feeMinor: 130,
      netMinor: 11_615,
      exchangeRate: '1.1745',
      fees: [
        { kind: 'processing', amountMinor: 10 },
        { kind: 'markup', amountMinor: 20 },
        { kind: 'scheme', amountMinor: 30 },
        { kind: 'interchange', amountMinor: 70 },
      ],
      occurredAt: '2026-06-30T22:30:00.000Z',
      batch: '7',
      merchantAccount: 'ShopEU',
    });
    expect(whole.rows[1]).toMatchObject({
      type: 'payout',
      netMinor: -11_615,
      payoutReference: 'TX1111111111XT',
      batch: '7',
      occurredAt: '2026-07-02T07:00:00.000Z',
    });
    expect(codesOf(whole)).toEqual([]);
  });

  test('a rate that does not lead from gross to net is a warning', async () => {
    const line = (net: string) =>
      `Shop,ShopEU,P1,att_1,visa,2026-07-01 00:30:00,UTC,Settled,M1,GBP,,100.00,1.1745,EUR,,${net},,,,,visa,,7,`;
    expect(codesOf(await of(line('117.45')))).toEqual(['batch_not_balanced']);
    expect(codesOf(await of(line('119.00')))).toEqual(['batch_not_balanced', 'exchange_differs']);
  });

  test('a chargeback with its fee, a refund under its own reference, a fee without a payment', async () => {
    const { rows } = await of(
      'Shop,ShopEU,P1,o.1,visa,2026-01-10 10:25:36,PST,Chargeback,M1,USD,1.00,,1,USD,3.00,,2.00,,,,visa,,3,',
      'Shop,ShopEU,P2,o.2,visa,2026-01-10 10:25:36,PDT,Refunded,M2,USD,1.00,,1,USD,1.00,,,,,,visa,op_2,3,',
      'Shop,ShopEU,,,,2026-01-10 10:25:36,EST,Fee,Transaction Fees January 2026,EUR,,,,USD,1.80,,,,,,,,3,',
      'Shop,ShopEU,,,,2026-01-10 10:25:36,EST,DepositCorrection,Held,USD,,,,USD,5.00,,,,,,,,3,',
      'Shop,ShopEU,,,,2026-01-10 10:25:36,EST,DepositCorrection,Released,USD,,,,USD,,5.00,,,,,,,3,',
    );
    expect(rows[0]).toMatchObject({ type: 'chargeback', grossMinor: -100, feeMinor: 200, netMinor: -300 });
    expect(rows[1]).toMatchObject({
      type: 'refund',
      merchantReference: 'op_2',
      occurredAt: '2026-01-10T17:25:36.000Z',
    });
    expect(rows[2]).toMatchObject({
      type: 'fee',
      currency: 'USD',
      grossMinor: -180,
      feeMinor: 0,
      netMinor: -180,
      description: 'Transaction Fees January 2026',
    });
    expect(rows.slice(3).map(({ type }) => type)).toEqual(['reserve_held', 'reserve_released']);
  });

  test('a line that is both a debit and a credit, or in an unknown time zone, is refused', async () => {
    const line = (zone: string, debit: string) =>
      csv(ADYEN, `S,S,P,R,visa,2026-01-10 10:25:36,${zone},Settled,M,EUR,${debit},1.00,1,EUR,,1.00,,,,,,,3,`);
    expect(await refusalOf('adyen', line('CET', '2.00'))).toMatchObject({ reason: 'bad_direction', line: 2 });
    expect(await refusalOf('adyen', line('CEWT', ''))).toMatchObject({
      reason: 'bad_time_zone',
      line: 2,
      column: 'TimeZone',
    });
  });
});

const PAYPAL =
  'CH,Transaction ID,Invoice ID,PayPal Reference ID,PayPal Reference ID Type,Transaction Event Code,' +
  'Transaction Initiation Date,Transaction Completion Date,Transaction Debit or Credit,Gross Transaction Amount,' +
  'Gross Transaction Currency,Fee Debit or Credit,Fee Amount,Fee Currency,Custom Field,Bank Reference ID';

describe('PayPal', () => {
  const AT = '2026/01/06 00:00:30 -0800,2026/01/06 00:00:30 -0800';
  const SALE = `SB,T1,O1,,,T0006,${AT},CR,10000,JPY,DR,300,JPY,,`;
  const section = (...records: readonly string[]) =>
    csv('SH,2026/01/06 00:00:00 -0800,2026/01/06 23:59:59 -0800,ACCOUNT1', PAYPAL, ...records);

  test('amounts are minor units, and a row is of the account of its section', async () => {
    const { rows, end } = await readWhole('paypal', section(SALE));
    expect(rows[0]).toMatchObject({
      type: 'capture',
      grossMinor: 10_000,
      feeMinor: 300,
      netMinor: 9_700,
      currency: 'JPY',
      merchantAccount: 'ACCOUNT1',
      merchantReference: 'O1',
      occurredAt: '2026-01-06T08:00:30.000Z',
    });
    expect(end.warnings).toEqual([]);
  });

  test('a fee in another currency is a row of its own', async () => {
    const { rows } = await readWhole('paypal', section(`SB,T1,O1,,,T0006,${AT},CR,10000,JPY,DR,45,USD,,`));
    expect(rows).toHaveLength(2);
    expect(rows[0]).toMatchObject({ type: 'capture', feeMinor: 0, netMinor: 10_000, currency: 'JPY' });
    expect(rows[1]).toMatchObject({ type: 'fee', line: 3, currency: 'USD', grossMinor: -45, netMinor: -45 });
  });

  test.each([
    ['T0400', 'DR', 'payout'],
    ['T0400', 'CR', 'payout_reversed'],
    ['T0200', 'CR', 'exchange'],
    ['T1106', 'DR', 'chargeback'],
    ['T1202', 'CR', 'chargeback_reversed'],
    ['T1207', 'DR', 'second_chargeback'],
    ['T1110', 'DR', 'reserve_held'],
    ['T2101', 'CR', 'reserve_released'],
    ['T0106', 'DR', 'fee'],
    ['T8800', 'DR', 'unknown'],
  ])('%s as %s is a %s', async (code, way, type) => {
    const { rows } = await readWhole('paypal', section(`SB,T1,,R1,TXN,${code},${AT},${way},500,EUR,,,,,B7`));
    expect(rows[0]).toMatchObject({ type, grossMinor: way === 'DR' ? -500 : 500 });
    if (type === 'payout') expect(rows[0]?.payoutReference).toBe('B7');
  });

  test('a record with an amount under an unknown code is a row, any other is refused', async () => {
    const { rows } = await readWhole('paypal', section(`SX,T1,,R1,TXN,T0006,${AT},CR,500,EUR,,,,,`));
    expect(rows[0]).toMatchObject({ type: 'unknown', providerType: 'SX', grossMinor: 500 });
    expect(await refusalOf('paypal', section('SX,1,2'))).toMatchObject({ reason: 'unknown_record', line: 3 });
  });

  test('trailers are told, and held against the lines', async () => {
    const file = (credit: string) => section(SALE, `SF,JPY,${credit},0,300,0,CR,0,CR,0,1`, 'SC,1');
    const right = await readWhole('paypal', file('10000'));
    expect(right.trailers).toEqual([
      {
        type: 'trailer',
        line: 4,
        record: 'SF',
        scope: 'section',
        trailer: { currency: 'JPY', rows: 1, creditMinor: 10_000n, debitMinor: 0n, netMinor: 9_700n },
      },
    ]);
    expect(codesOf(right)).toEqual([]);
    expect(codesOf(await readWhole('paypal', file('10001')))).toEqual(['trailer_differs']);
    expect(codesOf(await readWhole('paypal', `${section(SALE)}SC,2\n`))).toEqual(['count_differs']);
  });

  test('empty cells at the end may be left out, but a record that the file ends within is refused', async () => {
    const { rows } = await readWhole('paypal', section(SALE.slice(0, -2)));
    expect(rows).toMatchObject([{ grossMinor: 10_000, feeMinor: 300 }]);
    const within = section(SALE).slice(0, -2);
    expect(await refusalOf('paypal', within)).toMatchObject({ reason: 'short_record', line: 3 });
    expect(await refusalOf('paypal', section(SALE.slice(0, -6)))).toMatchObject({ reason: 'short_record' });
  });

  test('what is opened must be closed: a report, a file, and each section once one is', async () => {
    const rest = section(SALE);
    const truncated = { reason: 'truncated' };
    expect(await refusalOf('paypal', `FH,1\n${rest}SC,1\n`)).toMatchObject(truncated);
    expect(await refusalOf('paypal', `RH,x\n${rest}SC,1\n`)).toMatchObject(truncated);
    expect(await refusalOf('paypal', `${rest}SC,1\n${rest}`)).toMatchObject(truncated);
    const { end } = await readWhole('paypal', `RH,x\nFH,1\n${rest}SC,1\nRC,1\nFF,1\n`);
    expect(end.rows).toBe(1);
    expect(await refusalOf('paypal', `FH,1\n${rest}SC,1\nFF,1\n${rest}`)).toMatchObject({
      reason: 'bad_record',
    });
  });
});

const CHECKOUT =
  'Type,Payment ID,Reference,Processed On,Available On,Timezone,Holding Currency,Payout ID,' +
  'Gross In Holding Currency,Deduction In Holding Currency,Net In Holding Currency,' +
  'Processing Fee In Holding Currency,Scheme Fee In Holding Currency,Interchange In Holding Currency,' +
  'Tax In Holding Currency,Reserve In Holding Currency,Processing Currency,Gross In Processing Currency,' +
  'FX Rate Applied';

describe('Checkout.com', () => {
  const of = (...records: readonly string[]) => readWhole('checkout', csv(CHECKOUT, ...records));
  const AT = '2026-01-06T10:00:00.123,2026-01-08,UTC,EUR,PO1';

  test('costs are positive whichever sign the file gives them, and held reserves are a row apart', async () => {
    for (const sign of ['-', '']) {
      const { rows, end } = await of(
        `Charge,pay_1,att_1,${AT},100.00,${sign}12.00,88.00,${sign}1.00,${sign}0.50,${sign}0.50,0,${sign}10.00,USD,110.00,0.9090909`,
      );
      expect(rows).toHaveLength(2);
      expect(rows[0]).toMatchObject({
        type: 'capture',
        currency: 'USD',
        grossMinor: 11_000,
        settlementCurrency: 'EUR',
        feeMinor: 200,
        netMinor: 9_800,
        fees: [
          { kind: 'processing', amountMinor: 100 },
          { kind: 'scheme', amountMinor: 50 },
          { kind: 'interchange', amountMinor: 50 },
        ],
        payoutReference: 'PO1',
        occurredAt: '2026-01-06T10:00:00.123Z',
      });
      expect(rows[1]).toMatchObject({ type: 'reserve_held', currency: 'EUR', netMinor: -1_000, line: 2 });
      expect(end.warnings).toEqual([]);
    }
  });

  test('amounts finer than money are rounded, and what that takes away is a line', async () => {
    const charge = `Charge,p,a,${AT},1.00,-0.006,0.994,-0.006,0,0,0,0,EUR,1.00,1`;
    const whole = await of(charge, charge, charge, charge);
    expect(whole.rows.slice(0, 4).map(({ netMinor }) => netMinor)).toEqual([99, 99, 99, 99]);
    expect(whole.rows[4]).toMatchObject({
      line: 6,
      type: 'rounding',
      providerType: 'rounding',
      netMinor: 2,
      payoutReference: 'PO1',
    });
    expect(whole.end.lines).toBe(5);
    expect(codesOf(whole)).toEqual(['rounded']);
  });

  test('lines without a gross amount are fees', async () => {
    const { rows } = await of(`Charge,p,a,${AT},0,-0.08,-0.08,-0.05,-0.03,0,0,0,EUR,0,1`);
    expect(rows[0]).toMatchObject({ type: 'fee', grossMinor: -8, feeMinor: 0, netMinor: -8 });
  });
});

/** Real files, from elsewhere: what they say isn't ours to copy, but they must be read. */
const SAMPLES = process.env.INTERLOCK_SETTLEMENT_SAMPLES ?? join(ROOT, '../shared/settlement-samples');
const samples = existsSync(SAMPLES)
  ? readdirSync(SAMPLES, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && layoutNamed(entry.name) !== undefined)
      .flatMap(({ name }) => readdirSync(join(SAMPLES, name)).map((file) => [name, file] as const))
  : [];

test.skipIf(samples.length === 0)('real files are read, or refused with a reason', async () => {
  for (const [provider, file] of samples) {
    const layout = layoutNamed(provider) as SettlementLayout;
    const { rows, end } = await readWhole(layout, readFileSync(join(SAMPLES, provider, file)));
    expect(rows.length, file).toBeGreaterThan(1);
    expect(rows.filter(({ type }) => type === 'unknown')).toEqual([]);
    expect(end.rows).toBe(rows.length);
  }
});
