import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canMove } from '../machine.ts';
import type { DeclineReason, OperationOutcome } from '../payment/outcome.ts';
import type { Authentication, AuthenticationFacts } from './authentication.ts';
import { authenticationAfter } from './decide.ts';
import { AUTHENTICATION_EDGES, type AuthenticationStatus, isWaiting } from './states.ts';

const NOW = 1_800_000_000_000;
const at = { nowMs: NOW, windowMs: 1_200_000 };

function asked(over: Partial<Authentication> = {}): Authentication {
  return { status: 'requested', asked: { request: 'automatic' }, reasons: [], facts: {}, ...over };
}

function authorized(authentication?: AuthenticationFacts): OperationOutcome {
  const facts = authentication === undefined ? {} : { authentication };
  return { type: 'authorized', providerReference: 'p', amountMinor: 1_000, currency: 'EUR', ...facts };
}

function declined(reason: DeclineReason, authentication?: AuthenticationFacts): OperationOutcome {
  const facts = authentication === undefined ? {} : { authentication };
  return { type: 'declined', decline: { reason, providerCode: 'x', message: 'm' }, ...facts };
}

const CHALLENGE: OperationOutcome = {
  type: 'requires_action',
  action: 'redirect_to_url',
  nextAction: { type: 'redirect_to_url', url: 'https://acs.example/1' },
};

describe('what an authorization says of its authentication', () => {
  it.each<[string, OperationOutcome, AuthenticationStatus]>([
    ['Y without a challenge', authorized({ transStatus: 'Y', flow: 'frictionless' }), 'frictionless'],
    ['an attempt', authorized({ transStatus: 'A' }), 'frictionless'],
    ['an exemption', authorized({ exemption: 'low_value' }), 'exempted'],
    ['U', authorized({ transStatus: 'U' }), 'not_performed'],
    ['nothing', authorized(), 'not_performed'],
    [
      'a challenge that we never heard of',
      authorized({ flow: 'challenge', transStatus: 'Y' }),
      'completed_without_return',
    ],
    ['R', declined('authentication_rejected', { transStatus: 'R' }), 'rejected'],
    ['N', declined('authentication_failed', { transStatus: 'N' }), 'failed'],
    [
      'N by time',
      declined('authentication_failed', { transStatus: 'N', transStatusReason: '14' }),
      'timed_out',
    ],
    ['a soft decline', declined('authentication_required'), 'not_performed'],
    ['a decline after Y', declined('insufficient_funds', { transStatus: 'Y' }), 'frictionless'],
  ])('that was asked for: %s', (_what, outcome, status) => {
    expect(authenticationAfter(asked(), outcome, at)).toMatchObject({ status, endedAtMs: NOW });
  });

  it('is a challenge where the provider sends the payer away, whose time begins once', () => {
    const first = authenticationAfter(asked(), CHALLENGE, at);
    expect(first).toMatchObject({
      status: 'challenge_required',
      redirectUrl: 'https://acs.example/1',
      challengeEndsAtMs: NOW + 1_200_000,
    });
    const repeated = authenticationAfter({ ...first, status: 'returned' }, CHALLENGE, {
      ...at,
      nowMs: NOW + 5,
    });
    expect(repeated).toMatchObject({ status: 'challenge_required', challengeEndsAtMs: NOW + 1_200_000 });
  });

  it.each<[string, Partial<Authentication>, OperationOutcome, AuthenticationStatus]>([
    [
      'completed and returned',
      { status: 'returned', returnedAtMs: NOW },
      authorized({ transStatus: 'Y' }),
      'challenged',
    ],
    ['completed, never returned', { status: 'challenge_required' }, authorized(), 'completed_without_return'],
    ['completed while being canceled', { status: 'unknown' }, authorized(), 'completed_without_return'],
    ['canceled, proven', { status: 'unknown' }, { type: 'voided' }, 'abandoned'],
    ['failed', { status: 'returned', returnedAtMs: NOW }, declined('authentication_failed'), 'failed'],
    [
      'declined afterwards',
      { status: 'returned', returnedAtMs: NOW },
      declined('insufficient_funds'),
      'challenged',
    ],
  ])('of a challenge: %s', (_what, before, outcome, status) => {
    const after = authenticationAfter(
      asked({ redirectUrl: 'https://acs.example/1', ...before }),
      outcome,
      at,
    );
    expect(after).toMatchObject({ status, endedAtMs: NOW });
    expect(after.redirectUrl).toBeUndefined();
  });

  it('is not known while the outcome is not', () => {
    const waiting = asked({ status: 'challenge_required' });
    for (const outcome of [
      { type: 'unknown', cause: 'timeout' },
      { type: 'pending', providerReference: 'p' },
    ] as const)
      expect(authenticationAfter(waiting, outcome, at).status).toBe('challenge_required');
  });
});

const facts: fc.Arbitrary<AuthenticationFacts> = fc.record(
  {
    flow: fc.constantFrom('frictionless', 'challenge'),
    transStatus: fc.constantFrom('Y', 'A', 'N', 'R', 'U', 'C', 'D', 'I'),
    transStatusReason: fc.constantFrom('14', '01'),
    challengeCancel: fc.constantFrom('01', '04', '05'),
    exemption: fc.constantFrom('low_value', 'recurring'),
  },
  { requiredKeys: [] },
);
const outcomes: fc.Arbitrary<OperationOutcome> = fc.oneof(
  facts.map((each) => authorized(each)),
  fc
    .tuple(
      fc.constantFrom<DeclineReason>(
        'authentication_failed',
        'authentication_rejected',
        'authentication_required',
        'do_not_honor',
      ),
      facts,
    )
    .map(([reason, each]) => declined(reason, each)),
  fc.constantFrom<OperationOutcome>(
    CHALLENGE,
    { type: 'voided' },
    { type: 'unknown', cause: 'timeout' },
    { type: 'rejected', code: 'x', message: 'm' },
    { type: 'not_attempted', proof: 'no_byte_sent' },
    { type: 'pending', providerReference: 'p' },
  ),
);

describe('every sequence of outcomes', () => {
  it('moves along the listed edges only, ends once, and keeps what was told', () => {
    fc.assert(
      fc.property(fc.array(outcomes, { maxLength: 8 }), (sequence) => {
        let before = asked();
        for (const outcome of sequence) {
          const after = authenticationAfter(before, outcome, at);
          expect(canMove(AUTHENTICATION_EDGES, before.status, after.status)).toBe(true);
          if (before.endedAtMs !== undefined) expect(after).toBe(before);
          expect(after.endedAtMs === undefined).toBe(after.status === 'requested' || isWaiting(after.status));
          if (after.endedAtMs !== undefined) expect(after.redirectUrl).toBeUndefined();
          before = after;
        }
      }),
    );
  });
});
