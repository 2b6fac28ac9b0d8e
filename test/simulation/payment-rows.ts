import { refundedByOthersMinor } from '../../domain/ledger/postings.ts';
import type { OperationOutcome } from '../../domain/payment/outcome.ts';
import type { Attempt, Operation, Payment } from '../../domain/payment/payment.ts';
import type { OperationRow, Transition } from '../../domain/payment/transition.ts';
import { AggregateRows, type Seen } from './aggregate-rows.ts';
import { checkGuards } from './guards.ts';

/** The twin of what db/ keeps of one payment. */
export class PaymentRows extends AggregateRows<Payment, Transition> {
  /** The first write of a payment. Whoever comes second gets what stands there. */
  plan(transition: Transition, requestId: string, databaseMs: number): Payment {
    if (this.state === undefined) {
      this.generation = transition.generation;
      this.write(transition, requestId, databaseMs);
    }
    return this.hydrate();
  }

  protected guard(transition: Transition): void {
    checkGuards(this.state, transition, this.steps.length);
  }

  protected stateOf({ payment }: Transition): Payment {
    return payment;
  }

  protected operationsOf({ operations }: Transition): readonly OperationRow[] {
    return operations;
  }

  protected settledBy(): readonly string[] {
    return [];
  }

  protected isAnswer({ status }: Payment): boolean {
    return status !== 'processing';
  }

  protected move({ capturedDeltaMinor, reservations, ledger }: Transition): void {
    const { balance } = this.shared;
    balance.capturedMinor += capturedDeltaMinor;
    for (const { subjectId, amountMinor } of reservations) this.shared.reserve(subjectId, amountMinor);
    const externalMinor = refundedByOthersMinor(ledger);
    if (externalMinor === 0) return;
    balance.externalMinor += externalMinor;
    // A fact from outside, whatever the balance says; a person is told where it exceeds what was captured.
    if (balance.externalMinor + balance.reservedMinor > balance.capturedMinor)
      this.shared.open('refund_excess', this.ownerId);
  }

  hydrate(): Payment {
    const stored = this.state;
    if (stored === undefined) throw new Error('nothing is planned yet');
    const { refundedMinor, externalMinor } = this.shared.balance;
    return {
      ...stored,
      generation: this.generation,
      amountRefundedMinor: refundedMinor + externalMinor,
      attempts: stored.attempts.map(this.#hydratedAttempt),
    };
  }

  readonly #hydratedAttempt = (attempt: Attempt): Attempt => {
    const operations = attempt.operations.map(this.hydrated);
    if (operations.length > 1) operations.sort((a, b) => this.#compare(a, b));
    return { ...attempt, operations };
  };

  #compare(a: Operation, b: Operation): number {
    const created = this.shared.permit(a.id).createdWith - this.shared.permit(b.id).createdWith;
    if (created !== 0) return created;
    return a.kind === b.kind ? a.number - b.number : a.kind < b.kind ? -1 : 1;
  }

  /** Of authorizations; whatever else was seen is asked about by whoever holds it. */
  unexplainedSuccesses(): readonly Seen[] {
    const { observations } = this.shared;
    if (observations.length === 0 || this.state === undefined) return [];
    const found = new Map<string, OperationOutcome>();
    for (const { operationId, outcome } of observations) {
      if (outcome.type !== 'authorized' && outcome.type !== 'captured') continue;
      const attempt = this.state.attempts.find((each) =>
        each.operations.some((operation) => operation.id === operationId),
      );
      const operation = attempt?.operations.find((each) => each.id === operationId);
      if (attempt === undefined || operation === undefined || attempt.undoing) continue;
      const charging = operation.kind === 'authorize' || operation.kind === 'sale';
      if (charging && operation.closed && operation.status !== 'succeeded') found.set(operationId, outcome);
    }
    return [...found].map(([operationId, outcome]) => ({ operationId, outcome }));
  }
}
