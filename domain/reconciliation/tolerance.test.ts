import { describe, expect, it } from 'vitest';
import { expectedFee, type FeeContract, feeDifferences } from './fees.ts';
import { CAPTURE } from './test-support/fixtures.ts';
import { DEFAULT_TOLERANCES, policyWith, toleranceFor } from './tolerance.ts';

describe('tolerances', () => {
  const policy = policyWith({
    tolerances: [
      { merchantId: 'mer_1', currency: 'JPY', amountMinor: 3 },
      { currency: 'JPY', amountMinor: 2, fxBps: 80 },
      { amountMinor: 1 },
      { feeKind: 'interchange', feeBps: 500 },
    ],
  });

  it('are the defaults where nothing else is said', () => {
    expect(toleranceFor(policyWith(), { merchantId: 'mer_1', currency: 'EUR' })).toEqual(DEFAULT_TOLERANCES);
  });

  it('go by the rule that names most, and fill what it leaves open from the others', () => {
    const found = toleranceFor(policy, { merchantId: 'mer_1', currency: 'JPY', feeKind: 'interchange' });
    expect(found).toEqual({ ...DEFAULT_TOLERANCES, amountMinor: 3, fxBps: 80, feeBps: 500 });
    expect(toleranceFor(policy, { merchantId: 'mer_2', currency: 'JPY' })).toMatchObject({
      amountMinor: 2,
      feeBps: 100,
    });
    expect(toleranceFor(policy, { merchantId: 'mer_1', currency: 'EUR' })).toMatchObject({
      amountMinor: 1,
      fxBps: 50,
    });
  });

  it('of a kind of fee are for that kind alone', () => {
    const question = { merchantId: 'mer_1', currency: 'EUR' };
    expect(toleranceFor(policy, question).feeBps).toBe(100);
    expect(toleranceFor(policy, { ...question, feeKind: 'scheme' }).feeBps).toBe(100);
    expect(toleranceFor(policy, { ...question, feeKind: 'interchange' }).feeBps).toBe(500);
  });
});

describe('a fee contract', () => {
  const contract: FeeContract = [
    { on: 'capture', currency: 'EUR', kind: 'processing', bps: 0, fixedMinor: 13 },
    { on: 'capture', currency: 'EUR', kind: 'interchange', bps: 30, fixedMinor: 0 },
    { on: 'refund', currency: 'EUR', kind: 'processing', bps: -30, fixedMinor: 0 },
  ];
  const line = (fees: readonly (readonly ['processing' | 'interchange' | 'scheme', number])[]) => {
    const feeMinor = fees.reduce((sum, [, amountMinor]) => sum + amountMinor, 0);
    const parts = fees.map(([kind, amountMinor]) => ({ kind, amountMinor }));
    return { ...CAPTURE, feeMinor, netMinor: 10_000 - feeMinor, fees: parts };
  };

  it('adds its rules up, half a unit rounded up', () => {
    expect(expectedFee(contract, line([]))?.totalMinor).toBe(43);
    const of = (grossMinor: number) =>
      expectedFee(contract, { ...CAPTURE, netMinor: grossMinor, feeMinor: 0 });
    expect(of(166)?.totalMinor).toBe(13);
    expect(of(167)?.totalMinor).toBe(14);
  });

  it('may give a fee back', () => {
    const refund = {
      ...CAPTURE,
      type: 'refund',
      grossMinor: -10_000,
      feeMinor: -30,
      netMinor: -9_970,
    } as const;
    expect(expectedFee(contract, refund)?.totalMinor).toBe(-30);
  });

  it('says nothing of what it has no rule for', () => {
    expect(expectedFee(contract, { ...CAPTURE, settlementCurrency: 'USD' })).toBeUndefined();
    expect(expectedFee(contract, { ...CAPTURE, type: 'payout' })).toBeUndefined();
    expect(expectedFee(undefined, CAPTURE)).toBeUndefined();
  });

  it('is compared kind by kind where both tell them apart, else as a whole', () => {
    const byKind = feeDifferences(
      contract,
      line([
        ['processing', 13],
        ['interchange', 35],
      ]),
    );
    expect(byKind).toEqual([{ kind: 'interchange', expectedMinor: 30, differenceMinor: 5 }]);
    const whole = feeDifferences(
      contract,
      line([
        ['processing', 13],
        ['scheme', 35],
      ]),
    );
    expect(whole).toEqual([{ expectedMinor: 43, differenceMinor: 5 }]);
    expect(feeDifferences(contract, line([['scheme', 43]]))).toEqual([]);
  });
});
