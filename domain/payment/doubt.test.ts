import { describe, expect, it } from 'vitest';
import { type Doubt, explainDoubt } from './doubt.ts';
import { stepAt } from './fixtures.ts';

const NOW = 1_800_000_000_000;
const sale: Doubt = {
  kind: 'sale',
  cause: 'first',
  status: 'unknown',
  step: stepAt('stripe'),
  completeByMs: NOW + 60_000,
  sendByMs: NOW + 60_000,
  parked: false,
};
const told = (doubt: Partial<Doubt>) => explainDoubt({ ...sale, ...doubt }, NOW);
const mute = { ...stepAt('adyen'), canLookup: false, replaysByKey: false, canVoidByReference: true };

describe('an operation in doubt', () => {
  it('is asked again by itself while there is a question, and a person may have it asked now', () => {
    const { questions, reason, actions, text } = told({});
    expect(questions[0]).toBe('lookup');
    expect([reason, actions]).toEqual(['asked_again', ['retry', 'propose']]);
    expect(text).toContain('stripe is asked again');
  });

  it('is a person’s once every question was asked', () => {
    expect(told({ parked: true })).toMatchObject({ reason: 'parked', actions: ['retry', 'propose'] });
  });

  it('that somebody told about waits for another person before anything else', () => {
    const proposed = told({ parked: true, proposedBy: 'opr_anna' });
    expect([proposed.reason, proposed.actions[0]]).toEqual(['waits_for_approval', 'approve']);
    expect(proposed.text).toContain('opr_anna');
  });

  it('waits for the payer’s time to be over where only a void by reference proves it', () => {
    const waiting = { kind: 'authorize', step: mute } as const;
    expect(told(waiting).reason).toBe('waits_for_deadline');
    expect(told({ ...waiting, completeByMs: NOW - 1 })).toMatchObject({
      reason: 'asked_again',
      questions: ['void_by_reference'],
    });
  });

  it('says so where nobody can be asked', () => {
    expect(told({ step: { ...mute, canVoidByReference: false } }).reason).toBe('nothing_to_ask');
    const { step: _none, ...old } = sale;
    expect(explainDoubt(old, NOW)).toMatchObject({ reason: 'nothing_to_ask', questions: [] });
  });

  it('that is pending is never sent again, and can’t be hurried where it can’t be asked', () => {
    expect(told({ status: 'pending' }).questions).toEqual(['lookup']);
    expect(told({ status: 'pending', step: mute })).toMatchObject({
      reason: 'waits_for_webhook',
      actions: ['propose'],
    });
  });
});
