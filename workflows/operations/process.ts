import type { Recorded } from '../../activities/index.ts';
import type { OperationOutcome } from '../../domain/payment/outcome.ts';
import type { Operation, RouteStep } from '../../domain/payment/payment.ts';
import type { Settings } from '../../domain/payment/resolver.ts';
import type { Trigger } from '../../domain/payment/transition.ts';

/**
 * An aggregate in its workflow's hands, payment or refund: its state, and the one way in which that changes.
 * `apply` is serialised: decide purely, write the step compare-and-set, and only then believe it.
 */
export interface Aggregate {
  readonly id: string;
  readonly generation: number;
  readonly sequence: number;
}

/** What is particular to one kind of aggregate. */
export interface AggregateRules<State extends Aggregate, Decision, Transition, Extras> {
  transition(before: State, decision: Decision, trigger: Trigger, atMs: number): Transition;
  stateAfter(transition: Transition, recorded: Recorded): State;
  reasonOf(transition: Transition): string;
  record(order: { transition: Transition; extras?: Extras }): Promise<Recorded>;
  hydrate(id: string): Promise<State | undefined>;
  show(state: State, reason?: string): void;
}

export abstract class AggregateProcess<State extends Aggregate, Decision, Transition, Extras> {
  readonly id: string;
  readonly generation: number;
  state: State | undefined;
  settings: Settings = { timeScale: 1, providerDeadlineMs: 20_000 };
  /** A newer generation has it: this one writes and sends nothing more. */
  superseded = false;
  /** Called after each written step; the lanes look for new operations then. */
  onChange: () => void = () => undefined;
  readonly #rules: AggregateRules<State, Decision, Transition, Extras>;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(id: string, generation: number, rules: AggregateRules<State, Decision, Transition, Extras>) {
    this.id = id;
    this.generation = generation;
    this.#rules = rules;
  }

  begin(state: State, settings: Settings): void {
    this.state = state;
    this.settings = settings;
    this.superseded = state.generation !== this.generation;
    if (!this.superseded) this.onChange();
    this.#rules.show(state);
  }

  get current(): State {
    if (this.state === undefined) throw new Error(`${this.id} is not planned yet`);
    return this.state;
  }

  /**
   * One step: `decide` is given the state as it stands and answers undefined where nothing follows. If somebody
   * else has taken the sequence number, the state is read back and `decide` is asked again. Answers whether a
   * step was written.
   */
  async apply(
    decide: (state: State) => Decision | undefined,
    trigger: Trigger,
    extras?: Extras,
  ): Promise<boolean> {
    return this.#serialised(async () => {
      for (;;) {
        if (this.superseded) return false;
        const decision = decide(this.current);
        if (decision === undefined) return false;
        const transition = this.#rules.transition(this.current, decision, trigger, Date.now());
        const recorded = await this.#rules.record({
          transition,
          ...(extras === undefined ? {} : { extras }),
        });
        switch (recorded.type) {
          case 'recorded':
          case 'already_recorded':
            this.state = this.#rules.stateAfter(transition, recorded);
            this.#rules.show(this.state, this.#rules.reasonOf(transition));
            this.onChange();
            return true;
          case 'superseded':
            this.superseded = true;
            return false;
          case 'behind':
            await this.#rehydrate();
        }
      }
    });
  }

  /** Reads itself back where its row is ahead: another run has written steps that this one doesn't know. */
  async catchUp(sequence: number): Promise<void> {
    await this.#serialised(async () => {
      if (!this.superseded && this.current.sequence < sequence) await this.#rehydrate();
    });
  }

  async #rehydrate(): Promise<void> {
    const state = await this.#rules.hydrate(this.id);
    if (state === undefined) throw new Error(`${this.id} has lost its row`);
    this.state = state;
    if (state.generation !== this.generation) this.superseded = true;
    else this.onChange();
  }

  #serialised<T>(step: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(step);
    this.#tail = result.catch(() => undefined);
    return result;
  }
}

/** What a lane needs of whoever owns the operation that it drives. */
export interface OperationOwner {
  superseded: boolean;
  readonly generation: number;
  readonly settings: Settings;
  onChange: () => void;
  openOperations(): readonly Operation[];
  find(operationId: string): Operation | undefined;
  /** The provider's declared facts, pinned when the operation's route was stored. */
  stepOf(operationId: string): RouteStep;
  /** Until when an authorization may be sent; no void by reference is tried before. */
  readonly completeByMs: number;
  conclude(operationId: string, outcome: OperationOutcome, actor: string): Promise<boolean>;
  park(operationId: string): Promise<void>;
  /** True while another operation will tell what became of this one. */
  isHeldBack(operation: Operation): boolean;
  /** True while a payer is to act, so that nothing is asked unless somebody says so. */
  waitsForPayer?(operationId: string): boolean;
  /** Asks by an operation of its own; answers its id, or undefined where there is none to be made. */
  voidByReference?(operationId: string, tick: number): Promise<string | undefined>;
}
