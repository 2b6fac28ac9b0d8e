import { describe, expect, it } from 'vitest';
import type { Evidence } from '../payment/outcome.ts';
import { newRefund, REFUNDED, upon } from './fixtures.ts';
import { MANUAL } from './refund.ts';
import { asBooksCount, byHandMinor, isTotal } from './totals.ts';

const ATTEMPT = newRefund().attemptId;
const total = (amountMinor: number): Evidence => ({
  kind: 'refund',
  reference: ATTEMPT,
  amountMinor,
  outcome: { type: 'refunded', providerReference: '', amountMinor },
});

describe('a provider’s total of what was refunded', () => {
  it('leaves out what people refunded by hand, so the books add it before they compare', () => {
    const made = upon(newRefund(), REFUNDED);
    const byHand = { ...made, countedOperationId: MANUAL };
    const elsewhere = { ...byHand, attemptId: 'att_other' };
    const minor = byHandMinor([made, byHand, elsewhere, newRefund()], ATTEMPT);
    expect(minor).toBe(400);
    expect(asBooksCount(total(300), minor).outcome).toMatchObject({ amountMinor: 700 });
  });

  it('is told of refunds and names none; what names one is of that alone', () => {
    expect(isTotal(total(300))).toBe(true);
    const one: Evidence = { kind: 'refund', reference: ATTEMPT, outcome: REFUNDED };
    expect(isTotal(one)).toBe(false);
    expect(asBooksCount(one, 400)).toBe(one);
    const captured = { type: 'captured', providerReference: '', amountMinor: 1, currency: 'EUR' } as const;
    expect(isTotal({ kind: 'capture', reference: ATTEMPT, outcome: captured })).toBe(false);
  });
});
