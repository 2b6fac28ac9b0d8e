import type { Settings } from '../../domain/payment/resolver.ts';
import { type Owner, type Resume, type Script, start, type Timer } from './timeline.ts';
import type { World } from './world.ts';

interface Condition {
  readonly test: () => boolean;
  readonly resume: Resume;
  readonly timer: Timer | undefined;
}

/** A queue of one at a time, first come, first served. */
export class Turn {
  readonly #run: WorkflowRun;
  readonly #waiting: Resume[] = [];
  #taken = false;

  constructor(run: WorkflowRun) {
    this.#run = run;
  }

  *take(): Script<void> {
    if (this.#taken) yield (resume) => this.#waiting.push(resume);
    this.#taken = true;
  }

  release(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#taken = false;
    else this.#run.soon(next);
  }
}

/**
 * One run of a workflow, as Temporal plays it: conditions, timers, local activities one at a time, signals and
 * updates. A run that is terminated or reset is simply never resumed again; what its activities still do, they
 * do on their own.
 */
export class WorkflowRun implements Owner {
  readonly world: World;
  readonly generation: number;
  alive = true;
  closed = false;
  newsCount = 0;
  protected handlers = 0;
  #newsRead = 0;
  readonly #database = new Turn(this);
  #conditions: Condition[] = [];
  readonly #ready: Resume[] = [];
  #stepping = false;

  constructor(world: World, generation: number) {
    this.world = world;
    this.generation = generation;
  }

  get running(): boolean {
    return this.alive && !this.closed;
  }

  get settings(): Settings {
    return this.world.settings;
  }

  /** The workflow's `Date.now()`. */
  get nowMs(): number {
    return this.world.clock('workflow');
  }

  soon(resume: Resume): void {
    this.#ready.push(resume);
  }

  afterStep(): void {
    if (this.#stepping) return;
    this.#stepping = true;
    for (;;) {
      const ready = this.#ready.shift();
      if (ready !== undefined) {
        ready();
        continue;
      }
      const index = this.alive ? this.#conditions.findIndex((each) => each.test()) : -1;
      if (index < 0) break;
      const [met] = this.#conditions.splice(index, 1);
      if (met?.timer !== undefined) met.timer.act = undefined;
      met?.resume(true);
    }
    this.#stepping = false;
  }

  *until(test: () => boolean, timeoutMs?: number): Script<boolean> {
    if (test()) return true;
    const met = yield (resume) => {
      const timer =
        timeoutMs === undefined
          ? undefined
          : this.world.timeline.after(timeoutMs, () => {
              this.#conditions = this.#conditions.filter((each) => each !== condition);
              resume(false);
            });
      const condition: Condition = { test, resume, timer };
      this.#conditions.push(condition);
    };
    return met === true;
  }

  /** A local activity: one at a time, perhaps slow, and perhaps tried again because its answer was lost. */
  *local<T>(statement: () => T): Script<T> {
    const { world } = this;
    yield* this.#database.take();
    let result: T;
    if (world.strikes('writeRepeated')) {
      yield (resume) => world.timeline.after(world.random.between(1, 50), () => resume(statement()));
      result = (yield (resume) =>
        world.timeline.after(world.random.magnitude(20_000), () => resume(statement()))) as T;
    } else if (world.strikes('slowDatabase')) {
      // Not tied to this run: a worker that is cut off from Temporal may write all the same.
      result = (yield (resume) =>
        world.timeline.after(world.random.magnitude(5_000), () => {
          const answer = statement();
          world.timeline.after(world.random.magnitude(5_000), () => resume(answer));
        })) as T;
    } else result = statement();
    this.#database.release();
    return result;
  }

  signal(): void {
    if (!this.running) return;
    this.newsCount += 1;
    this.afterStep();
  }

  protected get unread(): boolean {
    return this.#newsRead !== this.newsCount;
  }

  protected nextNews(): void {
    this.#newsRead = this.newsCount;
  }

  /** An update's handler: the workflow does not close before it has answered. */
  protected handle(script: Script<void>): void {
    this.handlers += 1;
    start(script, this, () => {
      this.handlers -= 1;
    });
  }
}
