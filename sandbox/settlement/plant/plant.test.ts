import { describe, expect, test } from 'vitest';
import { MISMATCH_TYPES } from '../../../domain/reconciliation/names.ts';
import type { Simulator } from '../../simulator.ts';
import {
  ADYEN_ACCOUNT,
  admin,
  adyenPayment,
  adyenRequest,
  effectsOf,
  receiver,
  simulator,
  stripePayment,
  stripeRequest,
} from '../../testing.ts';
import * as rig from '../../testing-settlement.ts';
import { BREAK_TYPES } from './index.ts';

const DAY = '2026-11-20';
const NEXT_DAY = '2026-11-21';

/** A file's line in words that both layouts share. */
interface Said {
  type: string;
  payment: string;
  reference: string;
  currency: string;
  grossMinor: number;
  netCurrency: string;
  netMinor: number;
  feeMinor: number;
  at: string;
  account?: string;
}

interface Provider {
  capture(sim: Simulator, reference: string, amount: number): Promise<string>;
  refund(sim: Simulator, payment: string, reference: string): Promise<unknown>;
  file(sim: Simulator, day: string, batch: number): Promise<Said[]>;
  words: Record<
    'capture' | 'refund' | 'refundReversed' | 'chargeback' | 'fee' | 'reserve' | 'payout',
    string
  >;
}

const PROVIDERS: Record<'stripe' | 'adyen', Provider> = {
  stripe: {
    capture: async (sim, reference, amount) =>
      JSON.parse((await rig.stripeCapture(sim, reference, amount)).body).id,
    refund: (sim, payment, reference) => rig.stripeRefund(sim, payment, 100, reference),
    async file(sim, day) {
      return rig.readCsv(await rig.stripeReport(sim, day)).map((row) => ({
        type: row.reporting_category ?? '',
        payment: row.payment_intent_id ?? '',
        reference: row['payment_metadata[interlock_reference]'] ?? '',
        currency: (row.customer_facing_currency || row.currency || '').toUpperCase(),
        grossMinor: rig.cents(row.customer_facing_amount || row.gross),
        netCurrency: (row.currency ?? '').toUpperCase(),
        netMinor: rig.cents(row.net),
        feeMinor: rig.cents(row.fee),
        at: row.created ?? '',
      }));
    },
    words: {
      capture: 'charge',
      refund: 'refund',
      refundReversed: 'refund_failure',
      chargeback: 'dispute',
      fee: 'fee',
      reserve: 'risk_reserved_funds',
      payout: 'payout',
    },
  },
  adyen: {
    capture: async (sim, reference, amount) => (await rig.adyenCapture(sim, reference, amount)).payment,
    refund: (sim, payment, reference) => rig.adyenRefund(sim, payment, 100, reference),
    async file(sim, _day, batch) {
      const sum = (row: rig.Row, columns: string[]) =>
        columns.reduce((total, column) => total + rig.cents(row[column]), 0);
      return rig.readCsv((await rig.adyenReport(sim, batch)).body).map((row) => ({
        type: row.Type ?? '',
        payment: row['Psp Reference'] ?? '',
        reference: row['Merchant Reference'] ?? '',
        currency: row['Gross Currency'] ?? '',
        grossMinor: rig.cents(row['Gross Credit (GC)']) - rig.cents(row['Gross Debit (GC)']),
        netCurrency: row['Net Currency'] ?? '',
        netMinor: rig.cents(row['Net Credit (NC)']) - rig.cents(row['Net Debit (NC)']),
        feeMinor: sum(row, ['Commission (NC)', 'Markup (NC)', 'Scheme Fees (NC)', 'Interchange (NC)']),
        at: row['Creation Date'] ?? '',
        account: row['Merchant Account'] ?? '',
      }));
    },
    words: {
      capture: 'Settled',
      refund: 'Refunded',
      refundReversed: 'RefundedReversed',
      chargeback: 'Chargeback',
      fee: 'Fee',
      reserve: 'DepositCorrection',
      payout: 'MerchantPayout',
    },
  },
};

const AMOUNT = 4_000;
const CAPTURES = 8;

/** A simulator with captures c0…c7 of 40.00, the first two refunded in part, one declined and one voided. */
async function day(name: 'stripe' | 'adyen', captures = CAPTURES) {
  const provider = PROVIDERS[name];
  const endpoint = await receiver();
  const sim = await simulator(name, { webhookUrl: endpoint.url });
  const payments: string[] = [];
  for (let index = 0; index < captures; index += 1) {
    payments.push(await provider.capture(sim, `c${index}`, AMOUNT));
  }
  await provider.refund(sim, payments[0] ?? '', 'c0-refund');
  await provider.refund(sim, payments[1] ?? '', 'c1-refund');
  return { sim, provider, endpoint };
}

/** Closes a day with these breaks and reads its file. */
async function closed(name: 'stripe' | 'adyen', breaks: object[], more: object = {}) {
  const made = await day(name);
  const answer = await rig.close(made.sim, DAY, { breaks, ...more });
  const lines = await made.provider.file(made.sim, DAY, 1);
  const at = (line: number | undefined) => lines[(line ?? 0) - 2];
  return { ...made, answer, lines, at };
}

const bare = (lines: Said[], provider: Provider) =>
  lines.filter(({ type }) => type !== provider.words.payout);
const netOf = (lines: Said[]) => lines.reduce((total, line) => total + line.netMinor, 0);

test('every mismatch type of the platform can be asked for, and no other', async () => {
  expect([...BREAK_TYPES].sort()).toEqual([...MISMATCH_TYPES].sort());
  const sim = await simulator('stripe');
  const odd = await admin(sim, 'POST', '/settlement', {
    businessDate: DAY,
    breaks: [{ type: 'LOST_COUCH' }],
  });
  expect(odd.status).toBe(400);
});

describe.each(['stripe', 'adyen'] as const)('%s: breaks of lines', (name) => {
  test('lines are left out, for a day or for good', async () => {
    const types = ['MISSING_IN_FILE_TIMING', 'MISSING_IN_FILE_OVERDUE', 'REFUND_NOT_SETTLED'];
    const breaks = types.map((type) => ({ type }));
    const { sim, provider, answer, lines } = await closed(name, breaks);
    expect(answer.planted.map(({ type }) => type).sort()).toEqual([...types].sort());
    expect(answer.planted.every(({ line }) => line === undefined)).toBe(true);
    const byType = Object.fromEntries(answer.planted.map((each) => [each.type, each]));
    const captures = lines.filter(({ type }) => type === provider.words.capture);
    expect(captures.length).toBe(CAPTURES - 2);
    expect(lines.filter(({ type }) => type === provider.words.refund).length).toBe(1);
    for (const type of types.slice(0, 2)) {
      expect(captures.map(({ reference }) => reference)).not.toContain(byType[type]?.reference);
    }
    await rig.close(sim, NEXT_DAY);
    const next = bare(await provider.file(sim, NEXT_DAY, 2), provider);
    expect(next.map(({ reference }) => reference)).toEqual([byType.MISSING_IN_FILE_TIMING?.reference]);
    const { withheld } = (await admin(sim, 'GET', '/settlement/journal')).body;
    expect(withheld.EUR).toMatchObject({ captures: AMOUNT, refunds: -100 });
  });

  test('amounts are too high, too low, a unit off, a hundred times too high, or split in two', async () => {
    const { answer, at, provider, lines } = await closed(name, [
      { type: 'AMOUNT_OVER' },
      { type: 'AMOUNT_UNDER' },
      { type: 'ROUNDING_EXPONENT', count: 2 },
      { type: 'PARTIAL_CAPTURE_SPLIT' },
    ]);
    const said = answer.planted.map(({ type, line }) => [type, at(line)?.grossMinor]);
    expect(said).toEqual([
      ['AMOUNT_OVER', 4_500],
      ['AMOUNT_UNDER', 3_500],
      ['ROUNDING_EXPONENT', 4_001],
      ['ROUNDING_EXPONENT', 400_000],
      ['PARTIAL_CAPTURE_SPLIT', 2_400],
      ['PARTIAL_CAPTURE_SPLIT', 1_600],
    ]);
    expect(answer.planted.every(({ expectedMinor }) => expectedMinor === AMOUNT)).toBe(true);
    const [first, second] = answer.planted.slice(-2);
    expect(at(first?.line)?.payment).toBe(at(second?.line)?.payment);
    expect(new Set(answer.planted.map(({ reference }) => reference)).size).toBe(5);
    // Whatever else is spoiled, the file adds up.
    expect(netOf(lines)).toBe(0);
    expect(lines.at(-1)?.type).toBe(provider.words.payout);
  });

  test('a line is there twice, and one is about a payment that never was', async () => {
    const { answer, at, lines } = await closed(name, [
      { type: 'DUPLICATE_LINE' },
      { type: 'MISSING_IN_LEDGER' },
    ]);
    const [duplicate, invented] = answer.planted;
    expect(at(duplicate?.line)).toEqual(at((duplicate?.line ?? 0) - 1));
    const unknown = at(invented?.line);
    expect(unknown?.grossMinor).toBe(4_200);
    expect(lines.filter(({ payment }) => payment === unknown?.payment).length).toBe(1);
  });

  test('currencies, rates and fees are other than they should be', async () => {
    const breaks = ['CURRENCY_MISMATCH', 'FX_RATE_VARIANCE', 'FEE_VARIANCE'].map((type) => ({ type }));
    const { answer, at, lines, provider } = await closed(name, breaks);
    const [dcc, fx, fee] = answer.planted.map(({ line }) => at(line));
    expect(dcc).toMatchObject({ currency: 'USD', netCurrency: 'EUR' });
    expect((dcc?.netMinor ?? 0) + (dcc?.feeMinor ?? 0)).toBe(AMOUNT);
    // 1.085 and 2.5%: 1.112125.
    expect(fx).toMatchObject({ currency: 'EUR', grossMinor: AMOUNT, netCurrency: 'USD' });
    expect((fx?.netMinor ?? 0) + (fx?.feeMinor ?? 0)).toBe(4_449);
    const clean = lines.find(
      (line) => line.type === provider.words.capture && line.grossMinor === AMOUNT && line !== fee,
    );
    expect(fee?.feeMinor).toBeGreaterThan(clean?.feeMinor ?? 0);
    for (const currency of ['EUR', 'USD']) {
      expect(netOf(lines.filter(({ netCurrency }) => netCurrency === currency))).toBe(0);
    }
  });

  test('lines are about no payment: fees, an unknown type, a reserve held and released', async () => {
    const { answer, at, provider } = await closed(name, [
      { type: 'BATCH_FEE_UNALLOCATED' },
      { type: 'UNEXPECTED_FEE_TYPE' },
      { type: 'RESERVE_MOVEMENT', count: 2 },
    ]);
    const said = answer.planted.map(({ line }) => at(line));
    expect(said.every((line) => line?.payment === '' && line.reference === '')).toBe(true);
    expect(said.map((line) => line?.netMinor)).toEqual(answer.planted.map(({ amountMinor }) => amountMinor));
    const { fee, reserve } = provider.words;
    expect(said.map((line) => line?.type)).toEqual([
      fee,
      expect.stringMatching(/terminal.?surcharge/i),
      reserve,
      reserve,
    ]);
    expect(said.slice(2).map((line) => line?.netMinor)).toEqual([-500, 500]);
  });

  test('a capture is presented after its window, and one for another account where the file says which', async () => {
    const breaks = [{ type: 'LATE_PRESENTMENT' }, { type: 'WRONG_MERCHANT_ACCOUNT' }];
    const { answer, at } = await closed(name, breaks);
    const days = name === 'stripe' ? 37 : 58;
    const late = Date.parse(`${at(answer.planted[0]?.line)?.at.replace(' ', 'T')}Z`);
    expect(Math.round((late - Date.now()) / 86_400_000)).toBe(days);
    if (name === 'adyen') expect(at(answer.planted[1]?.line)?.account).toBe('SandboxECOMOther');
    else expect(answer.unplanted.map(({ type }) => type)).toEqual(['WRONG_MERCHANT_ACCOUNT']);
  });
});

describe.each(['stripe', 'adyen'] as const)('%s: breaks that really happen there', (name) => {
  test('refunds, failures and disputes are in the journal and the file, and nobody was told', async () => {
    const made = await day(name);
    const { provider, sim } = made;
    const answer = await rig.close(sim, DAY, {
      breaks: ['EXTERNAL_REFUND', 'REFUND_FAILED_REVERSED', 'CHARGEBACK_NEW'].map((type) => ({ type })),
    });
    const lines = await provider.file(sim, DAY, 1);
    const [refund, failed, dispute] = answer.planted;
    const at = (line: number | undefined) => lines[(line ?? 0) - 2];
    const { words } = provider;
    expect(at(refund?.line)).toMatchObject({
      type: words.refund,
      grossMinor: -2_000,
      reference: refund?.reference,
    });
    expect(at(failed?.line)).toMatchObject({ type: words.refundReversed, grossMinor: 100 });
    expect(at(dispute?.line)).toMatchObject({ type: words.chargeback, grossMinor: -AMOUNT });
    expect(at(dispute?.line)?.feeMinor).toBe(name === 'stripe' ? 1_500 : 200);
    expect(await effectsOf(sim, refund?.reference ?? '')).toContain('refunded');
    expect(await effectsOf(sim, failed?.reference ?? '')).toContain('refund_failed');
    expect(await effectsOf(sim, dispute?.reference ?? '')).toContain('disputed');
    expect(netOf(lines)).toBe(0);
    const { executed, settled } = (await admin(sim, 'GET', '/settlement/journal')).body;
    for (const book of ['captures', 'refunds', 'refundsReversed', 'chargebacks']) {
      expect(settled.EUR[book], book).toBe(executed.EUR[book]);
    }
    // Webhooks leave in the order in which they were queued: this one is later than theirs would have been.
    await provider.capture(sim, 'afterwards', AMOUNT);
    const told = () => made.endpoint.deliveries.map(({ body }) => body);
    await expect.poll(() => told().some((body) => body.includes('afterwards'))).toBe(true);
    const names = told().map(
      (body) => /"(?:eventCode|type)": ?"([A-Z_]+|[a-z_]+\.[a-z._]+)"/.exec(body)?.[1],
    );
    // The merchant's own two refunds, and nothing of what happened behind its back.
    expect(names.filter((each) => each === 'REFUND' || each === 'refund.created').length).toBe(2);
    expect(names.filter((each) => /dispute|chargeback|failed|reversed/i.test(each ?? ''))).toEqual([]);
  });

  test('a dispute is won in a later file, and fought again where the scheme allows it', async () => {
    const { sim, provider } = await day(name);
    await rig.close(sim, DAY, { breaks: [{ type: 'CHARGEBACK_NEW' }] });
    const won = await rig.close(sim, NEXT_DAY, { breaks: [{ type: 'CHARGEBACK_REVERSED' }] });
    expect(won.planted.map(({ type, amountMinor }) => [type, amountMinor])).toEqual([
      ['CHARGEBACK_REVERSED', AMOUNT],
    ]);
    const last = await rig.close(sim, '2026-11-22', { breaks: [{ type: 'SECOND_CHARGEBACK' }] });
    if (name === 'stripe') {
      expect(last.unplanted.map(({ type }) => type)).toEqual(['SECOND_CHARGEBACK']);
      return;
    }
    expect(last.planted.map(({ type }) => type)).toEqual(['SECOND_CHARGEBACK']);
    const [line] = await provider.file(sim, '2026-11-22', 3);
    expect(line).toMatchObject({ type: 'SecondChargeback', grossMinor: -AMOUNT });
    const all = await rig.close(await freshDay(name), DAY, { breaks: [{ type: 'SECOND_CHARGEBACK' }] });
    const steps = ['CHARGEBACK_NEW', 'CHARGEBACK_REVERSED', 'SECOND_CHARGEBACK'];
    expect(all.planted.map(({ type }) => type)).toEqual(steps);
  });

  test('payments that were voided, declined, lost or paid once are charged after all', async () => {
    const { sim, provider } = await day(name, 3);
    await unhappy(name, sim);
    const types = [
      'SETTLED_AFTER_VOID',
      'DECLINED_BUT_SETTLED',
      'LOST_RESPONSE_CAPTURED',
      'DUPLICATE_CHARGE',
    ];
    const answer = await rig.close(sim, DAY, { breaks: types.map((type) => ({ type })) });
    expect(answer.unplanted).toEqual([]);
    const lines = await provider.file(sim, DAY, 1);
    const said = answer.planted.map(({ line }) => lines[(line ?? 0) - 2]);
    expect(said.map((line) => line?.reference).slice(0, 3)).toEqual(['voided', 'declined', 'lost']);
    for (const [index, { reference }] of answer.planted.entries()) {
      expect(said[index]).toMatchObject({ type: provider.words.capture, reference });
      expect(await effectsOf(sim, reference ?? '')).toContain('captured');
    }
    const twice = lines.filter(
      ({ reference, type }) => type === provider.words.capture && reference === answer.planted[3]?.reference,
    );
    expect(new Set(twice.map(({ payment }) => payment)).size).toBe(2);
    expect(netOf(lines)).toBe(0);
  });
});

async function freshDay(name: 'stripe' | 'adyen'): Promise<Simulator> {
  return (await day(name)).sim;
}

/** Payments `voided`, `declined` and `lost`: what the merchant believes of them is in their names. */
async function unhappy(name: 'stripe' | 'adyen', sim: Simulator): Promise<void> {
  const swallow = { operation: 'authorize', mode: 'status', times: 1, match: {} };
  if (name === 'stripe') {
    const own = (reference: string, more = {}) =>
      stripePayment(sim, reference, {
        'metadata[interlock_reference]': reference,
        ...more,
      });
    await own('declined', { 'payment_method_data[card][number]': '4000000000000002' });
    const held = JSON.parse((await own('voided')).body);
    await stripeRequest(sim, `/v1/payment_intents/${held.id}/cancel`, new URLSearchParams());
    await admin(sim, 'POST', '/faults', swallow);
    expect((await own('lost')).status).toBe(503);
    return;
  }
  await adyenPayment(sim, 'declined', 'DECLINED');
  const held = JSON.parse((await adyenPayment(sim, 'voided')).body).pspReference;
  await adyenRequest(sim, `/payments/${held}/cancels`, { merchantAccount: ADYEN_ACCOUNT });
  await expect.poll(() => effectsOf(sim, 'voided')).toContain('voided');
  await admin(sim, 'POST', '/faults', swallow);
  expect((await adyenPayment(sim, 'lost')).status).toBe(503);
}

describe('breaks of whole files', () => {
  test('a payout that is not the sum of its lines', async () => {
    const { answer, at, lines } = await closed('adyen', [{ type: 'BATCH_TOTAL_BREAK' }]);
    const [planted] = answer.planted;
    expect(at(planted?.line)).toBe(lines.at(-1));
    expect(at(planted?.line)?.netMinor).toBe(-(planted?.amountMinor ?? 0));
    expect(netOf(lines)).toBe(-100);
    expect((planted?.amountMinor ?? 0) - (planted?.expectedMinor ?? 0)).toBe(100);
    expect(answer.payout?.amountMinor).toBe(planted?.amountMinor);
  });

  test('adyen: the same file is published again under the next number', async () => {
    const { sim, answer } = await closed('adyen', [{ type: 'DUPLICATE_FILE' }]);
    const name = 'settlement_detail_report_batch_2.csv';
    expect(answer.planted).toEqual([{ type: 'DUPLICATE_FILE', providerReference: name }]);
    expect((await rig.adyenReport(sim, 2)).body).toBe((await rig.adyenReport(sim, 1)).body);
    expect((await rig.close(sim, NEXT_DAY)).batch).toBe(3);
  });

  test('stripe: a scheduled report brings the same file under another id', async () => {
    const { sim, answer } = await closed('stripe', [{ type: 'DUPLICATE_FILE' }]);
    const again = await rig.stripeGet(sim, `/v1/files/${answer.planted[0]?.providerReference}/contents`);
    expect(again.body).toBe(await rig.stripeReport(sim, DAY));
  });
});

describe('choosing', () => {
  test('the same seed spoils the same payments, and a reference aims at one', async () => {
    const breaks = [{ type: 'AMOUNT_OVER', count: 3 }];
    const spoiled = async (seed: number) => {
      const { answer } = await closed('stripe', breaks, { seed });
      return answer.planted.map(({ reference }) => reference);
    };
    const first = await spoiled(7);
    expect(await spoiled(7)).toEqual(first);
    expect(await spoiled(8)).not.toEqual(first);
    const aimed = await closed('stripe', [{ type: 'AMOUNT_OVER', reference: 'c5' }]);
    expect(aimed.answer.planted.map(({ reference }) => reference)).toEqual(['c5']);
  });

  test('what a day has no room for is said, and the rest is planted', async () => {
    const sim = await simulator('adyen');
    await rig.adyenCapture(sim, 'p1');
    const answer = await rig.close(sim, DAY, {
      breaks: [
        { type: 'FEE_VARIANCE', count: 3 },
        { type: 'SETTLED_AFTER_VOID' },
        { type: 'REFUND_NOT_SETTLED' },
      ],
    });
    expect(answer.planted.map(({ type }) => type)).toEqual(['FEE_VARIANCE']);
    expect(answer.unplanted.map(({ type, count }) => [type, count])).toEqual([
      ['SETTLED_AFTER_VOID', 1],
      ['FEE_VARIANCE', 2],
      ['REFUND_NOT_SETTLED', 1],
    ]);
  });

  test('all thirty at once: each stands alone on its line, and the file adds up but for its payout', async () => {
    const { sim, provider } = await day('adyen', 24);
    await unhappy('adyen', sim);
    const answer = await rig.close(sim, DAY, { breaks: BREAK_TYPES.map((type) => ({ type })) });
    expect(answer.unplanted).toEqual([]);
    expect(new Set(answer.planted.map(({ type }) => type))).toEqual(new Set(MISMATCH_TYPES));
    const said = answer.planted.flatMap(({ line, type }) =>
      line === undefined || type === 'PAYOUT_BANK_MISMATCH' ? [] : [line],
    );
    expect(new Set(said).size).toBe(said.length);
    const all = await provider.file(sim, DAY, 1);
    expect(all.length).toBe(answer.rows);
    expect(netOf(all.filter(({ netCurrency }) => netCurrency === 'EUR'))).toBe(-100);
  });
});
