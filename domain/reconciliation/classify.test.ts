import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classify } from './classify.ts';
import { MISMATCH_TYPES } from './names.ts';
import { ENTRIES, TABLE } from './table.ts';
import { ENDINGS } from './terms.ts';
import { bankLine, captureLine, paidOut, wholeFile } from './test-support/fixtures.ts';
import { PLANTED } from './test-support/planted/index.ts';
import { policyWith } from './tolerance.ts';

const POLICY = policyWith({ feeTypes: { MappedFee: 'other' }, bankFeesMinor: { EUR: [500] } });

const positives = MISMATCH_TYPES.flatMap((type) =>
  PLANTED[type].positive.map((planted) => ({ type, ...planted })),
);
const negatives = MISMATCH_TYPES.flatMap((type) => PLANTED[type].negative.map((near) => ({ type, ...near })));
const all = [...positives, ...negatives].map(({ comparison }) => comparison);

describe('every type', () => {
  it.each(positives)('$type is seen: $what', ({ type, comparison, action, ending, stops }) => {
    const found = classify(comparison, POLICY);
    expect(found).toMatchObject({ verdict: type, action, ending, stops });
  });

  it.each(negatives)('$type is not seen: $what', ({ type, comparison, verdict }) => {
    const found = classify(comparison, POLICY);
    expect(found.verdict).toBe(verdict);
    expect(found.verdict).not.toBe(type);
    expect('also' in found ? found.also : []).not.toContain(type);
  });

  it('of the list has a plant of its own and something near it', () => {
    for (const type of MISMATCH_TYPES) {
      expect(PLANTED[type].positive.length, type).toBeGreaterThan(0);
      expect(PLANTED[type].negative.length, type).toBeGreaterThan(0);
    }
  });
});

describe('the table', () => {
  it('has the numbers 1 to 30, and no two types of one priority', () => {
    expect(ENTRIES.map(([, { number }]) => number)).toEqual(Array.from({ length: 30 }, (_, at) => at + 1));
    expect(new Set(ENTRIES.map(([, { priority }]) => priority)).size).toBe(30);
  });

  it('offers what it proposes', () => {
    for (const [type, { allowed, proposed }] of ENTRIES) expect(allowed, type).toContain(proposed);
  });

  it('uses each of its auto-resolutions in some plant', () => {
    for (const [type, { auto }] of ENTRIES) {
      const seen = new Set(PLANTED[type].positive.map(({ action, ending }) => `${action} ${ending}`));
      // Tolerances for amounts are zero unless somebody says otherwise.
      const rules = auto.filter(({ action }) => action !== 'post_within_tolerance');
      for (const { action, ending } of rules) expect(seen, type).toContain(`${action} ${ending}`);
    }
  });

  it('lets nothing be posted only where it says so', () => {
    const stopping = ENTRIES.filter(([, { stops }]) => stops !== undefined).map(([type]) => type);
    expect(stopping).toEqual([
      'DUPLICATE_FILE',
      'ROUNDING_EXPONENT',
      'WRONG_MERCHANT_ACCOUNT',
      'BATCH_TOTAL_BREAK',
    ]);
  });
});

describe('of several types', () => {
  const openFee = {
    account: {
      accountId: 'acct_1',
      merchantId: 'mer_1',
      fees: [{ on: 'capture', currency: 'USD', kind: 'processing', bps: 0, fixedMinor: 30 }],
    },
  } as const;

  it('one that stays open hides behind none that is explained', () => {
    const comparison = captureLine({
      ...openFee,
      line: { settlementCurrency: 'USD', exchangeRate: '1.0855', feeMinor: 500, netMinor: 10_355 },
      booking: { agreedRate: '1.0850' },
    });
    expect(classify(comparison, POLICY)).toMatchObject({
      verdict: 'FEE_VARIANCE',
      also: ['FX_RATE_VARIANCE'],
      ending: 'by_people',
    });
  });

  it('what a line is comes before what it is worth', () => {
    const comparison = captureLine({
      line: { grossMinor: 20_000, netMinor: 19_680, occurredAt: '2027-01-01T00:00:00.000Z' },
      booking: { status: 'void' },
    });
    expect(classify(comparison, POLICY)).toMatchObject({ verdict: 'SETTLED_AFTER_VOID', also: [] });
  });

  it('a record that was delivered before is ignored whatever else it is', () => {
    const comparison = captureLine({
      booking: null,
      beside: { equalBefore: 1, deliveredBefore: true },
    });
    const found = classify(comparison, POLICY);
    expect(found).toMatchObject({
      verdict: 'DUPLICATE_LINE',
      also: ['MISSING_IN_LEDGER'],
      action: 'ignore_duplicate',
    });
  });
});

describe('tolerances', () => {
  it('explain a difference that they allow, and not a unit more', () => {
    const policy = policyWith({ tolerances: [{ merchantId: 'mer_1', currency: 'EUR', amountMinor: 25 }] });
    const settled = (grossMinor: number) =>
      classify(captureLine({ line: { grossMinor, netMinor: grossMinor - 320 } }), policy);
    expect(settled(10_025)).toMatchObject({ verdict: 'AMOUNT_OVER', action: 'post_within_tolerance' });
    expect(settled(9_975)).toMatchObject({ verdict: 'AMOUNT_UNDER', action: 'post_within_tolerance' });
    expect(settled(10_026)).toMatchObject({ verdict: 'AMOUNT_OVER', action: null });
    expect(settled(9_974)).toMatchObject({ verdict: 'AMOUNT_UNDER', action: null });
  });

  it('of a payout leave room for the batch’s rounding', () => {
    const policy = policyWith({ tolerances: [{ batchMinor: 2 }] });
    const payout = (amountMinor: bigint) => [
      { reference: 'po_1', currency: 'EUR', amountMinor, netMinor: 5_680n, lines: 2 },
    ];
    expect(classify(wholeFile({ payouts: payout(5_682n) }), policy).verdict).toBe('clean');
    expect(classify(wholeFile({ payouts: payout(5_683n) }), policy).verdict).toBe('BATCH_TOTAL_BREAK');
  });
});

describe('whatever is compared', () => {
  const line = fc.record({
    gross: fc.oneof(fc.integer({ min: -20_000, max: 20_000 }), fc.constantFrom(10_000, -4_000, 1_000_000)),
    fee: fc.integer({ min: 0, max: 700 }),
    netOff: fc.constantFrom(0, 0, 1, -700),
    type: fc.constantFrom(
      'capture',
      'refund',
      'fee',
      'chargeback',
      'unknown',
      'payout',
      'refund_reversed',
      'reserve_released',
    ),
    status: fc.constantFrom('expected', 'void', 'declined', 'unknown', null),
    currency: fc.constantFrom('EUR', 'USD'),
    settlementCurrency: fc.constantFrom('EUR', 'USD'),
    count: fc.integer({ min: 1, max: 3 }),
    before: fc.constantFrom(0n, 4_000n, 10_000n),
    equalBefore: fc.integer({ min: 0, max: 1 }),
    deliveredBefore: fc.boolean(),
    matchedBy: fc.constantFrom('operation', 'provider', 'merchant'),
    otherCaptures: fc.constantFrom([], ['pi_1'], ['psp_9']),
    merchantAccount: fc.constantFrom('ShopCOM', 'ShopOther'),
  });

  it('has exactly one verdict, the same each time, with an ending and without losing its evidence', () => {
    fc.assert(
      fc.property(line, (made) => {
        const { gross, fee, netOff, status, count, before, matchedBy, ...rest } = made;
        const own = BigInt(Math.abs(gross));
        const comparison = captureLine({
          line: {
            type: rest.type as 'capture',
            currency: rest.currency,
            settlementCurrency: rest.settlementCurrency,
            merchantAccount: rest.merchantAccount,
            grossMinor: gross,
            feeMinor: fee,
            netMinor: gross - fee + netOff,
            fees: [{ kind: 'processing', amountMinor: fee }],
          },
          booking:
            status === null
              ? null
              : { status: status as 'expected', kind: rest.type === 'refund' ? 'refund' : 'capture' },
          beside: {
            equalBefore: rest.equalBefore,
            deliveredBefore: rest.deliveredBefore,
            count,
            sumMinor: own + before,
            distinctSumMinor: own + before,
            countSoFar: before === 0n ? 1 : 2,
            sumSoFarMinor: own + before,
            otherCaptures: rest.otherCaptures,
          },
          more: status === null ? {} : { matchedBy: matchedBy as 'operation' },
        });
        const found = classify(comparison, POLICY);
        expect(classify(structuredClone(comparison), POLICY)).toEqual(found);
        if (found.verdict === 'clean') return;
        expect(MISMATCH_TYPES).toContain(found.verdict);
        expect(ENDINGS).toContain(found.ending);
        expect(found.also).not.toContain(found.verdict);
        const fitting = ENTRIES.filter(([, entry]) => entry.detect(comparison, POLICY)).map(([type]) => type);
        expect([found.verdict, ...found.also].toSorted()).toEqual(fitting.toSorted());
        // Nothing that is still open is hidden by something explained of its own tier.
        if (found.ending !== 'at_once') return;
        for (const other of found.also.filter((type) => tier(type) === tier(found.verdict)))
          expect(TABLE[other].auto.find((rule) => rule.applies(comparison, POLICY))?.ending).toBe('at_once');
      }),
      { numRuns: 2_000 },
    );
  });

  it('is judged alone: the order in which they come changes nothing', () => {
    const verdicts = new Map(all.map((comparison) => [comparison, classify(comparison, POLICY)]));
    fc.assert(
      fc.property(fc.shuffledSubarray(all, { minLength: all.length }), (shuffled) => {
        for (const comparison of shuffled)
          expect(classify(comparison, POLICY)).toEqual(verdicts.get(comparison));
      }),
      { numRuns: 20 },
    );
  });

  it('is clean where every amount and reference agrees, whatever the amount', () => {
    const amounts = fc.record({
      gross: fc.integer({ min: 1, max: 999_999_999_999 }),
      fee: fc.integer({ min: 0, max: 1_000 }),
    });
    fc.assert(
      fc.property(amounts, ({ gross, fee }) => {
        const fees = [{ kind: 'processing' as const, amountMinor: fee }];
        const comparison = captureLine({
          line: { grossMinor: gross, feeMinor: fee, netMinor: gross - fee, fees },
          booking: { amountMinor: gross },
        });
        expect(classify(comparison, POLICY)).toEqual({
          verdict: 'clean',
          parts: { settlesMinor: gross, settlesCurrency: 'EUR', unexplainedMinor: 0 },
        });
        const payout = { ...paidOut().payout, amountMinor: gross };
        expect(classify(paidOut({ payout, bank: [bankLine(gross)] }), POLICY).verdict).toBe('clean');
      }),
    );
  });
});

function tier(type: (typeof MISMATCH_TYPES)[number]): number {
  return Math.floor(TABLE[type].priority / 100);
}

describe('a break', () => {
  it('has the same subject and cause in every run, and a cause in common with its like', () => {
    const [one, other] = [2, 9].map((number) =>
      classify(captureLine({ line: { line: number, netMinor: 9_000 } }), POLICY),
    );
    expect(one).toMatchObject({ subject: 'fil_1_2', cause: 'fee_variance/acct_1/charge/EUR' });
    expect(other).toMatchObject({ subject: 'fil_1_9', cause: 'fee_variance/acct_1/charge/EUR' });
  });
});
