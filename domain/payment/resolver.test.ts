import { describe, expect, it } from 'vitest';
import { decideOutcome } from './decide.ts';
import type { Decision } from './edit.ts';
import { NOW, planned, stepAt } from './fixtures.ts';
import type { OperationOutcome } from './outcome.ts';
import { type Operation, openOperations, type Payment, type RouteStep } from './payment.ts';
import {
  countNotFound,
  decidePark,
  decideVoidByReference,
  type Inquiry,
  isProvenAbsent,
  NO_INQUIRY,
  nextTickMs,
  questions,
  sentAt,
} from './resolver.ts';
import { transitionOf } from './transition.ts';

const settings = { timeScale: 1, providerDeadlineMs: 20_000 };
const step = stepAt('stripe', { visibilityHorizonMs: 60_000 });
/** Just past the claim's allowance, the deadline and the horizon. */
const COUNTS_AFTER_MS = 2_000 + 20_000 + 60_000;
const MINUTE = 60_000;

const notFound = (inquiry: Inquiry, nowMs: number) => countNotFound(inquiry, step, settings, nowMs);

describe('absence', () => {
  const sent = sentAt(NO_INQUIRY, NOW);
  const once = notFound(sent, NOW + COUNTS_AFTER_MS);

  it('is proven by two answers past the horizon, a minute apart', () => {
    expect(isProvenAbsent(notFound(sent, NOW + COUNTS_AFTER_MS - 1))).toBe(false);
    expect(isProvenAbsent(once)).toBe(false);
    expect(isProvenAbsent(notFound(once, NOW + COUNTS_AFTER_MS + MINUTE - 1))).toBe(false);
    expect(isProvenAbsent(notFound(once, NOW + COUNTS_AFTER_MS + MINUTE))).toBe(true);
  });

  it('is judged anew after a resend: what was not found before it counts no more', () => {
    const resentMs = NOW + COUNTS_AFTER_MS + 1_000;
    const resent = sentAt(once, resentMs);
    expect(resent).toMatchObject({ lastSentAtMs: resentMs, notFoundAtMs: [] });
    const second = notFound(resent, resentMs + COUNTS_AFTER_MS);
    expect(isProvenAbsent(second)).toBe(false);
    expect(isProvenAbsent(notFound(second, resentMs + COUNTS_AFTER_MS + MINUTE))).toBe(true);
  });

  it('is asked for as soon as it counts, whatever the ladder says', () => {
    const late = (inquiry: Inquiry, nowMs: number) =>
      nextTickMs({ ...inquiry, tick: 10 }, step, settings, nowMs);
    expect(late(sent, NOW)).toBe(COUNTS_AFTER_MS + 1);
    expect(late(once, NOW + COUNTS_AFTER_MS)).toBe(MINUTE + 1);
    expect(nextTickMs(sent, step, settings, NOW)).toBe(2_000);
    // It counts already, and the provider has not answered: from here on the ladder says.
    expect(late(sent, NOW + COUNTS_AFTER_MS + 5)).toBe(24 * 60 * MINUTE);
    expect(nextTickMs({ ...sent, tick: 17 }, step, settings, NOW)).toBeUndefined();
  });

  it('goes on counting while nothing is sent again', () => {
    expect(sentAt(once, NOW).notFoundAtMs).toHaveLength(1);
  });
});

describe('a resend', () => {
  const first = planned({ captureMethod: 'manual', route: [step] });
  const [authorization] = openOperations(first);
  if (authorization === undefined) throw new Error('nothing is open');
  const doubted: Operation = { ...authorization, status: 'unknown' };
  const asked = (changes: Partial<RouteStep>, inquiry?: Inquiry) =>
    questions(doubted, stepAt('stripe', changes), NOW + MINUTE, NOW, inquiry);
  const sent = sentAt(NO_INQUIRY, NOW);
  const early = notFound(sent, NOW + COUNTS_AFTER_MS - 1);
  const once = notFound(sent, NOW + COUNTS_AFTER_MS);

  it('is asked at once under a key that replays everything, as in rows that say nothing', () => {
    for (const changes of [{}, { replays: 'everything' }] as const) {
      expect(asked(changes)).toEqual(['lookup', 'resend']);
      expect(asked(changes, sent)).toEqual(['lookup', 'resend']);
    }
    expect(asked({ replaysByKey: false }, once)).toEqual(['lookup']);
  });

  it('waits for a not found that counts, where the key replays successes only', () => {
    const successes = { replays: 'successes' } as const;
    for (const inquiry of [undefined, NO_INQUIRY, sent, early])
      expect(asked(successes, inquiry)).toEqual(['lookup']);
    expect(asked(successes, once)).toEqual(['lookup', 'resend']);
    // It may have begun again by that: what was not found before says nothing of it.
    expect(asked(successes, sentAt(once, NOW + COUNTS_AFTER_MS + 1))).toEqual(['lookup']);
  });

  it('never comes, where successes only are replayed and nobody can be asked', () => {
    expect(asked({ replays: 'successes', canLookup: false }, sent)).toEqual([]);
  });
});

describe('a void by reference that stays without an answer', () => {
  const authorized: OperationOutcome = {
    type: 'authorized',
    providerReference: 'ref',
    amountMinor: 1_000,
    currency: 'EUR',
  };
  const written = (payment: Payment, decision: Decision | undefined) => {
    if (decision === undefined) throw new Error('nothing was decided');
    return transitionOf(payment, decision, { type: 'test', actor: 'test' }, NOW);
  };
  const upon = (payment: Payment, { id }: Operation, outcome: OperationOutcome) =>
    written(payment, decideOutcome(payment, id, outcome, NOW)).payment;

  function doubted() {
    const first = planned({ captureMethod: 'manual', route: [stepAt('adyen')] });
    const [authorization] = openOperations(first);
    if (authorization === undefined) throw new Error('nothing is open');
    const unknown = upon(first, authorization, { type: 'unknown', cause: 'timeout' });
    const asked = written(unknown, decideVoidByReference(unknown, authorization.id, 3)).payment;
    const voiding = openOperations(asked).find(({ kind }) => kind === 'void');
    if (voiding === undefined) throw new Error('no void');
    const received = upon(asked, voiding, { type: 'pending', providerReference: 'v' });
    return { payment: received, authorization, voiding };
  }

  it('leaves the payment as it is, once its doubt is resolved: a person is told of it', () => {
    const { payment, authorization, voiding } = doubted();
    const held = upon(payment, authorization, authorized);
    const parked = written(held, decidePark(held, voiding.id));
    expect(parked.payment.status).toBe('requires_capture');
    expect(parked.exceptions).toMatchObject([{ kind: 'pending_overdue', subjectId: voiding.id }]);
  });

  it('gives the payment to a person while the doubt lasts', () => {
    const { payment, voiding } = doubted();
    const parked = written(payment, decidePark(payment, voiding.id));
    expect(parked.payment.status).toBe('requires_review');
  });

  it('is waited for while it is open, whichever tick asks, and no other is made beside it', () => {
    const { payment, authorization, voiding } = doubted();
    for (const tick of [0, 3, 4]) {
      const waiting = decideVoidByReference(payment, authorization.id, tick);
      expect([waiting?.voidId, written(payment, waiting).operations]).toEqual([voiding.id, []]);
    }
    // As workflows that began before go on: another one.
    const before = decideVoidByReference(payment, authorization.id, 4, () => false);
    expect(written(payment, before).operations).toMatchObject([{ cause: `resolve_${authorization.id}_4` }]);
  });

  it('is sent anew under the next number where the ladder begins again, once the last one has ended', () => {
    const { payment, authorization, voiding } = doubted();
    const nothing: OperationOutcome = { type: 'rejected', code: 'nothing_to_void', message: '' };
    const ended = upon(payment, voiding, nothing);
    const again = decideVoidByReference(ended, authorization.id, 3);
    const [next] = written(ended, again).operations;
    expect(next).toMatchObject({
      id: again?.voidId,
      kind: 'void',
      number: 2,
      cause: `resolve_${authorization.id}_4`,
      status: 'created',
    });
    // As workflows that began before go on: a step that adds nothing.
    const before = decideVoidByReference(ended, authorization.id, 3, () => false);
    expect([before?.voidId, written(ended, before).operations]).toEqual([undefined, []]);
  });
});
