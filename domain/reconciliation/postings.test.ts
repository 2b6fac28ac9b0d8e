import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classify } from './classify.ts';
import type { Comparison, LineComparison } from './comparison.ts';
import { MISMATCH_TYPES } from './names.ts';
import { type GroupEntry, type LineGroup, postingsOf, postingsOfBank, postingsOfLine } from './postings.ts';
import { FEE_KINDS, ROW_TYPES } from './row.ts';
import { AUTO_ACTIONS } from './terms.ts';
import {
  ACCOUNT,
  captureLine,
  looseLine,
  otherLine,
  refundLine,
  WITH_FEES,
} from './test-support/fixtures.ts';
import { PLANTED } from './test-support/planted/index.ts';
import { policyWith } from './tolerance.ts';

const POLICY = policyWith({ feeTypes: { MappedFee: 'other' } });

function judged(comparison: LineComparison, policy = POLICY) {
  const found = classify(comparison, policy);
  const action = found.verdict === 'clean' ? null : found.action;
  return { found, entries: postingsOfLine(comparison, { verdict: found.verdict, action }, found.parts) };
}

/** What a line posts, each currency's postings by account. */
function posted(comparison: LineComparison, policy = POLICY): Record<string, Record<string, number>> {
  return Object.fromEntries(
    judged(comparison, policy).entries.map(({ currency, postings }) => [
      currency,
      Object.fromEntries(postings.map(({ account, amountMinor }) => [account, Number(amountMinor)])),
    ]),
  );
}

const sumOf = (entry: GroupEntry) => entry.postings.reduce((sum, { amountMinor }) => sum + amountMinor, 0n);
const on = (entries: readonly GroupEntry[], account: string, currency: string) =>
  entries
    .filter((entry) => entry.currency === currency)
    .flatMap(({ postings }) => postings)
    .filter((posting) => posting.account === account)
    .reduce((sum, { amountMinor }) => sum + amountMinor, 0n);

describe('a line', () => {
  it('of a capture moves its net to clearing, its fee to fees, its gross off the receivable', () => {
    expect(posted(captureLine())).toEqual({
      EUR: {
        'payout_clearing/acct_1': 9_680,
        'fees/processing/acct_1': 320,
        'provider_receivable/acct_1': -10_000,
      },
    });
  });

  it('of a refund is the mirror', () => {
    expect(posted(refundLine())).toEqual({
      EUR: { 'payout_clearing/acct_1': -4_000, 'provider_receivable/acct_1': 4_000 },
    });
  });

  it('that exchanges balances in each currency against fx', () => {
    const line = { settlementCurrency: 'USD', netMinor: 10_503, feeMinor: 347, fees: [] };
    expect(posted(captureLine({ line }))).toEqual({
      EUR: { 'provider_receivable/acct_1': -10_000, 'fx/acct_1': 10_000 },
      USD: { 'payout_clearing/acct_1': 10_503, 'fees/processing/acct_1': 347, 'fx/acct_1': -10_850 },
    });
  });

  it('at a rate that nobody agreed to keeps the difference in suspense', () => {
    const line = {
      settlementCurrency: 'USD',
      netMinor: 10_579,
      feeMinor: 0,
      fees: [],
      exchangeRate: '1.0579',
    };
    expect(posted(captureLine({ line, booking: { agreedRate: '1.0850' } })).USD).toEqual({
      'payout_clearing/acct_1': 10_579,
      'fx/acct_1': -10_850,
      'suspense/mer_1': 271,
    });
  });

  it('of a chargeback goes to disputes, with its fee', () => {
    const line = {
      type: 'chargeback',
      grossMinor: -100,
      netMinor: -300,
      feeMinor: 200,
      fees: [{ kind: 'dispute', amountMinor: 200 }],
    } as const;
    expect(posted(otherLine(line))).toEqual({
      EUR: { 'payout_clearing/acct_1': -300, 'fees/dispute/acct_1': 200, 'disputes/acct_1': 100 },
    });
    expect(posted(otherLine({ type: 'chargeback_reversed', grossMinor: 100, netMinor: 100 }))).toEqual({
      EUR: { 'payout_clearing/acct_1': 100, 'disputes/acct_1': -100 },
    });
  });

  it('of a reserve, a payout, a batch’s fee has its own account', () => {
    expect(posted(looseLine({ type: 'reserve_held', grossMinor: -500, netMinor: -500 })).EUR).toEqual({
      'payout_clearing/acct_1': -500,
      'reserves/acct_1': 500,
    });
    expect(posted(looseLine({ type: 'payout', grossMinor: -9_000, netMinor: -9_000 })).EUR).toEqual({
      'payout_clearing/acct_1': -9_000,
      'bank_in_transit/acct_1': 9_000,
    });
    const fee = { 'payout_clearing/acct_1': -180, 'fees/other/acct_1': 180 };
    // The two ways in which files write the same fee.
    expect(posted(looseLine({ type: 'fee', grossMinor: -180, netMinor: -180 })).EUR).toEqual(fee);
    const asFee = {
      type: 'fee',
      feeMinor: 180,
      netMinor: -180,
      fees: [{ kind: 'other', amountMinor: 180 }],
    } as const;
    expect(posted(looseLine(asFee)).EUR).toEqual(fee);
    expect(
      posted(looseLine({ type: 'unknown', providerType: 'MappedFee', grossMinor: -180, netMinor: -180 })).EUR,
    ).toEqual(fee);
  });

  it('that settles too much takes what was booked, and the rest waits in suspense', () => {
    expect(posted(captureLine({ line: { grossMinor: 11_250, netMinor: 10_930 } })).EUR).toMatchObject({
      'provider_receivable/acct_1': -10_000,
      'suspense/mer_1': -1_250,
    });
  });

  it('that settles too little leaves the rest receivable', () => {
    const comparison = captureLine({ line: { grossMinor: 8_750, netMinor: 8_430 } });
    expect(posted(comparison).EUR).toMatchObject({ 'provider_receivable/acct_1': -8_750 });
    expect(judged(comparison).found).toMatchObject({
      stake: { account: 'provider_receivable/acct_1', currency: 'EUR', amountMinor: 1_250n },
    });
  });

  it('that is a unit off settles what was booked, and rounds the unit', () => {
    expect(posted(captureLine({ line: { grossMinor: 9_999, netMinor: 9_679 } })).EUR).toEqual({
      'payout_clearing/acct_1': 9_679,
      'fees/processing/acct_1': 320,
      'provider_receivable/acct_1': -10_000,
      'rounding/acct_1': 1,
    });
  });

  it('of a fee above the contract books the agreed fee, and the rest waits in suspense', () => {
    const fees = [{ kind: 'processing' as const, amountMinor: 640 }];
    const line = { feeMinor: 640, netMinor: 9_360, fees };
    expect(posted(captureLine({ account: WITH_FEES, line })).EUR).toEqual({
      'payout_clearing/acct_1': 9_360,
      'fees/processing/acct_1': 320,
      'provider_receivable/acct_1': -10_000,
      'suspense/mer_1': 320,
    });
  });

  it('that nobody can place rests in suspense, its fee apart', () => {
    expect(posted(captureLine({ booking: null })).EUR).toEqual({
      'payout_clearing/acct_1': 9_680,
      'fees/processing/acct_1': 320,
      'suspense/mer_1': -10_000,
    });
  });

  it('whose payment will record it comes off the receivable that the record makes', () => {
    expect(posted(captureLine({ booking: { status: 'declined' } })).EUR).toMatchObject({
      'provider_receivable/acct_1': -10_000,
    });
  });

  it('that was delivered before posts nothing', () => {
    const again = {
      equalBefore: 1,
      deliveredBefore: true,
      count: 2,
      countSoFar: 2,
      sumMinor: 20_000n,
      sumSoFarMinor: 20_000n,
    };
    expect(posted(captureLine({ beside: again }))).toEqual({});
  });

  it('in the currency that the payer chose settles what was booked', () => {
    const line = {
      currency: 'USD',
      grossMinor: 11_176,
      presented: { amountMinor: 10_000, currency: 'EUR' },
      netMinor: 9_684,
      feeMinor: 320,
    };
    expect(posted(captureLine({ line })).EUR).toMatchObject({
      'payout_clearing/acct_1': 9_684,
      'provider_receivable/acct_1': -10_000,
      'suspense/mer_1': -4,
    });
  });
});

describe('parts of one capture', () => {
  it('take together what was booked, over two files too', () => {
    const part = (own: number, soFar: number, sum: number) =>
      captureLine({
        line: { grossMinor: own, feeMinor: 0, netMinor: own, fees: [] },
        beside: {
          count: sum === own ? 1 : 2,
          sumMinor: BigInt(sum),
          distinctSumMinor: BigInt(sum),
          countSoFar: soFar === own ? 1 : 2,
          sumSoFarMinor: BigInt(soFar),
        },
      });
    const first = posted(part(6_000, 6_000, 6_000)).EUR?.['provider_receivable/acct_1'] ?? 0;
    const then = posted(part(4_000, 10_000, 10_000)).EUR?.['provider_receivable/acct_1'] ?? 0;
    expect(first + then).toBe(-10_000);
  });
});

const minor = fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n });
const group: fc.Arbitrary<LineGroup> = fc.record({
  account: fc.constant(ACCOUNT),
  type: fc.constantFrom(...ROW_TYPES),
  verdict: fc.constantFrom('clean' as const, ...MISMATCH_TYPES),
  action: fc.constantFrom(null, ...AUTO_ACTIONS),
  currency: fc.constantFrom('EUR', 'USD'),
  settlementCurrency: fc.constantFrom('EUR', 'USD'),
  settlesCurrency: fc.constantFrom('EUR', 'USD', 'GBP'),
  sums: fc.record({
    grossMinor: minor,
    feeMinor: minor,
    netMinor: minor,
    fees: fc.dictionary(fc.constantFrom(...FEE_KINDS), minor),
    settlesMinor: minor,
    unexplainedMinor: minor,
  }),
});

describe('whatever is posted', () => {
  it('balances in each currency, and moves payout clearing by the net', () => {
    fc.assert(
      fc.property(group, (made) => {
        const entries = postingsOf(made);
        for (const entry of entries) expect(sumOf(entry)).toBe(0n);
        expect(new Set(entries.map(({ currency }) => currency)).size).toBe(entries.length);
        const moved = on(entries, 'payout_clearing/acct_1', made.settlementCurrency);
        expect(moved).toBe(made.action === 'ignore_duplicate' ? 0n : made.sums.netMinor);
      }),
      { numRuns: 2_000 },
    );
  });

  it('together is what its lines post one by one', () => {
    const [line, sums] = [
      group,
      fc.array(
        group.map((each) => each.sums),
        { minLength: 1, maxLength: 5 },
      ),
    ];
    fc.assert(
      fc.property(line, sums, (made, each) => {
        const ones = each.flatMap((one) => postingsOf({ ...made, sums: one }));
        const together = postingsOf({ ...made, sums: each.reduce(plus) });
        // Which kind of fee is corrected by what is above the contract goes by the kind that most was paid of.
        for (const name of accountsIn([...ones, ...together]).filter(
          (account) => !account.startsWith('fees/'),
        ))
          for (const currency of ['EUR', 'USD', 'GBP'])
            expect(on(together, name, currency), name).toBe(on(ones, name, currency));
      }),
    );
  });

  it('leaves in suspense what the case is about', () => {
    const lines = MISMATCH_TYPES.flatMap((type) => PLANTED[type].positive)
      .map(({ comparison }) => comparison)
      .filter(isLine);
    expect(lines.length).toBeGreaterThan(40);
    for (const comparison of lines) {
      const { found, entries } = judged(comparison);
      const { settlementCurrency } = comparison.line;
      const suspended = on(entries, 'suspense/mer_1', settlementCurrency);
      if (found.verdict === 'clean' || suspended === 0n) continue;
      const stake = { account: 'suspense/mer_1', currency: settlementCurrency, amountMinor: suspended };
      expect(found.stake).toEqual(stake);
    }
  });
});

function isLine(comparison: Comparison): comparison is LineComparison {
  return comparison.compares === 'line';
}

function plus(one: LineGroup['sums'], other: LineGroup['sums']): LineGroup['sums'] {
  const kinds = FEE_KINDS.map((kind) => [kind, (one.fees[kind] ?? 0n) + (other.fees[kind] ?? 0n)] as const);
  return {
    grossMinor: one.grossMinor + other.grossMinor,
    feeMinor: one.feeMinor + other.feeMinor,
    netMinor: one.netMinor + other.netMinor,
    fees: Object.fromEntries(kinds),
    settlesMinor: one.settlesMinor + other.settlesMinor,
    unexplainedMinor: one.unexplainedMinor + other.unexplainedMinor,
  };
}

function accountsIn(entries: readonly GroupEntry[]): readonly string[] {
  return [...new Set(entries.flatMap(({ postings }) => postings.map(({ account }) => account)))];
}

describe('a bank line', () => {
  const credit = { merchantId: 'mer_1', currency: 'EUR', amountMinor: 5_180n, action: null } as const;

  it('takes its payout out of transit, and what the bank is known to keep with it', () => {
    expect(postingsOfBank({ ...credit, accountId: 'acct_1' }).postings).toEqual([
      { account: 'bank/mer_1', amountMinor: 5_180n },
      { account: 'bank_in_transit/acct_1', amountMinor: -5_180n },
    ]);
    const kept = { ...credit, accountId: 'acct_1', action: 'post_bank_fee', bankFeeMinor: 500n } as const;
    expect(postingsOfBank(kept).postings).toEqual([
      { account: 'bank/mer_1', amountMinor: 5_180n },
      { account: 'fees/other/acct_1', amountMinor: 500n },
      { account: 'bank_in_transit/acct_1', amountMinor: -5_680n },
    ]);
  });

  it('of nobody’s waits in suspense', () => {
    expect(postingsOfBank(credit).postings).toEqual([
      { account: 'bank/mer_1', amountMinor: 5_180n },
      { account: 'suspense/mer_1', amountMinor: -5_180n },
    ]);
  });
});
