import type { OperationOutcome } from '../../domain/payment/outcome.ts';
import type { Operation, RouteStep } from '../../domain/payment/payment.ts';
import type { Transition, Trigger } from '../../domain/payment/transition.ts';
import type { RefundTransition } from '../../domain/refund/transition.ts';
import type { AggregateRows } from './aggregate-rows.ts';
import { Lanes } from './lanes.ts';
import type { Script } from './timeline.ts';
import { Turn, WorkflowRun } from './workflow-run.ts';
import type { World } from './world.ts';

interface Aggregate {
  readonly id: string;
  readonly generation: number;
  readonly sequence: number;
}

/** What a lane needs of whoever owns the operation that it drives; see workflows/operations/process.ts. */
export interface OperationOwner extends WorkflowRun {
  superseded: boolean;
  readonly completeByMs: number;
  openOperations(): readonly Operation[];
  find(operationId: string): Operation | undefined;
  stepOf(operationId: string): RouteStep;
  conclude(operationId: string, outcome: OperationOutcome, actor: string): Script<boolean>;
  park(operationId: string): Script<void>;
  isHeldBack(operation: Operation): boolean;
  voidByReference(operationId: string, tick: number): Script<string | undefined>;
  readMail(): Script<void>;
}

/**
 * The twin of workflows/operations/process.ts: one run of the workflow of a payment or a refund, with the same
 * names and the same waits. payment-run.ts and refund-run.ts say what is particular to each.
 */
export abstract class Run<State extends Aggregate, Decision, S extends Transition | RefundTransition>
  extends WorkflowRun
  implements OperationOwner
{
  readonly lanes: Lanes;
  readonly rows: AggregateRows<State, S>;
  state: State | undefined;
  superseded = false;
  readonly #applying = new Turn(this);

  constructor(world: World, rows: AggregateRows<State, S>, generation: number) {
    super(world, generation);
    this.rows = rows;
    this.lanes = new Lanes(this);
  }

  abstract readonly completeByMs: number;
  abstract get finished(): boolean;
  /** `from`: the state as a reset's replay knows it; else it is planned or read back. */
  abstract main(from?: State): Script<void>;
  abstract openOperations(): readonly Operation[];
  abstract find(operationId: string): Operation | undefined;
  abstract stepOf(operationId: string): RouteStep;
  abstract conclude(operationId: string, outcome: OperationOutcome, actor: string): Script<boolean>;
  abstract park(operationId: string): Script<void>;
  abstract isHeldBack(operation: Operation): boolean;
  abstract voidByReference(operationId: string, tick: number): Script<string | undefined>;
  abstract readMail(): Script<void>;
  protected abstract transition(before: State, decision: Decision, trigger: Trigger, atMs: number): S;
  protected abstract stateAfter(step: S): State;

  get current(): State {
    if (this.state === undefined) throw new Error(`${this.rows.ownerId} is not planned yet`);
    return this.state;
  }

  protected begin(state: State): void {
    this.state = state;
    this.superseded = state.generation !== this.generation;
    if (!this.superseded) this.lanes.startMissing();
  }

  *apply(
    decide: (state: State) => Decision | undefined,
    trigger: Trigger,
    requestId?: string,
  ): Script<boolean> {
    yield* this.#applying.take();
    const written = yield* this.#write(decide, trigger, requestId);
    this.#applying.release();
    return written;
  }

  *#write(
    decide: (state: State) => Decision | undefined,
    trigger: Trigger,
    requestId?: string,
  ): Script<boolean> {
    for (;;) {
      if (this.superseded) return false;
      const before = this.current;
      const decision = decide(before);
      if (decision === undefined) return false;
      const step = this.transition(before, decision, trigger, this.nowMs);
      switch (yield* this.local(() => this.world.record(this.rows, step, requestId))) {
        case 'recorded':
        case 'already_recorded':
          this.state = this.stateAfter(step);
          this.lanes.startMissing();
          return true;
        case 'superseded':
          this.superseded = true;
          return false;
        case 'behind':
          yield* this.#rehydrate();
      }
    }
  }

  /** Reads itself back where its row is ahead: another run has written steps that this one doesn't know. */
  *catchUp(sequence: number): Script<void> {
    yield* this.#applying.take();
    if (!this.superseded && this.current.sequence < sequence) yield* this.#rehydrate();
    this.#applying.release();
  }

  *#rehydrate(): Script<void> {
    const state = yield* this.local(() => this.rows.hydrate());
    this.state = state;
    if (state.generation !== this.generation) this.superseded = true;
    else this.lanes.startMissing();
  }
}
