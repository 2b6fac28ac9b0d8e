import type { Refusal } from '../../domain/payment/commands.ts';
import type { Payment } from '../../domain/payment/payment.ts';
import type { OperationRow } from '../../domain/payment/transition.ts';
import type { Balance } from '../../domain/refund/commands.ts';
import { operationOf, type Refund } from '../../domain/refund/refund.ts';
import type { RefundTransition } from '../../domain/refund/transition.ts';
import { AggregateRows, type Seen } from './aggregate-rows.ts';
import { checkBalance, checkRefundGuards } from './guards.ts';
import type { Rules } from './rules.ts';
import type { SharedRows } from './shared-rows.ts';

export type PlannedRefund =
  | { readonly type: 'refund'; readonly refund: Refund; readonly created: boolean }
  | { readonly type: 'refused'; readonly refusal: Refusal };

type Judged =
  | { readonly type: 'decided'; readonly transition: RefundTransition }
  | { readonly type: 'refused'; readonly refusal: Refusal };

/** The twin of db/refunds: what is kept of one refund, and what its steps do to the payment's balance. */
export class RefundRows extends AggregateRows<Refund, RefundTransition> {
  readonly #rules: Rules;
  /** The answer that its request has, once it was refused for good. */
  refusal: Refusal | undefined;

  constructor(refundId: string, shared: SharedRows, rules: Rules) {
    super(refundId, shared);
    this.#rules = rules;
  }

  /** Under the balance's lock: whoever comes second gets the first one's refund, or its refusal. */
  plan(
    payment: Payment,
    judge: (payment: Payment, balance: Balance) => Judged,
    requestId: string,
    databaseMs: number,
  ): PlannedRefund {
    if (this.state !== undefined) return { type: 'refund', refund: this.hydrate(), created: false };
    if (this.refusal !== undefined) return { type: 'refused', refusal: this.refusal };
    const ruling = judge(payment, this.shared.balanceAsRead());
    if (ruling.type === 'refused') {
      this.refusal = ruling.refusal;
      return ruling;
    }
    const { transition } = ruling;
    this.generation = transition.refund.generation;
    this.shared.reserve(this.ownerId, transition.refund.amountMinor);
    checkBalance(this.shared.balance);
    this.write(transition, requestId, databaseMs);
    return { type: 'refund', refund: transition.refund, created: true };
  }

  protected guard(transition: RefundTransition): void {
    checkRefundGuards(this.state, transition, this.steps.length);
  }

  protected stateOf({ refund }: RefundTransition): Refund {
    return refund;
  }

  protected operationsOf({ operations, refund }: RefundTransition): readonly OperationRow[] {
    const { attemptId, attemptNumber } = refund;
    return operations.map((operation) => ({ ...operation, attemptId, attemptNumber }));
  }

  protected settledBy({ settles }: RefundTransition): readonly string[] {
    return settles;
  }

  protected isAnswer({ status }: Refund): boolean {
    return status !== 'pending';
  }

  protected move({ balance: change }: RefundTransition): void {
    const { balance, reservations } = this.shared;
    const reservation = reservations.get(this.ownerId);
    if (change.release && reservation !== undefined)
      balance.reservedMinor -= this.#rules.releaseOnce(reservation);
    balance.refundedMinor += change.refundedMinor;
    balance.externalMinor += change.externalMinor;
    checkBalance(balance);
  }

  hydrate(): Refund {
    const stored = this.state;
    if (stored === undefined) throw new Error(`${this.ownerId} is not planned yet`);
    return { ...stored, generation: this.generation, operations: stored.operations.map(this.hydrated) };
  }

  unexplainedSuccesses(): readonly Seen[] {
    const { state } = this;
    if (state === undefined) return [];
    const found = new Map<string, Seen>();
    for (const seen of this.shared.observations) {
      const operation = seen.outcome.type === 'refunded' ? operationOf(state, seen.operationId) : undefined;
      if (
        operation?.closed === true &&
        operation.status !== 'succeeded' &&
        operation.outcome?.type !== 'refunded'
      )
        found.set(seen.operationId, seen);
    }
    return [...found.values()];
  }
}
