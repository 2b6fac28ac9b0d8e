import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canMove } from '../machine.ts';
import { NOW } from '../payment/fixtures.ts';
import type { OperationOutcome } from '../payment/outcome.ts';
import { OPERATION_EDGES } from '../payment/states.ts';
import { decideRefundCancel, decideRefundPark } from './commands.ts';
import { decideRefundOutcome, type RefundDecision } from './decide.ts';
import {
  firstStep,
  PENDING,
  REFUNDED,
  REFUSED,
  TAKEN_BACK,
  transition,
  UNKNOWN,
  UNSENT,
} from './fixtures.ts';
import { decideRefundResolution, decideRefundRetryNow } from './operate.ts';
import { isFinished, openOperation, type Refund } from './refund.ts';
import { REFUND_EDGES } from './states.ts';
import type { RefundTransition } from './transition.ts';

/** Whatever providers, merchants and operators say, in whatever order: the books agree with the refund. */
type Event =
  | { readonly type: 'outcome'; readonly of: number; readonly outcome: OperationOutcome }
  | { readonly type: 'cancel'; readonly revoked: boolean }
  | { readonly type: 'park' }
  | { readonly type: 'retry'; readonly tick: number }
  | { readonly type: 'by_hand'; readonly paid: boolean };

const NOTHING_OF_IT: OperationOutcome = { type: 'voided' };
const OUTCOMES: readonly OperationOutcome[] = [
  REFUNDED,
  { ...REFUNDED, providerReference: 're_2' } as OperationOutcome,
  REFUSED,
  TAKEN_BACK,
  UNSENT,
  UNKNOWN,
  PENDING,
  NOTHING_OF_IT,
];

const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('outcome' as const),
      of: fc.nat(5),
      outcome: fc.constantFrom(...OUTCOMES),
    }),
  },
  fc.record({ type: fc.constant('cancel' as const), revoked: fc.boolean() }),
  fc.record({ type: fc.constant('park' as const) }),
  fc.record({ type: fc.constant('retry' as const), tick: fc.nat(100) }),
  fc.record({ type: fc.constant('by_hand' as const), paid: fc.boolean() }),
);

const BY = { cause: 'req_9', operator: 'opr_alice and opr_bob', reason: 'a test', evidence: 'a test' };

function decide(refund: Refund, event: Event): RefundDecision | undefined {
  const rule = (ruling: ReturnType<typeof decideRefundCancel>) =>
    ruling.type === 'decided' ? ruling.decision : undefined;
  switch (event.type) {
    case 'outcome': {
      const operation = refund.operations[event.of % Math.max(1, refund.operations.length)];
      return operation && decideRefundOutcome(refund, operation.id, event.outcome, NOW);
    }
    case 'cancel':
      return rule(decideRefundCancel(refund, event.revoked, 'the merchant'));
    case 'park':
      return decideRefundPark(refund, openOperation(refund)?.id ?? '');
    case 'retry':
      return rule(decideRefundRetryNow(refund, { ...BY, cause: `req_${event.tick}` }));
    case 'by_hand':
      return rule(
        decideRefundResolution(
          refund,
          undefined,
          event.paid ? { type: 'refunded_by_hand' } : REFUSED,
          BY,
          NOW,
        ),
      );
  }
}

/** The payment's balance as the database keeps it: a reservation is given back once at most. */
class Books {
  reserved = 400;
  refunded = 0;
  external = 0;
  released = false;
  readonly accounts = new Map<string, bigint>();

  post({ balance, ledger }: RefundTransition): void {
    if (balance.release && !this.released) {
      this.released = true;
      this.reserved -= 400;
    }
    this.refunded += balance.refundedMinor;
    this.external += balance.externalMinor;
    for (const { postings } of ledger) {
      expect(postings.reduce((sum, each) => sum + BigInt(each.amountMinor), 0n)).toBe(0n);
      for (const { account, amountMinor } of postings)
        this.accounts.set(account, (this.accounts.get(account) ?? 0n) + BigInt(amountMinor));
    }
  }

  total(prefix: string): bigint {
    return [...this.accounts]
      .filter(([account]) => account.startsWith(prefix))
      .reduce((sum, [, amount]) => sum + amount, 0n);
  }
}

function expectConsistent(before: Refund, step: RefundTransition, books: Books): void {
  const { refund } = step;
  expect(canMove(REFUND_EDGES, before.status, refund.status)).toBe(true);
  for (const operation of refund.operations) {
    const earlier = before.operations.find(({ id }) => id === operation.id);
    if (earlier === undefined) continue;
    const edge = `${earlier.status} > ${operation.status}`;
    expect([edge, canMove(OPERATION_EDGES, earlier.status, operation.status)]).toEqual([edge, true]);
    expect(earlier.closed && !operation.closed).toBe(false);
  }
  expect(refund.operations.filter(({ closed }) => !closed).length).toBeLessThanOrEqual(1);
  expect(new Set(refund.operations.map(({ id }) => id)).size).toBe(refund.operations.length);
  const counted = refund.countedOperationId === undefined ? 0 : 400;
  expect(books.refunded + books.external).toBe(counted + refund.excessMinor);
  // The constraint on payment_balance: what was refunded within the bound is within what is reserved.
  expect(books.refunded).toBeGreaterThanOrEqual(0);
  expect(books.refunded).toBeLessThanOrEqual(books.reserved);
  expect(books.external).toBeGreaterThanOrEqual(0);
  expect(books.total('merchant_payable')).toBe(BigInt(counted));
  expect(books.total('suspense')).toBe(BigInt(refund.excessMinor));
}

function run(events: readonly Event[]): Refund {
  const books = new Books();
  const first = firstStep();
  books.post(first);
  return events.reduce((refund, each) => {
    const decision = decide(refund, each);
    if (decision === undefined) return refund;
    const step = transition(refund, decision);
    books.post(step);
    expectConsistent(refund, step, books);
    return step.refund;
  }, first.refund);
}

describe('along any sequence of words about a refund', () => {
  it('reserved, refunded, external and the ledger agree with it, and every move is listed', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 14 }), (events) => {
        run(events);
      }),
      { numRuns: 4_000 },
    );
  });

  it('it counts as succeeded exactly while one success counts, unless it was canceled before', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 14 }), (events) => {
        const refund = run(events);
        const counts = refund.countedOperationId !== undefined;
        if (refund.status !== 'canceled') expect(counts).toBe(refund.status === 'succeeded');
      }),
      { numRuns: 2_000 },
    );
  });

  it('nothing is sent again while an earlier try is in doubt, and whatever is finished has nothing open', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 14 }), (events) => {
        const refund = run(events);
        const sendable = refund.operations.filter(({ status }) => status === 'created');
        const doubtful = refund.operations.filter(({ closed, status }) => !closed && status !== 'created');
        expect(sendable.length === 0 || doubtful.length === 0).toBe(true);
        if (isFinished(refund)) expect(openOperation(refund)).toBeUndefined();
      }),
      { numRuns: 2_000 },
    );
  });
});
