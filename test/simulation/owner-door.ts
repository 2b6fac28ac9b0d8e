import type { Transition } from '../../domain/payment/transition.ts';
import type { RefundTransition } from '../../domain/refund/transition.ts';
import type { AggregateRows } from './aggregate-rows.ts';
import type { Run } from './run.ts';
import { start } from './timeline.ts';
import type { Upheaval } from './weather.ts';
import type { World } from './world.ts';

interface Aggregate {
  readonly id: string;
  readonly generation: number;
  readonly sequence: number;
}

/** The generations of one payment or refund, as client/ and the sweeper see them; and what is done to them by hand. */
export abstract class OwnerDoor<
  State extends Aggregate,
  Decision,
  S extends Transition | RefundTransition,
  Command,
> {
  protected readonly world: World;
  protected readonly rows: AggregateRows<State, S>;
  /** The last run of each generation. A reset makes another one of the same. */
  protected readonly runs = new Map<number, RunOf<State, Decision, S, Command>>();

  constructor(world: World, rows: AggregateRows<State, S>) {
    this.world = world;
    this.rows = rows;
  }

  protected abstract newRun(generation: number): RunOf<State, Decision, S, Command>;
  protected abstract isFinished(state: State): boolean;
  protected abstract stateOf(step: S): State;
  /** Puts away letters that only repeat what is recorded; says whether nothing else lies there. */
  protected abstract onlyRepeats(state: State): boolean;
  /** What the API sees on the row before it opens a generation for a command. */
  protected abstract isRefused(state: State, command: Command): boolean;

  protected startRun(generation: number, from?: State): RunOf<State, Decision, S, Command> {
    const run = this.newRun(generation);
    this.runs.set(generation, run);
    if (this.world.tracing)
      this.world.note(`a run of ${this.rows.ownerId.slice(0, 3)} g${generation} starts`);
    this.world.timeline.after(1, () => start(run.main(from), run));
    return run;
  }

  /** client/news.ts: wakes the owner, unless all that lies there repeats what is recorded. */
  news(): void {
    if (this.rows.state === undefined || this.onlyRepeats(this.rows.hydrate())) return;
    this.current().signal();
  }

  /** client/generations.ts: the running generation, or the next where it has closed. */
  protected current(): RunOf<State, Decision, S, Command> {
    const { rows } = this;
    const known = this.runs.get(rows.generation);
    if (known?.running === true) return known;
    if (known !== undefined) rows.bump(rows.generation);
    return this.runs.get(rows.generation) ?? this.startRun(rows.generation);
  }

  /** client/updates.ts, behind the API's look at the stored answer. */
  command(command: Command & { readonly id: string }): void {
    const { rows } = this;
    const { database, timeline, random } = this.world;
    if (rows.state === undefined || database.requests.get(command.id)?.answered === true) return;
    timeline.after(random.between(1, 40), () => {
      const known = this.runs.get(rows.generation);
      if (known?.running === true) {
        known.command(command);
        return;
      }
      if (rows.state !== undefined && this.isRefused(rows.state, command)) return;
      this.current().command(command);
    });
  }

  /** The sweeper looks for owners that nobody looks after. */
  runEnded(): void {
    const { timeline, random } = this.world;
    timeline.after(random.between(60_000, 120_000), () => {
      const { state } = this.rows;
      if (state !== undefined && !this.isFinished(state)) this.current();
    });
  }

  upheave(kind: Upheaval): void {
    const { rows } = this;
    const { random, timeline } = this.world;
    if (this.world.tracing) this.world.note(`upheaval of ${rows.ownerId.slice(0, 3)}: ${kind}`);
    const run = this.runs.get(rows.generation || 1);
    if (run === undefined || (rows.state === undefined && kind !== 'terminate')) return;
    if (kind === 'splitBrain') {
      // The door thinks that a run has closed which has not: both go on, and one must notice.
      rows.bump(rows.generation);
      this.startRun(rows.generation);
      return;
    }
    if (kind !== 'terminate' && run.superseded) return;
    run.alive = false;
    if (kind === 'terminate') {
      this.runEnded();
      return;
    }
    const seen = rows.steps.filter((step) => step.generation === run.generation);
    const from = kind === 'resetFarBack' && seen.length > 0 ? this.stateOf(random.pick(seen)) : undefined;
    const again = this.startRun(run.generation, from);
    // Signals and updates that came after the point of the reset are applied again.
    again.newsCount = run.newsCount > 0 ? 1 : 0;
    for (const command of run.updates.values())
      if (this.isToldAgain(command)) timeline.after(random.between(2, 50), () => again.command(command));
  }

  protected isToldAgain(_command: Command): boolean {
    return true;
  }
}

type RunOf<State extends Aggregate, Decision, S extends Transition | RefundTransition, Command> = Run<
  State,
  Decision,
  S
> & {
  readonly updates: ReadonlyMap<string, Command>;
  command(command: Command): void;
};
