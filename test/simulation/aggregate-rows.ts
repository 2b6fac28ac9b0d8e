import type { LedgerEntry } from '../../domain/ledger/postings.ts';
import type { OpenedException } from '../../domain/payment/edit.ts';
import type { OperationOutcome } from '../../domain/payment/outcome.ts';
import type { Operation } from '../../domain/payment/payment.ts';
import type { OperationRow } from '../../domain/payment/transition.ts';
import type { SharedRows } from './shared-rows.ts';

/** What the two kinds of steps, of payments and of refunds, have in common. */
export interface Step {
  readonly generation: number;
  readonly sequence: number;
  readonly ledger: readonly LedgerEntry[];
  readonly exceptions: readonly OpenedException[];
}

export interface Seen {
  readonly operationId: string;
  readonly outcome: OperationOutcome;
}

export type Recorded = 'recorded' | 'already_recorded' | 'superseded' | 'behind';

/**
 * The rows of one aggregate, payment or refund: its state, and the compare-and-set that every step goes
 * through. The twin of db/record.ts and db/refunds/record.ts.
 */
export abstract class AggregateRows<State extends { readonly sequence: number }, S extends Step> {
  readonly ownerId: string;
  readonly steps: S[] = [];
  state: State | undefined;
  generation = 0;
  protected readonly shared: SharedRows;

  constructor(ownerId: string, shared: SharedRows) {
    this.ownerId = ownerId;
    this.shared = shared;
  }

  /** What the database's triggers and CHECKs refuse. */
  protected abstract guard(step: S): void;
  protected abstract stateOf(step: S): State;
  protected abstract operationsOf(step: S): readonly OperationRow[];
  /** The owner's exceptions that a step settles, by kind. */
  protected abstract settledBy(step: S): readonly string[];
  /** Balance and reservations. */
  protected abstract move(step: S): void;
  /** Whether the state answers the requests that asked for it. */
  protected abstract isAnswer(state: State): boolean;
  /** As it is read back: what was claimed is known, what only the workflow's memory held is gone. */
  abstract hydrate(): State;
  /** Successes that were seen for operations which were closed without one; the last of each. */
  abstract unexplainedSuccesses(): readonly Seen[];

  record(step: S, requestId: string | undefined, databaseMs: number): Recorded {
    const fits = this.state?.sequence === step.sequence - 1 && this.generation === step.generation;
    if (!fits) {
      if (this.generation > step.generation) return 'superseded';
      const stored = this.steps[step.sequence - 1];
      return stored !== undefined && sameContent(stored, step) ? 'already_recorded' : 'behind';
    }
    this.write(step, requestId, databaseMs);
    return 'recorded';
  }

  protected write(step: S, requestId: string | undefined, databaseMs: number): void {
    this.guard(step);
    const { shared, ownerId } = this;
    const operations = this.operationsOf(step);
    for (const operation of operations) shared.writePermit(ownerId, operation, step, databaseMs);
    for (const { postings } of step.ledger) shared.post(postings);
    this.move(step);
    for (const { kind, subjectId } of step.exceptions) shared.open(kind, subjectId);
    for (const { id, closed } of operations) if (closed) shared.settle(id, RESOLVED_KINDS);
    shared.settle(ownerId, this.settledBy(step));
    this.state = this.stateOf(step);
    this.steps.push(step);
    shared.answer(ownerId, requestId, this.isAnswer(this.state));
  }

  /** The twin of bumpGeneration: unresolved operations belong to the new one from this moment on. */
  bump(from: number): void {
    if (this.generation !== from) return;
    this.generation = from + 1;
    this.shared.stamp(this.ownerId, from + 1);
  }

  protected hydrated = (operation: Operation): Operation => {
    const { notBeforeMs: _memory, ...kept } = operation;
    return { ...kept, claimed: this.shared.permit(operation.id).firstSentAtMs !== undefined };
  };
}

/** What is open about an operation is settled when that is resolved. */
const RESOLVED_KINDS = ['unknown_outcome_parked', 'pending_overdue'];

function sameContent(a: Step, b: Step): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
