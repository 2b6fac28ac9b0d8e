import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canMove } from '../machine.ts';
import { decideChallengeEnd, decideReturned } from './challenge.ts';
import {
  decideAuthorizationExpiry,
  decideCaptureCommand,
  decideVoidCommand,
  type Ruling,
} from './commands.ts';
import { decideOutcome } from './decide.ts';
import type { Decision } from './edit.ts';
import { draft, NOW, planned, stepAt } from './fixtures.ts';
import { type DeclineReason, type OperationOutcome, RETRY_ADVICE } from './outcome.ts';
import { capturableMinor, currentAttempt, type Operation, openOperations, type Payment } from './payment.ts';
import { ATTEMPT_EDGES, PAYMENT_EDGES } from './states.ts';
import { type Transition, transitionOf } from './transition.ts';

const trigger = { type: 'test', actor: 'test' };

function only(payment: Payment): Operation {
  const [operation, ...others] = openOperations(payment);
  expect(others).toEqual([]);
  if (operation === undefined) throw new Error('nothing is open');
  return operation;
}

function step(payment: Payment, decision: Decision | undefined, atMs = NOW): Transition {
  if (decision === undefined) throw new Error('nothing was decided');
  return transitionOf(payment, decision, trigger, atMs);
}

function upon(payment: Payment, outcome: OperationOutcome, atMs = NOW): Payment {
  return step(payment, decideOutcome(payment, only(payment).id, outcome, atMs), atMs).payment;
}

function commanded(payment: Payment, ruling: Ruling): Payment {
  if (ruling.type !== 'decided') throw new Error(`not decided: ${JSON.stringify(ruling)}`);
  return step(payment, ruling.decision).payment;
}

const authorized: OperationOutcome = {
  type: 'authorized',
  providerReference: 'ref',
  amountMinor: 1_000,
  currency: 'EUR',
};
const captured: OperationOutcome = {
  type: 'captured',
  providerReference: 'ref',
  amountMinor: 1_000,
  currency: 'EUR',
};
const unsent: OperationOutcome = { type: 'not_attempted', proof: 'no_byte_sent' };
const unknown: OperationOutcome = { type: 'unknown', cause: 'timeout' };
const declined = (reason: DeclineReason): OperationOutcome => ({
  type: 'declined',
  decline: { reason, providerCode: reason, message: reason },
});

describe('an authorization', () => {
  it('as a sale that succeeds ends the payment, with one balanced entry', () => {
    const before = planned();
    const done = step(before, decideOutcome(before, only(before).id, captured, NOW));
    expect(done.payment).toMatchObject({ status: 'succeeded', amountCapturedMinor: 1_000 });
    expect(done.ledger).toEqual([
      {
        kind: 'capture',
        currency: 'EUR',
        postings: [
          { account: 'provider_receivable/pa_stripe', amountMinor: 1_000 },
          { account: 'merchant_payable/mer_1', amountMinor: -1_000 },
        ],
      },
    ]);
    expect(done.events).toEqual(['payment.succeeded']);
  });

  it('is followed by our own capture where the provider captures separately', () => {
    const payment = upon(planned({ route: [stepAt('adyen')] }), authorized);
    expect(payment.status).toBe('processing');
    expect(only(payment)).toMatchObject({ kind: 'capture', cause: 'automatic_capture', amountMinor: 1_000 });
  });

  it('goes on to the next provider only after a proof', () => {
    expect(currentAttempt(upon(planned(), unsent))?.provider).toBe('adyen');
    const waiting = upon(planned(), unknown);
    expect(waiting).toMatchObject({ status: 'processing' });
    expect(waiting.attempts).toHaveLength(1);
    expect(only(waiting).status).toBe('unknown');
  });

  it.each(Object.entries(RETRY_ADVICE) as [DeclineReason, string][])(
    'declined for %s is retried elsewhere only if advised (%s)',
    (reason, advice) => {
      const payment = upon(planned(), declined(reason));
      expect(payment.attempts).toHaveLength(advice === 'retry_other_provider' ? 2 : 1);
      expect(payment.status).toBe(advice === 'retry_other_provider' ? 'processing' : 'failed');
    },
  );

  it('ends uncharged when no provider could be reached, and canceled when it is too late to go on', () => {
    const both = upon(upon(planned(), unsent), unsent);
    expect(both).toMatchObject({ status: 'failed', failure: { code: 'provider_unavailable' } });
    expect(upon(planned(), unsent, NOW + 121_000)).toMatchObject({
      status: 'canceled',
      cancellationReason: 'complete_by_passed',
    });
  });

  it('that asks for a challenge is voided first, and then fails', () => {
    const asked = upon(planned(), { type: 'requires_action', providerReference: 'ref', action: 'redirect' });
    const voiding = openOperations(asked).find((each) => each.kind === 'void');
    expect(asked.status).toBe('processing');
    expect(voiding?.cause).toBe('authentication_required');
    const ended = step(asked, decideOutcome(asked, voiding?.id ?? '', { type: 'voided' }, NOW)).payment;
    expect(ended).toMatchObject({ status: 'failed', failure: { code: 'authentication_required' } });
    expect(openOperations(ended)).toEqual([]);
  });

  it.each([
    ['voided', { type: 'voided' }, 'failed', []],
    ['refused', { type: 'rejected', code: 'already_completed', message: '' }, 'processing', ['capture']],
    [
      'not there to void',
      { type: 'rejected', code: 'nothing_to_void', message: '' },
      'processing',
      ['capture'],
    ],
    ['never sent', { type: 'not_attempted', proof: 'no_byte_sent' }, 'processing', ['capture']],
  ] as const)(
    'that is authorized meanwhile is captured only once its void has ended: %s',
    (_how, end, status, left) => {
      const route = [stepAt('adyen')];
      const asked = upon(planned({ route }), {
        type: 'requires_action',
        providerReference: 'ref',
        action: 'redirect',
      });
      const voiding = openOperations(asked).find((each) => each.kind === 'void')?.id ?? '';
      const [charge = ''] = openOperations(asked).flatMap(({ kind, id }) => (kind === 'void' ? [] : [id]));
      const meanwhile = step(asked, decideOutcome(asked, charge, authorized, NOW)).payment;
      expect(openOperations(meanwhile).map(({ kind }) => kind)).toEqual(['void']);
      const ended = step(meanwhile, decideOutcome(meanwhile, voiding, end, NOW)).payment;
      expect(ended.status).toBe(status);
      expect(openOperations(ended).map(({ kind }) => kind)).toEqual(left);
      // As workflows that began before go on.
      const before = step(
        asked,
        decideOutcome(asked, charge, authorized, NOW, () => false),
      ).payment;
      expect(openOperations(before).map(({ kind }) => kind)).toEqual(['void', 'capture']);
    },
  );
});

describe('a capture', () => {
  const held = () => upon(planned({ captureMethod: 'manual', route: [stepAt('adyen')] }), authorized);
  const order = (amountMinor: number, finalCapture: boolean) => ({
    cause: `req_${amountMinor}`,
    amountMinor,
    finalCapture,
  });

  it('in parts leaves the rest capturable, and ends with the last', () => {
    const part = upon(commanded(held(), decideCaptureCommand(held(), order(400, false), NOW)), {
      ...captured,
      amountMinor: 400,
    });
    expect(part).toMatchObject({ status: 'partially_captured', amountCapturedMinor: 400 });
    expect(capturableMinor(part)).toBe(600);
    const whole = upon(commanded(part, decideCaptureCommand(part, order(600, false), NOW)), {
      ...captured,
      amountMinor: 600,
    });
    expect(whole).toMatchObject({ status: 'succeeded', amountCapturedMinor: 1_000 });
  });

  it('of more than is authorized, or beside an unresolved one, is refused with what is allowed', () => {
    expect(decideCaptureCommand(held(), order(1_001, true), NOW)).toMatchObject({
      type: 'refused',
      refusal: { code: 'amount_too_large' },
    });
    const pending = upon(commanded(held(), decideCaptureCommand(held(), order(400, false), NOW)), {
      type: 'pending',
      providerReference: 'c',
    });
    expect(decideCaptureCommand(pending, order(1, true), NOW)).toMatchObject({
      type: 'refused',
      refusal: { code: 'operation_in_progress', allowed: [] },
    });
  });

  it('that was not attempted is tried again as a new operation, with its own number and backoff', () => {
    const asked = commanded(held(), decideCaptureCommand(held(), order(1_000, true), NOW));
    const again = upon(asked, unsent);
    expect(only(again)).toMatchObject({ kind: 'capture', number: 2, cause: 'req_1000#2' });
    expect(only(again).notBeforeMs).toBeGreaterThan(NOW);
  });

  it('that the provider’s rate limit turned away is tried again, and no person is told', () => {
    const asked = commanded(held(), decideCaptureCommand(held(), order(1_000, true), NOW));
    const turnedAway: OperationOutcome = { type: 'not_attempted', proof: 'throttled' };
    const again = step(asked, decideOutcome(asked, only(asked).id, turnedAway, NOW));
    expect(only(again.payment)).toMatchObject({ kind: 'capture', number: 2, status: 'created' });
    expect(again.exceptions).toEqual([]);
  });

  it('that the provider refuses returns to where it was, and tells a person', () => {
    const asked = commanded(held(), decideCaptureCommand(held(), order(1_000, true), NOW));
    const refused = step(
      asked,
      decideOutcome(asked, only(asked).id, { type: 'rejected', code: 'x', message: 'x' }, NOW),
    );
    expect(refused.payment.status).toBe('requires_capture');
    expect(refused.exceptions.map((each) => each.kind)).toEqual(['capture_failed']);
  });

  it('is told as one only where something was captured: a part is, a second one that is refused is not', () => {
    const asked = commanded(held(), decideCaptureCommand(held(), order(400, false), NOW));
    const part = step(
      asked,
      decideOutcome(asked, only(asked).id, { ...captured, amountMinor: 400 } as OperationOutcome, NOW),
    );
    expect(part.events).toEqual(['payment.captured']);
    const again = commanded(part.payment, decideCaptureCommand(part.payment, order(300, false), NOW));
    const no: OperationOutcome = { type: 'rejected', code: 'x', message: 'x' };
    const refused = step(again, decideOutcome(again, only(again).id, no, NOW));
    expect(refused.payment).toMatchObject({
      status: 'partially_captured',
      amountCapturedMinor: 400,
      failure: { code: 'capture_failed' },
    });
    expect(refused.events).toEqual([]);
  });
});

describe('a void', () => {
  const held = () => upon(planned({ captureMethod: 'manual' }), authorized);

  it('cancels on command and expires by the timer', () => {
    expect(upon(commanded(held(), decideVoidCommand(held(), 'req_1')), { type: 'voided' }).status).toBe(
      'canceled',
    );
    const expiring = step(held(), decideAuthorizationExpiry(held())).payment;
    expect(upon(expiring, { type: 'voided' }).status).toBe('expired');
  });

  it('keeps the meaning of its cause when it has to be tried again', () => {
    const expiring = step(held(), decideAuthorizationExpiry(held())).payment;
    expect(upon(upon(expiring, unsent), { type: 'voided' }).status).toBe('expired');
  });
});

describe('a late success', () => {
  it('of an attempt that was proven dead is given back, through suspense, without touching the status', () => {
    const before = planned();
    const first = only(before).id;
    const failedOver = upon(upon(before, unsent), unsent);
    const late = step(failedOver, decideOutcome(failedOver, first, captured, NOW));
    expect(late.payment.status).toBe('failed');
    expect(late.ledger.flatMap((entry) => entry.postings.map((posting) => posting.account))).toContain(
      'suspense/mer_1',
    );
    expect(late.reservations).toHaveLength(1);
    expect(late.exceptions.map((each) => each.kind)).toEqual(['late_success']);
    const undone = step(
      late.payment,
      decideOutcome(
        late.payment,
        only(late.payment).id,
        { type: 'refunded', providerReference: 'r', amountMinor: 1_000 },
        NOW,
      ),
    );
    expect(undone.events).toEqual(['payment.late_success_undone']);
    expect(decideOutcome(undone.payment, first, captured, NOW)).toBeUndefined();
  });
});

/** Any outcome at all, whether or not a sane provider would give it for the operation at hand. */
const anyOutcome = fc.oneof(
  fc.constant(authorized),
  fc.constant(captured),
  fc.constant<OperationOutcome>({ type: 'voided' }),
  fc.constant<OperationOutcome>({ type: 'refunded', providerReference: 'r', amountMinor: 1_000 }),
  fc.constant<OperationOutcome>({ type: 'pending', providerReference: 'p' }),
  fc.constant<OperationOutcome>({ type: 'requires_action', providerReference: 'p', action: 'redirect' }),
  fc.constant<OperationOutcome>({
    type: 'requires_action',
    providerReference: 'p',
    action: 'redirect',
    nextAction: { type: 'redirect_to_url', url: 'https://acs.example/1' },
  }),
  fc.constantFrom(...(Object.keys(RETRY_ADVICE) as DeclineReason[])).map(declined),
  fc.constant<OperationOutcome>({ type: 'rejected', code: 'nothing_to_void', message: '' }),
  fc
    .constantFrom('no_byte_sent', 'permit_revoked', 'too_late', 'throttled', 'not_found_confirmed')
    .map((proof) => ({ type: 'not_attempted', proof }) as OperationOutcome),
  fc.constant(unknown),
);

const anyMove = fc.record({
  pick: fc.nat(20),
  outcome: anyOutcome,
  lateMs: fc.nat(200_000),
  command: fc.constantFrom('none', 'none', 'none', 'capture', 'void', 'expire', 'return', 'challenge_end'),
});

function move(
  payment: Payment,
  {
    pick,
    outcome,
    lateMs,
    command,
  }: { pick: number; outcome: OperationOutcome; lateMs: number; command: string },
): Decision | undefined {
  if (command === 'expire') return decideAuthorizationExpiry(payment);
  if (command === 'challenge_end') return decideChallengeEnd(payment, NOW + 20 * lateMs);
  if (command === 'return')
    return decideReturned(payment, currentAttempt(payment)?.id ?? '', `in_${pick}`, NOW + lateMs);
  if (command !== 'none') {
    const ruling =
      command === 'capture'
        ? decideCaptureCommand(
            payment,
            { cause: `req_${payment.sequence}`, finalCapture: pick % 2 === 0, amountMinor: 1 + pick },
            NOW,
          )
        : decideVoidCommand(payment, `req_${payment.sequence}`);
    return ruling.type === 'decided' ? ruling.decision : undefined;
  }
  const operations = payment.attempts.flatMap((attempt) => attempt.operations);
  const operation = operations[pick % operations.length];
  return operation === undefined
    ? undefined
    : decideOutcome(payment, operation.id, outcomeFor(operation, outcome), NOW + lateMs);
}

/** Adapters verify amounts, so a capture's answer is for what was asked. */
function outcomeFor(operation: Operation, outcome: OperationOutcome): OperationOutcome {
  if (outcome.type !== 'captured' && outcome.type !== 'refunded' && outcome.type !== 'authorized')
    return outcome;
  return { ...outcome, amountMinor: operation.amountMinor };
}

describe('whatever providers answer, in whatever order', () => {
  it('moves along listed edges only, never charges beside an unresolved attempt, and balances', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('automatic', 'manual'),
        fc.array(anyMove, { maxLength: 30 }),
        fc.constantFrom<Partial<Payment>>(
          {},
          { authentication: { asked: { request: 'automatic' }, reasons: [], offSession: false } },
          { authentication: { asked: { request: 'automatic' }, reasons: [], offSession: true } },
        ),
        (captureMethod, moves, authentication) => {
          let payment = planned({
            captureMethod: captureMethod as 'automatic' | 'manual',
            route: [stepAt('stripe'), stepAt('adyen', { completesReturns: true })],
            ...authentication,
          });
          const books = new Map<string, bigint>();
          for (const each of moves) {
            const before = payment;
            const decision = move(before, each);
            if (decision === undefined) continue;
            const transition = transitionOf(before, decision, trigger, NOW);
            payment = transition.payment;
            expect(canMove(PAYMENT_EDGES, before.status, payment.status)).toBe(true);
            expectBooks(transition, books);
            expectOneCharge(payment);
            expectAmounts(payment);
            expectEnd(payment);
          }
        },
      ),
      { numRuns: 10_000 },
    );
  });
});

function expectBooks(transition: Transition, books: Map<string, bigint>): void {
  for (const { postings } of transition.ledger) {
    expect(postings.reduce((sum, posting) => sum + BigInt(posting.amountMinor), 0n)).toBe(0n);
    for (const { account, amountMinor } of postings)
      books.set(account, (books.get(account) ?? 0n) + BigInt(amountMinor));
  }
  const payable = -(books.get('merchant_payable/mer_1') ?? 0n);
  expect(payable).toBe(BigInt(transition.payment.amountCapturedMinor));
}

/** I4: an attempt may be sent only when every earlier one is dead, or is being given back. */
function expectOneCharge(payment: Payment): void {
  for (const attempt of payment.attempts.slice(0, -1)) {
    const dead = ['declined', 'errored', 'voided', 'refunded'].includes(attempt.status) || attempt.undoing;
    expect(dead, `${attempt.id} is ${attempt.status} and another was started`).toBe(true);
  }
}

/** A payment that has ended has nothing on its way that could charge: what is open there only asks, or gives back. */
function expectEnd(payment: Payment): void {
  if (PAYMENT_EDGES[payment.status].length > 0) return;
  const charging = openOperations(payment).filter(
    (each) => each.status === 'created' && ['authorize', 'sale', 'capture'].includes(each.kind),
  );
  expect(charging, `of a payment that is ${payment.status}`).toEqual([]);
}

function expectAmounts(payment: Payment): void {
  expect(payment.amountCapturedMinor).toBeLessThanOrEqual(payment.amountAuthorizedMinor);
  expect(payment.amountAuthorizedMinor).toBeLessThanOrEqual(payment.amountMinor);
}

describe('the tables', () => {
  it('let every status be reached, and end only in terminal ones', () => {
    const reachable = new Set(Object.values(PAYMENT_EDGES).flat());
    const starts = ['requires_payment_method', 'requires_confirmation', 'processing'];
    expect(
      Object.keys(PAYMENT_EDGES).filter(
        (status) => !reachable.has(status as never) && !starts.includes(status),
      ),
    ).toEqual([]);
    const terminal = Object.entries(PAYMENT_EDGES)
      .filter(([, to]) => to.length === 0)
      .map(([from]) => from);
    expect(terminal.sort()).toEqual(['canceled', 'expired', 'failed', 'succeeded']);
    expect(Object.keys(ATTEMPT_EDGES)).toContain('unknown');
  });

  it('refuse a transition that they do not list', () => {
    const failed = draft({ status: 'failed' });
    expect(() =>
      transitionOf(failed, { after: { ...failed, status: 'succeeded' }, reason: '' }, trigger, NOW),
    ).toThrow(/may not become/);
  });
});
