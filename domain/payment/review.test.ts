import { describe, expect, it } from 'vitest';
import { consentDecline } from '../routing/declines/index.ts';
import { decideVoidCommand, routed } from './commands.ts';
import { draft, NOW, stepAt } from './fixtures.ts';
import { decideOperatorCancel } from './operate.ts';
import { allowedCommands, openOperations, type Payment } from './payment.ts';
import { decideRelease } from './review.ts';
import { transitionOf } from './transition.ts';

const LATER = NOW + 3_600_000;
const ORDER = { cause: 'req_1', operator: 'opr_alice', reason: 'looked at it', sendByMs: LATER };

function held(changes: Partial<Payment> = {}): Payment {
  const before = draft(changes);
  const decision = routed(before, 'first', { review: ['large and new'] });
  return transitionOf(before, decision, { type: 'created', actor: 'test' }, NOW).payment;
}

describe('a payment that its policy wants reviewed', () => {
  it('waits before anything is sent, and a person is told why', () => {
    const before = draft();
    const decision = routed(before, 'first', { review: ['large and new'] });
    expect(decision.after).toMatchObject({ status: 'requires_review', attempts: [] });
    expect(decision.exceptions).toEqual([
      expect.objectContaining({
        kind: 'payment_review',
        subjectId: before.id,
        summary: expect.stringContaining('large and new'),
      }),
    ]);
    expect(transitionOf(before, decision, { type: 'created', actor: 'test' }, NOW).events).toContain(
      'payment.requires_review',
    );
  });

  it('also when it is confirmed later', () => {
    expect(held({ status: 'requires_confirmation' }).status).toBe('requires_review');
  });

  it('is sent to the first of its route when an operator releases it, with its time anew', () => {
    const ruling = decideRelease(held(), ORDER);
    const after = ruling.type === 'decided' ? ruling.decision.after : undefined;
    expect(after).toMatchObject({ status: 'processing', completeByMs: LATER });
    expect(after === undefined ? [] : openOperations(after)).toEqual([
      expect.objectContaining({ kind: 'sale', sendByMs: LATER, cause: 'operator_release_req_1' }),
    ]);
    if (after !== undefined) expect(decideRelease(after, ORDER)).toEqual({ type: 'answered' });
  });

  it('goes by the route, the consent and the budget of now, and stays held where nobody can take it', () => {
    const retryPlan = { maxAttempts: 1, failOverAfter: [], laterMs: [], timeScale: 1 };
    const ruling = decideRelease(held(), ORDER, { route: [stepAt('adyen')], retryPlan });
    const after = ruling.type === 'decided' ? ruling.decision.after : undefined;
    expect(after).toMatchObject({ attempts: [{ accountId: 'pa_adyen' }], retryPlan });
    expect(after?.route).toHaveLength(1);
    const refused = consentDecline();
    expect(decideRelease(held(), ORDER, { route: held().route, refused })).toMatchObject({
      decision: {
        after: { status: 'failed', attempts: [], failure: { decline: { reason: 'stop_payment' } } },
      },
    });
    expect(decideRelease(held(), ORDER, { route: [] })).toMatchObject({
      type: 'refused',
      refusal: { code: 'no_route', status: 'requires_review' },
    });
  });

  it('is released once, and nothing else is', () => {
    const ruling = decideRelease(held(), ORDER);
    const after = ruling.type === 'decided' ? ruling.decision.after : held();
    expect(decideRelease(after, { ...ORDER, cause: 'req_2' })).toMatchObject({
      type: 'refused',
      refusal: { code: 'nothing_to_release' },
    });
    expect(decideRelease(draft(), ORDER)).toMatchObject({ type: 'refused' });
  });

  it('may be given up by its merchant or by an operator', () => {
    expect(allowedCommands(held())).toEqual(['void']);
    expect(decideVoidCommand(held(), 'req_9')).toMatchObject({
      decision: { after: { status: 'canceled', cancellationReason: 'requested_by_merchant' } },
    });
    expect(decideOperatorCancel(held(), ORDER, [])).toMatchObject({
      decision: { after: { status: 'canceled', cancellationReason: 'canceled_by_operator' } },
    });
  });
});
