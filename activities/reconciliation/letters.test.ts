import { describe, expect, it } from 'vitest';
import type { NewsLine } from '../../db/reconciliation/news.ts';
import { decideVoidCommand } from '../../domain/payment/commands.ts';
import { decideExternalRefund, decideOutcome } from '../../domain/payment/decide.ts';
import { NOW, planned, stepAt } from '../../domain/payment/fixtures.ts';
import { operationNamed } from '../../domain/payment/named.ts';
import { saysNothingNew } from '../../domain/payment/nothing-new.ts';
import type { Evidence, OperationOutcome } from '../../domain/payment/outcome.ts';
import type { Payment } from '../../domain/payment/payment.ts';
import { declineFor } from '../../providers/declines.ts';
import { letterOf, NEWS_VERDICTS } from './letters.ts';

/** What a settlement line says, and what a payment makes of it: the same rules as for any webhook. */
const payment = (changes: Partial<Payment> = {}) => planned({ route: [stepAt('adyen')], ...changes });
const attemptOf = (of: Payment) => of.attempts[0] ?? expect.fail('an attempt');
const settled = (before: Payment, outcome: OperationOutcome): Payment => {
  const operation = attemptOf(before).operations[0] ?? expect.fail('an operation');
  return decideOutcome(before, operation.id, outcome, NOW)?.after ?? expect.fail('a decision');
};

function line(of: Payment, changes: Partial<NewsLine> = {}): NewsLine {
  const { id: attemptId } = attemptOf(of);
  return {
    fileId: 'sf_1',
    line: 7,
    type: 'capture',
    verdict: 'LOST_RESPONSE_CAPTURED',
    currency: 'EUR',
    amountMinor: 1_000,
    providerReference: 'PSP1',
    operationReference: 'PSP1M',
    attemptId,
    booking: { kind: 'capture', reference: attemptId, currency: 'EUR', amountMinor: 1_000 },
    ...changes,
  };
}

const evidenceOf = (of: NewsLine) => letterOf(of).evidence as Evidence | undefined;

function heard(before: Payment, of: NewsLine): Payment {
  const evidence = evidenceOf(of) ?? expect.fail('evidence');
  expect(saysNothingNew(before, evidence)).toBe(false);
  const operation = operationNamed(before, evidence) ?? expect.fail('the operation that it names');
  return decideOutcome(before, operation.id, evidence.outcome, NOW)?.after ?? expect.fail('a decision');
}

const UNKNOWN: OperationOutcome = { type: 'unknown', cause: 'timeout' };
const DECLINED: OperationOutcome = {
  type: 'declined',
  decline: declineFor('do_not_honor', { providerCode: '05' }),
};

describe('a settled capture', () => {
  it('of which the answer was lost is captured', () => {
    const before = settled(payment(), UNKNOWN);
    const heardOf = heard(before, line(before));
    expect([before.status, heardOf.status, heardOf.amountCapturedMinor]).toEqual([
      'processing',
      'succeeded',
      1_000,
    ]);
  });

  it('of a payment that its merchant was told is declined is given back', () => {
    const before = settled(payment(), DECLINED);
    const heardOf = heard(before, line(before, { verdict: 'DECLINED_BUT_SETTLED' }));
    expect([heardOf.status, attemptOf(heardOf).undoing]).toEqual(['failed', true]);
    expect(attemptOf(heardOf).operations.at(-1)).toMatchObject({ kind: 'refund', amountMinor: 1_000 });
  });

  it('of what was voided, confirmed, is given back', () => {
    const held = settled(payment({ captureMethod: 'manual' }), {
      type: 'authorized',
      providerReference: 'PSP1',
      amountMinor: 1_000,
      currency: 'EUR',
    });
    const ruling = decideVoidCommand(held, 'req_void');
    const voiding = ruling.type === 'decided' ? ruling.decision.after : expect.fail(ruling.type);
    const [, voids] = attemptOf(voiding).operations;
    const before = decideOutcome(voiding, voids?.id ?? '', { type: 'voided' }, NOW)?.after;
    if (before === undefined) return expect.fail('voided');
    const heardOf = heard(before, line(before, { verdict: 'SETTLED_AFTER_VOID' }));
    expect([heardOf.status, attemptOf(heardOf).undoing]).toEqual(['canceled', true]);
    expect(attemptOf(heardOf).operations.at(-1)).toMatchObject({ kind: 'refund', amountMinor: 1_000 });
  });

  it('names the capture where there is one of its own', () => {
    const before = payment();
    const reference = `op_${before.id.slice(4)}_1_capture_1`;
    const booking = { kind: 'capture' as const, reference, currency: 'EUR', amountMinor: 1_000 };
    expect(evidenceOf(line(before, { booking }))).toMatchObject({
      kind: 'capture',
      reference,
      outcome: { type: 'captured', providerReference: 'PSP1' },
    });
  });

  it('of another amount or currency proves nothing, and makes us ask', () => {
    const before = payment();
    for (const changes of [{ amountMinor: 999 }, { currency: 'USD' }, { providerReference: undefined }])
      expect(evidenceOf(line(before, changes as Partial<NewsLine>))).toBeUndefined();
    expect(letterOf(line(before, { amountMinor: 999 })).reference).toBe(attemptOf(before).id);
  });
});

describe('a settled refund', () => {
  it('that is none of ours is recorded as made outside', () => {
    const before = settled(payment(), {
      type: 'captured',
      providerReference: 'PSP1',
      amountMinor: 1_000,
      currency: 'EUR',
    });
    const { booking: _none, ...unbooked } = line(before, {
      type: 'refund',
      verdict: 'EXTERNAL_REFUND',
      amountMinor: 400,
    });
    const evidence = evidenceOf(unbooked) ?? expect.fail('evidence');
    expect(operationNamed(before, evidence)).toBeUndefined();
    const outcome = evidence.outcome;
    if (outcome.type !== 'refunded') return expect.fail('a refund');
    const decided = decideExternalRefund(before, evidence.reference, outcome);
    expect(decided?.after.externalRefunds).toEqual([{ ...outcome, type: 'refunded' }]);
    expect(decided?.after.amountRefundedMinor).toBe(400);
  });

  it('that came back is taken back under its own name', () => {
    const before = payment();
    const reference = `op_${before.id.slice(4)}_${'b'.repeat(26)}_1`;
    const letter = letterOf(
      line(before, {
        type: 'refund_reversed',
        verdict: 'REFUND_FAILED_REVERSED',
        booking: { kind: 'refund', reference, currency: 'EUR', amountMinor: 1_000 },
      }),
    );
    expect(letter).toMatchObject({
      reference,
      providerReference: 'PSP1M',
      eventType: 'settlement.refund_reversed',
    });
    expect((letter.evidence as Evidence).outcome).toMatchObject({
      type: 'declined',
      providerReference: 'PSP1M',
    });
  });
});

it('writes one letter a line, however often the day is run', () => {
  const before = payment();
  expect(letterOf(line(before)).providerEventId).toBe('settlement:sf_1:7');
  expect(letterOf(line(before))).toEqual(letterOf(line(before)));
  expect(NEWS_VERDICTS).toHaveLength(5);
});
