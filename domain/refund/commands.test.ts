import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NOW } from '../payment/fixtures.ts';
import type { Evidence, OperationOutcome } from '../payment/outcome.ts';
import { PAYMENT_STATUSES } from '../payment/states.ts';
import {
  type Balance,
  decideRefundCancel,
  judgeRefundCancel,
  judgeRefundOrder,
  type RefundRuling,
  refundableMinor,
} from './commands.ts';
import {
  capturedPayment,
  decided,
  FREE,
  newRefund,
  open,
  order,
  PENDING,
  REFUNDED,
  REFUSED,
  TAKEN_BACK,
  transition,
  UNKNOWN,
  UNSENT,
  uncaptured,
  upon,
} from './fixtures.ts';
import { findByLetter, refundSaysNothingNew, speaksOf } from './nothing-new.ts';
import {
  decideRefundProposal,
  decideRefundResolution,
  decideRefundRetryNow,
  judgeRefundTestimony,
  testimonyOf,
} from './operate.ts';
import { openOperation, type Refund } from './refund.ts';

const refusalOf = (ruling: RefundRuling) => (ruling.type === 'refused' ? ruling.refusal : undefined);
const judge = (changes: Parameters<typeof order>[0], balance: Balance = FREE) =>
  judgeRefundOrder(capturedPayment(), balance, order(changes), NOW);
const BY = { cause: 'req_9', operator: 'opr_alice', reason: 'a test' };
const manual = () => newRefund({ canRefund: false });
const unsentOnce = () => upon(newRefund(), UNSENT);
const firstOf = (refund: Refund) => refund.operations[0]?.id ?? '';
const reversed = () => {
  const before = upon(newRefund(), REFUNDED);
  return upon(before, TAKEN_BACK, firstOf(before));
};

describe('an order', () => {
  it('without an amount takes all that is left', () => {
    const balance = { ...FREE, reservedMinor: 300, externalRefundedMinor: 100 };
    const { after } = decided(
      judgeRefundOrder(
        capturedPayment(),
        balance,
        { refundId: 'ref_x', cause: 'req_1', metadata: { a: 'b' } },
        NOW,
      ),
    );
    expect(after).toMatchObject({ amountMinor: 600, currency: 'EUR', metadata: { a: 'b' } });
    expect(openOperation(after)).toMatchObject({ kind: 'refund', amountMinor: 600, status: 'created' });
  });

  it.each([
    ['more than was captured', { amountMinor: 1_001 }, FREE, 'amount_too_large'],
    ['more than is left', { amountMinor: 401 }, { ...FREE, reservedMinor: 600 }, 'amount_too_large'],
    [
      'what was refunded outside',
      { amountMinor: 1 },
      { ...FREE, externalRefundedMinor: 1_000 },
      'nothing_to_refund',
    ],
    [
      'after more was refunded outside than captured',
      {},
      { ...FREE, externalRefundedMinor: 5_000 },
      'nothing_to_refund',
    ],
    ['anything, once all was charged back', {}, { ...FREE, chargedBackMinor: 1_000 }, 'charged_back'],
    ['more than a chargeback left', { amountMinor: 401 }, { ...FREE, chargedBackMinor: 600 }, 'charged_back'],
    [
      'more than was captured, of which some was charged back',
      { amountMinor: 1_001 },
      { ...FREE, chargedBackMinor: 600 },
      'amount_too_large',
    ],
    [
      'what was refunded before it was charged back',
      {},
      { ...FREE, reservedMinor: 1_000, chargedBackMinor: 1_000 },
      'nothing_to_refund',
    ],
    ['another currency', { currency: 'USD' }, FREE, 'currency_mismatch'],
  ])('for %s is refused by name', (_what, changes, balance, code) => {
    const refusal = refusalOf(judge(changes, balance));
    expect(refusal).toMatchObject({ code, status: 'succeeded' });
  });

  it.each(PAYMENT_STATUSES)(
    'for a payment that is %s, with nothing captured, says what may be done',
    (status) => {
      const refusal = refusalOf(judgeRefundOrder(uncaptured(status), FREE, order(), NOW));
      expect(refusal).toMatchObject({ code: 'nothing_to_refund', status });
      expect(refusal?.message).toContain(status === 'failed' ? 'the payment failed' : status);
    },
  );

  it('never takes from an attempt that is being undone: that money is not the merchant’s', () => {
    const payment = capturedPayment();
    const attempts = payment.attempts.map((attempt) => ({ ...attempt, undoing: true }));
    expect(refusalOf(judgeRefundOrder({ ...payment, attempts }, FREE, order(), NOW))?.code).toBe(
      'nothing_to_refund',
    );
  });

  it('at a provider that cannot refund goes to a person at once, and is sent to nobody', () => {
    const refund = manual();
    expect(refund).toMatchObject({
      status: 'requires_review',
      failure: { code: 'provider_cannot_refund' },
      operations: [],
    });
  });

  it('within the bound is accepted, and beyond it never', () => {
    const amounts = fc.record({
      capturedMinor: fc.constant(1_000),
      reservedMinor: fc.nat(1_000),
      externalRefundedMinor: fc.nat(2_000),
      chargedBackMinor: fc.nat(1_000),
    });
    fc.assert(
      fc.property(amounts, fc.integer({ min: 1, max: 2_000 }), (balance, amountMinor) => {
        const free = 1_000 - balance.reservedMinor - balance.externalRefundedMinor - balance.chargedBackMinor;
        expect(refundableMinor(balance)).toBe(Math.max(0, free));
        expect(judge({ amountMinor }, balance).type).toBe(amountMinor <= free ? 'decided' : 'refused');
      }),
    );
  });
});

describe('a cancel', () => {
  it.each([
    ['before anything was sent', newRefund, true],
    ['while it waits to be tried again', unsentOnce, true],
    ['of one that a person must make', manual, true],
    ['once it was sent', () => upon(newRefund(), UNKNOWN), false],
    ['once the provider has it', () => upon(newRefund(), PENDING), false],
    ['of one that succeeded', () => upon(newRefund(), REFUNDED), false],
    ['of one that failed', () => upon(newRefund(), REFUSED), false],
    ['of one that was taken back: the payer is owed it', reversed, false],
  ] as const)('%s: %#', (_when, make, allowed) => {
    const refund = make();
    expect(judgeRefundCancel(refund) === undefined).toBe(allowed);
    expect(decideRefundCancel(refund, true, 'x').type).toBe(allowed ? 'decided' : 'refused');
  });

  it('needs the permit taken back: what may have left is not canceled', () => {
    expect(refusalOf(decideRefundCancel(newRefund(), false, 'x'))?.code).toBe('refund_unexpected_state');
    const before = newRefund();
    const step = transition(before, decided(decideRefundCancel(before, true, 'the merchant')));
    expect(step.refund).toMatchObject({ status: 'canceled' });
    expect(step.refund.operations[0]?.outcome).toEqual({ type: 'not_attempted', proof: 'permit_revoked' });
    expect(step.balance).toEqual({ refundedMinor: 0, externalMinor: 0, release: true });
  });
});

describe('operators', () => {
  it('retry what waits, and send a refund that was taken back once more', () => {
    expect(decided(decideRefundRetryNow(unsentOnce(), BY)).after).toEqual(unsentOnce());
    const again = decided(decideRefundRetryNow(reversed(), BY)).after;
    expect(again).toMatchObject({ status: 'pending' });
    expect(again.operations).toHaveLength(2);
    expect(refusalOf(decideRefundRetryNow(manual(), BY))?.code).toBe('provider_cannot_refund');
    expect(refusalOf(decideRefundRetryNow(upon(newRefund(), REFUNDED), BY))?.code).toBe('nothing_to_retry');
  });

  it('are told what came of a retry that was carried out already, and start nothing over', () => {
    const again = transition(reversed(), decided(decideRefundRetryNow(reversed(), BY))).refund;
    expect(decideRefundRetryNow(again, BY)).toEqual({ type: 'answered' });
    const takenBack = upon(upon(again, REFUNDED), TAKEN_BACK, again.operations[1]?.id);
    expect(takenBack.status).toBe('requires_review');
    // As a workflow hears it that is reset: the same request once more. Another request is another try.
    expect(decideRefundRetryNow(takenBack, BY)).toEqual({ type: 'answered' });
    const other = decided(decideRefundRetryNow(takenBack, { ...BY, cause: 'req_other' })).after;
    expect(other.operations).toHaveLength(3);
  });

  it('testify only of what may have been sent, and name the operation', () => {
    expect(judgeRefundTestimony(newRefund(), open(newRefund()).id)?.code).toBe('operation_not_sent');
    expect(judgeRefundTestimony(upon(newRefund(), UNKNOWN), 'op_other')?.code).toBe('operation_unknown');
    expect(judgeRefundTestimony(upon(newRefund(), REFUNDED), undefined)?.code).toBe('operation_resolved');
    const unknown = upon(newRefund(), UNKNOWN);
    const said = testimonyOf(unknown, open(unknown).id, { outcome: 'succeeded' });
    expect(said.type === 'refused' && said.refusal.code).toBe('provider_reference_required');
  });

  it('resolve an unknown refund either way; a proposal alone changes nothing', () => {
    const unknown = upon(newRefund(), UNKNOWN);
    const { id } = open(unknown);
    expect(decided(decideRefundProposal(unknown, id, BY)).after).toEqual(unknown);
    const resolve = (outcome: OperationOutcome) =>
      decided(decideRefundResolution(unknown, id, outcome, { ...BY, evidence: 'seen' }, NOW));
    expect(resolve(REFUNDED).after.status).toBe('succeeded');
    expect(resolve(REFUSED).after.status).toBe('failed');
    expect(resolve(REFUNDED).reason).toContain('(evidence: seen)');
  });

  it('record a refund by hand as paid by them, and give one up with its amount free again', () => {
    const order = { ...BY, evidence: 'bank transfer' };
    const byHand = transition(
      manual(),
      decided(decideRefundResolution(manual(), undefined, { type: 'refunded_by_hand' }, order, NOW)),
    );
    expect(byHand.refund.status).toBe('succeeded');
    expect(byHand.ledger[0]?.postings.map(({ account }) => account)).toEqual([
      'merchant_payable/mer_1',
      'manual_disbursement/mer_1',
    ]);
    const givenUp = transition(
      manual(),
      decided(decideRefundResolution(manual(), undefined, REFUSED, order, NOW)),
    );
    expect(givenUp.refund).toMatchObject({ status: 'failed', failure: { code: 'given_up_by_operators' } });
    expect(givenUp.balance.release).toBe(true);
  });
});

describe('a letter', () => {
  const letter = (outcome: OperationOutcome, changes: Partial<Evidence> = {}): Evidence =>
    ({ reference: open(newRefund()).id, outcome, ...changes }) as Evidence;

  it.each([
    ['a success, already counted', () => upon(newRefund(), REFUNDED), REFUNDED, true],
    ['a success, not known yet', () => upon(newRefund(), UNKNOWN), REFUNDED, false],
    ['a success of one that failed', () => upon(newRefund(), REFUSED), REFUNDED, false],
    ['a refusal, already known', () => upon(newRefund(), REFUSED), REFUSED, true],
    ['a reversal', () => upon(newRefund(), REFUNDED), TAKEN_BACK, false],
    ['a reversal, already known', reversed, TAKEN_BACK, true],
    ['that it is on its way, as we know', () => upon(newRefund(), PENDING), PENDING, true],
    ['that it is on its way, which is unknown here', () => upon(newRefund(), UNKNOWN), PENDING, false],
  ] as const)('that tells %s: %#', (_what, make, outcome, repeats) => {
    expect(refundSaysNothingNew(make(), letter(outcome))).toBe(repeats);
  });

  it('of an operation that is not ours, or that says nothing, is not put away', () => {
    expect(refundSaysNothingNew(newRefund(), undefined)).toBe(false);
    expect(refundSaysNothingNew(newRefund(), letter(REFUNDED, { reference: 'op_other' }))).toBe(false);
  });

  it('that names the payment’s attempt alone is known by the provider’s own name of the refund', () => {
    const nameless = { reference: 'att_1' };
    expect(refundSaysNothingNew(upon(newRefund(), REFUNDED), letter(REFUNDED, nameless))).toBe(true);
    expect(refundSaysNothingNew(upon(newRefund(), PENDING), letter(REFUNDED, nameless))).toBe(false);
    const received = upon(newRefund(), PENDING);
    const found = findByLetter(received, { ...nameless, providerReference: 're_1' });
    expect(found?.id).toBe(open(received).id);
    expect(findByLetter(received, { ...nameless, providerReference: 're_2' })).toBeUndefined();
  });

  it('of another amount or currency proves nothing of our refund', () => {
    expect(speaksOf(newRefund(), { amountMinor: 400, currency: 'EUR' })).toBe(true);
    expect(speaksOf(newRefund(), { amountMinor: 401 })).toBe(false);
    expect(speaksOf(newRefund(), { currency: 'USD' })).toBe(false);
  });
});
