import { describe, expect, it } from 'vitest';
import type { LineQuestion, OperationQuestion } from '../../db/reconciliation/asks.ts';
import { decideOutcome } from '../../domain/payment/decide.ts';
import { NOW, planned, stepAt } from '../../domain/payment/fixtures.ts';
import { operationNamed } from '../../domain/payment/named.ts';
import type { Evidence, OperationOutcome } from '../../domain/payment/outcome.ts';
import type { LookupResult } from '../../providers/provider.ts';
import { type Answer, type Asked, answerOf, entryOf, letterOfAnswer } from './answers.ts';

/** What the provider says of what no file has, as an entry of its case and as a letter to its payment. */
const booked: OperationQuestion = {
  about: 'operation',
  exceptionId: 'exc_missing_in_file_overdue_att_1',
  operationId: 'op_1',
  generation: 1,
  expects: 'capture',
  amountMinor: 1_000,
  currency: 'EUR',
};
const refund: OperationQuestion = { ...booked, expects: 'refund' };
const line: LineQuestion = {
  about: 'line',
  exceptionId: 'exc_missing_in_ledger_sf_1:7',
  providerReference: 'pi_1',
  merchantReference: 'att_theirs',
  amountMinor: 1_000,
  currency: 'EUR',
};
const asked: Asked = {
  operationId: 'op_1',
  attemptId: 'att_1',
  kind: 'sale',
  amountMinor: 1_000,
  currency: 'EUR',
  providerReference: 'pi_1',
};
const DATE = '2026-11-20';

const found = (outcome: OperationOutcome): LookupResult => ({ type: 'found', outcome });
const captured: OperationOutcome = {
  type: 'captured',
  providerReference: 'pi_1',
  amountMinor: 1_000,
  currency: 'EUR',
};
const refunded: OperationOutcome = { type: 'refunded', providerReference: 're_1', amountMinor: 1_000 };
const declined: OperationOutcome = {
  type: 'declined',
  decline: { reason: 'do_not_honor', providerCode: '05', message: 'the card of Ada Lovelace' },
  providerReference: 're_1',
};
const voided: OperationOutcome = { type: 'voided', providerReference: 'pi_1' };
const authorized: OperationOutcome = { ...captured, type: 'authorized' };
const pending: OperationOutcome = { type: 'pending', providerReference: 'pi_1' };
const mismatch: OperationOutcome = { type: 'unknown', cause: 'mismatch' };

const letter = (answer: Answer, over: Partial<Asked> = {}) =>
  letterOfAnswer(booked, DATE, { ...asked, ...over }, answer);

describe('an answer', () => {
  it.each<[string, LookupResult, Answer['type']]>([
    ['captured, as much as is booked', found(captured), 'as_booked'],
    ['captured, of another amount', found({ ...captured, amountMinor: 900 }), 'otherwise'],
    ['captured, in another currency', found({ ...captured, currency: 'USD' }), 'otherwise'],
    ['no more than authorized', found(authorized), 'otherwise'],
    ['still pending', found(pending), 'otherwise'],
    ['declined', found(declined), 'otherwise'],
    ['voided', found(voided), 'otherwise'],
    ['of something else', found(mismatch), 'unclear'],
    ['lost', found({ type: 'unknown', cause: 'timeout' }), 'failed'],
    ['that nothing is found', { type: 'not_found' }, 'not_found'],
    ['that is none', { type: 'failed', detail: 'http_503' }, 'failed'],
  ])('to a booked capture: %s', (_what, result, type) => {
    expect(answerOf(booked, result).type).toBe(type);
  });

  it('to a booked refund must say that it was made, and of how much', () => {
    const types = [refunded, { ...refunded, amountMinor: 900 }, captured, declined].map(
      (outcome) => answerOf(refund, found(outcome as OperationOutcome)).type,
    );
    expect(types).toEqual(['as_booked', 'otherwise', 'otherwise', 'otherwise']);
  });
});

describe('the entry of the case', () => {
  const entry = (question: OperationQuestion | LineQuestion, result: LookupResult) => {
    const answer = answerOf(question, result);
    return answer.type === 'failed' ? expect.fail('failed') : entryOf('stripe', question, answer);
  };

  it('says that the provider owes the settlement, where it agrees', () => {
    expect(entry(booked, found(captured))).toEqual({
      exceptionId: booked.exceptionId,
      reason: 'stripe says captured, 1000 EUR, as booked: it owes the settlement',
      content: {
        provider: 'stripe',
        operation: 'op_1',
        answer: 'as_booked',
        said: { outcome: 'captured', amount: 1_000, currency: 'EUR', provider_reference: 'pi_1' },
      },
    });
  });

  it('says what the provider says instead, without its words for people', () => {
    const { reason, content } = entry(booked, found(declined));
    expect(reason).toBe('stripe says declined, where 1000 EUR is booked');
    expect(content.said).toMatchObject({ outcome: 'declined', reason: 'do_not_honor', provider_code: '05' });
    expect(JSON.stringify(content)).not.toContain('Lovelace');
  });

  it('concludes nothing from absence', () => {
    const { reason, content } = entry(booked, { type: 'not_found' });
    expect(reason).toContain('proves nothing');
    expect(content).toMatchObject({ answer: 'not_found', said: { outcome: 'not_found' } });
  });

  it('of a line names it as the provider does', () => {
    expect(entry(line, found(captured))).toMatchObject({
      reason: 'stripe says that it captured 1000 EUR under this name',
      content: { reference: 'att_theirs', provider_reference: 'pi_1' },
    });
    expect(entry(line, found(mismatch)).content.answer).toBe('unclear');
  });
});

describe('the letter', () => {
  it.each<[string, OperationOutcome]>([
    ['declined', declined],
    ['voided', voided],
    ['refused', { type: 'rejected', code: 'x', message: 'x' }],
  ])('goes where the provider says %s', (_what, outcome) => {
    expect(letter({ type: 'otherwise', outcome })).toMatchObject({
      eventType: 'settlement.asked',
      reference: 'att_1',
      providerReference: 'pi_1',
      evidence: { kind: 'authorize', reference: 'att_1', amountMinor: 1_000, currency: 'EUR', outcome },
    });
  });

  it.each<[string, Answer]>([
    ['agrees', { type: 'as_booked', outcome: captured }],
    ['finds nothing', { type: 'not_found' }],
    ['speaks of something else', { type: 'unclear', outcome: mismatch }],
    ['cannot be reached', { type: 'failed', detail: 'http_503' }],
    ['is not done yet', { type: 'otherwise', outcome: pending }],
  ])('does not go where the provider %s', (_what, answer) => {
    expect(letter(answer)).toBeUndefined();
  });

  it('goes to nobody about a line that is nobody’s', () => {
    expect(letterOfAnswer(line, DATE, asked, { type: 'otherwise', outcome: voided })).toBeUndefined();
  });

  it('is one for a case and business day', () => {
    const answer: Answer = { type: 'otherwise', outcome: voided };
    expect(letter(answer)).toEqual(letter(answer));
    const next = letterOfAnswer(booked, '2026-11-21', asked, answer);
    expect(next?.providerEventId).not.toBe(letter(answer)?.providerEventId);
  });

  it('about a refund or a capture names that, and a refund by its own name at the provider', () => {
    const answer: Answer = { type: 'otherwise', outcome: declined };
    expect(letter(answer, { kind: 'refund' })).toMatchObject({
      reference: 'op_1',
      providerReference: 're_1',
    });
    expect(letter(answer, { kind: 'capture' })).toMatchObject({
      reference: 'op_1',
      providerReference: 'pi_1',
      evidence: { kind: 'capture' },
    });
  });

  it('is judged by the payment’s own rules: a capture that the provider denies is a contradiction', () => {
    const first = planned({ captureMethod: 'automatic', route: [stepAt('adyen')] });
    const [authorize] = first.attempts[0]?.operations ?? [];
    const after = decideOutcome(first, authorize?.id ?? '', authorized, NOW)?.after ?? expect.fail('held');
    const capture = after.attempts[0]?.operations.at(-1) ?? expect.fail('a capture');
    const paid = decideOutcome(after, capture.id, captured, NOW)?.after ?? expect.fail('paid');
    const { evidence } =
      letter({ type: 'otherwise', outcome: declined }, { kind: 'capture', operationId: capture.id }) ??
      expect.fail('a letter');
    const { outcome, ...naming } = evidence as Evidence;
    expect(operationNamed(paid, { ...naming, outcome })?.id).toBe(capture.id);
    const judged = decideOutcome(paid, capture.id, outcome, NOW);
    expect(judged?.exceptions).toMatchObject([{ kind: 'contradiction', subjectId: capture.id }]);
  });
});
